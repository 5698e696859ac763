/** Asks the evaluator, with everything that applies, and puts its answer in AWS's words. */
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
import type { Call, Context } from "./call";
import { type Principal, principalContext, type ServicePrincipal } from "./identities";
import type { Policies } from "./policies";
import { type Check, partition } from "./requests";
import type { FederatedPrincipal } from "./web-identity";

export interface Decision {
  allowed: boolean;
  /** AWS's ending of the refusal: `because no … policy allows …` or `with an explicit deny in …`. */
  because: string;
  /** The statements that decided: `identity policy arn:… statement Sid`. */
  by: string[];
  /** What the evaluator could not take as it was. */
  note?: string;
}

/** The condition keys of any request, whoever makes it. */
function requestContext(call: Pick<Call, "now" | "region" | "sourceIp" | "headers">, check: Check): Context {
  return {
    "aws:CurrentTime": call.now.toISOString(),
    "aws:EpochTime": String(Math.floor(call.now.getTime() / 1000)),
    "aws:SourceIp": call.sourceIp,
    // The loopback stands for TLS: deployed policies refuse plain HTTP, as they should.
    "aws:SecureTransport": "true",
    "aws:RequestedRegion": call.region,
    "aws:ResourceAccount": check.account,
    ...(call.headers["user-agent"] ? { "aws:UserAgent": call.headers["user-agent"] } : {}),
    ...(call.headers.referer ? { "aws:Referer": call.headers.referer } : {}),
  };
}

/** A resource's name for the evaluator, which takes an asterisk in it for a pattern and stops at the end of a line. */
const literal = (resource: string): string =>
  resource === "*" ? resource : resource.replace(/[*\r\n\u2028\u2029]/g, "\u2217");

/**
 * A question about an API with a slash before each API's ID. The evaluator takes no wildcard in what comes before the
 * first slash, which elsewhere is a resource's type; of an API it is the ID, and that may be a wildcard.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
 */
const spelled = (simulation: Simulation): Simulation =>
  simulation.request.action.startsWith("execute-api:")
    ? JSON.parse(JSON.stringify(simulation).replace(/"(arn:[^":]*:execute-api:[^":]*:[^":]*:)/g, '"$1/'))
    : simulation;

/**
 * Condition keys that the evaluator does not know, and so would drop from the request: on both sides of the question known
 * ones that compare alike take their place. Its data lacks GitHub's keys, and it knows none whose name goes on after a colon.
 */
const SUBSTITUTES: [key: RegExp, known: string][] = [
  [/^token\.actions\.githubusercontent\.com(?=:(sub|aud)$)/i, "accounts.google.com"],
  [/^kms:EncryptionContext:/i, "aws:PrincipalTag/kms:EncryptionContext:"],
];
const knownKey = (key: string) =>
  SUBSTITUTES.reduce((name, [unknown, known]) => name.replace(unknown, known), key);
const knownKeys = <Value>(value: Value): Value =>
  Array.isArray(value)
    ? (value.map(knownKeys) as Value)
    : value && typeof value === "object"
      ? (Object.fromEntries(
          Object.entries(value).map(([key, one]) => [knownKey(key), knownKeys(one)]),
        ) as Value)
      : value;

/** Those keys that a policy of the question tests. */
function testedKeys(keys: readonly string[], { request: _, ...policies }: Simulation): string[] {
  const text = JSON.stringify(policies).toLowerCase();
  return keys.filter((key) => text.includes(`"${key.toLowerCase()}"`));
}

/** Whether a principal (undefined: anonymous) may do what a check says. */
export async function decide(
  call: Pick<Call, "now" | "region" | "sourceIp" | "headers">,
  caller: Principal | ServicePrincipal | FederatedPrincipal | undefined,
  check: Check,
  policies: Policies,
): Promise<Decision> {
  const principal = caller && "arn" in caller ? caller : undefined;
  const service = caller && "service" in caller ? caller.service : undefined;
  const federated = caller && "federated" in caller ? caller : undefined;
  const foreign = !policies.ids.includes(check.account);
  const own = principal ? await policies.of(principal.account, principal.type, principal.name) : undefined;
  const resourcePolicy =
    check.resource === "*" || foreign ? undefined : await policies.ofResource(check.resource, check.account);
  const bucket = /^arn:[^:]*:s3:::([^/]+)/.exec(check.resource)?.[1];
  const settings =
    bucket && resourcePolicy
      ? { s3: { blockPublicAccess: (await policies.bucket(bucket, check.account)).restricted } }
      : {};
  const sessionPolicies = principal?.session?.policies ?? [];
  const resourceOrganization = policies.organizationOf(check.account);
  const question: Simulation = spelled({
    request: {
      principal: principal?.arn ?? service ?? federated?.federated ?? anonymousPrincipal,
      action: check.action,
      resource: { resource: literal(check.resource), accountId: check.account },
      contextVariables: {
        ...requestContext(call, check),
        ...(resourceOrganization ? { "aws:ResourceOrgID": resourceOrganization } : {}),
        ...(principal
          ? await principalContext(principal, policies, call.now.getTime())
          : {
              "aws:PrincipalType": service ? "Service" : "Anonymous",
              "aws:PrincipalIsAWSService": String(service !== undefined),
              "aws:ViaAWSService": "false",
            }),
        ...federated?.context,
        ...check.context,
      },
    },
    identityPolicies: own?.identity ?? [],
    ...(own?.boundary ? { permissionBoundaryPolicies: own.boundary } : {}),
    sessionPolicy: sessionPolicies.length ? merge(sessionPolicies) : undefined,
    resourcePolicy,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    additionalSettings: settings,
  });
  const simulation = federated || check.action.startsWith("kms:") ? knownKeys(question) : question;
  const answer = check.unknown ? undefined : await runSimulation(simulation, {});
  if (answer?.resultType === "single") {
    const { analysis, ignoredContextKeys = [] } = answer.result;
    const dropped = ignoredContextKeys.length > 0 ? testedKeys(ignoredContextKeys, simulation) : [];
    return {
      allowed: analysis.result === "Allowed",
      because: reason(check, analysis, principal),
      by: deciders(check, analysis),
      ...(dropped.length > 0 && { note: `decided without ${dropped.join(", ")}, unknown to the evaluator` }),
    };
  }
  // Not a request that the evaluator has data for: the same evaluation without its checks of the input.
  const errors = answer?.resultType === "error" ? answer.errors.message : "";
  return {
    ...evaluateUnknown(simulation, call),
    note: check.unknown ?? `evaluated without validation: ${errors}`,
  };
}

function evaluateUnknown(simulation: Simulation, call: Pick<Call, "region">): Decision {
  const [service] = simulation.request.action.split(":");
  const { resource, accountId } = simulation.request.resource;
  // An unknown resource is covered only by a policy that covers every resource of the service.
  const name =
    resource === "*"
      ? `arn:${partition(call.region)}:${service}:${call.region}:${accountId}:unknown-to-the-sandbox`
      : resource;
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

/** What reasons of every kind may have. */
interface Reason {
  policyType: string;
  policyIdentifier?: string;
  statementIndex?: number;
  statementId?: string | undefined;
}

const kinds: Record<string, string> = {
  identity: "identity-based policy",
  resource: "resource-based policy",
  pb: "permissions boundary",
  session: "session policy",
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function reason(check: Check, analysis: RequestAnalysis, principal: Principal | undefined): string {
  if (analysis.result === "Allowed") return "";
  const name = (type: string) =>
    type === "resource" && check.action.startsWith("sts:")
      ? "role trust policy"
      : (kinds[type] ?? `${type} policy`);
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
  // A service or a token's bearer has no policies of its own.
  const identityAllows = !principal || analysis.identityAnalysis?.result === "Allowed";
  const type = blocked ?? (identityAllows ? "resource" : "identity");
  return `because no ${name(type)} allows the ${check.action} action`;
}

function deciders(check: Check, analysis: RequestAnalysis): string[] {
  const reasons: (RequestGrant | RequestDenial)[] =
    analysis.result === "Allowed" ? getGrantReasons(analysis) : getDenialReasons(analysis);
  return reasons.map((one) => {
    const { policyType, policyIdentifier, statementIndex, statementId }: Reason = one;
    const policy = policyIdentifier ?? (policyType === "resource" ? `of ${check.resource}` : "");
    const which = statementIndex ? `statement ${statementId ?? statementIndex}` : "(no statement allows)";
    return [kinds[policyType] ?? policyType, policy, which].filter(Boolean).join(" ");
  });
}
