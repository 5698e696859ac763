/** The parts of an official Pulumi installation, looked for where Pulumi itself looks. */
import { existsSync, realpathSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { satisfies } from "semver";
import { findExecutable, isExecutable, isStandIn } from "./executables";
import type { Report } from "./install";
import { versionOf } from "./pulumi-cli";

export interface OfficialTools {
  cli?: { file: string; version: string };
  /** The Node.js language host that came with the CLI. */
  languageHost?: string;
  awsPlugin?: string;
}

/** Older CLIs lack PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER, or hosts that @pulumi/pulumi 3.248 needs. */
const OLDEST_CLI = "3.200.0";
export const AWS_VERSION: string = require("@pulumi/aws/package.json").version;

/**
 * Finds what is installed; installs nothing. A language host speaks with the engine that it came with: it is used with
 * its own CLI or not at all.
 */
export async function findOfficialTools(report: Report): Promise<OfficialTools> {
  const cli = await findCli(report);
  const languageHost = cli && join(dirname(realpathSync(cli.file)), "pulumi-language-nodejs");
  const awsPlugin = findAwsPlugin();
  return {
    ...(cli && { cli }),
    ...(languageHost && isExecutable(languageHost) && { languageHost }),
    ...(awsPlugin && { awsPlugin }),
  };
}

async function findCli(report: Report): Promise<OfficialTools["cli"]> {
  const file = findExecutable("pulumi");
  if (!file) return undefined;
  const version = await versionOf(file).catch((error: Error) => error.message);
  if (satisfies(version, `^${OLDEST_CLI}`, { includePrerelease: true })) return { file, version };
  report("pulumi", `${file} is ${version}; the sandbox needs ${OLDEST_CLI} or a newer 3.x`);
  return undefined;
}

/**
 * The plugin of exactly the version that the program's @pulumi/aws asks for, complete, in the cache of the user's own
 * Pulumi. One on PATH is not taken: it can be of any version.
 */
function findAwsPlugin(): string | undefined {
  const folder = join(userPulumiHome(), `plugins/resource-aws-v${AWS_VERSION}`);
  const file = join(folder, "pulumi-resource-aws");
  return !existsSync(`${folder}.partial`) && isExecutable(file) && !isStandIn(file) ? file : undefined;
}

/**
 * Where the user's own Pulumi keeps its plugins: PULUMI_HOME, else in the home that the user database names, whatever
 * HOME says, as Pulumi does. In a shell that points at a sandbox PULUMI_HOME is the sandbox's.
 */
export function userPulumiHome(): string {
  const { SANDBOX_PULUMI_CLI, SANDBOX_USER_PULUMI_HOME, PULUMI_HOME } = process.env;
  const named = SANDBOX_PULUMI_CLI ? SANDBOX_USER_PULUMI_HOME : PULUMI_HOME;
  return named ? resolve(named) : join(userHome(), ".pulumi");
}

function userHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    return homedir(); // a user whom the database does not have
  }
}
