import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { digestCode, findDaemons, stopSandbox } from "../accounts";
import { copyProject } from "./project";
import { DEPLOYMENT_TIMEOUT, type Ended } from "./shell";

describe("two starts at once, where there was no sandbox", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "start-"));
  const sandbox = join(directory, "sandbox");
  before(() => copyProject(join(directory, "project")));
  after(async () => {
    await stopSandbox(sandbox);
    rmSync(directory, { recursive: true, force: true });
  });

  const start = (owner = process.pid): Promise<Ended> => {
    const script = `require("./project").rehearseCopy(${JSON.stringify(directory)}, "dev", console.log)
      .then(({ sandbox }) => console.log("instance", sandbox.instance))`;
    const child = spawn(process.execPath, ["-r", "tsx/cjs", "-e", script], {
      cwd: __dirname,
      env: { ...process.env, SANDBOX_OWNER: String(owner) },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => {
        output += data;
      });
    return new Promise((resolve) => child.on("close", (code) => resolve({ code: code ?? 130, output })));
  };

  it("both end with the one sandbox and its stack", async () => {
    const all = await Promise.all([start(), start(), start()]);
    for (const { code, output } of all) assert.equal(code, 0, output);
    const instances = all.map(({ output }) => /^instance (.+)$/m.exec(output)?.[1]);
    assert.equal(new Set(instances).size, 1);
    assert.ok(instances[0]);
    assert.equal(findDaemons(sandbox).length, 1);
    const [starting] = all.filter(({ output }) => /accounts +started/.test(output));
    assert.ok(starting, "one of them started it");
  });

  it("is refused where the accounts run other code than the checkout has", async () => {
    const record = join(sandbox, "daemon.json");
    writeFileSync(record, readFileSync(record, "utf8").replace(digestCode(), "0123456789"));
    const { code, output } = await start();
    assert.equal(code, 1, output);
    assert.match(output, /runs other code of sandbox\/gateway[\s\S]*npm run sandbox -- stop/);
  });

  it("ends where the tests that started it have ended", async () => {
    await stopSandbox(sandbox);
    const owner = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const { code, output } = await start(owner.pid);
    assert.equal(code, 0, output);
    assert.equal(findDaemons(sandbox).length, 1);
    owner.kill("SIGKILL");
    for (const end = Date.now() + 60_000; findDaemons(sandbox).length > 0 && Date.now() < end; )
      await sleep(200);
    assert.deepEqual(findDaemons(sandbox), []);
  });
});
