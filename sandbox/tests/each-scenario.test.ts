import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { SCENARIO_NAMES } from "../../infra/scenarios/registry";
import { commandArguments } from "../../tools/command-line";
import { stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY, type Rehearsal } from "../rehearsal";
import { rehearseCopy } from "./project";
import { DEPLOYMENT_TIMEOUT } from "./shell";

describe("each scenario alone", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "each-scenario-"));
  let rehearsal: Rehearsal;

  const run = (command: string, ...args: string[]) =>
    promisify(execFile)(command, args, {
      cwd: rehearsal.project,
      env: confined(rehearsal.environment),
      maxBuffer: 1 << 26,
    });

  before(async () => {
    rehearsal = await rehearseCopy(directory);
  });
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(directory, { recursive: true, force: true });
  });

  for (const scenario of SCENARIO_NAMES)
    it(`${scenario} is turned on, the one before it off, and its checks answer as expected`, async () => {
      const settings = readFileSync(join(PROJECT_DIRECTORY, "Pulumi.dev.yaml"), "utf8");
      const alone = settings.replace(/(scenarios:\n)(?: {4}- \w+\n)+/, `$1    - ${scenario}\n`);
      writeFileSync(join(rehearsal.project, "Pulumi.dev.yaml"), alone);
      const up = ["up", "--yes", "--skip-preview", "--stack", "dev", "--policy-pack", "policypack"];
      await run(rehearsal.tools.pulumi, ...up);
      const results = join(directory, "results.json");
      const { stdout } = await run(
        process.execPath,
        ...commandArguments("verify", "dev", "--results", results),
      );
      assert.match(stdout, new RegExp(`^${scenario}\n`));
      assert.match(stdout, /(\d+) of \1 checks as expected/);
    });
});
