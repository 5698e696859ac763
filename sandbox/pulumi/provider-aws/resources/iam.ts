import * as sdk from "@aws-sdk/client-iam";
import type * as aws from "@pulumi/aws/iam";
import type { Session } from "../session";
import {
  collect,
  document,
  fixed,
  fromKeyValues,
  keyValues,
  named,
  ours,
  type ResourceType,
  resource,
  retag,
} from "../table";

const iam = (session: Session) => session.client(sdk.IAMClient);
/** IAM gives documents back URL-encoded (RFC 3986). */
const decoded = (text: string | undefined) => (text === undefined ? undefined : decodeURIComponent(text));
const iso = (date: Date | undefined) => date?.toISOString().replace(/\.\d+Z$/, "Z");
/** An ID of two parts, at its first separator. */
const parts = (id: string, separator: string): [string, string] => {
  const at = id.indexOf(separator);
  if (at < 0) throw new Error(`ID '${id}' should be of the form A${separator}B`);
  return [id.slice(0, at), id.slice(at + 1)];
};

/** A policy inside a role, group or user, with its own name. */
function inlinePolicy<
  Args extends { name?: unknown; namePrefix?: unknown; policy: unknown },
  Owner extends keyof Args & string,
>(
  owner: Owner,
  title: string,
  call: {
    put(client: sdk.IAMClient, owner: string, PolicyName: string, PolicyDocument: string): Promise<unknown>;
    get(
      client: sdk.IAMClient,
      owner: string,
      PolicyName: string,
    ): Promise<{ PolicyDocument?: string | undefined }>;
    remove(client: sdk.IAMClient, owner: string, PolicyName: string): Promise<unknown>;
  },
): ResourceType {
  return {
    title,
    properties: { [owner]: fixed, name: named, namePrefix: named, policy: document },
    autoname: { property: "name", longest: 128 },
    id: (inputs) => `${inputs[owner]}:${inputs.name}`,
    async create(session, inputs) {
      const [of, name] = [String(inputs[owner]), String(inputs.name)];
      await call.put(iam(session), of, name, String(inputs.policy));
    },
    async read(session, id) {
      const [of, name] = parts(id, ":");
      const { PolicyDocument } = await call.get(iam(session), of, name);
      return { [owner]: of, name, policy: decoded(PolicyDocument) };
    },
    async update(session, id, inputs) {
      await call.put(iam(session), ...parts(id, ":"), String(inputs.policy));
    },
    async delete(session, id) {
      await call.remove(iam(session), ...parts(id, ":"));
    },
  };
}

/** A managed policy on a role, group or user. */
function attachment<Args extends { policyArn: unknown }, Owner extends keyof Args & string>(
  owner: Owner,
  title: string,
  call: {
    attach(client: sdk.IAMClient, owner: string, PolicyArn: string): Promise<unknown>;
    detach(client: sdk.IAMClient, owner: string, PolicyArn: string): Promise<unknown>;
    attached(
      client: sdk.IAMClient,
      owner: string,
    ): AsyncIterable<{ AttachedPolicies?: sdk.AttachedPolicy[] | undefined }>;
  },
): ResourceType {
  return {
    title,
    properties: { [owner]: fixed, policyArn: fixed },
    id: (inputs) => `${inputs[owner]}/${inputs.policyArn}`,
    async create(session, inputs) {
      const [of, arn] = [String(inputs[owner]), String(inputs.policyArn)];
      await call.attach(iam(session), of, arn);
    },
    async read(session, id) {
      const [of, policyArn] = parts(id, "/");
      for await (const { AttachedPolicies = [] } of call.attached(iam(session), of))
        if (AttachedPolicies.some(({ PolicyArn }) => PolicyArn === policyArn))
          return { [owner]: of, policyArn };
      return undefined;
    },
    async delete(session, id) {
      await call.detach(iam(session), ...parts(id, "/"));
    },
  };
}

/** Takes a role out of the instance profiles that hold it: IAM deletes no role that is in one. */
async function leaveInstanceProfiles(client: sdk.IAMClient, RoleName: string): Promise<void> {
  for await (const { InstanceProfiles = [] } of sdk.paginateListInstanceProfilesForRole(
    { client },
    { RoleName },
  ))
    for (const { InstanceProfileName } of InstanceProfiles)
      await client.send(new sdk.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
}

async function emptyRole(client: sdk.IAMClient, RoleName: string): Promise<void> {
  for await (const { AttachedPolicies = [] } of sdk.paginateListAttachedRolePolicies(
    { client },
    { RoleName },
  ))
    for (const { PolicyArn } of AttachedPolicies)
      await client.send(new sdk.DetachRolePolicyCommand({ RoleName, PolicyArn }));
  for await (const { PolicyNames = [] } of sdk.paginateListRolePolicies({ client }, { RoleName }))
    for (const PolicyName of PolicyNames)
      await client.send(new sdk.DeleteRolePolicyCommand({ RoleName, PolicyName }));
}

/** Removes what a person collects beside the program: keys, password, MFA devices, policies and groups. */
async function emptyUser(client: sdk.IAMClient, UserName: string): Promise<void> {
  for await (const { Groups = [] } of sdk.paginateListGroupsForUser({ client }, { UserName }))
    for (const { GroupName } of Groups)
      await client.send(new sdk.RemoveUserFromGroupCommand({ UserName, GroupName }));
  for await (const { AccessKeyMetadata = [] } of sdk.paginateListAccessKeys({ client }, { UserName }))
    for (const { AccessKeyId } of AccessKeyMetadata)
      await client.send(new sdk.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  for await (const { MFADevices = [] } of sdk.paginateListMFADevices({ client }, { UserName }))
    for (const { SerialNumber } of MFADevices) {
      await client.send(new sdk.DeactivateMFADeviceCommand({ UserName, SerialNumber }));
      if (SerialNumber?.startsWith("arn:"))
        await client.send(new sdk.DeleteVirtualMFADeviceCommand({ SerialNumber }));
    }
  for await (const { AttachedPolicies = [] } of sdk.paginateListAttachedUserPolicies(
    { client },
    { UserName },
  ))
    for (const { PolicyArn } of AttachedPolicies)
      await client.send(new sdk.DetachUserPolicyCommand({ UserName, PolicyArn }));
  for await (const { PolicyNames = [] } of sdk.paginateListUserPolicies({ client }, { UserName }))
    for (const PolicyName of PolicyNames)
      await client.send(new sdk.DeleteUserPolicyCommand({ UserName, PolicyName }));
  await client.send(new sdk.DeleteLoginProfileCommand({ UserName })).catch((error) => {
    if (error.status !== 404) throw error;
  });
}

const role = resource<aws.RoleArgs>({
  title: "IAM Role",
  properties: {
    assumeRolePolicy: document,
    description: {},
    forceDetachPolicies: ours(false),
    maxSessionDuration: { default: 3600 },
    name: named,
    namePrefix: named,
    path: { default: "/", replace: true },
    permissionsBoundary: {},
    tags: {},
  },
  outputs: ["arn", "createDate", "uniqueId"],
  autoname: { property: "name", longest: 64 },
  id: ({ name = "" }) => name,
  async create(session, inputs) {
    const { name: RoleName } = inputs;
    await iam(session).send(
      new sdk.CreateRoleCommand({
        RoleName,
        AssumeRolePolicyDocument: inputs.assumeRolePolicy,
        Description: inputs.description,
        MaxSessionDuration: inputs.maxSessionDuration,
        Path: inputs.path,
        PermissionsBoundary: inputs.permissionsBoundary,
        Tags: keyValues(inputs.tagsAll),
      }),
    );
  },
  async read(session, RoleName) {
    const { Role } = await iam(session).send(new sdk.GetRoleCommand({ RoleName }));
    return {
      arn: Role?.Arn,
      assumeRolePolicy: decoded(Role?.AssumeRolePolicyDocument),
      createDate: iso(Role?.CreateDate),
      description: Role?.Description,
      maxSessionDuration: Role?.MaxSessionDuration ?? 3600,
      name: Role?.RoleName,
      path: Role?.Path,
      permissionsBoundary: Role?.PermissionsBoundary?.PermissionsBoundaryArn,
      tagsAll: fromKeyValues(Role?.Tags),
      uniqueId: Role?.RoleId,
    };
  },
  async update(session, RoleName, inputs, old) {
    const client = iam(session);
    if (inputs.assumeRolePolicy !== old.assumeRolePolicy)
      await client.send(
        new sdk.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: inputs.assumeRolePolicy }),
      );
    if (inputs.description !== old.description || inputs.maxSessionDuration !== old.maxSessionDuration)
      await client.send(
        new sdk.UpdateRoleCommand({
          RoleName,
          Description: inputs.description ?? "",
          MaxSessionDuration: inputs.maxSessionDuration,
        }),
      );
    const { permissionsBoundary: PermissionsBoundary } = inputs;
    if (PermissionsBoundary !== old.permissionsBoundary)
      await (PermissionsBoundary
        ? client.send(new sdk.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }))
        : client.send(new sdk.DeleteRolePermissionsBoundaryCommand({ RoleName })));
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagRoleCommand({ RoleName, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.UntagRoleCommand({ RoleName, TagKeys })),
    );
  },
  async delete(session, RoleName, { forceDetachPolicies }) {
    await leaveInstanceProfiles(iam(session), RoleName);
    if (forceDetachPolicies) await emptyRole(iam(session), RoleName);
    await iam(session).send(new sdk.DeleteRoleCommand({ RoleName }));
  },
});

const user = resource<aws.UserArgs>({
  title: "IAM User",
  properties: {
    forceDestroy: ours(false),
    name: { computed: true },
    path: { default: "/" },
    permissionsBoundary: {},
    tags: {},
  },
  outputs: ["arn", "uniqueId"],
  autoname: { property: "name", longest: 64 },
  id: ({ name = "" }) => name,
  async create(session, { name: UserName, path: Path, permissionsBoundary: PermissionsBoundary, tagsAll }) {
    await iam(session).send(
      new sdk.CreateUserCommand({ UserName, Path, PermissionsBoundary, Tags: keyValues(tagsAll) }),
    );
  },
  async read(session, UserName, known) {
    const { User } = await iam(session).send(new sdk.GetUserCommand({ UserName: known.name ?? UserName }));
    return {
      arn: User?.Arn,
      name: User?.UserName,
      path: User?.Path,
      permissionsBoundary: User?.PermissionsBoundary?.PermissionsBoundaryArn,
      tagsAll: fromKeyValues(User?.Tags),
      uniqueId: User?.UserId,
    };
  },
  async update(
    session,
    _id,
    { name: UserName, path, permissionsBoundary: PermissionsBoundary, tagsAll },
    old,
  ) {
    const client = iam(session);
    if (UserName !== old.name || path !== old.path)
      await client.send(
        new sdk.UpdateUserCommand({ UserName: old.name, NewUserName: UserName, NewPath: path }),
      );
    if (PermissionsBoundary !== old.permissionsBoundary)
      await (PermissionsBoundary
        ? client.send(new sdk.PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary }))
        : client.send(new sdk.DeleteUserPermissionsBoundaryCommand({ UserName })));
    await retag(
      old.tagsAll,
      tagsAll,
      (tags) => client.send(new sdk.TagUserCommand({ UserName, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.UntagUserCommand({ UserName, TagKeys })),
    );
  },
  async delete(session, id, { name: UserName = id, forceDestroy }) {
    if (forceDestroy) await emptyUser(iam(session), UserName);
    await iam(session).send(new sdk.DeleteUserCommand({ UserName }));
  },
});

const group = resource<aws.GroupArgs>({
  title: "IAM Group",
  properties: { name: { computed: true }, path: { default: "/" } },
  outputs: ["arn", "uniqueId"],
  autoname: { property: "name", longest: 128 },
  id: ({ name = "" }) => name,
  async create(session, { name: GroupName, path: Path }) {
    await iam(session).send(new sdk.CreateGroupCommand({ GroupName, Path }));
  },
  async read(session, id, known) {
    const { Group } = await iam(session).send(new sdk.GetGroupCommand({ GroupName: known.name ?? id }));
    return { arn: Group?.Arn, name: Group?.GroupName, path: Group?.Path, uniqueId: Group?.GroupId };
  },
  async update(session, _id, { name, path }, old) {
    await iam(session).send(
      new sdk.UpdateGroupCommand({ GroupName: old.name, NewGroupName: name, NewPath: path }),
    );
  },
  async delete(session, id, { name: GroupName = id }) {
    await iam(session).send(new sdk.DeleteGroupCommand({ GroupName }));
  },
});

/** IAM keeps five versions of a policy at most. */
const VERSIONS_KEPT = 5;

async function policyVersions(client: sdk.IAMClient, PolicyArn: string): Promise<sdk.PolicyVersion[]> {
  const versions = await collect(
    sdk.paginateListPolicyVersions({ client }, { PolicyArn }),
    ({ Versions }) => Versions,
  );
  return versions.filter(({ IsDefaultVersion }) => !IsDefaultVersion);
}

const policy = resource<aws.PolicyArgs>({
  title: "IAM Policy",
  properties: {
    delayAfterPolicyCreationInMs: ours(undefined),
    description: { replace: true },
    name: named,
    namePrefix: named,
    path: { default: "/", replace: true },
    policy: document,
    tags: {},
  },
  outputs: ["arn", "attachmentCount", "policyId"],
  autoname: { property: "name", longest: 128 },
  id: ({ name, path }, account) => `arn:aws:iam::${account}:policy${path}${name}`,
  async create(session, inputs, created) {
    const { Policy } = await iam(session).send(
      new sdk.CreatePolicyCommand({
        PolicyName: inputs.name,
        PolicyDocument: inputs.policy,
        Description: inputs.description,
        Path: inputs.path,
        Tags: keyValues(inputs.tagsAll),
      }),
    );
    created(Policy?.Arn);
  },
  async read(session, PolicyArn) {
    const { Policy } = await iam(session).send(new sdk.GetPolicyCommand({ PolicyArn }));
    const VersionId = Policy?.DefaultVersionId;
    const { PolicyVersion } = await iam(session).send(
      new sdk.GetPolicyVersionCommand({ PolicyArn, VersionId }),
    );
    return {
      arn: Policy?.Arn,
      attachmentCount: Policy?.AttachmentCount ?? 0,
      description: Policy?.Description,
      name: Policy?.PolicyName,
      path: Policy?.Path,
      policy: decoded(PolicyVersion?.Document),
      policyId: Policy?.PolicyId,
      tagsAll: fromKeyValues(Policy?.Tags),
    };
  },
  async update(session, PolicyArn, inputs, old) {
    const client = iam(session);
    if (inputs.policy !== old.policy) {
      const versions = await policyVersions(client, PolicyArn);
      const oldest = versions.sort((a, b) => Number(a.CreateDate) - Number(b.CreateDate))[0];
      if (versions.length >= VERSIONS_KEPT - 1)
        await client.send(new sdk.DeletePolicyVersionCommand({ PolicyArn, VersionId: oldest?.VersionId }));
      await client.send(
        new sdk.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: inputs.policy, SetAsDefault: true }),
      );
    }
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagPolicyCommand({ PolicyArn, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.UntagPolicyCommand({ PolicyArn, TagKeys })),
    );
  },
  async delete(session, PolicyArn) {
    for (const { VersionId } of await policyVersions(iam(session), PolicyArn))
      await iam(session).send(new sdk.DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    await iam(session).send(new sdk.DeletePolicyCommand({ PolicyArn }));
  },
});

const userGroupMembership = resource<aws.UserGroupMembershipArgs>({
  title: "IAM User Group Membership",
  properties: { groups: { required: true, compare: "set" }, user: fixed },
  id: ({ user, groups }) => [user, ...groups].join("/"),
  async create(session, { user: UserName, groups }, created) {
    for (const GroupName of groups) {
      await iam(session).send(new sdk.AddUserToGroupCommand({ UserName, GroupName }));
      created();
    }
  },
  async read(session, id, known) {
    const [UserName = "", ...imported] = id.split("/");
    const groups = await collect(
      sdk.paginateListGroupsForUser({ client: iam(session) }, { UserName }),
      ({ Groups }) => Groups,
    );
    const member = new Set(groups.map(({ GroupName }) => GroupName));
    return {
      user: UserName,
      groups: ((known.groups as string[] | undefined) ?? imported).filter((name) => member.has(name)),
    };
  },
  async update(session, _id, { user: UserName, groups }, old) {
    const [now, before] = [groups as string[], old.groups as string[]];
    for (const GroupName of now.filter((name) => !before.includes(name)))
      await iam(session).send(new sdk.AddUserToGroupCommand({ UserName, GroupName }));
    for (const GroupName of before.filter((name) => !now.includes(name)))
      await iam(session).send(new sdk.RemoveUserFromGroupCommand({ UserName, GroupName }));
  },
  async delete(session, _id, { user: UserName, groups }) {
    for (const GroupName of groups)
      await iam(session).send(new sdk.RemoveUserFromGroupCommand({ UserName, GroupName }));
  },
});

const accessKey = resource<aws.AccessKeyArgs>({
  title: "IAM Access Key",
  properties: { status: { default: "Active" }, user: fixed },
  outputs: ["createDate", "secret"],
  secrets: ["secret"],
  async create(session, { user: UserName, status: Status }, created) {
    const { AccessKey } = await iam(session).send(new sdk.CreateAccessKeyCommand({ UserName }));
    const AccessKeyId = AccessKey?.AccessKeyId ?? "";
    created(AccessKeyId);
    // AWS tells the secret this once.
    secretsOfNewKeys.set(AccessKeyId, AccessKey?.SecretAccessKey ?? "");
    if (Status !== "Active")
      await iam(session).send(
        new sdk.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: Status as "Inactive" }),
      );
  },
  async read(session, id, { user: UserName }) {
    const secret = secretsOfNewKeys.get(id);
    for await (const { AccessKeyMetadata = [] } of sdk.paginateListAccessKeys(
      { client: iam(session) },
      { UserName },
    ))
      for (const key of AccessKeyMetadata.filter(({ AccessKeyId }) => AccessKeyId === id))
        return {
          createDate: iso(key.CreateDate),
          status: key.Status,
          user: key.UserName,
          ...(secret && { secret }),
        };
    return undefined;
  },
  async update(session, AccessKeyId, { user: UserName, status: Status }) {
    await iam(session).send(
      new sdk.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: Status as sdk.StatusType }),
    );
  },
  async delete(session, AccessKeyId, { user: UserName }) {
    await iam(session).send(new sdk.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  },
});
const secretsOfNewKeys = new Map<string, string>();

const instanceProfile = resource<aws.InstanceProfileArgs>({
  title: "IAM Instance Profile",
  properties: { name: named, namePrefix: named, path: { default: "/", replace: true }, role: {}, tags: {} },
  outputs: ["arn", "createDate", "uniqueId"],
  autoname: { property: "name", longest: 128 },
  id: ({ name = "" }) => name,
  async create(session, { name: InstanceProfileName = "", path: Path, role: RoleName, tagsAll }, created) {
    await iam(session).send(
      new sdk.CreateInstanceProfileCommand({ InstanceProfileName, Path, Tags: keyValues(tagsAll) }),
    );
    created();
    if (RoleName)
      await iam(session).send(new sdk.AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  },
  async read(session, InstanceProfileName) {
    const { InstanceProfile } = await iam(session).send(
      new sdk.GetInstanceProfileCommand({ InstanceProfileName }),
    );
    return {
      arn: InstanceProfile?.Arn,
      createDate: iso(InstanceProfile?.CreateDate),
      name: InstanceProfile?.InstanceProfileName,
      path: InstanceProfile?.Path,
      role: InstanceProfile?.Roles?.[0]?.RoleName,
      tagsAll: fromKeyValues(InstanceProfile?.Tags),
      uniqueId: InstanceProfile?.InstanceProfileId,
    };
  },
  async update(session, InstanceProfileName, { role: RoleName, tagsAll }, old) {
    const client = iam(session);
    if (RoleName !== old.role) {
      if (old.role)
        await client.send(
          new sdk.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName: old.role }),
        );
      if (RoleName)
        await client.send(new sdk.AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
    }
    await retag(
      old.tagsAll,
      tagsAll,
      (tags) =>
        client.send(new sdk.TagInstanceProfileCommand({ InstanceProfileName, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.UntagInstanceProfileCommand({ InstanceProfileName, TagKeys })),
    );
  },
  async delete(session, InstanceProfileName, { role: RoleName }) {
    if (RoleName)
      await iam(session).send(
        new sdk.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }),
      );
    await iam(session).send(new sdk.DeleteInstanceProfileCommand({ InstanceProfileName }));
  },
});

const openIdConnectProvider = resource<aws.OpenIdConnectProviderArgs>({
  title: "IAM OIDC Provider",
  properties: {
    clientIdLists: { required: true, compare: "set" },
    tags: {},
    thumbprintLists: { computed: true, compare: "set" },
    url: fixed,
  },
  outputs: ["arn"],
  id: ({ url }, account) => `arn:aws:iam::${account}:oidc-provider/${url.replace(/^https:\/\//, "")}`,
  async create(session, { url: Url, clientIdLists, thumbprintLists, tagsAll }, created) {
    const { OpenIDConnectProviderArn } = await iam(session).send(
      new sdk.CreateOpenIDConnectProviderCommand({
        Url,
        ClientIDList: clientIdLists as string[],
        ThumbprintList: thumbprintLists as string[] | undefined,
        Tags: keyValues(tagsAll),
      }),
    );
    created(OpenIDConnectProviderArn);
  },
  async read(session, arn) {
    const found = await iam(session).send(
      new sdk.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }),
    );
    return {
      arn,
      clientIdLists: found.ClientIDList,
      tagsAll: fromKeyValues(found.Tags),
      thumbprintLists: found.ThumbprintList,
      url: `https://${found.Url?.replace(/^https:\/\//, "")}`,
    };
  },
  async update(session, OpenIDConnectProviderArn, { clientIdLists, thumbprintLists, tagsAll }, old) {
    const client = iam(session);
    const [now, before] = [clientIdLists as string[], old.clientIdLists as string[]];
    for (const ClientID of now.filter((one) => !before.includes(one)))
      await client.send(
        new sdk.AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }),
      );
    for (const ClientID of before.filter((one) => !now.includes(one)))
      await client.send(
        new sdk.RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }),
      );
    if (thumbprintLists && String(thumbprintLists) !== String(old.thumbprintLists))
      await client.send(
        new sdk.UpdateOpenIDConnectProviderThumbprintCommand({
          OpenIDConnectProviderArn,
          ThumbprintList: thumbprintLists as string[],
        }),
      );
    await retag(
      old.tagsAll,
      tagsAll,
      (tags) =>
        client.send(
          new sdk.TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, Tags: keyValues(tags) }),
        ),
      (TagKeys) =>
        client.send(new sdk.UntagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, TagKeys })),
    );
  },
  async delete(session, OpenIDConnectProviderArn) {
    await iam(session).send(new sdk.DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
  },
});

export default {
  "aws:iam/role:Role": role,
  "aws:iam/user:User": user,
  "aws:iam/group:Group": group,
  "aws:iam/policy:Policy": policy,
  "aws:iam/userGroupMembership:UserGroupMembership": userGroupMembership,
  "aws:iam/accessKey:AccessKey": accessKey,
  "aws:iam/instanceProfile:InstanceProfile": instanceProfile,
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": openIdConnectProvider,
  "aws:iam/rolePolicy:RolePolicy": inlinePolicy<aws.RolePolicyArgs, "role">("role", "IAM Role Policy", {
    put: (client, RoleName, PolicyName, PolicyDocument) =>
      client.send(new sdk.PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument })),
    get: (client, RoleName, PolicyName) =>
      client.send(new sdk.GetRolePolicyCommand({ RoleName, PolicyName })),
    remove: (client, RoleName, PolicyName) =>
      client.send(new sdk.DeleteRolePolicyCommand({ RoleName, PolicyName })),
  }),
  "aws:iam/groupPolicy:GroupPolicy": inlinePolicy<aws.GroupPolicyArgs, "group">("group", "IAM Group Policy", {
    put: (client, GroupName, PolicyName, PolicyDocument) =>
      client.send(new sdk.PutGroupPolicyCommand({ GroupName, PolicyName, PolicyDocument })),
    get: (client, GroupName, PolicyName) =>
      client.send(new sdk.GetGroupPolicyCommand({ GroupName, PolicyName })),
    remove: (client, GroupName, PolicyName) =>
      client.send(new sdk.DeleteGroupPolicyCommand({ GroupName, PolicyName })),
  }),
  "aws:iam/userPolicy:UserPolicy": inlinePolicy<aws.UserPolicyArgs, "user">("user", "IAM User Policy", {
    put: (client, UserName, PolicyName, PolicyDocument) =>
      client.send(new sdk.PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument })),
    get: (client, UserName, PolicyName) =>
      client.send(new sdk.GetUserPolicyCommand({ UserName, PolicyName })),
    remove: (client, UserName, PolicyName) =>
      client.send(new sdk.DeleteUserPolicyCommand({ UserName, PolicyName })),
  }),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": attachment<aws.RolePolicyAttachmentArgs, "role">(
    "role",
    "IAM Role Policy Attachment",
    {
      attach: (client, RoleName, PolicyArn) =>
        client.send(new sdk.AttachRolePolicyCommand({ RoleName, PolicyArn })),
      detach: (client, RoleName, PolicyArn) =>
        client.send(new sdk.DetachRolePolicyCommand({ RoleName, PolicyArn })),
      attached: (client, RoleName) => sdk.paginateListAttachedRolePolicies({ client }, { RoleName }),
    },
  ),
  "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": attachment<aws.GroupPolicyAttachmentArgs, "group">(
    "group",
    "IAM Group Policy Attachment",
    {
      attach: (client, GroupName, PolicyArn) =>
        client.send(new sdk.AttachGroupPolicyCommand({ GroupName, PolicyArn })),
      detach: (client, GroupName, PolicyArn) =>
        client.send(new sdk.DetachGroupPolicyCommand({ GroupName, PolicyArn })),
      attached: (client, GroupName) => sdk.paginateListAttachedGroupPolicies({ client }, { GroupName }),
    },
  ),
  "aws:iam/userPolicyAttachment:UserPolicyAttachment": attachment<aws.UserPolicyAttachmentArgs, "user">(
    "user",
    "IAM User Policy Attachment",
    {
      attach: (client, UserName, PolicyArn) =>
        client.send(new sdk.AttachUserPolicyCommand({ UserName, PolicyArn })),
      detach: (client, UserName, PolicyArn) =>
        client.send(new sdk.DetachUserPolicyCommand({ UserName, PolicyArn })),
      attached: (client, UserName) => sdk.paginateListAttachedUserPolicies({ client }, { UserName }),
    },
  ),
};
