import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Script } from "node:vm";
import { APPLICATION_SETTINGS, prefixed } from "../../infra/application/application";
import { SCENARIO_NAMES, scenarios } from "../../infra/scenarios/registry";
import { bucketName } from "../../infra/setting-rules";
import { isSetting } from "../../infra/settings";
import { UserError } from "../../infra/user-error";
import { importLine, type ScenarioNames, scenarioFiles, withScenario } from "./template";

/** The options of `npm run new-scenario`. */
export interface NewScenarioOptions {
  group?: string;
  bucket?: string;
}

const PROJECT_DIRECTORY = join(__dirname, "../..");
const SCENARIOS = join(PROJECT_DIRECTORY, "infra/scenarios");
const NAME = /^[A-Z][A-Za-z0-9]{1,31}$/;
const REGISTRY = join(SCENARIOS, "registry.ts");

/**
 * Writes the folder of a new scenario and registers it, and says what is left to a person.
 * @throws {UserError} where the name is none, or taken: nothing is ever overwritten.
 */
export function createScenario(name: string, options: NewScenarioOptions): void {
  const names = namesOf(name, options);
  const folder = join(SCENARIOS, names.folder);
  const taken = SCENARIO_NAMES.some((other) => other.toLowerCase() === name.toLowerCase());
  if (taken || existsSync(folder))
    throw new UserError(
      `${name}: found a scenario of that name, or ${relative(PROJECT_DIRECTORY, folder)}; expected another name. Nothing was written.`,
    );
  checkNames(names);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(scenarioFiles(names))) {
    writeFileSync(join(folder, file), text, { flag: "wx" });
    console.log(`Wrote    ${relative(PROJECT_DIRECTORY, join(folder, file))}`);
  }
  register(names);
  console.log(`
Next:
  1. Turn it on: add to the list cross-account-access:scenarios in Pulumi.dev.yaml
       - ${name}
  2. Deploy and check it:   npm run rehearse -- dev
  3. Make it yours:         permissions and uses in infra/scenarios/${names.folder}/application.ts
  4. Write the baseline:    npm run access -- dev
       in a shell of the sandbox, eval "$(npm run -s sandbox -- env dev)". A pull request needs access/dev.txt.
Its settings, each with a default: ${settingsOf(names).join(", ")}.
docs/your-own-application.md says what each means.`);
}

function register(names: ScenarioNames): void {
  const { camelCase, folder } = names;
  const file = relative(PROJECT_DIRECTORY, REGISTRY);
  const changed = withScenario(readFileSync(REGISTRY, "utf8"), names);
  if (changed === undefined) {
    console.log(
      `Add to   ${file}\n           ${importLine(camelCase, folder)}\n         and, in the list registry:\n           ${camelCase},`,
    );
    return;
  }
  writeFileSync(REGISTRY, changed);
  console.log(`Changed  ${file}: it lists ${camelCase}`);
}

const settingsOf = ({ camelCase }: ScenarioNames): string[] =>
  APPLICATION_SETTINGS.map((setting) => prefixed(camelCase, setting));

/** Names that the registry, every module or the stack's outputs have for something else. */
const RESERVED = new Set(["registry", "exports", "require", "undefined", "stack"]);

/** @throws {UserError} where the language, a setting or a stack output has one of the names already. */
function checkNames(names: ScenarioNames): void {
  const { name, camelCase } = names;
  const setting = [camelCase, ...settingsOf(names)].find(isSetting);
  const output = scenarios.find((scenario) => scenario.output === camelCase);
  const taken =
    (setting !== undefined && `the setting ${setting}`) ||
    (output && `the stack output ${camelCase}`) ||
    ((RESERVED.has(camelCase) || !isIdentifier(camelCase)) && `${camelCase}, which names something else`);
  if (taken)
    throw new UserError(
      `${name}: found ${taken}; expected another name, such as ${name}Reader. Nothing was written.`,
    );
}

/** Whether TypeScript lets a module name a constant so: it has a word such as `new` or `await` for itself. */
function isIdentifier(text: string): boolean {
  try {
    new Script(`"use strict"; async () => { const ${text} = 0; }`);
    return true;
  } catch {
    return false;
  }
}

/**
 * The names in a new scenario's files. Capitals together are one word: HRPortal is an hr portal.
 * @throws {UserError} where one is not what its place takes.
 */
export function namesOf(name: string, { group, bucket }: NewScenarioOptions): ScenarioNames {
  if (!NAME.test(name))
    throw new UserError(
      `found the name ${JSON.stringify(name)}; expected 2 to 32 letters and digits, each word with a capital, such as ${suggestion(name)}.`,
    );
  const words = name.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/);
  const [first = "", ...others] = words;
  const hyphenated = words.join("-").toLowerCase();
  const names = {
    name,
    camelCase: [first.toLowerCase(), ...others].join(""),
    folder: hyphenated,
    person: words.join(" ").toLowerCase(),
    group: group ?? `${name}s`,
    bucket: bucket ?? (hyphenated.length < 3 ? `${hyphenated}-bucket` : hyphenated),
  };
  // The name of the group's policy holds both, and has 128 characters at most.
  const longest = 128 - `-may-assume-${name}`.length;
  if (!/^[\w+=,.@-]+$/.test(names.group) || names.group.length > longest)
    throw new UserError(
      `--group: found ${JSON.stringify(names.group)}; expected the name of an IAM group, up to ${longest} letters, digits and +=,.@_-.`,
    );
  if (/\./.test(names.bucket) || bucketName(names.bucket).read(`${names.bucket}-000000000000`) === undefined)
    throw new UserError(
      `--bucket: found ${JSON.stringify(names.bucket)}; expected the beginning of a bucket's name, which ends in an account's ID: up to 50 lower-case letters, digits and hyphens.`,
    );
  return names;
}

/** What was probably meant by words that something else divides. */
function suggestion(name: string): string {
  const plain = name.normalize("NFD").replaceAll(/\p{M}/gu, "");
  const words = plain.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return NAME.test(joined) ? joined : "ReportReader";
}
