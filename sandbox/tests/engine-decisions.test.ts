import assert from "node:assert/strict";
import { CheckRequest } from "@pulumi/pulumi/proto/provider_pb";
import { check } from "../pulumi/provider-aws/check";
import { diff } from "../pulumi/provider-aws/diff";
import { prefixOf, withPrefixedName } from "../pulumi/provider-aws/names";
import { inputsOf } from "../pulumi/provider-aws/read";
import { typeOf } from "../pulumi/provider-aws/types";
import { toStruct, toValues, type Values } from "../pulumi/provider-aws/values";
import { officialSchema } from "./fixtures/official-schema";
import { OFFICIAL_STATE } from "./fixtures/official-state";

/** What the plugin proposes for a state and the inputs of a program, by property. */
function proposal(token: string, state: Values, news: Values): Record<string, "update" | "replace"> {
  const request = new CheckRequest().setType(token).setName("name");
  const { inputs, failures } = check(typeOf(token), news, {}, request, undefined);
  assert.deepEqual(failures, []);
  const changes = diff(typeOf(token), state, inputs);
  return Object.fromEntries(
    [...changes].map(([name, { replace }]) => [name, replace ? "replace" : "update"]),
  );
}

interface DecisionCase {
  type: string;
  state: Values;
  inputs: Values;
  proposes: Record<string, "update" | "replace">;
}

const QUEUE = {
  delaySeconds: 0,
  maxMessageSize: 262_144,
  messageRetentionSeconds: 345_600,
  name: "q",
  receiveWaitTimeSeconds: 0,
  visibilityTimeoutSeconds: 30,
};
const PARAMETER = { name: "p", type: "String", value: "v", dataType: "text", tier: "Standard" };
const INSTANCE = { ami: "ami-1", instanceType: "t3.micro", monitoring: false, userData: "one" };
const DEPLOYMENT = { restApi: "r", description: "before", triggers: { body: "1" } };
const VERSIONING = { bucket: "b", versioningConfiguration: { status: "Enabled" } };
const KMS_KEY = {
  customerMasterKeySpec: "SYMMETRIC_DEFAULT",
  description: "",
  isEnabled: true,
  keyUsage: "ENCRYPT_DECRYPT",
  multiRegion: true,
};
const REST_API = {
  name: "a",
  description: "by its body",
  disableExecuteApiEndpoint: true,
  endpointConfiguration: { ipAddressType: "ipv4", types: "EDGE", vpcEndpointIds: [] },
  policy: '{"Statement":[]}',
  putRestApiMode: "overwrite",
};
const ENCRYPTED = {
  bucket: "b",
  rules: [
    {
      applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256", kmsMasterKeyId: "" },
      blockedEncryptionTypes: ["SSE-C"],
      bucketKeyEnabled: true,
    },
  ],
};
const encryptedBy = (sseAlgorithm: string, more: object = {}) => ({
  bucket: "b",
  rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm }, ...more }],
});
const KEY_ARN = "arn:aws:kms:eu-west-1:000000000001:key/11111111-2222-3333-4444-555555555555";
const KEY_ID = "11111111-2222-3333-4444-555555555555";
const ISSUER = "token.actions.githubusercontent.com";
const THUMBPRINTS = ["a".repeat(40), "b".repeat(40)];
const oidcProvider = (url: string, thumbprintLists = THUMBPRINTS) => ({
  url,
  clientIdLists: ["sts.amazonaws.com"],
  thumbprintLists,
});

const TABLE = {
  name: "t",
  attributes: [
    { name: "id", type: "S" },
    { name: "buyer", type: "S" },
  ],
  billingMode: "PROVISIONED",
  globalSecondaryIndexes: [
    {
      hashKey: "buyer",
      name: "byBuyer",
      nonKeyAttributes: [],
      projectionType: "ALL",
      readCapacity: 1,
      writeCapacity: 1,
    },
  ],
  hashKey: "id",
  pointInTimeRecovery: { enabled: false, recoveryPeriodInDays: 0 },
  readCapacity: 1,
  serverSideEncryption: { enabled: false, kmsKeyArn: "" },
  tableClass: "STANDARD",
  ttl: { attributeName: "", enabled: false },
  writeCapacity: 1,
};
const FUNCTION = {
  name: "f",
  architectures: ["x86_64"],
  code: { hash: "1" },
  memorySize: 128,
  packageType: "Zip",
  reservedConcurrentExecutions: -1,
  role: "arn:aws:iam::000000000001:role/f",
  runtime: "nodejs22.x",
  timeout: 3,
  tracingConfig: { mode: "PassThrough" },
};
const functionInputs = { name: "f", code: { hash: "1" }, role: FUNCTION.role, runtime: FUNCTION.runtime };
const PERMISSION = {
  action: "lambda:InvokeFunction",
  function: "f",
  principal: "arn:aws:iam::000000000001:root",
  statementId: "s",
};
const LOG_GROUP = { name: "g", logGroupClass: "STANDARD", retentionInDays: 0, skipDestroy: false };
const SECRET = { name: "s", policy: '{"Statement":[]}', recoveryWindowInDays: 30 };

/** As github.com/hashicorp/terraform-provider-aws 6.48 decides. */
const decisions: Record<string, DecisionCase> = {
  "updates the endpoint type of a REST API": {
    type: "aws:apigateway/restApi:RestApi",
    state: REST_API,
    inputs: { name: "a", endpointConfiguration: { types: "REGIONAL" } },
    proposes: { endpointConfiguration: "update" },
  },
  "leaves a REST API as it is where the program says nothing": {
    type: "aws:apigateway/restApi:RestApi",
    state: REST_API,
    inputs: { name: "a" },
    proposes: {},
  },
  "treats a state of a REST API without the mode of the import as one with the default": {
    type: "aws:apigateway/restApi:RestApi",
    state: { ...REST_API, putRestApiMode: undefined },
    inputs: { name: "a" },
    proposes: {},
  },
  "updates the description of a deployment": {
    type: "aws:apigateway/deployment:Deployment",
    state: DEPLOYMENT,
    inputs: { ...DEPLOYMENT, description: "after" },
    proposes: { description: "update" },
  },
  "replaces a deployment whose triggers change": {
    type: "aws:apigateway/deployment:Deployment",
    state: DEPLOYMENT,
    inputs: { ...DEPLOYMENT, triggers: { body: "2" } },
    proposes: { triggers: "replace" },
  },
  "replaces a parameter whose data type changes": {
    type: "aws:ssm/parameter:Parameter",
    state: PARAMETER,
    inputs: { name: "p", type: "String", value: "v", dataType: "aws:ec2:image" },
    proposes: { dataType: "replace" },
  },
  "replaces an advanced parameter by a standard one": {
    type: "aws:ssm/parameter:Parameter",
    state: { ...PARAMETER, tier: "Advanced" },
    inputs: { name: "p", type: "String", value: "v", tier: "Standard" },
    proposes: { tier: "replace" },
  },
  "makes a standard parameter an advanced one": {
    type: "aws:ssm/parameter:Parameter",
    state: PARAMETER,
    inputs: { name: "p", type: "String", value: "v", tier: "Advanced" },
    proposes: { tier: "update" },
  },
  "lets intelligent tiering choose the tier": {
    type: "aws:ssm/parameter:Parameter",
    state: PARAMETER,
    inputs: { name: "p", type: "String", value: "v", tier: "Intelligent-Tiering" },
    proposes: {},
  },
  "leaves a queue with its defaults as it is": {
    type: "aws:sqs/queue:Queue",
    state: { ...QUEUE, redrivePolicy: "", kmsDataKeyReusePeriodSeconds: 300, sqsManagedSseEnabled: true },
    inputs: { name: "q" },
    proposes: {},
  },
  "sees drift from a queue's defaults": {
    type: "aws:sqs/queue:Queue",
    state: {
      name: "q",
      contentBasedDeduplication: true,
      delaySeconds: 5,
      maxMessageSize: 1024,
      messageRetentionSeconds: 60,
      receiveWaitTimeSeconds: 20,
      visibilityTimeoutSeconds: 45,
    },
    inputs: { name: "q" },
    proposes: {
      contentBasedDeduplication: "update",
      delaySeconds: "update",
      maxMessageSize: "update",
      messageRetentionSeconds: "update",
      receiveWaitTimeSeconds: "update",
      visibilityTimeoutSeconds: "update",
    },
  },
  "leaves a queue's redrive policy that the program does not give": {
    type: "aws:sqs/queue:Queue",
    state: { ...QUEUE, redrivePolicy: '{"maxReceiveCount":3}', redriveAllowPolicy: "{}" },
    inputs: { name: "q" },
    proposes: {},
  },
  "compares a redrive policy as JSON": {
    type: "aws:sqs/queue:Queue",
    state: { ...QUEUE, redrivePolicy: '{"deadLetterTargetArn":"arn","maxReceiveCount":3}' },
    inputs: { name: "q", redrivePolicy: '{"maxReceiveCount": 4, "deadLetterTargetArn": "arn"}' },
    proposes: { redrivePolicy: "update" },
  },
  "leaves a bucket key that the program does not give": {
    type: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    state: ENCRYPTED,
    inputs: encryptedBy("AES256"),
    proposes: {},
  },
  "changes a bucket key that the program gives": {
    type: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    state: ENCRYPTED,
    inputs: encryptedBy("AES256", { bucketKeyEnabled: false }),
    proposes: { rules: "update" },
  },
  "changes a bucket's algorithm": {
    type: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    state: ENCRYPTED,
    inputs: encryptedBy("aws:kms"),
    proposes: { rules: "update" },
  },
  "treats a bucket that says nothing of MFA as one that deletes without it": {
    type: "aws:s3/bucketVersioning:BucketVersioning",
    state: VERSIONING,
    inputs: { bucket: "b", versioningConfiguration: { status: "Enabled", mfaDelete: "Disabled" } },
    proposes: {},
  },
  "leaves deletion with MFA where the program says nothing": {
    type: "aws:s3/bucketVersioning:BucketVersioning",
    state: { bucket: "b", versioningConfiguration: { status: "Enabled", mfaDelete: "Disabled" } },
    inputs: VERSIONING,
    proposes: {},
  },
  "turns deletion with MFA on": {
    type: "aws:s3/bucketVersioning:BucketVersioning",
    state: { bucket: "b", versioningConfiguration: { status: "Enabled", mfaDelete: "Disabled" } },
    inputs: { bucket: "b", versioningConfiguration: { status: "Enabled", mfaDelete: "Enabled" } },
    proposes: { versioningConfiguration: "update" },
  },
  "leaves object lock where the program says nothing": {
    type: "aws:s3/bucket:Bucket",
    state: { bucket: "b", objectLockEnabled: true },
    inputs: { bucket: "b" },
    proposes: {},
  },
  "leaves a bucket's name that a prefix begins": {
    type: "aws:s3/bucket:Bucket",
    state: { bucket: "b-20260101000000000000abcdef01", bucketPrefix: "b-" },
    inputs: { bucketPrefix: "b-" },
    proposes: {},
  },
  "replaces a bucket whose prefix changes": {
    type: "aws:s3/bucket:Bucket",
    state: { bucket: "b-20260101000000000000abcdef01", bucketPrefix: "b-" },
    inputs: { bucketPrefix: "c-" },
    proposes: { bucketPrefix: "replace" },
  },
  "leaves an OIDC provider whose address stands in state without its scheme": {
    type: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    state: oidcProvider(ISSUER),
    inputs: oidcProvider(`https://${ISSUER}`),
    proposes: {},
  },
  "replaces an OIDC provider of another address": {
    type: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    state: oidcProvider(ISSUER),
    inputs: oidcProvider("https://gitlab.example"),
    proposes: { url: "replace" },
  },
  "compares thumbprints in their order": {
    type: "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    state: oidcProvider(ISSUER),
    inputs: oidcProvider(`https://${ISSUER}`, [...THUMBPRINTS].reverse()),
    proposes: { thumbprintLists: "update" },
  },
  "leaves the image scanning and encryption of a repository that the program does not give": {
    type: "aws:ecr/repository:Repository",
    state: {
      name: "r",
      encryptionConfigurations: [{ encryptionType: "AES256", kmsKey: "" }],
      imageScanningConfiguration: { scanOnPush: true },
      imageTagMutability: "MUTABLE",
    },
    inputs: { name: "r" },
    proposes: {},
  },
  "replaces a repository whose encryption changes": {
    type: "aws:ecr/repository:Repository",
    state: {
      name: "r",
      encryptionConfigurations: [{ encryptionType: "AES256", kmsKey: "" }],
      imageTagMutability: "MUTABLE",
    },
    inputs: { name: "r", encryptionConfigurations: [{ encryptionType: "KMS" }] },
    proposes: { encryptionConfigurations: "replace" },
  },
  "leaves a key in several regions where the program says nothing": {
    type: "aws:kms/key:Key",
    state: KMS_KEY,
    inputs: {},
    proposes: {},
  },
  "accepts the ARN of a key as its ID": {
    type: "aws:kms/alias:Alias",
    state: { name: "alias/a", targetKeyId: KEY_ID },
    inputs: { name: "alias/a", targetKeyId: KEY_ARN },
    proposes: {},
  },
  "points an alias to another key": {
    type: "aws:kms/alias:Alias",
    state: { name: "alias/a", targetKeyId: KEY_ID },
    inputs: { name: "alias/a", targetKeyId: KEY_ARN.replace("key/1", "key/2") },
    proposes: { targetKeyId: "update" },
  },
  "leaves what DynamoDB chose of a table, in any order": {
    type: "aws:dynamodb/table:Table",
    state: TABLE,
    inputs: {
      name: "t",
      attributes: [...TABLE.attributes].reverse(),
      globalSecondaryIndexes: [{ hashKey: "buyer", name: "byBuyer", projectionType: "ALL" }],
      hashKey: "id",
      serverSideEncryption: { enabled: false },
    },
    proposes: {},
  },
  "updates the indexes, the billing and the options of a table": {
    type: "aws:dynamodb/table:Table",
    state: TABLE,
    inputs: {
      name: "t",
      attributes: TABLE.attributes,
      billingMode: "PAY_PER_REQUEST",
      globalSecondaryIndexes: [{ hashKey: "buyer", name: "other", projectionType: "ALL" }],
      hashKey: "id",
      pointInTimeRecovery: { enabled: true },
      tableClass: "STANDARD_INFREQUENT_ACCESS",
      ttl: { attributeName: "expires", enabled: true },
    },
    proposes: {
      billingMode: "update",
      globalSecondaryIndexes: "update",
      pointInTimeRecovery: "update",
      tableClass: "update",
      ttl: "update",
    },
  },
  "replaces a table whose key changes": {
    type: "aws:dynamodb/table:Table",
    state: TABLE,
    inputs: { name: "t", attributes: TABLE.attributes, hashKey: "buyer", rangeKey: "id" },
    proposes: { hashKey: "replace", rangeKey: "replace" },
  },
  "leaves a function with its defaults as it is": {
    type: "aws:lambda/function:Function",
    state: FUNCTION,
    inputs: functionInputs,
    proposes: {},
  },
  "updates a function's code and settings, and sees drift from its defaults": {
    type: "aws:lambda/function:Function",
    state: { ...FUNCTION, timeout: 60, reservedConcurrentExecutions: 5 },
    inputs: { ...functionInputs, code: { hash: "2" }, description: "new" },
    proposes: {
      code: "update",
      description: "update",
      reservedConcurrentExecutions: "update",
      timeout: "update",
    },
  },
  "replaces a function whose package type changes": {
    type: "aws:lambda/function:Function",
    state: FUNCTION,
    inputs: { name: "f", imageUri: "app:1", packageType: "Image", role: FUNCTION.role },
    proposes: { code: "update", imageUri: "update", packageType: "replace", runtime: "update" },
  },
  "accepts the ID of a permission's account as its root": {
    type: "aws:lambda/permission:Permission",
    state: PERMISSION,
    inputs: { ...PERMISSION, principal: "000000000001" },
    proposes: {},
  },
  "replaces a permission whenever it changes": {
    type: "aws:lambda/permission:Permission",
    state: PERMISSION,
    inputs: { ...PERMISSION, sourceAccount: "000000000002" },
    proposes: { sourceAccount: "replace" },
  },
  "sees drift of a log group's retention, and replaces one of another class": {
    type: "aws:cloudwatch/logGroup:LogGroup",
    state: { ...LOG_GROUP, retentionInDays: 7 },
    inputs: { name: "g", logGroupClass: "INFREQUENT_ACCESS" },
    proposes: { logGroupClass: "replace", retentionInDays: "update" },
  },
  "leaves a secret's policy that the program does not give": {
    type: "aws:secretsmanager/secret:Secret",
    state: SECRET,
    inputs: { name: "s" },
    proposes: {},
  },
  "replaces a version whose secret changes": {
    type: "aws:secretsmanager/secretVersion:SecretVersion",
    state: { secretId: "s", secretString: "one", versionStages: ["AWSCURRENT"] },
    inputs: { secretId: "s", secretString: "two" },
    proposes: { secretString: "replace" },
  },
  "monitors a running instance": {
    type: "aws:ec2/instance:Instance",
    state: INSTANCE,
    inputs: { ...INSTANCE, monitoring: true },
    proposes: { monitoring: "update" },
  },
  "leaves the profile and the monitoring of an instance where the program says nothing": {
    type: "aws:ec2/instance:Instance",
    state: { ...INSTANCE, monitoring: true, iamInstanceProfile: "p" },
    inputs: { ami: "ami-1", instanceType: "t3.micro", userData: "one" },
    proposes: {},
  },
  "updates an instance's user data": {
    type: "aws:ec2/instance:Instance",
    state: INSTANCE,
    inputs: { ...INSTANCE, userData: "two" },
    proposes: { userData: "update" },
  },
  "replaces an instance whose user data changes where the program asks for it": {
    type: "aws:ec2/instance:Instance",
    state: { ...INSTANCE, userDataReplaceOnChange: true },
    inputs: { ...INSTANCE, userData: "two", userDataReplaceOnChange: true },
    proposes: { userData: "replace" },
  },
};

describe("the stand-in AWS plugin decides as the official provider's source: it", () => {
  for (const [title, { type, state, inputs, proposes }] of Object.entries(decisions))
    it(title, () => assert.deepEqual(proposal(type, state, inputs), proposes));

  for (const token of Object.keys(OFFICIAL_STATE))
    it(`offers the inputs of ${token} as its schema has them: required, computed or optional`, () => {
      const { required, optional, alwaysThere } = officialSchema(token);
      // The stand-in offers no launch template, which could give these instead.
      const computed = optional.filter((name) => alwaysThere.includes(name));
      const launched = token === "aws:ec2/instance:Instance" ? ["ami", "instanceType"] : [];
      for (const [name, property = {}] of Object.entries(typeOf(token).properties)) {
        assert([...required, ...optional].includes(name), name);
        const isRequired = required.includes(name) || launched.includes(name);
        assert.equal(property.required === true, isRequired, `${name} is required`);
        assert.equal(
          property.computed === true,
          computed.includes(name) && !isRequired,
          `${name} is computed`,
        );
      }
      for (const name of required) assert(name in typeOf(token).properties, name);
    });

  it("names a queue and a topic that are FIFO as their services ask for it", () => {
    for (const [token, fifo] of [
      ["aws:sqs/queue:Queue", "fifoQueue"],
      ["aws:sns/topic:Topic", "fifoTopic"],
    ] as const) {
      const request = new CheckRequest().setType(token).setName("orders");
      const { inputs } = check(typeOf(token), { [fifo]: true }, {}, request, undefined);
      assert.match(String(inputs.name), /^orders-[0-9a-f]{7}\.fifo$/);
    }
  });

  it("makes a name from a prefix at creation, and finds the prefix in the name", () => {
    const role = typeOf("aws:iam/role:Role");
    const request = new CheckRequest().setType("aws:iam/role:Role").setName("role");
    const { inputs } = check(role, { assumeRolePolicy: "{}", namePrefix: "app-" }, {}, request, undefined);
    assert.equal(inputs.name, undefined);
    const { name } = withPrefixedName(role, inputs);
    assert.match(String(name), /^app-\d{18}[0-9a-f]{8}$/);
    assert.deepEqual([prefixOf(name), prefixOf("role-0123abc")], ["app-", ""]);
  });

  it("ignores the lists of defaults that the official plugin writes into nested inputs", () => {
    const official = {
      __defaults: [],
      bucket: "b",
      rules: [
        {
          __defaults: [],
          applyServerSideEncryptionByDefault: { __defaults: [], sseAlgorithm: "AES256" },
        },
      ],
    };
    const read = toValues(toStruct(official));
    assert.deepEqual(read, { __defaults: [], ...encryptedBy("AES256") });
    const type = typeOf(
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    );
    assert.deepEqual(inputsOf(type, ENCRYPTED, read), {
      bucket: "b",
      rules: encryptedBy("AES256").rules,
    });
  });
});
