/** Policies as AWS reads them, where the evaluator would read them otherwise. */
import type { ConditionContext } from "./call";
import { type AuthenticatedCaller, principalOf } from "./caller";
import { awsPrincipalsOf, type PolicyStatement, withStatements } from "./policy-documents";

/** A policy of a user, role, group or session. */
export const asAwsReads = (policy: unknown, context: ConditionContext): unknown =>
  withStatements(withLiteralVariables(policy), (statement) =>
    withDates(withResolvedResources(statement, context)),
  );

/**
 * A statement that compares aws:EpochTime as a date with the same moment in aws:CurrentTime: the evaluator takes the first for
 * a number alone. Names of keys ignore case, so that one is free beside another in the same condition.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-epochtime
 */
function withDates(statement: PolicyStatement): PolicyStatement {
  const { Condition } = statement;
  if (!Condition || !/aws:epochtime/i.test(JSON.stringify(Condition))) return statement;
  const dated = Object.entries(Condition).map(([operator, keys]) => [
    operator,
    /(^|:)Date/.test(operator)
      ? Object.fromEntries(
          Object.entries(keys).map(([key, value]) => [
            key.replace(/^aws:epochtime$/i, "aws:currentTIME"),
            value,
          ]),
        )
      : keys,
  ]);
  return { ...statement, Condition: Object.fromEntries(dated) };
}

/** A policy that is attached to a resource. */
export const resourcePolicyAsAwsReads = (
  policy: unknown,
  context: ConditionContext,
  caller: AuthenticatedCaller,
  hasBoundary: boolean,
): unknown =>
  withStatements(asAwsReads(policy, context), (statement) => {
    const applicable = withoutExempted(statement, context, caller, hasBoundary);
    return applicable && withGrantedSession(withUserOf(caller, applicable), caller);
  });

/**
 * A Deny for all but some principals, as it means to this caller: undefined where the caller is among them. Its account and
 * its own ARN must be listed, and of a role's session both ARNs; the evaluator takes the account for all of its principals.
 * One with a permissions boundary is never among them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
 */
function withoutExempted(
  statement: PolicyStatement,
  context: ConditionContext,
  caller: AuthenticatedCaller,
  hasBoundary: boolean,
): PolicyStatement | undefined {
  const principal = principalOf(caller);
  const { NotPrincipal, ...rest } = statement;
  const listed = awsPrincipalsOf(NotPrincipal);
  if (!principal || statement.Effect !== "Deny" || NotPrincipal === undefined) return statement;
  const { account, arn } = principal;
  const isAccount = (name: string) => name === account || name.endsWith(`::${account}:root`);
  const needed = [arn, String(context["aws:PrincipalArn"])];
  const exempted =
    !hasBoundary &&
    (NotPrincipal === "*" ||
      listed.includes("*") ||
      (listed.some(isAccount) && needed.every((name) => listed.includes(name))));
  return exempted ? undefined : { ...rest, Principal: "*" };
}

/**
 * A statement with the variables in its ARNs resolved: the evaluator takes the colon in `${aws:PrincipalAccount}` for the
 * end of a part of the ARN. `${*}` and its like stay, and so does a variable without a value, which fits nothing.
 */
function withResolvedResources(statement: PolicyStatement, context: ConditionContext): PolicyStatement {
  const { Resource, NotResource } = statement;
  const values = (name: string): string | undefined => {
    const [key, ...fallback] = name.split(",").map((part) => part.trim());
    const found = Object.keys(context).find((given) => given.toLowerCase() === key?.toLowerCase());
    const value =
      found === undefined ? fallback.join(",").replace(/^'|'$/g, "") || undefined : context[found];
    return typeof value === "string" ? value.replace(/[*?$]/g, `${VARIABLE}$&}`) : undefined;
  };
  const resolved = (arns: string | string[]) =>
    [arns].flat().map((arn) => arn.replace(VARIABLES, (text, name: string) => values(name) ?? text));
  if (!JSON.stringify([Resource, NotResource]).includes(VARIABLE)) return statement;
  return {
    ...statement,
    ...(Resource && { Resource: resolved(Resource) }),
    ...(NotResource && { NotResource: resolved(NotResource) }),
  };
}

const VARIABLE = "\u0024{";
const VARIABLES = /\$\{([^}*?$]+)\}/g;
/** A dollar sign that begins no variable. */
const LITERAL = `${VARIABLE}$}{`;

/**
 * Variables are text in a policy of another version than 2012-10-17.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
 */
function withLiteralVariables(policy: unknown): unknown {
  if (!policy || (policy as { Version?: string }).Version === "2012-10-17") return policy;
  const document = JSON.stringify(policy);
  return document.includes(VARIABLE) ? JSON.parse(document.replaceAll(VARIABLE, LITERAL)) : policy;
}

/**
 * A statement in which the IAM user behind a federated user has the name that the evaluator looks for: it takes the
 * federated user's name for the IAM user's.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#sts-session-principals
 */
function withUserOf(caller: AuthenticatedCaller, statement: PolicyStatement): PolicyStatement {
  const principal = principalOf(caller);
  const { user, name } = principal?.session ?? {};
  if (!principal || !user) return statement;
  const namesake = user.replace(/:user\/.*$/, `:user/${name}`);
  const renamed = (arn: string) => {
    if (arn === user) return namesake;
    return arn === namesake ? `${arn}/of-another-name` : arn;
  };
  const read = (element: unknown) =>
    element && typeof element === "object" && "AWS" in element
      ? { ...element, AWS: awsPrincipalsOf(element).map(renamed) }
      : element;
  return {
    ...statement,
    ...("Principal" in statement && { Principal: read(statement.Principal) }),
    ...("NotPrincipal" in statement && { NotPrincipal: read(statement.NotPrincipal) }),
  };
}

const TESTS_PRINCIPAL = /^(ForAnyValue:)?(ArnEquals|ArnLike|StringEquals|StringLike)$/;

/**
 * A statement for everyone that requires the caller's aws:PrincipalArn grants the caller itself, so that neither session
 * policy nor boundary limits it; the evaluator takes it for a grant to the account.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
 */
function withGrantedSession(statement: PolicyStatement, caller: AuthenticatedCaller): PolicyStatement {
  const principal = principalOf(caller);
  const everyone = statement.Principal === "*" || awsPrincipalsOf(statement.Principal).includes("*");
  if (!principal || !everyone || statement.Effect !== "Allow") return statement;
  const requires = Object.entries(statement.Condition ?? {}).some(
    ([operator, keys]) =>
      TESTS_PRINCIPAL.test(operator) && Object.keys(keys).some((key) => /^aws:PrincipalArn$/i.test(key)),
  );
  return requires ? { ...statement, Principal: { AWS: principal.arn } } : statement;
}
