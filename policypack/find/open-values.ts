import { tableKey } from "./resource-type";

/** A value that opens a resource to everyone without being a policy document. */
export interface OpenValue {
  /** Types as `service:type`; any of AWS's where left out. */
  types?: string[];
  /** Property names by {@link plainName}; left out for a value that AWS alone has, under any name and in any package. */
  name?: RegExp;
  value: RegExp;
  why: string;
  write: string;
}

const OPEN_VALUES: OpenValue[] = [
  {
    value: /^https?:\/\/acs\.amazonaws\.com\/groups\/global\/(AllUsers|AuthenticatedUsers)$/i,
    why: "The group is everyone on the internet (AllUsers) or everyone with any AWS account (AuthenticatedUsers).",
    write:
      "no grant to the group: name accounts in a bucket policy, and set objectOwnership to BucketOwnerEnforced",
  },
  {
    name: /acl$|^accesscontrol$|cannedacl/,
    value: /^(public[-_]?read([-_]?write)?|authenticated[-_]?read)$/i,
    why: "This canned ACL lets in everyone on the internet, or everyone with any AWS account.",
    write: '"private", and name accounts in a bucket policy',
  },
  {
    name: /^grantee$/,
    value: /^(AllUsers|AuthenticatedUsers)$/i,
    why: "The files would be open to everyone, or to everyone with any AWS account.",
    write: "the canonical user ID of the account that needs them",
  },
  {
    types: [
      "lambda:functionurl",
      "lambda:url",
      "lambda:permission",
      "serverless:function",
      "bedrock:agentcoregateway",
      "bedrockagentcore:gateway",
    ],
    name: /^(functionurl)?auth(orization|orizer)?type$/,
    value: /^NONE$/i,
    why: "Anyone on the internet can call it without signing the request.",
    write: '"AWS_IAM", and permit the callers by account or role ARN',
  },
  {
    types: ["ec2:amilaunchpermission"],
    name: /^group$/,
    value: /^all$/i,
    why: "Everyone with an AWS account can launch, and so read, the image.",
    write: "accountId, or organizationArn",
  },
  {
    name: /^(sharedaccounts|usergroups)$/,
    value: /^all$/i,
    why: "Everyone with an AWS account can copy, and so read, what is shared.",
    write: "the 12-digit IDs of the accounts that need it",
  },
  {
    types: ["ec2:snapshotcreatevolumepermission", "ssm:document"],
    name: /^accountids?$/,
    value: /(^|,)\s*all\s*(,|$)/i,
    why: "Everyone with an AWS account can use, and so read, what is shared.",
    write: "the 12-digit IDs of the accounts that need it",
  },
  {
    name: /principal/,
    value: /^(IAM_ALLOWED_PRINCIPALS|\d{12}:IAMPrincipals)$/i,
    why: "Lake Formation reads it as every IAM principal of the account, and stops deciding itself.",
    write: "the ARN of the role or user that needs the data",
  },
  {
    name: /^allowfrompublic$/,
    value: /^true$/,
    why: "The collection's endpoint can be reached from the internet.",
    write: "false, with SourceVPCEs naming the VPC endpoints that need it",
  },
  {
    types: ["codebuild:project"],
    name: /^(project)?visibility$/,
    value: /^PUBLIC_READ$/i,
    why: "Everyone on the internet can read the project's builds, logs and artifacts.",
    write: '"PRIVATE"',
  },
  {
    types: ["lightsail:bucket"],
    name: /^getobject$/,
    value: /^public$/i,
    why: "Everyone on the internet can read every object.",
    write: '"private"',
  },
];

// One test rules out most values.
const ANY_VALUE = new RegExp(OPEN_VALUES.map(({ value }) => value.source).join("|"), "i");

const TYPES = new Map(
  OPEN_VALUES.map((rule) => [rule, rule.types && new Set(rule.types.map(tableKey))] as const),
);

const isOfType = (rule: OpenValue, type: string): boolean => TYPES.get(rule)?.has(type) ?? type !== "";

/** The rule that a value breaks. @param name Property by {@link plainName}. */
export function findOpenValue(type: string, name: string, value: string): OpenValue | undefined {
  if (/^[{[]/.test(value) || !ANY_VALUE.test(value)) return undefined;
  return OPEN_VALUES.find(
    (rule) =>
      (rule.name === undefined || (rule.name.test(name) && isOfType(rule, type))) && rule.value.test(value),
  );
}

/** True if there is a rule about properties of that name, whatever their value. */
export const canBeOpenValue = (type: string, name: string): boolean =>
  OPEN_VALUES.some((rule) => rule.name?.test(name) && isOfType(rule, type));
