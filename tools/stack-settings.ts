import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Settings } from "../infra/settings";
import { stackRules } from "../infra/stack-settings";
import { UserError } from "../infra/user-error";

const PREFIX = "cross-account-access:";

/**
 * The settings in a stack's file, read without the engine.
 * @throws {UserError} where there is no such stack.
 * @throws {SettingsError} naming every mistake at once.
 */
export function readStackSettings(stack: string): Settings {
  const { parseSettings } = require("../infra/settings") as typeof import("../infra/settings");
  return parseSettings(stack, readConfig(stack));
}

/**
 * What every stack's settings say, as far as they are right. It takes no scenario, which would load Pulumi's libraries.
 * @throws {UserError} where there is no such stack.
 */
export function readStackFacts(stack: string): Readonly<Record<string, unknown>> {
  const config = readConfig(stack);
  const facts = Object.entries(stackRules).map(([name, rule]) => {
    const text = config[name];
    return [name, text === undefined ? rule.default?.(config) : rule.read(text)];
  });
  return { stack, ...Object.fromEntries(facts) };
}

/** The project's part of a stack's file, each value as the engine hands it over. */
function readConfig(stack: string): Record<string, string> {
  const name = `Pulumi.${stack}.yaml`;
  const file = join(__dirname, "..", name);
  if (!existsSync(file))
    throw new UserError(`There is no ${name}, so no stack ${stack}. Copy Pulumi.prod.yaml to begin with.`);
  const config: Record<string, unknown> = parse(readFileSync(file, "utf8"))?.config ?? {};
  const own = Object.entries(config).filter(([key]) => key.startsWith(PREFIX));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(PREFIX.length), textOf(value)]));
}

/** A value as the engine hands it over; of a secret there is none. */
function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return "secure" in value ? "secret" : JSON.stringify(value);
}
