import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
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
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  CreateGroupCommand,
  DeleteGroupPolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListGroupPoliciesCommand,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { GetBucketPolicyCommand, PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import { fromIni } from "@aws-sdk/credential-providers";
import type { Statement } from "../../infra/access/policy";
import { stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY, type Rehearsal, rehearse } from "../rehearsal";
import { DEPLOYMENT_TIMEOUT, type Ended } from "./shell";

describe("a scenario for an application of one's own", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "new-scenario-"));
  const project = join(directory, "project");
  let rehearsal: Rehearsal;

  const run = (command: string, ...args: string[]) =>
    new Promise<Ended>((resolve) => {
      const env = rehearsal ? confined(rehearsal.environment) : process.env;
      execFile(command, args, { cwd: project, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });
  /** A command of the copied project. */
  const tool = (...args: string[]) =>
    run(process.execPath, "--no-warnings", "-r", "tsx/cjs", "tools/index.ts", ...args);
  const pulumi = (...args: string[]) =>
    run(rehearsal.tools.pulumi, ...args, "--yes", "--skip-preview", "--stack", "dev");
  const client = (profile: string) => {
    const { awsConfigFile: file, url } = rehearsal.sandbox;
    const credentials = fromIni({ profile, configFilepath: file, filepath: file, ignoreCache: true });
    return { region: "ap-northeast-1", endpoint: url, credentials };
  };
  const iam = (profile: string) => new IAMClient(client(profile));
  const policiesOf = async (GroupName: string) =>
    (await iam("dev").send(new ListGroupPoliciesCommand({ GroupName }))).PolicyNames;

  before(() => {
    for (const name of ["infra", "tools"])
      cpSync(join(PROJECT_DIRECTORY, name), join(project, name), { recursive: true });
    for (const name of [
      "policypack",
      "node_modules",
      "package.json",
      "tsconfig.json",
      "biome.json",
      "Pulumi.yaml",
    ])
      symlinkSync(join(PROJECT_DIRECTORY, name), join(project, name));
  });
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(directory, { recursive: true, force: true });
  });

  it("is written and registered by one command, and compiles as it is", async () => {
    const { code, output } = await tool(
      "new-scenario",
      "ReportReader",
      "--group",
      "Analysts",
      "--bucket",
      "reports",
    );
    assert.equal(code, 0, output);
    assert.match(output, /npm run access -- dev/);
    // Another of its kind, for the same group; and one whose words have no small letters.
    await tool("new-scenario", "InvoiceReader", "--group", "Analysts", "--bucket", "reports");
    const acronyms = await tool("new-scenario", "HRPortalV2");
    assert.match(acronyms.output, /it lists hrPortalV2\n/, acronyms.output);
    assert.match(acronyms.output, /hrPortalV2RoleName/);
    // The documentation's example stands beside it, and is held to the same.
    const page = readFileSync(join(PROJECT_DIRECTORY, "docs/your-own-application.md"), "utf8");
    const [, example] = /```ts\n(.*?)```/s.exec(page) ?? [];
    mkdirSync(join(project, "infra/scenarios/documented"));
    writeFileSync(join(project, "infra/scenarios/documented/application.ts"), example!);
    assert.match(output, /Changed {2}infra\/scenarios\/registry\.ts: it lists reportReader/);
    const compiled = await run(
      process.execPath,
      "node_modules/typescript/bin/tsc",
      "--noEmit",
      "-p",
      "infra",
    );
    assert.equal(compiled.code, 0, compiled.output);
    const formatted = await run(
      process.execPath,
      "node_modules/@biomejs/biome/bin/biome",
      ...["ci", "--error-on-warnings", "--vcs-enabled=false", "infra/scenarios"],
    );
    assert.equal(formatted.code, 0, formatted.output);
  });

  for (const [mistake, args, says] of [
    ["a name that is taken", ["ReportReader"], /found a scenario of that name/],
    ["the name of a scenario of the project", ["UpdateApp"], /found a scenario of that name/],
    ["a name that is none", ["report_reader"], /found the name "report_reader"; expected .* as ReportReader/],
    ["a word of the language", ["Await"], /found await, which names something else/],
    ["a name of the registry", ["Registry"], /found registry, which names something else/],
    ["the name of a setting", ["Region"], /found the setting region;/],
    ["a prefix of another scenario's settings", ["Shared"], /found the setting sharedBucketName;/],
    [
      "a bucket's name that S3 reserves",
      ["Ledger", "--bucket", "xn--ledger"],
      /--bucket: found "xn--ledger"/,
    ],
    ["a group's name that is too long", ["Ledger", "--group", "G".repeat(111)], /up to 110 letters/],
  ] as const)
    it(`is not written over: ${mistake} is refused, and changes nothing`, async () => {
      const registry = () => readFileSync(join(project, "infra/scenarios/registry.ts"), "utf8");
      const before = registry();
      const folders = readdirSync(join(project, "infra/scenarios"));
      const { code, output } = await tool("new-scenario", ...args);
      assert.equal(code, 2);
      assert.match(output, says);
      assert.equal(registry(), before);
      assert.deepEqual(readdirSync(join(project, "infra/scenarios")), folders);
    });

  it("is deployed beside UpdateApp, for a group that exists already, and its checks answer as expected", async () => {
    rehearsal = await rehearse("dev", () => {}, join(directory, "sandbox"), project);
    await iam("dev").send(new CreateGroupCommand({ GroupName: "Analysts" }));
    const settings = readFileSync(join(PROJECT_DIRECTORY, "Pulumi.dev.yaml"), "utf8")
      .replace(/(scenarios:\n)(?: {4}- \w+\n)+/, "$1    - UpdateApp\n    - ReportReader\n")
      .concat('  cross-account-access:reportReaderCreateTrustedGroup: "false"\n');
    writeFileSync(join(project, "Pulumi.dev.yaml"), settings);
    const { code, output } = await pulumi("up", "--policy-pack", "policypack");
    assert.equal(code, 0, output);
    assert.deepEqual(await policiesOf("Analysts"), ["Analysts-may-assume-ReportReader"]);
    const verified = await tool("verify", "dev");
    assert.match(verified.output, /^ReportReader$/m);
    assert.match(verified.output, /(\d+) of \1 checks as expected/, verified.output);
  });

  /** The titles of the checks of ReportReader that answer otherwise than expected. */
  const failures = async (): Promise<string[]> => {
    const { output } = await tool("verify", "dev");
    const own = output.slice(output.indexOf("ReportReader\n"));
    return [...own.matchAll(/^✘ +\d+ {2}(.*?) {2,}/gm)].map(([, title]) => title!);
  };
  const changed = (document: string, change: (statements: Statement[]) => Statement[]) => {
    const policy = JSON.parse(document) as { Statement: Statement[] };
    return JSON.stringify({ ...policy, Statement: change(policy.Statement) });
  };
  const RoleName = "ReportReader";
  const PolicyName = "permissions";
  const changeTrust = async (change: (statements: Statement[]) => Statement[]) => {
    const { Role } = await iam("prod").send(new GetRoleCommand({ RoleName }));
    const before = decodeURIComponent(Role!.AssumeRolePolicyDocument!);
    const put = (PolicyDocument: string) =>
      iam("prod").send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
    await put(changed(before, change));
    return () => put(before);
  };
  const changePermissions = async (change: (statements: Statement[]) => Statement[]) => {
    const { PolicyDocument } = await iam("prod").send(new GetRolePolicyCommand({ RoleName, PolicyName }));
    const before = decodeURIComponent(PolicyDocument!);
    const put = (document: string) =>
      iam("prod").send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: document }));
    await put(changed(before, change));
    return () => put(before);
  };
  const allowing = (Action: string): Statement => ({ Effect: "Allow", Action, Resource: "*" });

  for (const [mistake, breakIt, caughtBy] of [
    [
      "its trust asks no one for MFA",
      () => changeTrust((all) => all.map(({ Condition: _, ...rest }) => rest)),
      ["The same person without MFA"],
    ],
    [
      "its trust names a third account too",
      () =>
        changeTrust((all) =>
          all.map((one) => ({
            ...one,
            Principal: { AWS: ["arn:aws:iam::000000000001:root", "arn:aws:iam::000000000003:root"] },
          })),
        ),
      ["An administrator of a third account, with MFA"],
    ],
    [
      "it may do anything in S3",
      () => changePermissions((all) => [...all, allowing("s3:*")]),
      ["As ReportReader: anything else in prod"],
    ],
    [
      "it may read another application's objects, and not list them",
      () =>
        changePermissions((all) => [
          ...all,
          { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::productionapp/*" },
        ]),
      ["As ReportReader: anything else in prod"],
    ],
    [
      "it may no longer read",
      () => changePermissions((all) => all.filter(({ Sid }) => Sid !== "Read")),
      ["As ReportReader: list and read reports"],
    ],
    [
      "another group may assume it",
      async () => {
        const group = { GroupName: "Testers", PolicyName: "too-much" };
        const PolicyDocument = changed('{"Version":"2012-10-17","Statement":[]}', () => [
          allowing("sts:AssumeRole"),
        ]);
        await iam("dev").send(new PutGroupPolicyCommand({ ...group, PolicyDocument }));
        return () => iam("dev").send(new DeleteGroupPolicyCommand(group));
      },
      ["A member of every group but Analysts, with MFA, assumes ReportReader"],
    ],
    [
      "its bucket lets the other account in directly",
      async () => {
        const s3 = new S3Client(client("prod"));
        const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket: "reports-000000000002" }));
        const put = (document: string) =>
          s3.send(new PutBucketPolicyCommand({ Bucket: "reports-000000000002", Policy: document }));
        const share: Statement = {
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::000000000001:root" },
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::reports-000000000002/*",
        };
        await put(changed(Policy!, (all) => [...all, share]));
        return () => put(Policy!);
      },
      ["The person's own credentials directly on reports"],
    ],
  ] as const)
    it(`is found out where ${mistake}`, async () => {
      const repair = await breakIt();
      try {
        const found = await failures();
        for (const title of caughtBy) assert(found.includes(title), found.join("\n"));
      } finally {
        await repair();
      }
    });

  it("reads a table that existed, with what the documentation's example adds, beside another of its kind", async () => {
    const folder = join(project, "infra/scenarios");
    cpSync(join(folder, "documented/application.ts"), join(folder, "report-reader/application.ts"));
    await new DynamoDBClient(client("prod")).send(
      new CreateTableCommand({
        TableName: "figures",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "day", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "day", KeyType: "HASH" }],
      }),
    );
    const file = join(project, "Pulumi.dev.yaml");
    const settings = readFileSync(file, "utf8")
      .replace("    - ReportReader\n", "    - ReportReader\n    - InvoiceReader\n")
      .concat(
        '  cross-account-access:invoiceReaderCreateTrustedGroup: "false"\n',
        `  cross-account-access:invoiceReaderUntrustedGroup: ${"Testers".padEnd(128, "s")}\n`,
        "  cross-account-access:invoiceReaderBucketName: invoices\n",
      );
    writeFileSync(file, settings);
    const { code, output } = await pulumi("up", "--policy-pack", "policypack");
    assert.equal(code, 0, output);
    const verified = await tool("verify", "dev");
    assert.match(verified.output, /As ReportReader: list and read reports, read figures/);
    assert.match(verified.output, /As InvoiceReader: list and read invoices/);
    assert.match(verified.output, /(\d+) of \1 checks as expected/, verified.output);
  });

  it("leaves the group that existed, without its permission, when it is destroyed", async () => {
    const { code, output } = await pulumi("destroy");
    assert.equal(code, 0, output);
    assert.deepEqual(await policiesOf("Analysts"), []);
  });
});
