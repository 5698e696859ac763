/** Values as the engine hands them over. */

export type ObjectFields = Record<string, unknown>;

/** Levels that are read; documents written by people have dozens. */
export const DEEPEST = 1000;

// Stand-ins that the engine sends for values unknown until update: boolean, number, string, array, asset, archive, object;
// and for a secret in a state file that it cannot decrypt (`pulumi policy analyze --file`).
export const UNKNOWN =
  /1c4a061d-8072-4f0a-a4cb-0ff528b18fe7|3eeb2bf0-c639-47a8-9e75-3b44932eb421|04da6b54-80e4-46f7-96ec-b56ff0331ba9|6a19a0b0-7e62-4c92-b797-7f8e31da9cc2|030794c1-ac77-496b-92df-f27374a8bd58|e48ece36-62e2-4504-bad9-02848725956a|dd056dcd-154b-4c76-9bd3-c8f88648b5ff|^\[secret\]$/;

/** Stand-in for any value not known before the update. */
export const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value as text; empty for an object, which need not even have a toString. */
export const textOf = (value: unknown): string => (typeof value === "object" ? "" : String(value));

// Part of each of these stand-ins: a search for it is several times faster, and most texts have nothing like it.
const LIKE_UNKNOWN = /-4[\da-f]{3}-|^\[secret\]$/;

/** True for a value that the engine does not know before the update, or a text with one in it. */
export const isUnknown = (value: unknown): boolean =>
  typeof value === "string" && LIKE_UNKNOWN.test(value) && UNKNOWN.test(value);

export const isFields = (value: unknown): value is ObjectFields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Items of a list and of the lists in it, in order; a list that YAML's anchors repeat once. Otherwise the value itself. */
export function* itemsOf(value: unknown): Generator<unknown> {
  const seen = new Set<unknown>();
  const todo = [value];
  while (todo.length > 0) {
    const item = todo.pop();
    if (!Array.isArray(item)) yield item;
    else if (!seen.has(item)) {
      seen.add(item);
      for (let i = item.length - 1; i >= 0; i--) todo.push(item[i]);
    }
  }
}
