import { UNKNOWN } from "./values";

/** Text cut to a length that a message can carry. */
export const truncate = (text: string, length = 160): string =>
  text.length > length ? `${text.slice(0, length)}…` : text;

/** A value as JSON for a message, with unknown values named. */
export function toShortJson(value: unknown): string {
  try {
    return truncate((JSON.stringify(value) ?? "nothing").replace(new RegExp(UNKNOWN, "g"), "(unknown)"));
  } catch {
    return "a value too deep to print"; // JSON.stringify recurses, findAccess does not
  }
}
