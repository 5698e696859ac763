/** Properties as plain JSON, and as the engine's protocol carries them. */
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** Properties of a resource, as plain JSON. */
export type Values = Record<string, unknown>;
export type Tags = Record<string, string>;

/** The value that the engine sends for what is not known before the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const hasUnknown = (value: unknown): boolean =>
  value === UNKNOWN || (typeof value === "object" && value !== null && Object.values(value).some(hasUnknown));

/** Where inputs list the properties that Check filled in. The official plugin has such a list in each nested object too. */
export const DEFAULTS = "__defaults";
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

function withoutNestedDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNestedDefaults);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== DEFAULTS);
  return Object.fromEntries(entries.map(([key, part]) => [key, withoutNestedDefaults(part)]));
}

/** Plain JSON of what the engine sends; what is null there is left out. */
export function toValues(struct: Struct | undefined): Values {
  const values = (struct?.toJavaScript() ?? {}) as Values;
  const given = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(
    given.map(([key, value]) => [key, key === DEFAULTS ? value : withoutNestedDefaults(value)]),
  );
}

export function toStruct(values: Values, secrets: string[] = []): Struct {
  const sealed = Object.entries(values).map(([key, value]) => {
    const secret = secrets.includes(key) && value !== undefined && value !== null;
    return [key, secret ? { ...SECRET, value } : value] as const;
  });
  // JSON drops what is undefined, which a Struct cannot hold.
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(Object.fromEntries(sealed))));
}
