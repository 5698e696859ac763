import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { promisify } from "node:util";
import type { Statement } from "../../infra/access/policy";

const PROJECT_DIRECTORY = join(__dirname, "../..");
const SCENARIOS = join(PROJECT_DIRECTORY, "infra/scenarios");

interface Holder {
  /** The inputs of the resource's type that hold the policy and that say whose it is. */
  policy: string;
  of: string;
  /** What the components' arguments call it. */
  argument?: RegExp;
  /** Where a policy belongs to what is asked for: what that is called, and its name in its ARN. */
  noun?: string;
  arn?: RegExp;
}

/** The types of resources that hold a policy. */
const KINDS = {
  Role: {
    ...{ policy: "assumeRolePolicy", of: "name", argument: /\b(trust|assumeRolePolicy):/ },
    ...{ noun: "role", arn: /:role\/(?:.+\/)?([^/]+)$/ },
  },
  RolePolicy: { policy: "policy", of: "role", argument: /\bpermissions:/ },
  GroupPolicy: { policy: "policy", of: "group" },
  UserPolicy: { policy: "policy", of: "user" },
  BucketPolicy: {
    ...{ policy: "policy", of: "bucket", argument: /\bstatements:/ },
    ...{ noun: "bucket", arn: /:s3:::([^/]+)/ },
  },
  TopicPolicy: { policy: "policy", of: "arn", noun: "topic", arn: /:sns:[^:]*:\d+:([^:]+)/ },
  QueuePolicy: { policy: "policy", of: "queueUrl", noun: "queue", arn: /:sqs:[^:]*:\d+:([^:]+)$/ },
  RepositoryPolicy: {
    ...{ policy: "policy", of: "repository" },
    ...{ noun: "repository", arn: /:ecr:[^:]*:\d+:repository\/(.+)$/ },
  },
  RestApi: { policy: "policy", of: "id", noun: "API", arn: /:execute-api:[^:]*:\d+:([^/]+)/ },
} satisfies Record<string, Holder>;
export type Kind = keyof typeof KINDS;

/** What is asked for, where it may have a policy of its own that decides about the action. */
export interface Target {
  type: Kind;
  noun: string;
  name: string;
}
export function targetOf(action: string, on: string): Target | undefined {
  for (const [type, { noun = "", arn }] of Object.entries<Holder>(KINDS) as [Kind, Holder][]) {
    const [, name] = arn?.exec(on) ?? [];
    // A role's trust policy decides who assumes it, and nothing else about the role.
    if (name && (type === "Role") === action.startsWith("sts:")) return { type, noun, name };
  }
  return undefined;
}

/** A policy that the program made, and where. */
export interface Made {
  /** Name of the resource in the stack, such as Developers-may-assume-UpdateApp. */
  resource: string;
  type: Kind;
  /** The account that it is in: both accounts may have a role of one name. */
  account: string;
  /** Name of the group, role, user, bucket, topic, queue or repository, or ID of the API, and the policy's own name. */
  of: string;
  name: string;
  statements: Statement[];
  /** Whether infra/access/shared-resource.ts says what its statements allow, for each service at one place. */
  shared?: boolean;
  /** `infra/scenarios/update-app.ts:49`; without a line where several could be meant, undefined where no scenario names it. */
  source?: string;
}

/** Every policy that a deployed stack made, from the engine's state. */
export async function madeBy(stack: string): Promise<Made[]> {
  const { stdout } = await promisify(execFile)("pulumi", ["stack", "export", "--stack", stack], {
    maxBuffer: 1 << 28,
  });
  const { deployment } = JSON.parse(stdout) as { deployment: { resources?: Resource[] } };
  return madeIn(deployment.resources ?? []);
}

/** What the engine's state holds of a resource. */
export interface Resource {
  urn: string;
  type: string;
  id?: string;
  /** URN and ID of the provider, parted by two colons. */
  provider?: string;
  inputs?: Record<string, unknown>;
}

export function madeIn(resources: readonly Resource[]): Made[] {
  const accountOf = ({ provider = "" }: Resource): string => {
    const { inputs } = resources.find(({ urn, id }) => `${urn}::${id}` === provider) ?? {};
    return /\d{12}/.exec(JSON.stringify(inputs?.allowedAccountIds ?? ""))?.[0] ?? "";
  };
  return resources.flatMap((one) => {
    const { urn, id, inputs = {} } = one;
    const type = /^aws:\w+\/\w+:(\w+)$/.exec(one.type)?.[1] as Kind;
    if (!Object.hasOwn(KINDS, type)) return [];
    const { policy, of } = KINDS[type];
    const text = inputs[policy];
    if (typeof text !== "string") return [];
    const resource = urn.split("::").at(-1)!;
    const source = sourceOf(resource, type);
    return [
      {
        resource,
        type,
        account: accountOf(one),
        // An ARN and a queue's URL end in the name.
        of: String({ ...inputs, id }[of]).replace(/^(arn:.*:|https?:.*\/)/, ""),
        name: String(inputs.name ?? "policy"),
        statements: [JSON.parse(text).Statement].flat() as Statement[],
        shared: urn.includes(":ResourceBasedAccess$"),
        ...(source && { source }),
      },
    ];
  });
}

/**
 * The line of the scenario that makes a resource's policy: that of the component's argument for it where there is one,
 * otherwise that of its name. Where no file spells the name, the file of its scenario.
 */
export function sourceOf(resource: string, type: Kind): string | undefined {
  const files = readdirSync(SCENARIOS)
    .filter((file) => file !== "index.ts")
    .map((file) => ({ path: join(SCENARIOS, file), text: readFileSync(join(SCENARIOS, file), "utf8") }));
  const at = (path: string, text: string, index: number) =>
    `${relative(PROJECT_DIRECTORY, path)}:${text.slice(0, index).split("\n").length}`;
  const { argument }: Holder = KINDS[type];
  // A component adds to its name: productionapp-policy is made by "productionapp".
  const names = resource.split("-").map((_, index, parts) => parts.slice(0, parts.length - index).join("-"));
  for (const name of names)
    for (const { path, text } of files) {
      const [, constant = name] = new RegExp(`^const (\\w+) = "${name}";`, "m").exec(text) ?? [];
      const made = `\\bnew [\\w.]+\\(\\s*(?:"${name}"|${constant}),|[\\s{](?:"${name}"|${name}): \\w+\\(`;
      const places = [...text.matchAll(new RegExp(made, "g"))].map((match) => {
        const end = match.index + match[0].length;
        const [own = ""] = text.slice(end).split(/\bnew /);
        const found = argument ? own.search(argument) : -1;
        return { named: end, argument: found < 0 ? undefined : end + found };
      });
      if (places.length === 0) continue;
      return at(path, text, places.find((place) => place.argument)?.argument ?? places[0]!.named);
    }
  const scenario = files.find(({ path }) =>
    resource.toLowerCase().includes(basename(path, ".ts").replaceAll("-", "")),
  );
  if (!scenario) return undefined;
  const { path, text } = scenario;
  const found = argument ? [...text.matchAll(new RegExp(argument, "g"))] : [];
  return found.length === 1 ? at(path, text, found[0]!.index) : relative(PROJECT_DIRECTORY, path);
}
