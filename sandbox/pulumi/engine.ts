/** Pulumi's engine, set up so that it keeps its state beside the sandbox's accounts, and the user's own stays as it is. */
import { execFile, spawnSync } from "node:child_process";
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
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { UserError } from "../../infra/user-error";
import { showDetail } from "../../tools/details";
import { type Toolchain, userPulumiHome } from "../toolchain";

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
    // Where to look for official plugins, once PULUMI_HOME is the sandbox's.
    SANDBOX_USER_PULUMI_HOME: userPulumiHome(),
    // No language host or plugin of PATH: it can be of any version, and of another CLI.
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    // Without the attributes that the engine would write beside each file, in no one step: a kill leaves half of them.
    PULUMI_BACKEND_URL: `file://${state}?metadata=skip`,
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
  join((environment.PULUMI_BACKEND_URL ?? "").replace(/^file:\/\/|\?.*$/g, ""), ".pulumi");
const projectName = (directory: string): string =>
  parse(readFileSync(join(directory, "Pulumi.yaml"), "utf8")).name;

async function cli(environment: Environment, cwd: string, ...args: string[]): Promise<string> {
  const options = { cwd, env: { ...process.env, ...environment }, maxBuffer: 1 << 30 };
  showDetail("command", `pulumi ${args.join(" ")} (in ${cwd})`);
  try {
    return (await exec(join(__dirname, "cli/pulumi"), [...args, "--non-interactive"], options)).stdout;
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
    throw new UserError(`pulumi ${args.join(" ")} failed in ${cwd}:\n${stdout}${stderr}`.trim());
  }
}

/**
 * Creates the stack in the sandbox's own backend when it is missing, selects it, and completes what a killed engine left.
 * The committed Pulumi.<stack>.yaml stays as it is.
 * @throws {UserError} with the CLI's words when that fails.
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
    // Created in a temporary project, because creating a stack writes its settings file.
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
  await recoverInterruptedUpdate(environment, projectDirectory);
}

interface State {
  urn: string;
  id?: string;
  type: string;
  provider?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  pendingReplacement?: boolean;
}

interface EngineDeployment {
  resources?: State[];
  pending_operations?: { type: string; resource: State }[];
}

/** What the engine last wrote of each stack in the sandbox's state. */
function readCheckpoints(
  environment: Environment,
): Map<string, EngineDeployment & { secrets_providers?: { state?: { salt?: string } } }> {
  const folder = join(stateFolder(environment), "stacks");
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  return new Map(
    files
      .filter((file) => file.endsWith(".json"))
      .map((file) => [
        basename(file, ".json"),
        JSON.parse(readFileSync(join(folder, file), "utf8")).checkpoint?.latest ?? {},
      ]),
  );
}

/**
 * Completes the state that a killed engine left. A resource that it was creating goes into the state under the ID that
 * its inputs give, and reading it back shows whether it exists: else the next update would create it again.
 */
export async function recoverInterruptedUpdate(
  environment: Environment,
  projectDirectory: string,
): Promise<void> {
  for (const [stack, { pending_operations: pending = [] }] of readCheckpoints(environment)) {
    if (pending.length === 0 || isLocked(environment)) continue;
    console.error(
      `engine     an update of stack ${stack} was interrupted: reading back what it was creating`,
    );
    const exported = JSON.parse(
      await cli(environment, projectDirectory, "stack", "export", "--stack", stack),
    );
    const { resources = [], pending_operations: operations = [] }: EngineDeployment = exported.deployment;
    for (const { type, resource } of operations) {
      const id = type === "creating" && idOf(resource, resources);
      const known = resources.findIndex(({ urn }) => urn === resource.urn);
      if (!id || (known >= 0 && !resources[known]?.pendingReplacement)) continue;
      if (known >= 0) resources.splice(known, 1);
      resources.push({ ...resource, id, outputs: resource.inputs ?? {} });
    }
    delete exported.deployment.pending_operations;
    const folder = mkdtempSync(join(tmpdir(), "pulumi-state-"));
    try {
      writeFileSync(join(folder, "state.json"), JSON.stringify(exported), { mode: 0o600 });
      const args = ["stack", "import", "--stack", stack, "--file", join(folder, "state.json")];
      await cli(environment, projectDirectory, ...args);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const targets = operations
      .map(({ resource }) => resource.urn)
      .filter((urn) => resources.some((resource) => resource.urn === urn));
    const refresh = ["refresh", "--yes", "--skip-preview", "--stack", stack];
    if (targets.length > 0)
      await cli(environment, projectDirectory, ...refresh, ...targets.flatMap((urn) => ["--target", urn]));
  }
}

/** The ID that AWS gives to a resource with these inputs; undefined where the inputs do not determine it. */
function idOf({ type, inputs = {}, provider = "" }: State, resources: State[]): string | undefined {
  const { inputs: settings = {} } = resources.find(({ urn, id }) => `${urn}::${id}` === provider) ?? {};
  const { typeOf }: typeof import("./provider-aws/types") = require("./provider-aws/types");
  try {
    // A part that is missing shows in the ID as this word.
    const [account = "undefined"] = JSON.parse(String(settings.allowedAccountIds ?? "[]")) as string[];
    const id = typeOf(type).id?.({ ...inputs, tagsAll: {} } as never, account);
    return id?.includes("undefined") ? undefined : id;
  } catch {
    return undefined;
  }
}

/** Drops the engine's state of a sandbox whose accounts are gone, its locks and history too. */
export async function forgetStack(directory: string): Promise<void> {
  for (const folder of ["state/.pulumi", "pulumi/workspaces"])
    rmSync(join(directory, folder), { recursive: true, force: true });
}

/** The salts that the stacks of the sandbox's state are encrypted with. */
export const saltsOf = (environment: Environment): string[] =>
  [...readCheckpoints(environment).values()].flatMap((latest) => latest.secrets_providers?.state?.salt ?? []);

function lockFiles(environment: Environment): string[] {
  const locks = join(stateFolder(environment), "locks");
  const files = existsSync(locks) ? readdirSync(locks, { recursive: true, encoding: "utf8" }) : [];
  return files.filter((file) => file.endsWith(".json")).map((file) => join(locks, file));
}

const isLocked = (environment: Environment) => lockFiles(environment).length > 0;

/** Removes the locks of engines that no longer run. */
export function clearDeadLocks(environment: Environment): void {
  for (const file of lockFiles(environment)) {
    const { pid, hostname: host } = JSON.parse(readFileSync(file, "utf8"));
    if (host === hostname() && !isEngine(pid)) rmSync(file, { force: true });
  }
}

/** A process ID can pass to another program, or wait as a zombie: only a running Pulumi engine holds a lock. */
function isEngine(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=,comm=", "-p", String(pid)], { encoding: "utf8" });
  return /^\s*[^Z\s]\S*\s.*pulumi/.test(stdout);
}
