import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { registry } from "../infra/scenarios/registry";
import { parseSettings } from "../infra/settings";
import { UserError } from "../infra/user-error";
import type { StateResource } from "./access/state";
import { showDetail } from "./details";
import type { Deployment } from "./verify/check-environment";

/**
 * A deployed stack: its settings say which profiles to ask with, its outputs what to ask about.
 * @param secrets whether secret outputs are read too; otherwise each is `[secret]`.
 * @throws {UserError} where the engine cannot be asked, or nothing is deployed.
 */
export async function readDeployment(
  stack: string,
  others = { partner: "partner", outsider: "outsider" },
  { secrets = false } = {},
): Promise<Deployment> {
  const [config, published] = await Promise.all([
    askEngine(stack, ["config"]) as Promise<Record<string, { value?: string }>>,
    askEngine(stack, ["stack", "output", ...(secrets ? ["--show-secrets"] : [])]) as Promise<
      Record<string, Record<string, string>>
    >,
  ]);
  const prefix = "cross-account-access:";
  const raw = Object.entries(config)
    .filter(([name]) => name.startsWith(prefix))
    // A secret setting shows no value; no command needs one.
    .map(([name, { value }]) => [name.slice(prefix.length), value ?? "secret"]);
  const settings = parseSettings(stack, Object.fromEntries(raw));
  const outputs = Object.fromEntries(
    registry.flatMap(({ name, output }) => (published[output] ? [[name, published[output]]] : [])),
  );
  if (Object.keys(outputs).length === 0)
    throw new UserError(
      `stack ${stack} has no outputs of a scenario: nothing is deployed. Deploy it: pulumi up --stack ${stack}`,
    );
  const { trustingProfile, trustedProfile } = settings;
  return { settings, outputs, profiles: { trusting: trustingProfile, trusted: trustedProfile, ...others } };
}

/** The resources of a stack, as the engine's state has them; none where nothing is deployed. */
export async function readResources(stack: string): Promise<StateResource[]> {
  const { deployment } = (await askEngine(stack, ["stack", "export"])) as {
    deployment: { resources?: StateResource[] };
  };
  return deployment.resources ?? [];
}

/** What the engine answers to a command, as JSON. @throws {UserError} in the engine's words. */
export async function askEngine(stack: string, command: readonly string[]): Promise<unknown> {
  // An export is JSON already.
  const json = command.includes("export") ? [] : ["--json"];
  const args = [...command, ...json, "--stack", stack];
  showDetail("command", `pulumi ${args.join(" ")}`);
  try {
    const { stdout } = await promisify(execFile)("pulumi", args, { maxBuffer: 1 << 28 });
    return JSON.parse(stdout);
  } catch (error) {
    throw engineError(stack, command, error as Error & { code?: string; stderr?: string });
  }
}

function engineError(
  stack: string,
  command: readonly string[],
  error: Error & { code?: string; stderr?: string },
): UserError {
  const sandbox = `or rehearse it and point this shell there, as its last lines say: npm run rehearse -- ${stack}`;
  if (error.code === "ENOENT") return new UserError(`pulumi is not on the PATH. Install it, ${sandbox}`);
  const { PULUMI_BACKEND_URL = "the place that pulumi login chose" } = process.env;
  return new UserError(
    `pulumi ${command.join(" ")} --stack ${stack}: ${(error.stderr || error.message).trim()}\n` +
      `The stack's state was looked for at ${PULUMI_BACKEND_URL}. Log in there, ${sandbox}`,
  );
}
