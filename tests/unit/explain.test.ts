import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { Statement } from "../../infra/access/policy";
import { trustStatements } from "../../infra/access/trust";
import { SCENARIO_NAMES } from "../../infra/scenarios/registry";
import { parseSettings } from "../../infra/settings";
import type { DeployedUser } from "../../tools/deployed-policies";
import { CATALOGUE } from "../../tools/explain/catalogue";
import { checkCallers } from "../../tools/explain/check-callers";
import { findDecision } from "../../tools/explain/decisions";
import { explain } from "../../tools/explain/explanation";
import { answer, isWholeAnswer, recognize } from "../../tools/explain/known-message";
import {
  findManagedPolicies,
  findSource,
  type ManagedPolicy,
  targetOf,
} from "../../tools/explain/managed-policies";
import { type Refusal, readMessage, unmask } from "../../tools/explain/message";
import { isAbout, names } from "../../tools/explain/statements";
import type { Facts } from "../../tools/explain/types";
import { MESSAGES } from "./explain-messages";

const USER = "arn:aws:iam::111122223333:user/jane";
const ROLE = "arn:aws:iam::123456789012:role/UpdateApp";
const dev = { accountId: "111122223333", region: "ap-northeast-1", partition: "aws" } as const;
const denied = (end: string, action = "sts:AssumeRole", on = ROLE) =>
  `User: ${USER} is not authorized to perform: ${action} on resource: ${on}${end}`;

describe("a refusal's message", () => {
  // The forms of https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
  for (const type of [
    "identity-based policy",
    "resource-based policy",
    "role trust policy",
    "permissions boundary",
    "session policy",
    "service control policy",
    "resource control policy",
    "VPC endpoint policy",
  ] as const) {
    it(`says that no ${type} allows`, () => {
      const { who, action, on, reason } = readMessage(
        denied(` because no ${type} allows the sts:AssumeRole action`),
      );
      assert.deepEqual([who, action, on], [USER, "sts:AssumeRole", ROLE]);
      assert.deepEqual(reason, { type, explicit: false });
    });
    it(`says that there is an explicit deny in a ${type}`, () => {
      const article = /^i/.test(type) ? "an" : "a";
      assert.deepEqual(readMessage(denied(` with an explicit deny in ${article} ${type}`)).reason, {
        type,
        explicit: true,
      });
    });
  }
  it("may name the policy, and end with more", () => {
    const policyArn =
      "arn:aws:organizations::123456789012:policy/o-a1b2c3d4e5/service_control_policy/p-a1b2c3d4";
    assert.deepEqual(
      readMessage(denied(` with an explicit deny in a service control policy: ${policyArn}. Go to https://x`))
        .reason,
      { type: "service control policy", explicit: true, policyArn },
    );
  });
  it("may quote the resource, name no resource, or carry its code and a lead of the service's own", () => {
    assert.equal(
      readMessage(denied("", "s3:GetObject", '"arn:aws:s3:::shared/a.txt"')).on,
      "arn:aws:s3:::shared/a.txt",
    );
    const none = `User: ${USER} is not authorized to perform: codecommit:ListDeployments because no session policy allows the codecommit:ListDeployments action`;
    assert.deepEqual(readMessage(none), {
      who: USER,
      action: "codecommit:ListDeployments",
      reason: { type: "session policy", explicit: false },
    });
    const ec2 = `UnauthorizedOperation: You are not authorized to perform this operation. ${denied(" because no identity-based policy allows the ec2:RunInstances action", "ec2:RunInstances", "*")}`;
    assert.deepEqual(
      [readMessage(ec2).who, readMessage(ec2).action, readMessage(ec2).on],
      [USER, "ec2:RunInstances", "*"],
    );
    assert.equal(readMessage(denied("", "SNS:Publish")).action, "sns:Publish");
  });
  it("may say nothing of why", () => {
    assert.deepEqual(readMessage("hello"), {});
    assert.deepEqual(readMessage("AccessDenied: Access Denied"), {});
    const { actions } = recognize("AccessDenied: Access Denied")!.message;
    assert(actions!.test("s3:GetObject") && !actions!.test("sts:AssumeRole"));
    assert.equal(readMessage(denied("")).reason, undefined);
  });
  const cli = (code: string, operation: string, words: string) =>
    `An error occurred (${code}) when calling the ${operation} operation: ${words}`;
  const badCode = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
  for (const [type, message] of [
    ["mfa", `AccessDenied: ${badCode}`],
    ["mfa", cli("AccessDenied", "AssumeRole", badCode)],
    ["session", cli("ExpiredToken", "GetObject", "The provided token has expired.")],
    [
      "session",
      cli("ExpiredTokenException", "GetParameter", "The security token included in the request is expired"),
    ],
    [
      "session",
      cli(
        "InvalidClientTokenId",
        "GetCallerIdentity",
        "The security token included in the request is invalid.",
      ),
    ],
  ] as const)
    it(`may be about what was shown before any policy: ${message}`, () => {
      const recognized = recognize(message)!;
      assert.equal(recognized.message.actions, undefined);
      assert.match(answer(recognized, {}).join(), type === "mfa" ? /new code/ : /Ask for the role again/);
    });
  for (const [message, action, means] of [
    [cli("AccessDenied", "GetObject", "Access Denied"), "s3:GetObject", /--who .*--action .*--on/],
    [
      cli(
        "AccessDeniedException",
        "GetParameter",
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
      ),
      "kms:Decrypt",
      /KMS key.*--who .*--action kms:Decrypt, --on/,
    ],
    [
      cli(
        "AccessDenied",
        "AssumeRoleWithWebIdentity",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
      ),
      "sts:AssumeRoleWithWebIdentity",
      /subject or audience.*--who .*repo:.*--on/,
    ],
  ] as const)
    it(`may name no one, and mean: ${message}`, () => {
      assert.equal(readMessage(message).reason, undefined);
      const recognized = recognize(message)!;
      assert.match(answer(recognized, {}).join(" "), means);
      assert(recognized.message.actions!.test(action));
    });
});

describe("a public message", () => {
  for (const { message, answer: whole, ask, refused } of MESSAGES)
    it(`is answered: ${message.replace(/\s+/g, " ").slice(0, 100)}`, () => {
      const recognized = recognize(message);
      const { who, action, on, reason } = readMessage(message);
      const isAnswered =
        recognized !== undefined &&
        isWholeAnswer(recognized, { ...(who && { who }), ...(action && { action }) });
      assert.equal(isAnswered, whole !== undefined, recognized?.message.id);
      if (whole ?? ask) assert.equal(recognized?.message.id, whole ?? ask);
      if (ask) assert(recognized!.message.actions, "the policies decide");
      if (refused)
        assert.deepEqual(
          { who, action, on, type: reason?.type },
          { who: undefined, on: undefined, type: undefined, ...refused },
        );
    });
  it("gives each entry of the catalogue something to answer", () => {
    const answered = new Set(MESSAGES.map(({ answer: whole, ask }) => whole ?? ask));
    assert.deepEqual(
      CATALOGUE.map(({ id }) => id).filter((id) => !answered.has(id)),
      [],
    );
    assert.equal(new Set(CATALOGUE.map(({ id }) => id)).size, CATALOGUE.length);
    assert(MESSAGES.length >= 60);
  });
  it("gets cause, fix and page, with everything filled in", () => {
    for (const message of CATALOGUE) {
      const lines = answer({ message, parts: {} }, { stack: "dev" });
      assert.deepEqual(
        lines.map(([label]) => label),
        ["cause", "fix", "see"],
      );
      assert.doesNotMatch(lines.join(), /[{}]/, message.id);
      assert.match(message.page, /^https:\/\//);
    }
  });
  it("names what it says itself, and what the stack's settings say", () => {
    const lines = (message: string, stack: Record<string, unknown> = {}) =>
      answer(recognize(message)!, stack).join("\n");
    const tooLong = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    assert.match(lines(tooLong, { sessionDuration: 7200 }), /duration_seconds = 7200 or less/);
    assert.match(lines("The config profile (UpdateApp) could not be found"), /no profile UpdateApp\n/);
    assert.match(
      lines("The SSO session associated with this profile has expired"),
      /aws sso login --profile PROFILE/,
    );
    const encoded = "UnauthorizedOperation: Encoded authorization failure message: abcDEF_123-456";
    assert.match(
      lines(encoded, { trustingProfile: "prod" }),
      /decode-authorization-message --profile prod .*--encoded-message abcDEF_123-456 /,
    );
  });
});

describe("a statement", () => {
  const about = (Action: string, Resource: string) =>
    isAbout({ Effect: "Allow", Action, Resource }, "s3:GetObject", "arn:aws:s3:::b/k");
  it("is about an action and a resource by AWS's wildcards, and by nothing else that looks like one", () => {
    for (const [action, resource, expected] of [
      ["s3:Get*", "arn:aws:s3:::b/*", true],
      ["S3:getobject", "*", true],
      ["s3:GetObjec?", "arn:aws:s3:::?/k", true],
      ["s3:PutObject", "*", false],
      ["s3:GetObject", "arn:aws:s3:::b", false],
      ["s3:GetObject", "arn:aws:s3...b/k", false],
    ] as const)
      assert.equal(about(action, resource), expected, `${action} on ${resource}`);
  });
  it("names a caller by account, by ARN, or by the role of the session", () => {
    const by = (AWS: string) => ({ Effect: "Allow", Principal: { AWS }, Action: "*" }) as const;
    const session = "arn:aws:sts::123456789012:assumed-role/UpdateApp/jane";
    assert(names(by("arn:aws:iam::111122223333:root"), USER));
    assert(names(by("111122223333"), USER));
    assert(names(by(ROLE), session));
    assert(!names(by("arn:aws:iam::123456789012:root"), USER));
  });
});

const grant: ManagedPolicy = {
  resource: "Developers-may-assume-UpdateApp",
  type: "GroupPolicy",
  account: "111122223333",
  of: "Developers",
  name: "Developers-may-assume-UpdateApp",
  statements: [{ Sid: "AssumeRole", Effect: "Allow", Action: "sts:AssumeRole", Resource: [ROLE] }],
  source: "infra/scenarios/update-app.ts:45",
};
const trust: ManagedPolicy = {
  resource: "UpdateApp",
  type: "Role",
  account: "123456789012",
  of: "UpdateApp",
  name: "UpdateApp",
  statements: trustStatements({ people: { accounts: [dev] } }),
  source: "infra/scenarios/update-app.ts:31",
};
const unreadable = (missing: boolean) => ({
  reason: missing ? "account 1 has no user jane" : "profile dev may not",
  missing,
});
const facts = (more: Partial<Facts> = {}): Facts => ({
  who: USER,
  action: "sts:AssumeRole",
  on: ROLE,
  reason: undefined,
  own: { groups: ["Testers"], policies: [] },
  resource: trust.statements,
  managed: [grant, trust],
  settings: {
    stack: "dev",
    trustedPermissionSets: [],
    trustingAccountId: "123456789012",
    trustedAccountId: "111122223333",
    trustingProfile: "prod",
    trustedProfile: "dev",
  },
  ...more,
});
const member = {
  groups: ["Developers"],
  policies: [{ of: "group Developers", name: grant.name, statements: grant.statements }],
};
const explained = (more: Partial<Facts> = {}) =>
  explain(facts(more))
    .map(([label, text]) => `${label}: ${text}`)
    .join("\n");

describe("an explanation", () => {
  it("names the trusted side where the caller has no right, the group that has it, and where it is made", () => {
    const text = explained({ reason: { type: "identity-based policy", explicit: false } });
    assert.match(text, /denied by: the trusted account 111122223333: no identity-based policy allows it$/m);
    assert.match(
      text,
      /would be allowed by: policy Developers-may-assume-UpdateApp of group Developers; the caller is in Testers/,
    );
    assert.match(
      text,
      /defined in: infra\/scenarios\/update-app\.ts:45, resource Developers-may-assume-UpdateApp/,
    );
    assert.match(text, /add-user-to-group --group-name Developers --user-name jane --profile dev/);
  });
  it("tells the same from the deployed policies where AWS gives no reason across accounts, and says so", () => {
    assert.match(explained(), /denied by: the trusted account .* \(as the deployed policies read/);
    assert.match(
      explained({ own: member }),
      /denied by: the trusting account 123456789012: no role trust policy allows it \(as/,
    );
  });
  it("names the condition where a developer comes without MFA", () => {
    const text = explained({ own: member, reason: { type: "role trust policy", explicit: false } });
    assert.match(
      text,
      /would be allowed by: trust policy of role UpdateApp, statement People, if the caller signed in with multi-factor/,
    );
    assert.match(text, /defined in: infra\/scenarios\/update-app\.ts:31, resource UpdateApp/);
    assert.match(text, /fix: Nothing in the program: .*mfa_serial/);
  });
  it("does not offer a machine's statement to a person", () => {
    const resource = trustStatements({
      machines: { accounts: [dev], principalArns: ["arn:aws:iam::111122223333:role/M"] },
    });
    const text = explained({ own: member, resource, reason: { type: "role trust policy", explicit: false } });
    assert.doesNotMatch(text, /would be allowed by:/);
  });
  it("says whom the trust names where it is not the caller's account", () => {
    const text = explained({
      who: "arn:aws:iam::444455556666:user/eve",
      own: unreadable(false),
      reason: { type: "role trust policy", explicit: false },
    });
    assert.match(
      text,
      /trust policy of role UpdateApp allows only: Account 111122223333 may do sts:AssumeRole, if/,
    );
  });
  it("points at the role where someone asks with their own credentials what the role may", () => {
    const permissions: ManagedPolicy = {
      ...trust,
      resource: "UpdateApp-permissions",
      type: "RolePolicy",
      name: "permissions",
      statements: [{ Effect: "Allow", Action: "s3:PutObject", Resource: "arn:aws:s3:::productionapp/*" }],
    };
    const text = explained({
      action: "s3:PutObject",
      on: "arn:aws:s3:::productionapp/x",
      resource: [],
      managed: [trust, permissions],
    });
    assert.match(text, /would be allowed by: role UpdateApp, which has this permission \(.*\): assume it/);
    const untrusting = explained({
      action: "s3:PutObject",
      on: "arn:aws:s3:::productionapp/x",
      managed: [permissions],
    });
    assert.doesNotMatch(untrusting, /assume it/);
  });
  it("sends someone who signs in through a role of the own account to that role, not to a group", () => {
    const who = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developers/jane";
    const text = explained({
      who,
      own: { groups: [], policies: [] },
      reason: { type: "identity-based policy", explicit: false },
    });
    assert.match(text, /fix: .*give role AWSReservedSSO_Developers the same statement/);
  });
  it("shows the denying statement, and that hands and not the program made it", () => {
    const own = {
      groups: [],
      policies: [
        {
          of: "user jane",
          name: "by-hand",
          statements: [{ Sid: "No", Effect: "Deny", Action: "*", Resource: "*" } as const],
        },
      ],
    };
    const text = explained({ own, reason: { type: "identity-based policy", explicit: true } });
    assert.match(text, /policy: policy by-hand of user jane, statement No\ndefined in: not in this stack/);
  });
  const refusedBy = (text: string) => /^denied by: (.*)$/m.exec(text)?.[1];
  for (const [title, more, by, line] of [
    [
      "policies that may not be read",
      { own: unreadable(false) },
      /^unclear/,
      /^not read: profile dev may not$/m,
    ],
    [
      "a caller who no longer exists",
      { own: unreadable(true) },
      /^unclear/,
      /^not read: account 1 has no user jane$/m,
    ],
    [
      "a caller who no longer exists, of a silent trust policy",
      { own: unreadable(true), resource: [] },
      /^unclear/,
      /^not read/m,
    ],
    [
      "a trust policy that may not be read",
      { own: member, resource: unreadable(false), managed: [] },
      /^unclear/,
      /^not read/m,
    ],
    // Whatever the caller's own policies say.
    [
      "a silent trust policy alone",
      { own: unreadable(false), resource: [] },
      /^the trusting account/,
      /allows nothing to anyone/,
    ],
  ] as const)
    it(`concludes no more than it knows from ${title}`, () => {
      const text = explained(more);
      assert.match(refusedBy(text)!, by);
      assert.match(text, line);
      assert.doesNotMatch(text, /ask again so that the condition holds/);
    });
  it("does not send a caller into a group whose membership could not be read, or who is gone", () => {
    const reason = { type: "identity-based policy", explicit: false } as const;
    assert.match(
      explained({ own: unreadable(false), reason }),
      /whether the caller is in it could not be read/,
    );
    assert.doesNotMatch(explained({ own: unreadable(true), reason }), /add-user-to-group/);
  });
  it("tells the roles of one name in both accounts apart", () => {
    const twin = (account: string, resource: string): ManagedPolicy => ({
      ...trust,
      type: "RolePolicy",
      account,
      resource,
    });
    for (const [account, resource] of [
      ["123456789012", "trusting-Twin"],
      ["111122223333", "trusted-Twin"],
    ] as const) {
      const text = explained({
        who: `arn:aws:sts::${account}:assumed-role/UpdateApp/jane`,
        action: "iam:ListUsers",
        on: "*",
        own: { groups: [], policies: [] },
        managed: [twin("111122223333", "trusted-Twin"), twin("123456789012", "trusting-Twin")],
        reason: { type: "identity-based policy", explicit: false },
      });
      assert.match(text, new RegExp(`defined in: .*resource ${resource}$`, "m"));
    }
  });
  it("says of a statement of the caller's own which account's resource made it", () => {
    const Condition = { Bool: { x: "y" } };
    const statements: Statement[] = [{ Effect: "Allow", Action: "*", Resource: "*", Condition }];
    const of = { type: "RolePolicy", of: "Twin", name: "permissions", statements } as const;
    const twins = { trusted: "111122223333", trusting: "123456789012" };
    const managed: ManagedPolicy[] = Object.entries(twins).map(([resource, account]) => ({
      ...of,
      resource,
      account,
    }));
    const text = explained({
      who: "arn:aws:sts::123456789012:assumed-role/Twin/jane",
      own: { groups: [], policies: [{ of: "role Twin", name: "permissions", statements }] },
      managed,
      reason: { type: "identity-based policy", explicit: false },
    });
    assert.match(text, /defined in: the stack, resource trusting$/m);
  });
  it("says that another account must let the caller in to what has no policy that is read", () => {
    const key = { action: "kms:Decrypt", on: "arn:aws:kms:r:123456789012:key/1", managed: [] };
    const asked = (who: string) =>
      explain({
        ...facts({ ...key, who, reason: { type: "identity-based policy", explicit: false } }),
        resource: undefined,
      })
        .flat()
        .join();
    assert.match(asked(USER), /and account 123456789012 must let the caller in/);
    assert.doesNotMatch(asked("arn:aws:iam::123456789012:user/own"), /must let the caller in/);
  });
  it("asks for no right that the other side would leave in vain", () => {
    const resource = trustStatements({
      machines: { accounts: [dev], principalArns: ["arn:aws:iam::111122223333:user/device"] },
    });
    const text = explained({ resource, reason: { type: "identity-based policy", explicit: false } });
    assert.match(
      text,
      /allows only: Account 111122223333 may do sts:AssumeRole, if the caller is .*user\/device/,
    );
    assert.match(text, /fix: Nothing, .*the other side would refuse too/);
    assert.doesNotMatch(text, /add-user-to-group/);
  });
  for (const [title, on, own] of [
    ["a slip", "arn:aws:iam::123456789012:role/Updateapp", member],
    ["another account's", "arn:aws:iam::999999999999:role/UpdateApp", member],
    ["a slip that may not be looked up", "arn:aws:iam::123456789012:role/UpdateAp", unreadable(false)],
  ] as const)
    it(`names the nearest role where the name is ${title}`, () => {
      const other: ManagedPolicy = { ...trust, of: "ParameterReader" };
      const text = explained({ on, own, resource: unreadable(title === "a slip"), managed: [other, trust] });
      assert.match(text, /denied by: the name: this stack has no role \w+ in account \d+$/m);
      assert.match(text, /nearest: role UpdateApp of account 123456789012/);
    });
  it("doubts no name that it can read, or of a side that the stack does not manage", () => {
    const on = "arn:aws:iam::123456789012:role/by-hand";
    for (const more of [{ resource: [] }, { resource: unreadable(false), managed: [grant] }])
      assert.doesNotMatch(explained({ on, ...more }), /nearest|the name:/);
  });
  it("sends a job of GitHub's to the subjects of the trust policy, not to policies of its own", () => {
    const issuer = "token.actions.githubusercontent.com";
    const account = { ...dev, accountId: "123456789012" };
    const text = explained({
      who: `arn:aws:iam::123456789012:oidc-provider/${issuer} repo:x/y:pull_request`,
      action: "sts:AssumeRoleWithWebIdentity",
      own: { groups: [], policies: [] },
      resource: trustStatements({
        workloads: { account, issuer, audience: "sts.amazonaws.com", subjects: ["repo:a/b:pull_request"] },
      }),
    });
    assert.match(refusedBy(text)!, /the trusting account .*no role trust policy allows it/);
    assert.match(text, /would be allowed by: .*statement Workloads, if .*repo:a\/b:pull_request/);
    assert.match(text, /fix: .*trust: there: its subjects must name repo:x\/y:pull_request/);
  });
  it("points at the one place that says what a shared resource allows", () => {
    const shared: ManagedPolicy = {
      ...trust,
      type: "TopicPolicy",
      of: "shared",
      resource: "shared-topic-policy",
      shared: true,
    };
    const text = explained({
      action: "sns:GetTopicAttributes",
      on: "arn:aws:sns:ap-northeast-1:123456789012:shared",
      resource: [],
      managed: [shared],
      reason: { type: "resource-based policy", explicit: false },
    });
    assert.match(text, /defined in: .*resource shared-topic-policy/);
    assert.match(text, /`use` in infra\/access\/shared-resource\.ts/);
  });
  for (const [type, side] of [
    ["permissions boundary", /the trusted account/],
    ["session policy", /the caller's own session/],
    ["service control policy", /the organisation/],
    ["VPC endpoint policy", /the network/],
  ] as const)
    it(`names who answers for a ${type}`, () => {
      assert.match(explained({ reason: { type, explicit: false } }), side);
    });
});

describe("what the policies say by now", () => {
  const QUEUE = "arn:aws:sqs:ap-northeast-1:123456789012:shared";
  const shared: ManagedPolicy = {
    resource: "shared-queue-policy",
    type: "QueuePolicy",
    account: "123456789012",
    of: "shared",
    name: "policy",
    shared: true,
    statements: [
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "sqs:*",
        Resource: QUEUE,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      {
        Sid: "UseQueue",
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::111122223333:root" },
        Action: ["sqs:SendMessage"],
        Resource: QUEUE,
      },
    ],
  };
  const sharers: ManagedPolicy = {
    ...grant,
    resource: "ServiceSharers-may-use-services",
    of: "ServiceSharers",
    name: "ServiceSharers-may-use-services",
    statements: [{ Effect: "Allow", Action: ["sqs:SendMessage"], Resource: QUEUE }],
  };
  const asked = {
    action: "sqs:sendmessage",
    on: QUEUE,
    resource: shared.statements,
    managed: [shared, sharers],
    reason: { type: "resource-based policy", explicit: false },
  } as const;

  it("sends a caller outside the group into it, where the resource's policy allows the account without a condition", () => {
    const text = explained(asked);
    assert.match(text, /^allowed by: policy of queue shared, statement UseQueue/m);
    assert.match(text, /^denied by: the trusted account 111122223333: no identity-based policy allows it$/m);
    assert.match(text, /fix: .*add-user-to-group --group-name ServiceSharers --user-name jane --profile dev/);
    assert.doesNotMatch(text, /condition holds|the trusting account .*: no/);
  });
  it("says so where both sides allow it by now", () => {
    const own = { groups: ["ServiceSharers"], policies: [{ ...sharers, of: "group ServiceSharers" }] };
    assert.match(explained({ ...asked, own }), /fix: Ask again: both sides allow it now/);
    const text = explained({ ...asked, own, reason: { type: "identity-based policy", explicit: false } });
    assert.match(text, /fix: Ask again: both sides allow it now/);
  });
  it("names the group where the caller's policies could not be read, and does not say that the caller is out of it", () => {
    const text = explained({ ...asked, own: unreadable(false) });
    assert.match(text, /denied by: most likely the trusted account/);
    assert.match(text, /whether the caller is in it could not be read/);
  });
  it("still names the condition where the resource's policy has one", () => {
    const [, allow] = shared.statements;
    const resource: Statement[] = [
      { ...allow!, Condition: { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } } },
    ];
    assert.match(
      explained({ ...asked, resource }),
      /fix: Nothing in the program: ask again so that the condition holds/,
    );
  });
});

describe("a role's session that assumes another role", () => {
  const SSO = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developers_0123456789abcdef/jane";
  const own = { groups: [], policies: [] };
  for (const [title, more] of [
    ["whose role is read", { own }],
    ["whose role the account does not have", { own: unreadable(true) }],
    [
      "whose permission set is not the one that the trust names",
      {
        own,
        resource: trustStatements({
          people: { accounts: [dev] },
          permissionSets: { accounts: [dev], names: ["Another"] },
        }),
      },
    ],
    ["whose reason is given", { own, reason: { type: "role trust policy", explicit: false } }],
  ] as const)
    it(`shows no MFA, and of Identity Center gets what the program offers: ${title}`, () => {
      const text = explained({ who: SSO, ...more });
      assert.match(text, /denied by: the trusting account .* a role's session shows none to sts:AssumeRole/);
      assert.match(
        text,
        /principalArns: \["arn:aws:iam::111122223333:role\/aws-reserved\/sso\.amazonaws\.com\*\/AWSReservedSSO_Developers_\?{16}"\], mfa: false/,
      );
      assert.match(
        text,
        /pulumi config set --stack dev --path 'cross-account-access:trustedPermissionSets\[0\]' Developers /,
      );
      assert.match(text, /permissionSets: \{ accounts: \[…\], names: \["Developers"\] \}/);
      assert.match(text, /inline policy of permission set Developers/);
      assert.match(text, /see: https:\/\/docs\.aws\.amazon\.com\/singlesignon/);
      assert.doesNotMatch(text, /with mfa_serial|add-user-to-group|Nothing yet/);
    });
  it("of another permission set than those that the trust names is sent to the setting, and trusts no whole account", () => {
    const resource = trustStatements({ permissionSets: { accounts: [dev], names: ["Another"] } });
    const allowed: DeployedUser["policies"] = [
      { of: "role x", name: "y", statements: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
    ];
    for (const more of [
      { own: { groups: [], policies: allowed } },
      { own },
      { own, reason: { type: "role trust policy", explicit: false } },
      { own, reason: { type: "identity-based policy", explicit: false } },
    ] as const) {
      const text = explained({ who: SSO, resource, ...more });
      assert.match(text, /--path 'cross-account-access:trustedPermissionSets\[0\]' Developers \(/, text);
      assert.doesNotMatch(text, /allow account|a policy of the caller/);
    }
  });
  it("of the permission set that the trust names lacks the permission set's own policy", () => {
    for (const region of ["", "eu-west-1/", "*/"]) {
      const principalArns = [
        `arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/${region}AWSReservedSSO_Developers_*`,
      ] as const;
      const resource = trustStatements(
        region
          ? { people: { accounts: [dev], principalArns, mfa: false } }
          : { permissionSets: { accounts: [dev], names: ["Developers"] } },
      );
      const text = explained({ who: SSO, own, resource });
      assert.match(
        text,
        /denied by: the trusted account 111122223333: no identity-based policy allows it/,
        region,
      );
      assert.match(text, /fix: .*in the inline policy of permission set Developers/);
    }
  });
  it("of another role is told to use the user's own key, or to be trusted as a machine", () => {
    const text = explained({ who: "arn:aws:sts::111122223333:assumed-role/Build/1", own });
    assert.match(
      text,
      /machines: \{ accounts: \[…\], principalArns: \["arn:aws:iam::111122223333:role\/Build"\]/,
    );
    assert.match(text, /fix: Assume .* as the IAM user, with mfa_serial/);
  });
});

describe("session tags and a source identity", () => {
  for (const [action, option] of [
    ["sts:TagSession", "sessionTags"],
    ["sts:SetSourceIdentity", "sourceIdentity"],
  ] as const)
    it(`are allowed by ${option}, on the side that lacks it`, () => {
      const both = explained({ action, own: member });
      assert.match(
        both,
        /denied by: the trusting account 123456789012 and the trusted account 111122223333: no policy/,
      );
      assert.match(both, new RegExp(`fix: Set ${option}: true on both sides`));
      assert.match(both, /update-app\.ts:31, resource UpdateApp \(trust\).*update-app\.ts:45, .*\(grant\)/);
      const resource = trustStatements({ people: { accounts: [dev], [option]: true } });
      const granted = explained({ action, own: member, resource });
      assert.match(granted, /denied by: the trusted account 111122223333: no policy/);
    });
});

describe("a masked ARN", () => {
  for (const [masked, expected] of [
    ["arn:aws:iam::***:user/jane", "arn:aws:iam::111122223333:user/jane"],
    ["arn:***:iam::***:role/UpdateApp", "arn:aws:iam::111122223333:role/UpdateApp"],
    ["arn:aws:execute-api:r:********3333:id/v1/GET/x", "arn:aws:execute-api:r:111122223333:id/v1/GET/x"],
    ["arn:aws:iam::XXXXXXXXXXXX:user/jane", "arn:aws:iam::111122223333:user/jane"],
    ["arn:aws:iam::<account>:user/jane", "arn:aws:iam::111122223333:user/jane"],
  ] as const)
    it(`gets its account ID back: ${masked}`, () => {
      assert.deepEqual(unmask(masked, "111122223333", "aws"), { arn: expected, isMasked: true });
    });
  it("is none where the ID is shown, or there is none", () => {
    for (const arn of [USER, "arn:aws:s3:::productionapp/x", "*"])
      assert.deepEqual(unmask(arn, "999999999999", "aws"), { arn, isMasked: false });
  });
});

describe("the sandbox's record", () => {
  const settings = parseSettings("dev", {
    region: "eu-west-1",
    trustingAccountId: "000000000002",
    trustedAccountId: "000000000001",
    scenarios: JSON.stringify(SCENARIO_NAMES),
    githubRepository: "owner/name",
    trustedPermissionSets: '["ApplicationDevelopers"]',
    trustIamUsers: "true",
  });
  const device: ManagedPolicy = { ...grant, type: "UserPolicy", of: "topic-publisher" };
  const isOfChecks = checkCallers(settings, [device]);
  const decision = (who: string, action = "s3:GetObject", allowed = false) => ({
    time: who,
    who,
    action,
    resource: "arn:aws:s3:::b/k",
    allowed,
  });
  const find = (decisions: ReturnType<typeof decision>[], request: Refusal = {}) =>
    findDecision(decisions, request, { actions: /^s3:/, onlyRefused: true, isOfChecks })?.who;
  const CHECKS = [
    "arn:aws:iam::000000000001:user/cross-account-access-check/check-33ae3a51-tester",
    "arn:aws:sts::000000000002:assumed-role/GitHubActionsPreview/check-33ae3a51",
    "arn:aws:sts::000000000001:assumed-role/InstanceOperatorMachine/i-0123456789abcdef0",
    "arn:aws:iam::000000000001:user/topic-publisher",
    "arn:aws:sts::000000000001:assumed-role/AWSReservedSSO_ApplicationDevelopers_2_c4bd790d5f9231d9/person@example.com",
    "arn:aws:iam::000000000001:oidc-provider/token.actions.githubusercontent.com repo:owner/name:pull_request",
  ];
  const jane = "arn:aws:iam::000000000001:user/jane";

  for (const who of CHECKS)
    it(`concludes nothing from a refusal of the checks' own caller ${who}`, () => {
      assert.equal(find([decision(jane), decision(who)]), jane);
      assert.equal(find([decision(who)]), undefined);
      assert.equal(find([decision(who)], { who }), who);
    });
  it("gives the last refusal that fits, by caller, action in any case, resource, or what the message can be about", () => {
    const other = "arn:aws:iam::000000000001:user/check-mate";
    const record = [decision(jane), decision(other, "sqs:SendMessage"), decision(jane, "s3:GetObject", true)];
    assert.equal(find(record), jane);
    assert.equal(find(record, { action: "sqs:sendmessage" }), other);
    assert.equal(find(record, { on: "arn:aws:s3:::other" }), undefined);
  });
});

describe("the line that makes a policy", () => {
  for (const [resource, type, expected] of [
    ["UpdateApp", "Role", /trust: people/],
    ["UpdateApp-permissions", "RolePolicy", /permissions: readAndWrite/],
    ["Developers-may-assume-UpdateApp", "GroupPolicy", /"Developers-may-assume-UpdateApp"/],
    ["machine-may-assume-InstanceOperator", "RolePolicy", /"machine-may-assume-InstanceOperator"/],
    ["shared-policy", "BucketPolicy", /resources: \{ shared: bucket/],
    ["shared-topic-policy", "TopicPolicy", /"shared-topic": topic/],
    ["shared-queue-policy", "QueuePolicy", /"shared-queue": queue/],
    ["shared-repository-policy", "RepositoryPolicy", /"shared-repository": repository/],
    ["shared-api", "RestApi", /"shared-api": restApi/],
    ["InstanceOperator", "Role", /trust: \{/],
    ["InstanceOperatorMachine", "Role", /assumeRolePolicy:/],
    ["InstanceOperator-permissions", "RolePolicy", /permissions: operate/],
    ["trusted-GitHubActionsDeploy", "Role", /trust: \{ workloads/],
  ] as const)
    it(`is found for ${resource}`, () => {
      const [file, line] = findSource(resource, type)!.split(":");
      assert(existsSync(file!));
      assert.match(readFileSync(file!, "utf8").split("\n")[Number(line) - 1]!, expected);
    });
  it("is left out where the file has several that could be meant", () => {
    const found = findSource("trusting-GitHubActionsPreview-permissions", "RolePolicy");
    assert.equal(found, "infra/scenarios/github-actions/resources.ts");
  });
  it("is not made up for a name that no scenario has", () => {
    assert.equal(findSource("nothing-of-ours", "GroupPolicy"), undefined);
  });
});

describe("what the engine's state says a program made", () => {
  const provider = {
    urn: "urn:pulumi:dev::x::pulumi:providers:aws::here",
    type: "pulumi:providers:aws",
    id: "7",
  };
  const policy = JSON.stringify({ Statement: { Effect: "Allow", Action: "*" } });
  for (const [type, inputs, action, on] of [
    [
      "aws:iam/role:Role",
      { name: "R", assumeRolePolicy: policy },
      "sts:AssumeRole",
      "arn:aws:iam::123456789012:role/p/R",
    ],
    ["aws:s3/bucketPolicy:BucketPolicy", { bucket: "b", policy }, "s3:GetObject", "arn:aws:s3:::b/k"],
    [
      "aws:sns/topicPolicy:TopicPolicy",
      { arn: "arn:aws:sns:r:123456789012:t", policy },
      "sns:Publish",
      "arn:aws:sns:r:123456789012:t",
    ],
    [
      "aws:sqs/queuePolicy:QueuePolicy",
      { queueUrl: "https://sqs.r.amazonaws.com/123456789012/q", policy },
      "sqs:SendMessage",
      "arn:aws:sqs:r:123456789012:q",
    ],
    [
      "aws:ecr/repositoryPolicy:RepositoryPolicy",
      { repository: "a/b", policy },
      "ecr:BatchGetImage",
      "arn:aws:ecr:r:123456789012:repository/a/b",
    ],
    [
      "aws:apigateway/restApi:RestApi",
      { name: "shared", policy },
      "execute-api:Invoke",
      "arn:aws:execute-api:r:123456789012:id/v1/GET/x",
    ],
  ] as const)
    it(`is found by the ARN that ${action} is asked on`, () => {
      const one = {
        urn: `urn:pulumi:dev::x::${type}::name`,
        type,
        id: "id",
        inputs,
        provider: `${provider.urn}::7`,
      };
      const [made, ...more] = findManagedPolicies([
        { ...provider, inputs: { allowedAccountIds: '["123456789012"]' } },
        one,
      ]);
      assert.deepEqual(more, []);
      assert.equal(made!.account, "123456789012");
      const { type: found, name } = targetOf(action, on)!;
      assert.deepEqual([found, name], [made!.type, made!.of]);
    });
  it("is no policy of a role where something else than assuming it is asked", () => {
    assert.equal(targetOf("iam:GetRole", ROLE), undefined);
  });
});
