import assert from "node:assert/strict";
import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreateUserCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeleteRoleCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  EnableMFADeviceCommand,
  GetUserCommand,
  IAMClient,
  ListMFADevicesCommand,
  ListUsersCommand,
  PutGroupPolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import type { AwsCredentialIdentity } from "@smithy/types";
import {
  ACCOUNTS,
  allow,
  ORGANIZATION,
  outcome,
  type Person,
  type Profile,
  policy,
  World,
  words,
} from "./gateway-world";

const root = (profile: Profile) => `arn:aws:iam::${ACCOUNTS[profile]}:root`;

describe("gateway: who may do what", function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world?.stop());

  const s3 = (credentials: AwsCredentialIdentity) => world.client(S3Client, credentials);
  const get = (who: AwsCredentialIdentity, Bucket: string, Key = "key") =>
    outcome(s3(who).send(new GetObjectCommand({ Bucket, Key })));
  const identity = async (who: AwsCredentialIdentity) =>
    (await world.client(STSClient, who).send(new GetCallerIdentityCommand({}))).Arn;
  async function bucket(profile: Profile, name: string, document?: string) {
    const admin = world.admin(S3Client, profile);
    await admin.send(new CreateBucketCommand({ Bucket: name }));
    await admin.send(new PutObjectCommand({ Bucket: name, Key: "key", Body: "content" }));
    if (document) await admin.send(new PutBucketPolicyCommand({ Bucket: name, Policy: document }));
  }

  describe("a bucket's policy and a person's policy", () => {
    const people: Record<string, Person> = {};
    const stances = ["allows", "silent", "denies"] as const;
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    const expected = (identity: string, resource: string, account: Profile) =>
      identity === "denies" || resource === "denies"
        ? false
        : account === "dev"
          ? identity === "allows" || resource === "allows"
          : identity === "allows" && resource === "allows";

    before(async () => {
      const documents = {
        allows: allow("s3:GetObject"),
        silent: undefined,
        denies: policy({ Effect: "Deny", Action: "*", Resource: "*" }),
      };
      for (const stance of stances)
        people[stance] = await world.person("dev", `person-${stance}`, documents[stance]);
      const AWS = Object.values(people).map((person) => person.arn);
      for (const account of ["dev", "prod"] as const)
        for (const stance of stances) {
          const Effect = stance === "denies" ? "Deny" : "Allow";
          const name = `${account}-${stance}`;
          const document = policy({
            Effect,
            Principal: { AWS },
            Action: "s3:GetObject",
            Resource: `arn:aws:s3:::${name}/*`,
          });
          await bucket(account, name, stance === "silent" ? undefined : document);
        }
    });

    for (const account of ["dev", "prod"] as const)
      for (const person of stances)
        for (const resource of stances) {
          const allowed = expected(person, resource, account);
          it(`${account === "dev" ? "same account" : "across accounts"}: person ${person}, bucket ${resource}: ${allowed ? "allowed" : "refused"}`, async () => {
            assert.equal(
              await get(people[person]!.credentials, `${account}-${resource}`),
              allowed ? "allowed" : "AccessDenied",
            );
          });
        }

    it("the account as principal does not speak for a silent person of the same account", async () => {
      await bucket(
        "dev",
        "dev-root",
        policy({ Principal: { AWS: root("dev") }, Action: "s3:*", Resource: "arn:aws:s3:::dev-root/*" }),
      );
      assert.equal(await get(people.silent!.credentials, "dev-root"), "AccessDenied");
      assert.equal(await get(people.allows!.credentials, "dev-root"), "allowed");
    });

    it("an administrator needs the other account's word as anyone does", async () => {
      assert.equal(await get(world.gateway.administrators.dev!, "prod-silent"), "AccessDenied");
      assert.equal(await get(world.gateway.administrators.prod!, "prod-silent"), "allowed");
    });

    it("says which side is missing, as AWS does", async () => {
      const asked = s3(people.silent!.credentials).send(
        new GetObjectCommand({ Bucket: "dev-silent", Key: "key" }),
      );
      assert.equal(
        await words(asked),
        `User: ${people.silent!.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::dev-silent/key" because no identity-based policy allows the s3:GetObject action`,
      );
      const denied = s3(people.denies!.credentials).send(
        new GetObjectCommand({ Bucket: "dev-allows", Key: "key" }),
      );
      assert.match(await words(denied), /with an explicit deny in an identity-based policy$/);
      const across = s3(people.allows!.credentials).send(
        new GetObjectCommand({ Bucket: "prod-silent", Key: "key" }),
      );
      assert.equal(await words(across), "Access Denied");
    });

    it("a copy from bucket to bucket needs the source and the destination", async () => {
      const objects = (name: string) => `arn:aws:s3:::${name}/*`;
      const copier = await world.person(
        "dev",
        "copier",
        policy(
          { Action: "s3:GetObject", Resource: objects("copy-from") },
          { Action: "s3:PutObject", Resource: objects("copy-to") },
        ),
      );
      const writer = await world.person("dev", "writer", allow("s3:PutObject", objects("copy-to")));
      const AWS = [copier.arn, writer.arn];
      await bucket("dev", "copy-from");
      await bucket(
        "prod",
        "copy-to",
        policy({ Principal: { AWS }, Action: "s3:PutObject", Resource: objects("copy-to") }),
      );
      const copy = (who: Person) =>
        outcome(
          s3(who.credentials).send(
            new CopyObjectCommand({ Bucket: "copy-to", Key: "copied", CopySource: "copy-from/key" }),
          ),
        );
      assert.equal(await copy(writer), "AccessDenied");
      assert.equal(await copy(copier), "allowed");
      const copied = await world
        .admin(S3Client, "prod")
        .send(new GetObjectCommand({ Bucket: "copy-to", Key: "copied" }));
      assert.equal(await copied.Body!.transformToString(), "content");
    });

    it("a name taken in one account is taken in the other", async () => {
      const taken = world.admin(S3Client, "prod").send(new CreateBucketCommand({ Bucket: "dev-allows" }));
      assert.equal(await outcome(taken), "BucketAlreadyExists");
    });

    it("a caller who may not list a bucket does not learn that a key does not exist", async () => {
      assert.equal(await get(people.allows!.credentials, "dev-silent", "no-such-key"), "AccessDenied");
      assert.equal(await get(world.gateway.administrators.dev!, "dev-silent", "no-such-key"), "NoSuchKey");
      const head = s3(people.allows!.credentials).send(
        new HeadObjectCommand({ Bucket: "dev-silent", Key: "no-such-key" }),
      );
      assert.equal(await head.catch((error) => error.$metadata.httpStatusCode), 403);
    });

    it("a deletion of many keys refuses those that are not allowed, and does the rest", async () => {
      const remover = await world.person(
        "dev",
        "remover",
        allow("s3:DeleteObject", "arn:aws:s3:::dev-many/mine/*"),
      );
      await bucket("dev", "dev-many");
      await world
        .admin(S3Client, "dev")
        .send(new PutObjectCommand({ Bucket: "dev-many", Key: "mine/a", Body: "" }));
      const Objects = [{ Key: "mine/a" }, { Key: "key" }];
      const { Deleted, Errors } = await s3(remover.credentials).send(
        new DeleteObjectsCommand({ Bucket: "dev-many", Delete: { Objects } }),
      );
      assert.deepEqual(
        [Deleted?.map((one) => one.Key), Errors?.map((one) => [one.Key, one.Code])],
        [["mine/a"], [["key", "AccessDenied"]]],
      );
      assert.equal(await get(world.gateway.administrators.dev!, "dev-many"), "allowed");
      assert.equal(await get(world.gateway.administrators.dev!, "dev-many", "mine/a"), "NoSuchKey");
    });
  });

  describe("a role's trust and a person's policy", () => {
    const trusts = {
      account: (_: Person) => policy({ Principal: { AWS: root("dev") }, Action: "sts:AssumeRole" }),
      person: (person: Person) => policy({ Principal: { AWS: person.arn }, Action: "sts:AssumeRole" }),
      other: (_: Person) => policy({ Principal: { AWS: root("outsider") }, Action: "sts:AssumeRole" }),
    };
    const rows: [
      account: Profile,
      identity: "allows" | "silent" | "denies",
      trust: keyof typeof trusts,
      allowed: boolean,
    ][] = [
      ["prod", "allows", "account", true],
      ["prod", "allows", "person", true],
      ["prod", "allows", "other", false],
      ["prod", "silent", "account", false],
      ["prod", "silent", "person", false],
      ["prod", "denies", "person", false],
      ["dev", "allows", "account", true],
      ["dev", "allows", "other", false],
      ["dev", "silent", "account", false],
      ["dev", "silent", "person", true],
      ["dev", "denies", "person", false],
    ];
    for (const [account, stance, trust, allowed] of rows)
      it(`${account === "dev" ? "same account" : "across accounts"}: person ${stance}, role trusts ${trust}: ${allowed ? "allowed" : "refused"}`, async () => {
        const name = `trusted-${account}-${stance}-${trust}`;
        const documents = {
          allows: allow("sts:AssumeRole"),
          silent: undefined,
          denies: policy({ Effect: "Deny", Action: "sts:*", Resource: "*" }),
        };
        const person = await world.person("dev", name, documents[stance]);
        const role = await world.role(account, name, trusts[trust](person));
        assert.equal(
          await outcome(world.assume(person.credentials, role)),
          allowed ? "allowed" : "AccessDenied",
        );
      });

    it("speaks AWS's words, for a role that does not exist too", async () => {
      const arn = `arn:aws:iam::${ACCOUNTS.prod}:role/no-such-role`;
      assert.match(
        await words(world.assume(world.gateway.administrators.dev!, arn)),
        new RegExp(
          `^User: arn:aws:iam::${ACCOUNTS.dev}:user/sandbox-administrator is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
        ),
      );
    });

    it("the session acts as the role, not as the person, and for its account", async () => {
      const person = await world.person("dev", "switcher", allow(["sts:AssumeRole", "s3:ListAllMyBuckets"]));
      const role = await world.role("prod", "switched", trusts.account(person), allow("iam:ListUsers"));
      const session = await world.assume(person.credentials, role);
      assert.equal(await identity(session), `arn:aws:sts::${ACCOUNTS.prod}:assumed-role/switched/session`);
      assert.equal(await outcome(s3(session).send(new ListBucketsCommand({}))), "AccessDenied");
      assert.equal(await outcome(s3(person.credentials).send(new ListBucketsCommand({}))), "allowed");
      const { Users } = await world.client(IAMClient, session).send(new ListUsersCommand({}));
      assert.ok(Users!.every((user) => user.Arn!.includes(ACCOUNTS.prod)));
    });

    it("external ID, session tags, source identity and session policy count", async () => {
      const person = await world.person(
        "dev",
        "fancy",
        allow(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]),
      );
      const Principal = { AWS: root("dev") };
      const external = await world.role(
        "prod",
        "external",
        policy({
          Principal,
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "sts:ExternalId": "42-42" } },
        }),
      );
      assert.equal(await outcome(world.assume(person.credentials, external)), "AccessDenied");
      assert.equal(
        await outcome(world.assume(person.credentials, external, { ExternalId: "other" })),
        "AccessDenied",
      );
      assert.equal(
        await outcome(world.assume(person.credentials, external, { ExternalId: "42-42" })),
        "allowed",
      );
      const Tags = [{ Key: "team", Value: "blue" }];
      assert.equal(
        await outcome(world.assume(person.credentials, external, { ExternalId: "42-42", Tags })),
        "AccessDenied",
        "the trust does not allow sts:TagSession",
      );

      const tagged = await world.role(
        "prod",
        "tagged",
        policy({
          Principal,
          Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
          Condition: { StringEquals: { "aws:RequestTag/team": "blue" } },
        }),
        policy({
          Action: "s3:ListAllMyBuckets",
          Resource: "*",
          Condition: { StringEquals: { "aws:PrincipalTag/team": "blue", "aws:SourceIdentity": "ann" } },
        }),
      );
      assert.equal(
        await outcome(world.assume(person.credentials, tagged, { Tags: [{ Key: "team", Value: "red" }] })),
        "AccessDenied",
      );
      const named = await world.assume(person.credentials, tagged, { Tags, SourceIdentity: "ann" });
      assert.equal(await outcome(s3(named).send(new ListBucketsCommand({}))), "allowed");
      const anonymousTag = await world.assume(person.credentials, tagged, { Tags });
      assert.equal(
        await outcome(s3(anonymousTag).send(new ListBucketsCommand({}))),
        "AccessDenied",
        "no source identity",
      );
      const narrowed = await world.assume(person.credentials, tagged, {
        Tags,
        SourceIdentity: "ann",
        Policy: allow("iam:ListUsers"),
      });
      assert.equal(
        await outcome(s3(narrowed).send(new ListBucketsCommand({}))),
        "AccessDenied",
        "the session policy does not allow it",
      );
      assert.equal(
        await outcome(world.client(IAMClient, narrowed).send(new ListUsersCommand({}))),
        "AccessDenied",
        "a session policy grants nothing",
      );
    });
  });

  describe("principals in policies", () => {
    it("an organization's accounts and no other", async () => {
      const Condition = { StringEquals: { "aws:PrincipalOrgID": ORGANIZATION.id } };
      const role = await world.role(
        "prod",
        "organization",
        policy({ Principal: { AWS: "*" }, Action: "sts:AssumeRole", Condition }),
      );
      assert.equal(await outcome(world.assume(world.gateway.administrators.dev!, role)), "allowed");
      assert.equal(await outcome(world.assume(world.gateway.administrators.outsider!, role)), "AccessDenied");
    });

    it("a user made anew under an old name is a stranger to what named the old one", async () => {
      const iam = world.admin(IAMClient, "dev");
      const old = await world.person("dev", "anew", allow(["sts:AssumeRole", "s3:GetObject"]));
      const role = await world.role(
        "prod",
        "knows-anew",
        policy({ Principal: { AWS: old.arn }, Action: "sts:AssumeRole" }),
      );
      await bucket(
        "prod",
        "knows-anew",
        policy({
          Principal: { AWS: old.arn },
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::knows-anew/*",
        }),
      );
      const asked = async (who: Person) => [
        await outcome(world.assume(who.credentials, role)),
        await get(who.credentials, "knows-anew"),
      ];
      assert.deepEqual(await asked(old), ["allowed", "allowed"]);
      await iam.send(
        new DeleteAccessKeyCommand({ UserName: "anew", AccessKeyId: old.credentials.accessKeyId }),
      );
      await iam.send(new DeleteUserPolicyCommand({ UserName: "anew", PolicyName: "own" }));
      await iam.send(new DeleteUserCommand({ UserName: "anew" }));
      const anew = await world.person("dev", "anew", allow(["sts:AssumeRole", "s3:GetObject"]));
      assert.equal(anew.arn, old.arn);
      assert.deepEqual(await asked(anew), ["AccessDenied", "AccessDenied"]);
      const PolicyDocument = policy({ Principal: { AWS: anew.arn }, Action: "sts:AssumeRole" });
      await world
        .admin(IAMClient, "prod")
        .send(new UpdateAssumeRolePolicyCommand({ RoleName: "knows-anew", PolicyDocument }));
      assert.deepEqual(await asked(anew), ["allowed", "AccessDenied"]);
    });

    it("one that does not exist is refused when the policy is written", async () => {
      const AWS = `arn:aws:iam::${ACCOUNTS.dev}:user/no-such-user`;
      const trust = world.role(
        "prod",
        "unknown-principal",
        policy({ Principal: { AWS }, Action: "sts:AssumeRole" }),
      );
      assert.equal(await words(trust), `Invalid principal in policy: "AWS":"${AWS}"`);
      const shared = bucket(
        "prod",
        "unknown-principal",
        policy({ Principal: { AWS }, Action: "s3:*", Resource: "arn:aws:s3:::unknown-principal/*" }),
      );
      assert.equal(await outcome(shared), "MalformedPolicy");
    });

    const principals: [principal: unknown, accepted: boolean][] = [
      [{ AWS: ACCOUNTS.dev }, true],
      [{ AWS: "*" }, true],
      [{ AWS: "arn:aws:iam::999999999999:user/of-an-account-elsewhere" }, true],
      [{ Service: "ec2.amazonaws.com" }, true],
      [{ AWS: `arn:aws:iam::${ACCOUNTS.dev}:user/*` }, false],
      [{ AWS: "arn:aws:iam::999999999999:role/Prefix*" }, false],
      [{ AWS: "arn:aws:iam::12:root" }, false],
      [{ AWS: `arn:aws:iam::${ACCOUNTS.dev}:group/Developers` }, false],
    ];
    for (const [Principal, accepted] of principals)
      it(`${JSON.stringify(Principal)}: ${accepted ? "accepted" : "refused"}`, async () => {
        const name = `principal-${principals.findIndex(([one]) => one === Principal)}`;
        const made = world.role("prod", name, policy({ Principal, Action: "sts:AssumeRole" }));
        assert.equal(await outcome(made), accepted ? "allowed" : "MalformedPolicyDocumentException");
      });

    it("documents that are no policies are refused when written", async () => {
      const iam = world.admin(IAMClient, "prod");
      const put = (PolicyDocument: string) =>
        outcome(
          iam.send(
            new PutUserPolicyCommand({ UserName: "sandbox-administrator", PolicyName: "p", PolicyDocument }),
          ),
        );
      assert.equal(
        await outcome(world.role("prod", "no-principal", policy({ Action: "sts:AssumeRole" }))),
        "MalformedPolicyDocumentException",
      );
      assert.equal(await outcome(world.role("prod", "no-json", "{")), "MalformedPolicyDocumentException");
      assert.equal(
        await put(policy({ Principal: "*", Action: "s3:*", Resource: "*" })),
        "MalformedPolicyDocumentException",
      );
      assert.equal(
        await put(policy({ Effect: "Maybe", Action: "s3:*", Resource: "*" })),
        "MalformedPolicyDocumentException",
      );
      assert.equal(
        await outcome(
          bucket(
            "prod",
            "no-policy",
            policy({ Effect: "Maybe", Principal: "*", Action: "s3:*", Resource: "*" }),
          ),
        ),
        "MalformedPolicy",
      );
    });

    /** What AWS takes of a bucket's policy, and what not. */
    const aboutBuckets: [sentence: string, statement: object, code: string][] = [
      ["its objects", { Action: "s3:GetObject", Resource: "arn:aws:s3:::about/*" }, "allowed"],
      [
        "all but some of its objects",
        { Effect: "Deny", Action: "s3:PutObject", NotResource: "arn:aws:s3:::about/*.jpg" },
        "allowed",
      ],
      [
        "itself and what is in it, by a pattern",
        { Action: "s3:ListBucket", Resource: "arn:aws:s3:::about*" },
        "allowed",
      ],
      ["another bucket", { Action: "s3:GetObject", Resource: "arn:aws:s3:::other/*" }, "MalformedPolicy"],
      ["itself as an object", { Action: "s3:GetObject", Resource: "arn:aws:s3:::about" }, "MalformedPolicy"],
      [
        "its objects as a bucket",
        { Action: "s3:ListBucket", Resource: "arn:aws:s3:::about/*" },
        "MalformedPolicy",
      ],
    ];
    before(() => bucket("prod", "about"));
    for (const [sentence, statement, code] of aboutBuckets)
      it(`a bucket's policy about ${sentence}: ${code}`, async () => {
        const Policy = policy({ Principal: { AWS: ACCOUNTS.dev }, ...statement });
        const put = new PutBucketPolicyCommand({ Bucket: "about", Policy });
        assert.equal(await outcome(world.admin(S3Client, "prod").send(put)), code);
      });

    it("IAM's limits of size hold, and its letters of a Sid", async () => {
      const iam = world.admin(IAMClient, "prod");
      const { name: UserName } = await world.person("prod", "of-many-words");
      const of = (length: number, Sid = "") =>
        policy({ Sid, Action: "s3:GetObject", Resource: `arn:aws:s3:::${"b".repeat(length)}` });
      const put = (PolicyName: string, PolicyDocument: string) =>
        outcome(iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument })));
      assert.equal(await put("one", of(1500)), "allowed");
      assert.equal(await put("two", of(500)), "LimitExceededException");
      assert.equal(await put("one", of(1800)), "allowed");
      assert.equal(await put("two", of(10, "two words")), "MalformedPolicyDocumentException");
      const trust = policy({ Principal: { AWS: Array(60).fill(root("dev")) }, Action: "sts:AssumeRole" });
      assert.equal(await outcome(world.role("prod", "trusts-too-many", trust)), "LimitExceededException");
    });

    it("IAM's names are short and not distinguished by case, groups are few for each user, and deleted only when empty", async () => {
      const iam = world.admin(IAMClient, "dev");
      const UserName = "joiner";
      const groups = Array.from({ length: 11 }, (_, index) => `joined-${index}`);
      await iam.send(new CreateUserCommand({ UserName }));
      for (const GroupName of groups) await iam.send(new CreateGroupCommand({ GroupName }));
      const join = (GroupName: string) => iam.send(new AddUserToGroupCommand({ GroupName, UserName }));
      for (const GroupName of [...groups.slice(0, 10), groups[0]!]) await join(GroupName);
      await assert.rejects(join(groups[10]!), { name: "LimitExceededException" });
      const another = new CreateGroupCommand({ GroupName: groups[0]!.toUpperCase() });
      await assert.rejects(iam.send(another), { name: "EntityAlreadyExistsException" });
      const long = new CreateUserCommand({ UserName: "j".repeat(65) });
      await assert.rejects(iam.send(long), { name: "ValidationError" });
      const user = new CreateUserCommand({ UserName: "Joiner" });
      await assert.rejects(iam.send(user), { name: "EntityAlreadyExistsException" });
      const remove = new DeleteGroupCommand({ GroupName: groups[0]! });
      await assert.rejects(iam.send(remove), { name: "DeleteConflictException" });
      await iam.send(new RemoveUserFromGroupCommand({ GroupName: groups[0]!, UserName }));
      await iam.send(remove);
    });

    it("a bucket's policy is its own account's, whatever it says", async () => {
      const statement = { Principal: { AWS: root("dev") }, Action: "s3:*" };
      const Resource = ["arn:aws:s3:::opened", "arn:aws:s3:::opened/*"];
      await bucket("prod", "opened", policy({ ...statement, Resource }));
      const dev = world.admin(S3Client, "dev");
      assert.equal(await outcome(dev.send(new ListObjectsV2Command({ Bucket: "opened" }))), "allowed");
      assert.equal(
        await outcome(dev.send(new GetBucketPolicyCommand({ Bucket: "opened" }))),
        "MethodNotAllowed",
      );
    });

    it("sessions of a role made anew are void", async () => {
      const iam = world.admin(IAMClient, "dev");
      const trust = policy({ Principal: { AWS: root("dev") }, Action: "sts:AssumeRole" });
      const session = await world.assume(
        world.gateway.administrators.dev!,
        await world.role("dev", "void", trust),
      );
      await iam.send(new DeleteRoleCommand({ RoleName: "void" }));
      assert.equal(await outcome(identity(session)), "InvalidClientTokenId");
      await world.role("dev", "void", trust);
      assert.equal(await outcome(identity(session)), "InvalidClientTokenId");
    });

    it("source identity goes along a chain of roles, and cannot be changed", async () => {
      const trust = policy({
        Principal: { AWS: root("dev") },
        Action: ["sts:AssumeRole", "sts:SetSourceIdentity"],
      });
      const first = await world.role("dev", "chain-1", trust, allow("sts:*"));
      const Condition = { StringEquals: { "sts:SourceIdentity": "ann" } };
      const second = await world.role(
        "dev",
        "chain-2",
        policy({
          Principal: { AWS: root("dev") },
          Action: ["sts:AssumeRole", "sts:SetSourceIdentity"],
          Condition,
        }),
      );
      const session = (SourceIdentity: string) =>
        world.assume(world.gateway.administrators.dev!, first, { SourceIdentity });
      assert.equal(await outcome(world.assume(await session("ann"), second)), "allowed");
      assert.equal(await outcome(world.assume(await session("bob"), second)), "AccessDenied");
      assert.match(
        await words(world.assume(await session("bob"), second, { SourceIdentity: "ann" })),
        /cannot be changed/,
      );
    });
  });

  describe("MFA", () => {
    let person: Person;
    let role: string;
    const refused = /MultiFactorAuthentication failed/;
    before(async () => {
      person = await world.person("dev", "mfa", allow("sts:AssumeRole"));
      const Condition = {
        Bool: { "aws:MultiFactorAuthPresent": "true" },
        NumericLessThan: { "aws:MultiFactorAuthAge": "1800" },
      };
      role = await world.role(
        "prod",
        "mfa",
        policy({ Principal: { AWS: root("dev") }, Action: "sts:AssumeRole", Condition }),
        allow("sts:AssumeRole"),
      );
    });
    // Steps are used up once taken, so every test has a device of its own.
    let count = 0;
    const device = (user?: string) => world.device("dev", `device-${++count}`, user);
    const assume = (more: object) => words(world.assume(person.credentials, role, more));

    it("none: refused", async () =>
      assert.match(
        await assume({}),
        /not authorized to perform: sts:AssumeRole .* because no role trust policy allows/,
      ));
    it("the own device and its code: allowed, once", async () => {
      const own = await device("mfa");
      const mfa = { SerialNumber: own.serial, TokenCode: own.code() };
      assert.equal(await assume(mfa), "");
      assert.match(await assume(mfa), /failed with invalid MFA one time pass code/);
      assert.equal(await assume({ ...mfa, TokenCode: own.code(1) }), "");
    });
    it("a wrong code, one of long ago, one that enabled the device: refused", async () => {
      const own = await device("mfa");
      const right = own.code();
      for (const TokenCode of [
        String((Number(right) + 1) % 1_000_000).padStart(6, "0"),
        own.code(-9),
        own.code(-1),
      ])
        assert.match(
          await assume({ SerialNumber: own.serial, TokenCode }),
          /failed with invalid MFA one time pass code/,
        );
    });
    it("another person's device, an unknown one, one not enabled, one deactivated: refused", async () => {
      await world.person("dev", "other");
      const others = await device("other");
      const idle = await device();
      const former = await device("mfa");
      await world
        .admin(IAMClient, "dev")
        .send(new DeactivateMFADeviceCommand({ UserName: "mfa", SerialNumber: former.serial }));
      const unknown = `arn:aws:iam::${ACCOUNTS.dev}:mfa/unknown`;
      for (const [SerialNumber, TokenCode] of [
        [others.serial, others.code()],
        [idle.serial, idle.code()],
        [former.serial, former.code()],
        [unknown, idle.code()],
      ])
        assert.match(await assume({ SerialNumber, TokenCode }), /unable to validate MFA code/);
    });
    it("a device without a code: refused", async () => {
      const own = await device("mfa");
      assert.match(
        await assume({ SerialNumber: own.serial }),
        /must provide both MFA serial number and one time pass code/,
      );
    });
    it("enabling a device takes two consecutive codes", async () => {
      await world.person("dev", "enabler");
      const own = await device();
      const enable = (first: string, second: string) =>
        outcome(
          world.admin(IAMClient, "dev").send(
            new EnableMFADeviceCommand({
              UserName: "enabler",
              SerialNumber: own.serial,
              AuthenticationCode1: first,
              AuthenticationCode2: second,
            }),
          ),
        );
      assert.equal(await enable(own.code(), own.code()), "InvalidAuthenticationCodeException");
      assert.equal(await enable(own.code(0), own.code(-1)), "InvalidAuthenticationCodeException");
      assert.equal(await enable("000000", "123456"), "InvalidAuthenticationCodeException");
      assert.equal(await enable(own.code(-1), own.code(0)), "allowed");
      const enabler = await world
        .admin(IAMClient, "dev")
        .send(new ListMFADevicesCommand({ UserName: "enabler" }));
      assert.deepEqual(
        enabler.MFADevices?.map((one) => one.SerialNumber),
        [own.serial],
      );
    });
    it("a session with MFA assumes the role while it is young enough; one without does not", async () => {
      const own = await device("mfa");
      const sts = world.client(STSClient, person.credentials);
      const session = async (mfa: object) => {
        const { Credentials } = await sts.send(new GetSessionTokenCommand(mfa));
        return {
          accessKeyId: Credentials!.AccessKeyId!,
          secretAccessKey: Credentials!.SecretAccessKey!,
          sessionToken: Credentials!.SessionToken!,
        };
      };
      const without = await session({});
      const withMfa = await session({ SerialNumber: own.serial, TokenCode: own.code() });
      assert.equal(await outcome(world.assume(without, role)), "AccessDenied");
      assert.equal(await outcome(world.assume(withMfa, role)), "allowed");
      assert.match(
        await words(
          sts.send(new GetSessionTokenCommand({ SerialNumber: own.serial, TokenCode: own.code() })),
        ),
        refused,
      );
      world.advance(1801);
      assert.equal(await outcome(world.assume(withMfa, role)), "AccessDenied", "MFA is too old");
      assert.equal(
        await outcome(world.client(STSClient, withMfa).send(new GetSessionTokenCommand({}))),
        "AccessDenied",
      );
      assert.equal(
        await outcome(world.client(IAMClient, without).send(new GetUserCommand({}))),
        "InvalidClientTokenId",
        "IAM wants MFA in a session token",
      );
    });
    it("credentials from AssumeRole carry no MFA", async () => {
      const own = await device("mfa");
      const session = await world.assume(person.credentials, role, {
        SerialNumber: own.serial,
        TokenCode: own.code(),
      });
      const Condition = { Null: { "aws:MultiFactorAuthPresent": "false" } };
      const next = await world.role(
        "prod",
        "after-mfa",
        policy({ Principal: { AWS: root("prod") }, Action: "sts:AssumeRole", Condition }),
      );
      assert.equal(await outcome(world.assume(session, next)), "AccessDenied");
    });
  });

  describe("lifetime", () => {
    it("temporary credentials end when they said", async () => {
      const person = await world.person("dev", "short", allow("sts:AssumeRole"));
      const role = await world.role(
        "prod",
        "short",
        policy({ Principal: { AWS: root("dev") }, Action: "sts:AssumeRole" }),
        allow("s3:ListAllMyBuckets"),
      );
      const session = await world.assume(person.credentials, role, { DurationSeconds: 900 });
      world.advance(890);
      assert.equal(await outcome(s3(session).send(new ListBucketsCommand({}))), "allowed");
      world.advance(11);
      assert.equal(await outcome(s3(session).send(new ListBucketsCommand({}))), "ExpiredToken");
      assert.equal(
        await outcome(world.client(STSClient, session).send(new GetCallerIdentityCommand({}))),
        "ExpiredToken",
      );
    });
    it("and can be ended now, through the control endpoint", async () => {
      const role = await world.role(
        "dev",
        "ended",
        policy({ Principal: { AWS: root("dev") }, Action: "sts:AssumeRole" }),
      );
      const session = await world.assume(world.gateway.administrators.dev!, role);
      assert.equal(
        (await world.raw("POST", `/_sandbox/expire?accessKeyId=${session.accessKeyId}`)).status,
        200,
      );
      assert.equal(await outcome(identity(session)), "ExpiredToken");
      assert.equal((await world.raw("POST", "/_sandbox/expire?accessKeyId=ASIAUNKNOWN")).status, 404);
    });
    it("durations outside what the role and AWS allow are refused by name", async () => {
      const admin = world.gateway.administrators.dev!;
      const trust = policy({ Principal: { AWS: root("dev") }, Action: "sts:AssumeRole" });
      const role = await world.role("dev", "two-hours", trust, allow("sts:AssumeRole"), {
        MaxSessionDuration: 7200,
      });
      const asked = (DurationSeconds: number) => words(world.assume(admin, role, { DurationSeconds }));
      assert.match(
        await asked(899),
        /at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900/,
      );
      assert.match(await asked(43201), /less than or equal to 43200/);
      assert.match(await asked(7201), /exceeds the MaxSessionDuration set for this role/);
      assert.equal(await asked(7200), "");
      const session = await world.assume(admin, role);
      assert.match(
        await words(world.assume(session, role, { DurationSeconds: 3601 })),
        /1 hour session limit for roles assumed by role chaining/,
      );
      assert.equal(await words(world.assume(session, role, { DurationSeconds: 3600 })), "");
      assert.match(
        await words(world.assume(admin, role, { RoleSessionName: "no spaces" })),
        /at 'roleSessionName' failed/,
      );
      assert.equal(
        await outcome(
          world
            .client(STSClient, admin)
            .send(new AssumeRoleCommand({ RoleArn: "no-arn-at-all-but-long", RoleSessionName: "aa" })),
        ),
        "ValidationError",
      );
    });
  });

  describe("what is changed counts at once", () => {
    it("inline policies, managed ones, and those of groups", async () => {
      const iam = world.admin(IAMClient, "dev");
      const person = await world.person("dev", "changing");
      const list = () => outcome(s3(person.credentials).send(new ListBucketsCommand({})));
      assert.equal(await list(), "AccessDenied");
      await iam.send(
        new PutUserPolicyCommand({
          UserName: "changing",
          PolicyName: "p",
          PolicyDocument: allow("s3:ListAllMyBuckets"),
        }),
      );
      assert.equal(await list(), "allowed");
      await iam.send(new DeleteUserPolicyCommand({ UserName: "changing", PolicyName: "p" }));
      assert.equal(await list(), "AccessDenied");
      await iam.send(
        new AttachUserPolicyCommand({
          UserName: "changing",
          PolicyArn: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        }),
      );
      assert.equal(await list(), "allowed");
      const PolicyDocument = policy({ Effect: "Deny", Action: "s3:*", Resource: "*" });
      await iam.send(new CreateGroupCommand({ GroupName: "deniers" }));
      await iam.send(new PutGroupPolicyCommand({ GroupName: "deniers", PolicyName: "p", PolicyDocument }));
      assert.equal(await list(), "allowed");
      const member = { GroupName: "deniers", UserName: "changing" };
      await iam.send(new AddUserToGroupCommand(member));
      assert.equal(await list(), "AccessDenied");
      await iam.send(new RemoveUserFromGroupCommand(member));
      assert.equal(await list(), "allowed");
    });
    it("permissions boundaries, of users and roles", async () => {
      const iam = world.admin(IAMClient, "dev");
      const PermissionsBoundary = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess";
      const bound = await world.person("dev", "bound", allow("s3:ListAllMyBuckets"));
      const role = await world.role(
        "dev",
        "bound",
        policy({ Principal: { AWS: root("dev") }, Action: "sts:AssumeRole" }),
        allow("s3:ListAllMyBuckets"),
      );
      const session = await world.assume(world.gateway.administrators.dev!, role);
      const list = (who: AwsCredentialIdentity) => words(s3(who).send(new ListBucketsCommand({})));
      assert.deepEqual([await list(bound.credentials), await list(session)], ["", ""]);
      await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: "bound", PermissionsBoundary }));
      await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: "bound", PermissionsBoundary }));
      for (const who of [bound.credentials, session])
        assert.match(
          await list(who),
          /because no permissions boundary allows the s3:ListAllMyBuckets action/,
        );
      const { User } = await iam.send(new GetUserCommand({ UserName: "bound" }));
      assert.equal(User!.PermissionsBoundary?.PermissionsBoundaryArn, PermissionsBoundary);
      await iam.send(new CreateUserCommand({ UserName: "born-bound", PermissionsBoundary }));
      const born = await iam.send(new GetUserCommand({ UserName: "born-bound" }));
      assert.equal(born.User!.PermissionsBoundary?.PermissionsBoundaryArn, PermissionsBoundary);
    });
    it("access keys: inactive, active again, deleted", async () => {
      const iam = world.admin(IAMClient, "dev");
      const person = await world.person("dev", "keys");
      const AccessKeyId = person.credentials.accessKeyId;
      assert.equal(await identity(person.credentials), person.arn);
      await iam.send(new UpdateAccessKeyCommand({ UserName: "keys", AccessKeyId, Status: "Inactive" }));
      assert.equal(await outcome(identity(person.credentials)), "InvalidClientTokenId");
      await iam.send(new UpdateAccessKeyCommand({ UserName: "keys", AccessKeyId, Status: "Active" }));
      assert.equal(await identity(person.credentials), person.arn);
      await iam.send(new DeleteAccessKeyCommand({ UserName: "keys", AccessKeyId }));
      assert.equal(await outcome(identity(person.credentials)), "InvalidClientTokenId");
      assert.equal(
        await outcome(s3(person.credentials).send(new ListBucketsCommand({}))),
        "InvalidAccessKeyId",
      );
    });
  });

  describe("anonymous requests", () => {
    before(async () => {
      await bucket("prod", "public");
      const admin = world.admin(S3Client, "prod");
      // A new bucket blocks public policies.
      await admin.send(new DeletePublicAccessBlockCommand({ Bucket: "public" }));
      await admin.send(
        new PutBucketPolicyCommand({
          Bucket: "public",
          Policy: policy({ Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::public/*" }),
        }),
      );
      await bucket("prod", "private");
    });
    it("read what a bucket policy gives to everyone, and nothing else", async () => {
      assert.deepEqual(await world.raw("GET", "/public/key"), { status: 200, body: "content" });
      for (const [method, path] of [
        ["GET", "/private/key"],
        ["PUT", "/public/key"],
        ["GET", "/"],
        ["GET", "/public?policy"],
        ["DELETE", "/public/key"],
      ] as const) {
        const answer = await world.raw(method, path);
        assert.deepEqual(
          [answer.status, /<Code>AccessDenied<\/Code>/.test(answer.body)],
          [403, true],
          `${method} ${path}`,
        );
      }
    });
    it("and not even that where public access is blocked", async () => {
      const PublicAccessBlockConfiguration = { RestrictPublicBuckets: true };
      await world
        .admin(S3Client, "prod")
        .send(new PutPublicAccessBlockCommand({ Bucket: "public", PublicAccessBlockConfiguration }));
      assert.equal((await world.raw("GET", "/public/key")).status, 403);
    });
    it("to other services lack a token", async () => {
      const form = { "content-type": "application/x-www-form-urlencoded" };
      const sts = await world.raw("POST", "/", form, "Action=GetCallerIdentity&Version=2011-06-15");
      assert.deepEqual([sts.status, /MissingAuthenticationToken/.test(sts.body)], [403, true]);
      const web = await world.raw("POST", "/", form, "Action=AssumeRoleWithSAML&Version=2011-06-15");
      assert.match(web.body, /InvalidIdentityToken.*no SAML provider/);
    });
  });
});
