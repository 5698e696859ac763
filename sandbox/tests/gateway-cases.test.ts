/** Corners of AWS's decisions: each case is a request whose right answer AWS documents. One runner walks them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Sha256 } from "@aws-crypto/sha256-js";
import {
  CreateLaunchTemplateCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateRepositoryCommand, ECRClient, ListImagesCommand } from "@aws-sdk/client-ecr";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
  UpdateUserCommand,
} from "@aws-sdk/client-iam";
import {
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  EncryptCommand,
  KMSClient,
  ReEncryptCommand,
} from "@aws-sdk/client-kms";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import {
  GetParameterCommand,
  GetParametersByPathCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import {
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AwsCredentialIdentity } from "@smithy/types";
import { ACCOUNTS, outcome, type Person, type Profile, policy, REGION, World } from "./gateway-world";

type Fields = Record<string, unknown>;
const allow = (Action: string | string[], Resource: string | string[] = "*", more: Fields = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const deny = (Action: string | string[], Resource: string | string[] = "*", more: Fields = {}) => ({
  Effect: "Deny",
  Action,
  Resource,
  ...more,
});

interface RawRequest {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}

let world: World;
let count = 0;
const unique = (prefix: string): string => `${prefix}-${++count}`;
const administrator = (profile: Profile) => world.gateway.administrators[profile]!;

/** A new user with an inline policy of these statements. */
const user = (profile: Profile, ...statements: Fields[]): Promise<Person> =>
  world.person(profile, unique("user"), statements.length ? policy(...statements) : undefined);

/** A new role that this principal may assume, with an inline policy of these statements. */
const role = (
  profile: Profile,
  Principal: unknown,
  statements: Fields[] = [],
  Action: unknown = "sts:AssumeRole",
) =>
  world.role(
    profile,
    unique("role"),
    policy({ Principal, Action }),
    statements.length ? policy(...statements) : undefined,
  );

/** A new bucket of prod with an object `a`, which has a tag. */
async function bucket(): Promise<{ name: string; arn: string; both: string[] }> {
  const name = unique("bucket");
  const s3 = world.admin(S3Client, "prod");
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  await s3.send(new PutObjectCommand({ Bucket: name, Key: "a", Body: "1", Tagging: "class=secret" }));
  const arn = `arn:aws:s3:::${name}`;
  return { name, arn, both: [arn, `${arn}/*`] };
}

/** Whether requests of a user with one statement take as long as of a user with another, measured in turns. */
async function cost(statement: Fields, plain: Fields, Key: string): Promise<string> {
  const { name: Bucket } = await bucket();
  const askers = await Promise.all(
    [statement, plain].map(async (own) => client(S3Client, (await user("prod", own)).credentials)),
  );
  const milliseconds = [0, 0];
  for (let turn = 0; turn < 5; turn++)
    for (const [index, asker] of askers.entries()) {
      const started = performance.now();
      await outcome(asker.send(new HeadObjectCommand({ Bucket, Key })));
      // The first request of each reads its policies.
      if (turn > 0) milliseconds[index]! += performance.now() - started;
    }
  const times = milliseconds[0]! / milliseconds[1]!;
  return times < 20 ? "alike" : `${times.toFixed(1)} times as long`;
}

const key = async (more: object = {}) =>
  (await world.admin(KMSClient, "prod").send(new CreateKeyCommand(more))).KeyMetadata!.Arn!;

/** A signed request as it is written; its status and the code of its error. */
async function ask(
  credentials: AwsCredentialIdentity | undefined,
  service: string,
  { method = "POST", path = "/", headers = {}, body = "" }: RawRequest,
): Promise<string> {
  const [pathname = "/", search = ""] = path.split("?", 2);
  const host = new URL(world.gateway.url).host;
  const digest = createHash("sha256").update(body).digest("hex");
  const unsigned = new HttpRequest({
    method,
    path: pathname,
    query: Object.fromEntries(new URLSearchParams(search)),
    headers: { host, "x-amz-content-sha256": digest, ...headers },
    body,
  });
  const signer =
    credentials &&
    new SignatureV4({ credentials, region: REGION, service, sha256: Sha256, uriEscapePath: false });
  const signed = signer ? await signer.sign(unsigned) : unsigned;
  const answer = await world.raw(method, path, signed.headers, body);
  if (answer.status < 300) return "allowed";
  return /<Code>(\w+)<|"__type":"(\w+)"/.exec(answer.body)?.slice(1).join("") || String(answer.status);
}
const form = (parameters: Record<string, string>): RawRequest => ({
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(parameters).toString(),
});
const json = (target: string, body: object): RawRequest => ({
  headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": target },
  body: JSON.stringify(body),
});

/** The SDK's client of prod's queue, topic and so on for these credentials. */
const client = <T>(make: new (configuration: object) => T, credentials: AwsCredentialIdentity): T =>
  world.client(make, credentials);

interface Case {
  /** What AWS documents, and where. */
  name: string;
  page?: string;
  /** How the request ends: `allowed`, or the name of an error. */
  expected: string | RegExp;
  outcome(): Promise<string>;
}

const cases: Case[] = [
  ...["S3", "s3x", "s3express", "s3-outposts", "x.s3"].map((service) => ({
    name: `a signature for ${service} reads nothing of another account's bucket`,
    expected: /^(SignatureDoesNotMatch|AuthorizationHeaderMalformed|InvalidSignatureException)$/,
    async outcome() {
      const { name } = await bucket();
      return ask(administrator("dev"), service, { method: "GET", path: `/${name}/a` });
    },
  })),
  {
    name: "a signature for IAM in capital letters is not IAM's, with a session that may not call it",
    page: "STS/latest/APIReference/API_GetSessionToken.html",
    expected: /^(SignatureDoesNotMatch|InvalidSignatureException)$/,
    async outcome() {
      const { credentials } = await user("dev", allow("iam:*"));
      const { Credentials } = await client(STSClient, credentials).send(new GetSessionTokenCommand({}));
      const session = {
        accessKeyId: Credentials!.AccessKeyId!,
        secretAccessKey: Credentials!.SecretAccessKey!,
        sessionToken: Credentials!.SessionToken!,
      };
      return ask(session, "IAM", form({ Action: "ListUsers", Version: "2010-05-08" }));
    },
  },
  {
    name: "a user created again is not the one that a trust policy named, after an inline policy was written, too",
    page: "IAM/latest/UserGuide/reference_policies_elements_principal.html",
    expected: "AccessDenied",
    async outcome() {
      const { name, arn, credentials } = await user("dev", allow("sts:*"));
      const trusting = await role("prod", { AWS: arn });
      await world.admin(IAMClient, "prod").send(
        new PutRolePolicyCommand({
          RoleName: trusting.split("/").at(-1)!,
          PolicyName: "another",
          PolicyDocument: policy(allow("s3:*")),
        }),
      );
      assert.equal(await outcome(world.assume(credentials, trusting)), "allowed");
      const iam = world.admin(IAMClient, "dev");
      const UserName = name;
      await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: credentials.accessKeyId }));
      await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: "own" }));
      await iam.send(new DeleteUserCommand({ UserName }));
      const again = await world.person("dev", name, policy(allow("*")));
      return outcome(world.assume(again.credentials, trusting));
    },
  },
  {
    name: "a topic is not created with a policy that names an unknown principal",
    page: "IAM/latest/UserGuide/reference_policies_elements_principal.html",
    expected: /^InvalidParameter/,
    async outcome() {
      const Name = unique("topic");
      const statement = {
        Principal: { AWS: `arn:aws:iam::${ACCOUNTS.dev}:role/missing` },
        Action: "sns:Publish",
        Resource: `arn:aws:sns:${REGION}:${ACCOUNTS.prod}:${Name}`,
      };
      const Attributes = { Policy: policy(statement) };
      return outcome(world.admin(SNSClient, "prod").send(new CreateTopicCommand({ Name, Attributes })));
    },
  },
  {
    name: "a renamed user keeps its permissions boundary",
    page: "IAM/latest/APIReference/API_UpdateUser.html",
    expected: "AccessDenied",
    async outcome() {
      const iam = world.admin(IAMClient, "dev");
      const { name, credentials } = await user("dev", allow("*"));
      const { Policy } = await iam.send(
        new CreatePolicyCommand({ PolicyName: unique("boundary"), PolicyDocument: policy(allow("s3:*")) }),
      );
      await iam.send(
        new PutUserPermissionsBoundaryCommand({ UserName: name, PermissionsBoundary: Policy!.Arn! }),
      );
      const NewUserName = `${name}-renamed`;
      await iam.send(new UpdateUserCommand({ UserName: name, NewUserName }));
      const { User } = await iam.send(new GetUserCommand({ UserName: NewUserName }));
      assert.equal(User!.PermissionsBoundary!.PermissionsBoundaryArn, Policy!.Arn);
      return outcome(client(SQSClient, credentials).send(new ListQueuesCommand({})));
    },
  },
  {
    name: "an object encrypted with a KMS key is read only with kms:Decrypt",
    page: "AmazonS3/latest/userguide/UsingKMSEncryption.html",
    expected: "AccessDenied",
    async outcome() {
      const { name } = await bucket();
      const encryption = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: await key() } as const;
      await world
        .admin(S3Client, "prod")
        .send(new PutObjectCommand({ Bucket: name, Key: "encrypted", Body: "1", ...encryption }));
      const { credentials } = await user("prod", allow("s3:*"));
      return outcome(
        client(S3Client, credentials).send(new GetObjectCommand({ Bucket: name, Key: "encrypted" })),
      );
    },
  },
  ...(["kms:GenerateDataKey", "kms:Decrypt"] as const).map((missing) => ({
    name: `an upload in parts with a KMS key needs ${missing}`,
    page: "AmazonS3/latest/userguide/mpuoverview.html",
    expected: "AccessDenied, allowed",
    async outcome() {
      const { name } = await bucket();
      const SSEKMSKeyId = await key();
      const begin = (credentials: AwsCredentialIdentity) =>
        outcome(
          client(S3Client, credentials).send(
            new CreateMultipartUploadCommand({
              Bucket: name,
              Key: "parts",
              ServerSideEncryption: "aws:kms",
              SSEKMSKeyId,
            }),
          ),
        );
      const lacking = await user("prod", allow(["s3:*", "kms:*"]), deny(missing));
      const { credentials } = await user("prod", allow(["s3:*", "kms:GenerateDataKey", "kms:Decrypt"]));
      return [await begin(lacking.credentials), await begin(credentials)].join(", ");
    },
  })),
  {
    name: "an object encrypted with a KMS key is written only with kms:GenerateDataKey, a copy of it also with kms:Decrypt",
    page: "AmazonS3/latest/userguide/UsingKMSEncryption.html",
    expected: "AccessDenied, allowed, AccessDenied, allowed",
    async outcome() {
      const { name } = await bucket();
      const at = { Bucket: name, ServerSideEncryption: "aws:kms", SSEKMSKeyId: await key() } as const;
      const put = (person: Person) =>
        outcome(
          client(S3Client, person.credentials).send(new PutObjectCommand({ ...at, Key: "k", Body: "1" })),
        );
      const copy = (person: Person) =>
        outcome(
          client(S3Client, person.credentials).send(
            new CopyObjectCommand({ ...at, Key: "copied", CopySource: `${name}/k` }),
          ),
        );
      const reader = await user("prod", allow(["s3:*", "kms:Decrypt"]));
      const writer = await user("prod", allow(["s3:*", "kms:GenerateDataKey"]));
      const both = await user("prod", allow(["s3:*", "kms:GenerateDataKey", "kms:Decrypt"]));
      return [await put(reader), await put(writer), await copy(writer), await copy(both)].join(", ");
    },
  },
  {
    name: "ReEncrypt needs kms:ReEncryptTo on the destination key",
    page: "kms/latest/APIReference/API_ReEncrypt.html",
    expected: "AccessDeniedException",
    async outcome() {
      const [from, to] = [await key(), await key()];
      const { CiphertextBlob } = await world
        .admin(KMSClient, "prod")
        .send(new EncryptCommand({ KeyId: from, Plaintext: Buffer.from("x") }));
      const { credentials } = await user("prod", allow("kms:*", from));
      return outcome(
        client(KMSClient, credentials).send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: to })),
      );
    },
  },
  ...(
    [
      ["kms:CallerAccount", { StringEquals: { "kms:CallerAccount": ACCOUNTS.prod } }],
      ["kms:ResourceAliases", { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/cases" } }],
      ["a key's tag", { StringEquals: { "aws:ResourceTag/class": "secret" } }],
    ] as [string, object][]
  ).map(([what, Condition]) => ({
    name: `a Deny by ${what} applies`,
    page: "kms/latest/developerguide/conditions-kms.html",
    expected: "AccessDeniedException",
    async outcome() {
      const KeyId = await key({ Tags: [{ TagKey: "class", TagValue: "secret" }] });
      const kms = world.admin(KMSClient, "prod");
      if (what === "kms:ResourceAliases")
        await kms.send(new CreateAliasCommand({ AliasName: "alias/cases", TargetKeyId: KeyId }));
      const { credentials } = await user("prod", allow("kms:*"), deny("kms:Encrypt", "*", { Condition }));
      const encrypt = new EncryptCommand({ KeyId, Plaintext: Buffer.from("x") });
      return outcome(client(KMSClient, credentials).send(encrypt));
    },
  })),
  {
    name: "a Deny by a queue's tag applies",
    page: "service-authorization/latest/reference/list_amazonsqs.html",
    expected: "AccessDenied",
    async outcome() {
      const tags = { class: "secret" };
      const { QueueUrl } = await world
        .admin(SQSClient, "prod")
        .send(new CreateQueueCommand({ QueueName: unique("queue"), tags }));
      const Condition = { StringEquals: { "aws:ResourceTag/class": "secret" } };
      const { credentials } = await user("prod", allow("sqs:*"), deny("sqs:*", "*", { Condition }));
      return outcome(
        client(SQSClient, credentials).send(new SendMessageCommand({ QueueUrl, MessageBody: "x" })),
      );
    },
  },
  {
    name: "a Deny by a topic's tag applies",
    page: "service-authorization/latest/reference/list_amazonsns.html",
    expected: /^AuthorizationError/,
    async outcome() {
      const Tags = [{ Key: "class", Value: "secret" }];
      const { TopicArn } = await world
        .admin(SNSClient, "prod")
        .send(new CreateTopicCommand({ Name: unique("topic"), Tags }));
      const Condition = { StringEquals: { "aws:ResourceTag/class": "secret" } };
      const { credentials } = await user("prod", allow("sns:*"), deny("sns:*", "*", { Condition }));
      return outcome(client(SNSClient, credentials).send(new PublishCommand({ TopicArn, Message: "x" })));
    },
  },
  {
    name: "a Deny by a repository's tag applies",
    page: "service-authorization/latest/reference/list_amazonelasticcontainerregistry.html",
    expected: "AccessDeniedException",
    async outcome() {
      const repositoryName = unique("repository");
      const tags = [{ Key: "class", Value: "secret" }];
      await world.admin(ECRClient, "prod").send(new CreateRepositoryCommand({ repositoryName, tags }));
      const Condition = { StringEquals: { "aws:ResourceTag/class": "secret" } };
      const { credentials } = await user("prod", allow("ecr:*"), deny("ecr:*", "*", { Condition }));
      return outcome(client(ECRClient, credentials).send(new ListImagesCommand({ repositoryName })));
    },
  },
  {
    name: "a Deny by an object's tag applies",
    page: "AmazonS3/latest/userguide/tagging-and-policies.html",
    expected: "AccessDenied",
    async outcome() {
      const { name } = await bucket();
      const Condition = { StringEquals: { "s3:ExistingObjectTag/class": "secret" } };
      const { credentials } = await user("prod", allow("s3:*"), deny("s3:GetObject", "*", { Condition }));
      return outcome(client(S3Client, credentials).send(new GetObjectCommand({ Bucket: name, Key: "a" })));
    },
  },
  {
    name: "an object with tags is copied only with s3:GetObjectTagging",
    page: "AmazonS3/latest/API/API_CopyObject.html",
    expected: "AccessDenied",
    async outcome() {
      const { name, both } = await bucket();
      const { credentials } = await user("prod", allow(["s3:GetObject", "s3:PutObject"], both));
      const copy = new CopyObjectCommand({ Bucket: name, Key: "z", CopySource: `${name}/a` });
      return outcome(client(S3Client, credentials).send(copy));
    },
  },
  {
    name: "a request that expects another account to own the bucket is refused",
    page: "AmazonS3/latest/userguide/bucket-owner-condition.html",
    expected: "AccessDenied",
    async outcome() {
      const { name } = await bucket();
      const get = new GetObjectCommand({ Bucket: name, Key: "a", ExpectedBucketOwner: ACCOUNTS.dev });
      return outcome(world.admin(S3Client, "prod").send(get));
    },
  },
  {
    name: "a new bucket refuses a public policy",
    page: "AmazonS3/latest/userguide/access-control-block-public-access.html",
    expected: "AccessDenied",
    async outcome() {
      const { name, arn } = await bucket();
      const Policy = policy({ Principal: "*", Action: "s3:GetObject", Resource: `${arn}/*` });
      return outcome(
        world.admin(S3Client, "prod").send(new PutBucketPolicyCommand({ Bucket: name, Policy })),
      );
    },
  },
  {
    name: "a bucket whose public access block was lifted takes a public policy, and serves it",
    page: "AmazonS3/latest/userguide/access-control-block-public-access.html",
    expected: "allowed",
    async outcome() {
      const { name, arn } = await bucket();
      await lift(name);
      const Policy = policy({ Principal: "*", Action: "s3:GetObject", Resource: `${arn}/*` });
      await world.admin(S3Client, "prod").send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
      return ask(undefined, "s3", { method: "GET", path: `/${name}/a` });
    },
  },
  {
    name: "an anonymous caller does not write a bucket's policy, whatever the policy says",
    page: "AmazonS3/latest/API/API_PutBucketPolicy.html",
    expected: /^(MethodNotAllowed|AccessDenied)$/,
    async outcome() {
      const { name, both } = await bucket();
      await lift(name);
      const Policy = policy({ Principal: "*", Action: "s3:*", Resource: both });
      await world.admin(S3Client, "prod").send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
      return ask(undefined, "s3", { method: "PUT", path: `/${name}?policy`, body: Policy });
    },
  },
  {
    name: "a Deny by s3:LocationConstraint applies to CreateBucket",
    page: "AmazonS3/latest/userguide/amazon-s3-policy-keys.html",
    expected: "AccessDenied",
    async outcome() {
      const Condition = { StringEquals: { "s3:LocationConstraint": REGION } };
      const { credentials } = await user("prod", allow("s3:*"), deny("s3:CreateBucket", "*", { Condition }));
      return outcome(
        client(S3Client, credentials).send(new CreateBucketCommand({ Bucket: unique("placed") })),
      );
    },
  },
  {
    name: "a write with If-Match needs s3:GetObject",
    page: "AmazonS3/latest/userguide/conditional-writes.html",
    expected: "AccessDenied",
    async outcome() {
      const { name, both } = await bucket();
      const at = { Bucket: name, Key: "a" };
      const { ETag } = await world.admin(S3Client, "prod").send(new HeadObjectCommand(at));
      const { credentials } = await user("prod", allow("s3:PutObject", both));
      const put = new PutObjectCommand({ ...at, Body: "", IfMatch: ETag! });
      return outcome(client(S3Client, credentials).send(put));
    },
  },
  {
    name: "s3:GetObjectRetention lets a caller ask for an object's retention, though it has none",
    page: "AmazonS3/latest/API/API_GetObjectRetention.html",
    expected: /^(allowed|InvalidRequest|NoSuchObjectLockConfiguration|ObjectLockConfigurationNotFoundError)$/,
    async outcome() {
      const { name, both } = await bucket();
      const { credentials } = await user("prod", allow("s3:GetObjectRetention", both));
      const get = new GetObjectRetentionCommand({ Bucket: name, Key: "a" });
      return outcome(client(S3Client, credentials).send(get));
    },
  },
  {
    name: "an empty set of tags is taken",
    page: "AmazonS3/latest/API/API_PutObjectTagging.html",
    expected: "allowed",
    async outcome() {
      const { name } = await bucket();
      const put = new PutObjectTaggingCommand({ Bucket: name, Key: "a", Tagging: { TagSet: [] } });
      return outcome(world.admin(S3Client, "prod").send(put));
    },
  },
  {
    name: "an ACL is refused where the bucket's ownership is enforced, as it is in a new bucket",
    page: "AmazonS3/latest/userguide/about-object-ownership.html",
    expected: "AccessControlListNotSupported",
    async outcome() {
      const { name } = await bucket();
      const put = new PutObjectAclCommand({ Bucket: name, Key: "a", ACL: "public-read" });
      return outcome(world.admin(S3Client, "prod").send(put));
    },
  },
  {
    name: "a version in a parameter's ARN names the same parameter",
    page: "systems-manager/latest/APIReference/API_GetParameter.html",
    expected: "AccessDeniedException",
    async outcome() {
      const Name = `/${unique("parameter")}`;
      await world
        .admin(SSMClient, "prod")
        .send(new PutParameterCommand({ Name, Type: "String", Value: "v" }));
      const arn = `arn:aws:ssm:${REGION}:${ACCOUNTS.prod}:parameter${Name}`;
      const { credentials } = await user("prod", allow("ssm:*"), deny("ssm:*", arn));
      return outcome(client(SSMClient, credentials).send(new GetParameterCommand({ Name: `${arn}:1` })));
    },
  },
  {
    name: "a Deny by ssm:Recursive applies",
    page: "systems-manager/latest/userguide/sysman-paramstore-access.html",
    expected: "AccessDeniedException",
    async outcome() {
      const Condition = { StringEquals: { "ssm:Recursive": "true" } };
      const statement = deny("ssm:GetParametersByPath", "*", { Condition });
      const { credentials } = await user("prod", allow("ssm:*"), statement);
      const get = new GetParametersByPathCommand({ Path: "/cases", Recursive: true });
      return outcome(client(SSMClient, credentials).send(get));
    },
  },
  {
    name: "an explicit deny of a table of DynamoDB applies",
    page: "service-authorization/latest/reference/list_amazondynamodb.html",
    expected: "AccessDeniedException",
    async outcome() {
      const TableName = unique("table");
      const created = {
        TableName,
        KeySchema: [{ AttributeName: "k", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "k", AttributeType: "S" }],
        BillingMode: "PAY_PER_REQUEST",
      };
      assert.equal(
        await ask(administrator("prod"), "dynamodb", json("DynamoDB_20120810.CreateTable", created)),
        "allowed",
      );
      const table = `arn:aws:dynamodb:*:*:table/${TableName}`;
      const { credentials } = await user("prod", allow("*"), deny("dynamodb:*", table));
      return ask(credentials, "dynamodb", json("DynamoDB_20120810.Scan", { TableName }));
    },
  },
  {
    name: "an unknown operation is refused where a Deny could apply to it",
    expected: "AccessDeniedException",
    async outcome() {
      const parameter = `arn:aws:ssm:*:*:parameter/${unique("parameter")}`;
      const { credentials } = await user("prod", allow("*"), deny("ssm:*", parameter));
      return ask(credentials, "ssm", json("AmazonSSM.MakeCoffee", {}));
    },
  },
  {
    name: "a Deny by a condition key that the sandbox cannot fill is refused, and named",
    expected: "AccessDenied",
    async outcome() {
      const { name } = await bucket();
      const Condition = { StringEquals: { "s3:AccessPointNetworkOrigin": "Internet" } };
      const { credentials } = await user("prod", allow("s3:*"), deny("s3:GetObject", "*", { Condition }));
      const get = new GetObjectCommand({ Bucket: name, Key: "a" });
      const error = await client(S3Client, credentials)
        .send(get)
        .catch((found: Error) => found);
      assert.match((error as Error).message, /s3:AccessPointNetworkOrigin.*s3:GetObject/);
      const logged = (await world.decisions()).at(-1);
      assert.match(logged!.note ?? "", /s3:AccessPointNetworkOrigin/);
      return (error as Error).name;
    },
  },
  {
    name: "an instance from a launch template needs iam:PassRole for the template's profile",
    page: "AWSEC2/latest/UserGuide/permissions-for-launch-templates.html",
    expected: "UnauthorizedOperation",
    async outcome() {
      const iam = world.admin(IAMClient, "prod");
      const RoleName = (await role("prod", { Service: "ec2.amazonaws.com" })).split("/").at(-1)!;
      const InstanceProfileName = unique("profile");
      await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
      await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
      const { LaunchTemplate } = await world.admin(EC2Client, "prod").send(
        new CreateLaunchTemplateCommand({
          LaunchTemplateName: unique("template"),
          LaunchTemplateData: { ImageId: "ami-12c6146b", IamInstanceProfile: { Name: InstanceProfileName } },
        }),
      );
      const { credentials } = await user("prod", allow("ec2:*"));
      const { LaunchTemplateId } = LaunchTemplate!;
      return outcome(
        client(EC2Client, credentials).send(
          new RunInstancesCommand({ LaunchTemplate: { LaunchTemplateId }, MinCount: 1, MaxCount: 1 }),
        ),
      );
    },
  },
  {
    name: "CloudFormation creates no user for a caller who may not",
    page: "AWSCloudFormation/latest/UserGuide/control-access-with-iam.html",
    expected: /^NoSuchEntity/,
    async outcome() {
      const UserName = unique("by-cloudformation");
      const { credentials } = await user("prod", allow("cloudformation:*"));
      const Resources = { U: { Type: "AWS::IAM::User", Properties: { UserName } } };
      const TemplateBody = JSON.stringify({ Resources });
      const parameters = { Action: "CreateStack", Version: "2010-05-15", StackName: UserName, TemplateBody };
      await ask(credentials, "cloudformation", form(parameters));
      return outcome(world.admin(IAMClient, "prod").send(new GetUserCommand({ UserName })));
    },
  },
  {
    name: "a grant lets its grantee use a key, within its encryption context",
    page: "kms/latest/developerguide/grants.html",
    expected: "AccessDeniedException, allowed, AccessDeniedException",
    async outcome() {
      const grantee = await user("prod");
      const KeyId = await key();
      const encrypt = (EncryptionContext: Record<string, string>) =>
        outcome(
          client(KMSClient, grantee.credentials).send(
            new EncryptCommand({ KeyId, Plaintext: Buffer.from("x"), EncryptionContext }),
          ),
        );
      const before = await encrypt({ team: "a" });
      await world.admin(KMSClient, "prod").send(
        new CreateGrantCommand({
          KeyId,
          GranteePrincipal: grantee.arn,
          Operations: ["Encrypt"],
          Constraints: { EncryptionContextSubset: { team: "a" } },
        }),
      );
      return [before, await encrypt({ team: "a" }), await encrypt({ team: "b" })].join(", ");
    },
  },
  {
    name: "a variable may stand in any part of an ARN",
    page: "IAM/latest/UserGuide/reference_policies_variables.html",
    expected: "allowed",
    async outcome() {
      const QueueName = unique("queue");
      const { QueueUrl } = await world.admin(SQSClient, "prod").send(new CreateQueueCommand({ QueueName }));
      const arn = `arn:aws:sqs:\${aws:RequestedRegion}:\${aws:PrincipalAccount}:${QueueName}`;
      const { credentials } = await user("prod", allow("sqs:*", arn));
      return outcome(
        client(SQSClient, credentials).send(new SendMessageCommand({ QueueUrl, MessageBody: "x" })),
      );
    },
  },
  {
    name: "GetAccessKeyInfo names a key's account",
    page: "STS/latest/APIReference/API_GetAccessKeyInfo.html",
    expected: ACCOUNTS.dev,
    async outcome() {
      const { accessKeyId: AccessKeyId } = (await user("dev")).credentials;
      const sts = world.admin(STSClient, "prod");
      return (await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId }))).Account!;
    },
  },
  {
    name: "a session policy must be a policy",
    page: "STS/latest/APIReference/API_AssumeRole.html",
    expected: /^MalformedPolicyDocument/,
    async outcome() {
      const trusting = await role("prod", { AWS: ACCOUNTS.prod });
      const { credentials } = await user("prod", allow("sts:*"));
      const Policy = JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Alow", Action: "s3:*", Resource: "*" }],
      });
      return outcome(world.assume(credentials, trusting, { Policy }));
    },
  },
  ...(
    [
      ["with the prefix aws:", [{ Key: "aws:x", Value: "1" }]],
      [
        "given twice",
        [
          { Key: "team", Value: "1" },
          { Key: "Team", Value: "2" },
        ],
      ],
    ] as [string, { Key: string; Value: string }[]][]
  ).map(([what, Tags]) => ({
    name: `a session tag ${what} is refused`,
    page: "STS/latest/APIReference/API_AssumeRole.html",
    expected: /^(ValidationError|InvalidParameterValue)/,
    async outcome() {
      const trusting = await role("prod", { AWS: ACCOUNTS.prod }, [], ["sts:AssumeRole", "sts:TagSession"]);
      const { credentials } = await user("prod", allow("sts:*"));
      return outcome(world.assume(credentials, trusting, { Tags }));
    },
  })),
  {
    name: "in a policy of version 2008-10-17 a variable is literal text",
    page: "IAM/latest/UserGuide/reference_policies_elements_version.html",
    expected: "AccessDenied",
    async outcome() {
      const { name, arn } = await bucket();
      const guest = await user("prod");
      const Key = `${guest.name}/x`;
      const s3 = world.admin(S3Client, "prod");
      await s3.send(new PutObjectCommand({ Bucket: name, Key, Body: "1" }));
      const statement = {
        Effect: "Allow",
        Principal: { AWS: guest.arn },
        Action: "s3:GetObject",
        Resource: `${arn}/\${aws:username}/*`,
      };
      const Policy = JSON.stringify({ Version: "2008-10-17", Statement: [statement] });
      await s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
      return outcome(client(S3Client, guest.credentials).send(new GetObjectCommand({ Bucket: name, Key })));
    },
  },
  {
    name: "a policy without a version is valid",
    page: "IAM/latest/UserGuide/reference_policies_elements_version.html",
    expected: "allowed",
    async outcome() {
      const { name } = await user("prod");
      const PolicyDocument = JSON.stringify({ Statement: [allow("s3:*")] });
      const put = new PutUserPolicyCommand({ UserName: name, PolicyName: "unversioned", PolicyDocument });
      return outcome(world.admin(IAMClient, "prod").send(put));
    },
  },
  {
    name: "a session policy does not limit a resource policy's wildcard principal with the role's aws:PrincipalArn",
    page: "IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html",
    expected: "allowed",
    async outcome() {
      const { name, arn } = await bucket();
      const assumed = await role("prod", { AWS: ACCOUNTS.prod }, [allow("sqs:*")]);
      const { credentials } = await user("prod", allow("sts:*"));
      const Condition = { ArnEquals: { "aws:PrincipalArn": assumed } };
      const Policy = policy({ Principal: "*", Action: "s3:GetObject", Resource: `${arn}/*`, Condition });
      await world.admin(S3Client, "prod").send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
      const session = await world.assume(credentials, assumed, { Policy: policy(allow("sqs:*")) });
      return outcome(client(S3Client, session).send(new GetObjectCommand({ Bucket: name, Key: "a" })));
    },
  },
  ...[false, true].map((shared) => ({
    name: `a topic delivers to a queue ${shared ? "whose policy lets it in" : "only where the queue's policy lets it in"}`,
    page: "sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
    expected: shared ? "1 message" : "0 messages",
    async outcome() {
      const [sqs, sns] = [world.admin(SQSClient, "prod"), world.admin(SNSClient, "prod")];
      const name = unique("fed");
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
      const Endpoint = `arn:aws:sqs:${REGION}:${ACCOUNTS.prod}:${name}`;
      const statement = {
        Principal: { Service: "sns.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: Endpoint,
        Condition: { ArnEquals: { "aws:SourceArn": TopicArn } },
      };
      if (shared)
        await sqs.send(
          new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: policy(statement) } }),
        );
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint }));
      await sns.send(new PublishCommand({ TopicArn, Message: "m" }));
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
      return `${Messages.length} message${Messages.length === 1 ? "" : "s"}`;
    },
  })),
  {
    name: "a subscription by http does not reach the control API",
    expected: "allowed",
    async outcome() {
      const victim = await world.assume(administrator("dev"), await role("dev", { AWS: ACCOUNTS.dev }));
      const actions = ["sns:CreateTopic", "sns:Subscribe", "sns:Publish"];
      const sns = client(SNSClient, (await user("prod", allow(actions))).credentials);
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: unique("topic") }));
      const Endpoint = `${world.gateway.url}/_sandbox/expire?accessKeyId=${victim.accessKeyId}`;
      await outcome(sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint })));
      await outcome(sns.send(new PublishCommand({ TopicArn, Message: "m" })));
      return outcome(client(STSClient, victim).send(new GetCallerIdentityCommand({})));
    },
  },
  ...["arn:aws:s3:::*a*a*a*a*b", `arn:aws:s3:::${"*a".repeat(20)}b`, `arn:aws:s3:::${"*?".repeat(30)}b`].map(
    (pattern) => ({
      name: `a resource pattern with many wildcards, ${pattern.slice(0, 30)}, costs no more than another`,
      expected: "alike",
      outcome: () =>
        cost(allow("s3:GetObject", pattern), allow("s3:GetObject", "arn:aws:s3:::other"), "a".repeat(1000)),
    }),
  ),
  {
    name: "an action pattern with many wildcards costs no more than another",
    expected: "alike",
    outcome: () => cost(allow(`s3:${"*?".repeat(12)}${"*".repeat(12)}x`), allow("s3:Other"), "a"),
  },
  {
    name: "the metadata service of an instance that was terminated gives no more credentials",
    page: "AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html",
    expected: "404",
    async outcome() {
      const ec2 = world.admin(EC2Client, "prod");
      const { Instances } = await ec2.send(
        new RunInstancesCommand({ ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1 }),
      );
      const id = Instances![0]!.InstanceId!;
      const start = () => world.raw("POST", `/_sandbox/metadata?instanceId=${id}`);
      const { url } = JSON.parse((await start()).body);
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      const still = await fetch(`${url}/latest/api/token`, {
        method: "PUT",
        headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
      }).catch(() => undefined);
      assert.ok(!still?.ok, "the service of a terminated instance is gone");
      return String((await start()).status);
    },
  },
];

/** Lifts the public access block of a bucket of prod. */
const lift = (Bucket: string) =>
  world.admin(S3Client, "prod").send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: false,
        IgnorePublicAcls: false,
        BlockPublicPolicy: false,
        RestrictPublicBuckets: false,
      },
    }),
  );

describe("gateway: corners of AWS's decisions", function () {
  this.timeout(60_000);
  before(async () => {
    world = await World.start();
  });
  after(() => world?.stop());

  for (const { name, expected, outcome: found } of cases)
    it(name, async () => {
      const answer = await found();
      if (typeof expected === "string") assert.equal(answer, expected);
      else assert.match(answer, expected);
    });
});
