import type { Unwrap } from "@pulumi/pulumi";
import type { Compared } from "./compare";
import type { AwsConnection } from "./connection";
import type { Tags, Values } from "./values";

type Plain<V> = [Extract<V, string>] extends [never] ? V : Extract<V, string | undefined>;

/** A resource's inputs once they are known and checked: of @pulumi/aws's own type, documents as text. */
export type ResourceInputs<Args> = { [K in keyof Args]: Plain<Unwrap<Args[K]>> } & { tagsAll: Tags };

export interface Property extends Compared {
  required?: true;
  /** What AWS assumes when the program leaves it out. */
  default?: unknown;
  /** When the program leaves it out AWS chooses, or it is left as it is: no difference. */
  computed?: true;
  /** A change needs a new resource: always, or where this says so. */
  replace?: true | ((have: unknown, want: unknown, inputs: Values) => boolean);
}

export interface Autoname<Name extends string = string> {
  property: Name;
  /** The property that gives a name's beginning instead, if not `namePrefix`. */
  prefix?: string;
  longest: number;
  /** The name as its service asks for it, made of the name that was made up. */
  complete?(name: string, inputs: Values): string;
}

export interface ImportedResource {
  id: string;
  properties: Values;
}

/** How a resource type maps to the AWS API. IDs are those of the official plugin, so that its imports work here. */
export interface ResourceType<Args = Values> {
  /** Service and thing, for messages: "IAM Role". */
  title: string;
  properties: { [K in keyof Args]?: Property };
  /** Known only after creation. */
  outputs?: string[];
  /** Of the official plugin's state of this type, where it is not 0. */
  schemaVersion?: number;
  secrets?: string[];
  /** The property that the plugin makes up from the resource's logical name when the program leaves it out. */
  autoname?: Autoname<keyof Args & string>;
  /**
   * What an import's ID says where it is not the resource's own ID, or where reading needs more: the ID, and properties.
   */
  import?(connection: AwsConnection, id: string): Promise<ImportedResource> | ImportedResource;
  /** The ID, where it follows from the inputs and the account's ID. */
  id?(inputs: ResourceInputs<Args>, account: string): string;
  /**
   * Calls `created` once something exists that must not be lost if what follows fails, with the ID unless `id` gives it.
   */
  create(
    connection: AwsConnection,
    inputs: ResourceInputs<Args>,
    created: (id?: string) => void,
  ): Promise<void>;
  /**
   * Reads back inputs and outputs; a property that AWS does not keep is left out. `known` is what was last known of the
   * resource, nothing at import. Undefined when the resource no longer exists; "not found" errors need not be caught.
   */
  read(
    connection: AwsConnection,
    id: string,
    known: Partial<ResourceInputs<Args>>,
  ): Promise<Values | undefined>;
  /** Brings what can be changed in place from `old` to `inputs`. Without it every change replaces. */
  update?(
    connection: AwsConnection,
    id: string,
    inputs: ResourceInputs<Args>,
    old: ResourceInputs<Args>,
  ): Promise<void>;
  /** "Not found" errors need not be caught. */
  delete(connection: AwsConnection, id: string, state: ResourceInputs<Args>): Promise<void>;
}

/** A table entry whose properties are checked against the arguments that @pulumi/aws declares for it. */
export const resource = <Args>(type: ResourceType<Args>): ResourceType => type as unknown as ResourceType;

export const required = { required: true } as const;
export const fixed = { required: true, replace: true } as const;
export const document = { required: true, compare: "document" } as const;
export const named = { computed: true, replace: true } as const;
/** What a resource says of where it lives: the provider's region, unless it names another. */
export interface Regional {
  region?: string | undefined;
}

/** Of resources that live in a region: the provider's, unless the program names another. */
export const region = { computed: true, replace: true } as const;
/** Set by the program alone: AWS does not know of it. */
export const providerOnly = (value: unknown) => ({ default: value }) as const;

export const keyValues = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
export const fromKeyValues = (
  tags: { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Tags =>
  Object.fromEntries(
    (tags ?? [])
      .map(({ Key = "", Value = "" }) => [Key, Value] as const)
      .filter(([key]) => !key.startsWith("aws:")),
  );

/** A time as the official plugin writes it. */
export const iso = (date: Date | undefined) => date?.toISOString().replace(/\.\d+Z$/, "Z");

/** All items of a paginated answer. */
export async function collectPages<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => Item[] | undefined,
): Promise<Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...(items(page) ?? []));
  return all;
}

/** Calls `put` for new and changed tags and `remove` for keys that no longer exist, each only when there are any. */
export async function retag(
  old: Tags | undefined,
  now: Tags,
  put: (tags: Tags) => Promise<unknown>,
  remove: (keys: string[]) => Promise<unknown>,
): Promise<void> {
  const removed = Object.keys(old ?? {}).filter((key) => !(key in now));
  const changed = Object.fromEntries(Object.entries(now).filter(([key, value]) => old?.[key] !== value));
  if (removed.length) await remove(removed);
  if (Object.keys(changed).length) await put(changed);
}
