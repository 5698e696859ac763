/** The engine's state beside the sandbox's accounts: what it holds, and what a killed engine leaves in it. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../infra/user-error";
import { showDetail } from "../../tools/details";

const exec = promisify(execFile);
export type Environment = Record<string, string>;

export const stateFolder = (environment: Environment) =>
  join((environment.PULUMI_BACKEND_URL ?? "").replace(/^file:\/\/|\?.*$/g, ""), ".pulumi");

/** Runs the CLI. @throws {UserError} in its words where it fails. */
export async function cli(environment: Environment, cwd: string, ...args: string[]): Promise<string> {
  const options = { cwd, env: { ...process.env, ...environment }, maxBuffer: 1 << 30 };
  showDetail("command", `pulumi ${args.join(" ")} (in ${cwd})`);
  try {
    return (await exec(join(__dirname, "cli/pulumi"), [...args, "--non-interactive"], options)).stdout;
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
    throw new UserError(`pulumi ${args.join(" ")} failed in ${cwd}:\n${stdout}${stderr}`.trim());
  }
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
