/**
 * Runs the Pulumi CLI that the sandbox found. Two things differ from running it directly: locks of engines that no
 * longer run do not stop it, and the settings files stay as the user wrote them.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../infra/user-error";
import { commandOf } from "../processes";
import { SettingsFile } from "./settings-file";
import { clearDeadLocks, recoverInterruptedUpdate, saltsOf } from "./state";

/** Commands that would meet what a killed engine left. */
const CHANGING = /(^| )(up|update|preview|pre|refresh|destroy)( |$)/;

/** The value of an option, given as `--name value` or `--name=value`. */
function optionOf(args: string[], ...names: string[]): string | undefined {
  for (const [index, arg] of args.entries())
    for (const name of names) {
      if (arg === name) return args[index + 1];
      if (arg.startsWith(`${name}=`)) return arg.slice(name.length + 1);
    }
  return undefined;
}

/** The nearest folder with a Pulumi.yaml, from where the command works upwards. */
function projectFolder(args: string[]): string | undefined {
  let folder = resolve(optionOf(args, "-C", "--cwd") ?? ".");
  while (!existsSync(join(folder, "Pulumi.yaml")) && folder !== dirname(folder)) folder = dirname(folder);
  return existsSync(join(folder, "Pulumi.yaml")) ? folder : undefined;
}

function settingsPaths(args: string[]): string[] {
  const folder = projectFolder(args);
  const given = optionOf(args, "--config-file");
  const stacks = folder ? readdirSync(folder).filter((name) => /^Pulumi\..+\.yaml$/.test(name)) : [];
  return [...stacks.map((name) => join(folder ?? "", name)), ...(given ? [resolve(given)] : [])].filter(
    (file) => existsSync(file),
  );
}

const home = process.env.PULUMI_HOME ?? "";
/** The settings as they were before this command: where it is killed, the next command undoes what the CLI wrote. */
const copies = join(home, `settings-${process.pid}.json`);

/** Removes the copies that killed commands left, and gives what is in them. */
function takeLeftCopies(): [path: string, text: string][] {
  const left = readdirSync(home).filter((name) => {
    const [, pid] = /^settings-(\d+)\.json$/.exec(name) ?? [];
    return pid !== undefined && commandOf(Number(pid)) === undefined;
  });
  return left.flatMap((name) => {
    const file = join(home, name);
    try {
      return JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
      // A command that has ended since it was listed has removed its own.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    } finally {
      rmSync(file, { force: true });
    }
  });
}

const environment = process.env as Record<string, string>;
const args = process.argv.slice(2);
/** None for the moment in which the engine writes its state: the next look has them. */
const salts = () => {
  try {
    return saltsOf(environment);
  } catch {
    return [];
  }
};

async function main(cli: string | undefined): Promise<void> {
  if (!cli)
    throw new UserError(
      'This is the sandbox\'s pulumi, and the shell does not point at a sandbox: eval "$(npm run -s sandbox -- env dev)"',
    );
  clearDeadLocks(environment);
  const folder = projectFolder(args);
  if (folder && CHANGING.test(args.join(" "))) await recoverInterruptedUpdate(environment, folder);
  for (const [path, text] of takeLeftCopies()) new SettingsFile(path, salts, text).restore();
  const settings = settingsPaths(args).map((path) => new SettingsFile(path, salts));
  // Renamed when complete: a kill leaves no half of it.
  const texts = settings.map(({ path, initial }) => [path, initial]);
  writeFileSync(`${copies}.part`, JSON.stringify(texts), { mode: 0o600 });
  renameSync(`${copies}.part`, copies);
  for (const file of settings) file.watch();
  const child = spawn(cli, args, { stdio: "inherit" });
  // A terminal interrupts the CLI directly, and a second interrupt would end it at once.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => {
    console.error(`${cli} cannot be run: ${error.message}`);
    process.exit(2);
  });
  child.once("close", (code, signal) => {
    for (const file of settings) file.unwatch();
    rmSync(copies, { force: true });
    process.exit(code ?? 128 + constants.signals[signal ?? "SIGTERM"]);
  });
}

main(environment.SANDBOX_PULUMI_CLI).catch((error: unknown) => {
  console.error(error instanceof UserError ? error.message : error);
  process.exit(error instanceof UserError ? error.exitCode : 2);
});
