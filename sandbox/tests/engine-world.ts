/** A sandbox of a test's own, and Pulumi's engine on the program of fixtures/engine. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromIni } from "@aws-sdk/credential-providers";
import { type Sandbox, startSandbox, stopSandbox } from "../accounts";
import { engineEnvironment, ensureStack } from "../pulumi/engine";
import { confined } from "../rehearsal";
import { type Toolchain, toolchain } from "../toolchain";

interface EndedCommand {
  code: number;
  output: string;
}

export function engineWorld(accounts: { dev: string; prod: string }) {
  // A space in the path, as in many a home folder.
  const root = mkdtempSync(join(tmpdir(), "engine test "));
  const [directory, project] = [join(root, "sandbox"), join(root, "project")];
  const settings = join(project, "Pulumi.dev.yaml");
  let committed: Buffer;
  let tools: Toolchain;
  let sandbox: Sandbox;
  let environment: Record<string, string>;

  async function start(): Promise<void> {
    cpSync(join(__dirname, "fixtures/engine"), project, { recursive: true });
    symlinkSync(join(__dirname, "../../node_modules"), join(project, "node_modules"));
    committed = readFileSync(settings);
    tools = await toolchain();
    sandbox = await startSandbox({
      directory,
      accounts,
      region: "ap-northeast-1",
      motoServer: tools.motoServer,
    });
    environment = engineEnvironment({ toolchain: tools, directory, awsConfigFile: sandbox.awsConfigFile });
    await ensureStack("dev", environment, project);
  }

  async function stop(): Promise<void> {
    await stopSandbox(directory);
    rmSync(root, { recursive: true, force: true });
  }

  const client = <C>(Client: new (configuration: object) => C) =>
    new Client({
      endpoint: sandbox.url,
      region: sandbox.region,
      credentials: fromIni({ profile: "dev", configFilepath: sandbox.awsConfigFile }),
    });

  const surroundings = (variant: string, more: Record<string, string> = {}) => ({
    ...confined(environment),
    ACCOUNT: accounts.dev,
    VARIANT: variant,
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    ...more,
  });

  /** Runs a pulumi command to its end, on the program's variant, and looks whether the settings kept their bytes. */
  async function pulumi(
    variant: string,
    args: string[],
    more?: Record<string, string>,
  ): Promise<EndedCommand> {
    const all = [...args, "--non-interactive", "--color=never"];
    const options = { cwd: project, env: surroundings(variant, more), maxBuffer: 1 << 28 };
    const ended = await new Promise<EndedCommand>((resolve) =>
      execFile(tools.pulumi, all, options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      ),
    );
    assert.deepEqual(readFileSync(settings), committed, "the settings file was changed");
    return ended;
  }

  async function succeeds(variant: string, ...args: string[]): Promise<string> {
    const { code, output } = await pulumi(variant, args);
    assert.equal(code, 0, output);
    return output;
  }

  async function fails(variant: string, ...args: string[]): Promise<string> {
    const { code, output } = await pulumi(variant, args);
    assert.notEqual(code, 0, output);
    return output;
  }

  return {
    root,
    directory,
    project,
    client,
    fails,
    pulumi,
    start,
    stop,
    succeeds,
    surroundings,
    refresh: (variant = "") => succeeds(variant, "refresh", "--yes", "--skip-preview", "--diff"),
    up: (variant = "") => succeeds(variant, "up", "--yes", "--skip-preview"),
    get environment() {
      return environment;
    },
    get tools() {
      return tools;
    },
    get sandbox() {
      return sandbox;
    },
  };
}
