/** The sandbox's AWS accounts: start, stop, find, and point tools at them. */
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../infra/user-error";
import { showDetail } from "../tools/details";
import { ControlClient } from "./gateway/control-client";
import { withLock } from "./lock.cjs";
import { commandOf, commands, kill } from "./processes";
import { digest } from "./toolchain/install";

export interface SandboxOptions {
  /** Where keys, log and the daemon's record go; made when missing, readable by its owner alone. */
  directory: string;
  /** Profile name, such as `dev`, to 12-digit account ID. */
  accounts: Record<string, string>;
  region: string;
  /** The AWS organization, `o-…`, that the accounts of these profiles are in; none when left out. */
  organization?: { id: string; profiles: string[] } | undefined;
  /** The stack that is deployed into them: named, with the command that deploys it, where they are lost. */
  stack?: string;
  /** The `moto_server` executable. */
  motoServer: string;
}

export interface Sandbox {
  directory: string;
  url: string;
  pid: number;
  accounts: Record<string, string>;
  region: string;
  organization?: { id: string; profiles: string[] } | undefined;
  stack?: string;
  awsConfigFile: string;
  /** Random, new for each life of the accounts. */
  instance: string;
  /** What `digestCode` gave when they started. */
  code: string;
  /** True when this call started the accounts, which are empty then. */
  startedAnew: boolean;
}

/** The record that the daemon writes when it is ready. */
export type DaemonRecord = Omit<Sandbox, "directory" | "startedAnew"> & { startedAt: string };

const START_SECONDS = 90;
const DAEMON = join(__dirname, "daemon.ts");

/** Changes with the code that the accounts run: the gateway's sources, and the packages that they use. */
export function digestCode(): string {
  const gateway = join(__dirname, "gateway");
  const names = readdirSync(gateway, { recursive: true, encoding: "utf8" });
  const sources = names.filter((name) => name.endsWith(".ts")).map((name) => join(gateway, name));
  const files = [DAEMON, join(__dirname, "../package-lock.json"), ...sources.sort()];
  return digest(...files.map((file) => readFileSync(file, "utf8")));
}

/** Variables that could lead a tool to real AWS: they are removed from the environment of every command in the sandbox. */
export const AMBIENT_CREDENTIALS: readonly string[] = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_CREDENTIAL_EXPIRATION",
  "AWS_ACCOUNT_ID",
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_VAULT",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_BEARER_TOKEN_BEDROCK",
  "AWS_CA_BUNDLE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_EC2_METADATA_DISABLED",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
  "AWS_USE_FIPS_ENDPOINT",
  "AWS_USE_DUALSTACK_ENDPOINT",
  "AWS_STS_REGIONAL_ENDPOINTS",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ENDPOINT_URL_STS",
  "AWS_ENDPOINT_URL_IAM",
  "AWS_ENDPOINT_URL_SSM",
  "AWS_ENDPOINT_URL_EC2",
  "AWS_ENDPOINT_URL_SNS",
  "AWS_ENDPOINT_URL_SQS",
  "AWS_ENDPOINT_URL_ECR",
  "AWS_ENDPOINT_URL_KMS",
  "AWS_ENDPOINT_URL_IOT",
  "AWS_ENDPOINT_URL_IOT_DATA_PLANE",
  "AWS_ENDPOINT_URL_API_GATEWAY",
  "AWS_ENDPOINT_URL_S3_CONTROL",
  "AWS_ENDPOINT_URL_DYNAMODB",
  "AWS_ENDPOINT_URL_LAMBDA",
  "AWS_ENDPOINT_URL_SECRETS_MANAGER",
  "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
  "AWS_ENDPOINT_URL_EVENTBRIDGE",
  "AWS_ENDPOINT_URL_KINESIS",
  "AWS_ENDPOINT_URL_EFS",
  "AWS_ENDPOINT_URL_SFN",
];

/**
 * Starts the accounts in a separate process, or finds them running. Safe when called twice at once.
 * @throws {UserError} when running ones have other accounts or other code, or when they do not start, with the reason.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { directory, accounts } = options;
  const wrong = Object.entries(accounts).find(([, id]) => !/^\d{12}$/.test(id));
  if (wrong)
    throw new UserError(`The sandbox's account ${wrong[0]} needs a 12-digit ID; found '${wrong[1]}'.`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return withLock(join(directory, "start.lock"), async () => {
    const running = await sandboxStatus(directory);
    if (running) {
      const [found, expected] = [describeAccounts(running), describeAccounts(options)];
      if (found !== expected)
        throw new UserError(
          `The sandbox in ${directory} runs with the accounts ${found}; expected are ${expected}. Stop it first: npm run sandbox -- stop`,
        );
      if (running.code === digestCode()) return running;
      throw new UserError(
        `The sandbox in ${directory} runs other code of sandbox/gateway, or other packages, than this checkout has now. Stop it first, which empties its accounts: npm run sandbox -- stop`,
      );
    }
    await stopSandbox(directory);
    return spawnDaemon(options);
  });
}

function describeAccounts({
  accounts,
  region,
  organization,
}: Pick<SandboxOptions, "accounts" | "region" | "organization">): string {
  const list = Object.entries(accounts).map(([profile, id]) => `${profile} ${id}`);
  const members = organization
    ? `, ${organization.profiles.join(" and ")} in organization ${organization.id}`
    : "";
  return `${list.sort().join(", ")} in ${region}${members}`;
}

async function spawnDaemon(options: SandboxOptions): Promise<Sandbox> {
  const { directory } = options;
  const log = join(directory, "daemon.log");
  if (existsSync(log)) renameSync(log, `${log}.1`);
  const out = openLog(log);
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !AMBIENT_CREDENTIALS.includes(name)),
  );
  const args = ["--require", require.resolve("tsx/cjs"), DAEMON, JSON.stringify(options)];
  showDetail("command", `${process.execPath} ${args.join(" ")}`);
  const child = spawn(process.execPath, args, {
    cwd: join(__dirname, ".."),
    detached: true,
    stdio: ["ignore", out, out],
    env,
  });
  closeSync(out);
  let ended: string | undefined;
  child
    .on("error", (error) => (ended = error.message))
    .on("exit", (code, signal) => (ended = `exit code ${code ?? signal}`));
  child.unref();
  for (const end = Date.now() + START_SECONDS * 1000; Date.now() < end && !ended; await sleep(50)) {
    const sandbox = await sandboxStatus(directory);
    if (sandbox && sandbox.pid === child.pid) return { ...sandbox, startedAnew: true };
  }
  if (!ended) kill(child.pid!, "SIGTERM");
  const tail = readFileSync(log, "utf8").trim().split("\n").slice(-15).join("\n");
  throw new UserError(
    `The sandbox did not start (${ended ?? `not ready within ${START_SECONDS} s`}). Its log, ${log}, ends:\n${tail}`,
  );
}

/** A new log, with its first line. Throws where the disk is full: the process could not say so itself. */
function openLog(log: string): number {
  try {
    const out = openSync(log, "w", 0o600);
    writeSync(out, `${new Date().toISOString()} starting\n`);
    return out;
  } catch (error) {
    throw new UserError(
      `The sandbox did not start: its log, ${log}, cannot be written. ${(error as Error).message}`,
    );
  }
}

/** Stops the accounts, also where their folder was removed; what they held is gone. False when none were running. */
export async function stopSandbox(directory: string): Promise<boolean> {
  const daemons = findDaemons(directory);
  for (const pid of daemons) kill(pid, "SIGTERM");
  const running = () => daemons.filter((pid) => isDaemonOf(directory, commandOf(pid)));
  for (let i = 0; i < 200 && running().length > 0; i++) {
    if (i === 150) for (const pid of running()) kill(pid, "SIGKILL");
    await sleep(50);
  }
  killOrphanedMoto(directory);
  rmSync(join(directory, "daemon.json"), { force: true });
  return daemons.length > 0;
}

/** The processes that are, or will soon be, the accounts of this folder: known by their command line alone. */
export const findDaemons = (directory: string): number[] =>
  [...commands()].filter(([, command]) => isDaemonOf(directory, command)).map(([pid]) => pid);

const isDaemonOf = (directory: string, command: string | undefined): boolean =>
  command?.includes(DAEMON) === true && command.includes(JSON.stringify(directory));

/** The running accounts, asked over HTTP, or undefined when they are not alive. */
export async function sandboxStatus(directory: string): Promise<Sandbox | undefined> {
  const record = readRecord(directory);
  if (!record) return undefined;
  try {
    const health = await new ControlClient(record.url).health();
    if (health.instance !== record.instance || health.lost) return undefined;
  } catch {
    return undefined;
  }
  const { startedAt: _, ...rest } = record;
  return { ...rest, directory, startedAnew: false };
}

/** The accounts of this folder that ended without being stopped; undefined where they run, or were stopped. */
export async function lostSandbox(directory: string): Promise<DaemonRecord | undefined> {
  return (await sandboxStatus(directory)) ? undefined : readRecord(directory);
}

/** What is gone with accounts that ended without being stopped, and the command that makes it anew. */
export function describeLoss({ accounts, stack }: Pick<SandboxOptions, "accounts" | "stack">): string {
  const list = Object.entries(accounts).map(([profile, id]) => `${profile} ${id}`);
  const contents = stack ? `all that stack ${stack} deployed into them` : "all that they held";
  const command = stack ? ` Make them anew: npm run rehearse -- ${stack}` : "";
  return `The sandbox's accounts ${list.join(", ")} are gone, with ${contents}.${command}`;
}

/** The AWS config file of the accounts: a profile for the administrator of each. */
export const awsConfig = (
  {
    url,
    administrators,
  }: { url: string; administrators: Record<string, { accessKeyId: string; secretAccessKey: string }> },
  region: string,
): string =>
  Object.entries(administrators)
    .map(
      ([profile, keys]) => `[profile ${profile}]
aws_access_key_id = ${keys.accessKeyId}
aws_secret_access_key = ${keys.secretAccessKey}
region = ${region}
endpoint_url = ${url}
`,
    )
    .join("\n");

/** What a process needs in its environment for every AWS tool to act as the administrator of `profile`'s account. */
export function accountEnvironment(
  sandbox: Pick<Sandbox, "accounts" | "awsConfigFile" | "directory" | "region" | "url">,
  profile: string,
): Record<string, string> {
  if (!(profile in sandbox.accounts))
    throw new UserError(
      `The sandbox has no account ${profile}; it has ${Object.keys(sandbox.accounts).join(", ")}.`,
    );
  const reachedDirectly = (process.env.NO_PROXY ?? process.env.no_proxy ?? "")
    .split(",")
    .filter((host) => !["", "*", "127.0.0.1"].includes(host.trim()))
    .concat("127.0.0.0/8", "localhost")
    .join(",");
  return {
    AWS_CONFIG_FILE: sandbox.awsConfigFile,
    AWS_SHARED_CREDENTIALS_FILE: join(sandbox.directory, "aws", "credentials"),
    AWS_PROFILE: profile,
    AWS_REGION: sandbox.region,
    AWS_DEFAULT_REGION: sandbox.region,
    // Profiles that the user wrote, with a role of the sandbox in them, reach it too.
    AWS_ENDPOINT_URL: sandbox.url,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
    // S3 Control's requests go to ACCOUNT-ID.127.0.0.1, which no resolver knows: the gateway is the proxy for it. A range
    // of addresses, because many tools take a single one in NO_PROXY for the end of a name, too.
    HTTP_PROXY: sandbox.url,
    http_proxy: sandbox.url,
    NO_PROXY: reachedDirectly,
    no_proxy: reachedDirectly,
    no_grpc_proxy: "127.0.0.1,localhost",
  };
}

function readRecord(directory: string): DaemonRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, "daemon.json"), "utf8")) as DaemonRecord;
  } catch {
    return undefined;
  }
}

/** Ends the moto that a killed daemon left behind, known by its recorded ID and its command line. */
export function killOrphanedMoto(directory: string): void {
  const file = join(directory, "moto.json");
  try {
    const { pid, port } = JSON.parse(readFileSync(file, "utf8")) as { pid: number; port: number };
    if (commandOf(pid)?.trimEnd().endsWith(`-H 127.0.0.1 -p ${port}`)) process.kill(pid, "SIGKILL");
  } catch {}
  rmSync(file, { force: true });
}
