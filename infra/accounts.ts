import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { Provider } from "@pulumi/aws/provider";
import type { Region } from "@pulumi/aws/types/enums";
import * as pulumi from "@pulumi/pulumi";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import type { Account, Accounts } from "./account";
import { refuseDocumentationIds, type Settings } from "./settings";
import { locationsOf, type Side } from "./stack-settings";

/**
 * The two accounts, each behind a provider of its own that refuses every account but the one named.
 * Says first where each side leads, and returns only once the credentials are seen to belong there, so that no
 * resource of either side is touched with the wrong ones.
 * @throws {SettingsError} where an ID of AWS's documentation would be deployed to AWS.
 */
export async function openAccounts(settings: Settings): Promise<Accounts> {
  const endpoints = await profileEndpoints();
  const endpointOf = (side: Side) => endpoints.get(settings[`${side}Profile`]);
  refuseDocumentationIds(settings, (side) => endpointOf(side) === undefined);
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

/**
 * The profiles of the AWS config files, each with the endpoint that its requests go to: undefined where that is AWS's own.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export async function profileEndpoints(): Promise<ReadonlyMap<string, string | undefined>> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const { AWS_ENDPOINT_URL: everywhere, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: ignoring } = process.env;
  return new Map(
    Object.entries({ ...credentialsFile, ...configFile }).map(([name, profile]) => {
      const ignored = ignoring ?? profile.ignore_configured_endpoint_urls;
      return [name, ignored === "true" ? undefined : (everywhere ?? profile.endpoint_url)];
    }),
  );
}
