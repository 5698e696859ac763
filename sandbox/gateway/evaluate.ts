/** Asks the evaluator one question, with everything that applies, and puts its answer in AWS's words. */
import {
  anonymousPrincipal,
  getDenialReasons,
  getGrantReasons,
  type RequestAnalysis,
  type RequestDenial,
  type RequestGrant,
  runSimulation,
  runUnsafeSimulation,
  type Simulation,
} from "@cloud-copilot/iam-simulate";
import { buildArn } from "./arn";
import { asAwsReads, resourcePolicyAsAwsReads } from "./as-aws-reads";
import type { ConditionContext } from "./call";
import { type AuthenticatedCaller, principalOf } from "./caller";
import type { Check, Decision } from "./check";
import {
  awsPrincipalsOf,
  type NamedPolicy,
  type PolicyStatement,
  statementsOf,
  withStatements,
} from "./policy-documents";
import { LISTS, strictest, unjudgedKeys } from "./unjudged";
import { withCheapActions } from "./wildcards";

/** One check, with its caller and all policies that apply. */
export interface Question {
  caller: AuthenticatedCaller;
  check: Check;
  /** Where the request goes. */
  region: string;
  /** All condition keys of the request. */
  context: ConditionContext;
  identityPolicies: NamedPolicy[];
  boundary: NamedPolicy[] | undefined;
  sessionPolicies: unknown[];
  resourcePolicy: unknown;
  /** Whether a bucket restricts access through a public policy; undefined where it has no policy, or is no bucket. */
  blocksPublicAccess: boolean | undefined;
}

/** A resource's name for the evaluator, which takes an asterisk in it for a pattern and stops at the end of a line. */
const literal = (resource: string): string =>
  resource === "*" ? resource : resource.replace(/[*\r\n\u2028\u2029]/g, "\u2217");

/**
 * A question about an API with a slash before each API's ID. The evaluator takes no wildcard in what comes before the
 * first slash, which elsewhere is a resource's type; of an API it is the ID, and that may be a wildcard.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
 */
const withSlashBeforeApi = (simulation: Simulation): Simulation =>
  simulation.request.action.startsWith("execute-api:")
    ? JSON.parse(JSON.stringify(simulation).replace(/"(arn:[^":]*:execute-api:[^":]*:[^":]*:)/g, '"$1/'))
    : simulation;

/**
 * Condition keys that the evaluator does not know, and so would drop from the request. In the request and in the policies,
 * known ones that compare alike take their place: its data lacks GitHub's keys, all names that go on after a colon, and the
 * tags of secrets.
 */
const SUBSTITUTES: [key: RegExp, known: string][] = [
  [/^token\.actions\.githubusercontent\.com(?=:(sub|aud)$)/i, "accounts.google.com"],
  [/^kms:EncryptionContext:/i, "aws:PrincipalTag/kms:EncryptionContext:"],
  [/^secretsmanager:ResourceTag\//i, "aws:PrincipalTag/secretsmanager:ResourceTag/"],
];
const knownKey = (key: string) =>
  SUBSTITUTES.reduce((name, [unknown, known]) => name.replace(unknown, known), key);
function withKnownKeys<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withKnownKeys) as Value;
  if (!value || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, inner]) => [knownKey(key), withKnownKeys(inner)]);
  return Object.fromEntries(entries) as Value;
}

/**
 * A question in which a list of one value can be tested as a single value. The evaluator compares a list with operators
 * for lists alone (ForAllValues, ForAnyValue), where AWS's own examples test it as a single value, too.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html
 */
function withSingleValues({ request, ...policies }: Simulation): Simulation {
  const lists = Object.entries(request.contextVariables).filter(
    ([key, value]) => LISTS.test(key) && Array.isArray(value) && value.length === 1,
  );
  if (!lists.length) return { request, ...policies };
  const singles = lists.map(([key, value]) => [`aws:PrincipalTag/${key}`, String(value)]);
  const names = new Map(lists.map(([key]) => [key.toLowerCase(), `aws:PrincipalTag/${key}`]));
  const ofOperator = (operator: string, tests: Record<string, unknown>) =>
    operator.includes(":")
      ? tests
      : Object.fromEntries(
          Object.entries(tests).map(([key, value]) => [names.get(key.toLowerCase()) ?? key, value]),
        );
  const replaced = JSON.parse(JSON.stringify(policies), (name, value) =>
    name === "Condition"
      ? Object.fromEntries(
          Object.entries(value as NonNullable<PolicyStatement["Condition"]>).map(([operator, tests]) => [
            operator,
            ofOperator(operator, tests),
          ]),
        )
      : value,
  );
  const contextVariables = { ...request.contextVariables, ...Object.fromEntries(singles) };
  return { ...replaced, request: { ...request, contextVariables } };
}

/** The keys among these that a policy tests. */
function testedKeys(keys: readonly string[], { request: _, ...policies }: Simulation): string[] {
  const text = JSON.stringify(policies).toLowerCase();
  return keys.filter((key) => text.includes(`"${key.toLowerCase()}"`));
}

/** The evaluator's decision; a refusal where a policy turns on what the gateway cannot judge. */
export async function evaluate(asked: Question): Promise<Decision> {
  const { check } = asked;
  const question = withPolicies(readByAws(asked), (statement) => withCheapActions(statement, check.action));
  const decision = await judgeWithSession(question);
  const unjudged = decision.allowed ? await unjudgedKeys(check, allStatements(question)) : new Set<string>();
  if (!unjudged.size && !(decision.allowed && check.unknown)) return decision;
  const strict = withPolicies(question, (statement) => strictest(statement, check, unjudged));
  if ((await judgeWithSession(strict)).allowed) return decision;
  const reasons = unjudged.size
    ? `the sandbox does not know ${[...unjudged].join(", ")} of ${check.action}, which a policy tests`
    : `the sandbox cannot tell whether a Deny applies to ${check.action}: ${check.unknown}`;
  return { allowed: false, because: `because ${reasons}`, by: [], note: reasons, unjudged: reasons };
}

/** A question with its policies as AWS reads them. */
function readByAws(question: Question): Question {
  const { context, caller } = question;
  const named = ({ name, policy }: NamedPolicy) => ({ name, policy: asAwsReads(policy, context) });
  return {
    ...question,
    identityPolicies: question.identityPolicies.map(named),
    boundary: question.boundary?.map(named),
    sessionPolicies: question.sessionPolicies.map((policy) => asAwsReads(policy, context)),
    resourcePolicy: resourcePolicyAsAwsReads(
      question.resourcePolicy,
      context,
      caller,
      question.boundary !== undefined,
    ),
  };
}

/** A question with each statement of its policies as `change` gives it, or without it. */
function withPolicies(
  question: Question,
  change: (statement: PolicyStatement) => PolicyStatement | undefined,
): Question {
  const changed = ({ name, policy }: NamedPolicy) => ({ name, policy: withStatements(policy, change) });
  return {
    ...question,
    identityPolicies: question.identityPolicies.map(changed),
    boundary: question.boundary?.map(changed),
    sessionPolicies: question.sessionPolicies.map((policy) => withStatements(policy, change)),
    resourcePolicy: withStatements(question.resourcePolicy, change),
  };
}

const allStatements = (question: Question): PolicyStatement[] =>
  [
    ...[...question.identityPolicies, ...(question.boundary ?? [])].map(({ policy }) => policy),
    ...question.sessionPolicies,
    question.resourcePolicy,
  ].flatMap((policy) => (policy ? statementsOf(policy) : []));

/**
 * The decision, where a resource's policy may grant a role's session itself: what it grants so, only an explicit deny takes
 * away. The evaluator lets session policies and boundaries limit it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
 */
async function judgeWithSession(question: Question): Promise<Decision> {
  const decision = await judge(question);
  const { caller, resourcePolicy, boundary, sessionPolicies } = question;
  const arn = principalOf(caller)?.arn ?? "";
  const grants = ({ Effect, Principal }: PolicyStatement) =>
    Effect === "Allow" && awsPrincipalsOf(Principal).includes(arn);
  const limited = Boolean(boundary) || sessionPolicies.length > 0;
  if (decision.allowed || !limited || !resourcePolicy || !statementsOf(resourcePolicy).some(grants))
    return decision;
  const denies = (statement: PolicyStatement) => (statement.Effect === "Deny" ? statement : undefined);
  const denying = ({ name, policy }: NamedPolicy) => ({ name, policy: withStatements(policy, denies) });
  const everything = { Effect: "Allow", Action: "*", Resource: "*" };
  const open = (policy: unknown) => ({
    Version: "2012-10-17",
    Statement: [everything, ...statementsOf(policy).flatMap((statement) => denies(statement) ?? [])],
  });
  const granted = await judge({
    ...question,
    identityPolicies: question.identityPolicies.map(denying),
    boundary: boundary?.map(({ name, policy }) => ({ name, policy: open(policy) })),
    sessionPolicies: sessionPolicies.map(open),
    resourcePolicy: withStatements(resourcePolicy, (statement) =>
      statement.Effect === "Deny" || grants(statement) ? statement : undefined,
    ),
  });
  return granted.allowed ? granted : decision;
}

/** The evaluator's decision about a question as it is. */
async function judge(question: Question): Promise<Decision> {
  const { check } = question;
  const simulation = simulationOf(question);
  const answer = check.unknown ? undefined : await runSimulation(simulation, {});
  if (answer?.resultType === "single") {
    const { analysis, ignoredContextKeys = [] } = answer.result;
    const dropped = ignoredContextKeys.length > 0 ? testedKeys(ignoredContextKeys, simulation) : [];
    return {
      allowed: analysis.result === "Allowed",
      because: reason(check, analysis, question.caller),
      by: deciders(check, analysis),
      ...(dropped.length > 0 && { note: `decided without ${dropped.join(", ")}, unknown to the evaluator` }),
    };
  }
  // Not a request that the evaluator has data for: the same evaluation without its checks of the input.
  const errors = answer?.resultType === "error" ? answer.errors.message : "";
  return {
    ...evaluateUnknown(simulation, question.region),
    note: check.unknown ?? `evaluated without validation: ${errors}`,
  };
}

function simulationOf(question: Question): Simulation {
  const { caller, check, identityPolicies, boundary, sessionPolicies, resourcePolicy, blocksPublicAccess } =
    question;
  const simulation = withSingleValues({
    request: {
      principal: nameForEvaluator(caller),
      action: check.action,
      resource: { resource: literal(check.resource), accountId: check.account },
      contextVariables: question.context,
    },
    identityPolicies,
    ...(boundary ? { permissionBoundaryPolicies: boundary } : {}),
    sessionPolicy: sessionPolicies.length ? merge(sessionPolicies) : undefined,
    resourcePolicy,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    additionalSettings:
      blocksPublicAccess === undefined ? {} : { s3: { blockPublicAccess: blocksPublicAccess } },
  });
  const federated = caller && "federated" in caller;
  const isSubstituted = federated || /^(kms|secretsmanager):/.test(check.action);
  return withSlashBeforeApi(isSubstituted ? withKnownKeys(simulation) : simulation);
}

function nameForEvaluator(caller: AuthenticatedCaller): Simulation["request"]["principal"] {
  if (!caller) return anonymousPrincipal;
  if ("arn" in caller) return caller.arn;
  return "service" in caller ? caller.service : caller.federated;
}

function evaluateUnknown(simulation: Simulation, region: string): Decision {
  const [service] = simulation.request.action.split(":");
  const { resource, accountId } = simulation.request.resource;
  // An unknown resource is covered only by a policy that covers every resource of the service.
  const name =
    resource === "*" ? buildArn(service ?? "", region, accountId, "unknown-to-the-sandbox") : resource;
  const request = { ...simulation.request, resource: { resource: name, accountId } };
  const { sessionPolicy, ...rest } = simulation;
  const results = [runUnsafeSimulation({ ...rest, request }, {})];
  if (sessionPolicy)
    results.push(
      runUnsafeSimulation(
        { ...rest, request, identityPolicies: [{ name: "SessionPolicy", policy: sessionPolicy }] },
        {},
      ),
    );
  const explicit = results.includes("ExplicitlyDenied");
  return {
    allowed: results.every((result) => result === "Allowed"),
    because: explicit
      ? "with an explicit deny"
      : `because no identity-based policy allows the ${simulation.request.action} action`,
    by: [],
  };
}

const merge = (policies: unknown[]): unknown => ({
  Version: "2012-10-17",
  Statement: policies.flatMap((policy) => (policy as { Statement: unknown }).Statement),
});

/** What a grant and a denial have in common. */
interface DecisionReason {
  policyType: string;
  policyIdentifier?: string;
  statementIndex?: number;
  statementId?: string | undefined;
}

const policyTypes: Record<string, string> = {
  identity: "identity-based policy",
  resource: "resource-based policy",
  pb: "permissions boundary",
  session: "session policy",
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function reason(check: Check, analysis: RequestAnalysis, caller: AuthenticatedCaller): string {
  if (analysis.result === "Allowed") return "";
  const name = (type: string) =>
    type === "resource" && check.action.startsWith("sts:")
      ? "role trust policy"
      : (policyTypes[type] ?? `${type} policy`);
  if (analysis.sessionAnalysis?.result === "ExplicitlyDenied")
    return `with an explicit deny in a ${name("session")}`;
  const denials = getDenialReasons(analysis);
  const explicit = denials.find((denial) => denial.denialType === "Explicit");
  if (explicit)
    return `with an explicit deny in ${/^i/.test(name(explicit.policyType)) ? "an" : "a"} ${name(explicit.policyType)}`;
  if (analysis.result === "ExplicitlyDenied") return "with an explicit deny";
  const blocked =
    analysis.sessionAnalysis && analysis.sessionAnalysis.result !== "Allowed"
      ? "session"
      : analysis.blockedBy?.[0];
  // A service, or a job with a token, has no identity-based policies.
  const identityAllows = !principalOf(caller) || analysis.identityAnalysis?.result === "Allowed";
  const type = blocked ?? (identityAllows ? "resource" : "identity");
  return `because no ${name(type)} allows the ${check.action} action`;
}

function deciders(check: Check, analysis: RequestAnalysis): string[] {
  const reasons: (RequestGrant | RequestDenial)[] =
    analysis.result === "Allowed" ? getGrantReasons(analysis) : getDenialReasons(analysis);
  return reasons.map(({ policyType, policyIdentifier, statementIndex, statementId }: DecisionReason) => {
    const policy = policyIdentifier ?? (policyType === "resource" ? `of ${check.resource}` : "");
    const which = statementIndex ? `statement ${statementId ?? statementIndex}` : "(no statement allows)";
    return [policyTypes[policyType] ?? policyType, policy, which].filter(Boolean).join(" ");
  });
}
