import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSettings, type Settings } from "../infra/settings";
import { stackRules } from "../infra/stack-settings";
import { UserError } from "../infra/user-error";
import { parseStackFile } from "./stack-file";

/**
 * The settings in a stack's file, read without the engine.
 * @throws {UserError} where there is no such stack.
 * @throws {SettingsError} naming every mistake at once.
 */
export function readStackSettings(stack: string): Settings {
  return parseSettings(stack, readConfig(stack));
}

/**
 * What every stack's settings say, as far as they are right.
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
  return parseStackFile(stack, readFileSync(file, "utf8"));
}
