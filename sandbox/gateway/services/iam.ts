import { validateIdentityPolicy, validateTrustPolicy } from "@cloud-copilot/iam-policy";
import { lastName, parseArn } from "../arn";
import { AwsError, type Call, requestTags, type ServiceAnswer, tagKeys, text } from "../call";
import { principalOf } from "../caller";
import { forwardToMoto } from "../forward-to-moto";
import { statementsOf } from "../policy-documents";
import type { IamNames } from "../state/iam-accounts";
import { parseXml, type Xml } from "../xml";
import { namedBy, parameters, tagsAtCreation } from "./parameters";
import { passRoleCheck } from "./pass-role";
import type { Gateway, RequestContext, ResourceNames, Service } from "./service";

/** Operations whose user is the caller when none is named. */
const OWN_USER =
  /^(GetUser|(Create|List|Update|Delete)AccessKeys?|ListMFADevices|DeactivateMFADevice|ListSigningCertificates|ListSSHPublicKeys)$/;
const READS = /^(Get|List|Simulate|Generate)/;
const TRUST_POLICIES: Record<string, string> = {
  CreateRole: "AssumeRolePolicyDocument",
  UpdateAssumeRolePolicy: "PolicyDocument",
};
const IDENTITY_POLICIES = /^(Put(User|Role|Group)Policy|CreatePolicy(Version)?)$/;

const pathOf = ({ call }: RequestContext): string => text(call.params.Path) ?? "/";

/** The ARN that a user or group has after a request gives it another name or path. */
function renamed(arn: string, { call }: RequestContext): string[] {
  const [name, path] = [
    text(call.params.NewUserName) ?? text(call.params.NewGroupName),
    text(call.params.NewPath),
  ];
  if (!/^Update(User|Group)$/.test(call.operation) || (!name && !path)) return [];
  const [, head = "", kept = "", last = ""] = /^(.*?:(?:user|group))(\/(?:.*\/)?)([^/]+)$/.exec(arn) ?? [];
  return [`${head}${path ?? kept}${name ?? last}`];
}

const entities =
  (type: "user" | "role" | "group", parameter: string): ResourceNames =>
  async (context) => {
    const account = await context.gateway.iam.account(context.callerAccount);
    const known = { user: account.users, role: account.roles, group: account.groups }[type];
    const named = parameters(context, parameter).map(
      (name) => known.get(name)?.arn ?? `${type}${pathOf(context)}${name}`,
    );
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html: the permission is needed on both names.
    return [...named, ...named.flatMap((arn) => renamed(arn, context))];
  };

const ENTITIES = ["user", "role", "group"];
/** How the tags of other resources are read: the operation, its parameter, and whether that is an ARN. */
const TAG_READS: Record<string, [operation: string, parameter: string, isArn: boolean, within?: string]> = {
  "instance-profile": ["GetInstanceProfile", "InstanceProfileName", false, "InstanceProfile"],
  "oidc-provider": ["ListOpenIDConnectProviderTags", "OpenIDConnectProviderArn", true],
  policy: ["ListPolicyTags", "PolicyArn", true],
};

/** What moto creates without the tags that it is given. */
const WITHOUT_TAGS = /^(Create(VirtualMFADevice|SAMLProvider)|UploadServerCertificate)$/;

/** The tags of a resource that is no user, role or group. */
async function tagsOf(arn: string, account: string, { moto }: Gateway): Promise<Record<string, string>> {
  const { resourceType, resourcePath } = parseArn(arn);
  const [operation, parameter, isArn, within] = TAG_READS[resourceType] ?? [];
  if (!operation || !parameter) return {};
  const answer = await moto.iam(account, operation, { [parameter]: isArn ? arn : lastName(resourcePath) });
  const tags = answer?.list(`${operation}Result`, ...[within ?? []].flat(), "Tags", "member") ?? [];
  return Object.fromEntries(tags.map((tag) => [tag.text("Key") ?? "", tag.text("Value") ?? ""]));
}

export const iam: Service = {
  prefix: "iam",
  protocol: "query",
  global: true,

  resources: {
    user: entities("user", "UserName"),
    role: entities("role", "RoleName"),
    group: entities("group", "GroupName"),
    policy: (context) => [
      ...parameters(context, "PolicyArn"),
      ...(context.call.operation === "CreatePolicy" ? parameters(context, "PolicyName") : []).map(
        (name) => `policy${pathOf(context)}${name}`,
      ),
    ],
    "instance-profile": namedBy("instance-profile/", "InstanceProfileName"),
    mfa: (context) => [
      ...parameters(context, "SerialNumber"),
      ...parameters(context, "VirtualMFADeviceName").map((name) => `mfa${pathOf(context)}${name}`),
    ],
    "oidc-provider": (context) => [
      ...parameters(context, "OpenIDConnectProviderArn"),
      ...parameters(context, "Url").map((url) => url.replace(/^https:\/\//, "oidc-provider/")),
    ],
    "saml-provider": namedBy("", "SAMLProviderArn"),
  },
  /** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html: each kind of resource has its own action for tags. */
  async furtherChecks(context, checks) {
    const { call, callerAccount, gateway } = context;
    if (call.operation !== "AddRoleToInstanceProfile")
      return tagsAtCreation(context, checks, call.operation.replace(/^(Create|Upload)(Virtual)?/, "Tag"));
    const role = (await gateway.iam.account(callerAccount)).roles.get(text(call.params.RoleName) ?? "");
    return role ? [passRoleCheck(role.arn, "ec2.amazonaws.com")] : [];
  },
  ownAccountOnly: true,

  conditionKeys: {
    fills: [
      "iam:PolicyARN",
      "iam:PermissionsBoundary",
      "iam:AWSServiceName",
      "iam:PassedToService",
      "iam:ResourceTag/*",
      "aws:ResourceTag/*",
    ],
    ofRequest({ call: { params } }) {
      const keys = {
        "iam:PolicyARN": text(params.PolicyArn),
        "iam:PermissionsBoundary": text(params.PermissionsBoundary),
        "iam:AWSServiceName": text(params.AWSServiceName),
      };
      return Object.fromEntries(
        Object.entries(keys).flatMap(([key, value]) => (value ? [[key, value]] : [])),
      );
    },
    async ofResource(arn, account, { call, gateway }) {
      const { resourceType } = parseArn(arn);
      if (!ENTITIES.includes(resourceType)) {
        const found = await tagsOf(arn, account, gateway);
        return { ...tagKeys("aws:ResourceTag", found), ...tagKeys("iam:ResourceTag", found) };
      }
      const entity = await gateway.iam.entity(arn);
      const boundary = text(call.params.PermissionsBoundary) ? undefined : entity?.boundary;
      const tags = entity?.tags ?? {};
      return {
        ...(boundary && { "iam:PermissionsBoundary": boundary }),
        ...tagKeys("aws:ResourceTag", tags),
        ...tagKeys("iam:ResourceTag", tags),
      };
    },
  },

  policies: {
    async ofResource(arn, account, { iam: accounts }) {
      const { resourcePath } = parseArn(arn);
      return (await accounts.account(account)).roles.get(lastName(resourcePath))?.trust;
    },
    carriers: [
      {
        document: ({ params, operation }) => params[TRUST_POLICIES[operation] ?? ""],
        malformed: "MalformedPolicyDocument",
        validate: validateTrustPolicy,
        unknownPrincipal: ["MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"%"'],
      },
      {
        document: ({ params, operation }) => IDENTITY_POLICIES.test(operation) && params.PolicyDocument,
        malformed: "MalformedPolicyDocument",
        validate: validateIdentityPolicy,
        unknownPrincipal: ["MalformedPolicyDocument", "Policy document should not specify a principal."],
        ofIdentity: true,
      },
    ],
    refuse: refusePolicy,
  },

  errors: { apiVersion: "2010-05-08" },

  authenticate({ call, caller }) {
    const principal = principalOf(caller);
    const { session } = principal ?? {};
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    if (session && principal?.type !== "AssumedRole" && !session.mfaAt)
      throw new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.");
    if (OWN_USER.test(call.operation) && !text(call.params.UserName) && principal?.type === "User")
      call.params.UserName = principal.name;
    // moto reads what was decided on: the user may have been implied.
    Object.assign(call, {
      method: "POST",
      search: "",
      headers: { ...call.headers, "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(new URLSearchParams(call.params as Record<string, string>).toString()),
    });
  },
  respond,
};

async function respond(context: RequestContext): Promise<ServiceAnswer> {
  const { call, account, gateway } = context;
  if (READS.test(call.operation)) return forwardToMoto(context);
  if (WITHOUT_TAGS.test(call.operation) && Object.keys(requestTags(call.params)).length)
    throw new AwsError("NotImplemented", `The sandbox takes no tags in ${call.operation}`, 501);
  const boundary = text(call.params.PermissionsBoundary);
  if (boundary && !(await gateway.iam.policyByArn(account, boundary)))
    throw new AwsError("NoSuchEntity", `Scope ARN: ${boundary} does not exist or is not attachable.`, 404);
  if (call.operation === "EnableMFADevice") gateway.mfaDevices.checkCodes(call, account);
  const answer = await forwardToMoto(context);
  const result = parseXml(answer.body);
  const names = namesChanged(call, result);
  if (names) await gateway.iam.refresh(account, names);
  else gateway.iam.forget(account);
  if (answer.status === 200) {
    gateway.identities.applyIamChange(call, account, result);
    gateway.mfaDevices.applyIamChange(call, account, result);
  }
  return answer;
}

/** Operations that change more than what their parameters name. */
const CHANGES_OTHERS = /^(UpdateUser|UpdateGroup|DeleteUser|DeleteGroup|CreateServiceLinkedRole)$/;

/** What a request changed, by name; undefined where it may be more than it names. */
function namesChanged({ operation, params }: Call, result: Xml): IamNames | undefined {
  if (CHANGES_OTHERS.test(operation)) return undefined;
  const named = (parameter: string) => [text(params[parameter]) ?? []].flat();
  const created = result.text("CreatePolicyResult", "Policy", "Arn");
  return {
    users: named("UserName"),
    roles: named("RoleName"),
    groups: named("GroupName"),
    managed: [...named("PolicyArn"), ...[created ?? []].flat()],
  };
}

/** Characters, white space left out. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LONGEST_INLINE = { user: 2048, group: 5120, role: 10_240 };
const LONGEST_TRUST = 2048;
const LONGEST_MANAGED = 6144;

const tooLong = (message: string) => new AwsError("LimitExceeded", message, 409);

async function refusePolicy(
  { call, account, gateway }: RequestContext,
  _resource: string,
  policy: unknown,
): Promise<AwsError | undefined> {
  const { params, operation } = call;
  if (statementsOf(policy).some(({ Sid = "" }) => !/^[0-9A-Za-z]*$/.test(Sid)))
    return new AwsError("MalformedPolicyDocument", "Statement IDs (SID) must be alpha-numeric.", 400);
  const size = JSON.stringify(policy).length;
  const [, kind] = /^Put(User|Group|Role)Policy$/.exec(operation) ?? [];
  if (!kind) {
    const [quota, longest] = operation.startsWith("CreatePolicy")
      ? ["PolicySize", LONGEST_MANAGED]
      : ["ACLSizePerRole", LONGEST_TRUST];
    return size > longest ? tooLong(`Cannot exceed quota for ${quota}: ${longest}`) : undefined;
  }
  const name = text(params[`${kind}Name`]) ?? "";
  const type = kind.toLowerCase() as keyof typeof LONGEST_INLINE;
  const others = (await gateway.iam.account(account))[`${type}s`].get(name)?.inline ?? [];
  // The limit is on all inline policies of a user, group or role together.
  const sizes = others
    .filter((other) => other.name !== text(params.PolicyName))
    .map((other) => JSON.stringify(other.policy).length);
  const sum = sizes.reduce((a, b) => a + b, size);
  const longest = LONGEST_INLINE[type];
  return sum > longest
    ? tooLong(`Maximum policy size of ${longest} bytes exceeded for ${type} ${name}`)
    : undefined;
}
