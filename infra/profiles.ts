import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import { nearest } from "./nearest";
import type { Settings } from "./settings";
import { StackError } from "./stack-error";
import type { Side } from "./stack-settings";

/** How a profile's requests are made: where, and in which region. */
export interface ProfileRequest {
  profile: string;
  region: string;
  endpoint: string | undefined;
}

/** The account that a profile's credentials belong to. */
export type Identify = (request: ProfileRequest) => Promise<string | undefined>;

/** All that is wrong with the profiles of a stack. */
export class ProfileError extends StackError {}

/**
 * Refuses profiles that cannot deploy the stack: those that do not exist, without a request; and those whose credentials
 * have ended or belong to another account.
 * @param identify default: asks AWS STS.
 * @throws {ProfileError} naming profile, setting, what was found and what to do.
 */
export async function checkProfiles(settings: Settings, identify: Identify = askSts): Promise<void> {
  const endpoints = await profileEndpoints();
  const names = [...endpoints.keys()];
  const missing = settings.manages.filter((side) => !endpoints.has(settings[`${side}Profile`]));
  if (missing.length > 0) throw errorOf(missing.map((side) => missingProfile(settings, side, names)));
  const problems = await Promise.all(
    settings.manages.map(async (side) => {
      const profile = settings[`${side}Profile`];
      const request = { profile, region: settings.region, endpoint: endpoints.get(profile) };
      try {
        const found = await identify(request);
        if (found === undefined || found === settings[`${side}AccountId`]) return [];
        return [otherAccount(settings, side, found)];
      } catch (error) {
        return unusable(settings, side, error as Error);
      }
    }),
  );
  if (problems.flat().length > 0) throw errorOf(problems.flat());
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

const OTHER: Readonly<Record<Side, Side>> = { trusting: "trusted", trusted: "trusting" };

const errorOf = (problems: readonly string[]) =>
  new ProfileError(`${problems.join("\n")}\nNothing was created.`);

const problem = ({ stack }: Settings, side: Side, found: string, fix: string) =>
  `stack ${stack}, ${side}Profile: found ${found}.\n    Fix: ${fix}`;
const setCommand = ({ stack }: Settings, name: string, value: string) =>
  `pulumi config set --stack ${stack} cross-account-access:${name} ${value}`;

function missingProfile(settings: Settings, side: Side, names: readonly string[]): string {
  const profile = settings[`${side}Profile`];
  const path = process.env.AWS_CONFIG_FILE || join(homedir(), ".aws", "config");
  const shown = path.startsWith(homedir()) ? path.replace(homedir(), "~") : path;
  if (!existsSync(path) && names.length === 0)
    return problem(
      settings,
      side,
      `${profile}; there is no ${shown}, so no profile`,
      `aws configure --profile ${profile}`,
    );
  // The credentials file names its sections without the word, so people write them like this here too.
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  if (lines.some((line) => line.trim() === `[${profile}]`))
    return problem(
      settings,
      side,
      `${profile}; ${shown} has a section [${profile}], which is no profile there`,
      `name it [profile ${profile}]`,
    );
  // The other account's profile is not meant; one that contains the name, such as production, most likely is.
  const others = names.filter((name) => name !== settings[`${OTHER[side]}Profile`]);
  const other = others.find((name) => name.includes(profile)) ?? nearest(profile, others);
  return problem(
    settings,
    side,
    `${profile}; no such profile in ${shown} (there are: ${names.join(", ") || "none"})`,
    `aws configure --profile ${profile}${other ? `, or ${setCommand(settings, `${side}Profile`, other)}` : ""}`,
  );
}

function otherAccount(settings: Settings, side: Side, found: string): string {
  const profile = settings[`${side}Profile`];
  const expected = settings[`${side}AccountId`];
  const isSwapped = found === settings[`${OTHER[side]}AccountId`];
  const another = isSwapped ? settings[`${OTHER[side]}Profile`] : "PROFILE";
  return problem(
    settings,
    side,
    `${profile}, whose credentials are of another account (AWS account ID not allowed: ${found}); expected account ${expected}`,
    `give profile ${profile} credentials of account ${expected} (aws configure --profile ${profile}), ` +
      `or name the profile that has them: ${setCommand(settings, `${side}Profile`, another)}` +
      `${isSwapped ? "; the two profiles are swapped" : ""}`,
  );
}

/** Credentials that are known to be no use; what else keeps STS from answering, the deployment meets and says itself. */
function unusable(settings: Settings, side: Side, { name, message }: Error): string[] {
  const profile = settings[`${side}Profile`];
  if (/\bsso\b/i.test(message))
    return [
      problem(
        settings,
        side,
        `${profile}, whose session of IAM Identity Center (SSO) has ended or was never begun`,
        `aws sso login --profile ${profile}`,
      ),
    ];
  if (/multi-?factor|\bMFA\b/i.test(message))
    return [
      problem(
        settings,
        side,
        `${profile}, which needs an MFA code, for which Pulumi cannot ask`,
        `aws sts get-caller-identity --profile ${profile} asks for the code and keeps the session; then name a profile that has ` +
          `credential_process = aws configure export-credentials --profile ${profile}`,
      ),
    ];
  if (
    /ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|SignatureDoesNotMatch/.test(name)
  )
    return [
      problem(
        settings,
        side,
        `${profile}, whose credentials AWS refuses (${name}: ${message})`,
        `npm run explain -- ${settings.stack} --message "${name}: ${message}"`,
      ),
    ];
  return [];
}

/** What is used of the AWS SDK. Its own types would multiply the files that a preview type-checks. */
interface Sts {
  STSClient: new (config: object) => { send(command: object): Promise<{ Account?: string }> };
  GetCallerIdentityCommand: new (input: object) => object;
}
const askSts: Identify = async ({ profile, region, endpoint }) => {
  // Its advice to update Node.js would stand in every preview.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts") as Sts;
  const { fromIni } = require("@aws-sdk/credential-providers") as { fromIni(init: object): unknown };
  const config = { region, ...(endpoint && { endpoint }), credentials: fromIni({ profile }), maxAttempts: 2 };
  return (await new STSClient(config).send(new GetCallerIdentityCommand({}))).Account;
};
