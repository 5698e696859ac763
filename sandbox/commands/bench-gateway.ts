/** What the gateway costs: the same requests through it and to a bare moto, in turn, so that other load meets both alike. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sha256 } from "@aws-crypto/sha256-js";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { fromIni } from "@aws-sdk/credential-providers";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { type Sandbox, startSandbox, stopSandbox } from "../accounts";
import { type MotoEndpoint, SECRET_HEADER } from "../gateway/moto";
import { startMoto } from "../gateway/moto-server";
import { toolchain } from "../toolchain";
import { report as reportTool } from "./say";

const REGION = "eu-west-1";
const ACCOUNT = "111111111111";
const ROLES = [10, 1_000];
const CLIENTS = [1, 16, 64];
const ROUNDS = 7;
const REQUESTS = 200;

interface BenchRequest {
  service: string;
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

const ssm = (operation: string, parameters: object): BenchRequest => ({
  service: "ssm",
  method: "POST",
  path: "/",
  headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AmazonSSM.${operation}` },
  body: JSON.stringify(parameters),
});
const location = `<CreateBucketConfiguration><LocationConstraint>${REGION}</LocationConstraint></CreateBucketConfiguration>`;
const object = { service: "s3", path: "/bench/object" };
const FIRST: BenchRequest[] = [
  { service: "s3", method: "PUT", path: "/bench", body: location },
  { ...object, method: "PUT", body: "1" },
  ssm("PutParameter", { Name: "bench", Type: "String", Value: "1" }),
];
const MEASURED: Record<string, BenchRequest> = {
  "S3 GetObject": { ...object, method: "GET" },
  "S3 PutObject": { ...object, method: "PUT", body: "1" },
  "SSM GetParameter": ssm("GetParameter", { Name: "bench" }),
};

/** Where requests go, and how they are signed there. */
interface Target {
  port: number;
  sign(asked: BenchRequest): Promise<Record<string, string>>;
}

function throughGateway({ url, awsConfigFile }: Sandbox): Target {
  const credentials = fromIni({ profile: "dev", configFilepath: awsConfigFile, filepath: awsConfigFile });
  const { port, host } = new URL(url);
  return {
    port: Number(port),
    async sign({ service, method, path, headers, body = "" }) {
      const digest = createHash("sha256").update(body).digest("hex");
      const all = { host, "x-amz-content-sha256": digest, ...headers };
      const signer = new SignatureV4({ credentials, region: REGION, service, sha256: Sha256 });
      return (await signer.sign(new HttpRequest({ method, path, headers: all, body }))).headers;
    },
  };
}

const toMoto = ({ port, secret }: MotoEndpoint): Target => ({
  port,
  sign: async ({ service, headers }) => ({
    ...headers,
    [SECRET_HEADER]: secret,
    "x-moto-account-id": ACCOUNT,
    authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20000101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  }),
});

function send(
  port: number,
  agent: Agent | undefined,
  { method, path, body = "" }: BenchRequest,
  headers: Record<string, string>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, agent, method, path };
    const length = { "content-length": Buffer.byteLength(body) };
    const out = request({ ...options, headers: { ...headers, ...length } }, (answer) => {
      answer.resume().on("end", () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${method} ${path} was answered ${answer.statusCode}`));
      });
    });
    out.on("error", reject).end(body);
  });
}

/** Milliseconds for each request, with so many clients at once; the request is signed before. */
async function timePerRequest(target: Target, asked: BenchRequest, clients: number): Promise<number> {
  const headers = await target.sign(asked);
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let left = REQUESTS;
  const client = async () => {
    while (left-- > 0) await send(target.port, agent, asked, headers);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return (performance.now() - started) / REQUESTS;
}

const median = (list: number[]): number => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

/** Gives `show` one line for each kind of request, number of clients and number of roles, and for a request after a write to IAM. */
export async function benchGateway(
  show: (what: string, baseline: number, measured: number, aim?: string) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-gateway-"));
  const directory = join(folder, "sandbox");
  const motoServer = process.env.MOTO_SERVER ?? (await toolchain(reportTool)).motoServer;
  const { moto, endpoint } = await startMoto(motoServer, folder, () => {});
  try {
    const sandbox = await startSandbox({
      directory,
      accounts: { dev: ACCOUNT },
      region: REGION,
      motoServer,
    });
    const [bare, gateway] = [toMoto(endpoint), throughGateway(sandbox)];
    for (const target of [bare, gateway])
      for (const asked of FIRST) await send(target.port, undefined, asked, await target.sign(asked));
    const { url: endpointUrl, awsConfigFile } = sandbox;
    const credentials = fromIni({ profile: "dev", configFilepath: awsConfigFile, filepath: awsConfigFile });
    const iam = new IAMClient({ region: REGION, endpoint: endpointUrl, credentials });
    const trust = { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
    let count = 0;
    const createRole = () =>
      iam.send(new CreateRoleCommand({ RoleName: `role-${++count}`, AssumeRolePolicyDocument }));
    const get = MEASURED["S3 GetObject"]!;
    const afterWrite: number[] = [];
    // Until the compiler has settled.
    for (const target of [bare, gateway])
      for (const asked of Object.values(MEASURED)) await timePerRequest(target, asked, 16);
    for (const roles of ROLES) {
      while (count < roles) await createRole();
      for (const [what, asked] of Object.entries(MEASURED))
        for (const clients of CLIENTS) {
          const took: [number[], number[]] = [[], []];
          for (let round = 0; round < ROUNDS; round++) {
            took[0].push(await timePerRequest(bare, asked, clients));
            took[1].push(await timePerRequest(gateway, asked, clients));
          }
          const label = `${what}, ${clients} clients, ${roles.toLocaleString("en")} roles`;
          show(label, median(took[0]), median(took[1]), clients > 1 ? "aim 2.00x" : "");
        }
      const waited: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        await createRole();
        const started = performance.now();
        await send(gateway.port, undefined, get, await gateway.sign(get));
        waited.push(performance.now() - started);
      }
      afterWrite.push(median(waited));
    }
    show("after an IAM write, 10 and 1,000 roles", afterWrite[0]!, afterWrite[1]!, "aim flat");
  } finally {
    await stopSandbox(directory);
    moto.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
