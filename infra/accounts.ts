import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { Provider } from "@pulumi/aws/provider";
import type { Region } from "@pulumi/aws/types/enums";
import * as pulumi from "@pulumi/pulumi";
import type { Account, Accounts } from "./account";
import { checkProfiles, type Identify, profileEndpoints } from "./profiles";
import { refuseDocumentationIds, type Settings } from "./settings";
import { locationsOf, type Side } from "./stack-settings";

/**
 * The two accounts, each behind a provider of its own that refuses every account but the one named.
 * Says first where each side leads, and returns only once the credentials are seen to belong there, so that no
 * resource of either side is touched with the wrong ones.
 * @param identify the account that a profile's credentials belong to. Default: asks AWS STS.
 * @throws {SettingsError} where an ID of AWS's documentation would be deployed to AWS.
 * @throws {ProfileError} where a profile does not exist, or its credentials are of no use.
 */
export async function openAccounts(settings: Settings, identify?: Identify): Promise<Accounts> {
  const endpoints = await profileEndpoints();
  const endpointOf = (side: Side) => endpoints.get(settings[`${side}Profile`]);
  refuseDocumentationIds(settings, (side) => endpointOf(side) === undefined);
  await checkProfiles(settings, identify);
  const open = async (side: Side): Promise<Account> => {
    const location = locationsOf(settings)[side];
    const { accountId, region } = location;
    if (!settings.manages.includes(side)) return { ...location, provider: undefined };
    const profile = settings[`${side}Profile`];
    const where = endpointOf(side);
    await pulumi.log.info(
      `The ${side} account ${accountId} is reached with profile ${profile}, ` +
        (where ? `at ${where}: a rehearsal, not AWS.` : "at AWS."),
    );
    const provider = new Provider(`${side}-account`, {
      region: region as Region,
      profile,
      allowedAccountIds: [accountId],
    });
    return { ...location, provider };
  };
  const [trusting, trusted] = [await open("trusting"), await open("trusted")];
  for (const { provider } of [trusting, trusted]) if (provider) await getCallerIdentity({}, { provider });
  return { trusting, trusted };
}
