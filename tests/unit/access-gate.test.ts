import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Settings } from "../../infra/settings";
import { formatBaseline, parseBaseline } from "../../tools/access/baseline";
import { type Change, compareAccess, type Kind, widens } from "../../tools/access/difference";
import { accountNames, baselineFile } from "../../tools/access/run";
import { readState, type StateResource } from "../../tools/access/state";
import { readStackSettings } from "../../tools/stack-settings";
import { registeredState } from "../registered-state";

interface Statement {
  Sid?: string;
  Effect: string;
  Principal?: unknown;
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}
type Edit = (resources: StateResource[]) => StateResource[];

const nameOf = ({ urn }: StateResource) => urn.split("::").at(-1)!;
const isOne = (resource: StateResource, type: string, name: string) =>
  resource.type.endsWith(`:${type}`) && nameOf(resource) === name;

/** Changes the inputs of one resource of the program. */
const edit =
  (type: string, name: string, change: (inputs: Record<string, unknown>) => Record<string, unknown>): Edit =>
  (resources) => {
    assert.ok(
      resources.some((resource) => isOne(resource, type, name)),
      `no ${type} ${name}`,
    );
    return resources.map((resource) =>
      isOne(resource, type, name) ? { ...resource, inputs: change(resource.inputs!) } : resource,
    );
  };
const set = (type: string, name: string, inputs: Record<string, unknown>) =>
  edit(type, name, (old) => ({ ...old, ...inputs }));
const remove =
  (type: string, name: string): Edit =>
  (resources) =>
    resources.filter((resource) => !isOne(resource, type, name));
/** Adds a resource to the account of another one. */
const add =
  (beside: string, type: string, name: string, inputs: Record<string, unknown>): Edit =>
  (resources) => {
    const { provider } = resources.find((resource) => nameOf(resource) === beside && resource.provider)!;
    const urn = `urn:pulumi:dev::program::${type}::${name}`;
    return [...resources, { urn, type, id: name, custom: true, inputs, ...(provider && { provider }) }];
  };
const both =
  (...edits: Edit[]): Edit =>
  (resources) =>
    edits.reduce((all, change) => change(all), resources);

/** Changes the statements of one policy. */
const rewrite = (
  type: string,
  name: string,
  property: string,
  change: (statements: Statement[]) => Statement[],
): Edit =>
  edit(type, name, (inputs) => {
    const { Statement, ...document } = JSON.parse(inputs[property] as string);
    return { ...inputs, [property]: JSON.stringify({ ...document, Statement: change(Statement) }) };
  });
const trust = (role: string, change: (statements: Statement[]) => Statement[]) =>
  rewrite("Role", role, "assumeRolePolicy", change);
const permissions = (role: string, change: (statements: Statement[]) => Statement[]) =>
  rewrite("RolePolicy", `${role}-permissions`, "policy", change);
const bucket = (name: string, change: (statements: Statement[]) => Statement[]) =>
  rewrite("BucketPolicy", `${name}-policy`, "policy", change);
/** Changes the statement of that Sid, or without one each statement. */
const part = (changes: Partial<Statement>, sid?: string) => (statements: Statement[]) =>
  statements.map((statement) =>
    sid === undefined || statement.Sid === sid ? { ...statement, ...changes } : statement,
  );
const more = (statement: Statement) => (statements: Statement[]) => [...statements, statement];
const withoutCondition = (statements: Statement[]) => statements.map(({ Condition: _, ...rest }) => rest);
const account = (id: string) => ({ AWS: `arn:aws:iam::${id}:root` });
const allow = (Action: string | string[], Resource: string | string[] = "*"): Statement => ({
  Effect: "Allow",
  Action,
  Resource,
});
const policy = (...Statement: Statement[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const IAM = "aws:iam/";
const UPDATE_APP = "arn:aws:iam::000000000002:role/UpdateApp";
const OBJECTS = "arn:aws:s3:::productionapp/*";

/** Each change of the program that lets someone do more, the kind that it is, and words that must be said. */
const WIDENINGS: Readonly<Record<string, [Edit, Kind, RegExp]>> = {
  "UpdateApp trusts a second account, a new group may assume it, and it reads every secret": [
    both(
      trust(
        "UpdateApp",
        more({ Effect: "Allow", Principal: account("999999999999"), Action: "sts:AssumeRole" }),
      ),
      add("Developers", `${IAM}group:Group`, "Auditors", { name: "Auditors" }),
      add("Developers", `${IAM}groupPolicy:GroupPolicy`, "Auditors-may", {
        group: "Auditors",
        policy: policy(allow("sts:AssumeRole", UPDATE_APP)),
      }),
      permissions("UpdateApp", more(allow("secretsmanager:GetSecretValue"))),
    ),
    "newly trusted",
    /role UpdateApp .* newly trusts account 999999999999.*under no condition/,
  ],
  "a new group may assume UpdateApp": [
    both(
      add("Developers", `${IAM}group:Group`, "Auditors", { name: "Auditors" }),
      add("Developers", `${IAM}groupPolicy:GroupPolicy`, "Auditors-may", {
        group: "Auditors",
        policy: policy(allow("sts:AssumeRole", UPDATE_APP)),
      }),
    ),
    "newly allowed",
    /group Auditors \(trusted account\) newly may use sts:AssumeRole on .*role\/UpdateApp/,
  ],
  "UpdateApp may change ACLs and delete old versions": [
    permissions("UpdateApp", more(allow(["s3:PutObjectAcl", "s3:DeleteObjectVersion"], OBJECTS))),
    "newly allowed",
    /role UpdateApp .* newly may use s3:DeleteObjectVersion and s3:PutObjectAcl on arn:aws:s3:::productionapp/,
  ],
  "Testers are let in": [
    add("Testers", `${IAM}groupPolicy:GroupPolicy`, "Testers-may", {
      group: "Testers",
      policy: policy(allow("sts:AssumeRole", UPDATE_APP)),
    }),
    "newly allowed",
    /group Testers .*sts:AssumeRole/,
  ],
  "MFA is no longer asked for": [
    trust("UpdateApp", withoutCondition),
    "newly trusted",
    /role UpdateApp .*under no condition \(before: .*if aws:MultiFactorAuthPresent is true/,
  ],
  "MFA is asked for only where the key is present": [
    trust("UpdateApp", part({ Condition: { BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } } })),
    "newly trusted",
    /BoolIfExists aws:MultiFactorAuthPresent/,
  ],
  "a wildcard principal": [
    bucket("shared", part({ Principal: "*" }, "Share")),
    "newly allowed",
    /bucket shared .* newly lets anyone use/,
  ],
  "a trust policy without its device's name": [
    trust("TopicPublisher", withoutCondition),
    "newly trusted",
    /role TopicPublisher/,
  ],
  "any user of the trusted account as the device": [
    trust(
      "TopicPublisher",
      part({ Condition: { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::000000000001:user/*" } } }),
    ),
    "newly trusted",
    /is like arn:aws:iam::000000000001:user\/\*/,
  ],
  "any job of the repository deploys": [
    trust(
      "trusting-GitHubActionsDeploy",
      part({ Condition: { StringLike: { "token.actions.githubusercontent.com:sub": "repo:example/*" } } }),
    ),
    "newly trusted",
    /role GitHubActionsDeploy/,
  ],
  "a wildcard in an action": [
    permissions(
      "UpdateApp",
      part({ Action: ["s3:Get*", "s3:PutObject", "s3:DeleteObject"] }, "ReadAndWrite"),
    ),
    "newly allowed",
    /s3:Get\*/,
  ],
  "a wildcard in a resource": [
    permissions("UpdateApp", part({ Resource: "arn:aws:s3:::*" }, "ReadAndWrite")),
    "newly allowed",
    /on arn:aws:s3:::\*/,
  ],
  "every action except some": [
    permissions("ParameterReader", more({ Effect: "Allow", NotAction: "iam:*", Resource: "*" })),
    "newly allowed",
    /every action except iam:\*/,
  ],
  "instances without the tag": [
    permissions("InstanceOperator", withoutCondition),
    "newly allowed",
    /ec2:StartInstances.*before: if aws:ResourceTag\/operated is true/,
  ],
  "plain HTTP": [
    bucket("productionapp", (statements) => statements.filter(({ Sid }) => Sid !== "TlsOnly")),
    "no longer refused",
    /bucket productionapp .* no longer refuses anyone s3:\*.* if aws:SecureTransport is false/,
  ],
  "plain HTTP for reading": [
    bucket("productionapp", part({ Action: "s3:Put*" }, "TlsOnly")),
    "no longer refused",
    /no longer refuses anyone s3:\*/,
  ],
  "AdministratorAccess attached to a group": [
    add("Testers", `${IAM}groupPolicyAttachment:GroupPolicyAttachment`, "admin", {
      group: "Testers",
      policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
    }),
    "newly allowed",
    /group Testers .* newly has the attached policy .*AdministratorAccess/,
  ],
  "a managed policy of a role": [
    set("Role", "InstanceOperator", { managedPolicyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"] }),
    "newly allowed",
    /PowerUserAccess/,
  ],
  "longer sessions": [
    set("Role", "UpdateApp", { maxSessionDuration: 43200 }),
    "newly allowed",
    /role UpdateApp .* sessions of 43200 seconds instead of 3600/,
  ],
  "public access": [
    set("BucketPublicAccessBlock", "shared-public-access-block", { restrictPublicBuckets: false }),
    "no longer refused",
    /bucket shared .* no longer restricts public buckets/,
  ],
  "no public access block at all": [
    remove("BucketPublicAccessBlock", "productionapp-public-access-block"),
    "no longer refused",
    /no longer blocks public policies/,
  ],
  "ACLs decide again": [
    set("BucketOwnershipControls", "shared-ownership", { rule: { objectOwnership: "ObjectWriter" } }),
    "newly allowed",
    /object ownership to ObjectWriter instead of BucketOwnerEnforced/,
  ],
  "another audience of tokens": [
    set("OpenIdConnectProvider", "trusting-github", { clientIdLists: ["sts.amazonaws.com", "other"] }),
    "newly trusted",
    /newly accepts the audience other/,
  ],
  "a new user with a key": [
    both(
      add("Testers", `${IAM}user:User`, "ci", { name: "ci" }),
      add("Testers", `${IAM}accessKey:AccessKey`, "ci-key", { user: "ci" }),
    ),
    "newly allowed",
    /user ci .* newly has the access key/,
  ],
  "a second key of the device": [
    add("topic-publisher", `${IAM}accessKey:AccessKey`, "spare", { user: "topic-publisher" }),
    "newly allowed",
    /user topic-publisher .* access key spare/,
  ],
  "a member of a group": [
    add("Developers", `${IAM}groupMembership:GroupMembership`, "m", { group: "Developers", users: ["jane"] }),
    "newly allowed",
    /group Developers .* newly has the member jane/,
  ],
  "another role for machines": [
    set("InstanceProfile", "InstanceOperatorMachine", { role: "Admin" }),
    "newly allowed",
    /gives instances the role Admin/,
  ],
  "a share of another service": [
    add("UpdateApp", "aws:ram/principalAssociation:PrincipalAssociation", "share", {
      principal: "999999999999",
      resourceShareArn: "arn:aws:ram:ap-northeast-1:000000000002:resource-share/x",
    }),
    "newly allowed",
    /principal association share .*principal to 999999999999/,
  ],
  "a shared image": [
    add("UpdateApp", "aws:ec2/amiLaunchPermission:AmiLaunchPermission", "ami", {
      imageId: "ami-1",
      group: "all",
    }),
    "newly allowed",
    /group to all/,
  ],
  "a function's permission": [
    add("UpdateApp", "aws:lambda/permission:Permission", "invoke", {
      function: "f",
      action: "lambda:InvokeFunction",
      principal: "999999999999",
    }),
    "newly allowed",
    /function f .* newly lets account 999999999999 use lambda:InvokeFunction/,
  ],
  "a secret's policy": [
    add("UpdateApp", "aws:secretsmanager/secretPolicy:SecretPolicy", "s", {
      secretArn: "arn:aws:secretsmanager:ap-northeast-1:000000000002:secret:db",
      policy: policy({ ...allow("secretsmanager:GetSecretValue"), Principal: account("999999999999") }),
    }),
    "newly allowed",
    /secret .* newly lets account 999999999999/,
  ],
  "an API that anyone calls": [
    edit("RestApi", "shared-api", (inputs) => ({
      ...inputs,
      body: (inputs.body as string).replace('"security":[{"iam":[]}],', ""),
    })),
    "newly allowed",
    /API shared .*callers of GET \/greeting to anyone/,
  ],
  "a policy that is a secret": [
    set("QueuePolicy", "shared-queue-policy", {
      policy: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" },
    }),
    "newly allowed",
    /queue shared .* cannot be read, and counts as changed/,
  ],
};

/** Changes of the program that say the same in other words. */
const REWORDINGS: Readonly<Record<string, Edit>> = {
  "the statements in another order": permissions("UpdateApp", (statements) => [...statements].reverse()),
  "other Sids": permissions("UpdateApp", (statements) =>
    statements.map((statement, index) => ({ ...statement, Sid: `S${index}` })),
  ),
  "a list instead of a string": permissions("UpdateApp", (statements) =>
    statements.map((statement) => ({
      ...statement,
      Action: [statement.Action!].flat().reverse(),
      Resource: [statement.Resource!].flat(),
    })),
  ),
  "a statement for each action": permissions("UpdateApp", (statements) =>
    statements.flatMap((statement) =>
      [statement.Action!]
        .flat()
        .map((Action, index) => ({ ...statement, Sid: `${statement.Sid}${index}`, Action })),
    ),
  ),
  "a statement that stands twice": permissions("UpdateApp", (statements) => [
    ...statements,
    ...statements.map(({ Sid: _, ...statement }) => statement),
  ]),
  "the account's ID": trust("UpdateApp", part({ Principal: { AWS: "000000000001" } })),
  "everyone, as AWS": bucket("productionapp", part({ Principal: { AWS: "*" } }, "TlsOnly")),
  "true without quotes": trust("UpdateApp", (statements) =>
    statements.map((statement) =>
      statement.Condition?.Bool
        ? { ...statement, Condition: { Bool: { "aws:MultiFactorAuthPresent": true } } }
        : statement,
    ),
  ),
  "elements in another order": trust("UpdateApp", (statements) =>
    statements.map(
      (statement) => Object.fromEntries(Object.entries(statement).reverse()) as unknown as Statement,
    ),
  ),
  "another name of an inline policy": set("RolePolicy", "UpdateApp-permissions", { name: "other" }),
  "permissions in two inline policies": both(
    permissions("UpdateApp", (statements) => statements.slice(1)),
    (resources) => {
      const { inputs } = resources.find((resource) => nameOf(resource) === "UpdateApp-permissions")!;
      const [first] = JSON.parse(baseline.policy).Statement;
      return add("UpdateApp", `${IAM}rolePolicy:RolePolicy`, "first", {
        role: inputs!.role,
        policy: policy(first),
      })(resources);
    },
  ),
  "another description": set("Role", "UpdateApp", { description: "Updates" }),
  "other names in the program": (resources) =>
    resources.map((resource) =>
      resource.type.startsWith("aws:iam/groupPolicy")
        ? { ...resource, urn: `${resource.urn}-renamed` }
        : resource,
    ),
  "the resources in another order": (resources) => [...resources].reverse(),
};
/** What the program says of UpdateApp, before any edit. */
const baseline = { policy: "" };

/** Changes after which nobody can do more. */
const NARROWINGS: Readonly<Record<string, [Edit, RegExp]>> = {
  "an action less": [
    permissions("UpdateApp", part({ Action: ["s3:GetObject", "s3:PutObject"] }, "ReadAndWrite")),
    /role UpdateApp .* may no longer use s3:DeleteObject/,
  ],
  "a narrower resource": [
    permissions("UpdateApp", part({ Resource: "arn:aws:s3:::productionapp/public/*" }, "ReadAndWrite")),
    /may no longer use/,
  ],
  "one more test of a condition": [
    trust(
      "UpdateApp",
      part({
        Condition: {
          Bool: { "aws:MultiFactorAuthPresent": "true" },
          NumericLessThan: { "aws:MultiFactorAuthAge": "3600" },
        },
      }),
    ),
    /no longer trusts account 000000000001 .*now: if .*aws:MultiFactorAuthAge is less than 3600/,
  ],
  "one role of the account instead of all": [
    trust("UpdateApp", part({ Principal: { AWS: "arn:aws:iam::000000000001:role/Deploy" } })),
    /no longer trusts account 000000000001/,
  ],
  "a refusal": [
    bucket(
      "productionapp",
      more({ Effect: "Deny", Principal: "*", Action: "s3:PutObjectAcl", Resource: OBJECTS }),
    ),
    /newly refuses anyone s3:PutObjectAcl/,
  ],
  "a boundary": [
    set("Role", "UpdateApp", { permissionsBoundary: "arn:aws:iam::000000000002:policy/limit" }),
    /newly limited by the boundary/,
  ],
  "a group without its grant": [
    remove("GroupPolicy", "Developers-may-assume-UpdateApp"),
    /group Developers .* may no longer use sts:AssumeRole/,
  ],
};

describe("the access gate", () => {
  let settings: Settings;
  let program: StateResource[];
  before(async () => {
    settings = readStackSettings("dev");
    program = await registeredState(settings);
    baseline.policy = program.find((resource) => nameOf(resource) === "UpdateApp-permissions")!.inputs!
      .policy as string;
  });
  const modelOf = (resources: StateResource[]) => readState(resources, accountNames(settings));
  const textOf = (resources: StateResource[]) => formatBaseline("dev", modelOf(resources).facts);
  const changesOf = (base: StateResource[], branch: StateResource[]): Change[] => {
    // The base is known by its file alone.
    const facts = parseBaseline(textOf(base));
    return compareAccess(facts, modelOf(branch).facts, { accounts: accountNames(settings) });
  };
  const said = (changes: Change[]) => changes.map(({ kind, sentence }) => `${kind}: ${sentence}`).join("\n");

  for (const [name, [change, kind, words]] of Object.entries(WIDENINGS))
    it(`is red, and says what is ${kind}: ${name}`, () => {
      const branch = change(program);
      assert.notEqual(textOf(branch), textOf(program));
      const changes = changesOf(program, branch);
      assert.ok(
        changes.some((one) => one.kind === kind && words.test(one.sentence)),
        said(changes),
      );
    });

  for (const [name, change] of Object.entries(REWORDINGS))
    it(`is green, and sees no change of access: ${name}`, () => {
      const branch = change(program);
      assert.equal(textOf(branch), textOf(program));
      assert.deepEqual(changesOf(program, branch), []);
    });

  for (const [name, [change, words]] of Object.entries(NARROWINGS))
    it(`is red, and says that it newly allows nothing: ${name}`, () => {
      const branch = change(program);
      assert.notEqual(textOf(branch), textOf(program));
      const changes = changesOf(program, branch);
      assert.equal(widens(changes), false, said(changes));
      assert.match(said(changes), words);
      // The way back lets someone do more.
      assert.equal(widens(changesOf(branch, program)), true, said(changesOf(branch, program)));
    });

  it("sees that another scenario is turned on in prod", async () => {
    const prod = readStackSettings("prod");
    const names = accountNames(prod);
    const on = await registeredState({ ...prod, scenarios: [...prod.scenarios, "SharedBucket"] });
    const base = readState(await registeredState(prod), names).facts;
    const changes = compareAccess(base, readState(on, names).facts, { accounts: names });
    assert.match(said(changes), /newly allowed: bucket shared-\d+ .* newly lets account \d+ \(trusted\) use/);
    assert.match(said(changes), /newly allowed: group BucketSharers .* newly may use/);
  });

  for (const stack of ["dev", "prod"])
    it(`holds access/${stack}.txt to what the program registers for stack ${stack}`, async () => {
      const own = readStackSettings(stack);
      const { facts } = readState(await registeredState(own), accountNames(own));
      assert.equal(
        formatBaseline(stack, facts),
        readFileSync(baselineFile(stack), "utf8"),
        `npm run rehearse -- ${stack}, then npm run access -- ${stack}, and commit the file`,
      );
    });
});
