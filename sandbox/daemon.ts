/** The process that is the sandbox's accounts: moto, and the front door before it. Started by accounts.ts. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DaemonRecord, reapMoto, type SandboxOptions } from "./accounts";
import { type FrontDoor, startFrontDoor } from "./front-door/server";

const MAX_LOG = 1024 * 1024;
const options = JSON.parse(process.argv[2] ?? "{}") as SandboxOptions;
const { directory, accounts, region } = options;
const file = (name: string) => join(directory, name);

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

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
      .once("error", reject)
      .listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
  });

/** Starts moto and waits until it answers. Throws with its last words when it does not. */
export async function startMoto(
  motoServer: string,
  directory: string,
  log: (line: string) => void,
): Promise<{ moto: ChildProcess; port: number }> {
  const port = await freePort();
  const moto = spawn(motoServer, ["-H", "127.0.0.1", "-p", String(port)], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
      MOTO_DISABLE_GLOBAL_CORS: "true",
      PYTHONDONTWRITEBYTECODE: "1",
      // Nothing that moto is told to notify lies outside this machine.
      http_proxy: "http://127.0.0.1:9",
      https_proxy: "http://127.0.0.1:9",
      no_proxy: "127.0.0.1,localhost",
    },
  });
  if (moto.pid)
    writeFileSync(join(directory, "moto.json"), JSON.stringify({ pid: moto.pid, port }), { mode: 0o600 });
  let ended: string | undefined;
  moto.on("error", (error) => {
    ended = error.message;
  });
  moto.on("exit", (code, signal) => {
    ended ??= `it ended with ${code ?? signal}`;
  });
  moto.stderr!.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n"))
      if (line.trim() && !/HTTP\/1\.1" [1-4]\d\d|WARNING: This is a dev|Press CTRL/.test(line))
        log(`moto: ${line}`);
  });
  for (let i = 0; i < 600 && !ended; i++) {
    const up = await fetch(`http://127.0.0.1:${port}/moto-api/data.json`, {
      signal: AbortSignal.timeout(5000),
    }).then(
      (answer) => answer.arrayBuffer().then(() => answer.ok),
      () => false,
    );
    if (up) return { moto, port };
    await sleep(100);
  }
  moto.kill("SIGKILL");
  throw new Error(`moto, ${motoServer}, did not start: ${ended ?? "no answer within a minute"}`);
}

const profileText = (name: string, door: FrontDoor): string => `[profile ${name}]
aws_access_key_id = ${door.administrators[name]!.accessKeyId}
aws_secret_access_key = ${door.administrators[name]!.secretAccessKey}
region = ${region}
endpoint_url = ${door.url}
`;

async function main(): Promise<void> {
  mkdirSync(file("aws"), { recursive: true, mode: 0o700 });
  reapMoto(directory);
  const { moto, port } = await startMoto(options.motoServer, directory, log);
  let stopping = false;
  const stop = (code: number, why: string) => {
    if (stopping) return;
    stopping = true;
    log(`stopping: ${why}`);
    rmSync(file("daemon.json"), { force: true });
    moto.kill("SIGKILL");
    rmSync(file("moto.json"), { force: true });
    process.exit(code);
  };
  moto.on("exit", () => stop(1, "moto ended"));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop(0, signal));
  process.on("uncaughtException", (error) => stop(1, error.stack ?? error.message));
  const door = await startFrontDoor({ accounts, region, motoPort: port, log });
  const write = (name: string, content: string) => {
    writeFileSync(file(`${name}.new`), content, { mode: 0o600 });
    renameSync(file(`${name}.new`), file(name));
  };
  write(
    "aws/config",
    Object.keys(accounts)
      .map((name) => profileText(name, door))
      .join("\n"),
  );
  write("aws/credentials", "");
  const record: DaemonRecord = {
    pid: process.pid,
    url: door.url,
    accounts,
    region,
    awsConfigFile: file("aws/config"),
    instance: door.instance,
    startedAt: new Date().toISOString(),
  };
  write("daemon.json", JSON.stringify(record, null, 2));
  log(`serving ${JSON.stringify(accounts)} at ${door.url}`);
}

if (require.main === module)
  main().catch((error: Error) => {
    log(error.stack ?? error.message);
    reapMoto(directory);
    process.exit(1);
  });
