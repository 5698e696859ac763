import { principalOf } from "../caller";
import type { RequestContext } from "../services/service";

/** Asks the evaluator about everything that the request needs. Throws AWS's refusal. */
export async function authorize(context: RequestContext): Promise<void> {
  const { call, caller, checks, gateway, service } = context;
  context.decisions = service.authorize
    ? await service.authorize(context)
    : await gateway.require(call, caller, checks);
  refuseOtherAccounts(context);
}

/** Refuses what a resource's own policy cannot open to another account. */
function refuseOtherAccounts({ caller, checks, service }: RequestContext): void {
  const own = principalOf(caller)?.account;
  for (const { action, account } of checks)
    for (const { actions, error } of service.policies?.ownerOnly ?? [])
      if (account !== own && actions.test(action)) throw error;
}
