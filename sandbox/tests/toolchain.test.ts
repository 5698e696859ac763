import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { build, PACK } from "../../tests/policies/analyzer";
import { engineEnvironment, ensureStack } from "../pulumi/engine";
import { confined, PROJECT_DIRECTORY } from "../rehearsal";
import { type Toolchain, toolchain } from "../toolchain";
import { DEPLOYMENT_TIMEOUT, type Ended } from "./shell";

const STAND_INS = join(__dirname, "../pulumi/bin");
const AWS_VERSION: string = require("@pulumi/aws/package.json").version;

/** Official installations are made of scripts here, which write down that they were started. */
describe("the tools, where parts of an official Pulumi are installed", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const ambient = { ...process.env };
  let directory: string;
  let home: string;
  let started: string;
  let builtCli: string;
  const reports: string[] = [];

  const script = (file: string, text: string) => {
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const noteStart = (name: string) => `echo ${name} >> '${started}'`;
  /** A folder of PATH with a CLI of that version and the language host that came with it. */
  const installation = (version: string) => {
    const folder = join(directory, version);
    script(join(folder, "pulumi"), `${noteStart("pulumi")}\necho ${version}`);
    script(join(folder, "pulumi-language-nodejs"), `${noteStart("language host")}\nexit 1`);
    return folder;
  };
  const awsPlugin = (folder: string) =>
    script(join(folder, "pulumi-resource-aws"), `${noteStart("AWS plugin")}\nexit 1`);
  const firstInPath = (...folders: string[]) => {
    process.env.PATH = [...folders, ambient.PATH].join(delimiter);
  };
  const find = () => toolchain((tool, message) => reports.push(`${tool} ${message}`));
  const languageHostOf = ({ plugins }: Toolchain) => plugins["language-nodejs-v3.0.0"];
  const awsPluginOf = ({ plugins }: Toolchain) => plugins[`resource-aws-v${AWS_VERSION}`];

  /** Previews an empty program with the policy pack on. */
  const preview = async (tools: Toolchain): Promise<Ended> => {
    const project = join(directory, "project");
    mkdirSync(project);
    symlinkSync(join(PROJECT_DIRECTORY, "node_modules"), join(project, "node_modules"));
    writeFileSync(join(project, "Pulumi.yaml"), "name: empty\nruntime: nodejs\n");
    writeFileSync(join(project, "package.json"), '{ "name": "empty", "main": "index.js" }');
    writeFileSync(join(project, "index.js"), "");
    const engine = { toolchain: tools, directory: join(directory, "sandbox"), awsConfigFile: "none" };
    const environment = engineEnvironment(engine);
    await ensureStack("dev", environment, project);
    const args = ["preview", "--stack", "dev", "--non-interactive", "--policy-pack", PACK];
    return new Promise((resolve) =>
      execFile(tools.pulumi, args, { cwd: project, env: confined(environment) }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      ),
    );
  };

  before(async () => {
    build();
    builtCli = (await toolchain()).cli;
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "toolchain-"));
    home = join(directory, "home/.pulumi");
    started = join(directory, "started");
    mkdirSync(home, { recursive: true });
    Object.assign(process.env, {
      HOME: join(directory, "home"),
      PULUMI_HOME: home,
      XDG_CACHE_HOME: join(builtCli, "../../.."),
    });
    reports.length = 0;
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
    for (const name of ["PATH", "PULUMI_HOME", "HOME", "XDG_CACHE_HOME"])
      if (ambient[name] === undefined) delete process.env[name];
      else process.env[name] = ambient[name];
  });

  it("use the language host of a CLI with it, and name both as official", async () => {
    const folder = installation("v3.260.0");
    firstInPath(folder);
    const tools = await find();
    assert.equal(tools.cli, join(folder, "pulumi"));
    assert.equal(languageHostOf(tools), undefined, "the CLI finds its own");
    assert.deepEqual(tools.substituted, ["pulumi-resource-aws"]);
    assert.match(tools.origin, /^Pulumi CLI v3\.260\.0 official \(.*\), Node\.js language host official/);
    assert.match(tools.origin, new RegExp(`AWS plugin ${AWS_VERSION} stand-in$`));
  });

  it("start the language host that lies beside the CLI", async () => {
    const folder = join(directory, "bin");
    mkdirSync(folder);
    copyFileSync(builtCli, join(folder, "pulumi"));
    script(
      join(folder, "pulumi-language-nodejs"),
      `${noteStart("language host")}\nexec '${STAND_INS}/pulumi-language-nodejs' "$@"`,
    );
    firstInPath(folder);
    const { code, output } = await preview(await find());
    assert.equal(code, 0, output);
    assert(existsSync(started), "it was not started");
  });

  it("use neither CLI nor language host where the CLI is too old, and the policy pack starts", async () => {
    const folder = installation("v3.190.0");
    firstInPath(folder);
    const tools = await find();
    assert.equal(tools.cli, builtCli);
    assert.equal(languageHostOf(tools), join(STAND_INS, "pulumi-language-nodejs"));
    assert.match(reports.join("\n"), /pulumi is v3\.190\.0; the sandbox needs 3\.200\.0 or a newer 3\.x/);
    rmSync(started);
    const { code, output } = await preview(tools);
    assert.equal(code, 0, output);
    assert.match(output, /cross-account-access@v/);
    assert(!existsSync(started), "the old language host was started");
  });

  it("use no language host of PATH with another CLI, or where the CLI does not start", async () => {
    const folder = join(directory, "bin");
    script(join(folder, "pulumi-language-nodejs"), "exit 1");
    firstInPath(folder);
    assert.equal(languageHostOf(await find()), join(STAND_INS, "pulumi-language-nodejs"));
    script(join(folder, "pulumi"), "exit 1");
    const tools = await find();
    assert.equal(tools.cli, builtCli);
    assert.equal(languageHostOf(tools), join(STAND_INS, "pulumi-language-nodejs"));
  });

  it("use the AWS plugin of the program's version in the plugin cache of PULUMI_HOME", async () => {
    const file = awsPlugin(join(home, `plugins/resource-aws-v${AWS_VERSION}`));
    const tools = await find();
    assert.equal(awsPluginOf(tools), file);
    assert.match(tools.origin, /AWS plugin \S+ official/);
  });

  for (const [what, folder] of [
    ["a prerelease of its version", `plugins/resource-aws-v${AWS_VERSION}-alpha.1`],
    ["a newer version", "plugins/resource-aws-v7.99.0"],
    ["a version that begins alike", `plugins/resource-aws-v${AWS_VERSION}0`],
  ] as const)
    it(`do not take ${what} for the AWS plugin`, async () => {
      awsPlugin(join(home, folder));
      assert.equal(awsPluginOf(await find()), join(STAND_INS, "pulumi-resource-aws"));
    });

  it("do not take an AWS plugin whose installation is not complete", async () => {
    const folder = join(home, `plugins/resource-aws-v${AWS_VERSION}`);
    awsPlugin(folder);
    writeFileSync(`${folder}.partial`, "");
    assert.equal(awsPluginOf(await find()), join(STAND_INS, "pulumi-resource-aws"));
  });

  it("do not take an AWS plugin of PATH, which can be of any version", async () => {
    const folder = join(directory, "bin");
    awsPlugin(folder);
    firstInPath(folder);
    assert.equal(awsPluginOf(await find()), join(STAND_INS, "pulumi-resource-aws"));
  });

  it("look into the home that the user database names, whatever HOME says", async () => {
    delete process.env.PULUMI_HOME;
    awsPlugin(join(home, `plugins/resource-aws-v${AWS_VERSION}`));
    const python = "import os, pwd; print(pwd.getpwuid(os.getuid()).pw_dir)";
    const own = execFileSync("python3", ["-c", python], { encoding: "utf8" }).trim();
    const official = join(own, `.pulumi/plugins/resource-aws-v${AWS_VERSION}/pulumi-resource-aws`);
    const expected = existsSync(official) ? official : join(STAND_INS, "pulumi-resource-aws");
    assert.equal(awsPluginOf(await find()), expected);
  });

  it("leave nothing in the home of the user's own Pulumi, and no home of theirs", async () => {
    const folder = join(directory, "bin");
    mkdirSync(folder);
    symlinkSync(builtCli, join(folder, "pulumi"));
    firstInPath(folder);
    const tools = await find();
    assert.equal(tools.cli, join(folder, "pulumi"));
    const { code, output } = await preview(tools);
    assert.equal(code, 0, output);
    assert.deepEqual(readdirSync(home), []);
    const cache = join(builtCli, "../..");
    assert.deepEqual(
      readdirSync(cache).filter((name) => name.startsWith("pulumi-home")),
      [],
    );
  });

  it("are named in one line by the sandbox's status", () => {
    awsPlugin(join(home, `plugins/resource-aws-v${AWS_VERSION}`));
    firstInPath(installation("v3.260.0"));
    const args = ["-r", "tsx/cjs", "sandbox/cli.ts", "sandbox", "status"];
    const status = execFileSync(process.execPath, args, { cwd: PROJECT_DIRECTORY, encoding: "utf8" });
    assert.match(
      status,
      /^tools +Pulumi CLI v3\.260\.0 official .*language host official .*AWS plugin \S+ official .*$/m,
    );
    process.env.PATH = ambient.PATH;
    process.env.PULUMI_HOME = join(directory, "empty");
    const without = execFileSync(process.execPath, args, { cwd: PROJECT_DIRECTORY, encoding: "utf8" });
    assert.match(without, /^tools +Pulumi CLI \S+ .*language host .*AWS plugin \S+ stand-in$/m);
  });
});
