import type { PolicyConfigSchema } from "@pulumi/policy";
import { CALLER_KEYS, isFixed } from "./conditions";

/** A resource that a policy lets be, on record. Patterns take `*` for any text; all that are given must match. */
export interface Exemption {
  type?: string;
  name?: string;
  urn?: string;
  reason: string;
  /** Last day that it holds, in UTC: 2026-12-31. */
  expires?: string;
}

/** Every setting of every policy of the pack; each policy has a few of them. */
export interface Settings {
  exemptions: Exemption[];
  acceptedConditions: Record<string, string[]>;
  endpointPolicies: "exempt" | "judge";
  trustedAccounts: string[];
  trustedOrganizations: string[];
  servicesWithoutSource: string[];
}

type Properties = PolicyConfigSchema["properties"];

const pattern = { type: "string", minLength: 1 } as const;
const strings = (each?: string) =>
  ({ type: "array", items: { type: "string", ...(each && { pattern: each }) }, default: [] }) as const;

/** Schema of every setting, checked by the engine before the first resource, with its default. */
const SCHEMA = {
  exemptions: {
    description:
      "Resources that this policy lets be, by type, name or URN pattern, each with a reason and an optional last day.",
    type: "array",
    default: [],
    items: {
      type: "object",
      properties: {
        type: pattern,
        name: pattern,
        urn: pattern,
        reason: pattern,
        expires: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\d$" },
      },
      required: ["reason"],
      additionalProperties: false,
    },
  },
  acceptedConditions: {
    description:
      "Condition keys that narrow a wildcard, each with the values that count; an empty list counts any fixed value.",
    type: "object",
    default: {},
    propertyNames: { enum: CALLER_KEYS },
    additionalProperties: { type: "array", items: { type: "string", minLength: 1 } },
  },
  endpointPolicies: {
    description: "Judge VPC endpoint policies too.",
    type: "string",
    enum: ["exempt", "judge"],
    default: "exempt",
  },
  trustedAccounts: { description: "12-digit IDs of accounts that may be let in.", ...strings("^\\d{12}$") },
  trustedOrganizations: {
    description: "IDs of organizations whose members may be let in.",
    ...strings("^o-[a-z0-9]{10,32}$"),
  },
  servicesWithoutSource: {
    description: "Service principals that never send aws:SourceArn or aws:SourceAccount.",
    ...strings(),
    default: [
      "ec2.amazonaws.com",
      "ec2.amazonaws.com.cn",
      "edgelambda.amazonaws.com",
      "lambda.amazonaws.com",
    ],
  },
} satisfies Record<keyof Settings, Properties[string]>;

/** Schema of the settings that a policy has. */
export const schemaOf = (names: (keyof Settings)[]): PolicyConfigSchema => ({
  properties: Object.fromEntries(names.map((name) => [name, SCHEMA[name]])),
});

/**
 * A policy's settings with defaults filled in.
 *
 * @throws Error naming each setting that does not exist or cannot be (what the schema cannot say, the engine does not check).
 */
export function readSettings(
  policy: string,
  names: (keyof Settings)[],
  config: Record<string, unknown>,
): Settings {
  const wrong = Object.keys(config)
    .filter((name) => !(names as string[]).includes(name))
    .map((name) => `${name}: there is no such setting; there is ${names.join(", ")}`);
  const settings = Object.fromEntries(
    Object.entries(SCHEMA).map(([name, one]) => [name, config[name] ?? one.default]),
  ) as unknown as Settings;
  for (const [i, { type, name, urn, expires }] of settings.exemptions.entries()) {
    if (!(type ?? name ?? urn)) wrong.push(`exemptions[${i}]: give a type, name or urn pattern`);
    if (expires !== undefined && new Date(`${expires}T00:00:00Z`).toJSON()?.slice(0, 10) !== expires)
      wrong.push(`exemptions[${i}].expires: "${expires}" is no day; write one as 2026-12-31`);
  }
  for (const [key, values] of Object.entries(settings.acceptedConditions))
    for (const value of values)
      if (!isFixed(value, key.toLowerCase()))
        wrong.push(
          `acceptedConditions.${key}: "${value}" never counts, since it is no single value or too wide`,
        );
  if (wrong.length === 0) return settings;
  throw new Error(
    `Settings of policy ${policy}:\n  ${wrong.join("\n  ")}\nMend them in the pack's configuration file.`,
  );
}
