import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { Provider } from "@pulumi/aws/provider";
import type { Region } from "@pulumi/aws/types/enums";
import * as pulumi from "@pulumi/pulumi";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import { type Place, partitionOf } from "./access/arn";
import { refuseDocumentationIds, type Settings, type Side } from "./settings";

/** One of the two accounts: where it is and, on the sides that the stack manages, how to deploy into it. */
export interface Account extends Place {
  provider: Provider | undefined;
}

export type Accounts = Record<Side, Account>;

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
    const accountId = settings[`${side}AccountId`];
    const place = { accountId, region: settings.region, partition: partitionOf(settings.region) };
    if (!settings.manages.includes(side)) return { ...place, provider: undefined };
    const profile = settings[`${side}Profile`];
    const where = endpointOf(side);
    await pulumi.log.info(
      `The ${side} account ${accountId} is reached with profile ${profile}, ` +
        (where ? `at ${where}: a rehearsal, not AWS.` : "at AWS."),
    );
    const provider = new Provider(`${side}-account`, {
      region: settings.region as Region,
      profile,
      allowedAccountIds: [accountId],
    });
    return { ...place, provider };
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
