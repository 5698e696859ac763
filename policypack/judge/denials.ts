import { matches } from "../exemptions";
import type { FoundStatement } from "../find/types";
import { readTests, type Test } from "./conditions";

/** A Deny of everyone who does not pass one of some tests. */
interface Denial {
  actions: string[];
  resources: string[];
  /** Tests that let a caller through: to pass one of them is enough. */
  exceptions: Test[];
}

// Operators that pass for every caller except those that they name, also where the key is missing.
const NEGATED =
  /^(forallvalues:)?(string|arn)not(equals|equalsignorecase|like)(ifexists)?$|^notipaddress(ifexists)?$/;
const MOST_DENIALS = 100;

/** The Deny statements of a resource's policies, which complete the Allow statements beside them. */
export class Denials {
  private readonly byList = new Map<unknown, Denial[]>();

  constructor(statements: FoundStatement[]) {
    for (const statement of statements) {
      const denial = readDenial(statement);
      if (!denial) continue;
      const denials = this.byList.get(statement.list) ?? [];
      if (denials.length < MOST_DENIALS) this.byList.set(statement.list, [...denials, denial]);
    }
  }

  /**
   * True if every action on every resource of an Allow statement is denied to everyone but callers who pass a test: an
   * explicit Deny wins. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
   *
   * @param passes The tests that are accepted as an exception from the Deny.
   */
  complete(statement: FoundStatement, passes: (test: Test) => boolean): boolean {
    const candidates = this.byList.get(statement.list);
    const denials = candidates?.filter(({ exceptions }) => exceptions.every(passes)) ?? [];
    if (denials.length === 0) return false;
    return actionsOf(statement).every((action) =>
      resourcesOf(statement).every((resource) =>
        denials.some((denial) => covers(denial.actions, action) && covers(denial.resources, resource)),
      ),
    );
  }
}

/** Patterns of every action that an Allow is about. */
const actionsOf = ({ actions }: FoundStatement): string[] => (actions.length === 0 ? ["*"] : actions);

/** Patterns of every resource that an Allow is about; a trust policy has no resource but the role. */
const resourcesOf = ({ resources }: FoundStatement): string[] => (resources.length === 0 ? ["*"] : resources);

/** True if one of the patterns matches all that a pattern matches. */
const covers = (patterns: string[], pattern: string): boolean =>
  patterns.some((candidate) => matches(candidate, pattern));

function readDenial(statement: FoundStatement): Denial | undefined {
  const { allows, principals, conditions, hasNotAction, hasNotResource } = statement;
  if (allows || hasNotAction || hasNotResource) return undefined;
  if (!principals.some(({ kind, text }) => text === "*" && /^(aws)?$/i.test(kind))) return undefined;
  const { tests, unknown } = readTests(conditions);
  const exceptions = tests.flatMap((test) => negate(test) ?? []);
  if (unknown || tests.length === 0 || exceptions.length < tests.length) return undefined;
  return { actions: actionsOf(statement), resources: resourcesOf(statement), exceptions };
}

/** The test that passes where a negated one fails. */
function negate(test: Test): Test | undefined {
  if (!NEGATED.test(test.operator)) return undefined;
  const operator = test.operator.replace("not", "").replace(/^forallvalues:|ifexists$/g, "");
  return { ...test, operator };
}
