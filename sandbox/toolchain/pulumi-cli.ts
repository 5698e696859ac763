import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../infra/user-error";
import { type GoTool, pinnedVersion, prepareGo } from "./go";
import { cacheFolder, install, type Report, run } from "./install";

const PULUMI_CLI: GoTool = {
  source: join(__dirname, "pulumi-cli"),
  package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  home: "the Pulumi CLI (https://www.pulumi.com/docs/install)",
};

export const BUILT_VERSION = pinnedVersion(PULUMI_CLI).version;

/** Asks a CLI for its version with a home of its own: each command of Pulumi's leaves a log in its home. */
export async function versionOf(cli: string): Promise<string> {
  mkdirSync(cacheFolder(), { recursive: true });
  const home = mkdtempSync(join(cacheFolder(), "pulumi-home-"));
  try {
    const env = { ...process.env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" };
    return (await promisify(execFile)(cli, ["version"], { env })).stdout.trim();
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The Pulumi CLI, built with Go from Pulumi's source where it has not been built before. */
export async function buildPulumiCli(report: Report, tool = PULUMI_CLI): Promise<string> {
  const { version, key } = pinnedVersion(tool);
  const folder = await install(`pulumi-${key}`, "pulumi", report, async (into) => {
    const { go, env } = await prepareGo(into, "pulumi", tool, report);
    const options = { env, cwd: tool.source };
    // Go names each package once when it compiles it. Debug information takes time, and nobody needs it here.
    const versionFlag = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
    const flags = ["-trimpath", "-gcflags=all=-dwarf=false", `-ldflags=-s -w ${versionFlag}`];
    let [fetched, total, compiled] = [0, 0, 0];
    await run(go, ["list", "-deps", tool.package], {
      ...options,
      onLine: (line) => (line.startsWith("go: downloading") ? fetched++ : total++),
      onWait: (seconds) =>
        report("pulumi", `fetching the sources of ${version}: ${fetched} modules, ${seconds} s`),
    });
    await run(go, ["build", "-v", ...flags, "-o", join(into, "pulumi"), tool.package], {
      ...options,
      onLine: () => compiled++,
      onWait: (seconds) =>
        report("pulumi", `building ${version} with Go: ${compiled} of about ${total} packages, ${seconds} s`),
    });
    const built = await versionOf(join(into, "pulumi"));
    if (built !== version)
      throw new UserError(`The Pulumi CLI that was built says it is ${built}; expected is ${version}.`);
    rmSync(join(into, "go"), { recursive: true, force: true });
  });
  return join(folder, "pulumi");
}

/** The newest Pulumi CLI that Go's module proxy has, built in the same way. It replaces none that was built before. */
export async function buildNewestPulumiCli(report: Report): Promise<string> {
  const source = mkdtempSync(join(tmpdir(), "pulumi-cli-"));
  try {
    cpSync(PULUMI_CLI.source, source, { recursive: true });
    const { go, env } = await prepareGo(source, "pulumi", PULUMI_CLI, report);
    const modules = { ...env, GOFLAGS: "-mod=mod -modcacherw" };
    await run(go, ["get", `${PULUMI_CLI.package}@latest`], { cwd: source, env: modules });
    return await buildPulumiCli(report, { ...PULUMI_CLI, source });
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
}
