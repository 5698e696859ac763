/** A value that opens a resource to everyone without being a policy document. */
export interface OpenValue {
  /** Types by {@link typeKey}; any of AWS's where left out. */
  type?: RegExp;
  key: RegExp;
  value: RegExp;
  why: string;
  write: string;
}

// A rule about any key is about a value that AWS alone has, whatever the package.
const ANY_KEY = /(?:)/;

const RULES: OpenValue[] = [
  {
    key: ANY_KEY,
    value: /^https?:\/\/acs\.amazonaws\.com\/groups\/global\/(AllUsers|AuthenticatedUsers)$/i,
    why: "The group is everyone on the internet (AllUsers) or everyone with any AWS account (AuthenticatedUsers).",
    write:
      "no grant to the group: name accounts in a bucket policy, and set objectOwnership to BucketOwnerEnforced",
  },
  {
    key: /acl$|^accessControl$|canned_?acl/i,
    value: /^(public[-_]?read([-_]?write)?|authenticated[-_]?read)$/i,
    why: "This canned ACL lets in everyone on the internet, or everyone with any AWS account.",
    write: '"private", and name accounts in a bucket policy',
  },
  {
    key: /^grantee$/i,
    value: /^(AllUsers|AuthenticatedUsers)$/i,
    why: "The files would be open to everyone, or to everyone with any AWS account.",
    write: "the canonical user ID of the account that needs them",
  },
  {
    type: /^(lambda:(functionurl|url|permission)|serverless:function|bedrock:agentcoregateway|bedrockagentcore:gateway)$/,
    key: /^(functionUrl)?auth(orization|orizer)?Type$/i,
    value: /^NONE$/i,
    why: "Anyone on the internet can call it without signing the request.",
    write: '"AWS_IAM", and permit the callers by account or role ARN',
  },
  {
    type: /^ec2:amilaunchpermission$/,
    key: /^group$/i,
    value: /^all$/i,
    why: "Everyone with an AWS account can launch, and so read, the image.",
    write: "accountId, or organizationArn",
  },
  {
    key: /^(sharedAccounts|userGroups)$/i,
    value: /^all$/i,
    why: "Everyone with an AWS account can copy, and so read, what is shared.",
    write: "the 12-digit IDs of the accounts that need it",
  },
  {
    type: /^(ec2:snapshotcreatevolumepermission|ssm:document)$/,
    key: /^account_?ids?$/i,
    value: /(^|,)\s*all\s*(,|$)/i,
    why: "Everyone with an AWS account can use, and so read, what is shared.",
    write: "the 12-digit IDs of the accounts that need it",
  },
  {
    key: /principal/i,
    value: /^(IAM_ALLOWED_PRINCIPALS|\d{12}:IAMPrincipals)$/i,
    why: "Lake Formation reads it as every IAM principal of the account, and stops deciding itself.",
    write: "the ARN of the role or user that needs the data",
  },
  {
    key: /^AllowFromPublic$/i,
    value: /^true$/,
    why: "The collection's endpoint can be reached from the internet.",
    write: "false, with SourceVPCEs naming the VPC endpoints that need it",
  },
  {
    type: /^ram:resourceshare$/,
    key: /^allowExternalPrincipals$/i,
    value: /^true$/,
    why: "The share can be given to any AWS account, outside the organisation too.",
    write: "false",
  },
  {
    type: /^codebuild:project$/,
    key: /^(projectV|v)isibility$/i,
    value: /^PUBLIC_READ$/i,
    why: "Everyone on the internet can read the project's builds, logs and artifacts.",
    write: '"PRIVATE"',
  },
  {
    type: /^lightsail:bucket$/,
    key: /^getObject$/i,
    value: /^public$/i,
    why: "Everyone on the internet can read every object.",
    write: '"private"',
  },
];

// One test rules out most values.
const ANY_VALUE = new RegExp(RULES.map((rule) => rule.value.source).join("|"), "i");

/** The rule that a value breaks; without a value, any rule about a property of that name. */
export function findOpenValue(type: string, key: string, value?: string): OpenValue | undefined {
  if (value !== undefined && !ANY_VALUE.test(value)) return undefined;
  return RULES.find(
    (rule) =>
      (rule.type?.test(type) ?? (type !== "" || rule.key === ANY_KEY)) &&
      rule.key.test(key) &&
      (value === undefined ? rule.key !== ANY_KEY : rule.value.test(value)),
  );
}
