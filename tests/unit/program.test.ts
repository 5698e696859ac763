import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { openAccounts } from "../../infra/accounts";
import { deployScenarios } from "../../infra/program";
import { parseSettings } from "../../infra/settings";

interface Registered {
  type: string;
  name: string;
  account: string | undefined;
  inputs: Record<string, unknown>;
}

/** The scenarios that the project comes with: one that is added changes none of these. */
const SCENARIOS = [
  "UpdateApp",
  "ParameterReader",
  "InstanceOperator",
  "TopicPublisher",
  "SharedBucket",
  "SharedServices",
  "GitHubActions",
];

/** Every registration of the program under these settings, with the account that its provider leads to. */
async function registrations(written: Record<string, string> = {}): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, provider, inputs }) => {
      // A provider reference reads urn::id, and the URN ends with the provider's own name.
      registered.push({ type, name, account: provider?.match(/::(\w+)-account::/)?.[1], inputs });
      return { id: `${name}-id`, state: { ...inputs } };
    },
    call: ({ token, inputs }) => {
      if (token === "aws:index/getCallerIdentity:getCallerIdentity") return inputs;
      throw new Error(`The program asked for ${token}, which no test expects.`);
    },
  });
  const settings = parseSettings("dev", {
    region: "ap-northeast-1",
    trustingAccountId: "000000000002",
    trustedAccountId: "000000000001",
    scenarios: JSON.stringify(SCENARIOS),
    githubRepository: "owner/name",
    ...written,
  });
  const accounts = new Map([
    [settings.trustingProfile, settings.trustingAccountId],
    [settings.trustedProfile, settings.trustedAccountId],
  ]);
  deployScenarios(settings, await openAccounts(settings, async ({ profile }) => accounts.get(profile)));
  await pulumi.runtime.disconnect();
  return registered;
}

/** The same in both accounts. */
const ofGitHub = (side: string) => [
  `aws:iam/openIdConnectProvider:OpenIdConnectProvider ${side}-github`,
  ...["GitHubActionsDeploy", "GitHubActionsPreview"].flatMap((role) => [
    `aws:iam/role:Role ${side}-${role}`,
    `aws:iam/rolePolicy:RolePolicy ${side}-${role}-permissions`,
  ]),
];
const expectedAccounts: Record<string, string[]> = {
  trusting: [
    "aws:iam/role:Role InstanceOperator",
    "aws:iam/role:Role ParameterReader",
    "aws:iam/role:Role TopicPublisher",
    "aws:iam/role:Role UpdateApp",
    "aws:iam/rolePolicy:RolePolicy InstanceOperator-permissions",
    "aws:iam/rolePolicy:RolePolicy ParameterReader-permissions",
    "aws:iam/rolePolicy:RolePolicy TopicPublisher-permissions",
    "aws:iam/rolePolicy:RolePolicy UpdateApp-permissions",
    ...["productionapp", "shared"].flatMap((name) => [
      `aws:s3/bucket:Bucket ${name}`,
      `aws:s3/bucketOwnershipControls:BucketOwnershipControls ${name}-ownership`,
      `aws:s3/bucketPolicy:BucketPolicy ${name}-policy`,
      `aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock ${name}-public-access-block`,
      `aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration ${name}-encryption`,
      `aws:s3/bucketVersioning:BucketVersioning ${name}-versioning`,
    ]),
    "aws:ssm/parameter:Parameter parameter",
    "aws:sns/topic:Topic shared-topic",
    "aws:sns/topicPolicy:TopicPolicy shared-topic-policy",
    "aws:sqs/queue:Queue shared-queue",
    "aws:sqs/queuePolicy:QueuePolicy shared-queue-policy",
    "aws:ecr/repository:Repository shared-repository",
    "aws:ecr/repositoryPolicy:RepositoryPolicy shared-repository-policy",
    "aws:apigateway/restApi:RestApi shared-api",
    "aws:apigateway/deployment:Deployment shared-api-deployment",
    "aws:apigateway/stage:Stage shared-api-stage",
    ...ofGitHub("trusting"),
  ].sort(),
  trusted: [
    "aws:iam/accessKey:AccessKey topic-publisher",
    ...[
      "BucketSharers",
      "Developers",
      "InstanceOperators",
      "ParameterReaders",
      "ServiceSharers",
      "Testers",
    ].map((group) => `aws:iam/group:Group ${group}`),
    "aws:iam/groupPolicy:GroupPolicy ServiceSharers-may-use-services",
    "aws:iam/groupPolicy:GroupPolicy BucketSharers-may-use-shared",
    "aws:iam/groupPolicy:GroupPolicy Developers-may-assume-UpdateApp",
    "aws:iam/groupPolicy:GroupPolicy InstanceOperators-may-assume-InstanceOperator",
    "aws:iam/groupPolicy:GroupPolicy ParameterReaders-may-assume-ParameterReader",
    "aws:iam/instanceProfile:InstanceProfile InstanceOperatorMachine",
    "aws:iam/role:Role InstanceOperatorMachine",
    "aws:iam/rolePolicy:RolePolicy machine-may-assume-InstanceOperator",
    "aws:iam/user:User topic-publisher",
    "aws:iam/userPolicy:UserPolicy topic-publisher-may-assume-TopicPublisher",
    ...ofGitHub("trusted"),
  ].sort(),
};
const inAccount = (all: Registered[], account: string | undefined) =>
  all
    .filter((one) => one.account === account && one.type.startsWith("aws:"))
    .map(({ type, name }) => `${type} ${name}`)
    .sort();

describe("the program", () => {
  const directory = mkdtempSync(join(tmpdir(), "program-"));
  const { AWS_CONFIG_FILE } = process.env;
  before(() => {
    process.env.AWS_CONFIG_FILE = join(directory, "config");
    writeFileSync(process.env.AWS_CONFIG_FILE, "[profile prod]\nregion = x\n[profile dev]\nregion = x\n");
  });
  after(() => {
    if (AWS_CONFIG_FILE === undefined) delete process.env.AWS_CONFIG_FILE;
    else process.env.AWS_CONFIG_FILE = AWS_CONFIG_FILE;
    rmSync(directory, { recursive: true });
  });

  it("puts every resource into its own account, and none into a third", async () => {
    const all = await registrations();
    for (const [account, expected] of Object.entries(expectedAccounts))
      assert.deepEqual(inAccount(all, account), expected);
    assert.deepEqual(inAccount(all, undefined), []);
  });

  it("guards each provider by the ID of its account", async () => {
    const providers = (await registrations()).filter(({ type }) => type === "pulumi:providers:aws");
    assert.deepEqual(
      // A provider's inputs travel as JSON text.
      providers.map(({ name, inputs }) => [name, inputs.profile, inputs.allowedAccountIds]),
      [
        ["trusting-account", "prod", '["000000000002"]'],
        ["trusted-account", "dev", '["000000000001"]'],
      ],
    );
  });

  for (const [manages, other] of [
    ["trusting", "trusted"],
    ["trusted", "trusting"],
  ] as const)
    it(`leaves the ${other} account alone where the stack manages the ${manages} one`, async () => {
      const all = await registrations({ manages });
      assert.deepEqual(inAccount(all, manages), expectedAccounts[manages]);
      assert.deepEqual(inAccount(all, other), []);
    });

  it("leaves GitHub's provider alone where the accounts hold it already", async () => {
    const types = (await registrations({ createGithubProvider: "false" })).map(({ type }) => type);
    assert(!types.includes("aws:iam/openIdConnectProvider:OpenIdConnectProvider"));
  });

  it("gives names from the settings, and a permission to a group that exists already", async () => {
    const written = {
      roleName: "Updater",
      trustedGroup: "Staff",
      createTrustedGroup: "false",
      untrustedGroup: "",
    };
    const all = await registrations({ ...written, scenarios: '["UpdateApp"]', bucketName: "updated" });
    const inputsOf = (type: string) =>
      all.filter((one) => one.type.endsWith(`:${type}`)).map((one) => one.inputs);
    assert.deepEqual(inputsOf("Group"), []);
    const [{ group, policy }] = inputsOf("GroupPolicy") as [Record<string, string>];
    assert.equal(group, "Staff");
    assert.match(policy!, /"Resource":\["arn:aws:iam::000000000002:role\/Updater"\]/);
    assert.equal(inputsOf("Role")[0]!.name, "Updater");
    assert.equal(inputsOf("Bucket")[0]!.bucket, "updated");
  });

  it("creates a group once that scenarios share, named alike in the program and in the account", async () => {
    const all = await registrations({ trustedGroup: "ParameterReaders", untrustedGroup: "Developers" });
    const groups = all.filter(({ type }) => type === "aws:iam/group:Group");
    assert.deepEqual(groups.map(({ name }) => name).sort(), [
      "BucketSharers",
      "Developers",
      "InstanceOperators",
      "ParameterReaders",
      "ServiceSharers",
    ]);
    for (const { name, inputs } of groups) assert.equal(inputs.name, name);
  });

  it("creates no group for a role that trusts no IAM users, and trusts the permission sets alone", async () => {
    const all = await registrations({ trustedPermissionSets: '["Developers"]' });
    const groups = all.filter(({ type }) => type === "aws:iam/group:Group").map(({ name }) => name);
    assert.deepEqual(groups.sort(), ["BucketSharers", "ServiceSharers"]);
    const sids = (name: string) => {
      const role = all.find((one) => one.type === "aws:iam/role:Role" && one.name === name)!;
      return JSON.parse(String(role.inputs.assumeRolePolicy)).Statement.map(
        (one: { Sid: string }) => one.Sid,
      );
    };
    for (const name of ["UpdateApp", "ParameterReader"]) assert.deepEqual(sids(name), ["PermissionSets"]);
    assert.deepEqual(sids("InstanceOperator"), ["PermissionSets", "Machines"]);
  });

  it("deploys UpdateApp alone where the stack names no scenario", () => {
    const { scenarios } = parseSettings("prod", {
      region: "eu-west-1",
      trustingAccountId: "000000000002",
      trustedAccountId: "000000000001",
    });
    assert.deepEqual(scenarios, ["UpdateApp"]);
  });

  it("grants the same role ARN that the other account's side deploys, without its outputs", async () => {
    const grant = (await registrations({ manages: "trusted" })).find(
      ({ type, name }) => type.includes("GroupPolicy") && name.endsWith("UpdateApp"),
    );
    const [statement] = JSON.parse(String(grant!.inputs.policy)).Statement;
    assert.deepEqual(statement.Resource, ["arn:aws:iam::000000000002:role/UpdateApp"]);
    assert.equal(grant!.inputs.group, "Developers");
  });

  for (const protect of ["true", "false"])
    it(`${protect === "true" ? "never empties" : "may empty"} a bucket where protect is ${protect}`, async () => {
      const bucket = (await registrations({ protect })).find(({ type }) => type === "aws:s3/bucket:Bucket");
      assert.equal(bucket!.inputs.forceDestroy, protect === "false");
    });
});
