import assert from "node:assert/strict";
import {
  CreateOpenIDConnectProviderCommand,
  CreateUserCommand,
  IAMClient,
  ListRolesCommand,
  ListUsersCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { ACCOUNTS, outcome, policy, World, words } from "./gateway-world";

const ISSUER = "token.actions.githubusercontent.com";
const AUDIENCE = "sts.amazonaws.com";
const SUBJECT = "repo:owner/name:pull_request";
const PROVIDER = `arn:aws:iam::${ACCOUNTS.prod}:oidc-provider/${ISSUER}`;
const trust = (condition: object, Federated = PROVIDER) =>
  policy({ Principal: { Federated }, Action: "sts:AssumeRoleWithWebIdentity", Condition: condition });

describe("gateway: web identity", function () {
  this.timeout(60_000);
  let world: World;
  let role: string;
  before(async () => {
    world = await World.start();
    await world
      .admin(IAMClient, "prod")
      .send(new CreateOpenIDConnectProviderCommand({ Url: `https://${ISSUER}`, ClientIDList: [AUDIENCE] }));
    const exact = { StringEquals: { [`${ISSUER}:sub`]: [SUBJECT], [`${ISSUER}:aud`]: AUDIENCE } };
    const byProvider = { StringEquals: { "aws:FederatedProvider": PROVIDER } };
    const denied = { Effect: "Deny", Action: "iam:ListRoles", Resource: "*", Condition: byProvider };
    const allowed = { Action: ["iam:ListUsers", "iam:ListRoles"], Resource: "*" };
    role = await world.role("prod", "preview", trust(exact), policy(allowed, denied));
  });
  after(() => world?.stop());

  async function token(subject = SUBJECT, audience = AUDIENCE): Promise<string> {
    const query = new URLSearchParams({ subject, audience });
    const { status, body } = await world.raw("POST", `/_sandbox/token?${query}`, {
      host: new URL(world.gateway.url).host,
    });
    assert.equal(status, 200, body);
    return JSON.parse(body).value;
  }
  const assume = (WebIdentityToken: string, RoleArn = role) =>
    // This request has no signature: there are no credentials to sign it with.
    new STSClient({ region: "ap-northeast-1", endpoint: world.gateway.url, maxAttempts: 1 }).send(
      new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: "job", WebIdentityToken }),
    );
  const refusals = async (asked: () => Promise<unknown>) => [await outcome(asked()), await words(asked())];

  it("gives a session that may do what the role may, and nothing else", async () => {
    const answer = await assume(await token());
    assert.equal(answer.SubjectFromWebIdentityToken, SUBJECT);
    assert.equal(answer.Provider, PROVIDER);
    const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials!;
    const session = {
      accessKeyId: AccessKeyId!,
      secretAccessKey: SecretAccessKey!,
      sessionToken: SessionToken!,
    };
    const { Arn } = await world.client(STSClient, session).send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, `arn:aws:sts::${ACCOUNTS.prod}:assumed-role/preview/job`);
    const iam = world.client(IAMClient, session);
    assert.equal(await outcome(iam.send(new ListUsersCommand({}))), "allowed");
    assert.equal(await outcome(iam.send(new CreateUserCommand({ UserName: "x" }))), "AccessDenied");
    // The session keeps aws:FederatedProvider.
    assert.equal(await outcome(iam.send(new ListRolesCommand({}))), "AccessDenied");
  });

  it("refuses another subject, in AWS's words, and records who it was", async () => {
    const other = await token("repo:owner/other:pull_request");
    assert.deepEqual(await refusals(() => assume(other)), [
      "AccessDenied",
      "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ]);
    const [last] = (await world.decisions()).slice(-1);
    assert.deepEqual(
      [last!.who, last!.action, last!.allowed],
      [`${PROVIDER} repo:owner/other:pull_request`, "sts:AssumeRoleWithWebIdentity", false],
    );
  });

  it("refuses a token for an audience that is none of the provider's", async () => {
    const other = await token(SUBJECT, "https://github.com/owner");
    assert.deepEqual(await refusals(() => assume(other)), [
      "InvalidIdentityTokenException",
      "Incorrect token audience",
    ]);
  });

  it("refuses a token that the issuer's key did not sign, and what is no token", async () => {
    const [header, , signature] = (await token()).split(".");
    const claims = { iss: `https://${ISSUER}`, sub: SUBJECT, aud: AUDIENCE, exp: 9_999_999_999 };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const unsigned = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    for (const forged of [`${header}.${payload}.${signature}`, `${unsigned}.${payload}.`, "no-token-at-all"])
      assert.equal(await outcome(assume(forged)), "InvalidIdentityTokenException", forged);
  });

  it("refuses a token past its five minutes", async () => {
    const old = await token();
    world.advance(301);
    assert.equal(await outcome(assume(old)), "ExpiredTokenException");
  });

  it("refuses where the account has no such provider, or the trust names another", async () => {
    const elsewhere = await world.role(
      "dev",
      "preview",
      trust({}, PROVIDER.replace(ACCOUNTS.prod, ACCOUNTS.dev)),
    );
    const now = await token();
    assert.match(
      await words(assume(now, elsewhere)),
      /No OpenIDConnect provider found in your account for https:/,
    );
    const other = await world.role("prod", "other", trust({}, PROVIDER.replace("actions", "other")));
    assert.equal(await outcome(assume(now, other)), "AccessDenied");
    assert.equal(await outcome(assume(now, `${role}-that-is-not-there`)), "AccessDenied");
  });

  it("lets no job in by a pattern that the trust writes with StringEquals, and by one with StringLike", async () => {
    const like = (operator: string) =>
      trust({
        [operator]: { [`${ISSUER}:sub`]: "repo:owner/*" },
        StringEqualsIgnoreCase: { [`${ISSUER}:aud`]: AUDIENCE },
      });
    const equals = await world.role("prod", "equals", like("StringEquals"));
    const likes = await world.role("prod", "likes", like("StringLike"));
    const now = await token();
    assert.equal(await outcome(assume(now, equals)), "AccessDenied");
    assert.equal(await outcome(assume(now, likes)), "allowed");
  });
});
