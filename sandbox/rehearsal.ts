import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { furtherAccountIds, type Settings } from "../infra/settings";
import { showDetail } from "../tools/details";
import { readStackSettings } from "../tools/stack-settings";
import {
  AMBIENT_CREDENTIALS,
  accountEnvironment,
  describeLoss,
  lostSandbox,
  type Sandbox,
  startSandbox,
} from "./accounts";
import { withLock } from "./lock.cjs";
import { engineEnvironment, ensureStack, forgetStack } from "./pulumi/engine";
import { type Toolchain, toolchain } from "./toolchain";

export const PROJECT_DIRECTORY = join(__dirname, "..");
/** Profile of the account that no other trusts: the checks ask as its administrator. */
const OUTSIDER = "outsider";

/** A stack, its settings, and the sandbox whose accounts have the IDs that these settings name. */
export interface Rehearsal {
  stack: string;
  /** The folder with Pulumi.yaml and the stack's settings file. */
  project: string;
  settings: Settings;
  sandbox: Sandbox;
  tools: Toolchain;
  /** What a shell needs for `pulumi` and any AWS tool to reach these accounts, and no others. */
  environment: Record<string, string>;
}

/** Where the sandbox of a stack keeps its accounts, keys and engine state: ignored by git. */
export const directoryOf = (stack: string): string => join(PROJECT_DIRECTORY, ".sandbox", stack);

/**
 * Finds or installs the tools, starts the two accounts under the IDs that the stack's settings name, and prepares
 * the engine's state for them. State of accounts that are gone is dropped with them, and `say` gets a line about it.
 * @param project is another copy of the project, so that several rehearsals can deploy at once.
 */
export async function rehearse(
  stack: string,
  say: (line: string) => void,
  directory = directoryOf(stack),
  project = PROJECT_DIRECTORY,
): Promise<Rehearsal> {
  const settings = readStackSettings(stack);
  const tools = await toolchain((tool, message) => say(`${tool.padEnd(10)} ${message}`));
  say(`tools      ${tools.origin}`);
  const furtherIds = furtherAccountIds(settings);
  const partners = furtherIds.map((id, index) => [index === 0 ? "partner" : `partner-${index + 1}`, id]);
  const { trustingProfile, trustingAccountId, trustedProfile, trustedAccountId, region } = settings;
  const known = [trustingAccountId, trustedAccountId, ...furtherIds];
  const strangers = Array.from([...known, ""], (_, index) => String(index + 3).padStart(12, "0"));
  const accounts = {
    [trustingProfile]: trustingAccountId,
    [trustedProfile]: trustedAccountId,
    [OUTSIDER]: strangers.find((id) => !known.includes(id))!,
    ...Object.fromEntries(partners),
  };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return withLock(
    join(directory, "set-up.lock"),
    async () => {
      const lost = await lostSandbox(directory);
      if (lost) say(`accounts   ${describeLoss(lost)}`);
      const { motoServer } = tools;
      const sandbox = await startSandbox({ directory, accounts, region, stack, motoServer });
      say(
        `accounts   ${sandbox.startedAnew ? "started" : "running"} at ${sandbox.url}: ${describe(sandbox)}`,
      );
      // Random and new for each life of the accounts: the state is of those that it was written beside.
      const life = join(directory, "engine-instance");
      if (existsSync(life) && readFileSync(life, "utf8") !== sandbox.instance) {
        await forgetStack(directory);
        say(
          `engine     the accounts that stack ${stack} was deployed into are gone, so its state is dropped with them`,
        );
      }
      const environment = environmentOf(sandbox, tools, trustedProfile);
      await ensureStack(stack, environment, project);
      writeFileSync(life, sandbox.instance);
      return { stack, project, settings, sandbox, tools, environment };
    },
    (holder) => say(`accounts   another process (${holder}) is setting up stack ${stack}: waiting`),
  );
}

/** What a shell needs to reach a stack's sandbox, its AWS tools acting in the account of `profile`. */
export const environmentOf = (sandbox: Sandbox, tools: Toolchain, profile: string) => ({
  ...engineEnvironment({
    toolchain: tools,
    directory: sandbox.directory,
    awsConfigFile: sandbox.awsConfigFile,
  }),
  ...accountEnvironment(sandbox, profile),
  // npm test checks the types; to do so again in every preview would double its time.
  PULUMI_NODEJS_TRANSPILE_ONLY: "true",
});

const describe = ({ accounts }: Sandbox) =>
  Object.entries(accounts)
    .map(([profile, id]) => `${profile} ${id}`)
    .join(", ");

/** The environment of a command that can reach the sandbox and nothing else: it has no credentials of this shell. */
export function confined(environment: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !AMBIENT_CREDENTIALS.includes(name));
  return { ...Object.fromEntries(kept), ...environment };
}

/** Runs a command in a rehearsal's environment, its output shown as it comes; gives its exit code. */
export function run(rehearsal: Rehearsal, command: string, args: readonly string[]): Promise<number> {
  showDetail("command", `${command} ${args.join(" ")}`);
  return new Promise((resolve, reject) => {
    const options = {
      cwd: rehearsal.project,
      env: confined(rehearsal.environment),
      stdio: "inherit" as const,
    };
    spawn(command, args, options)
      .on("error", reject)
      .on("close", (code) => resolve(code ?? 130));
  });
}
