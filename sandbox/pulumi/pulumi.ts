/**
 * Runs the Pulumi CLI that the sandbox found, as it would run by itself, but for two things: locks of dead engines do
 * not stop it, and the settings files keep the bytes that the user gave them. The CLI writes the salt of the state's
 * encryption into Pulumi.<stack>.yaml; the sandbox's state carries it already, and a committed file is no place for it.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { commandOf } from "../accounts";
import { clearDeadLocks, recoverInterruptedUpdate, saltsOf } from "./engine";

/** Commands that would meet what a killed engine left. */
const CHANGING = /(^| )(up|update|preview|pre|refresh|destroy)( |$)/;
const SALT = /^encryptionsalt: (\S+)\n?/m;

/** The value of an option, given as `--name value` or `--name=value`. */
const option = (args: string[], ...names: string[]): string | undefined =>
  args.flatMap((arg, i) =>
    names.flatMap((name) =>
      arg === name ? (args[i + 1] ?? []) : arg.startsWith(`${name}=`) ? arg.slice(name.length + 1) : [],
    ),
  )[0];

/** The nearest folder with a Pulumi.yaml, from where the command works upwards. */
function projectFolder(args: string[]): string | undefined {
  let folder = resolve(option(args, "-C", "--cwd") ?? ".");
  while (!existsSync(join(folder, "Pulumi.yaml")) && folder !== dirname(folder)) folder = dirname(folder);
  return existsSync(join(folder, "Pulumi.yaml")) ? folder : undefined;
}

function settingsFiles(args: string[]): string[] {
  const folder = projectFolder(args);
  const given = option(args, "--config-file");
  const stacks = folder ? readdirSync(folder).filter((name) => /^Pulumi\..+\.yaml$/.test(name)) : [];
  return [...stacks.map((name) => join(folder ?? "", name)), ...(given ? [resolve(given)] : [])].filter(
    (file) => existsSync(file),
  );
}

/** Gives a settings file back what it was before, if the salt and the CLI's own spelling are all that changed. */
function keepBytes(file: string, before: string, salts: string[]): void {
  const withoutSalt = (text: string) =>
    text.replace(SALT, (line, salt) => (salts.includes(salt) ? "" : line));
  const now = existsSync(file) ? readFileSync(file, "utf8") : before;
  const same = isDeepStrictEqual(parse(withoutSalt(now)), parse(withoutSalt(before)));
  const kept = withoutSalt(same ? before : now);
  if (kept !== now) writeFileSync(file, kept);
}

const home = process.env.PULUMI_HOME ?? "";
/** Copies of the settings files, for as long as a command runs: one that is killed is made good by the next. */
const copies = join(home, `settings-${process.pid}.json`);

/** The copies that killed commands left, each read and gone. */
function leftCopies(): [file: string, text: string][] {
  const left = readdirSync(home).filter((name) => {
    const [, pid] = /^settings-(\d+)\.json$/.exec(name) ?? [];
    return pid !== undefined && commandOf(Number(pid)) === undefined;
  });
  return left.flatMap((name) => {
    const kept = JSON.parse(readFileSync(join(home, name), "utf8"));
    rmSync(join(home, name), { force: true });
    return kept;
  });
}

const environment = process.env as Record<string, string>;
const { SANDBOX_PULUMI_CLI: cli } = environment;
const args = process.argv.slice(2);
if (!cli) {
  console.error(
    'This is the sandbox\'s pulumi, and the shell does not point at a sandbox: eval "$(npm run -s sandbox -- env dev)"',
  );
  process.exit(2);
}

async function main(cli: string): Promise<void> {
  clearDeadLocks(environment);
  const folder = projectFolder(args);
  if (folder && CHANGING.test(args.join(" "))) await recoverInterruptedUpdate(environment, folder);
  for (const [file, text] of leftCopies()) keepBytes(file, text, saltsOf(environment));
  const before = settingsFiles(args).map((file) => [file, readFileSync(file, "utf8")] as const);
  // Renamed when whole: a kill leaves no half of it.
  writeFileSync(`${copies}.part`, JSON.stringify(before), { mode: 0o600 });
  renameSync(`${copies}.part`, copies);
  const child = spawn(cli, args, { stdio: "inherit" });
  // A terminal interrupts the CLI by itself, and a second interrupt would end it at once.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  child.once("error", (error) => {
    console.error(`${cli} cannot be run: ${error.message}`);
    process.exit(2);
  });
  child.once("close", (code, signal) => {
    for (const [file, text] of before) keepBytes(file, text, saltsOf(environment));
    rmSync(copies, { force: true });
    process.exit(code ?? 128 + constants.signals[signal ?? "SIGTERM"]);
  });
}

main(cli).catch((error: Error) => {
  console.error(error.message);
  process.exit(2);
});
