/** The process of the sandbox's accounts: moto, and the gateway before it. accounts.ts starts it. */
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awsConfig, type DaemonRecord, digestCode, killOrphanedMoto, type SandboxOptions } from "./accounts";
import { startMoto } from "./gateway/moto-server";
import { startGateway } from "./gateway/server";
import { isRunning } from "./processes";

const MAX_LOG = 1024 * 1024;
const CHECK_MILLISECONDS = 2000;
const options = JSON.parse(process.argv[2] ?? "{}") as SandboxOptions;
const { directory, accounts, region, organization } = options;
const file = (name: string) => join(directory, name);
const code = digestCode();

/** Appends a line to the log, which is at most two files of a megabyte. */
function log(line: string): void {
  try {
    if ((statSync(file("daemon.log"), { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG)
      renameSync(file("daemon.log"), file("daemon.log.1"));
    appendFileSync(file("daemon.log"), `${new Date().toISOString()} ${line.slice(0, 4000)}\n`, {
      mode: 0o600,
    });
  } catch {}
}

async function main(): Promise<void> {
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
  moto.on("exit", () => stop(1, "moto ended"));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop(0, signal));
  process.on("uncaughtException", (error) => stop(1, error.stack ?? error.message));
  const gateway = await startGateway({
    accounts,
    region,
    organization,
    moto: endpoint,
    log,
    verbose: Boolean(process.env.DEBUG),
  });
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
