import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Analyzer, build, PACK, type Resource } from "../../tests/policies/analyzer";
import { bucketPolicy, role } from "../../tests/policies/case";
import { addCommand, type CommandDefinition } from "../../tools/command-line";
import { stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY, rehearse } from "../rehearsal";
import { benchGateway } from "./bench-gateway";

export const benchCommand: CommandDefinition = (program) =>
  addCommand(
    program,
    "bench",
    "Measures what the policy pack, or the gateway, costs, as ratios within one run.",
  )
    .usage("-- [options]")
    .option("--without-engine", "leave out the previews, which need the sandbox's tools")
    .option("--gateway", "measure the sandbox's gateway against a bare moto instead")
    .action(({ withoutEngine, gateway }: { withoutEngine?: true; gateway?: true }) =>
      gateway ? reportGateway() : bench(!withoutEngine),
    );

function reportGateway(): Promise<void> {
  report("", "bare moto", "gateway", undefined);
  return benchGateway((what, baseline, measured, aim) =>
    report(what, ms(baseline), ms(measured), measured / baseline, aim),
  );
}

const STARTS = 7;
const STACKS = [100, 1_000, 10_000];
const PREVIEWS = 5;

/** What a stack is made of: one in five resources carries a document. */
const MIX: Resource[] = [
  bucketPolicy(
    {},
    { Effect: "Deny", Principal: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
  ),
  {
    type: "aws:s3/bucket:Bucket",
    props: { bucket: "site", forceDestroy: false, tags: { team: "web", stage: "dev" } },
  },
  {
    type: "aws:ec2/securityGroup:SecurityGroup",
    props: {
      description: "web",
      ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["10.0.0.0/8"] }],
      egress: [],
    },
  },
  {
    type: "aws:lambda/function:Function",
    props: {
      handler: "index.handler",
      runtime: "nodejs20.x",
      memorySize: 256,
      environment: { variables: { STAGE: "dev", TABLE: "orders" } },
    },
  },
  {
    type: "aws:dynamodb/table:Table",
    props: {
      hashKey: "id",
      attributes: [{ name: "id", type: "S" }],
      billingMode: "PAY_PER_REQUEST",
      tags: { team: "web" },
    },
  },
  role({ Principal: { Service: "lambda.amazonaws.com" } }),
  {
    type: "aws:ec2/subnet:Subnet",
    props: { vpcId: "vpc-0123456789abcdef0", cidrBlock: "10.0.1.0/24", mapPublicIpOnLaunch: false },
  },
  { type: "aws:cloudwatch/logGroup:LogGroup", props: { name: "/aws/lambda/orders", retentionInDays: 30 } },
  {
    type: "aws:route53/record:Record",
    props: { name: "www", type: "CNAME", ttl: 300, records: ["site.example.com"] },
  },
  { type: "pulumi:providers:aws", props: { region: "eu-central-1", defaultTags: '{"tags":{"team":"web"}}' } },
];

/** The heaviest stack: every resource carries a document of ten statements, with what such documents have. */
const DOCUMENTS: Resource[] = [0, 1, 2, 3, 4].map((shift) =>
  bucketPolicy(
    ...Array.from({ length: 10 }, (_, i) => ({
      Sid: `Statement${i}`,
      Principal:
        (i + shift) % 5 === 0
          ? { Service: "logging.s3.amazonaws.com" }
          : { AWS: [`arn:aws:iam::11112222333${i}:root`, `arn:aws:iam::11112222333${i}:role/reader`] },
      Action: ["s3:GetObject", "s3:ListBucket"],
      Resource: ["arn:aws:s3:::site", "arn:aws:s3:::site/*"],
      Condition: { Bool: { "aws:SecureTransport": "true" } },
    })),
  ),
);

const least = (list: number[]): number => Math.min(...list);
const median = (list: number[]): number => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]!;

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Times both in turn, so that other load of the machine meets both alike. */
async function compare(
  times: number,
  baseline: () => unknown,
  measured: () => unknown,
  sum = least,
): Promise<[number, number]> {
  const took: [number[], number[]] = [[], []];
  for (let i = 0; i < times; i++) {
    took[0].push(await timed(baseline));
    took[1].push(await timed(measured));
  }
  return [sum(took[0]), sum(took[1])];
}

/** A pack without policies, in the same form and on the same packages as this project's. */
function emptyPack(folder: string): string {
  symlinkSync(join(PACK, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "name": "empty", "version": "1.0.0", "main": "index.js" }');
  writeFileSync(join(folder, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  writeFileSync(
    join(folder, "index.js"),
    'const { PolicyPack } = require("@pulumi/policy");\nnew PolicyPack("empty", { policies: [] });\n',
  );
  return folder;
}

const megabytes = ({ process }: Analyzer): number =>
  Number(execFileSync("ps", ["-o", "rss=", "-p", String(process.pid)])) / 1024;

function report(what: string, baseline: string, measured: string, ratio: number | undefined, aim = ""): void {
  const times = ratio === undefined ? "" : `${ratio.toFixed(2)}x`;
  console.log(
    `${what.padEnd(44)}${baseline.padStart(12)}${measured.padStart(12)}${times.padStart(9)}  ${aim}`,
  );
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

/** Prints each figure beside its ratio; `withEngine` false leaves out the previews. */
async function bench(withEngine: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const sandbox = join(folder, "sandbox");
  try {
    build();
    const empty = emptyPack(folder);
    report("", "empty pack", "this pack", undefined);
    const started = await compare(
      STARTS,
      async () => (await Analyzer.start(empty)).stop(),
      async () => (await Analyzer.start()).stop(),
    );
    report("start", ms(started[0]), ms(started[1]), started[1] / started[0], "aim 1.10x");

    const packs = [await Analyzer.start(empty), await Analyzer.start()] as const;
    const stack = async (pack: Analyzer, resources: Resource[], size: number): Promise<void> => {
      for (let i = 0; i < size; i++) await pack.analyze(resources[i % resources.length]!);
    };
    const perResource = async (label: string, resources: Resource[], size: number): Promise<void> => {
      // In parts, so that a busy moment of the machine falls on few of them.
      const part = size / 50;
      const [baseline, measured] = await compare(
        50,
        () => stack(packs[0], resources, part),
        () => stack(packs[1], resources, part),
        median,
      );
      report(label, ms(baseline / part), ms(measured / part), measured / baseline, "aim 1.20x");
    };
    for (const pack of packs) await stack(pack, [...MIX, ...DOCUMENTS], 2_000); // until the compiler has settled
    const memory: number[] = [];
    for (const size of STACKS) {
      await perResource(`per resource, of ${size.toLocaleString("en")}`, MIX, size);
      memory.push(megabytes(packs[1]));
    }
    await perResource("per resource, each with ten statements", DOCUMENTS, 2_000);
    for (const size of STACKS) {
      const resources = Array.from({ length: size }, (_, i) => MIX[i % MIX.length]!);
      const [baseline, measured] = await compare(
        3,
        () => packs[0].analyzeStack(resources),
        () => packs[1].analyzeStack(resources),
      );
      report(
        `end of a stack of ${size.toLocaleString("en")}`,
        ms(baseline),
        ms(measured),
        measured / baseline,
      );
    }
    const grown = memory.at(-1)! / memory[1]!;
    report(
      "memory after 1,000 and 10,000",
      `${memory[1]!.toFixed(0)} MB`,
      `${memory.at(-1)!.toFixed(0)} MB`,
      grown,
      "aim flat",
    );
    for (const pack of packs) pack.stop();

    if (!withEngine) return;
    const rehearsal = await rehearse("dev", (line) => console.error(line), sandbox);
    const settings = join(folder, "Pulumi.dev.yaml");
    writeFileSync(
      settings,
      readFileSync(join(PROJECT_DIRECTORY, "Pulumi.dev.yaml"), "utf8").replace(/^encryptionsalt: .*\n?/m, ""),
    );
    const preview =
      (...more: string[]) =>
      (): unknown =>
        execFileSync(
          rehearsal.tools.pulumi,
          ["preview", "--stack", "dev", "--non-interactive", "--config-file", settings, ...more],
          {
            cwd: PROJECT_DIRECTORY,
            env: confined(rehearsal.environment),
            stdio: "pipe",
          },
        );
    report("", "without", "with", undefined);
    const previewed = await compare(PREVIEWS, preview(), preview("--policy-pack", PACK));
    report("preview of stack dev", ms(previewed[0]), ms(previewed[1]), previewed[1] / previewed[0]);
    const both = await compare(PREVIEWS, preview("--policy-pack", empty), preview("--policy-pack", PACK));
    report("preview of stack dev, against an empty pack", ms(both[0]), ms(both[1]), both[1] / both[0]);
  } finally {
    await stopSandbox(sandbox);
    rmSync(folder, { recursive: true, force: true });
  }
}
