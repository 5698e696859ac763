import { AwsError } from "../call";
import { principalOf } from "../caller";
import type { RequestContext } from "../services/service";
import { checkDigests, verifySignature } from "../signature";

/** Finds the caller: verifies the signature with its key's secret, or takes a request without one where AWS does. */
export async function authenticate(context: RequestContext): Promise<void> {
  const { call, signature, service, gateway } = context;
  if (signature) {
    const principal = await gateway.identities.principal(signature, call.now.getTime());
    const { body, trailers } = await verifySignature(call, signature, principal.secret);
    call.body = body;
    Object.assign(call.headers, trailers);
    checkDigests(call);
    context.caller = principal;
  } else if (!service.unsigned)
    throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token");
  await service.authenticate?.(context);
  context.callerAccount = principalOf(context.caller)?.account ?? context.callerAccount;
}
