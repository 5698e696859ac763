import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  const start = (): Promise<Ended> => {
    const script = `require("./project").rehearseCopy(${JSON.stringify(directory)}, "dev", console.log)
      .then(({ sandbox }) => console.log("instance", sandbox.instance))`;
    const child = spawn(process.execPath, ["-r", "tsx/cjs", "-e", script], {
      cwd: __dirname,
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
});
