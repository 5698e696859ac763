import { findAccess } from "../find/find-access";
import type { FoundStatement } from "../find/types";
import { accountOf, ownAccounts } from "../judge/accounts";
import { readTests, type Test } from "../judge/conditions";
import { printPrincipal } from "../judge/finding";
import { hasTest, limitsTo, principalsOfKind } from "../judge/statements";
import { registerPolicy } from "../policy";

const hasOnly = ({ values }: Test, text: string): boolean =>
  values.length > 0 && values.every((value) => value === text);

/** Present only with MFA: a missing key fails Bool, NumericLessThan and Null false, and passes the IfExists forms. */
function provesMfa(test: Test): boolean {
  const { key, operator } = test;
  if (key === "aws:multifactorauthpresent") return operator === "bool" && hasOnly(test, "true");
  if (key !== "aws:multifactorauthage") return false;
  if (operator === "null") return hasOnly(test, "false");
  return /^numericlessthan(equals)?$/.test(operator) && test.values.length > 0;
}

const isSafeguard = (test: Test): boolean => provesMfa(test) || limitsTo(test, ["sts:externalid"]);

/** True of every request without MFA: in a Deny it keeps them out. */
const lacksMfa = (test: Test): boolean =>
  (test.key === "aws:multifactorauthpresent" && test.operator === "boolifexists" && hasOnly(test, "false")) ||
  (test.key === "aws:multifactorauthage" && test.operator === "null" && hasOnly(test, "true"));

/** Actions that a Deny keeps everyone without MFA out of, by the list of statements that it is in. */
function actionsDeniedWithoutMfa(statements: FoundStatement[]): Map<unknown, Set<string>> {
  const denied = new Map<unknown, Set<string>>();
  for (const { allows, principals, conditions, list, actions } of statements) {
    if (allows || !principals.some(({ kind, text }) => text === "*" && /^(aws)?$/i.test(kind))) continue;
    const { tests, unknown } = readTests(conditions);
    if (!unknown && tests.every(lacksMfa))
      denied.set(list, new Set([...(denied.get(list) ?? []), ...actions]));
  }
  return denied;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html */
export const trustNeedsMfaOrExternalId = registerPolicy({
  name: "trust-needs-mfa-or-external-id",
  description:
    "A role that another account may assume asks for MFA (people) or an external ID (third parties).",
  level: "disabled",
  severity: "high",
  settings: {},
  judge: ({ type, props, provider }) => {
    const { statements } = findAccess(type, props);
    const denied = actionsDeniedWithoutMfa(statements);
    const isDenied = ({ list, actions }: FoundStatement): boolean =>
      actions.length > 0 &&
      actions
        .filter((action) => !/^sts:(tagsession|setsourceidentity)$/.test(action)) // these only come with the others
        .every((action) =>
          ["*", "sts:*", "sts:assumerole*", action].some((pattern) => denied.get(list)?.has(pattern)),
        );
    const own = ownAccounts(provider);
    return statements
      .filter((statement) => statement.isTrust && !hasTest(statement, isSafeguard) && !isDenied(statement))
      .flatMap((statement) =>
        principalsOfKind(statement, "aws")
          .filter(({ text }) => !own.includes(accountOf(text) ?? ""))
          .map((principal) => ({
            where: statement.where,
            found: printPrincipal(principal),
            why: "A leaked key of that account, or a confused deputy in it, is enough to assume the role (BoolIfExists lets keys without MFA pass).",
            write:
              '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}} for people, or {"StringEquals": {"sts:ExternalId": "an agreed value"}}',
          })),
      );
  },
});
