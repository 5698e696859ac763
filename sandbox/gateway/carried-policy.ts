/** Policies on their way to moto: what AWS refuses is refused, and who they name is remembered. */

import type { ValidationError } from "@cloud-copilot/iam-policy";
import { validateResourcePolicy } from "@cloud-copilot/iam-policy";
import { AwsError, type ServiceAnswer, text } from "./call";
import { statementsOf } from "./policy-documents";
import type { RequestContext } from "./services/service";

/** Characters of a policy, where a service has no shorter limit. */
const LONGEST = 32_768;

const OPERATOR =
  /^((ForAllValues:|ForAnyValue:)?(String(Not)?(Equals|EqualsIgnoreCase|Like)|(Numeric|Date)((Not)?Equals|(Less|Greater)Than(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?|Null)$/;

/** Where a document is no policy, and why; undefined for a policy. */
export function mistakeIn(
  policy: unknown,
  validate: (policy: unknown) => ValidationError[],
): string | undefined {
  if (!policy || typeof policy !== "object") return "The document is not a JSON object.";
  const { Statement } = policy as { Statement?: unknown };
  const statements: unknown[] = [Statement].flat();
  if (!statements.length || statements.some((statement) => !statement || typeof statement !== "object"))
    return "Statement: expected one or more objects.";
  const [wrong] = validate(policy);
  if (wrong) return `${wrong.path}: ${wrong.message}`;
  const operator = statementsOf(policy)
    .flatMap(({ Condition }) => Object.keys(Condition ?? {}))
    .find((name) => !OPERATOR.test(name));
  return operator && `Condition: unknown operator ${operator}.`;
}

/**
 * Reads the policy in a request to change a resource; gives what remembers its principals once the request is done.
 * Throws what the service does for a document that is not a policy, and for an unknown principal.
 */
export async function readCarriedPolicy(context: RequestContext): Promise<(answer: ServiceAnswer) => void> {
  const { call, checks, gateway, service } = context;
  const { carriers = [], refuse } = service.policies ?? {};
  const carrier = carriers.find(({ document }) => text(document(call)));
  const document = carrier && text(carrier.document(call));
  const resource = checks[0]?.resource;
  if (!document || !resource) return () => {};
  const longest = carrier.longest ?? LONGEST;
  if (document.length > longest)
    throw new AwsError(carrier.malformed, `The policy has more than ${longest} characters.`, 400);
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    throw new AwsError(carrier.malformed, "Syntax errors in policy.", 400);
  }
  const wrong = mistakeIn(policy, carrier.validate ?? validateResourcePolicy);
  if (wrong) throw new AwsError(carrier.malformed, wrong, 400);
  const refused = await refuse?.(context, resource, policy);
  if (refused) throw refused;
  const { ids, unknownPrincipal } = await gateway.principalIds.find(policy);
  if (unknownPrincipal) {
    const [kind, message] = carrier.unknownPrincipal;
    throw new AwsError(kind, message.replace("%", unknownPrincipal), 400);
  }
  if (carrier.ofIdentity) return () => {};
  return (answer) => {
    const holder = carrier.holder?.(answer, context) ?? resource;
    if (carrier.isAddition) gateway.principalIds.add(holder, ids);
    else gateway.principalIds.set(holder, ids);
  };
}
