import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { Statement } from "../../infra/access/policy";
import { askEngine } from "../deployment";

const PROJECT_DIRECTORY = join(__dirname, "../..");
const SCENARIOS = join(PROJECT_DIRECTORY, "infra/scenarios");

/** A type of resource that holds a policy. */
interface PolicyHolder {
  /** The inputs that hold the policy, and that say what it belongs to. */
  policy: string;
  of: string;
  /** The argument of the program's components that becomes the policy. */
  argument?: RegExp;
  /** Where requests are made to what it belongs to: the noun for it, and its name in an ARN. */
  noun?: string;
  arn?: RegExp;
}

const HOLDERS = {
  Role: {
    policy: "assumeRolePolicy",
    of: "name",
    argument: /\b(trust|assumeRolePolicy):/,
    noun: "role",
    arn: /:role\/(?:.+\/)?([^/]+)$/,
  },
  RolePolicy: { policy: "policy", of: "role", argument: /\bpermissions:/ },
  GroupPolicy: { policy: "policy", of: "group" },
  UserPolicy: { policy: "policy", of: "user" },
  BucketPolicy: {
    policy: "policy",
    of: "bucket",
    argument: /\bstatements:/,
    noun: "bucket",
    arn: /:s3:::([^/]+)/,
  },
  TopicPolicy: { policy: "policy", of: "arn", noun: "topic", arn: /:sns:[^:]*:\d+:([^:]+)/ },
  QueuePolicy: { policy: "policy", of: "queueUrl", noun: "queue", arn: /:sqs:[^:]*:\d+:([^:]+)$/ },
  RepositoryPolicy: {
    policy: "policy",
    of: "repository",
    noun: "repository",
    arn: /:ecr:[^:]*:\d+:repository\/(.+)$/,
  },
  RestApi: { policy: "policy", of: "id", noun: "API", arn: /:execute-api:[^:]*:\d+:([^/]+)/ },
} satisfies Record<string, PolicyHolder>;
export type HolderType = keyof typeof HOLDERS;

/** The resource of a request, where it can have a policy of its own that decides about the action. */
export interface PolicyTarget {
  type: HolderType;
  noun: string;
  name: string;
}
export function targetOf(action: string, on: string): PolicyTarget | undefined {
  for (const [type, { noun = "", arn }] of Object.entries<PolicyHolder>(HOLDERS) as [
    HolderType,
    PolicyHolder,
  ][]) {
    const [, name] = arn?.exec(on) ?? [];
    // A role's trust policy decides who assumes it, and nothing else about the role.
    if (name && (type === "Role") === action.startsWith("sts:")) return { type, noun, name };
  }
  return undefined;
}

/** A policy that the program deployed, and the line that defines it. */
export interface ManagedPolicy {
  /** Name of the resource in the stack, such as Developers-may-assume-UpdateApp. */
  resource: string;
  type: HolderType;
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

/** Every policy that a deployed stack manages, from the engine's state. */
export async function readManagedPolicies(stack: string): Promise<ManagedPolicy[]> {
  const { deployment } = (await askEngine(stack, ["stack", "export"])) as {
    deployment: { resources?: PolicyResource[] };
  };
  return findManagedPolicies(deployment.resources ?? []);
}

/** A resource in the engine's state. */
export interface PolicyResource {
  urn: string;
  type: string;
  id?: string;
  /** URN and ID of the provider, parted by two colons. */
  provider?: string;
  inputs?: Record<string, unknown>;
}

export function findManagedPolicies(resources: readonly PolicyResource[]): ManagedPolicy[] {
  const accountOf = ({ provider = "" }: PolicyResource): string => {
    const { inputs } = resources.find(({ urn, id }) => `${urn}::${id}` === provider) ?? {};
    return /\d{12}/.exec(JSON.stringify(inputs?.allowedAccountIds ?? ""))?.[0] ?? "";
  };
  return resources.flatMap((stateResource) => {
    const { urn, id, inputs = {} } = stateResource;
    const type = /^aws:\w+\/\w+:(\w+)$/.exec(stateResource.type)?.[1] as HolderType;
    if (!Object.hasOwn(HOLDERS, type)) return [];
    const { policy, of } = HOLDERS[type];
    const text = inputs[policy];
    if (typeof text !== "string") return [];
    const resource = urn.split("::").at(-1)!;
    const source = findSource(resource, type);
    return [
      {
        resource,
        type,
        account: accountOf(stateResource),
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

/** A scenario's source: a file of its own, or one in a folder of its own. */
interface SourceFile {
  path: string;
  /** The file's name, or the folder's, without hyphens. */
  scenario: string;
  text: string;
  /** The text of all files of the folder, where its constants are. */
  folderText: string;
}
/** The files of a scenario that create nothing. */
const NO_RESOURCES = new Set(["index.ts", "registry.ts", "names.ts", "settings.ts", "contract.ts"]);

function readScenarios(): SourceFile[] {
  const files = readdirSync(SCENARIOS, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, folder: dirname(file), text: readFileSync(join(SCENARIOS, file), "utf8") }));
  return files
    .filter(({ file }) => !NO_RESOURCES.has(basename(file)))
    .map(({ file, folder, text }) => ({
      path: join(SCENARIOS, file),
      scenario: (folder === "." ? basename(file, ".ts") : folder).replaceAll("-", ""),
      text,
      folderText: files
        .filter((other) => other.folder === folder)
        .map((other) => other.text)
        .join("\n"),
    }));
}

const lineOf = ({ path, text }: SourceFile, index: number) =>
  `${relative(PROJECT_DIRECTORY, path)}:${text.slice(0, index).split("\n").length}`;

/**
 * The line of the scenario that defines a resource's policy: that of the component's argument for it where there is one,
 * otherwise that of its name. Where no file spells the name, the file of its scenario.
 */
export function findSource(resource: string, type: HolderType): string | undefined {
  const files = readScenarios();
  const { argument }: PolicyHolder = HOLDERS[type];
  // A component adds to its name: productionapp-policy is made by "productionapp".
  const names = resource.split("-").map((_, index, parts) => parts.slice(0, parts.length - index).join("-"));
  for (const name of names)
    for (const file of files) {
      const places = findPlaces(file, name, argument);
      const [first] = places;
      if (first) return lineOf(file, places.find((place) => place.argument)?.argument ?? first.named);
    }
  const candidates = files.filter(({ scenario }) => resource.toLowerCase().includes(scenario));
  const places = candidates.flatMap((file) =>
    argument
      ? [...file.text.matchAll(new RegExp(argument, "g"))].map((match) => lineOf(file, match.index))
      : [],
  );
  const [place, ...more] = places;
  if (place && more.length === 0) return place;
  return candidates[0] && relative(PROJECT_DIRECTORY, candidates[0].path);
}

/** Where a text creates a resource of this name, and where the argument for its policy follows. */
function findPlaces({ text, folderText }: SourceFile, name: string, argument: RegExp | undefined) {
  const [, constant = name] =
    new RegExp(`^(?:export )?const (\\w+) = "${name}";`, "m").exec(folderText) ?? [];
  const creation = `\\bnew [\\w.]+\\(\\s*(?:"${name}"|${constant}),|[\\s{](?:"${name}"|${name}): \\w+\\(`;
  return [...text.matchAll(new RegExp(creation, "g"))].map((match) => {
    const end = match.index + match[0].length;
    const [own = ""] = text.slice(end).split(/\bnew /);
    const found = argument ? own.search(argument) : -1;
    return { named: end, argument: found < 0 ? undefined : end + found };
  });
}
