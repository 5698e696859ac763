import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Settings } from "../../infra/settings";
import { UserError } from "../../infra/user-error";
import { readResources } from "../deployment";
import { readStackSettings } from "../stack-settings";
import { formatBaseline, formatFacts, parseBaseline } from "./baseline";
import { compareAccess } from "./difference";
import { type Fact, isGrant, UNREADABLE } from "./facts";
import { type AccessReport, markdownReport, textReport } from "./report";
import { type AccessModel, type AccountNames, readState } from "./state";

const PROJECT_DIRECTORY = join(__dirname, "../..");
export const baselineFile = (stack: string): string => join(PROJECT_DIRECTORY, "access", `${stack}.txt`);

/** The options of `npm run access`. */
export interface AccessOptions {
  check?: true;
  base?: string;
  markdown?: string;
}

/** The words for a stack's accounts, by ID. */
export const accountNames = ({ trustingAccountId, trustedAccountId }: Settings): AccountNames => ({
  [trustingAccountId]: "trusting",
  [trustedAccountId]: "trusted",
});

/** All that a deployed stack says about access. */
export async function readModel(stack: string): Promise<AccessModel> {
  const resources = await readResources(stack);
  if (!resources.some(({ custom, type }) => custom && !type.startsWith("pulumi:")))
    throw new UserError(
      `stack ${stack} has no resources: nothing is deployed. Rehearse it: npm run rehearse -- ${stack}`,
    );
  return readState(resources, accountNames(readStackSettings(stack)));
}

/** The facts of a baseline's file; undefined where there is none. @throws {UserError} where it cannot be read. */
export function readBaseline(file: string): Fact[] | undefined {
  // An empty file is that of a base without one.
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text === "" ? undefined : parseText(file, text);
}

/** Writes a stack's baseline, or compares what is deployed with it. Exit code 1: the committed file differs. */
export async function runAccess(stack: string, options: AccessOptions): Promise<number> {
  const model = await readModel(stack);
  const file = baselineFile(stack);
  const committed = existsSync(file) ? readFileSync(file, "utf8") : "";
  const deployed = formatBaseline(stack, model.facts);
  if (!options.check) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, deployed);
  }
  const report = reportOf(stack, model, {
    committed: options.check ? committed : deployed,
    deployed,
    base: options.base,
  });
  if (options.markdown) writeFileSync(options.markdown, markdownReport(report));
  console.log(textReport(report));
  return report.isAsCommitted ? 0 : 1;
}

interface Texts {
  committed: string;
  deployed: string;
  base: string | undefined;
}

function reportOf(stack: string, model: AccessModel, { committed, deployed, base }: Texts): AccessReport {
  const options = { accounts: accountNames(readStackSettings(stack)), statements: model.statements };
  const file = baselineFile(stack);
  const committedFacts = committed === "" ? [] : parseText(file, committed);
  const unreadable = formatFacts(model.facts.filter((fact) => !isGrant(fact) && fact.value === UNREADABLE));
  const changesSince = (name: string) => {
    const facts = readBaseline(name);
    return facts ? compareAccess(facts, model.facts, options) : "none";
  };
  return {
    stack,
    file: relative(PROJECT_DIRECTORY, file),
    unreadable,
    isAsCommitted: committed === deployed && unreadable.length === 0,
    sinceCommitted: compareAccess(committedFacts, model.facts, options),
    sinceBase: base === undefined ? undefined : changesSince(base),
    lines: lineDifference(committed, deployed),
  };
}

function parseText(file: string, text: string): Fact[] {
  try {
    return parseBaseline(text);
  } catch (error) {
    throw new UserError(`${relative(PROJECT_DIRECTORY, file)}: ${(error as Error).message}`);
  }
}

/** Lines that only one of two sorted texts has, as a diff writes them. */
function lineDifference(before: string, after: string): string[] {
  const [old, now] = [before, after].map((text) => text.split("\n").filter((line) => line !== ""));
  return [
    ...old!.filter((line) => !now!.includes(line)).map((line) => `- ${line}`),
    ...now!.filter((line) => !old!.includes(line)).map((line) => `+ ${line}`),
  ].sort((left, right) => (left.slice(2) < right.slice(2) ? -1 : 1));
}
