import type { PolicyConfigSchema } from "@pulumi/policy";

type Schema = PolicyConfigSchema["properties"][string];

/** One setting of a policy: its schema, with its default, is checked by the engine before the first resource. */
export interface PolicySetting<Value> {
  schema: Schema & { description: string; default: Schema["default"] & Value };
  /** Finds what the schema cannot describe; each mistake begins with its place inside the setting. */
  findMistakes?(value: Value): string[];
}

/** Settings of a policy, by name. */
export type PolicySettings = Record<string, PolicySetting<unknown>>;

export type ValuesOf<Own extends PolicySettings> = {
  [Name in keyof Own]: Own[Name] extends PolicySetting<infer Value> ? Value : never;
};

/** Setting of the policies that can judge VPC endpoint policies. */
export const endpointPolicies: PolicySetting<"exempt" | "judge"> = {
  schema: {
    description: "Judge VPC endpoint policies too.",
    type: "string",
    enum: ["exempt", "judge"],
    default: "exempt",
  },
};

/** Schema of a policy's settings. */
export const schemaOf = (settings: PolicySettings): PolicyConfigSchema => ({
  properties: Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, schema])),
});

/** Values of a policy's settings, with defaults filled in. */
export const readSettings = <Own extends PolicySettings>(
  settings: Own,
  config: Record<string, unknown>,
): ValuesOf<Own> =>
  Object.fromEntries(
    Object.entries(settings).map(([name, { schema }]) => [name, config[name] ?? schema.default]),
  ) as ValuesOf<Own>;

/** Finds each setting that does not exist or has a mistake; types are checked by the engine already. */
export function findMistakes(
  policy: string,
  settings: PolicySettings,
  config: Record<string, unknown>,
): string[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (!setting)
      return [
        `${policy}.${name}: there is no such setting; there is ${Object.keys(settings).join(", ") || "none"}`,
      ];
    return (setting.findMistakes?.(value) ?? []).map((mistake) => `${policy}.${name}${mistake}`);
  });
}

/** Mistakes in a list of texts: those that are not of the form. */
export const notOfForm =
  (form: RegExp, meaning: string) =>
  (list: string[]): string[] =>
    list.flatMap((text, i) => (form.test(text) ? [] : [`[${i}]: "${text}" is not ${meaning}`]));
