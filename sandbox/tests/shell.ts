/** Commands as a person types them at a shell of their own. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Milliseconds for one test that deploys. Far more than it takes: the official AWS plugin waits on timers of its own,
 * 25 to 130 seconds for a queue, and no deployment is to be cut off in the middle.
 */
export const DEPLOYMENT_TIMEOUT = 1_800_000;

export interface Ended {
  code: number;
  output: string;
}

let cli: string | undefined;

/** The AWS CLI of this machine, or one installed from PyPI for these tests. */
export function awsCli(): string {
  cli ??= spawnSync("aws", ["--version"]).status === 0 ? "aws" : installed();
  return cli;
}

function installed(): string {
  const venv = mkdtempSync(join(tmpdir(), "awscli-"));
  process.once("exit", () => rmSync(venv, { recursive: true, force: true }));
  for (const [command, ...args] of [
    ["python3", "-m", "venv", venv],
    [join(venv, "bin", "pip"), "install", "--quiet", "awscli==1.46.3"],
  ] as [string, ...string[]][])
    assert.equal(spawnSync(command, args, { stdio: "inherit" }).status, 0);
  return join(venv, "bin", "aws");
}

/** Runs a command of a person who types `answer` when asked, with nothing of this shell's AWS settings. */
export function typed(
  command: string,
  args: readonly string[],
  answer: string,
  extra: Record<string, string>,
): Promise<Ended> {
  const ambient = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_"));
  // Without a terminal of its own the CLI reads the code from standard input.
  const child = spawn(command, args, { env: { ...Object.fromEntries(ambient), ...extra }, detached: true });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  child.stderr.on("data", (data) => {
    output += data;
  });
  child.stdin.end(answer);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code: code ?? 130, output })));
}
