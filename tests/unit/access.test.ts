import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import { type AccountLocation, partitionOf } from "../../infra/access/arn";
import { AssumeRoleGrant } from "../../infra/access/assume-role-grant";
import { CrossAccountRole, type CrossAccountRoleArgs } from "../../infra/access/cross-account-role";
import type { Grantee } from "../../infra/access/grant";
import {
  cliProfile,
  permissionSetProfile,
  roleInstructions,
  switchRoleLink,
} from "../../infra/access/role-instructions";
import { type Trust, trustStatements } from "../../infra/access/trust";

const place = (accountId: string, region = "ap-northeast-1"): AccountLocation => ({
  accountId,
  region,
  partition: partitionOf(region),
});
const dev = place("000000000001");
const conditionOf = (trust: Trust) => trustStatements(trust)[0]!.Condition;

describe("trust statements", () => {
  it("ask people for MFA unless the arguments say otherwise, with Bool and not BoolIfExists", () => {
    assert.deepEqual(trustStatements({ people: { accounts: [dev] } }), [
      {
        Sid: "People",
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam::000000000001:root"] },
        Action: "sts:AssumeRole",
        Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } },
      },
    ]);
  });
  it("leave the MFA condition out when it is not required: false would demand its absence", () => {
    assert.equal(conditionOf({ people: { accounts: [dev], mfa: false } }), undefined);
  });
  it("ask for MFA where a program that is not type-checked gives null", () => {
    assert(conditionOf({ people: { accounts: [dev], mfa: null as never } }));
  });
  it("keep people and machines in statements of their own, so that a machine needs no MFA and a person does", () => {
    const statements = trustStatements({
      people: { accounts: [dev] },
      machines: { accounts: [dev], principalArns: ["arn:aws:iam::000000000001:role/machine"] },
    });
    assert.deepEqual(
      statements.map(({ Sid, Condition }) => [Sid, Condition]),
      [
        ["People", { Bool: { "aws:MultiFactorAuthPresent": "true" } }],
        ["Machines", { ArnLike: { "aws:PrincipalArn": ["arn:aws:iam::000000000001:role/machine"] } }],
      ],
    );
  });
  it("carry every further condition that is asked for, all in one statement so that all must hold", () => {
    const people = {
      accounts: [dev, place("000000000003")] as const,
      maxMfaAge: 900,
      externalId: "word",
      organizationId: "o-a1b2c3d4e5",
      sourceIps: ["203.0.113.0/24"] as const,
    };
    const [statement] = trustStatements({ people });
    assert.deepEqual(statement!.Principal, {
      AWS: ["arn:aws:iam::000000000001:root", "arn:aws:iam::000000000003:root"],
    });
    assert.deepEqual(statement!.Condition, {
      Bool: { "aws:MultiFactorAuthPresent": "true" },
      NumericLessThanEquals: { "aws:MultiFactorAuthAge": "900" },
      StringEquals: { "sts:ExternalId": "word", "aws:PrincipalOrgID": "o-a1b2c3d4e5" },
      IpAddress: { "aws:SourceIp": ["203.0.113.0/24"] },
    });
  });
  it("allow session tags and source identity only where they are asked for", () => {
    const [statement] = trustStatements({
      machines: { accounts: [dev], sessionTags: true, sourceIdentity: true },
    });
    assert.deepEqual(statement!.Action, ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
  });
  it("let in a workload by its provider, for the audience and the subjects named, without a pattern", () => {
    const workloads = {
      account: dev,
      issuer: "token.actions.githubusercontent.com",
      audience: "sts.amazonaws.com",
      subjects: ["repo:owner/name:pull_request"] as [string],
    };
    assert.deepEqual(trustStatements({ workloads }), [
      {
        Sid: "Workloads",
        Effect: "Allow",
        Principal: {
          Federated: "arn:aws:iam::000000000001:oidc-provider/token.actions.githubusercontent.com",
        },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": ["repo:owner/name:pull_request"],
          },
        },
      },
    ]);
  });
  it("let in people of a permission set by the role that Identity Center keeps for it, without MFA", () => {
    const statements = trustStatements({
      people: { accounts: [dev] },
      permissionSets: { accounts: [dev], names: ["Developers", "Support"] },
    });
    assert.deepEqual(
      statements.map(({ Sid }) => Sid),
      ["People", "PermissionSets"],
    );
    const path = "arn:aws:iam::000000000001:role/aws-reserved/sso.amazonaws.com*/";
    assert.deepEqual(statements[1], {
      Sid: "PermissionSets",
      Effect: "Allow",
      Principal: { AWS: ["arn:aws:iam::000000000001:root"] },
      Action: "sts:AssumeRole",
      Condition: {
        ArnLike: {
          "aws:PrincipalArn": [
            `${path}AWSReservedSSO_Developers_????????????????`,
            `${path}AWSReservedSSO_Support_????????????????`,
          ],
        },
      },
    });
  });
  it("refuse a role that trusts nobody, and an MFA age without MFA", () => {
    assert.throws(() => trustStatements({}), /trusts nobody/);
    assert.throws(
      () => trustStatements({ people: { accounts: [dev], mfa: false, maxMfaAge: 60 } }),
      /maxMfaAge/,
    );
  });
});

/** What a program asks the engine for, by type. */
async function asked(program: (provider: aws.Provider) => void): Promise<Record<string, pulumi.Inputs>> {
  const resources: Record<string, pulumi.Inputs> = {};
  await pulumi.runtime.setMocks({
    newResource: ({ type, inputs }) => {
      resources[type.split(":").pop()!] = inputs;
      return { id: "id", state: inputs };
    },
    call: ({ inputs }) => inputs,
  });
  program(new aws.Provider("provider"));
  await pulumi.runtime.disconnect();
  return resources;
}

describe("a cross-account role", () => {
  const args: CrossAccountRoleArgs = {
    account: dev,
    roleName: "UpdateApp",
    description: "Updates",
    trust: { people: { accounts: [dev] } },
    permissions: [{ Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" }],
  };
  const roleWith = (more: Partial<CrossAccountRoleArgs>) =>
    asked((provider) => {
      new CrossAccountRole("UpdateApp", { ...args, ...more }, { provider });
    });

  it("has no path, no boundary, no managed policy and an hour's sessions unless the arguments say otherwise", async () => {
    const { Role, RolePolicyAttachment } = await roleWith({});
    assert.equal(Role!.path, "/");
    assert.equal(Role!.maxSessionDuration, 3600);
    assert(!("permissionsBoundary" in Role!));
    assert.equal(RolePolicyAttachment, undefined);
  });
  it("has the path, the boundary, the managed policies and the sessions that it is given", async () => {
    const permissionsBoundary = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";
    const managed = "arn:aws:iam::aws:policy/AmazonEC2FullAccess";
    const { Role, RolePolicyAttachment } = await roleWith({
      path: "/apps/",
      permissionsBoundary,
      managedPolicyArns: [managed],
      maxSessionDuration: 43_200,
    });
    assert.equal(Role!.path, "/apps/");
    assert.equal(Role!.permissionsBoundary, permissionsBoundary);
    assert.equal(Role!.maxSessionDuration, 43_200);
    assert.equal(RolePolicyAttachment!.policyArn, managed);
  });
  it("takes IAM's shortest where people ask for less, and refuses more than IAM takes", async () => {
    assert.equal((await roleWith({ maxSessionDuration: 900 })).Role!.maxSessionDuration, 3600);
    await assert.rejects(roleWith({ maxSessionDuration: 43_201 }), /is 43201 s; IAM takes 3600 to 43200/);
    const names = Array.from({ length: 18 }, (_, index) => `Administrators${index}`) as [string];
    const trust = { permissionSets: { accounts: [dev], names } } as const;
    await assert.rejects(roleWith({ trust }), /trust policy has 2\d{3} characters; IAM takes 2048/);
    await roleWith({ trust, trustPolicyLength: 4096 });
  });
});

describe("a grant", () => {
  const roleArns = ["arn:aws:iam::000000000002:role/UpdateApp"] as const;
  for (const [rights, expected] of [
    [{}, "sts:AssumeRole"],
    [{ sessionTags: true }, ["sts:AssumeRole", "sts:TagSession"]],
    [{ sourceIdentity: true }, ["sts:AssumeRole", "sts:SetSourceIdentity"]],
  ] as const)
    it(`allows ${[expected].flat().join(" and ")} on exactly the roles named`, async () => {
      const { GroupPolicy } = await asked((provider) => {
        const group = new aws.iam.Group("Developers", { name: "Developers" }, { provider });
        new AssumeRoleGrant("grant", { grantee: { group }, roleArns, ...rights }, { provider });
      });
      const [{ Action, Resource }] = JSON.parse(GroupPolicy!.policy).Statement;
      assert.deepEqual([Action, Resource], [expected, roleArns]);
    });
});

describe("a grant of what other resources give", () => {
  it("takes the ARN of a role, and the name of who receives it, as outputs", async () => {
    const { UserPolicy } = await asked((provider) => {
      const user = { name: pulumi.output("jane") };
      const roleArns = [pulumi.output("arn:aws:iam::000000000002:role/UpdateApp")] as const;
      new AssumeRoleGrant("grant", { grantee: { user }, roleArns }, { provider });
      // @ts-expect-error a second grantee
      const second: Grantee = { user, group: user };
      assert(second.user);
    });
    assert.equal(UserPolicy!.user, "jane");
    const [{ Resource }] = JSON.parse(UserPolicy!.policy).Statement;
    assert.deepEqual(Resource, ["arn:aws:iam::000000000002:role/UpdateApp"]);
  });
});

describe("the instructions for people", () => {
  it("has a switch-role link for each partition's console, with the path inside the role name", () => {
    const link = (region: string) =>
      new URL(switchRoleLink(place("000000000002", region), "UpdateApp", "/apps/"));
    assert.equal(link("ap-northeast-1").origin, "https://signin.aws.amazon.com");
    assert.equal(link("cn-north-1").origin, "https://signin.amazonaws.cn");
    assert.equal(link("us-gov-west-1").origin, "https://signin.amazonaws-us-gov.com");
    assert.deepEqual(Object.fromEntries(link("ap-northeast-1").searchParams), {
      account: "000000000002",
      roleName: "apps/UpdateApp",
      displayName: "UpdateApp@000000000002",
    });
  });
  it("refuses a link whose path and name exceed the console's 64 characters", () => {
    assert.throws(() => switchRoleLink(dev, "x".repeat(60), "/apps/"), /64 characters.*has 65/);
  });
  it("has a CLI profile whose only blanks are the person's own", () => {
    const text = cliProfile(place("000000000002"), dev, { roleName: "UpdateApp", sessionDuration: 3600 });
    assert.equal(
      text,
      `[profile UpdateApp]
role_arn = arn:aws:iam::000000000002:role/UpdateApp
source_profile = YOUR-PROFILE
mfa_serial = arn:aws:iam::000000000001:mfa/YOUR-MFA-DEVICE
region = ap-northeast-1
duration_seconds = 3600
`,
    );
  });
  it("has profiles that every AWS SDK reads, whatever characters IAM takes in a name", async () => {
    const role = { roleName: "Update+=,.@_-App", sessionDuration: 3600 };
    const text = permissionSetProfile(place("000000000002"), dev, role, "Admin+=,.@_-");
    const file = join(mkdtempSync(join(tmpdir(), "profile-")), "config");
    writeFileSync(file, text);
    const { configFile } = await loadSharedConfigFiles({ configFilepath: file, filepath: file });
    rmSync(dirname(file), { recursive: true });
    const { role_arn, source_profile = "" } = configFile["Update+--.@_-App"]!;
    assert.equal(role_arn, "arn:aws:iam::000000000002:role/Update+=,.@_-App");
    assert.equal(configFile[source_profile]!.sso_role_name, "Admin+=,.@_-");
  });
  it("has a profile for people of a permission set: no MFA, and an hour at most, as sessions of roles have", () => {
    const role = { roleName: "UpdateApp", sessionDuration: 7200 };
    assert.equal(
      permissionSetProfile(place("000000000002"), dev, role, "Developers"),
      `# These two sections once, also where you use several roles.
[sso-session identity-center]
sso_start_url = YOUR-ACCESS-PORTAL-URL
sso_region = YOUR-IDENTITY-CENTER-REGION
sso_registration_scopes = sso:account:access

[profile Developers-000000000001]
sso_session = identity-center
sso_account_id = 000000000001
sso_role_name = Developers
region = ap-northeast-1

# This section for each role.
[profile UpdateApp]
role_arn = arn:aws:iam::000000000002:role/UpdateApp
source_profile = Developers-000000000001
region = ap-northeast-1
duration_seconds = 3600
`,
    );
  });
  it("follows a role's path, in its ARN, its link and its profile", () => {
    const role = { roleName: "UpdateApp", path: "/apps/", sessionDuration: 3600 };
    const instructions = roleInstructions(place("000000000002"), dev, role);
    assert.equal(instructions.roleArn, "arn:aws:iam::000000000002:role/apps/UpdateApp");
    assert.equal(new URL(instructions.switchRoleLink!).searchParams.get("roleName"), "apps/UpdateApp");
    assert.match(instructions.cliProfile, /^role_arn = arn:aws:iam::000000000002:role\/apps\/UpdateApp$/m);
  });
  it("gives no switch-role link where the trust asks for an external ID, which only a profile can send", () => {
    const role = { roleName: "UpdateApp", externalId: "42-42", sessionDuration: 3600 };
    const instructions = roleInstructions(place("000000000002"), dev, role);
    assert(!("switchRoleLink" in instructions));
    assert.match(instructions.cliProfile, /^external_id = 42-42$/m);
  });
});
