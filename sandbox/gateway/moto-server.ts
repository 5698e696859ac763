/** moto as a child process, on a free loopback port. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type MotoEndpoint, SECRET_HEADER } from "./moto";

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
      .once("error", reject)
      .listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
  });

/** Starts moto and waits until it answers. Throws with the reason when it does not. */
export async function startMoto(
  motoServer: string,
  directory: string,
  log: (line: string) => void,
): Promise<{ moto: ChildProcess; endpoint: MotoEndpoint }> {
  const port = await freePort();
  const secret = randomUUID();
  const moto = spawn(motoServer, ["-H", "127.0.0.1", "-p", String(port)], {
    // Its input ends with this process, however that ends: moto then says that the accounts are gone, or ends too.
    stdio: ["pipe", "ignore", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
      MOTO_DISABLE_GLOBAL_CORS: "true",
      PYTHONDONTWRITEBYTECODE: "1",
      // Without it moto answers no process of this machine.
      SANDBOX_SECRET: secret,
      // moto sends requests to no other host, and to no service of this machine.
      http_proxy: "http://127.0.0.1:9",
      https_proxy: "http://127.0.0.1:9",
      no_proxy: "",
    },
  });
  if (moto.pid)
    writeFileSync(join(directory, "moto.json"), JSON.stringify({ pid: moto.pid, port }), { mode: 0o600 });
  let ended: string | undefined;
  moto.on("error", (error) => {
    ended = error.message;
  });
  moto.stdin!.on("error", () => {});
  moto.on("exit", (code, signal) => {
    ended ??= `it ended with ${code ?? signal}`;
  });
  moto.stderr!.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n"))
      if (line.trim() && !/WARNING: This is a dev|Press CTRL/.test(line)) log(`moto: ${line}`);
  });
  for (let i = 0; i < 600 && !ended; i++) {
    const answers = await fetch(`http://127.0.0.1:${port}/moto-api/data.json`, {
      headers: { [SECRET_HEADER]: secret },
      signal: AbortSignal.timeout(5000),
    }).then(
      (answer) => answer.arrayBuffer().then(() => answer.ok),
      () => false,
    );
    if (answers) return { moto, endpoint: { port, secret } };
    await sleep(100);
  }
  moto.kill("SIGKILL");
  throw new Error(`moto, ${motoServer}, did not start: ${ended ?? "no answer within a minute"}`);
}
