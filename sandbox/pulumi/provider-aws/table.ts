import type { Unwrap } from "@pulumi/pulumi";
import { documentMeaning } from "./documents";
import type { Session } from "./session";

/** Properties of a resource, as plain JSON. */
export type Values = Record<string, unknown>;
export type Tags = Record<string, string>;

/** The value that the engine sends for what is not known before the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

type Plain<V> = [Extract<V, string>] extends [never] ? V : Extract<V, string | undefined>;

/** A resource's inputs once they are known and checked: of @pulumi/aws's own type, documents as text. */
export type Inputs<Args> = { [K in keyof Args]: Plain<Unwrap<Args[K]>> } & { tagsAll: Tags };

export interface Property {
  required?: true;
  /** What AWS assumes when the program leaves it out. */
  default?: unknown;
  /** When the program leaves it out AWS chooses, or it is left as it is: no difference. */
  computed?: true;
  /** A change needs a new resource. */
  replace?: true;
  /** How values are compared, if not by their JSON. `subset`: the program gives some keys, AWS chooses the others. */
  compare?: "document" | "set" | "subset";
}

/** How a resource type maps to the AWS API. IDs are those of the official plugin, so that its imports work here. */
export interface ResourceType<Args = Values> {
  /** Service and thing, for messages: "IAM Role". */
  title: string;
  properties: { [K in keyof Args]?: Property };
  /** Known only after creation. */
  outputs?: string[];
  secrets?: string[];
  /** The property that the plugin makes up from the resource's logical name when the program leaves it out. */
  autoname?: { property: keyof Args & string; longest: number };
  /** The ID, where it follows from the inputs and the account's ID. */
  id?(inputs: Inputs<Args>, account: string): string;
  /**
   * Calls `created` once something exists that must not be lost if what follows fails, with the ID unless `id` tells it.
   */
  create(aws: Session, inputs: Inputs<Args>, created: (id?: string) => void): Promise<void>;
  /**
   * Reads back inputs and outputs; a property that AWS does not keep is left out. `known` is what was last known of the
   * resource, nothing at import. Undefined when the resource is gone; "not found" errors need not be caught.
   */
  read(aws: Session, id: string, known: Partial<Inputs<Args>>): Promise<Values | undefined>;
  /** Brings what can be changed in place from `old` to `inputs`. Without it every change replaces. */
  update?(aws: Session, id: string, inputs: Inputs<Args>, old: Inputs<Args>): Promise<void>;
  /** "Not found" errors need not be caught. */
  delete(aws: Session, id: string, state: Inputs<Args>): Promise<void>;
}

/** A table entry whose properties are checked against the arguments that @pulumi/aws declares for it. */
export const resource = <Args>(type: ResourceType<Args>): ResourceType => type as unknown as ResourceType;

export const required = { required: true } as const;
export const fixed = { required: true, replace: true } as const;
export const document = { required: true, compare: "document" } as const;
export const named = { computed: true, replace: true } as const;
/** Of resources that live in a region: the provider's, unless the program names another. */
export const region = { computed: true, replace: true } as const;
/** Set by the program alone: AWS does not know of it. */
export const ours = (value: unknown) => ({ default: value }) as const;

export const keyValues = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
export const fromKeyValues = (
  tags: { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Tags =>
  Object.fromEntries(
    (tags ?? [])
      .map(({ Key = "", Value = "" }) => [Key, Value] as const)
      .filter(([key]) => !key.startsWith("aws:")),
  );

/** All items of a paginated answer. */
export async function collect<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => Item[] | undefined,
): Promise<Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...(items(page) ?? []));
  return all;
}

/** Calls `put` for tags that are new or changed and `remove` for keys that are gone, each only when there are any. */
export async function retag(
  old: Tags | undefined,
  now: Tags,
  put: (tags: Tags) => Promise<unknown>,
  remove: (keys: string[]) => Promise<unknown>,
): Promise<void> {
  const gone = Object.keys(old ?? {}).filter((key) => !(key in now));
  const changed = Object.fromEntries(Object.entries(now).filter(([key, value]) => old?.[key] !== value));
  if (gone.length) await remove(gone);
  if (Object.keys(changed).length) await put(changed);
}

export const hasUnknown = (value: unknown): boolean =>
  value === UNKNOWN || (typeof value === "object" && value !== null && Object.values(value).some(hasUnknown));

/** Without what says nothing: undefined, null, false, empty text, empty lists and objects. Keys in order. */
function essence(value: unknown): unknown {
  if (value === null || value === false || value === "") return undefined;
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.length ? value.map(essence) : undefined;
  const entries = Object.entries(value as object)
    .map(([key, part]) => [key, essence(part)] as const)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => a.localeCompare(b));
  return entries.length ? Object.fromEntries(entries) : undefined;
}

export const isEmpty = (value: unknown): boolean => essence(value) === undefined;

/** Whether what AWS has means the same to it as what is wanted. */
export function same(property: Property, a: unknown, b: unknown): boolean {
  if (property.compare === "document" && a && b) return documentMeaning(a) === documentMeaning(b);
  if (property.compare === "subset" && typeof a === "object" && a && b)
    a = Object.fromEntries(Object.entries(a).filter(([key]) => key in (b as object)));
  const set = (value: unknown) =>
    property.compare === "set" && Array.isArray(value) ? [...value].sort() : value;
  return JSON.stringify(essence(set(a))) === JSON.stringify(essence(set(b)));
}
