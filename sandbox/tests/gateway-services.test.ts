import assert from "node:assert/strict";
import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateRestApiCommand,
  GetRestApisCommand,
  PutRestApiCommand,
  UpdateRestApiCommand,
} from "@aws-sdk/client-api-gateway";
import {
  CreateTagsCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  EC2Client,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  SetRepositoryPolicyCommand,
} from "@aws-sdk/client-ecr";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { CreateThingCommand, DescribeEndpointCommand, IoTClient } from "@aws-sdk/client-iot";
import { IoTDataPlaneClient, PublishCommand as PublishToTopic } from "@aws-sdk/client-iot-data-plane";
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  KMSClient,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import {
  CreateTopicCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import {
  DescribeParametersCommand,
  GetParameterCommand,
  GetParametersCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromInstanceMetadata } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity } from "@smithy/types";
import { callApi } from "../../tools/verify/api";
import { ACCOUNTS, allow, outcome, type Person, policy, REGION, World } from "./gateway-world";

const arn = (service: string, resource: string, account = ACCOUNTS.prod) =>
  `arn:aws:${service}:${REGION}:${account}:${resource}`;
const root = { AWS: `arn:aws:iam::${ACCOUNTS.dev}:root` };

describe("gateway: services", function () {
  this.timeout(60_000);
  let world: World;
  /** A role of prod with this policy, assumed by dev's administrator. */
  let roles = 0;
  const acting = async (document: string) => {
    const role = await world.role(
      "prod",
      `acting-${++roles}`,
      policy({ Principal: root, Action: "sts:AssumeRole" }),
      document,
    );
    return world.assume(world.gateway.administrators.dev!, role);
  };
  before(async () => {
    world = await World.start();
  });
  after(() => world?.stop());

  it("SSM: parameters by name, listed by all", async () => {
    const admin = world.admin(SSMClient, "prod");
    for (const Name of ["/app/value", "plain", "/app/other"])
      await admin.send(new PutParameterCommand({ Name, Value: "1", Type: "String" }));
    const who = await acting(
      policy(
        { Action: "ssm:DescribeParameters", Resource: "*" },
        {
          Action: ["ssm:GetParameter", "ssm:GetParameters"],
          Resource: [arn("ssm", "parameter/app/value"), arn("ssm", "parameter/plain")],
        },
      ),
    );
    const ssm = world.client(SSMClient, who);
    const get = (Name: string) => outcome(ssm.send(new GetParameterCommand({ Name })));
    assert.equal((await ssm.send(new DescribeParametersCommand({}))).Parameters!.length, 3);
    for (const name of ["/app/value", "plain", arn("ssm", "parameter/app/value")])
      assert.equal(await get(name), "allowed", name);
    for (const name of ["/app/other", "/app", arn("ssm", "parameter/app/value", ACCOUNTS.dev)])
      assert.equal(await get(name), "AccessDeniedException", name);
    const both = (...Names: string[]) => outcome(ssm.send(new GetParametersCommand({ Names })));
    assert.equal(await both("/app/value", "plain"), "allowed");
    assert.equal(await both("/app/value", "/app/other"), "AccessDeniedException");
    assert.equal(
      await outcome(world.client(EC2Client, who).send(new DescribeInstancesCommand({}))),
      "UnauthorizedOperation",
    );
  });

  it("SSM: a parameter that another account's key encrypts stays in its own", async () => {
    const { KeyMetadata } = await world.admin(KMSClient, "dev").send(
      new CreateKeyCommand({
        Policy: policy({
          Principal: { AWS: [root.AWS, `arn:aws:iam::${ACCOUNTS.prod}:root`] },
          Action: "kms:*",
          Resource: "*",
        }),
      }),
    );
    const secure = { Name: "abroad", Value: "1", Type: "SecureString" as const, KeyId: KeyMetadata!.Arn! };
    await world.admin(SSMClient, "prod").send(new PutParameterCommand(secure));
    const find = (profile: "dev" | "prod") =>
      outcome(world.admin(SSMClient, profile).send(new GetParameterCommand({ Name: "abroad" })));
    assert.deepEqual([await find("prod"), await find("dev")], ["allowed", "ParameterNotFound"]);
  });

  it("SSM: a secure parameter needs its key too", async () => {
    const { KeyMetadata } = await world.admin(KMSClient, "prod").send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata!.Arn!;
    const admin = world.admin(SSMClient, "prod");
    await admin.send(
      new PutParameterCommand({ Name: "/secret/own", Value: "1", Type: "SecureString", KeyId }),
    );
    await admin.send(new PutParameterCommand({ Name: "/secret/aws", Value: "1", Type: "SecureString" }));
    const may = {
      Action: ["ssm:GetParameter", "ssm:PutParameter"],
      Resource: arn("ssm", "parameter/secret/*"),
    };
    const ssm = world.client(SSMClient, await acting(policy(may)));
    const get = (client: SSMClient, Name: string, WithDecryption = true) =>
      outcome(client.send(new GetParameterCommand({ Name, WithDecryption })));
    assert.deepEqual(
      [await get(ssm, "/secret/aws"), await get(ssm, "/secret/own", false), await get(ssm, "/secret/own")],
      ["allowed", "allowed", "AccessDeniedException"],
    );
    const put = new PutParameterCommand({ Name: "/secret/new", Value: "1", Type: "SecureString", KeyId });
    assert.equal(await outcome(ssm.send(put)), "AccessDeniedException");
    const Condition = { StringEquals: { "kms:ViaService": `ssm.${REGION}.amazonaws.com` } };
    const withKey = await acting(policy(may, { Action: "kms:Decrypt", Resource: KeyId, Condition }));
    assert.equal(await get(world.client(SSMClient, withKey), "/secret/own"), "allowed");
  });

  it("EC2: named instances, and those with a tag", async () => {
    const admin = world.admin(EC2Client, "prod");
    const { Instances } = await admin.send(
      new RunInstancesCommand({
        ImageId: "ami-12c6146b",
        InstanceType: "t3.micro",
        MinCount: 3,
        MaxCount: 3,
      }),
    );
    const [named, tagged, other] = Instances!.map((one) => one.InstanceId!) as [string, string, string];
    await admin.send(
      new CreateTagsCommand({ Resources: [tagged], Tags: [{ Key: "operated", Value: "yes" }] }),
    );
    const Action = ["ec2:StartInstances", "ec2:StopInstances", "ec2:RebootInstances"];
    const who = await acting(
      policy(
        { Action: "ec2:Describe*", Resource: "*" },
        { Action, Resource: arn("ec2", `instance/${named}`) },
        { Action, Resource: "*", Condition: { StringEquals: { "aws:ResourceTag/operated": "yes" } } },
      ),
    );
    const ec2 = world.client(EC2Client, who);
    const asked = async (...InstanceIds: string[]) => [
      await outcome(ec2.send(new RebootInstancesCommand({ InstanceIds }))),
      await outcome(ec2.send(new StopInstancesCommand({ InstanceIds }))),
      await outcome(ec2.send(new StartInstancesCommand({ InstanceIds }))),
    ];
    const each = (result: string) => [result, result, result];
    assert.deepEqual(await asked(named), each("allowed"));
    assert.deepEqual(await asked(tagged), each("allowed"));
    assert.deepEqual(await asked(named, tagged), each("allowed"));
    assert.deepEqual(await asked(other), each("UnauthorizedOperation"));
    assert.deepEqual(await asked(named, other), each("UnauthorizedOperation"));
    assert.equal(await outcome(ec2.send(new DescribeInstanceStatusCommand({}))), "allowed");
    assert.equal(
      await outcome(ec2.send(new TerminateInstancesCommand({ InstanceIds: [named] }))),
      "UnauthorizedOperation",
    );
    assert.equal(
      await outcome(ec2.send(new RunInstancesCommand({ ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1 }))),
      "UnauthorizedOperation",
    );
    assert.equal(
      await outcome(
        ec2.send(new CreateTagsCommand({ Resources: [other], Tags: [{ Key: "operated", Value: "yes" }] })),
      ),
      "UnauthorizedOperation",
    );
  });

  it("EC2: full access by AWS's managed policy stops short of passing a role", async () => {
    const person = await world.person("prod", "operator", policy({ Action: "ec2:*", Resource: "*" }));
    const iam = world.admin(IAMClient, "prod");
    const role = await world.role(
      "prod",
      "machine",
      policy({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
    );
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: "machine" }));
    await iam.send(
      new AddRoleToInstanceProfileCommand({ InstanceProfileName: "machine", RoleName: "machine" }),
    );
    const run = (who: Person, more: object) =>
      outcome(
        world
          .client(EC2Client, who.credentials)
          .send(new RunInstancesCommand({ ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1, ...more })),
      );
    assert.equal(await run(person, {}), "allowed");
    assert.equal(await run(person, { IamInstanceProfile: { Name: "machine" } }), "UnauthorizedOperation");
    const passer = await world.person(
      "prod",
      "passer",
      policy(
        { Action: "ec2:*", Resource: "*" },
        {
          Action: "iam:PassRole",
          Resource: role,
          Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
        },
      ),
    );
    assert.equal(await run(passer, { IamInstanceProfile: { Name: "machine" } }), "allowed");
  });

  describe("EC2 instance metadata", () => {
    const metadata = async (id: string): Promise<string> =>
      JSON.parse((await world.raw("POST", `/_sandbox/metadata?instanceId=${id}`)).body).url;
    let machines = 0;
    async function machine(
      trust: string,
      document: string,
    ): Promise<{ id: string; url: string; role: string }> {
      const name = `metadata-${++machines}`;
      const iam = world.admin(IAMClient, "dev");
      const role = await world.role("dev", name, trust, document);
      await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: name }));
      await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: name, RoleName: name }));
      const run = { ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1, IamInstanceProfile: { Name: name } };
      const { Instances } = await world.admin(EC2Client, "dev").send(new RunInstancesCommand(run));
      const id = Instances![0]!.InstanceId!;
      return { id, url: await metadata(id), role };
    }
    const trustsEc2 = policy({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" });
    const ask = async (url: string, path: string, headers: Record<string, string>, method = "GET") => {
      const answer = await fetch(url + path, { method, headers });
      return { status: answer.status, body: await answer.text() };
    };
    const TTL = "x-aws-ec2-metadata-token-ttl-seconds";

    it("gives the role's credentials to the SDK's provider, and they assume a role across for more than an hour", async () => {
      const { id, url } = await machine(trustsEc2, allow("sts:AssumeRole"));
      const endpoint = process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
      process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = url;
      const credentials = await fromInstanceMetadata()().finally(() => {
        if (endpoint === undefined) delete process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
        else process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = endpoint;
      });
      const who = (await world.client(STSClient, credentials).send(new GetCallerIdentityCommand({}))).Arn;
      assert.equal(who, `arn:aws:sts::${ACCOUNTS.dev}:assumed-role/metadata-${machines}/${id}`);
      const Condition = { ArnLike: { "aws:PrincipalArn": `arn:aws:iam::${ACCOUNTS.dev}:role/metadata-*` } };
      const trust = policy({ Principal: root, Action: "sts:AssumeRole", Condition });
      const across = await world.role("prod", "for-machines", trust, undefined, { MaxSessionDuration: 7200 });
      assert.equal(await outcome(world.assume(credentials, across, { DurationSeconds: 7200 })), "allowed");
    });
    it("answers nothing without its own token, nor to a proxy", async () => {
      const { id, url } = await machine(trustsEc2, allow("sts:AssumeRole"));
      const path = "/latest/meta-data/iam/security-credentials/";
      assert.equal((await ask(url, path, {})).status, 401);
      assert.equal((await ask(url, path, { "x-aws-ec2-metadata-token": "guessed" })).status, 401);
      assert.equal(
        (await ask(url, "/latest/api/token", { [TTL]: "60", "x-forwarded-for": "10.0.0.1" }, "PUT")).status,
        403,
      );
      assert.equal((await ask(url, "/latest/api/token", { [TTL]: "0" }, "PUT")).status, 400);
      const token = (await ask(url, "/latest/api/token", { [TTL]: "60" }, "PUT")).body;
      const read = async (what: string) =>
        (await ask(url, `/latest/${what}`, { "x-aws-ec2-metadata-token": token })).body;
      assert.equal(await read("meta-data/instance-id"), id);
      assert.equal(await read("meta-data/placement/region"), REGION);
      assert.equal(await read("meta-data/iam/security-credentials/"), `metadata-${machines}`);
      const document = JSON.parse(await read("dynamic/instance-identity/document"));
      assert.deepEqual(
        [document.accountId, document.instanceId, document.region],
        [ACCOUNTS.dev, id, REGION],
      );
      world.advance(61);
      assert.equal((await ask(url, path, { "x-aws-ec2-metadata-token": token })).status, 401);
    });
    it("has no credentials for a role that does not trust EC2", async () => {
      const { url } = await machine(
        policy({ Principal: root, Action: "sts:AssumeRole" }),
        allow("sts:AssumeRole"),
      );
      const token = (await ask(url, "/latest/api/token", { [TTL]: "60" }, "PUT")).body;
      const { body } = await ask(url, `/latest/meta-data/iam/security-credentials/metadata-${machines}`, {
        "x-aws-ec2-metadata-token": token,
      });
      assert.equal(JSON.parse(body).Code, "AssumeRoleUnauthorizedAccess");
    });
    it("is there for instances alone", async () => {
      assert.equal(
        (await world.raw("POST", "/_sandbox/metadata?instanceId=i-0123456789abcdef0")).status,
        404,
      );
      assert.equal((await world.raw("POST", "/_sandbox/metadata?instanceId=../x")).status, 404);
    });
  });

  it("IoT: publishing to one topic, plain or encoded", async () => {
    const who = await acting(
      policy(
        { Action: "iot:Publish", Resource: arn("iot", "topic/test") },
        { Action: "iot:Publish", Resource: arn("iot", "topic/a/b") },
      ),
    );
    const publish = (topic: string, credentials = who) =>
      outcome(
        world
          .client(IoTDataPlaneClient, credentials)
          .send(new PublishToTopic({ topic, qos: 1, payload: Buffer.from("hello") })),
      );
    assert.deepEqual([await publish("test"), await publish("a/b")], ["allowed", "allowed"]);
    assert.deepEqual(
      [await publish("other"), await publish("test/deeper"), await publish("a")],
      Array(3).fill("ForbiddenException"),
    );
    const powerless = await world.person("dev", "powerless");
    assert.equal(await publish("test", powerless.credentials), "ForbiddenException");
    const iot = world.client(IoTClient, who);
    assert.equal(await outcome(iot.send(new DescribeEndpointCommand({}))), "AccessDeniedException");
    assert.equal(
      await outcome(world.admin(IoTClient, "prod").send(new CreateThingCommand({ thingName: "thing" }))),
      "allowed",
    );
  });

  it("API Gateway: by method and path", async () => {
    const admin = world.admin(APIGatewayClient, "prod");
    await admin.send(new CreateRestApiCommand({ name: "api" }));
    const reader = world.client(
      APIGatewayClient,
      await acting(allow("apigateway:GET", `arn:aws:apigateway:${REGION}::/restapis`)),
    );
    assert.equal((await reader.send(new GetRestApisCommand({}))).items!.length, 1);
    assert.equal(
      await outcome(reader.send(new CreateRestApiCommand({ name: "other" }))),
      "AccessDeniedException",
    );
  });

  /** An API of prod, deployed: `GET /greeting` and `GET /closed/door` need IAM authorization, `GET /open` none. */
  async function api(): Promise<{ id: string; url: string }> {
    const admin = world.admin(APIGatewayClient, "prod");
    const { id: restApiId = "" } = await admin.send(new CreateRestApiCommand({ name: "called" }));
    const get = {
      security: [{ iam: [] }],
      responses: { 200: { description: "" } },
      "x-amazon-apigateway-integration": {
        type: "mock",
        responses: { default: { statusCode: "200", responseTemplates: { "text/plain": "hello" } } },
      },
    };
    const iam = {
      type: "apiKey",
      name: "Authorization",
      in: "header",
      "x-amazon-apigateway-authtype": "awsSigv4",
    };
    const body = {
      openapi: "3.0.1",
      info: { title: "called", version: "1" },
      components: { securitySchemes: { iam } },
      paths: {
        "/greeting": { get },
        "/closed/door": { get },
        "/open": { get: { ...get, security: [] } },
      },
    };
    await admin.send(
      new PutRestApiCommand({ restApiId, mode: "overwrite", body: Buffer.from(JSON.stringify(body)) }),
    );
    await admin.send(new CreateDeploymentCommand({ restApiId, stageName: "v1" }));
    return { id: restApiId, url: `https://${restApiId}.execute-api.${REGION}.amazonaws.com/v1/greeting` };
  }
  const call = (credentials: AwsCredentialIdentity, url: string, region = REGION) =>
    outcome(callApi({ credentials, region, endpoint: world.gateway.url }, url));

  it("API Gateway: an API's methods, by stage, method and path", async () => {
    const { id, url } = await api();
    const caller = async (...resources: string[]) => {
      const may = resources.map((resource) => arn("execute-api", resource));
      return (await world.person("prod", `caller-${++callers}`, allow("execute-api:Invoke", may)))
        .credentials;
    };
    let callers = 0;
    const at = (path: string) => url.replace("/v1/greeting", path);
    const exact = await caller(`${id}/v1/GET/greeting`);
    assert.equal(
      await callApi({ credentials: exact, region: REGION, endpoint: world.gateway.url }, url),
      "hello",
    );
    assert.equal(await call(exact, at("/v1/closed/door")), "AccessDeniedException");
    for (const wrong of [
      `${id}/v2/GET/greeting`,
      `${id}/v1/POST/greeting`,
      `${id}x/v1/GET/greeting`,
      `${id}`,
    ])
      assert.equal(await call(await caller(wrong), url), "AccessDeniedException", wrong);
    for (const right of [
      "*",
      `${id}/*`,
      `${id}/v1/*/greeting`,
      "*/v1/GET/greeting",
      `${id.slice(0, 3)}*/v1/GET/*`,
    ])
      assert.equal(await call(await caller(right), url), "allowed", right);
    const everything = world.gateway.administrators.prod!;
    assert.equal(await call(everything, at("/v1/closed/door")), "allowed");
    for (const nowhere of ["/v1/none", "/v1/closed", "/v1/greeting/", "/v1/closed%2Fdoor"])
      assert.equal(await call(everything, at(nowhere)), "MissingAuthenticationTokenException", nowhere);
    for (const nothing of ["/", "/v2/greeting"])
      assert.equal(await call(everything, at(nothing)), "ForbiddenException", nothing);
    assert.equal(await call(everything, url.replace(id, "a0b1c2")), "ForbiddenException");
    assert.equal(await call(everything, url, "eu-west-1"), "ForbiddenException");
    assert.equal(await call(everything, at("/v1/open")), "InternalServerErrorException");
    const { status, body } = await world.raw("GET", "/v1/greeting", { host: new URL(url).host });
    assert.equal(status, 403);
    assert.match(body, /Missing Authentication Token|MissingAuthenticationToken/);
  });

  it("API Gateway: an API's policy may leave out its own name, and an explicit deny wins", async () => {
    const { id, url } = await api();
    const admin = world.admin(APIGatewayClient, "prod");
    const guest = await world.person("dev", "guest", allow("execute-api:Invoke"));
    const set = (value: string) =>
      admin.send(
        new UpdateRestApiCommand({
          restApiId: id,
          patchOperations: [{ op: "replace", path: "/policy", value }],
        }),
      );
    const share = {
      Principal: { AWS: `arn:aws:iam::${ACCOUNTS.dev}:root` },
      Action: "execute-api:Invoke",
      Resource: "execute-api:/v1/GET/*",
    };
    await set(policy(share));
    assert.equal(await call(guest.credentials, url), "allowed");
    await set(policy(share, { ...share, Effect: "Deny", Resource: "execute-api:/v1/GET/closed/*" }));
    assert.equal(await call(guest.credentials, url), "allowed");
    assert.equal(
      await call(guest.credentials, url.replace("greeting", "closed/door")),
      "AccessDeniedException",
    );
  });

  describe("resource policies across accounts: both sides must allow", () => {
    type Try = (who: AwsCredentialIdentity) => Promise<string>;
    /** Makes a resource in prod; gives its ARN, what tries it, and what sets its policy. */
    const kinds: Record<
      string,
      {
        action: string;
        make: () => Promise<{
          resource: string;
          attempt: Try;
          share: (document: string) => Promise<unknown>;
        }>;
      }
    > = {
      SNS: {
        action: "sns:Publish",
        make: async () => {
          const admin = world.admin(SNSClient, "prod");
          const TopicArn = (await admin.send(new CreateTopicCommand({ Name: "shared" }))).TopicArn!;
          return {
            resource: TopicArn,
            attempt: (who) =>
              outcome(world.client(SNSClient, who).send(new PublishCommand({ TopicArn, Message: "hello" }))),
            share: (AttributeValue) =>
              admin.send(
                new SetTopicAttributesCommand({ TopicArn, AttributeName: "Policy", AttributeValue }),
              ),
          };
        },
      },
      SQS: {
        action: "sqs:SendMessage",
        make: async () => {
          const admin = world.admin(SQSClient, "prod");
          const QueueUrl = (await admin.send(new CreateQueueCommand({ QueueName: "shared" }))).QueueUrl!;
          return {
            resource: arn("sqs", "shared"),
            attempt: (who) =>
              outcome(
                world.client(SQSClient, who).send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" })),
              ),
            share: (Policy) =>
              admin.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } })),
          };
        },
      },
      ECR: {
        action: "ecr:DescribeImages",
        make: async () => {
          const admin = world.admin(ECRClient, "prod");
          await admin.send(new CreateRepositoryCommand({ repositoryName: "shared" }));
          return {
            resource: arn("ecr", "repository/shared"),
            attempt: (who) =>
              outcome(
                world
                  .client(ECRClient, who)
                  .send(new DescribeImagesCommand({ repositoryName: "shared", registryId: ACCOUNTS.prod })),
              ),
            // ECR's policies name no resource: they lie on one.
            share: (document) => {
              const policyText = JSON.stringify(JSON.parse(document), (key, value) =>
                key === "Resource" ? undefined : value,
              );
              return admin.send(new SetRepositoryPolicyCommand({ repositoryName: "shared", policyText }));
            },
          };
        },
      },
      "API Gateway": {
        action: "execute-api:Invoke",
        make: async () => {
          const { id, url } = await api();
          const admin = world.admin(APIGatewayClient, "prod");
          return {
            resource: arn("execute-api", "*/v1/GET/greeting"),
            attempt: (who) => call(who, url),
            share: (value) =>
              admin.send(
                new UpdateRestApiCommand({
                  restApiId: id,
                  patchOperations: [{ op: "replace", path: "/policy", value }],
                }),
              ),
          };
        },
      },
      KMS: {
        action: "kms:Encrypt",
        make: async () => {
          const admin = world.admin(KMSClient, "prod");
          const KeyId = (await admin.send(new CreateKeyCommand({}))).KeyMetadata!.Arn!;
          return {
            resource: KeyId,
            attempt: (who) =>
              outcome(
                world
                  .client(KMSClient, who)
                  .send(new EncryptCommand({ KeyId, Plaintext: Buffer.from("hello") })),
              ),
            share: (Policy) => admin.send(new PutKeyPolicyCommand({ KeyId, PolicyName: "default", Policy })),
          };
        },
      },
    };
    for (const [name, { action, make }] of Object.entries(kinds))
      it(name, async () => {
        const { resource, attempt, share } = await make();
        const allowed = (await world.person("dev", `${name}-allowed`, allow(action, resource))).credentials;
        const silent = (await world.person("dev", `${name}-silent`)).credentials;
        const refused = new Set([await attempt(allowed), await attempt(silent)]);
        assert.match([...refused].join(), /^(AuthorizationError|AccessDenied)/, "before it is shared");
        const owner = {
          Principal: { AWS: `arn:aws:iam::${ACCOUNTS.prod}:root` },
          Action: `${action.split(":")[0]}:*`,
          Resource: "*",
        };
        await share(
          policy(
            { Principal: root, Action: action, Resource: name === "KMS" ? "*" : resource },
            ...(name === "KMS" ? [owner] : []),
          ),
        );
        assert.equal(await attempt(allowed), "allowed");
        assert.match(
          await attempt(silent),
          /^(AuthorizationError|AccessDenied)/,
          "its own account says nothing",
        );
        assert.equal(await attempt(world.gateway.administrators.prod!), "allowed");
        assert.match(
          await attempt(world.gateway.administrators.outsider!),
          /^(AuthorizationError|AccessDenied)/,
          "an outsider",
        );
      });

    it("what is sent across arrives on the other side", async () => {
      const admin = world.admin(SQSClient, "prod");
      const QueueUrl = (await admin.send(new CreateQueueCommand({ QueueName: "arrivals" }))).QueueUrl!;
      const Policy = policy({ Principal: root, Action: "sqs:*", Resource: arn("sqs", "arrivals") });
      await admin.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
      await world.admin(SQSClient, "dev").send(new SendMessageCommand({ QueueUrl, MessageBody: "hello" }));
      const { Messages } = await admin.send(new ReceiveMessageCommand({ QueueUrl }));
      assert.deepEqual(
        Messages?.map((one) => one.Body),
        ["hello"],
      );
      // A queue's policy opens how it is set up to no other account: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-customer-managed-policy-examples.html
      const Attributes = { VisibilityTimeout: "1" };
      const change = world
        .admin(SQSClient, "dev")
        .send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
      assert.match(await outcome(change), /^AccessDenied/);
    });

    it("who waits for a message holds nobody up, and gets it when it comes", async () => {
      const sqs = world.admin(SQSClient, "prod");
      const QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: "waiting" }))).QueueUrl!;
      const receive = async (WaitTimeSeconds?: number) => {
        const started = performance.now();
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds }));
        return { bodies: Messages.map(({ Body }) => Body), seconds: (performance.now() - started) / 1000 };
      };
      // More than the connections to moto, and longer than this test.
      const waiting = Array.from({ length: 6 }, () => receive(20));
      const MessageBody = "hello";
      for (let i = 0; i < waiting.length; i++)
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
      for (const { bodies } of await Promise.all(waiting)) assert.deepEqual(bodies, [MessageBody]);
      const nothing = await receive(1);
      assert.deepEqual(nothing.bodies, []);
      assert.ok(nothing.seconds >= 1);
      const Attributes = { ReceiveMessageWaitTimeSeconds: "1" };
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
      assert.ok((await receive()).seconds >= 1, "as long as the queue says");
      assert.equal(await outcome(receive(21)), "InvalidParameterValue");
    });

    it("KMS: what a key encrypted opens with that key alone", async () => {
      const admin = world.admin(KMSClient, "prod");
      const { KeyMetadata } = await admin.send(new CreateKeyCommand({}));
      const { CiphertextBlob } = await admin.send(
        new EncryptCommand({ KeyId: KeyMetadata!.Arn!, Plaintext: Buffer.from("hello") }),
      );
      const decrypt = (who: AwsCredentialIdentity) =>
        outcome(world.client(KMSClient, who).send(new DecryptCommand({ CiphertextBlob })));
      assert.equal(await decrypt(await acting(allow("kms:Decrypt", KeyMetadata!.Arn!))), "allowed");
      assert.equal(
        await decrypt(await acting(allow("kms:Decrypt", arn("kms", "key/other")))),
        "AccessDeniedException",
      );
    });
  });
});
