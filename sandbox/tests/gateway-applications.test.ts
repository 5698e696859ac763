/** The services that owners' own applications are made of: functions, logs, secrets, tables, events, streams, files, workflows. */
import assert from "node:assert/strict";
import { Sha256 } from "@aws-crypto/sha256-js";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogStreamsCommand,
  ListTagsForResourceCommand,
  PutDestinationCommand,
  PutDestinationPolicyCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  PutSubscriptionFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  PutResourcePolicyCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import {
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
  TagRoleCommand,
} from "@aws-sdk/client-iam";
import { CreateKeyCommand, KMSClient, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import {
  AddLayerVersionPermissionCommand,
  AddPermissionCommand,
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionCommand,
  GetLayerVersionCommand,
  GetPolicyCommand,
  InvokeCommand,
  LambdaClient,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand as PutSecretPolicyCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AwsCredentialIdentity } from "@smithy/types";
import { zip } from "../pulumi/provider-aws/archive";
import { ACCOUNTS, allow, ORGANIZATION, outcome, policy, REGION, World, words } from "./gateway-world";

const arn = (service: string, resource: string, account = ACCOUNTS.prod) =>
  `arn:aws:${service}:${REGION}:${account}:${resource}`;
const root = { AWS: `arn:aws:iam::${ACCOUNTS.dev}:root` };
const trusting = (...services: string[]) =>
  policy({ Principal: { Service: services }, Action: "sts:AssumeRole" });

describe("gateway: applications", function () {
  this.timeout(60_000);
  let world: World;
  let people = 0;
  /** A new user of an account with this policy. */
  const who = async (document: string, profile: "dev" | "prod" = "prod") =>
    (await world.person(profile, `person-${++people}`, document)).credentials;
  /** A role of the outsider that dev can assume; `recreate` makes another under its name. */
  async function outsiderRole(name: string, document: string) {
    const trust = policy({ Principal: root, Action: "sts:AssumeRole" });
    const make = () => world.role("outsider", name, trust, document);
    const roleArn = await make();
    return {
      roleArn,
      assume: () => world.assume(world.gateway.administrators.dev!, roleArn),
      async recreate() {
        const iam = world.admin(IAMClient, "outsider");
        await iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: "own" }));
        await iam.send(new DeleteRoleCommand({ RoleName: name }));
        await make();
      },
    };
  }
  before(async () => {
    world = await World.start();
  });
  after(() => world?.stop());

  /** The name of the error of a signed request, or `allowed`, and the answer's body. */
  async function ask(
    credentials: AwsCredentialIdentity,
    service: string,
    { method = "POST", path = "/", target = "", params }: Asked,
  ): Promise<{ result: string; body: Record<string, unknown>; message: string }> {
    const body = params ? JSON.stringify(params) : "";
    const [pathname = "/", search = ""] = path.split("?", 2);
    const request = new HttpRequest({
      method,
      path: pathname,
      query: Object.fromEntries(new URLSearchParams(search)),
      headers: {
        host: new URL(world.gateway.url).host,
        ...(target
          ? { "x-amz-target": target, "content-type": "application/x-amz-json-1.1" }
          : { "content-type": "application/json" }),
      },
      body,
    });
    const signer = new SignatureV4({ credentials, region: REGION, service, sha256: Sha256 });
    const { headers } = await signer.sign(request);
    const answer = await world.raw(method, path, headers, body);
    const parsed = answer.body ? JSON.parse(answer.body) : {};
    const error = String(parsed.__type ?? parsed.ErrorCode ?? answer.status).replace(/^.*#/, "");
    const result = answer.status < 300 ? "allowed" : error;
    return { result, body: parsed, message: parsed.message ?? parsed.Message ?? "" };
  }
  const asking =
    (service: string, api: string) =>
    (credentials: AwsCredentialIdentity, operation: string, params: object) =>
      ask(credentials, service, { target: `${api}.${operation}`, params });
  const tell = (found: Promise<{ result: string }>) => found.then(({ result }) => result);

  const DENIED = "AccessDeniedException";

  describe("Lambda", () => {
    let role: string;
    const code = { ZipFile: zip({ assets: { "index.js": { text: "exports.handler = () => {};" } } }) };
    const lambda = (credentials: AwsCredentialIdentity) => world.client(LambdaClient, credentials);
    const create = (
      credentials: AwsCredentialIdentity,
      FunctionName: string,
      more: Partial<CreateFunctionCommandInput> = {},
    ) =>
      lambda(credentials).send(
        new CreateFunctionCommand({
          FunctionName,
          Role: role,
          Runtime: "nodejs22.x",
          Handler: "index.handler",
          Code: code,
          ...more,
        }),
      );
    const invoke = (credentials: AwsCredentialIdentity, FunctionName: string, Qualifier?: string) =>
      outcome(lambda(credentials).send(new InvokeCommand({ FunctionName, Qualifier, Payload: "[1]" })));
    const orders = arn("lambda", "function:orders");
    let admin: AwsCredentialIdentity;
    const share = (Principal: string, more: object = {}) =>
      lambda(admin).send(
        new AddPermissionCommand({
          FunctionName: "orders",
          StatementId: `share-${++people}`,
          Action: "lambda:InvokeFunction",
          Principal,
          ...more,
        }),
      );

    before(async () => {
      admin = world.gateway.administrators.prod!;
      role = await world.role("prod", "function", trusting("lambda.amazonaws.com"));
      await create(admin, "orders", { Tags: { stage: "prod" } });
      await create(admin, "plain");
      await lambda(admin).send(new PublishVersionCommand({ FunctionName: "orders" }));
      const alias = { FunctionName: "orders", Name: "live", FunctionVersion: "1" };
      await lambda(admin).send(new CreateAliasCommand(alias));
    });

    it("creates a function only for who can pass its role to Lambda", async () => {
      const creates = { Action: "lambda:CreateFunction", Resource: arn("lambda", "function:made-*") };
      const passes = (service: string) => ({
        Action: "iam:PassRole",
        Resource: role,
        Condition: { StringEquals: { "iam:PassedToService": service } },
      });
      const powerless = await who(policy(creates));
      assert.match(
        await words(create(powerless, "made-1")),
        /not authorized to perform: iam:PassRole on resource/,
      );
      assert.equal(
        await outcome(create(await who(policy(creates, passes("ec2.amazonaws.com"))), "made-1")),
        DENIED,
      );
      const able = await who(policy(creates, passes("lambda.amazonaws.com")));
      assert.equal(await outcome(create(able, "made-1")), "allowed");
      assert.equal(await outcome(create(able, "other")), DENIED);
      assert.match(await words(create(able, "made-2", { Tags: { a: "b" } })), /lambda:TagResource/);
      const Condition = { StringEquals: { "iam:ResourceTag/stage": "prod" } };
      const denied = { Effect: "Deny", Action: "iam:PassRole", Resource: "*", Condition };
      const tagged = await who(policy(creates, passes("lambda.amazonaws.com"), denied));
      assert.equal(await outcome(create(tagged, "made-3")), "allowed");
      const Tags = [{ Key: "stage", Value: "prod" }];
      await world.admin(IAMClient, "prod").send(new TagRoleCommand({ RoleName: "function", Tags }));
      assert.equal(await outcome(create(tagged, "made-4")), DENIED);
      const configure = (credentials: AwsCredentialIdentity, more: object) =>
        outcome(
          lambda(credentials).send(
            new UpdateFunctionConfigurationCommand({ FunctionName: "plain", Description: "d", ...more }),
          ),
        );
      const configuring = await who(
        allow("lambda:UpdateFunctionConfiguration", arn("lambda", "function:plain")),
      );
      assert.equal(await configure(configuring, {}), "allowed");
      assert.equal(await configure(configuring, { Role: role }), DENIED);
    });

    it("refuses a role that Lambda cannot assume", async () => {
      const foreign = await world.role("prod", "for-ec2", trusting("ec2.amazonaws.com"));
      const elsewhere = await world.role("dev", "elsewhere", trusting("lambda.amazonaws.com"));
      const bound = await world.role(
        "prod",
        "for-another-function",
        policy({
          Principal: { Service: "lambda.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: { ArnEquals: { "aws:SourceArn": arn("lambda", "function:another") } },
        }),
      );
      for (const [Role, expected] of [
        [foreign, "InvalidParameterValueException"],
        [bound, "InvalidParameterValueException"],
        [role.replace("function", "nobody"), "InvalidParameterValueException"],
        [elsewhere, DENIED],
      ] as const)
        assert.equal(await outcome(create(admin, "refused", { Role })), expected, Role);
      const configuring = new UpdateFunctionConfigurationCommand({ FunctionName: "plain", Role: foreign });
      assert.match(await words(lambda(admin).send(configuring)), /cannot be assumed by Lambda/);
      assert.equal(await outcome(create(admin, "another", { Role: bound })), "allowed");
    });

    it("asks for the code, the layers and the network of a function", async () => {
      const s3 = world.admin(S3Client, "prod");
      await s3.send(new CreateBucketCommand({ Bucket: "function-code" }));
      await s3.send(new PutObjectCommand({ Bucket: "function-code", Key: "code.zip", Body: code.ZipFile }));
      const published = new PublishLayerVersionCommand({ LayerName: "tools", Content: code });
      const layer = (await lambda(admin).send(published)).LayerVersionArn!;
      const able = { Action: ["lambda:CreateFunction", "iam:PassRole"], Resource: "*" };
      const stored = { S3Bucket: "function-code", S3Key: "code.zip" };
      const needs: [CreateFunctionCommandInput | object, string, string][] = [
        [{ Code: stored }, "s3:GetObject", "arn:aws:s3:::function-code/code.zip"],
        [{ Layers: [layer] }, "lambda:GetLayerVersion", layer],
        [{ VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: [] } }, "ec2:Describe*", "*"],
      ];
      for (const [at, [more, Action, Resource]] of needs.entries()) {
        assert.equal(await outcome(create(await who(policy(able)), `need-${at}`, more)), DENIED, Action);
        const result = await outcome(
          create(await who(policy(able, { Action, Resource })), `need-${at}`, more),
        );
        assert.notEqual(result, DENIED, Action);
      }
    });

    it("invokes by name, ARN, version and alias, each decided on its own ARN", async () => {
      const plain = await who(allow("lambda:InvokeFunction", orders));
      const live = await who(allow("lambda:InvokeFunction", `${orders}:live`));
      const any = await who(allow("lambda:InvokeFunction", `${orders}:*`));
      for (const name of ["orders", orders, `${ACCOUNTS.prod}:function:orders`])
        assert.deepEqual(
          [await invoke(plain, name), await invoke(live, name), await invoke(any, name)],
          ["allowed", DENIED, DENIED],
          name,
        );
      for (const [name, qualifier] of [["orders", "live"], ["orders:live"], [`${orders}:live`]] as const)
        assert.deepEqual(
          [
            await invoke(plain, name, qualifier),
            await invoke(live, name, qualifier),
            await invoke(any, name, qualifier),
          ],
          [DENIED, "allowed", "allowed"],
          name,
        );
      assert.deepEqual(
        [await invoke(live, "orders", "1"), await invoke(any, "orders", "1")],
        [DENIED, "allowed"],
      );
      assert.equal(await invoke(live, "orders:live", "1"), "InvalidParameterValueException");
      assert.equal(await invoke(admin, "orders", "missing"), "ResourceNotFoundException");
      assert.equal(await invoke(admin, "missing"), "ResourceNotFoundException");
      // moto would change the function itself.
      const limited = new PutFunctionConcurrencyCommand({
        FunctionName: "orders:live",
        ReservedConcurrentExecutions: 1,
      });
      assert.equal(await outcome(lambda(admin).send(limited)), "NotImplemented");
      const { Payload, StatusCode } = await lambda(plain).send(new InvokeCommand({ FunctionName: "orders" }));
      assert.deepEqual([Payload?.transformToString(), StatusCode], ["null", 200]);
      const dry = new InvokeCommand({ FunctionName: "orders", InvocationType: "DryRun" });
      assert.equal((await lambda(plain).send(dry)).StatusCode, 204);
      assert.equal(await outcome(lambda(live).send(dry)), DENIED);
    });

    it("lets another account in by the function's policy, and by its alias's", async () => {
      const able = await who(allow("lambda:InvokeFunction", [orders, `${orders}:*`]), "dev");
      const silent = await who(allow("s3:ListAllMyBuckets"), "dev");
      assert.equal(await invoke(able, orders), DENIED);
      await share(ACCOUNTS.dev);
      assert.deepEqual([await invoke(able, orders), await invoke(silent, orders)], ["allowed", DENIED]);
      assert.equal(await invoke(world.gateway.administrators.outsider!, orders), DENIED);
      assert.equal(await invoke(able, `${orders}:live`), DENIED, "the alias has a separate policy");
      await share(ACCOUNTS.dev, { Qualifier: "live", StatementId: "alias" });
      assert.equal(await invoke(able, `${orders}:live`), "allowed");
      assert.equal(await invoke(able, `${orders}:1`), DENIED);
      const { Policy } = await lambda(admin).send(
        new GetPolicyCommand({ FunctionName: "orders", Qualifier: "live" }),
      );
      assert.deepEqual(
        JSON.parse(Policy!).Statement.map((statement: { Resource: string }) => statement.Resource),
        [`${orders}:live`],
      );
      const removed = { FunctionName: "orders", StatementId: "alias" };
      assert.equal(
        await outcome(lambda(admin).send(new RemovePermissionCommand(removed))),
        "ResourceNotFoundException",
      );
      await lambda(admin).send(new RemovePermissionCommand({ ...removed, Qualifier: "live" }));
      assert.equal(await invoke(able, `${orders}:live`), DENIED);
      // A caller of the function's account needs one side alone.
      const own = await world.person("prod", `person-${++people}`);
      assert.equal(await invoke(own.credentials, "orders"), DENIED);
      await share(own.arn);
      assert.equal(await invoke(own.credentials, "orders"), "allowed");
    });

    it("tells an organization, a URL's caller and a recreated role apart in a function's policy", async () => {
      const FunctionName = "plain";
      const plain = arn("lambda", "function:plain");
      const member = await who(allow("lambda:*"), "dev");
      await share("*", { FunctionName, PrincipalOrgID: ORGANIZATION.id, SourceAccount: ACCOUNTS.dev });
      assert.equal(await invoke(member, plain), DENIED, "a user's request has no source account");
      await share("*", { FunctionName, PrincipalOrgID: ORGANIZATION.id });
      assert.equal(await invoke(member, plain), "allowed");
      assert.equal(await invoke(world.gateway.administrators.outsider!, plain), DENIED);
      const caller = await outsiderRole("caller", allow("lambda:*"));
      await share(caller.roleArn, { FunctionName });
      await share("s3.amazonaws.com", { FunctionName });
      assert.equal(await invoke(await caller.assume(), plain), "allowed");
      await caller.recreate();
      assert.equal(await invoke(await caller.assume(), plain), DENIED);
      const unknown = share("arn:aws:iam::333333333333:role/nobody", { FunctionName });
      assert.match(await words(unknown), /The provided principal was invalid/);
    });

    it("decides by the function, the principal, the URL's authentication and tags", async () => {
      const deny = (Action: string, Condition: object) =>
        who(policy({ Action: "*", Resource: "*" }, { Effect: "Deny", Action, Resource: "*", Condition }));
      const queue = await world
        .admin(SQSClient, "prod")
        .send(new CreateQueueCommand({ QueueName: "orders" }));
      assert.ok(queue.QueueUrl);
      const map = (credentials: AwsCredentialIdentity, FunctionName: string) =>
        outcome(
          lambda(credentials).send(
            new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn: arn("sqs", "orders") }),
          ),
        );
      const mapping = await deny("lambda:CreateEventSourceMapping", {
        ArnEquals: { "lambda:FunctionArn": orders },
      });
      const unreadable = await map(mapping, "plain");
      const read = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
      await world.admin(IAMClient, "prod").send(
        new PutRolePolicyCommand({
          RoleName: "function",
          PolicyName: "reads",
          PolicyDocument: allow(read, arn("sqs", "orders")),
        }),
      );
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: the function's role reads the queue.
      assert.deepEqual(
        [await map(mapping, "orders"), unreadable, await map(mapping, "plain")],
        [DENIED, "InvalidParameterValueException", "allowed"],
      );
      const elsewhere = orders.replace(ACCOUNTS.prod, ACCOUNTS.dev);
      assert.equal(await map(mapping, elsewhere), "InvalidParameterValueException");
      const add = async (Principal: string, more: object = {}) =>
        outcome(
          lambda(await sharing).send(
            new AddPermissionCommand({
              FunctionName: "plain",
              StatementId: `of-${++people}`,
              Action: "lambda:InvokeFunction",
              Principal,
              ...more,
            }),
          ),
        );
      const sharing = deny("lambda:AddPermission", {
        StringNotEquals: { "lambda:Principal": "s3.amazonaws.com" },
      });
      const source = { SourceArn: "arn:aws:s3:::bucket", SourceAccount: ACCOUNTS.prod };
      assert.deepEqual([await add("s3.amazonaws.com", source), await add(ACCOUNTS.dev)], ["allowed", DENIED]);
      const open = { "lambda:FunctionUrlAuthType": "NONE" };
      const publishing = await deny("lambda:*FunctionUrlConfig", { StringEquals: open });
      const url = (AuthType: "NONE" | "AWS_IAM") =>
        outcome(
          lambda(publishing).send(new CreateFunctionUrlConfigCommand({ FunctionName: "plain", AuthType })),
        );
      assert.deepEqual([await url("NONE"), await url("AWS_IAM")], [DENIED, "allowed"]);
      const closing = await deny("lambda:*FunctionUrlConfig", {
        StringEquals: { "lambda:FunctionUrlAuthType": "AWS_IAM" },
      });
      const remove = new DeleteFunctionUrlConfigCommand({ FunctionName: "plain" });
      assert.equal(await outcome(lambda(closing).send(remove)), DENIED);
      const tagged = await deny("lambda:*", { StringEquals: { "aws:ResourceTag/stage": "prod" } });
      assert.deepEqual(
        [await invoke(tagged, "orders:live"), await invoke(tagged, "plain")],
        [DENIED, "allowed"],
      );
      const named = await deny("lambda:TagResource", {
        "ForAnyValue:StringEquals": { "aws:TagKeys": "owner" },
      });
      const tag = (Tags: Record<string, string>) =>
        outcome(lambda(named).send(new TagResourceCommand({ Resource: orders, Tags })));
      assert.deepEqual([await tag({ owner: "me" }), await tag({ other: "me" })], [DENIED, "allowed"]);
    });

    it("shares a layer's version with another account", async () => {
      const published = new PublishLayerVersionCommand({ LayerName: "shared", Content: code });
      const { LayerArn = "", LayerVersionArn = "" } = await lambda(admin).send(published);
      const reader = await who(allow("lambda:GetLayerVersion", LayerVersionArn), "dev");
      const version = { LayerName: LayerArn, VersionNumber: 1 };
      const read = () => outcome(lambda(reader).send(new GetLayerVersionCommand(version)));
      const Role = await world.role("dev", "with-layer", trusting("lambda.amazonaws.com"));
      const guest = world.gateway.administrators.dev!;
      const use = () => outcome(create(guest, "with-layer", { Role, Layers: [LayerVersionArn] }));
      assert.deepEqual([await read(), await use()], [DENIED, DENIED]);
      await lambda(admin).send(
        new AddLayerVersionPermissionCommand({
          LayerName: "shared",
          VersionNumber: 1,
          StatementId: "dev",
          Action: "lambda:GetLayerVersion",
          Principal: ACCOUNTS.dev,
        }),
      );
      assert.deepEqual([await read(), await use()], ["allowed", "allowed"]);
    });

    it("refuses what it cannot read, by name", async () => {
      const deny = policy(
        { Action: "*", Resource: "*" },
        { Effect: "Deny", Action: "lambda:*", Resource: orders },
      );
      const path = "/2099-01-01/functions/orders/secrets";
      const refused = await ask(await who(deny), "lambda", { method: "GET", path });
      assert.equal(refused.result, DENIED);
      assert.match(
        refused.message,
        /GET \/2099-01-01\/functions\/orders\/secrets is not in the table of lambda/,
      );
      const twice = { path: "/2015-03-31/functions?Role=a", params: { FunctionName: "twice", Role: role } };
      assert.equal((await ask(admin, "lambda", twice)).result, "MalformedQueryString");
      const elsewhere = orders.replace(REGION, "eu-west-1");
      const get = (FunctionName: string) =>
        outcome(lambda(admin).send(new GetFunctionCommand({ FunctionName })));
      assert.deepEqual([await get(orders), await get(elsewhere)], ["allowed", "ValidationException"]);
    });
  });

  describe("CloudWatch Logs", () => {
    const logs = (credentials: AwsCredentialIdentity) => world.client(CloudWatchLogsClient, credentials);
    const group = arn("logs", "log-group:/app/orders");
    before(async () => {
      const admin = world.admin(CloudWatchLogsClient, "prod");
      const logGroupName = "/app/orders";
      await admin.send(new CreateLogGroupCommand({ logGroupName, tags: { stage: "prod" } }));
      await admin.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "one" }));
    });

    it("decides on a log group with an ending, except for its tags, and on a stream", async () => {
      const attempts = async (credentials: AwsCredentialIdentity) => {
        const client = logs(credentials);
        const logGroupName = "/app/orders";
        const event = { message: "hello", timestamp: Date.now() };
        const put = { logGroupName, logStreamName: "one", logEvents: [event] };
        return [
          await outcome(client.send(new DescribeLogStreamsCommand({ logGroupName }))),
          await outcome(client.send(new PutLogEventsCommand(put))),
          await outcome(client.send(new ListTagsForResourceCommand({ resourceArn: group }))),
        ];
      };
      const every = ["logs:DescribeLogStreams", "logs:PutLogEvents", "logs:ListTagsForResource"];
      assert.deepEqual(await attempts(await who(allow(every, `${group}:*`))), ["allowed", "allowed", DENIED]);
      assert.deepEqual(await attempts(await who(allow(every, group))), [DENIED, DENIED, "allowed"]);
      assert.deepEqual(await attempts(await who(allow(every, `${group}:log-stream:one`))), [
        DENIED,
        "allowed",
        DENIED,
      ]);
      assert.deepEqual(await attempts(await who(allow(every, `${group}:log-stream:two`))), [
        DENIED,
        DENIED,
        DENIED,
      ]);
      assert.deepEqual(await attempts(await who(allow(every), "dev")), [
        "ResourceNotFoundException",
        "ResourceNotFoundException",
        DENIED,
      ]);
    });

    it("decides by tags, and asks for them at creation", async () => {
      const retain = async (logGroupName: string) => {
        const Condition = { StringEquals: { "aws:ResourceTag/stage": "prod" } };
        const denied = { Effect: "Deny", Action: "logs:*", Resource: "*", Condition };
        const client = logs(await who(policy({ Action: "logs:*", Resource: "*" }, denied)));
        return outcome(client.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 7 })));
      };
      const creator = logs(await who(allow("logs:CreateLogGroup", arn("logs", "log-group:/app/*"))));
      const plain = { logGroupName: "/app/plain" };
      assert.equal(await outcome(creator.send(new CreateLogGroupCommand(plain))), "allowed");
      const tagged = new CreateLogGroupCommand({ logGroupName: "/app/tagged", tags: { a: "b" } });
      assert.match(
        await words(creator.send(tagged)),
        /logs:TagResource on resource: \S+:log-group:\/app\/tagged /,
      );
      assert.deepEqual([await retain("/app/orders"), await retain("/app/plain")], [DENIED, "allowed"]);
    });

    it("subscribes to another account's destination by its policy, for who can pass the role", async () => {
      const admin = world.admin(CloudWatchLogsClient, "prod");
      const roleArn = await world.role("prod", "to-stream", trusting("logs.amazonaws.com"));
      const destinationName = "central";
      const put = { destinationName, roleArn, targetArn: arn("kinesis", "stream/central") };
      const maker = logs(await who(allow("logs:PutDestination")));
      assert.match(await words(maker.send(new PutDestinationCommand(put))), /iam:PassRole/);
      await admin.send(new PutDestinationCommand(put));
      const destinationArn = arn("logs", "destination:central");
      const dev = logs(await who(allow(["logs:PutSubscriptionFilter", "logs:CreateLogGroup"]), "dev"));
      const logGroupName = "/dev/orders";
      await dev.send(new CreateLogGroupCommand({ logGroupName }));
      const filter = { logGroupName, filterName: "all", filterPattern: "", destinationArn };
      const subscribe = () => outcome(dev.send(new PutSubscriptionFilterCommand(filter)));
      assert.equal(await subscribe(), DENIED);
      const share = (Principal: object) =>
        admin.send(
          new PutDestinationPolicyCommand({
            destinationName,
            accessPolicy: policy({
              Principal,
              Action: "logs:PutSubscriptionFilter",
              Resource: destinationArn,
            }),
          }),
        );
      await share({ AWS: ACCOUNTS.outsider });
      assert.equal(await subscribe(), DENIED);
      await share({ AWS: ACCOUNTS.dev });
      assert.equal(await subscribe(), "allowed");
    });

    it("refuses an operation that it does not know, by name", async () => {
      const deny = policy(
        { Action: "*", Resource: "*" },
        { Effect: "Deny", Action: "logs:*", Resource: group },
      );
      const unknown = await asking("logs", "Logs_20140328")(await who(deny), "StealLogs", {});
      assert.equal(unknown.result, DENIED);
      assert.match(unknown.message, /logs:StealLogs/);
    });
  });

  describe("Secrets Manager", () => {
    const secrets = (credentials: AwsCredentialIdentity) => world.client(SecretsManagerClient, credentials);
    const read = (credentials: AwsCredentialIdentity, SecretId: string, more: object = {}) =>
      outcome(secrets(credentials).send(new GetSecretValueCommand({ SecretId, ...more })));
    const made = async (Name: string, more: object = {}) =>
      (
        await world
          .admin(SecretsManagerClient, "prod")
          .send(new CreateSecretCommand({ Name, SecretString: "hello", ...more }))
      ).ARN!;

    it("reads by name, by ARN and by an ARN without its last letters", async () => {
      const secret = await made("app/plain");
      await made("app/other");
      const reader = await who(
        allow("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:app/plain-??????")),
      );
      for (const id of ["app/plain", secret, secret.slice(0, -7)])
        assert.equal(await read(reader, id), "allowed", id);
      assert.equal(await read(reader, "app/other"), DENIED);
      const batch = (credentials: AwsCredentialIdentity, more: object) =>
        outcome(secrets(credentials).send(new BatchGetSecretValueCommand(more)));
      const batching = await who(
        policy(
          { Action: ["secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"], Resource: "*" },
          { Action: "secretsmanager:GetSecretValue", Resource: secret },
        ),
      );
      assert.deepEqual(
        [
          await batch(batching, { SecretIdList: ["app/plain"] }),
          await batch(batching, { SecretIdList: ["app/plain", "app/other"] }),
          await batch(batching, { Filters: [{ Key: "name", Values: ["app/"] }] }),
        ],
        ["allowed", DENIED, DENIED],
      );
    });

    it("decides by version stage and tags, and asks for tags at creation", async () => {
      const secret = await made("tagged", { Tags: [{ Key: "stage", Value: "prod" }] });
      const Condition = { StringEquals: { "secretsmanager:ResourceTag/stage": "prod" } };
      const everything = { Action: "secretsmanager:*", Resource: "*" };
      const denied = { ...everything, Effect: "Deny", Condition };
      assert.equal(await read(await who(policy(everything, denied)), secret), DENIED);
      const staged = await who(
        policy({
          ...everything,
          Condition: { StringEquals: { "secretsmanager:VersionStage": "AWSCURRENT" } },
        }),
      );
      assert.deepEqual(
        [await read(staged, "tagged", { VersionStage: "AWSCURRENT" }), await read(staged, "tagged")],
        ["allowed", DENIED],
      );
      const creator = secrets(
        await who(allow("secretsmanager:CreateSecret", arn("secretsmanager", "secret:mine/*"))),
      );
      const create = (Name: string, more: object = {}) =>
        words(creator.send(new CreateSecretCommand({ Name, SecretString: "x", ...more })));
      assert.equal(await create("mine/one"), "");
      assert.match(await create("yours/one"), /secretsmanager:CreateSecret/);
      assert.match(
        await create("mine/two", { Tags: [{ Key: "a", Value: "b" }] }),
        /secretsmanager:TagResource/,
      );
    });

    it("opens to another account by its policy and its key's, and never with AWS's own key", async () => {
      const kms = world.admin(KMSClient, "prod");
      const key = (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
      const plain = await made("shared/plain");
      const encrypted = await made("shared/encrypted", { KmsKeyId: key });
      const own = await who(allow("secretsmanager:GetSecretValue"));
      assert.deepEqual([await read(own, plain), await read(own, encrypted)], ["allowed", DENIED]);
      const guest = await who(allow(["secretsmanager:GetSecretValue", "kms:Decrypt"]), "dev");
      assert.equal(await read(guest, encrypted), DENIED);
      const admin = world.admin(SecretsManagerClient, "prod");
      const ResourcePolicy = policy({
        Principal: root,
        Action: "secretsmanager:GetSecretValue",
        Resource: "*",
      });
      for (const SecretId of [plain, encrypted])
        await admin.send(new PutSecretPolicyCommand({ SecretId, ResourcePolicy }));
      assert.deepEqual(
        [await read(guest, plain), await read(guest, encrypted)],
        ["InvalidRequestException", DENIED],
      );
      const owner = { AWS: `arn:aws:iam::${ACCOUNTS.prod}:root` };
      const via = { StringEquals: { "kms:ViaService": `secretsmanager.${REGION}.amazonaws.com` } };
      const Policy = policy(
        { Principal: owner, Action: "kms:*", Resource: "*" },
        { Principal: root, Action: "kms:Decrypt", Resource: "*", Condition: via },
      );
      await kms.send(new PutKeyPolicyCommand({ KeyId: key, PolicyName: "default", Policy }));
      assert.equal(await read(guest, encrypted), "allowed");
      assert.equal(await read(world.gateway.administrators.outsider!, encrypted), DENIED);
    });
  });

  describe("DynamoDB", () => {
    const dynamodb = (credentials: AwsCredentialIdentity) => world.client(DynamoDBClient, credentials);
    const table = arn("dynamodb", "table/orders");
    const definition = (TableName: string) => ({
      TableName,
      AttributeDefinitions: ["id", "buyer"].map((AttributeName) => ({
        AttributeName,
        AttributeType: "S" as const,
      })),
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" as const }],
      BillingMode: "PAY_PER_REQUEST" as const,
      GlobalSecondaryIndexes: [
        {
          IndexName: "byBuyer",
          KeySchema: [{ AttributeName: "buyer", KeyType: "HASH" as const }],
          Projection: { ProjectionType: "ALL" as const },
        },
      ],
    });
    const Key = { id: { S: "1" } };
    const get = (credentials: AwsCredentialIdentity, TableName = "orders") =>
      outcome(dynamodb(credentials).send(new GetItemCommand({ TableName, Key })));
    const query = (credentials: AwsCredentialIdentity) =>
      outcome(
        dynamodb(credentials).send(
          new QueryCommand({
            TableName: "orders",
            IndexName: "byBuyer",
            KeyConditionExpression: "buyer = :b",
            ExpressionAttributeValues: { ":b": { S: "b" } },
          }),
        ),
      );
    before(async () => {
      const Tags = [{ Key: "stage", Value: "prod" }];
      for (const more of [{ ...definition("orders"), Tags }, definition("plain")])
        await world.admin(DynamoDBClient, "prod").send(new CreateTableCommand(more));
    });

    it("decides on a table, on an index of it, and on each part of a transaction", async () => {
      const reader = await who(allow(["dynamodb:GetItem", "dynamodb:Query"], table));
      assert.deepEqual(
        [await get(reader), await get(reader, table), await get(reader, "plain")],
        ["allowed", "allowed", DENIED],
      );
      assert.equal(await query(reader), DENIED);
      assert.equal(await query(await who(allow("dynamodb:Query", `${table}/index/byBuyer`))), "allowed");
      const writer = dynamodb(await who(allow("dynamodb:PutItem", table)));
      assert.equal(
        await outcome(writer.send(new PutItemCommand({ TableName: "orders", Item: Key }))),
        "allowed",
      );
      const both = {
        TransactItems: ["orders", "plain"].map((TableName) => ({ Put: { TableName, Item: Key } })),
      };
      assert.equal(await outcome(writer.send(new TransactWriteItemsCommand(both))), DENIED);
      const creator = dynamodb(await who(allow("dynamodb:CreateTable")));
      const tagged = { ...definition("made"), Tags: [{ Key: "a", Value: "b" }] };
      assert.match(await words(creator.send(new CreateTableCommand(tagged))), /dynamodb:TagResource/);
    });

    it("opens to another account by its policy, and decides by tags", async () => {
      const guest = await who(allow("dynamodb:GetItem", table), "dev");
      assert.equal(await get(guest, table), DENIED);
      const Policy = policy({ Principal: root, Action: "dynamodb:GetItem", Resource: table });
      await world
        .admin(DynamoDBClient, "prod")
        .send(new PutResourcePolicyCommand({ ResourceArn: table, Policy }));
      assert.equal(await get(guest, table), "allowed");
      assert.equal(await get(world.gateway.administrators.outsider!, table), DENIED);
      const Condition = { StringEquals: { "aws:ResourceTag/stage": "prod" } };
      const everything = { Action: "dynamodb:*", Resource: "*" };
      const denied = await who(policy(everything, { ...everything, Effect: "Deny", Condition }));
      assert.deepEqual([await get(denied), await get(denied, "plain")], [DENIED, "allowed"]);
    });

    it("refuses a Deny by a key that it does not fill, by name", async () => {
      const everything = { Action: "dynamodb:*", Resource: "*" };
      const Condition = { "ForAnyValue:StringEquals": { "dynamodb:LeadingKeys": "2" } };
      const denied = dynamodb(await who(policy(everything, { ...everything, Effect: "Deny", Condition })));
      const asked = denied.send(new GetItemCommand({ TableName: "orders", Key }));
      assert.match(await words(asked), /the sandbox does not know dynamodb:LeadingKeys of dynamodb:GetItem/);
    });
  });

  describe("EventBridge", () => {
    const events = asking("events", "AWSEvents");
    const bus = arn("events", "event-bus/orders");
    const put = (credentials: AwsCredentialIdentity, ...sources: string[]) =>
      tell(
        events(credentials, "PutEvents", {
          Entries: sources.map((Source) => ({
            Source,
            DetailType: "order",
            Detail: "{}",
            EventBusName: bus,
          })),
        }),
      );
    const rule = { Name: "hourly", ScheduleExpression: "rate(1 hour)" };
    let admin: AwsCredentialIdentity;
    before(async () => {
      admin = world.gateway.administrators.prod!;
      const Tags = [{ Key: "stage", Value: "prod" }];
      assert.equal(await tell(events(admin, "CreateEventBus", { Name: "orders", Tags })), "allowed");
      assert.equal(await tell(events(admin, "PutRule", rule)), "allowed");
    });

    it("decides on each event of a request, by its source", async () => {
      assert.equal(
        await put(await who(allow("events:PutEvents", arn("events", "event-bus/default"))), "app"),
        DENIED,
      );
      const able = { Action: "events:PutEvents", Resource: bus };
      for (const operator of ["StringEquals", "ForAllValues:StringEquals"]) {
        const own = await who(policy({ ...able, Condition: { [operator]: { "events:source": "app" } } }));
        assert.deepEqual(
          [await put(own, "app"), await put(own, "aws"), await put(own, "app", "aws")],
          ["allowed", DENIED, DENIED],
        );
        const Condition = { [operator]: { "events:source": "app" } };
        const denied = await who(policy(able, { ...able, Effect: "Deny", Condition }));
        assert.deepEqual([await put(denied, "app"), await put(denied, "aws")], [DENIED, "allowed"]);
      }
      const Condition = { StringEquals: { "aws:ResourceTag/stage": "prod" } };
      assert.equal(await put(await who(policy(able, { ...able, Effect: "Deny", Condition })), "app"), DENIED);
    });

    it("takes a bus in the request's Region alone", async () => {
      const EventBusName = bus.replace(REGION, "eu-west-1");
      const Entries = [{ Source: "app", DetailType: "order", Detail: "{}", EventBusName }];
      assert.equal(await tell(events(admin, "PutEvents", { Entries })), "ValidationException");
    });

    it("opens a bus to another account by its policy", async () => {
      const guest = await who(allow("events:PutEvents", bus), "dev");
      assert.equal(await put(guest, "app"), DENIED);
      const permission = {
        EventBusName: "orders",
        Action: "events:PutEvents",
        StatementId: "dev",
        Principal: ACCOUNTS.dev,
      };
      assert.equal(await tell(events(admin, "PutPermission", permission)), "allowed");
      assert.equal(await put(guest, "app"), "allowed");
      const Condition = { StringEquals: { "events:source": "shop" } };
      const Policy = policy({
        Sid: "shop",
        Principal: root,
        Action: "events:PutEvents",
        Resource: bus,
        Condition,
      });
      await events(admin, "PutPermission", { EventBusName: "orders", Policy });
      assert.deepEqual([await put(guest, "shop"), await put(guest, "app")], ["allowed", DENIED]);
      const organization = { Type: "StringEquals", Key: "aws:PrincipalOrgID", Value: ORGANIZATION.id };
      await events(admin, "PutPermission", { ...permission, Principal: "*", Condition: organization });
      assert.equal(await put(guest, "app"), "allowed");
      assert.equal(await put(world.gateway.administrators.outsider!, "shop"), DENIED);
      const sender = await outsiderRole("sender", allow("events:PutEvents"));
      const able = { Principal: { AWS: sender.roleArn }, Action: "events:PutEvents", Resource: bus };
      await events(admin, "PutPermission", {
        EventBusName: "orders",
        Policy: policy({ Sid: "sender", ...able }),
      });
      assert.equal(await put(await sender.assume(), "app"), "allowed");
      await sender.recreate();
      assert.equal(await put(await sender.assume(), "app"), DENIED);
      const unknown = policy({
        Sid: "a",
        Principal: { AWS: `${root.AWS.replace("root", "role/nobody")}` },
        Action: "events:PutEvents",
        Resource: bus,
      });
      assert.equal(
        await tell(events(admin, "PutPermission", { EventBusName: "orders", Policy: unknown })),
        "ValidationException",
      );
    });

    it("gives a rule targets, by their ARNs and the roles that it passes", async () => {
      const able = {
        Action: ["events:PutTargets", "events:PutRule"],
        Resource: arn("events", "rule/hourly"),
      };
      const target = (credentials: AwsCredentialIdentity, Arn: string, more: object = {}) =>
        events(credentials, "PutTargets", { Rule: "hourly", Targets: [{ Id: "one", Arn, ...more }] });
      const [queue, machine] = [arn("sqs", "orders"), arn("states", "stateMachine:orders")];
      const trusted = await world.role("prod", "for-events", trusting("events.amazonaws.com"));
      const foreign = await world.role("prod", "for-lambda", trusting("lambda.amazonaws.com"));
      const owner = await who(policy(able));
      assert.equal(await tell(target(owner, queue)), "allowed");
      assert.match((await target(owner, machine, { RoleArn: trusted })).message, /iam:PassRole/);
      const passing = await who(policy(able, { Action: "iam:PassRole", Resource: "*" }));
      assert.equal(await tell(target(passing, machine, { RoleArn: trusted })), "allowed");
      assert.match(
        (await target(passing, machine, { RoleArn: foreign })).message,
        /cannot be assumed by principal/,
      );
      const Condition = { ArnLike: { "events:TargetArn": arn("sqs", "*") } };
      const queues = await who(policy({ ...able, Condition }));
      assert.deepEqual(
        [await tell(target(queues, queue)), await tell(target(queues, machine))],
        ["allowed", DENIED],
      );
      const EventPattern = JSON.stringify({ source: ["app"] });
      const custom = { Name: "hourly", EventPattern, EventBusName: "orders" };
      assert.equal(await tell(events(owner, "PutRule", custom)), DENIED);
      const other = await who(allow("events:PutRule", arn("events", "rule/orders/hourly")));
      assert.deepEqual(
        [await tell(events(other, "PutRule", custom)), await tell(events(other, "PutRule", rule))],
        ["allowed", DENIED],
      );
    });

    it("refuses a list that a policy tests as a single value, and an operation that it does not know", async () => {
      const everything = { Action: "events:*", Resource: "*" };
      const Condition = { StringEquals: { "events:source": "aws.ec2" } };
      const denied = await who(policy(everything, { ...everything, Effect: "Deny", Condition }));
      const rules = (...source: string[]) =>
        events(denied, "PutRule", { Name: "two", EventPattern: JSON.stringify({ source }) });
      assert.equal(await tell(rules("aws.s3")), "allowed");
      assert.match(
        (await rules("aws.ec2", "aws.s3")).message,
        /does not know events:source of events:PutRule/,
      );
      assert.match((await events(denied, "Replay", {})).message, /events:Replay/);
    });
  });

  describe("Kinesis", () => {
    const kinesis = asking("kinesis", "Kinesis_20131202");
    const stream = arn("kinesis", "stream/orders");
    const record = { Data: "aGVsbG8=", PartitionKey: "1" };
    let admin: AwsCredentialIdentity;
    before(async () => {
      admin = world.gateway.administrators.prod!;
      for (const [StreamName, Tags] of [["orders", { stage: "prod" }], ["plain"]] as const)
        assert.equal(
          await tell(kinesis(admin, "CreateStream", { StreamName, ShardCount: 1, Tags })),
          "allowed",
        );
    });

    it("decides on a stream, also on the one that a shard iterator reads", async () => {
      const reader = await who(
        allow(["kinesis:PutRecord", "kinesis:GetShardIterator", "kinesis:GetRecords"], stream),
      );
      assert.equal(await tell(kinesis(reader, "PutRecord", { ...record, StreamName: "orders" })), "allowed");
      assert.equal(await tell(kinesis(reader, "PutRecord", { ...record, StreamName: "plain" })), DENIED);
      const shard = { ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" };
      const iterator = async (credentials: AwsCredentialIdentity, StreamName: string) =>
        (await kinesis(credentials, "GetShardIterator", { ...shard, StreamName })).body.ShardIterator;
      const [own, other] = [await iterator(reader, "orders"), await iterator(admin, "plain")];
      assert.equal(await tell(kinesis(reader, "GetRecords", { ShardIterator: own })), "allowed");
      assert.equal(await tell(kinesis(reader, "GetRecords", { ShardIterator: other })), DENIED);
      assert.equal(
        await tell(kinesis(reader, "GetRecords", { ShardIterator: other, StreamARN: stream })),
        DENIED,
      );
    });

    it("opens a stream and a consumer to another account by their policies, and decides by tags", async () => {
      const guest = await who(allow("kinesis:*"), "dev");
      const put = () => tell(kinesis(guest, "PutRecord", { ...record, StreamARN: stream }));
      const share = (ResourceARN: string, Action: string) =>
        kinesis(admin, "PutResourcePolicy", {
          ResourceARN,
          Policy: policy({ Principal: root, Action, Resource: ResourceARN }),
        });
      assert.equal(await put(), DENIED);
      assert.equal(await tell(share(stream, "kinesis:PutRecord")), "allowed");
      assert.equal(await put(), "allowed");
      const registered = { StreamARN: stream, ConsumerName: "reader" };
      const { body } = await kinesis(admin, "RegisterStreamConsumer", registered);
      const { ConsumerARN } = body.Consumer as { ConsumerARN: string };
      const describe = () => tell(kinesis(guest, "DescribeStreamConsumer", { ConsumerARN }));
      assert.equal(await describe(), DENIED);
      assert.equal(await tell(share(ConsumerARN, "kinesis:DescribeStreamConsumer")), "allowed");
      assert.equal(await describe(), "allowed");
      const everything = { Action: "kinesis:*", Resource: "*" };
      const Condition = { StringEquals: { "aws:ResourceTag/stage": "prod" } };
      const denied = await who(policy(everything, { ...everything, Effect: "Deny", Condition }));
      const write = (StreamName: string) => tell(kinesis(denied, "PutRecord", { ...record, StreamName }));
      assert.deepEqual([await write("orders"), await write("plain")], [DENIED, "allowed"]);
      // A stream that is made anew has no policy.
      await kinesis(admin, "DeleteStream", { StreamName: "orders", EnforceConsumerDeletion: true });
      await kinesis(admin, "CreateStream", { StreamName: "orders", ShardCount: 1 });
      assert.equal(await put(), DENIED);
      assert.match((await kinesis(denied, "ReceiveQueueRecords", {})).message, /kinesis:ReceiveQueueRecords/);
    });
  });

  describe("EFS", () => {
    const efs = (credentials: AwsCredentialIdentity, method: string, path: string, params?: object) =>
      ask(credentials, "elasticfilesystem", {
        method,
        path: `/2015-02-01${path}`,
        ...(params && { params }),
      });
    let admin: AwsCredentialIdentity;
    let id: string;
    before(async () => {
      admin = world.gateway.administrators.prod!;
      const Tags = [{ Key: "stage", Value: "prod" }];
      const { body } = await efs(admin, "POST", "/file-systems", {
        CreationToken: "one",
        Encrypted: true,
        Tags,
      });
      id = String(body.FileSystemId);
    });

    it("decides on a file system by ID and ARN, by encryption and by tags", async () => {
      const fileSystem = arn("elasticfilesystem", `file-system/${id}`);
      const reader = await who(allow("elasticfilesystem:DescribeLifecycleConfiguration", fileSystem));
      const read = (credentials: AwsCredentialIdentity, name: string) =>
        tell(efs(credentials, "GET", `/file-systems/${encodeURIComponent(name)}/lifecycle-configuration`));
      assert.deepEqual(
        [await read(reader, id), await read(reader, fileSystem), await read(reader, "fs-0123")],
        ["allowed", "allowed", DENIED],
      );
      const everything = { Action: "elasticfilesystem:*", Resource: "*" };
      const denied = async (Condition: object) =>
        who(policy(everything, { ...everything, Effect: "Deny", Condition }));
      assert.equal(
        await read(await denied({ StringEquals: { "aws:ResourceTag/stage": "prod" } }), id),
        DENIED,
      );
      const encrypting = await denied({ Bool: { "elasticfilesystem:Encrypted": "false" } });
      const create = (CreationToken: string, Encrypted: boolean) =>
        tell(efs(encrypting, "POST", "/file-systems", { CreationToken, Encrypted }));
      assert.deepEqual([await create("two", false), await create("three", true)], [DENIED, "allowed"]);
      const creator = await who(allow("elasticfilesystem:CreateFileSystem"));
      const tagged = { CreationToken: "four", Tags: [{ Key: "a", Value: "b" }] };
      assert.match(
        (await efs(creator, "POST", "/file-systems", tagged)).message,
        /elasticfilesystem:TagResource/,
      );
      const mounting = await who(allow("elasticfilesystem:CreateMountTarget"));
      const target = { FileSystemId: id, SubnetId: "subnet-1" };
      assert.match((await efs(mounting, "POST", "/mount-targets", target)).message, /ec2:DescribeSubnets/);
      const oneDenied = await who(
        policy(everything, { ...everything, Effect: "Deny", Resource: fileSystem }),
      );
      const unknown = await efs(oneDenied, "GET", "/secrets");
      assert.match(unknown.message, /GET \/2015-02-01\/secrets is not in the table of elasticfilesystem/);
      assert.equal(await tell(efs(admin, "GET", "/secrets")), "NotImplemented");
    });

    it("judges the policy of a file system, for its account and for another", async () => {
      const fileSystem = arn("elasticfilesystem", `file-system/${id}`);
      const reader = await who(allow("elasticfilesystem:DescribeMountTargets"));
      const guest = await who(allow("elasticfilesystem:DescribeMountTargets"), "dev");
      const read = (credentials: AwsCredentialIdentity) =>
        tell(efs(credentials, "GET", `/mount-targets?FileSystemId=${encodeURIComponent(fileSystem)}`));
      const path = `/file-systems/${id}/policy`;
      const put = (document: string) => efs(admin, "PUT", path, { Policy: document });
      assert.deepEqual([await read(reader), await read(guest)], ["allowed", DENIED]);
      const Action = "elasticfilesystem:DescribeMountTargets";
      assert.equal(await tell(put(policy({ Principal: root, Action, Resource: fileSystem }))), "allowed");
      assert.deepEqual([await read(reader), await read(guest)], ["allowed", "allowed"]);
      await put(policy({ Effect: "Deny", Principal: "*", Action, Resource: fileSystem }));
      assert.deepEqual([await read(reader), await read(guest)], [DENIED, DENIED]);
      assert.equal(await tell(efs(admin, "DELETE", path)), "allowed");
      assert.deepEqual([await read(reader), await read(guest)], ["allowed", DENIED]);
      assert.equal(await tell(put("{}")), "InvalidPolicyException");
      const twice = `/file-systems/${id}/policy?FileSystemId=fs-other`;
      assert.equal(await tell(efs(admin, "GET", twice)), "MalformedQueryString");
    });
  });

  describe("Step Functions", () => {
    const states = asking("states", "AWSStepFunctions");
    const machine = arn("states", "stateMachine:orders");
    const definition = JSON.stringify({ StartAt: "A", States: { A: { Type: "Pass", End: true } } });
    let admin: AwsCredentialIdentity;
    let roleArn: string;
    before(async () => {
      admin = world.gateway.administrators.prod!;
      roleArn = await world.role("prod", "workflow", trusting("states.amazonaws.com"));
      const tags = [{ key: "stage", value: "prod" }];
      const made = { name: "orders", definition, roleArn, publish: true, tags };
      assert.equal(await tell(states(admin, "CreateStateMachine", made)), "allowed");
    });

    it("creates a state machine for who can pass its role, where Step Functions can assume it", async () => {
      const creates = { Action: "states:CreateStateMachine", Resource: arn("states", "stateMachine:made-*") };
      const make = (credentials: AwsCredentialIdentity, name: string, more: object = {}) =>
        states(credentials, "CreateStateMachine", { name, definition, roleArn, ...more });
      assert.match((await make(await who(policy(creates)), "made-1")).message, /iam:PassRole/);
      const able = await who(policy(creates, { Action: "iam:PassRole", Resource: "*" }));
      assert.equal(await tell(make(able, "made-1")), "allowed");
      assert.equal(await tell(make(able, "other")), DENIED);
      assert.match(
        (await make(able, "made-2", { tags: [{ key: "a", value: "b" }] })).message,
        /states:TagResource/,
      );
      const foreign = await world.role("prod", "no-workflow", trusting("lambda.amazonaws.com"));
      assert.match(
        (await make(able, "made-3", { roleArn: foreign })).message,
        /is authorized to assume the provided role/,
      );
      const updated = { stateMachineArn: machine, roleArn };
      assert.match(
        (await states(await who(allow("states:UpdateStateMachine")), "UpdateStateMachine", updated)).message,
        /iam:PassRole/,
      );
    });

    it("starts by state machine, version and tags, and not for another account", async () => {
      const start = (credentials: AwsCredentialIdentity, stateMachineArn = machine) =>
        tell(states(credentials, "StartExecution", { stateMachineArn }));
      const able = { Action: "states:StartExecution", Resource: machine };
      const starter = await who(policy(able));
      assert.deepEqual(
        [await start(starter), await start(starter, machine.replace("orders", "made-1"))],
        ["allowed", DENIED],
      );
      for (const operator of ["StringEquals", "ForAnyValue:StringEquals"]) {
        const Condition = { [operator]: { "states:StateMachineQualifier": "1" } };
        const first = await who(policy({ ...able, Condition }));
        assert.equal(await start(first), DENIED);
        assert.notEqual(await start(first, `${machine}:1`), DENIED);
        assert.equal(await start(first, `${machine}:2`), DENIED);
      }
      const Condition = { StringEquals: { "aws:ResourceTag/stage": "prod" } };
      assert.equal(await start(await who(policy(able, { ...able, Effect: "Deny", Condition }))), DENIED);
      assert.equal(await start(world.gateway.administrators.dev!), DENIED);
      const denied = await who(
        policy({ Action: "*", Resource: "*" }, { Effect: "Deny", Action: "states:*", Resource: machine }),
      );
      assert.match((await states(denied, "Restart", {})).message, /states:Restart/);
    });
  });
});

interface Asked {
  method?: string;
  path?: string;
  target?: string;
  params?: object;
}
