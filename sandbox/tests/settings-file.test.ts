import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { engineEnvironment, ensureStack } from "../pulumi/engine";
import { saltsOf } from "../pulumi/state";
import { confined, PROJECT_DIRECTORY } from "../rehearsal";
import { type Toolchain, toolchain } from "../toolchain";
import { DEPLOYMENT_TIMEOUT, type Ended } from "./shell";

/** Spelled as the CLI would not: flow style, quotes, a comment, and no line end at the end. */
const WRITTEN =
  '# Of the user.\nconfig:\n  pulumi:disable-default-providers: [ "*" ]\n  program:greeting: "hello"';

describe("a stack's settings file, under the sandbox's pulumi", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "settings-file-"));
  const [project, engine] = [join(directory, "project"), join(directory, "sandbox")];
  const file = join(project, "Pulumi.dev.yaml");
  let tools: Toolchain;
  let environment: Record<string, string>;

  const read = () => readFileSync(file, "utf8");
  const pulumi = (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const all = [...args, "--stack", "dev", "--non-interactive"];
      execFile(tools.pulumi, all, { cwd: project, env: confined(environment) }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });
  const succeeds = async (...args: string[]) => {
    const { code, output } = await pulumi(...args);
    assert.equal(code, 0, output);
    return output;
  };

  before(async () => {
    mkdirSync(project);
    symlinkSync(join(PROJECT_DIRECTORY, "node_modules"), join(project, "node_modules"));
    writeFileSync(join(project, "Pulumi.yaml"), "name: program\nruntime: nodejs\n");
    writeFileSync(join(project, "package.json"), '{ "name": "program", "main": "index.js" }');
    const greeting = 'new (require("@pulumi/pulumi").Config)().require("greeting")';
    // Long enough that a person can write something in the meantime.
    writeFileSync(
      join(project, "index.js"),
      `exports.greeting = new Promise((done) => setTimeout(() => done(${greeting}), 2000));`,
    );
    tools = await toolchain();
    environment = engineEnvironment({ toolchain: tools, directory: engine, awsConfigFile: "none" });
    await ensureStack("dev", environment, project);
  });
  beforeEach(() => writeFileSync(file, WRITTEN));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("keeps its bytes in each command, also one that reads secrets", async () => {
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"], ["stack", "export"], ["config"]]) {
      await succeeds(...command);
      assert.equal(read(), WRITTEN, command.join(" "));
    }
  });

  for (const milliseconds of [100, 300, 500, 800, 2000])
    it(`keeps the comment that a person writes ${milliseconds} ms after a preview began`, async function () {
      // The CLI itself overwrites what is written in the instant between its reading and its writing of the file.
      this.retries(2);
      const preview = succeeds("preview");
      await sleep(milliseconds);
      appendFileSync(file, "\n# written meanwhile\n");
      await preview;
      assert.equal(read(), `${WRITTEN}\n# written meanwhile\n`);
    });

  it("keeps the setting that a person changes while a preview runs, and its spelling", async () => {
    const preview = succeeds("preview");
    await sleep(1600);
    const changed = read().replace('"hello"', "'good morning' # new").replace('[ "*" ]', '["*"]');
    writeFileSync(file, changed);
    await preview;
    assert.equal(read(), changed);
    assert.match(changed, /^# Of the user/);
  });

  it("gets what `pulumi config set` writes, without a salt", async () => {
    await succeeds("config", "set", "color", "green");
    assert.match(read(), /^# Of the user\./);
    assert.match(read(), /program:color: green/);
    assert.doesNotMatch(read(), /encryptionsalt/);
    await succeeds("config", "set", "--secret", "password", "secret");
    assert.match(read(), /program:password:\n +secure: v1:/);
    assert.doesNotMatch(read(), /encryptionsalt/);
    assert.match(await succeeds("config", "get", "password"), /^secret/);
  });

  it("is read as it is once a person has corrected it", async () => {
    writeFileSync(file, WRITTEN.replace("  program:", "\tprogram:"));
    const refused = await pulumi("preview");
    assert.notEqual(refused.code, 0);
    writeFileSync(file, WRITTEN);
    await succeeds("preview");
    assert.equal(read(), WRITTEN);
  });

  it("loses the salt that a killed command left, and nothing that was written since, whatever its copy holds", async () => {
    const [salt] = saltsOf(environment);
    const copy = (text: string) =>
      writeFileSync(
        join(environment.PULUMI_HOME!, "settings-999999999.json"),
        JSON.stringify([[file, text]]),
      );
    for (const text of [WRITTEN, "\tno YAML", "config: {}\n"]) {
      copy(text);
      writeFileSync(file, `encryptionsalt: ${salt}\n${WRITTEN}\n# since\n`);
      await succeeds("config");
      assert.equal(read(), `${WRITTEN}\n# since\n`, JSON.stringify(text));
    }
    copy(WRITTEN);
    const respelled = WRITTEN.replace('[ "*" ]', "\n    - '*'").replace('"hello"', "hello\n");
    writeFileSync(file, `encryptionsalt: ${salt}\n${respelled}`);
    await succeeds("config");
    assert.equal(read(), WRITTEN, "the CLI's own spelling stays");
    const left = readdirSync(environment.PULUMI_HOME!).filter((name) => name.startsWith("settings-"));
    assert.deepEqual(left, []);
  });

  it("is left alone where a copy was removed in the moment in which it was found", async () => {
    const copy = join(environment.PULUMI_HOME!, "settings-999999999.json");
    // Listed like any other, and not there when it is read.
    symlinkSync(`${copy}.removed`, copy);
    await succeeds("config");
    assert.equal(read(), WRITTEN);
  });

  it("keeps a salt that is not the sandbox's", async () => {
    const text = `encryptionsalt: v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n${WRITTEN}`;
    writeFileSync(file, text);
    await pulumi("stack", "ls");
    assert.equal(read(), text);
  });
});
