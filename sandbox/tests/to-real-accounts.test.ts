import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AttachRolePolicyCommand, CreateRoleCommand, GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { fromIni } from "@aws-sdk/credential-providers";
import { policyDocument } from "../../infra/access/policy";
import type { Caller } from "../../tools/verify/caller";
import { CheckUsers } from "../../tools/verify/check-users";
import { accountEnvironment, stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY, type Rehearsal } from "../rehearsal";
import { rehearseCopy } from "./project";
import { awsCli, DEPLOYMENT_TIMEOUT, typed } from "./shell";

const STATE = "state-of-the-stack";
const URNS = "urn:pulumi:real::cross-account-access";

/** The commands of docs/to-real-accounts.md, for a stack `real` with the accounts of stack dev. */
describe("the way to real accounts", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "real-accounts-"));
  const project = join(directory, "project");
  const settings = join(project, "Pulumi.real.yaml");
  let rehearsal: Rehearsal;
  let client: Caller;
  let s3: S3Client;
  let iam: IAMClient;
  let environment: Record<string, string>;

  const pulumi = (...args: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const all = [...args, "--stack", "real", "--non-interactive", "--color=never"];
      const options = { cwd: project, env: confined(environment), maxBuffer: 1 << 26 };
      execFile(rehearsal.tools.pulumi, all, options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });
  const works = async (...args: string[]) => {
    const { code, output } = await pulumi(...args);
    assert.equal(code, 0, output);
    return output;
  };
  const objects = async (prefix: string) =>
    ((await s3.send(new ListObjectsV2Command({ Bucket: STATE, Prefix: prefix }))).Contents ?? []).map(
      ({ Key }) => Key!,
    );
  const role = async () => (await iam.send(new GetRoleCommand({ RoleName: "UpdateApp" }))).Role!;

  before(async () => {
    rehearsal = await rehearseCopy(join(directory, "rehearsal"));
    const { sandbox } = rehearsal;
    for (const name of ["infra", "policypack", "Pulumi.yaml", "package.json", "tsconfig.json"])
      cpSync(join(PROJECT_DIRECTORY, name), join(project, name), {
        recursive: true,
        filter: (from) => !from.endsWith("node_modules"),
      });
    for (const folder of [".", "policypack"])
      symlinkSync(join(PROJECT_DIRECTORY, folder, "node_modules"), join(project, folder, "node_modules"));
    const credentials = fromIni({
      profile: "prod",
      configFilepath: sandbox.awsConfigFile,
      filepath: sandbox.awsConfigFile,
    });
    client = { region: sandbox.region, endpoint: sandbox.url, credentials };
    [s3, iam] = [new S3Client({ ...client, forcePathStyle: true }), new IAMClient(client)];
    const LocationConstraint = "ap-northeast-1";
    await s3.send(
      new CreateBucketCommand({ Bucket: STATE, CreateBucketConfiguration: { LocationConstraint } }),
    );
    const VersioningConfiguration = { Status: "Enabled" as const };
    await s3.send(new PutBucketVersioningCommand({ Bucket: STATE, VersioningConfiguration }));
    const kms = new KMSClient(client);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const TargetKeyId = KeyMetadata!.KeyId!;
    await kms.send(new CreateAliasCommand({ AliasName: "alias/pulumi-state", TargetKeyId }));
    const {
      PULUMI_CONFIG_PASSPHRASE_FILE: _,
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: __,
      ...rest
    } = rehearsal.environment;
    environment = {
      ...rest,
      ...accountEnvironment(sandbox, "prod"),
      // The sandbox has one address for all buckets.
      PULUMI_BACKEND_URL: `s3://${STATE}?region=${sandbox.region}&s3ForcePathStyle=true`,
    };
    await works(
      "stack",
      "init",
      "--secrets-provider",
      `awskms://alias/pulumi-state?region=${sandbox.region}`,
    );
    const dev = readFileSync(join(PROJECT_DIRECTORY, "Pulumi.dev.yaml"), "utf8");
    writeFileSync(settings, readFileSync(settings, "utf8") + dev.slice(dev.indexOf("config:")));
  });
  after(async () => {
    await stopSandbox(rehearsal.sandbox.directory);
    rmSync(directory, { recursive: true, force: true });
  });

  it("adopts a role that exists already, with its unique ID, and shows first what it would change", async () => {
    const { Role } = await iam.send(
      new CreateRoleCommand({
        RoleName: "UpdateApp",
        Description: "made by hand",
        AssumeRolePolicyDocument: policyDocument([
          { Effect: "Allow", Principal: { AWS: "000000000001" }, Action: "sts:AssumeRole" },
        ]),
      }),
    );
    const targets = ["**::trusting-account", "**CrossAccountRole::UpdateApp"];
    await works("up", "--yes", "--skip-preview", ...targets.flatMap((target) => ["--target", target]));
    await works(
      ...["import", "aws:iam/role:Role", "UpdateApp", "UpdateApp"],
      ...["--yes", "--skip-preview", "--protect=false", "--generate-code=false"],
      ...["--parent", `parent=${URNS}::cross-account-access:access:CrossAccountRole::UpdateApp`],
      ...["--provider", `provider=${URNS}::pulumi:providers:aws::trusting-account`],
    );
    const preview = await works("preview", "--diff");
    assert.match(preview, /"made by hand" => "Updates the production application"/);
    assert.match(preview, /\+ +aws:MultiFactorAuthPresent: "true"/);
    await works("up", "--yes", "--skip-preview", "--policy-pack", "policypack");
    const adopted = await role();
    assert.equal(adopted.RoleId, Role!.RoleId);
    assert.match(decodeURIComponent(adopted.AssumeRolePolicyDocument!), /MultiFactorAuthPresent/);
    await works("preview", "--expect-no-changes");
  });

  it("keeps its state in the bucket, every secret in it encrypted by the KMS key", async () => {
    const Key = ".pulumi/stacks/cross-account-access/real.json";
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: STATE, Key }));
    const state = await Body!.transformToString();
    const output = await works("stack", "output", "--json", "--show-secrets");
    const { secretAccessKey } = JSON.parse(output).topicPublisher;
    assert.match(state, /awskms:/);
    assert.ok(secretAccessKey.length >= 40);
    for (const secret of [secretAccessKey, '"hello"'])
      assert.ok(!state.includes(secret), "a secret stands in the state as it is");
  });

  it("refuses a second update at once, by the lock in the bucket", async () => {
    const first = pulumi("refresh", "--yes", "--skip-preview");
    while ((await objects(".pulumi/locks/")).length === 0) await sleep(20);
    const second = await pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(second.code, 0);
    assert.match(second.output, /the stack is currently locked/);
    assert.equal((await first).code, 0);
  });

  it("goes back by deploying what was there before", async () => {
    const before = await works("stack", "export");
    const written = readFileSync(settings, "utf8");
    writeFileSync(settings, `${written}\n  cross-account-access:sessionDuration: "7200"\n`);
    await works("up", "--yes", "--skip-preview");
    assert.equal((await role()).MaxSessionDuration, 7200);
    writeFileSync(settings, written);
    await works("up", "--yes", "--skip-preview");
    assert.equal((await role()).MaxSessionDuration, 3600);
    const resources = (text: string) =>
      JSON.parse(text)
        .deployment.resources.map(({ urn }: { urn: string }) => urn)
        .sort();
    assert.deepEqual(resources(await works("stack", "export")), resources(before));
  });

  it("goes back to an earlier state by the bucket's versions", async () => {
    const Key = ".pulumi/stacks/cross-account-access/real.json";
    const before = await works("stack", "export");
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: STATE, Prefix: Key }));
    const { VersionId } = Versions!.find(({ IsLatest, Key: of }) => IsLatest && of === Key)!;
    await s3.send(new PutObjectCommand({ Bucket: STATE, Key, Body: "broken" }));
    assert.notEqual((await pulumi("stack", "export")).code, 0);
    const CopySource = `${STATE}/${Key}?versionId=${VersionId}`;
    await s3.send(new CopyObjectCommand({ Bucket: STATE, Key, CopySource }));
    assert.equal(await works("stack", "export"), before);
  });

  it("deploys with a profile for which the AWS CLI has asked an MFA code once", async () => {
    const { awsConfigFile, url } = rehearsal.sandbox;
    const users = new CheckUsers(client, "deployer");
    const assume = { Effect: "Allow" as const, Action: "sts:AssumeRole" };
    const me = await users.create("me", [], policyDocument([{ ...assume, Resource: "*" }]));
    try {
      const Condition = { Bool: { "aws:MultiFactorAuthPresent": "true" } };
      await iam.send(
        new CreateRoleCommand({
          RoleName: "Deployer",
          AssumeRolePolicyDocument: policyDocument([
            { ...assume, Principal: { AWS: "000000000002" }, Condition },
          ]),
        }),
      );
      const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
      await iam.send(new AttachRolePolicyCommand({ RoleName: "Deployer", PolicyArn }));
      const { accessKeyId, secretAccessKey } = me.credentials;
      // As `aws configure export-credentials` does, which only version 2 of the AWS CLI has: what the CLI keeps.
      const exporter = join(directory, "export-credentials.cjs");
      writeFileSync(
        exporter,
        `const { readdirSync, readFileSync } = require("node:fs");
const cache = ${JSON.stringify(join(directory, ".aws/cli/cache"))};
const [name] = readdirSync(cache);
console.log(JSON.stringify({ Version: 1, ...JSON.parse(readFileSync(cache + "/" + name)).Credentials }));`,
      );
      const config = join(directory, "config");
      const profiles = [
        ["me", `aws_access_key_id = ${accessKeyId}`, `aws_secret_access_key = ${secretAccessKey}`],
        [
          "deployer-prod",
          "role_arn = arn:aws:iam::000000000002:role/Deployer",
          "source_profile = me",
          `mfa_serial = ${me.mfaSerial}`,
        ],
        ["prod", `credential_process = ${process.execPath} ${exporter}`],
      ].map(
        ([name, ...lines]) =>
          `[profile ${name}]\n${lines.join("\n")}\nregion = ap-northeast-1\nendpoint_url = ${url}\n`,
      );
      const others = readFileSync(awsConfigFile, "utf8").replace("[profile prod]", "[profile administrator]");
      writeFileSync(config, profiles.join("\n") + others, { mode: 0o600 });
      const own = { AWS_CONFIG_FILE: config, HOME: directory };
      const asked = ["sts", "get-caller-identity", "--profile", "deployer-prod"];
      assert.match((await typed(awsCli(), asked, `${await me.nextCode()}\n`, own)).output, /role\/Deployer/);
      Object.assign(environment, own);
      await works("preview", "--expect-no-changes", "--refresh");
    } finally {
      await users.remove();
    }
  });

  it("refuses to destroy what is protected, and removes all once it is not", async () => {
    const written = readFileSync(settings, "utf8");
    writeFileSync(settings, written.replace('protect: "false"', 'protect: "true"'));
    await works("up", "--yes", "--skip-preview");
    const refused = await pulumi("destroy", "--yes", "--skip-preview");
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /protected/);
    writeFileSync(settings, written);
    await works("up", "--yes", "--skip-preview");
    await works("destroy", "--yes", "--skip-preview");
    await assert.rejects(role, { name: "NoSuchEntityException" });
  });
});
