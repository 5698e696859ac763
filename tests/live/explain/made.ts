import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import type { Statement } from "../../../infra/access/policy";

const PROJECT_DIRECTORY = join(__dirname, "../../..");
const SCENARIOS = join(PROJECT_DIRECTORY, "infra/scenarios");

/** A policy that the program made, and where. */
export interface Made {
  /** Name of the resource in the stack, such as Developers-may-assume-UpdateApp. */
  resource: string;
  type: "Role" | "RolePolicy" | "GroupPolicy" | "UserPolicy" | "BucketPolicy";
  /** The group, role, user or bucket that the policy belongs to, and the policy's own name. */
  of: string;
  name: string;
  statements: Statement[];
  /** `infra/scenarios/update-app.ts:49`; undefined where no scenario names it. */
  source?: string;
}

/** Every policy that a deployed stack made, from the engine's state. */
export async function madeBy(stack: string): Promise<Made[]> {
  const { stdout } = await promisify(execFile)("pulumi", ["stack", "export", "--stack", stack], {
    maxBuffer: 1 << 28,
  });
  const { deployment } = JSON.parse(stdout) as { deployment: { resources?: Resource[] } };
  return (deployment.resources ?? []).flatMap(({ urn, type, inputs = {} }) => {
    const [, kind] =
      /^aws:(?:iam|s3)\/\w+:(Role|RolePolicy|GroupPolicy|UserPolicy|BucketPolicy)$/.exec(type) ?? [];
    const text = inputs[kind === "Role" ? "assumeRolePolicy" : "policy"];
    if (!kind || typeof text !== "string") return [];
    const resource = urn.split("::").at(-1)!;
    const of = String(
      inputs[kind === "BucketPolicy" ? "bucket" : kind.replace("Policy", "").toLowerCase()] ?? inputs.name,
    );
    const source = sourceOf(resource, kind as Made["type"]);
    return [
      {
        resource,
        type: kind as Made["type"],
        of,
        name: String(inputs.name ?? "policy"),
        statements: [JSON.parse(text).Statement].flat() as Statement[],
        ...(source && { source }),
      },
    ];
  });
}

interface Resource {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
}

/** What a component's arguments call the policy that a resource of this type holds. */
const ARGUMENT: Partial<Record<Made["type"], RegExp>> = {
  Role: /\b(trust|assumeRolePolicy):/,
  RolePolicy: /\bpermissions:/,
  BucketPolicy: /\b(statements|resources):/,
};

/** The line of the scenario that a resource's name stands in: the policy's own argument where the file has one. */
export function sourceOf(resource: string, type: Made["type"]): string | undefined {
  // A component adds to its name: productionapp-policy is made by "productionapp".
  const names = resource.split("-").map((_, index, parts) => parts.slice(0, parts.length - index).join("-"));
  const files = readdirSync(SCENARIOS)
    .filter((file) => file !== "index.ts")
    .map((file) => join(SCENARIOS, file));
  for (const name of names)
    for (const file of files) {
      const lines = readFileSync(file, "utf8").split("\n");
      const named = lines.findIndex((line) => line.includes(`"${name}"`) || line.includes(` ${name}: `));
      if (named < 0) continue;
      const argument = name === resource && type === "RolePolicy" ? undefined : ARGUMENT[type];
      const at = argument ? lines.findIndex((line) => argument.test(line)) : named;
      return `${relative(PROJECT_DIRECTORY, file)}:${(at < 0 ? named : at) + 1}`;
    }
  return undefined;
}
