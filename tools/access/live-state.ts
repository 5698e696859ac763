import type { PolicyDetail } from "@aws-sdk/client-iam";
import { isUnreadable, readOrReason, type Unreadable } from "../deployed-policies";
import { decoded, type IamDetails, isOfChecks, type LiveAccount } from "./live-account";
import type { StateResource } from "./state";

/** A stack's resources as the accounts hold them now, in the form of the engine's state. */
export interface LiveState {
  resources: StateResource[];
  /** How to remove what the program did not make, by the resource's type and name. */
  removals: ReadonlyMap<string, string>;
  /** What the account did not show: it counts as unchanged. */
  refused: string[];
  /** What no call here reads. */
  notRead: string[];
}

type LiveInputs = Record<string, unknown>;
type LivePrincipal = "role" | "user" | "group";

const ATTACHMENTS: Readonly<Record<LivePrincipal, string>> = {
  role: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  user: "aws:iam/userPolicyAttachment:UserPolicyAttachment",
  group: "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
};
const INLINE_POLICIES: Readonly<Record<LivePrincipal, string>> = {
  role: "aws:iam/rolePolicy:RolePolicy",
  user: "aws:iam/userPolicy:UserPolicy",
  group: "aws:iam/groupPolicy:GroupPolicy",
};
const PRINCIPALS: Readonly<Record<string, LivePrincipal>> = {
  "aws:iam/role:Role": "role",
  "aws:iam/user:User": "user",
  "aws:iam/group:Group": "group",
};
const READ_WITH_PRINCIPAL = [...Object.values(ATTACHMENTS), ...Object.values(INLINE_POLICIES)];
/** Types that decide nothing about access. */
const NEUTRAL = [
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  "aws:s3/bucketVersioning:BucketVersioning",
  "aws:ssm/parameter:Parameter",
];

/**
 * Reads the resources of a stack from one of its accounts. What was attached to them or added by hand is among them.
 * @param own the stack's resources in this account.
 */
export class LiveStateReader {
  readonly #live: StateResource[] = [];
  readonly #removals = new Map<string, string>();
  readonly #refused: string[] = [];
  readonly #notRead: string[] = [];

  constructor(
    private readonly account: LiveAccount,
    private readonly own: readonly StateResource[],
  ) {}

  async read(): Promise<LiveState> {
    const details = await this.#ask(this.account.details(), "IAM");
    await Promise.all(this.own.map((resource) => this.#readResource(resource, details)));
    return {
      resources: this.#live,
      removals: this.#removals,
      refused: this.#refused,
      notRead: this.#notRead,
    };
  }

  #ask<Value>(value: Promise<Value>, name: string): Promise<Value | Unreadable> {
    return readOrReason(value, name, this.account);
  }

  async #readResource(resource: StateResource, details: IamDetails | Unreadable): Promise<void> {
    const { type, inputs = {}, id = "" } = resource;
    const principal = PRINCIPALS[type];
    if (type.startsWith("aws:iam/") && isUnreadable(details)) {
      if (!this.#refused.includes(details.reason)) this.#refused.push(details.reason);
      this.#live.push(resource);
      return;
    }
    const iam = details as IamDetails;
    if (principal) return this.#readPrincipal(resource, principal, iam);
    switch (type) {
      case "aws:iam/policy:Policy": {
        const policy = iam.Policies.find(({ Arn }) => Arn === id);
        const version = policy?.PolicyVersionList?.find(({ IsDefaultVersion }) => IsDefaultVersion);
        return this.#keep(resource, policy && { policy: decoded(version?.Document) });
      }
      case "aws:iam/instanceProfile:InstanceProfile":
        return this.#readInstanceProfile(resource, iam);
      case "aws:iam/groupMembership:GroupMembership": {
        const users = membersOf(iam, String(inputs.group));
        return this.#keep(resource, { users });
      }
      case "aws:iam/userGroupMembership:UserGroupMembership":
      case "aws:iam/accessKey:AccessKey":
        // Read with their users.
        if (!this.own.some((other) => other.type === "aws:iam/user:User" && other.id === inputs.user))
          this.#live.push(resource);
        return;
      case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
        return this.#replace(resource, this.account.audiences(id), (clientIdLists) => ({ clientIdLists }));
      case "aws:s3/bucket:Bucket": {
        this.#live.push(resource);
        if (this.#has("aws:s3/bucketPolicy:BucketPolicy", "bucket", id)) return;
        return this.#addPolicy(resource, this.account.bucketPolicy(id), {
          type: "aws:s3/bucketPolicy:BucketPolicy",
          inputs: { bucket: id },
          removal: `aws s3api delete-bucket-policy --bucket ${id}`,
        });
      }
      case "aws:s3/bucketPolicy:BucketPolicy":
        return this.#replace(resource, this.account.bucketPolicy(id), (policy) => policy && { policy });
      case "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":
        return this.#replace(resource, this.account.publicAccessBlock(id), (block) => block);
      case "aws:s3/bucketOwnershipControls:BucketOwnershipControls":
        return this.#replace(
          resource,
          this.account.objectOwnership(id),
          (objectOwnership) => objectOwnership && { rule: { objectOwnership } },
        );
      case "aws:sns/topic:Topic":
      case "aws:sqs/queue:Queue":
      case "aws:ecr/repository:Repository":
        return this.#readShared(resource);
      case "aws:sns/topicPolicy:TopicPolicy":
        return this.#replace(resource, this.account.topicPolicy(String(inputs.arn)), (policy) =>
          policy === undefined ? undefined : { policy },
        );
      case "aws:sqs/queuePolicy:QueuePolicy":
        return this.#replace(
          resource,
          this.account.queuePolicy(String(inputs.queueUrl).split("/").at(-1)!),
          (policy) => (policy ? { policy } : undefined),
        );
      case "aws:ecr/repositoryPolicy:RepositoryPolicy":
        return this.#replace(resource, this.account.repositoryPolicy(String(inputs.repository)), (policy) =>
          policy === undefined ? undefined : { policy },
        );
      default:
        // A principal's policies are read with it, where it is the program's.
        if (READ_WITH_PRINCIPAL.includes(type))
          return this.#hasPrincipal(inputs) ? undefined : this.#readOfOther(resource, iam);
        this.#live.push(resource);
        if (NEUTRAL.includes(type)) return;
        this.#notRead.push(`${type.split(":").at(-1)} ${nameOf(resource)}`);
    }
  }

  #hasPrincipal = ({ role, user, group }: LiveInputs): boolean =>
    this.own.some(({ type, id }) => {
      const kind = PRINCIPALS[type];
      return kind !== undefined && id === { role, user, group }[kind];
    });

  /** The resource as it is now; left out where it no longer exists. */
  #keep(resource: StateResource, inputs: LiveInputs | undefined): void {
    if (inputs) this.#live.push({ ...resource, inputs: { ...resource.inputs, ...inputs } });
  }

  async #replace<Value>(
    resource: StateResource,
    value: Promise<Value>,
    inputsOf: (value: Value) => LiveInputs | undefined | "",
  ): Promise<void> {
    const read = await this.#ask(value, `${resource.type.split(":").at(-1)} ${nameOf(resource)}`);
    if (!isUnreadable(read)) return this.#keep(resource, inputsOf(read) || undefined);
    if (read.missing) return;
    this.#refused.push(read.reason);
    this.#live.push(resource);
  }

  /** Something that the program did not make. */
  #add(beside: StateResource, type: string, name: string, inputs: LiveInputs, removal: string): void {
    // Two colons part a URN.
    const label = name.replaceAll("::", ":");
    const urn = `${beside.urn.split("::").slice(0, 2).join("::")}::${type}::${label}`;
    const { provider } = beside;
    this.#live.push({ urn, type, id: name, custom: true, inputs, ...(provider && { provider }) });
    this.#removals.set(`${type} ${label}`, `${removal} --profile ${this.account.profile}`);
  }

  #has = (type: string, property: string, value: string): boolean =>
    this.own.some((resource) => resource.type === type && resource.inputs?.[property] === value);

  async #readPrincipal(resource: StateResource, kind: LivePrincipal, iam: IamDetails): Promise<void> {
    const name = resource.id!;
    const found = principalsOf(iam, kind).get(name);
    if (!found) return;
    const { inline, attached, boundary } = found;
    const limits = kind === "group" ? {} : { permissionsBoundary: boundary };
    if (kind === "role") await this.#readRole(resource, found, limits);
    else this.#keep(resource, limits);
    for (const [policyName, document] of inline) {
      const type = INLINE_POLICIES[kind];
      const managed = this.own.find(
        (other) =>
          other.type === type && other.inputs?.[kind] === name && other.id === `${name}:${policyName}`,
      );
      const removal = `aws iam delete-${kind}-policy --${kind}-name ${name} --policy-name ${policyName}`;
      const inputs = { [kind]: name, name: policyName, policy: document };
      if (managed) this.#keep(managed, { policy: document });
      else this.#add(resource, type, `${policyName} of ${kind} ${name}`, inputs, removal);
    }
    for (const policyArn of attached) {
      const type = ATTACHMENTS[kind];
      const removal = `aws iam detach-${kind}-policy --${kind}-name ${name} --policy-arn ${policyArn}`;
      this.#add(resource, type, `${policyArn} of ${kind} ${name}`, { [kind]: name, policyArn }, removal);
    }
    if (kind === "user") await this.#readUser(resource, found);
  }

  async #readRole(resource: StateResource, { trust }: LiveResource, limits: LiveInputs): Promise<void> {
    // Policies that the role names itself are listed among its inline and attached ones.
    const { inlinePolicies: _, managedPolicyArns: __, ...inputs } = resource.inputs ?? {};
    await this.#replace({ ...resource, inputs }, this.account.longestSession(resource.id!), (seconds) => ({
      ...limits,
      assumeRolePolicy: trust,
      maxSessionDuration: seconds,
    }));
  }

  async #readUser(resource: StateResource, { groups }: LiveResource): Promise<void> {
    const user = resource.id!;
    for (const group of groups) {
      const known = this.own.some(
        ({ type, inputs = {} }) =>
          (type.endsWith(":UserGroupMembership") &&
            inputs.user === user &&
            [inputs.groups].flat().includes(group)) ||
          (type.endsWith(":GroupMembership") &&
            inputs.group === group &&
            [inputs.users].flat().includes(user)),
      );
      const removal = `aws iam remove-user-from-group --user-name ${user} --group-name ${group}`;
      const type = "aws:iam/userGroupMembership:UserGroupMembership";
      if (!known) this.#add(resource, type, `${user} in ${group}`, { user, groups: [group] }, removal);
    }
    for (const membership of this.own.filter(
      ({ type, inputs }) => type.endsWith(":UserGroupMembership") && inputs?.user === user,
    ))
      this.#keep(membership, {
        groups: [membership.inputs?.groups].flat().filter((group) => groups.includes(String(group))),
      });
    const keys = await this.#ask(this.account.accessKeys(user), `access keys of user ${user}`);
    const managed = this.own.filter(
      ({ type, inputs }) => type === "aws:iam/accessKey:AccessKey" && inputs?.user === user,
    );
    if (isUnreadable(keys)) {
      this.#refused.push(keys.reason);
      this.#live.push(...managed);
      return;
    }
    for (const { id, status } of keys) {
      const own = managed.find((key) => key.id === id);
      const removal = `aws iam delete-access-key --user-name ${user} --access-key-id ${id}`;
      if (own) this.#keep(own, { status });
      else this.#add(resource, "aws:iam/accessKey:AccessKey", id, { user, status }, removal);
    }
  }

  /** A policy of a principal that is not the program's: the rest of that principal is its owner's. */
  #readOfOther(resource: StateResource, iam: IamDetails): void {
    const { inputs = {} } = resource;
    const kind = (["role", "user", "group"] as const).find((name) => typeof inputs[name] === "string")!;
    const { inline = [], attached = [] } = principalsOf(iam, kind).get(String(inputs[kind])) ?? {};
    const document = inline.find(([name]) => resource.id === `${String(inputs[kind])}:${name}`)?.[1];
    if (resource.type !== ATTACHMENTS[kind])
      this.#keep(resource, document === undefined ? undefined : { policy: document });
    else if (attached.includes(String(inputs.policyArn))) this.#keep(resource, {});
  }

  #readInstanceProfile(resource: StateResource, iam: IamDetails): void {
    const role = iam.RoleDetailList.find(({ InstanceProfileList = [] }) =>
      InstanceProfileList.some(({ InstanceProfileName }) => InstanceProfileName === resource.id),
    );
    this.#keep(resource, { role: role?.RoleName });
  }

  async #readShared(resource: StateResource): Promise<void> {
    this.#live.push(resource);
    const { type, id = "", inputs = {} } = resource;
    const name = String(inputs.name ?? id);
    // A topic always has a policy: AWS's own lets its account in alone.
    if (type === "aws:sqs/queue:Queue" && !this.#has("aws:sqs/queuePolicy:QueuePolicy", "queueUrl", id))
      return this.#addPolicy(resource, this.account.queuePolicy(name), {
        type: "aws:sqs/queuePolicy:QueuePolicy",
        inputs: { queueUrl: id },
        removal: `aws sqs set-queue-attributes --queue-url ${id} --attributes Policy=`,
      });
    const isBare = !this.#has("aws:ecr/repositoryPolicy:RepositoryPolicy", "repository", name);
    if (type === "aws:ecr/repository:Repository" && isBare)
      return this.#addPolicy(resource, this.account.repositoryPolicy(name), {
        type: "aws:ecr/repositoryPolicy:RepositoryPolicy",
        inputs: { repository: name },
        removal: `aws ecr delete-repository-policy --repository-name ${name}`,
      });
  }

  async #addPolicy(
    resource: StateResource,
    policy: Promise<string | undefined>,
    { type, inputs, removal }: { type: string; inputs: LiveInputs; removal: string },
  ): Promise<void> {
    const read = await this.#ask(policy, `policy of ${nameOf(resource)}`);
    if (isUnreadable(read)) {
      if (!read.missing) this.#refused.push(read.reason);
    } else if (read)
      this.#add(resource, type, `policy of ${nameOf(resource)}`, { ...inputs, policy: read }, removal);
  }
}

const nameOf = ({ urn }: StateResource): string => urn.split("::").at(-1)!;

interface LiveResource {
  trust: string;
  boundary: string | undefined;
  inline: readonly (readonly [name: string, document: string])[];
  attached: readonly string[];
  groups: readonly string[];
}

function principalsOf(iam: IamDetails, kind: LivePrincipal): ReadonlyMap<string, LiveResource> {
  const inlineOf = (policies: PolicyDetail[] = []) =>
    policies.map(({ PolicyName = "", PolicyDocument }) => [PolicyName, decoded(PolicyDocument)] as const);
  const common = (detail: {
    AttachedManagedPolicies?: { PolicyArn?: string | undefined }[] | undefined;
    PermissionsBoundary?: { PermissionsBoundaryArn?: string | undefined } | undefined;
  }) => ({
    attached: (detail.AttachedManagedPolicies ?? []).map(({ PolicyArn = "" }) => PolicyArn),
    boundary: detail.PermissionsBoundary?.PermissionsBoundaryArn,
  });
  if (kind === "role")
    return new Map(
      iam.RoleDetailList.map((role) => [
        role.RoleName ?? "",
        {
          ...common(role),
          trust: decoded(role.AssumeRolePolicyDocument),
          inline: inlineOf(role.RolePolicyList),
          groups: [],
        },
      ]),
    );
  if (kind === "user")
    return new Map(
      iam.UserDetailList.map((user) => [
        user.UserName ?? "",
        { ...common(user), trust: "", inline: inlineOf(user.UserPolicyList), groups: user.GroupList ?? [] },
      ]),
    );
  return new Map(
    iam.GroupDetailList.map((group) => [
      group.GroupName ?? "",
      { ...common(group), trust: "", inline: inlineOf(group.GroupPolicyList), groups: [] },
    ]),
  );
}

/** The users in a group, without those of the checks. */
const membersOf = (iam: IamDetails, group: string): string[] =>
  iam.UserDetailList.filter(
    ({ GroupList = [], Path, UserName }) => GroupList.includes(group) && !isOfChecks(Path, UserName),
  ).map(({ UserName = "" }) => UserName);
