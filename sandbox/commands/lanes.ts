import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The lanes that tests run in, each with the files that belong to it: the first that fits counts. */
const LANES = {
  browser: [/^tests\/unit\/report\.test\.ts$/],
  unit: [/^tests\/unit\//, /^sandbox\/tests\/(lock|lanes)\.test\.ts$/],
  pack: [/^tests\/policies\//],
  workflows: [/^sandbox\/tests\/workflows\.test\.ts$/],
  gateway: [/^sandbox\/tests\/(gateway|trust)/, /^sandbox\/gateway\//],
  engine: [/^sandbox\//],
};

export type Lane = keyof typeof LANES;

export const LANE_NAMES = Object.keys(LANES) as Lane[];

/** Files that take minutes: started first, so that none of them runs alone at the end. */
const SLOW_FILES = [
  "sandbox/tests/engine.test.ts",
  "sandbox/tests/rehearsal.test.ts",
  "sandbox/tests/explain.test.ts",
  "sandbox/tests/pull-request.test.ts",
  "sandbox/tests/each-scenario.test.ts",
  "sandbox/tests/deployer.test.ts",
  "sandbox/tests/new-scenario.test.ts",
  "sandbox/tests/engine-official.test.ts",
  "sandbox/tests/engine-applications.test.ts",
  "sandbox/tests/policy-pack.test.ts",
  "sandbox/tests/settings-file.test.ts",
  "sandbox/tests/to-real-accounts.test.ts",
  "sandbox/tests/access-package.test.ts",
  "sandbox/tests/permission-sets.test.ts",
  "sandbox/tests/scenarios.test.ts",
  "tests/policies/mutations.test.ts",
  "tests/policies/properties.test.ts",
];

/** @throws {Error} where a test file belongs to no lane. */
export function laneOf(file: string): Lane {
  const lane = LANE_NAMES.find((name) => LANES[name].some((pattern) => pattern.test(file)));
  if (!lane) throw new Error(`${file} belongs to no lane of sandbox/commands/lanes.ts`);
  return lane;
}

/** The test files of a project by their paths in it, the slow ones first. */
export function findTestFiles(project: string): string[] {
  const files = ["tests", "tools", "infra", "policypack", "sandbox"].flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.ts") && !name.includes("node_modules"))
      .map((name) => join(folder, name)),
  );
  const rank = (file: string) => SLOW_FILES.indexOf(file) + 1 || SLOW_FILES.length + 1;
  return files.sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
}
