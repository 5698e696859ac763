/** Pulumi's engine, set up so that it keeps its state beside the sandbox's accounts and leaves the user's own alone. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import type { Toolchain } from "../toolchain";

const exec = promisify(execFile);
type Environment = Record<string, string>;

export interface EngineOptions {
  toolchain: Toolchain;
  /** Where state, passphrase and plugin links go: made when missing, readable by its owner alone. */
  directory: string;
  awsConfigFile: string;
}

/**
 * What a shell needs so that `pulumi preview | up | refresh | stack output | destroy` works on the sandbox, with a home
 * of its own: the user's logins, stacks and plugins are neither used nor changed.
 * https://www.pulumi.com/docs/iac/cli/environment-variables
 */
export function engineEnvironment({ toolchain, directory, awsConfigFile }: EngineOptions): Environment {
  const home = join(directory, "pulumi");
  const state = join(directory, "state");
  const passphrase = join(directory, "passphrase");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  if (!existsSync(passphrase))
    writeFileSync(passphrase, randomBytes(24).toString("base64url"), { mode: 0o600 });
  linkPlugins(join(home, "plugins"), toolchain.plugins);
  return {
    PATH: [...toolchain.path, process.env.PATH ?? ""].join(delimiter),
    SANDBOX_PULUMI_CLI: toolchain.cli,
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
    // The salt that the state carries serves: Pulumi.<stack>.yaml need not have it.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SUPPRESS_NEO_LINK: "true",
    AWS_CONFIG_FILE: awsConfigFile,
  };
}

/** Fills the engine's plugin cache with links to these executables, and with nothing else. */
function linkPlugins(cache: string, plugins: Toolchain["plugins"]): void {
  mkdirSync(cache, { recursive: true });
  for (const other of readdirSync(cache).filter((folder) => !(folder in plugins)))
    rmSync(join(cache, other), { recursive: true, force: true });
  for (const [folder, executable] of Object.entries(plugins)) {
    const link = join(cache, folder, `pulumi-${folder.replace(/-v[^-]*$/, "")}`);
    if (existsSync(link) && readlinkSync(link) === executable) continue;
    mkdirSync(join(cache, folder), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(executable, link);
  }
}

const stateFolder = (environment: Environment) =>
  join((environment.PULUMI_BACKEND_URL ?? "").replace(/^file:\/\//, ""), ".pulumi");
const projectName = (directory: string): string =>
  parse(readFileSync(join(directory, "Pulumi.yaml"), "utf8")).name;

async function cli(environment: Environment, cwd: string, ...args: string[]): Promise<string> {
  const options = { cwd, env: { ...process.env, ...environment }, maxBuffer: 1 << 30 };
  try {
    return (await exec(environment.SANDBOX_PULUMI_CLI ?? "pulumi", [...args, "--non-interactive"], options))
      .stdout;
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
    throw new Error(`pulumi ${args.join(" ")} failed in ${cwd}:\n${stdout}${stderr}`.trim());
  }
}

/**
 * Creates and selects the stack in the sandbox's own backend when it is missing, and readies what a killed engine left.
 * The committed Pulumi.<stack>.yaml stays as it is.
 * @throws {Error} with the CLI's words when that fails.
 */
export async function ensureStack(
  stack: string,
  environment: Environment,
  projectDirectory: string,
): Promise<void> {
  const project = projectName(projectDirectory);
  const checkpoint = join(stateFolder(environment), "stacks", project, `${stack}.json`);
  clearDeadLocks(environment);
  if (!existsSync(checkpoint)) {
    // Made from a folder of no meaning: creating a stack writes its settings file.
    const folder = mkdtempSync(join(tmpdir(), "pulumi-stack-"));
    try {
      writeFileSync(join(folder, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
      await cli(environment, folder, "stack", "init", stack, "--no-select");
      const { encryptionsalt: salt } = parse(readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8"));
      const manifest = { time: new Date().toISOString(), magic: "", version: "" };
      const deployment = { manifest, secrets_providers: { type: "passphrase", state: { salt } } };
      writeFileSync(join(folder, "empty.json"), JSON.stringify({ version: 3, deployment }));
      await cli(environment, folder, "stack", "import", "--stack", stack, "--file", "empty.json");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  await cli(environment, projectDirectory, "stack", "select", stack);
}

/** Drops the engine's state of a sandbox whose accounts are gone, its locks and history too. */
export async function forgetStack(directory: string): Promise<void> {
  for (const folder of ["state/.pulumi", "pulumi/workspaces"])
    rmSync(join(directory, folder), { recursive: true, force: true });
}

/** The salts that the stacks of the sandbox's state are encrypted with. */
export function saltsOf(environment: Environment): string[] {
  const stacks = join(stateFolder(environment), "stacks");
  const files = existsSync(stacks) ? readdirSync(stacks, { recursive: true, encoding: "utf8" }) : [];
  return files
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      const { checkpoint } = JSON.parse(readFileSync(join(stacks, file), "utf8"));
      return checkpoint?.latest?.secrets_providers?.state?.salt ?? [];
    });
}

/** Removes the locks of engines that are dead: only what runs may keep others out. */
export function clearDeadLocks(environment: Environment): void {
  const locks = join(stateFolder(environment), "locks");
  const files = existsSync(locks)
    ? readdirSync(locks, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"))
    : [];
  for (const file of files.map((file) => join(locks, file))) {
    const { pid, hostname: host } = JSON.parse(readFileSync(file, "utf8"));
    if (host === hostname() && !isAlive(pid)) rmSync(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
