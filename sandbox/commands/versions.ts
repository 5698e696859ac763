import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import { UserError } from "../../infra/user-error";
import { addCommand, type CommandDefinition } from "../../tools/command-line";
import { PROJECT_DIRECTORY } from "../rehearsal";
import { BUILT_VERSION, buildNewestPulumiCli, buildPulumiCli, versionOf } from "../toolchain";
import { report, say } from "./say";

const WORKFLOW = ".github/workflows/pull-request.yml";

/** A row of the workflow's matrix: the versions of Node.js, @pulumi/pulumi and the Pulumi CLI. */
export interface Versions {
  node: string;
  sdk: string;
  cli: string;
}

export const versionsCommand: CommandDefinition = (program) =>
  addCommand(
    program,
    "test:versions",
    `Runs the job \`versions\` of ${WORKFLOW} on this machine, in a clone of the last commit for each row of its matrix.`,
  )
    .usage("-- [options] [row...]")
    .argument("[row...]", "rows of the matrix, from 1; without one, all of them")
    .action(async (rows: string[]) => {
      process.exitCode = await testVersions(rows.map(Number));
    });

/** The rows of the job's matrix, and its commands. */
export function readVersionsJob(): { matrix: readonly Versions[]; commands: readonly string[] } {
  const workflow = parse(readFileSync(join(PROJECT_DIRECTORY, WORKFLOW), "utf8"));
  const { strategy, steps } = workflow.jobs.versions;
  return {
    matrix: strategy.matrix.include,
    commands: steps.flatMap(({ run }: { run?: string }) => run ?? []),
  };
}

async function testVersions(chosen: readonly number[]): Promise<number> {
  const { matrix, commands } = readVersionsJob();
  const rows = chosen.length > 0 ? chosen : matrix.map((_, index) => index + 1);
  const unknown = rows.find((row) => !matrix[row - 1]);
  if (unknown !== undefined)
    throw new UserError(`The matrix of ${WORKFLOW} has the rows 1 to ${matrix.length}; found ${unknown}.`);
  const logs = join(PROJECT_DIRECTORY, ".sandbox/versions");
  mkdirSync(logs, { recursive: true });
  console.log(formatRow("row", "Node.js", "@pulumi/pulumi", "Pulumi CLI", "seconds", "result"));
  let failures = 0;
  for (const row of rows) {
    const versions = matrix[row - 1]!;
    const log = join(logs, `${row}.log`);
    report("versions", `row ${row} of ${matrix.length}, ${JSON.stringify(versions)}: ${log}`);
    const started = Date.now();
    const { status, found } = await testInClone(versions, commands, log);
    const printed = readFileSync(log, "utf8");
    if (status !== 0) {
      failures++;
      say(`${printed.split("\n").slice(-40).join("\n")}\nThe whole output: ${log}`);
    }
    const counts = printed.match(/^\d+ (passed, \d+ failed|of \d+ checks as expected).*$/gm) ?? [];
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(formatRow(row, ...found, seconds, [status === 0 ? "✔" : "✘", ...counts].join("  ")));
  }
  return failures > 0 ? 1 : 0;
}

const WIDTHS = [5, 10, 16, 12, 9, 0];

const formatRow = (...cells: (string | number)[]): string =>
  cells.map((cell, index) => String(cell).padEnd(WIDTHS[index]!)).join("");

/** Runs the commands with these versions; what they print goes to the log. Gives the exact versions that were found. */
async function testInClone(
  { node, sdk, cli }: Versions,
  commands: readonly string[],
  log: string,
): Promise<{ status: number | null; found: string[] }> {
  const pulumi = await installCli(cli);
  // npm's package of this name holds Node.js for this platform; npm keeps it in its own cache.
  const nodeFile = read(
    "npm",
    "exec",
    "--yes",
    `--package=node@${node}`,
    "--",
    "node",
    "-p",
    "process.execPath",
  );
  const PATH = [dirname(nodeFile), dirname(pulumi), process.env.PATH].join(delimiter);
  const directory = mkdtempSync(join(tmpdir(), "versions-"));
  const clone = join(directory, "project");
  try {
    read("git", "clone", "--quiet", PROJECT_DIRECTORY, clone);
    const output = openSync(log, "w");
    const { status } = spawnSync("bash", ["-eo", "pipefail", "-c", commands.join("\n")], {
      cwd: clone,
      env: { ...process.env, PATH, SDK: sdk },
      stdio: ["ignore", output, output],
    });
    const sdkVersion = read(
      nodeFile,
      "-p",
      `require("${clone}/node_modules/@pulumi/pulumi/package").version`,
    );
    return { status, found: [read(nodeFile, "--version"), sdkVersion, await versionOf(pulumi)] };
  } finally {
    // The sandbox that was started in the clone ends where its folder is removed.
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** @throws {UserError} where the version is neither the newest nor the one that this project builds. */
async function installCli(version: string): Promise<string> {
  if (version === "latest") return buildNewestPulumiCli(report);
  if (`v${version}` === BUILT_VERSION) return buildPulumiCli(report);
  throw new UserError(
    `${WORKFLOW} names the Pulumi CLI ${version}; expected is latest or ${BUILT_VERSION.slice(1)}, which sandbox/toolchain/pulumi-cli/go.mod pins.`,
  );
}

const read = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: "utf8", cwd: PROJECT_DIRECTORY }).trim();
