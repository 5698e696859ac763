import type { AccountLocation } from "./arn";
import type { CrossAccountRoleArgs } from "./cross-account-role";
import type { Grantee } from "./grant";
import type {
  SessionRights,
  Trust,
  TrustedMachines,
  TrustedPeople,
  TrustedPermissionSets,
  TrustedWorkloads,
} from "./trust";

/** Pulumi's name of the package: the components' types begin with it in each language. */
const PACKAGE = "cross-account-access";

interface Property {
  description?: string;
  [key: string]: unknown;
}
/** Exactly the properties of an interface: the compiler refuses one that is missing. */
type Properties<T> = { [K in keyof T]-?: Property };
type Name<T> = keyof T & string;
type KeyOfEach<T> = T extends unknown ? keyof T : never;

// Plain: a value of the program, known at preview, and no resource's output.
const plain = (type: string) => (description: string) => ({ type, plain: true, description });
const text = plain("string");
const whole = plain("integer");
const flag = plain("boolean");
const list = (items: Property, description: string) => ({ type: "array", items, plain: true, description });
const texts = (description: string) => list({ type: "string", plain: true }, description);
const reference = (type: string) => ({ $ref: `#/types/${PACKAGE}:access:${type}`, plain: true });
const object = <T>(properties: Properties<T>, required: Name<T>[]) => ({
  type: "object",
  properties,
  required,
});

const sessionRights: Properties<SessionRights> = {
  sessionTags: flag("Lets the caller attach session tags (sts:TagSession). Default: false."),
  sourceIdentity: flag("Lets the caller set a source identity (sts:SetSourceIdentity). Default: false."),
};
const trusted: Properties<TrustedMachines> = {
  ...sessionRights,
  accounts: list(reference("AccountLocation"), "The trusted accounts, one or more."),
  organizationId: text("Only principals of this AWS Organizations organisation, such as o-a1b2c3d4e5."),
  principalArns: texts("Only these principals, by ARN."),
  sourceIps: texts("Only from these IP ranges (CIDR)."),
  externalId: text("A word that the caller must send with AssumeRole."),
};
const { principalArns: _, ...trustedByName } = trusted;

const types = {
  AccountLocation: object<AccountLocation>(
    {
      partition: text("aws, aws-cn or aws-us-gov."),
      region: text("Region of the account's resources."),
      accountId: text("The 12 digits of the account's ID."),
    },
    ["partition", "region", "accountId"],
  ),
  TrustedPeople: object<TrustedPeople>(
    {
      ...trusted,
      mfa: flag("Requires multi-factor authentication. Default: true."),
      maxMfaAge: whole("The greatest age of that authentication, in seconds. Default: no limit."),
    },
    ["accounts"],
  ),
  TrustedPermissionSets: object<TrustedPermissionSets>(
    { ...trustedByName, names: texts("The permission sets of IAM Identity Center, by name.") },
    ["accounts", "names"],
  ),
  TrustedMachines: object<TrustedMachines>(trusted, ["accounts"]),
  TrustedWorkloads: object<TrustedWorkloads>(
    {
      account: { ...reference("AccountLocation"), description: "Holds both the provider and the role." },
      issuer: text("The OpenID Connect provider's URL without https://."),
      audience: text("One of the provider's client IDs, which the token must be meant for."),
      subjects: texts("Whom the token must be about, each in full."),
    },
    ["account", "issuer", "audience", "subjects"],
  ),
  Trust: object<Trust>(
    {
      people: reference("TrustedPeople"),
      permissionSets: reference("TrustedPermissionSets"),
      machines: reference("TrustedMachines"),
      workloads: reference("TrustedWorkloads"),
    },
    [],
  ),
};

const crossAccountRole: Properties<CrossAccountRoleArgs> = {
  account: { ...reference("AccountLocation"), description: "The trusting account, where the role is." },
  roleName: text("Name of the role as people see it, such as UpdateApp."),
  path: text("IAM path, beginning and ending with a slash. Default: /"),
  description: text("Description of the role."),
  trust: { ...reference("Trust"), description: "Who may assume the role: one or more of the four kinds." },
  permissions: list(
    { $ref: "pulumi.json#/Any" },
    "What the role may do, and nothing else: statements of an IAM policy, with the keys that AWS gives them.",
  ),
  managedPolicyArns: texts("Managed policies in addition to the permissions, by ARN. Default: none."),
  permissionsBoundary: text("ARN of a managed policy that caps the role. Default: none."),
  maxSessionDuration: whole("The longest session in seconds, 3600 to 43200. Default: 3600."),
  trustPolicyLength: whole("The account's quota of characters of a trust policy, up to 8192. Default: 2048."),
};

/** In place of `grantee`, whose kinds are alternatives: a name of one of them. */
const grantees: Record<KeyOfEach<Grantee>, Property> = {
  group: { type: "string", description: "Name of the group that may assume the roles." },
  role: { type: "string", description: "Name of the role that may assume the roles." },
  user: { type: "string", description: "Name of the user that may assume the roles." },
};

/** What Pulumi makes the packages of other languages from. https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/ */
export const componentSchema = (version: string): object => ({
  name: PACKAGE,
  version,
  license: "Apache-2.0",
  types: Object.fromEntries(Object.entries(types).map(([name, type]) => [`${PACKAGE}:access:${name}`, type])),
  resources: {
    [`${PACKAGE}:access:CrossAccountRole`]: {
      isComponent: true,
      description: "The trusting side: a role that principals of other accounts may assume.",
      inputProperties: crossAccountRole,
      requiredInputs: ["account", "roleName", "description", "trust", "permissions"],
      properties: { arn: { type: "string", description: "ARN of the role." } },
      required: ["arn"],
    },
    [`${PACKAGE}:access:AssumeRoleGrant`]: {
      isComponent: true,
      description: "The trusted side: lets a group, role or user assume exactly the given roles.",
      inputProperties: {
        ...sessionRights,
        ...grantees,
        roleArns: { type: "array", items: { type: "string" }, description: "The roles, by ARN." },
      },
      requiredInputs: ["roleArns"],
    },
  },
  language: Object.fromEntries(
    ["nodejs", "python", "go", "csharp", "java"].map((name) => [name, { respectSchemaVersion: true }]),
  ),
});
