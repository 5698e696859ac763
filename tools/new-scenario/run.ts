import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { SCENARIO_NAMES } from "../../infra/scenarios/registry";
import { UserError } from "../../infra/user-error";
import { importLine, type ScenarioNames, scenarioFiles, withScenario } from "./template";

/** The options of `npm run new-scenario`. */
export interface NewScenarioOptions {
  group?: string;
  bucket?: string;
}

const PROJECT_DIRECTORY = join(__dirname, "../..");
const SCENARIOS = join(PROJECT_DIRECTORY, "infra/scenarios");
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
Its settings, each with a default: ${["RoleName", "TrustedGroup", "CreateTrustedGroup", "UntrustedGroup", "BucketName"].map((setting) => names.camelCase + setting).join(", ")}.
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

function namesOf(name: string, { group, bucket }: NewScenarioOptions): ScenarioNames {
  if (!/^([A-Z][a-z0-9]+){1,4}$/.test(name) || name.length > 32)
    throw new UserError(
      `found the name ${JSON.stringify(name)}; expected one to four words of letters, each with a capital, such as ReportReader.`,
    );
  const words = name.match(/[A-Z][a-z0-9]+/g)!.map((word) => word.toLowerCase());
  const names = {
    name,
    camelCase: name.charAt(0).toLowerCase() + name.slice(1),
    folder: words.join("-"),
    person: words.join(" "),
    group: group ?? `${name}s`,
    bucket: bucket ?? words.join("-"),
  };
  if (!/^[\w+=,.@-]{1,128}$/.test(names.group))
    throw new UserError(`--group: found ${JSON.stringify(group)}; expected the name of an IAM group.`);
  if (!/^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/.test(names.bucket))
    throw new UserError(
      `--bucket: found ${JSON.stringify(bucket)}; expected 3 to 50 lower-case letters, digits and hyphens.`,
    );
  return names;
}
