import { documentMeaning } from "./documents";

/** Without what says nothing: undefined, null, false, empty text, empty lists and objects. Keys in order. */
function withoutEmptyValues(value: unknown): unknown {
  if (value === null || value === false || value === "") return undefined;
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.length ? value.map(withoutEmptyValues) : undefined;
  const entries = Object.entries(value as object)
    .map(([key, part]) => [key, withoutEmptyValues(part)] as const)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => a.localeCompare(b));
  return entries.length ? Object.fromEntries(entries) : undefined;
}

export const isEmpty = (value: unknown): boolean => withoutEmptyValues(value) === undefined;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Of what AWS has, only the keys that the program gives, at any depth. */
export function subsetOf(have: unknown, want: unknown): unknown {
  if (Array.isArray(have) && Array.isArray(want)) return have.map((item, i) => subsetOf(item, want[i]));
  if (!isObject(have) || !isObject(want)) return have;
  const given = Object.entries(have).filter(([key]) => key in want);
  return Object.fromEntries(given.map(([key, value]) => [key, subsetOf(value, want[key])]));
}

const equal = (a: unknown, b: unknown) =>
  JSON.stringify(withoutEmptyValues(a)) === JSON.stringify(withoutEmptyValues(b));

const parsed = (text: unknown): unknown => {
  try {
    return JSON.parse(String(text));
  } catch {
    return text;
  }
};

/** A list in an order that follows from its values. */
const sortedSet = (value: unknown) =>
  Array.isArray(value) ? value.map((item) => JSON.stringify(withoutEmptyValues(item))).sort() : value;

const COMPARISONS = {
  document: (have: unknown, want: unknown) =>
    have && want ? documentMeaning(have) === documentMeaning(want) : equal(have, want),
  json: (have: unknown, want: unknown) => equal(have && parsed(have), want && parsed(want)),
  set: (have: unknown, want: unknown) => equal(sortedSet(have), sortedSet(want)),
  subset: (have: unknown, want: unknown) => equal(subsetOf(have, want), want),
};

export interface Compared {
  /**
   * How values are compared, if not as plain values. `document`: policy documents; `json`: text that holds JSON; `set`: in
   * any order; `subset`: the program gives some keys, AWS chooses the others.
   */
  compare?: keyof typeof COMPARISONS | ((have: unknown, want: unknown) => boolean);
}

/** Whether what AWS has means the same to it as what is wanted. */
export function same({ compare = equal }: Compared, have: unknown, want: unknown): boolean {
  return typeof compare === "string" ? COMPARISONS[compare](have, want) : compare(have, want);
}
