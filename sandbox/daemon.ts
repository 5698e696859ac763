/** The process of the sandbox's accounts: moto, and the gateway before it. accounts.ts starts it. */
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  awsConfig,
  type DaemonRecord,
  describeLoss,
  digestCode,
  killOrphanedMoto,
  type SandboxOptions,
} from "./accounts";
import { startMoto } from "./gateway/moto-server";
import { type RunningGateway, startGateway } from "./gateway/server";
import { isRunning } from "./processes";

const MAX_LOG = 1024 * 1024;
const CHECK_MILLISECONDS = 2000;
const options = JSON.parse(process.argv[2] ?? "{}") as SandboxOptions;
const { directory, accounts, region, organization, stack } = options;
const file = (name: string) => join(directory, name);
const code = digestCode();

/** Lines that could not be written, as on a full disk. */
let unwritten = 0;

/** Appends a line to the log, which is at most two files of a megabyte. On a full disk the accounts go on without a log. */
function log(line: string): void {
  const gap = unwritten ? `(${unwritten} lines before this one could not be written)\n` : "";
  try {
    if ((statSync(file("daemon.log"), { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG)
      renameSync(file("daemon.log"), file("daemon.log.1"));
    appendFileSync(file("daemon.log"), `${gap}${new Date().toISOString()} ${line.slice(0, 4000)}\n`, {
      mode: 0o600,
    });
    unwritten = 0;
  } catch {
    unwritten++;
  }
}

async function main(): Promise<void> {
  // What Node.js itself writes goes to the log as well, whose disk may be full.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  mkdirSync(file("aws"), { recursive: true, mode: 0o700 });
  killOrphanedMoto(directory);
  const { moto, endpoint } = await startMoto(options.motoServer, directory, log);
  let stopping = false;
  const stop = (code: number, reason: string) => {
    if (stopping) return;
    stopping = true;
    log(`stopping: ${reason}`);
    rmSync(file("daemon.json"), { force: true });
    moto.kill("SIGKILL");
    rmSync(file("moto.json"), { force: true });
    process.exit(code);
  };
  const loss = describeLoss(options);
  let gateway: RunningGateway | undefined;
  moto.on("exit", (code, signal) => {
    if (!gateway) stop(1, "moto ended");
    if (stopping) return;
    // The record stays: the next start and `sandbox status` say by it what is gone.
    log(`moto ended with ${signal ?? code}. ${loss}`);
    gateway?.lose(loss);
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop(0, signal));
  process.on("uncaughtException", (error) => {
    log(error.stack ?? error.message);
    // moto stays, and says what is gone.
    process.exit(1);
  });
  gateway = await startGateway({
    accounts,
    region,
    organization,
    moto: endpoint,
    log,
    verbose: Boolean(process.env.DEBUG),
  });
  const { port } = new URL(gateway.url);
  moto.stdin!.write(`${JSON.stringify({ port: Number(port), message: loss, directory })}\n`);
  const write = (name: string, content: string) => {
    writeFileSync(file(`${name}.new`), content, { mode: 0o600 });
    renameSync(file(`${name}.new`), file(name));
  };
  write("aws/config", awsConfig(gateway, region));
  write("aws/credentials", "");
  const record: DaemonRecord = {
    pid: process.pid,
    url: gateway.url,
    accounts,
    region,
    organization,
    ...(stack && { stack }),
    awsConfigFile: file("aws/config"),
    instance: gateway.instance,
    code,
    startedAt: new Date().toISOString(),
  };
  write("daemon.json", JSON.stringify(record, null, 2));
  // Where the folder is removed, nobody finds these accounts again.
  setInterval(() => existsSync(file("daemon.json")) || stop(0, "the record was removed"), CHECK_MILLISECONDS);
  // Tests that are killed stop nothing themselves.
  const owner = Number(process.env.SANDBOX_OWNER);
  if (owner) setInterval(() => isRunning(owner) || stop(0, `process ${owner} has ended`), CHECK_MILLISECONDS);
  log(`serving ${JSON.stringify(accounts)} at ${gateway.url}`);
}

main().catch((error: Error) => {
  log(error.stack ?? error.message);
  killOrphanedMoto(directory);
  process.exit(1);
});
