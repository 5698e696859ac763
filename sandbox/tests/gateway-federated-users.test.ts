/** Sessions of GetFederationToken: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html */
import assert from "node:assert/strict";
import { IAMClient, ListUsersCommand, TagUserCommand } from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  type GetFederationTokenCommandInput,
  GetSessionTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import type { AwsCredentialIdentity } from "@smithy/types";
import { ACCOUNTS, allow, outcome, policy, World } from "./gateway-world";

const FEDERATED = `arn:aws:sts::${ACCOUNTS.dev}:federated-user/bob`;

describe("gateway: federated users", function () {
  this.timeout(60_000);
  let world: World;
  let count = 0;
  before(async () => {
    world = await World.start();
  });
  after(() => world?.stop());

  const user = (...statements: Record<string, unknown>[]) =>
    world.person(
      "dev",
      `user-${++count}`,
      policy({ Action: ["sts:GetFederationToken", "sts:TagSession"], Resource: "*" }, ...statements),
    );
  const ask = (credentials: AwsCredentialIdentity, more: Partial<GetFederationTokenCommandInput> = {}) =>
    world.client(STSClient, credentials).send(new GetFederationTokenCommand({ Name: "bob", ...more }));
  const federate = async (
    credentials: AwsCredentialIdentity,
    more: Partial<GetFederationTokenCommandInput> = {},
  ): Promise<AwsCredentialIdentity> => {
    const { Credentials } = await ask(credentials, more);
    return {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  };
  /** A new bucket of an account with an object `a`, and the bucket policy's statements, each about its objects. */
  const bucket = async (profile: "dev" | "prod", ...statements: object[]) => {
    const Bucket = `federated-${++count}`;
    const s3 = world.admin(S3Client, profile);
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "1" }));
    const objects = `arn:aws:s3:::${Bucket}/*`;
    const Policy = policy(
      ...statements.map((one) => ({ Action: "s3:GetObject", Resource: objects, ...one })),
    );
    if (statements.length) await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    return Bucket;
  };
  const get = (credentials: AwsCredentialIdentity, Bucket: string) =>
    outcome(world.client(S3Client, credentials).send(new GetObjectCommand({ Bucket, Key: "a" })));
  const Policy = allow("s3:GetObject");

  it("are known by the account and the name that the caller chose", async () => {
    const { credentials } = await user();
    const { FederatedUser, Credentials } = await ask(credentials);
    assert.deepEqual(FederatedUser, { Arn: FEDERATED, FederatedUserId: `${ACCOUNTS.dev}:bob` });
    const hours = (Credentials!.Expiration!.getTime() - world.now()) / 3_600_000;
    assert.ok(hours > 11.9 && hours <= 12, `${hours} hours`);
    const { Arn, UserId, Account } = await world
      .client(STSClient, await federate(credentials))
      .send(new GetCallerIdentityCommand({}));
    assert.deepEqual([Arn, UserId, Account], [FEDERATED, `${ACCOUNTS.dev}:bob`, ACCOUNTS.dev]);
  });

  it("are given out to an IAM user who is allowed to, never to a session", async () => {
    const { credentials } = await world.person("dev", "may-not", allow("s3:*"));
    assert.match(await outcome(ask(credentials)), /^AccessDenied/);
    const asker = (await user({ Action: "sts:*", Resource: "*" })).credentials;
    const trust = policy({ Principal: { AWS: ACCOUNTS.dev }, Action: "sts:AssumeRole" });
    const role = await world.role("dev", "role", trust, allow("sts:*"));
    assert.match(await outcome(ask(await world.assume(asker, role))), /^AccessDenied/);
    const { Credentials } = await world.client(STSClient, asker).send(new GetSessionTokenCommand({}));
    const session = {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
    assert.match(await outcome(ask(session)), /^AccessDenied/);
    assert.equal(await outcome(ask(asker)), "allowed");
  });

  for (const [what, more] of [
    ["a name of one character", { Name: "b" }],
    ["a name of 33 characters", { Name: "b".repeat(33) }],
    ["a name with a slash", { Name: "bob/x" }],
    ["a session of less than 15 minutes", { DurationSeconds: 899 }],
    ["a session of more than 36 hours", { DurationSeconds: 129_601 }],
    ["a tag of AWS's", { Tags: [{ Key: "aws:x", Value: "1" }] }],
  ] as [string, Partial<GetFederationTokenCommandInput>][])
    it(`are refused with ${what}`, async () => {
      assert.match(await outcome(ask((await user()).credentials, more)), /^ValidationError/);
    });

  it("last between 15 minutes and 36 hours, as asked", async () => {
    const { credentials } = await user({ Action: "s3:*", Resource: "*" });
    const name = await bucket("dev");
    const session = await federate(credentials, { DurationSeconds: 900, Policy });
    assert.equal(await get(session, name), "allowed");
    world.advance(901);
    assert.match(await get(session, name), /^ExpiredToken/);
    assert.equal(await outcome(ask(credentials, { DurationSeconds: 129_600 })), "allowed");
  });

  it("may do what both the session policy and the user's policies allow", async () => {
    const name = await bucket("dev");
    const [reader, other] = [
      (await user({ Action: "s3:*", Resource: "*" })).credentials,
      (await user({ Action: "sqs:*", Resource: "*" })).credentials,
    ];
    assert.equal(await get(await federate(reader, { Policy }), name), "allowed");
    assert.equal(await get(await federate(reader), name), "AccessDenied", "no session policy");
    assert.equal(await get(await federate(reader, { Policy: allow("sqs:*") }), name), "AccessDenied");
    assert.equal(await get(await federate(other, { Policy }), name), "AccessDenied");
    const arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    assert.equal(await get(await federate(reader, { PolicyArns: [{ arn }] }), name), "allowed");
  });

  it("may do what a resource's policy allows the federated user itself, without a session policy, too", async () => {
    const name = await bucket("dev", { Principal: { AWS: FEDERATED } });
    const { credentials } = await user();
    assert.equal(await get(await federate(credentials), name), "allowed");
    assert.equal(await get(await federate(credentials, { Name: "alice" }), name), "AccessDenied");
    assert.equal(await get(credentials, name), "AccessDenied", "the IAM user is another principal");
  });

  it("may do what a resource's policy allows the IAM user, within the session policy", async () => {
    const person = await user();
    const name = await bucket("dev", { Principal: { AWS: person.arn } });
    assert.equal(await get(await federate(person.credentials, { Policy }), name), "allowed");
    assert.equal(await get(await federate(person.credentials), name), "AccessDenied");
  });

  it("are not the IAM user whose name they have", async () => {
    const namesake = await user();
    const name = await bucket("dev", { Principal: { AWS: namesake.arn } });
    const { credentials } = await user();
    assert.equal(
      await get(await federate(credentials, { Name: namesake.name, Policy }), name),
      "AccessDenied",
    );
  });

  it("are denied what a resource's policy denies them, or their IAM user", async () => {
    const person = await user({ Action: "s3:*", Resource: "*" });
    const session = await federate(person.credentials, { Policy });
    for (const AWS of [FEDERATED, person.arn])
      assert.equal(
        await get(session, await bucket("dev", { Effect: "Deny", Principal: { AWS } })),
        "AccessDenied",
      );
    const Condition = { ArnEquals: { "aws:PrincipalArn": FEDERATED } };
    const byKey = await bucket("dev", { Effect: "Deny", Principal: "*", Condition });
    assert.equal(await get(session, byKey), "AccessDenied");
    assert.equal(await get(person.credentials, byKey), "allowed");
  });

  it("reach another account where both accounts allow it", async () => {
    const person = await user({ Action: "s3:*", Resource: "*" });
    const name = await bucket("prod", { Principal: { AWS: ACCOUNTS.dev } });
    assert.equal(await get(await federate(person.credentials, { Policy }), name), "allowed");
    assert.equal(await get(await federate((await user()).credentials, { Policy }), name), "AccessDenied");
  });

  it("call neither IAM nor STS, except GetCallerIdentity", async () => {
    const person = await user({ Action: "*", Resource: "*" });
    const session = await federate(person.credentials, { Policy: allow("*") });
    const sts = world.client(STSClient, session);
    const RoleArn = await world.role(
      "dev",
      "open",
      policy({ Principal: { AWS: ACCOUNTS.dev }, Action: "sts:AssumeRole" }),
    );
    const refused = [
      world.client(IAMClient, session).send(new ListUsersCommand({})),
      sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "session" })),
      sts.send(new GetSessionTokenCommand({})),
      ask(session),
    ];
    for (const asked of refused) assert.match(await outcome(asked), /^(AccessDenied|InvalidClientTokenId)/);
  });

  it("have the tags of the session and of the user, the session's first", async () => {
    const tagged = { StringEquals: { "aws:PrincipalTag/team": "blue" } };
    const person = await user({ Action: "s3:*", Resource: "*", Condition: tagged });
    const name = await bucket("dev");
    const Tags = [{ Key: "team", Value: "blue" }];
    assert.equal(await get(await federate(person.credentials, { Policy, Tags }), name), "allowed");
    assert.equal(await get(await federate(person.credentials, { Policy }), name), "AccessDenied");
    await world.admin(IAMClient, "dev").send(new TagUserCommand({ UserName: person.name, Tags }));
    assert.equal(await get(await federate(person.credentials, { Policy }), name), "allowed");
    const red = [{ Key: "team", Value: "red" }];
    assert.equal(await get(await federate(person.credentials, { Policy, Tags: red }), name), "AccessDenied");
    const untagging = await world.person("dev", "untagging", allow("sts:GetFederationToken"));
    assert.match(await outcome(ask(untagging.credentials, { Tags })), /^AccessDenied/, "sts:TagSession");
  });

  it("put their name into aws:userid, and nothing into aws:username", async () => {
    const own = `arn:aws:s3:::*/\${aws:userid}`;
    const person = await user(
      { Action: "s3:GetObject", Resource: own },
      { Action: "s3:GetObject", Resource: `arn:aws:s3:::*/\${aws:username}` },
    );
    const name = await bucket("dev");
    const s3 = world.admin(S3Client, "dev");
    for (const Key of [`${ACCOUNTS.dev}:bob`, person.name])
      await s3.send(new PutObjectCommand({ Bucket: name, Key, Body: "1" }));
    const session = world.client(S3Client, await federate(person.credentials, { Policy }));
    const read = (Key: string) => outcome(session.send(new GetObjectCommand({ Bucket: name, Key })));
    assert.equal(await read(`${ACCOUNTS.dev}:bob`), "allowed");
    assert.equal(await read(person.name), "AccessDenied");
  });
});
