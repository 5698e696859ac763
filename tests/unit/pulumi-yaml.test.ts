import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { SettingRule } from "../../infra/setting-rules";
import { stackRules } from "../../infra/stack-settings";

const PREFIX = "cross-account-access:";

interface Declared {
  type?: "string" | "integer" | "boolean" | "array";
  description: string;
  default?: unknown;
}

const project = parse(readFileSync(join(__dirname, "../../Pulumi.yaml"), "utf8"));
const own = (config: Record<string, Declared>): Record<string, Declared> =>
  Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, declared]) => [key.slice(PREFIX.length), declared]),
  );
const rules = Object.entries(stackRules) as [string, SettingRule<unknown>][];
/** The default of a setting as a stack's file writes it: it depends on no other setting. */
const isConstant = ({ default: defaultOf }: SettingRule<unknown>): boolean =>
  defaultOf !== undefined &&
  JSON.stringify(defaultOf({})) === JSON.stringify(defaultOf({ trustedPermissionSets: '["Developers"]' }));
/** A value as the engine hands it to the program. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const typeOf = (value: unknown) => {
  if (Array.isArray(value)) return "array";
  return typeof value === "number" ? "integer" : typeof value;
};

describe("Pulumi.yaml", () => {
  it("declares each setting of every stack that has a constant default, in the words of its rule", () => {
    const declared = own(project.config);
    assert.deepEqual(
      Object.keys(declared).sort(),
      rules
        .filter(([, rule]) => isConstant(rule))
        .map(([name]) => name)
        .sort(),
    );
    for (const [name, rule] of rules.filter(([, rule]) => isConstant(rule))) {
      const { type, description, default: value } = declared[name]!;
      assert.equal(description, rule.expected, name);
      assert.equal(type, typeOf(value), name);
      assert.deepEqual(rule.read(textOf(value)), rule.default!({}), name);
    }
  });

  it("has pulumi new ask for what no stack can do without, and for the profiles", () => {
    const asked = own(project.template.config);
    const needed = rules.filter(([name, rule]) => !rule.default || name.endsWith("Profile"));
    assert.deepEqual(Object.keys(asked).sort(), needed.map(([name]) => name).sort());
    for (const [name, rule] of needed) {
      assert(asked[name]!.description.endsWith(`: ${rule.expected}`), name);
      assert.equal(asked[name]!.default, rule.default?.({}), name);
    }
  });
});
