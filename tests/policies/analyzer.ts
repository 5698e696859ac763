import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";

export const PACK = join(__dirname, "../../policypack");
/** What the engine sends in a preview for a string that is not known yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface Violation {
  policy: string;
  level: "advisory" | "mandatory";
  message: string;
  urn: string;
}

export interface Resource {
  type: string;
  props: object;
  name?: string;
  /** Inputs of the resource's provider. */
  provider?: object;
}

/** Settings by policy, as in a policy configuration file. */
export type Config = Record<string, { enforcementLevel?: Level; [setting: string]: unknown }>;
type Level = Lowercase<keyof typeof proto.EnforcementLevel>;
const levels = ["advisory", "mandatory", "disabled", "remediate"] as const;

const struct = (value: object): Struct => Struct.fromJavaScript(value as Record<string, JavaScriptValue>);

const built = new Set<string>();

/** Builds the pack once, as `npm run build --prefix policypack` does. @throws Error if its packages are not installed. */
export function build(pack = PACK): void {
  // In npm test others read the pack at the same time.
  if (built.has(pack) || (pack === PACK && process.env.POLICY_PACK_IS_MADE)) return;
  built.add(pack);
  if (!existsSync(join(pack, "node_modules/@pulumi/policy")))
    throw new Error("The policy pack's packages are missing: run npm ci --prefix policypack");
  execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", pack], { stdio: "inherit" });
}

/** A policy pack in its own process, spoken to as the engine does. Ends with {@link stop}. */
export class Analyzer {
  private constructor(
    readonly process: ChildProcess,
    private readonly client: AnalyzerClient,
    readonly info: proto.AnalyzerInfo,
  ) {}

  static async start(pack = PACK): Promise<Analyzer> {
    const runner = join(pack, "node_modules/@pulumi/pulumi/cmd/run-policy-pack");
    const process_ = spawn(process.execPath, [runner, "127.0.0.1:1", "."], {
      cwd: pack,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = await Promise.race([
      once(process_.stdout!, "data"),
      once(process_, "exit").then(() =>
        Promise.reject(new Error(`${pack} did not start: its error stands above`)),
      ),
    ]);
    const client = new AnalyzerClient(`127.0.0.1:${String(port).trim()}`, credentials.createInsecure(), {
      "grpc.max_send_message_length": -1,
      "grpc.max_receive_message_length": -1,
    });
    const info = await promise<proto.AnalyzerInfo>((done) => client.getAnalyzerInfo(new Empty(), done));
    const analyzer = new Analyzer(process_, client, info);
    await analyzer.configure({});
    return analyzer;
  }

  stop(): void {
    this.client.close();
    this.process.kill();
  }

  /** Configures every policy: its own defaults, then what is given, as the engine merges them; names that it does not know too. */
  async configure(config: Config): Promise<void> {
    const request = new proto.ConfigureAnalyzerRequest();
    const known = new Map(this.info.getPoliciesList().map((policy) => [policy.getName(), policy]));
    for (const name of new Set([...known.keys(), ...Object.keys(config)])) {
      const policy = known.get(name);
      const { enforcementLevel, ...given } = config[name] ?? {};
      const schema = policy?.getConfigschema()?.getProperties()?.toJavaScript() ?? {};
      const defaults = Object.entries(schema).map(([setting, one]) => [
        setting,
        (one as { default: unknown }).default,
      ]);
      const one = new proto.PolicyConfig();
      one.setEnforcementlevel(
        enforcementLevel ? levels.indexOf(enforcementLevel) : policy!.getEnforcementlevel(),
      );
      one.setProperties(struct({ ...Object.fromEntries(defaults), ...given }));
      request.getPolicyconfigMap().set(name, one);
    }
    await promise((done) => this.client.configure(request, done));
  }

  /** Analyzes a resource as the engine does before it is created or updated. */
  async analyze({ type, props, name = "site", provider }: Resource): Promise<Violation[]> {
    const request = new proto.AnalyzeRequest();
    request.setType(type);
    request.setName(name);
    request.setUrn(`urn:pulumi:dev::project::${type}::${name}`);
    request.setProperties(struct(props));
    request.setOptions(new proto.AnalyzerResourceOptions());
    if (provider) {
      const of = new proto.AnalyzerProviderResource();
      of.setProperties(struct(provider));
      request.setProvider(of);
    }
    return violations(await promise((done) => this.client.analyze(request, done)));
  }

  /** Analyzes the finished stack. */
  async analyzeStack(resources: Resource[] = []): Promise<Violation[]> {
    const request = new proto.AnalyzeStackRequest();
    request.setResourcesList(
      resources.map(({ type, props }) => {
        const one = new proto.AnalyzerResource();
        one.setType(type);
        one.setProperties(struct(props));
        one.setOptions(new proto.AnalyzerResourceOptions());
        return one;
      }),
    );
    return violations(await promise((done) => this.client.analyzeStack(request, done)));
  }
}

const promise = <T>(call: (done: (error: Error | null, value: T) => void) => unknown): Promise<T> =>
  new Promise((resolve, reject) => void call((error, value) => (error ? reject(error) : resolve(value))));

const violations = (response: proto.AnalyzeResponse): Violation[] =>
  response.getDiagnosticsList().map((one) => ({
    policy: one.getPolicyname(),
    level: levels[one.getEnforcementlevel()] as Violation["level"],
    message: one.getMessage(),
    urn: one.getUrn(),
  }));
