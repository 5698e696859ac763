import type { PolicyConfigSchema } from "@pulumi/policy";

type Schema = PolicyConfigSchema["properties"][string];

/** One setting of a policy: its schema, with its default, is checked by the engine before the first resource. */
export interface Setting<Value> {
  schema: Schema & { description: string; default: Schema["default"] & Value };
  /** Finds what the schema cannot describe; each mistake begins with its place inside the setting. */
  findMistakes?(value: Value): string[];
}

/** Settings of a policy, by name. */
export type Settings = Record<string, Setting<unknown>>;

export type ValuesOf<Own extends Settings> = {
  [Name in keyof Own]: Own[Name] extends Setting<infer Value> ? Value : never;
};

/** Setting of the policies that can judge VPC endpoint policies. */
export const endpointPolicies: Setting<"exempt" | "judge"> = {
  schema: {
    description: "Judge VPC endpoint policies too.",
    type: "string",
    enum: ["exempt", "judge"],
    default: "exempt",
  },
};

/** Schema of a policy's settings. */
export const schemaOf = (settings: Settings): PolicyConfigSchema => ({
  properties: Object.fromEntries(Object.entries(settings).map(([name, { schema }]) => [name, schema])),
});

/**
 * Reads the settings of a policy, with defaults filled in.
 *
 * @throws Error naming each setting that does not exist or has a mistake.
 */
export function readSettings<Own extends Settings>(
  policy: string,
  settings: Own,
  config: Record<string, unknown>,
): ValuesOf<Own> {
  const mistakes = Object.keys(config)
    .filter((name) => !Object.hasOwn(settings, name))
    .map((name) => `${name}: there is no such setting; there is ${Object.keys(settings).join(", ")}`);
  const values: Record<string, unknown> = {};
  for (const [name, { schema, findMistakes }] of Object.entries(settings)) {
    values[name] = config[name] ?? schema.default;
    mistakes.push(...(findMistakes?.(values[name]) ?? []).map((mistake) => `${name}${mistake}`));
  }
  if (mistakes.length === 0) return values as ValuesOf<Own>;
  throw new Error(
    `Settings of policy ${policy}:\n  ${mistakes.join("\n  ")}\nFix them in the pack's configuration file.`,
  );
}
