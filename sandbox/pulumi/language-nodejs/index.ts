/**
 * Stands in for Pulumi's Node.js language host: runs programs, policy packs and plugins with the entry points that
 * @pulumi/pulumi ships (`cmd/run`, `cmd/run-policy-pack`, `cmd/run-plugin`), over Pulumi's LanguageRuntime protocol.
 * It generates no code: those methods answer UNIMPLEMENTED.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, parse } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { type ILanguageRuntimeServer, LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as language from "@pulumi/pulumi/proto/language_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { UserError } from "../../../infra/user-error";
import { engineAddress, explain, RpcError, serve, unary } from "../rpc";

/** Exit code of @pulumi/pulumi after it has shown the user what is wrong: the engine adds nothing. */
const ALREADY_REPORTED = 32;

interface PackageManifest {
  name?: string;
  version?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

/** Runtime options of Pulumi.yaml or PulumiPolicy.yaml that the host follows, as the official one does. */
interface RuntimeOptions {
  typescript?: boolean;
  nodeargs?: string;
  tsconfig?: string;
}

const optionsOf = (info: language.ProgramInfo | undefined) =>
  (info?.getOptions()?.toJavaScript() ?? {}) as RuntimeOptions;

const readManifest = (folder: string): PackageManifest | undefined => {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageManifest;
  } catch {
    return undefined;
  }
};

/** The folder and all above it, nearest first: where Node.js looks for `node_modules`. */
function* upwards(folder: string): Generator<string> {
  for (; ; folder = dirname(folder)) {
    yield folder;
    if (folder === parse(folder).root) return;
  }
}

/** Every installed package that the folder's programs can import, nearest first. */
function* installed(folder: string): Generator<PackageManifest> {
  const seen = new Set<string>();
  for (const modules of [...upwards(folder)]
    .map((parent) => join(parent, "node_modules"))
    .filter(existsSync)) {
    for (const entry of readdirSync(modules)) {
      const names = entry.startsWith("@")
        ? readdirSync(join(modules, entry)).map((name) => `${entry}/${name}`)
        : [entry];
      for (const name of names.filter((name) => !seen.has(name))) {
        const manifest = readManifest(join(modules, name));
        if (manifest) {
          seen.add(name);
          yield manifest;
        }
      }
    }
  }
}

const requiredPlugins = (info: language.ProgramInfo | undefined) =>
  [...installed(info?.getProgramDirectory() ?? process.cwd())]
    .filter((manifest) => manifest.pulumi?.resource)
    .map(({ name = "", version = "", pulumi = {} }) => ({
      name: pulumi.name ?? name.replace(/^@pulumi\//, ""),
      version: `v${pulumi.version ?? version}`,
      server: pulumi.server ?? "",
    }));

/** Where the program's own @pulumi/pulumi has this entry point. Throws what the official host says when it is missing. */
function entryPoint(program: string, name: "run" | "run-policy-pack" | "run-plugin"): string {
  try {
    return createRequire(join(program, "index.js")).resolve(`@pulumi/pulumi/cmd/${name}`);
  } catch {
    throw new RpcError(
      grpc.status.FAILED_PRECONDITION,
      `It looks like the Pulumi SDK has not been installed. Have you run npm install? (@pulumi/pulumi/cmd/${name} was not found from ${program})`,
    );
  }
}

const typescriptEnvironment = (options: RuntimeOptions) => ({
  ...(options.typescript !== false && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
  ...(options.tsconfig && { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
});

const nodeArguments = (options: RuntimeOptions) => options.nodeargs?.split(/\s+/).filter(Boolean) ?? [];

/** Loads a program's TypeScript faster than ts-node, which @pulumi/pulumi would use. It checks no types. */
const TRANSPILE = require.resolve("tsx/cjs");
const LAZY = require.resolve("./lazy.cjs");

const isOnlyTranspiled = ({ typescript, tsconfig }: RuntimeOptions) =>
  typescript !== false && !tsconfig && process.env.PULUMI_NODEJS_TRANSPILE_ONLY === "true";

/** Ends a child that its caller no longer waits for: politely first, by force after five seconds. */
function stop(child: ChildProcess): void {
  child.kill("SIGINT");
  setTimeout(() => child.kill("SIGKILL"), 5000).unref();
}

const exitOf = (child: ChildProcess) =>
  new Promise<number>((resolve, reject) => {
    // A program whose engine was killed asks it again and again, with a whole processor, until it is killed.
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    child.once("close", () => process.off("exit", end));
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });

async function run(
  request: language.RunRequest,
  call: grpc.ServerUnaryCall<language.RunRequest, language.RunResponse>,
) {
  const info = request.getInfo() ?? new language.ProgramInfo();
  const options = optionsOf(info);
  const flags = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress(),
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info.getRootDirectory(),
    stack: request.getStack(),
    pwd: request.getPwd(),
    parallel: request.getParallel(),
  };
  const child = spawn(
    process.execPath,
    [
      "--require",
      LAZY,
      ...(isOnlyTranspiled(options) ? ["--require", TRANSPILE] : []),
      ...nodeArguments(options),
      entryPoint(info.getProgramDirectory(), "run"),
      ...Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}`, String(value)] : [])),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      info.getEntryPoint(),
      ...request.getArgsList(),
    ],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        ...typescriptEnvironment(options),
        ...(isOnlyTranspiled(options) && { PULUMI_NODEJS_TYPESCRIPT: "false" }),
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      },
    },
  );
  call.once("cancelled", () => stop(child));
  const code = await exitOf(child);
  const response = new language.RunResponse();
  if (code === ALREADY_REPORTED) response.setBail(true);
  else if (code !== 0) response.setError(`Program exited with non-zero exit code: ${code}`);
  return response;
}

/** Runs a policy pack or a plugin written for Node.js, its output streamed to the engine. */
async function runPlugin(
  call: grpc.ServerWritableStream<language.RunPluginRequest, language.RunPluginResponse>,
) {
  const request = call.request;
  const program = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const policyPack = request.getKind() === "analyzer";
  const options = optionsOf(request.getInfo());
  const child = spawn(
    process.execPath,
    [
      ...nodeArguments(options),
      entryPoint(program, policyPack ? "run-policy-pack" : "run-plugin"),
      ...(policyPack ? [...request.getArgsList(), program] : [program, ...request.getArgsList()]),
    ],
    {
      // A pack's tsconfig.json and relative paths are looked up from its own folder.
      cwd: policyPack ? program : request.getPwd(),
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...Object.fromEntries(request.getEnvList().map((pair) => pair.split(/=(.*)/s, 2))),
        ...typescriptEnvironment(options),
      },
    },
  );
  call.once("cancelled", () => stop(child));
  child.stdout.on("data", (chunk) => call.write(new language.RunPluginResponse().setStdout(chunk)));
  child.stderr.on("data", (chunk) => call.write(new language.RunPluginResponse().setStderr(chunk)));
  call.write(new language.RunPluginResponse().setExitcode(await exitOf(child)));
  call.end();
}

/** Installs with npm what the program's package.json names, from its lock file where there is one. */
async function installDependencies(
  call: grpc.ServerWritableStream<language.InstallDependenciesRequest, language.InstallDependenciesResponse>,
) {
  const cwd = call.request.getInfo()?.getProgramDirectory() ?? call.request.getDirectory();
  const child = spawn("npm", ["install", "--loglevel=error"], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.on("data", (chunk) => call.write(new language.InstallDependenciesResponse().setStdout(chunk)));
  child.stderr.on("data", (chunk) => call.write(new language.InstallDependenciesResponse().setStderr(chunk)));
  const code = await exitOf(child);
  if (code !== 0) throw new UserError(`npm install failed in ${cwd} with exit code ${code}`);
  call.end();
}

const streaming =
  <Q, A>(
    handle: (call: grpc.ServerWritableStream<Q, A>) => Promise<void>,
  ): grpc.handleServerStreamingCall<Q, A> =>
  (call) =>
    handle(call).catch((error) =>
      call.emit("error", {
        code: error.code ?? grpc.status.UNKNOWN,
        details: explain(error),
        metadata: error.metadata,
      }),
    );

serve<ILanguageRuntimeServer>(LanguageRuntimeService, {
  handshake: unary(() => new language.LanguageHandshakeResponse()),
  getPluginInfo: unary(() => new plugin.PluginInfo()),
  getRequiredPlugins: unary((request) =>
    new language.GetRequiredPluginsResponse().setPluginsList(
      requiredPlugins(request.getInfo()).map(({ name, version, server }) =>
        new plugin.PluginDependency().setName(name).setKind("resource").setVersion(version).setServer(server),
      ),
    ),
  ),
  getRequiredPackages: unary((request) =>
    new language.GetRequiredPackagesResponse().setPackagesList(
      requiredPlugins(request.getInfo()).map(({ name, version, server }) =>
        new plugin.PackageDependency()
          .setName(name)
          .setKind("resource")
          .setVersion(version)
          .setServer(server),
      ),
    ),
  ),
  run: unary(run),
  runPlugin: streaming(runPlugin),
  installDependencies: streaming(installDependencies),
  runtimeOptionsPrompts: unary(() => new language.RuntimeOptionsResponse()),
  template: unary(() => new language.TemplateResponse()),
  about: unary(() =>
    new language.AboutResponse().setExecutable(process.execPath).setVersion(process.version),
  ),
  getProgramDependencies: unary((request) => {
    const folder = request.getInfo()?.getProgramDirectory() ?? process.cwd();
    const { dependencies, devDependencies } = [...upwards(folder)].map(readManifest).find(Boolean) ?? {};
    const direct = { ...dependencies, ...devDependencies };
    return new language.GetProgramDependenciesResponse().setDependenciesList(
      [...installed(folder)]
        .filter(({ name = "" }) => request.getTransitivedependencies() || name in direct)
        .map(({ name = "", version = "" }) =>
          new language.DependencyInfo().setName(name).setVersion(version),
        ),
    );
  }),
  cancel: unary(() => new Empty()),
});
