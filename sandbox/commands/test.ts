import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../infra/user-error";
import { addCommand, type CommandDefinition } from "../../tools/command-line";
import { showDetail } from "../../tools/details";
import { PROJECT_DIRECTORY } from "../rehearsal";
import { actionlint, toolchain, zizmor } from "../toolchain";
import type { Counts } from "./lane-reporter";
import { findTestFiles, LANE_NAMES, type Lane, laneOf } from "./lanes";
import { report, say } from "./say";

interface TestOptions {
  grep?: string;
  jobs: string;
  watch?: true;
}

export const testCommand: CommandDefinition = (program) =>
  addCommand(
    program,
    "test",
    "Runs tests. Without a lane: all of them, and what else CI asks (format, lint, types).",
  )
    .usage("-- [options] [lane...]")
    .argument("[lane...]", `lanes to run: ${LANE_NAMES.join(", ")}`)
    .option("--grep <pattern>", "run only the tests whose name fits")
    .option("--jobs <number>", "test files that run at the same time", String(availableParallelism()))
    .option("--watch", "run the lanes again whenever a source changes")
    .action(async (lanes: string[], options: TestOptions) => {
      const chosen = lanes.map(readLane);
      process.exitCode = options.watch ? await watch(chosen) : await test(chosen, options);
    });

function readLane(name: string): Lane {
  const lane = LANE_NAMES.find((one) => one === name);
  if (!lane) throw new UserError(`There is no lane ${name}; there are ${LANE_NAMES.join(", ")}.`);
  return lane;
}

/** The lanes whose tests need an engine, a sandbox or another tool. */
const NEEDS_TOOLCHAIN: readonly Lane[] = ["gateway", "engine"];

async function test(chosen: readonly Lane[], { grep, jobs }: TestOptions): Promise<number> {
  const started = Date.now();
  const lanes = chosen.length > 0 ? chosen : LANE_NAMES;
  await Promise.all([
    lanes.some((lane) => NEEDS_TOOLCHAIN.includes(lane)) && toolchain(report),
    lanes.includes("workflows") && Promise.all([actionlint(report), zizmor(report)]),
  ]);
  const folder = mkdtempSync(join(tmpdir(), "test-"));
  try {
    const output = join(folder, "counts.json");
    const options = [
      ...["--reporter", join(__dirname, "lane-reporter.ts"), "--reporter-option", `output=${output}`],
      ...(Number(jobs) > 1 ? ["--parallel", "--jobs", jobs] : []),
      ...(grep ? ["--grep", grep] : []),
    ];
    const [lint, mocha] = await Promise.all([
      chosen.length === 0 ? runCommand("npm", "run", "--silent", "lint") : 0,
      runMocha(lanes, options),
    ]);
    const counts: Partial<Record<Lane, Counts>> = existsSync(output)
      ? JSON.parse(readFileSync(output, "utf8"))
      : {};
    const failures = [
      ...(lint === 0 ? [] : ["lint failed: npm run lint"]),
      ...(mocha === 0 ? [] : [`the tests ended with exit code ${mocha}`]),
      ...lanes.filter((lane) => !counts[lane] && !grep).map((lane) => `lane ${lane} ran no test`),
    ];
    return summarize(counts, failures, Date.now() - started);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints what each lane counted, what else failed, and all counts in the last line; gives the exit code. */
function summarize(
  counts: Partial<Record<Lane, Counts>>,
  failures: readonly string[],
  milliseconds: number,
): number {
  const total: Counts = { passed: 0, failed: 0, skipped: 0, seconds: 0 };
  say(
    `\n${"lane".padEnd(10)}${["passed", "failed", "skipped", "seconds"].map((name) => name.padStart(9)).join("")}`,
  );
  for (const [lane, { passed, failed, skipped, seconds }] of Object.entries(counts)) {
    say(
      `${lane.padEnd(10)}${[passed, failed, skipped, Math.round(seconds)].map((count) => String(count).padStart(9)).join("")}`,
    );
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  for (const failure of failures) say(`✘ ${failure}`);
  say(`\nin ${Math.round(milliseconds / 1000)} s`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 || total.passed === 0 || failures.length > 0 ? 1 : 0;
}

const watch = (chosen: readonly Lane[]): Promise<number> =>
  runMocha(chosen.length > 0 ? chosen : ["unit"], [
    ...[
      "--watch",
      "--watch-files",
      "infra/**/*.ts,tools/**/*.ts,policypack/**/*.ts,tests/**/*.ts,sandbox/**/*.ts",
    ],
  ]);

const runMocha = (lanes: readonly Lane[], options: readonly string[]): Promise<number> =>
  runCommand(
    process.execPath,
    require.resolve("mocha/bin/mocha.js"),
    ...options,
    ...findTestFiles(PROJECT_DIRECTORY).filter((file) => lanes.includes(laneOf(file))),
  );

function runCommand(command: string, ...args: string[]): Promise<number> {
  showDetail("command", `${command} ${args.join(" ")}`);
  // bootstrap.mjs has made the policy pack: tests that run at the same time must not make it again.
  const env = { ...process.env, POLICY_PACK_IS_MADE: "true", SANDBOX_OWNER: String(process.pid) };
  return new Promise((resolve) =>
    spawn(command, args, { cwd: PROJECT_DIRECTORY, stdio: "inherit", env }).on("close", (code) =>
      resolve(code ?? 130),
    ),
  );
}
