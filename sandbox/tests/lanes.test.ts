import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findTestFiles, LANE_NAMES, laneOf } from "../commands/lanes";
import { PROJECT_DIRECTORY } from "../rehearsal";

describe("the lanes of the tests", () => {
  const files = findTestFiles(PROJECT_DIRECTORY);

  it("have every test file, each in one lane, and no lane is empty", () => {
    assert.ok(files.length > 30, files.join());
    assert.equal(new Set(files).size, files.length);
    assert.deepEqual([...new Set(files.map(laneOf))].sort(), [...LANE_NAMES].sort());
    assert.throws(() => laneOf("elsewhere/some.test.ts"), /belongs to no lane/);
  });

  it("have a command each", () => {
    const { scripts } = JSON.parse(readFileSync(join(PROJECT_DIRECTORY, "package.json"), "utf8"));
    for (const lane of LANE_NAMES)
      assert.equal(scripts[`test:${lane}`], `node sandbox/bootstrap.mjs test ${lane}`);
  });

  it("deploy from copies of the project alone, because they run at the same time", () => {
    for (const file of files.filter((name) => /^sandbox\/tests\/(?!lanes)/.test(name)))
      assert.doesNotMatch(
        readFileSync(join(PROJECT_DIRECTORY, file), "utf8"),
        /\brehearse\((?!.*, project\))|cwd: PROJECT_DIRECTORY,\s+env: confined/,
        `${file}: use rehearseCopy`,
      );
  });
});
