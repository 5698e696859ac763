/** Pulumi's engine, set up so that it keeps its state beside the sandbox's accounts, and the user's own stays as it is. */
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
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { type Toolchain, userPulumiHome } from "../toolchain";
import { clearDeadLocks, cli, type Environment, recoverInterruptedUpdate, stateFolder } from "./state";

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

const projectName = (directory: string): string =>
  parse(readFileSync(join(directory, "Pulumi.yaml"), "utf8")).name;

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

/** Drops the engine's state of a sandbox whose accounts are gone, its locks and history too. */
export async function forgetStack(directory: string): Promise<void> {
  for (const folder of ["state/.pulumi", "pulumi/workspaces"])
    rmSync(join(directory, folder), { recursive: true, force: true });
}
