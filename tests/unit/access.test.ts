import assert from "node:assert/strict";
import { type Place, partitionOf } from "../../infra/access/arn";
import { cliProfile, switchRoleLink } from "../../infra/access/hand-over";
import { type Trust, trustStatements } from "../../infra/access/trust";

const place = (accountId: string, region = "ap-northeast-1"): Place => ({
  accountId,
  region,
  partition: partitionOf(region),
});
const dev = place("000000000001");
const conditionOf = (trust: Trust) => trustStatements(trust)[0]!.Condition;

describe("trust statements", () => {
  it("ask people for MFA unless told otherwise, with Bool and not BoolIfExists", () => {
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
  it("refuse a role that trusts nobody, and an MFA age without MFA", () => {
    assert.throws(() => trustStatements({}), /trusts nobody/);
    assert.throws(
      () => trustStatements({ people: { accounts: [dev], mfa: false, maxMfaAge: 60 } }),
      /maxMfaAge/,
    );
  });
});

describe("what people are told", () => {
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
});
