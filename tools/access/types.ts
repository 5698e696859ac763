/** How a type of resource is read. A type without a rule is read whole: each of its properties is a setting. */
export interface TypeRule {
  /** Word for what it is, or for what it belongs to. */
  noun: string;
  /** Property with its name; else `name`, else its name in the program. */
  name?: string;
  /** Property that says what it belongs to, by name, ID, ARN or URL: that is the holder. */
  of?: string;
  /** Properties that decide nothing about access. */
  neutral?: readonly string[];
  /** Properties whose documents say who may assume a role. */
  trust?: readonly string[];
  /** Words for other properties. */
  labels?: Readonly<Record<string, string>>;
  /** Values that AWS sets where the program says nothing: shown either way. */
  defaults?: Readonly<Record<string, string>>;
  /** Values that are not worth a line. */
  hidden?: Readonly<Record<string, string>>;
}

export const LONGEST_SESSION = "longest session in seconds";
export const BOUNDARY = "permissions boundary";
export const ATTACHED = "attached policy";
export const MEMBER = "member";
export const MEMBER_OF = "member of group";
export const ACCESS_KEY = "access key";
export const AUDIENCE = "audience";
export const IN_PROFILE = "role";
export const OWNERSHIP = "object ownership";
/** The settings of a public access block: each refuses something while it is true. */
export const BLOCKS = [
  "blocks public ACLs",
  "blocks public policies",
  "ignores public ACLs",
  "restricts public buckets",
] as const;

const [BLOCK_ACLS, BLOCK_POLICIES, IGNORE_ACLS, RESTRICT] = BLOCKS;
const attachment = (of: string): TypeRule => ({ noun: of, of, labels: { policyArn: ATTACHED } });
const inlinePolicy = (of: string): TypeRule => ({ noun: of, of, neutral: ["name", "namePrefix"] });
const bucketPart = (neutral: readonly string[] = []): TypeRule => ({ noun: "bucket", of: "bucket", neutral });

/** Rules by type, as Pulumi's token has it without the name of the package. */
export const TYPE_RULES: Readonly<Record<string, TypeRule>> = {
  "iam/role:Role": {
    noun: "role",
    neutral: ["name", "namePrefix", "description", "forceDetachPolicies"],
    trust: ["assumeRolePolicy"],
    labels: {
      maxSessionDuration: LONGEST_SESSION,
      permissionsBoundary: BOUNDARY,
      managedPolicyArns: ATTACHED,
    },
    defaults: { maxSessionDuration: "3600" },
    hidden: { path: "/" },
  },
  "iam/user:User": {
    noun: "user",
    neutral: ["name", "forceDestroy"],
    labels: { permissionsBoundary: BOUNDARY },
    hidden: { path: "/" },
  },
  "iam/group:Group": { noun: "group", neutral: ["name"], hidden: { path: "/" } },
  "iam/policy:Policy": {
    noun: "policy",
    neutral: ["name", "namePrefix", "description"],
    hidden: { path: "/" },
  },
  "iam/rolePolicy:RolePolicy": inlinePolicy("role"),
  "iam/userPolicy:UserPolicy": inlinePolicy("user"),
  "iam/groupPolicy:GroupPolicy": inlinePolicy("group"),
  "iam/rolePolicyAttachment:RolePolicyAttachment": attachment("role"),
  "iam/userPolicyAttachment:UserPolicyAttachment": attachment("user"),
  "iam/groupPolicyAttachment:GroupPolicyAttachment": attachment("group"),
  "iam/policyAttachment:PolicyAttachment": { noun: "policy", of: "policyArn", neutral: ["name"] },
  "iam/groupMembership:GroupMembership": {
    noun: "group",
    of: "group",
    neutral: ["name"],
    labels: { users: MEMBER },
  },
  "iam/userGroupMembership:UserGroupMembership": {
    noun: "user",
    of: "user",
    labels: { groups: MEMBER_OF },
  },
  "iam/instanceProfile:InstanceProfile": {
    noun: "instance profile",
    neutral: ["name", "namePrefix"],
    labels: { role: IN_PROFILE },
    hidden: { path: "/" },
  },
  "iam/accessKey:AccessKey": {
    noun: "user",
    of: "user",
    labels: { status: ACCESS_KEY },
    defaults: { status: "Active" },
  },
  "iam/openIdConnectProvider:OpenIdConnectProvider": {
    noun: "OIDC provider",
    name: "url",
    neutral: ["url"],
    labels: { clientIdLists: AUDIENCE, thumbprintLists: "thumbprint" },
  },
  "s3/bucket:Bucket": {
    noun: "bucket",
    name: "bucket",
    neutral: ["bucket", "bucketPrefix", "forceDestroy", "objectLockEnabled"],
  },
  "s3/bucketPolicy:BucketPolicy": bucketPart(),
  "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    ...bucketPart(["skipDestroy"]),
    labels: {
      blockPublicAcls: BLOCK_ACLS,
      blockPublicPolicy: BLOCK_POLICIES,
      ignorePublicAcls: IGNORE_ACLS,
      restrictPublicBuckets: RESTRICT,
    },
    defaults: {
      blockPublicAcls: "false",
      blockPublicPolicy: "false",
      ignorePublicAcls: "false",
      restrictPublicBuckets: "false",
    },
  },
  "s3/bucketOwnershipControls:BucketOwnershipControls": {
    ...bucketPart(),
    labels: { "rule.objectOwnership": OWNERSHIP },
  },
  "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucketPart(["rules"]),
  "s3/bucketVersioning:BucketVersioning": bucketPart(["versioningConfiguration"]),
  "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucketPart(["rules"]),
  "sns/topic:Topic": {
    noun: "topic",
    neutral: ["name", "namePrefix", "displayName", "fifoTopic", "contentBasedDeduplication"],
  },
  "sns/topicPolicy:TopicPolicy": { noun: "topic", of: "arn" },
  "sqs/queue:Queue": {
    noun: "queue",
    neutral: [
      "name",
      "namePrefix",
      "fifoQueue",
      "contentBasedDeduplication",
      "delaySeconds",
      "maxMessageSize",
      "messageRetentionSeconds",
      "receiveWaitTimeSeconds",
      "visibilityTimeoutSeconds",
      "sqsManagedSseEnabled",
    ],
  },
  "sqs/queuePolicy:QueuePolicy": { noun: "queue", of: "queueUrl" },
  "ecr/repository:Repository": {
    noun: "repository",
    neutral: ["name", "forceDelete", "imageScanningConfiguration", "imageTagMutability"],
  },
  "ecr/repositoryPolicy:RepositoryPolicy": { noun: "repository", of: "repository" },
  "ecr/lifecyclePolicy:LifecyclePolicy": { noun: "repository", of: "repository", neutral: ["policy"] },
  "apigateway/restApi:RestApi": {
    noun: "API",
    neutral: ["name", "description", "putRestApiMode", "failOnWarnings"],
    defaults: { disableExecuteApiEndpoint: "false" },
  },
  "apigateway/restApiPolicy:RestApiPolicy": { noun: "API", of: "restApiId" },
  // What it deploys is the API's: its triggers repeat that as text, to be deployed again where it changes.
  "apigateway/deployment:Deployment": {
    noun: "API",
    of: "restApi",
    neutral: ["description", "triggers", "variables"],
  },
  "apigateway/stage:Stage": {
    noun: "API",
    of: "restApi",
    neutral: ["deployment", "description", "variables"],
    labels: { stageName: "stage" },
  },
  "ssm/parameter:Parameter": {
    noun: "parameter",
    neutral: ["name", "type", "value", "description", "tier", "dataType", "overwrite", "allowedPattern"],
    labels: { keyId: "key" },
  },
  "kms/key:Key": {
    noun: "key",
    neutral: ["description", "deletionWindowInDays", "enableKeyRotation", "rotationPeriodInDays"],
  },
  "kms/keyPolicy:KeyPolicy": { noun: "key", of: "keyId" },
  "secretsmanager/secret:Secret": {
    noun: "secret",
    neutral: ["name", "namePrefix", "description", "recoveryWindowInDays", "forceOverwriteReplicaSecret"],
  },
  "secretsmanager/secretPolicy:SecretPolicy": { noun: "secret", of: "secretArn" },
  "secretsmanager/secretVersion:SecretVersion": {
    noun: "secret",
    of: "secretId",
    neutral: ["secretString", "secretBinary", "versionStages"],
  },
  "lambda/function:Function": {
    noun: "function",
    neutral: ["name", "description", "code", "handler", "runtime", "memorySize", "timeout", "sourceCodeHash"],
  },
  "lambda/permission:Permission": { noun: "function", of: "function" },
};

/** Properties that decide nothing about access, of whatever type. */
export const ALWAYS_NEUTRAL = ["__defaults", "__internal"];

/** A type's name as words: `aws:ec2/vpcEndpoint:VpcEndpoint` is a `vpc endpoint`. */
export const nounOf = (type: string): string =>
  (/^aws:[^:]*\/([^:]+):/.exec(type)?.[1] ?? type)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/[^\w:./-]+/g, " ")
    .toLowerCase();
