/** Policies on their way to moto: what AWS refuses is refused, and who they name is remembered. */
import { validateResourcePolicy } from "@cloud-copilot/iam-policy";
import { AwsError, type ServiceAnswer, text } from "./call";
import type { RequestContext } from "./services/service";

/** Characters of a policy, where a service has no shorter limit. */
const LONGEST = 32_768;

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
  const [wrong] = (carrier.validate ?? validateResourcePolicy)(policy);
  if (wrong) throw new AwsError(carrier.malformed, `${wrong.path}: ${wrong.message}`, 400);
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
