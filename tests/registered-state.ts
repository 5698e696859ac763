import { Provider } from "@pulumi/aws/provider";
import type { Region } from "@pulumi/aws/types/enums";
import * as pulumi from "@pulumi/pulumi";
import type { Account } from "../infra/account";
import { deployScenarios } from "../infra/program";
import type { Settings } from "../infra/settings";
import { locationsOf, type Side } from "../infra/stack-settings";
import type { StateResource } from "../tools/access/state";

/**
 * The resources that the program registers under these settings, as the engine's state would have them. What AWS gives
 * is made up: an ID, an ARN and a URL that nothing of the resource's own inputs tells.
 */
export async function registeredState(settings: Settings): Promise<StateResource[]> {
  const resources: StateResource[] = [];
  const urnOf = (type: string, name: string) => `urn:pulumi:${settings.stack}::program::${type}::${name}`;
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, provider = "", inputs, custom }) => {
      const id = `${name}-drawn-by-aws`;
      const outputs = { ...inputs, arn: `arn:aws:mock:::${id}`, url: `https://mock/${id}` };
      const [, account] = /::(\w+-account)::/.exec(provider) ?? [];
      resources.push({
        urn: urnOf(type, name),
        type,
        id,
        inputs,
        outputs,
        ...(custom !== undefined && { custom }),
        ...(account && { provider: `${urnOf("pulumi:providers:aws", account)}::${account}-drawn-by-aws` }),
      });
      return { id, state: outputs };
    },
    call: ({ token }) => {
      throw new Error(`The program asked for ${token}, which no test expects.`);
    },
  });
  const open = (side: Side): Account => {
    const location = locationsOf(settings)[side];
    const { accountId, region } = location;
    const provider = settings.manages.includes(side)
      ? new Provider(`${side}-account`, { region: region as Region, allowedAccountIds: [accountId] })
      : undefined;
    return { ...location, provider };
  };
  deployScenarios(settings, { trusting: open("trusting"), trusted: open("trusted") });
  await pulumi.runtime.disconnect();
  return resources;
}
