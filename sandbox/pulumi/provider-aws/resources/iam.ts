import { createHmac } from "node:crypto";
import * as sdk from "@aws-sdk/client-iam";
import type * as aws from "@pulumi/aws/iam";
import { UserError } from "../../../../infra/user-error";
import { type AwsConnection, isNotFound } from "../connection";
import {
  collectPages,
  document,
  fixed,
  fromKeyValues,
  iso,
  keyValues,
  named,
  providerOnly,
  type ResourceType,
  resource,
  retag,
} from "../table";
import type { Values } from "../values";

const iam = (connection: AwsConnection) => connection.client(sdk.IAMClient);
/** IAM gives documents back URL-encoded (RFC 3986). */
const decoded = (text: string | undefined) => (text === undefined ? undefined : decodeURIComponent(text));
/** An ID of two parts, at its first separator. */
const parts = (id: string, separator: string): [string, string] => {
  const at = id.indexOf(separator);
  if (at < 0) throw new UserError(`ID '${id}' should be of the form A${separator}B`);
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
    async create(connection, inputs) {
      const [ownerName, name] = [String(inputs[owner]), String(inputs.name)];
      await call.put(iam(connection), ownerName, name, String(inputs.policy));
    },
    async read(connection, id) {
      const [ownerName, name] = parts(id, ":");
      const { PolicyDocument } = await call.get(iam(connection), ownerName, name);
      return { [owner]: ownerName, name, policy: decoded(PolicyDocument) };
    },
    async update(connection, id, inputs) {
      await call.put(iam(connection), ...parts(id, ":"), String(inputs.policy));
    },
    async delete(connection, id) {
      await call.remove(iam(connection), ...parts(id, ":"));
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
  // A state of the official plugin may have another ID: its older versions made one up.
  const attached = (id: string, known: Values): [string, string] =>
    known[owner] && known.policyArn ? [String(known[owner]), String(known.policyArn)] : parts(id, "/");
  return {
    title,
    properties: { [owner]: fixed, policyArn: fixed },
    id: (inputs) => `${inputs[owner]}/${inputs.policyArn}`,
    async create(connection, inputs) {
      const [ownerName, arn] = [String(inputs[owner]), String(inputs.policyArn)];
      await call.attach(iam(connection), ownerName, arn);
    },
    async read(connection, id, known) {
      const [ownerName, policyArn] = attached(id, known);
      for await (const { AttachedPolicies = [] } of call.attached(iam(connection), ownerName))
        if (AttachedPolicies.some(({ PolicyArn }) => PolicyArn === policyArn))
          return { [owner]: ownerName, policyArn };
      return undefined;
    },
    async delete(connection, id, state) {
      await call.detach(iam(connection), ...attached(id, state));
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

async function managedPolicyArns(client: sdk.IAMClient, RoleName: string): Promise<string[]> {
  const attached = await collectPages(
    sdk.paginateListAttachedRolePolicies({ client }, { RoleName }),
    ({ AttachedPolicies }) => AttachedPolicies,
  );
  return attached.map(({ PolicyArn = "" }) => PolicyArn);
}

const inlinePolicyNames = (client: sdk.IAMClient, RoleName: string): Promise<string[]> =>
  collectPages(sdk.paginateListRolePolicies({ client }, { RoleName }), ({ PolicyNames }) => PolicyNames);

async function inlinePolicies(client: sdk.IAMClient, RoleName: string) {
  const names = await inlinePolicyNames(client, RoleName);
  return Promise.all(
    names.map(async (PolicyName) => {
      const found = await client.send(new sdk.GetRolePolicyCommand({ RoleName, PolicyName }));
      return { name: PolicyName, policy: decoded(found.PolicyDocument) };
    }),
  );
}

/** IAM deletes no user that is in a group. */
async function leaveGroups(client: sdk.IAMClient, UserName: string): Promise<void> {
  for await (const { Groups = [] } of sdk.paginateListGroupsForUser({ client }, { UserName }))
    for (const { GroupName } of Groups)
      await client.send(new sdk.RemoveUserFromGroupCommand({ UserName, GroupName }));
}

/** Removes what people collect and the program does not know: keys, password, MFA devices and policies. */
async function emptyUser(client: sdk.IAMClient, UserName: string): Promise<void> {
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
    forceDetachPolicies: providerOnly(false),
    maxSessionDuration: { default: 3600 },
    name: named,
    namePrefix: named,
    path: { default: "/", replace: true },
    permissionsBoundary: {},
    tags: {},
  },
  outputs: ["arn", "createDate", "inlinePolicies", "managedPolicyArns", "uniqueId"],
  autoname: { property: "name", longest: 64 },
  id: ({ name = "" }) => name,
  async create(connection, inputs) {
    const { name: RoleName } = inputs;
    await iam(connection).send(
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
  async read(connection, RoleName) {
    const client = iam(connection);
    const { Role } = await client.send(new sdk.GetRoleCommand({ RoleName }));
    const [inline, managed] = await Promise.all([
      inlinePolicies(client, RoleName),
      managedPolicyArns(client, RoleName),
    ]);
    return {
      arn: Role?.Arn,
      assumeRolePolicy: decoded(Role?.AssumeRolePolicyDocument),
      createDate: iso(Role?.CreateDate),
      description: Role?.Description ?? "",
      inlinePolicies: inline,
      managedPolicyArns: managed,
      maxSessionDuration: Role?.MaxSessionDuration ?? 3600,
      name: Role?.RoleName,
      path: Role?.Path,
      permissionsBoundary: Role?.PermissionsBoundary?.PermissionsBoundaryArn ?? "",
      tagsAll: fromKeyValues(Role?.Tags),
      uniqueId: Role?.RoleId,
    };
  },
  async update(connection, RoleName, inputs, old) {
    const client = iam(connection);
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
  async delete(connection, RoleName, state) {
    const client = iam(connection);
    const { forceDetachPolicies, ...seen }: Values = state;
    const has = (policies: unknown) => forceDetachPolicies || (Array.isArray(policies) && policies.length);
    await leaveInstanceProfiles(client, RoleName);
    // As the official plugin does: policies that the state has seen on the role go with it.
    if (has(seen.managedPolicyArns))
      for (const PolicyArn of await managedPolicyArns(client, RoleName))
        await client.send(new sdk.DetachRolePolicyCommand({ RoleName, PolicyArn }));
    if (has(seen.inlinePolicies))
      for (const PolicyName of await inlinePolicyNames(client, RoleName))
        await client.send(new sdk.DeleteRolePolicyCommand({ RoleName, PolicyName }));
    await client.send(new sdk.DeleteRoleCommand({ RoleName }));
  },
});

const user = resource<aws.UserArgs>({
  title: "IAM User",
  properties: {
    forceDestroy: providerOnly(false),
    name: { computed: true },
    path: { default: "/" },
    permissionsBoundary: {},
    tags: {},
  },
  outputs: ["arn", "uniqueId"],
  autoname: { property: "name", longest: 64 },
  id: ({ name = "" }) => name,
  async create(
    connection,
    { name: UserName, path: Path, permissionsBoundary: PermissionsBoundary, tagsAll },
  ) {
    await iam(connection).send(
      new sdk.CreateUserCommand({ UserName, Path, PermissionsBoundary, Tags: keyValues(tagsAll) }),
    );
  },
  async read(connection, UserName, known) {
    const { User } = await iam(connection).send(new sdk.GetUserCommand({ UserName: known.name ?? UserName }));
    return {
      arn: User?.Arn,
      name: User?.UserName,
      path: User?.Path,
      permissionsBoundary: User?.PermissionsBoundary?.PermissionsBoundaryArn ?? "",
      tagsAll: fromKeyValues(User?.Tags),
      uniqueId: User?.UserId,
    };
  },
  async update(
    connection,
    _id,
    { name: UserName, path, permissionsBoundary: PermissionsBoundary, tagsAll },
    old,
  ) {
    const client = iam(connection);
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
  async delete(connection, id, { name: UserName = id, forceDestroy }) {
    await leaveGroups(iam(connection), UserName);
    if (forceDestroy) await emptyUser(iam(connection), UserName);
    await iam(connection).send(new sdk.DeleteUserCommand({ UserName }));
  },
});

const group = resource<aws.GroupArgs>({
  title: "IAM Group",
  properties: { name: { computed: true }, path: { default: "/" } },
  outputs: ["arn", "uniqueId"],
  autoname: { property: "name", longest: 128 },
  id: ({ name = "" }) => name,
  async create(connection, { name: GroupName, path: Path }) {
    await iam(connection).send(new sdk.CreateGroupCommand({ GroupName, Path }));
  },
  async read(connection, id, known) {
    const { Group } = await iam(connection).send(new sdk.GetGroupCommand({ GroupName: known.name ?? id }));
    return { arn: Group?.Arn, name: Group?.GroupName, path: Group?.Path, uniqueId: Group?.GroupId };
  },
  async update(connection, _id, { name, path }, old) {
    await iam(connection).send(
      new sdk.UpdateGroupCommand({ GroupName: old.name, NewGroupName: name, NewPath: path }),
    );
  },
  async delete(connection, id, { name: GroupName = id }) {
    await iam(connection).send(new sdk.DeleteGroupCommand({ GroupName }));
  },
});

/** IAM keeps five versions of a policy at most. */
const VERSIONS_KEPT = 5;

async function policyVersions(client: sdk.IAMClient, PolicyArn: string): Promise<sdk.PolicyVersion[]> {
  const versions = await collectPages(
    sdk.paginateListPolicyVersions({ client }, { PolicyArn }),
    ({ Versions }) => Versions,
  );
  return versions.filter(({ IsDefaultVersion }) => !IsDefaultVersion);
}

const policy = resource<aws.PolicyArgs>({
  title: "IAM Policy",
  properties: {
    delayAfterPolicyCreationInMs: providerOnly(undefined),
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
  async create(connection, inputs, created) {
    const { Policy } = await iam(connection).send(
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
  async read(connection, PolicyArn) {
    const { Policy } = await iam(connection).send(new sdk.GetPolicyCommand({ PolicyArn }));
    const VersionId = Policy?.DefaultVersionId;
    const { PolicyVersion } = await iam(connection).send(
      new sdk.GetPolicyVersionCommand({ PolicyArn, VersionId }),
    );
    return {
      arn: Policy?.Arn,
      attachmentCount: Policy?.AttachmentCount ?? 0,
      description: Policy?.Description ?? "",
      name: Policy?.PolicyName,
      path: Policy?.Path,
      policy: decoded(PolicyVersion?.Document),
      policyId: Policy?.PolicyId,
      tagsAll: fromKeyValues(Policy?.Tags),
    };
  },
  async update(connection, PolicyArn, inputs, old) {
    const client = iam(connection);
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
  async delete(connection, PolicyArn) {
    for (const { VersionId } of await policyVersions(iam(connection), PolicyArn))
      await iam(connection).send(new sdk.DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    await iam(connection).send(new sdk.DeletePolicyCommand({ PolicyArn }));
  },
});

/** Nothing is to be done where the user or the group no longer exists. */
const removeFromGroup = (client: sdk.IAMClient, UserName: string, GroupName: string): Promise<unknown> =>
  client.send(new sdk.RemoveUserFromGroupCommand({ UserName, GroupName })).catch((error) => {
    if (!isNotFound(error)) throw error;
  });

const userGroupMembership = resource<aws.UserGroupMembershipArgs>({
  title: "IAM User Group Membership",
  properties: { groups: { required: true, compare: "set" }, user: fixed },
  id: ({ user, groups }) => [user, ...groups].join("/"),
  async create(connection, { user: UserName, groups }, created) {
    for (const GroupName of groups) {
      await iam(connection).send(new sdk.AddUserToGroupCommand({ UserName, GroupName }));
      created();
    }
  },
  async read(connection, id, known) {
    // A state of the official plugin has an ID that it made up.
    const [importedUser = "", ...importedGroups] = id.split("/");
    const UserName = known.user ?? importedUser;
    const groups = await collectPages(
      sdk.paginateListGroupsForUser({ client: iam(connection) }, { UserName }),
      ({ Groups }) => Groups,
    );
    const member = new Set(groups.map(({ GroupName }) => GroupName));
    return {
      user: UserName,
      groups: ((known.groups as string[] | undefined) ?? importedGroups).filter((name) => member.has(name)),
    };
  },
  async update(connection, _id, { user: UserName, groups }, old) {
    const [now, before] = [groups as string[], old.groups as string[]];
    for (const GroupName of now.filter((name) => !before.includes(name)))
      await iam(connection).send(new sdk.AddUserToGroupCommand({ UserName, GroupName }));
    for (const GroupName of before.filter((name) => !now.includes(name)))
      await removeFromGroup(iam(connection), UserName, GroupName);
  },
  async delete(connection, _id, { user: UserName, groups }) {
    for (const GroupName of groups) await removeFromGroup(iam(connection), UserName, GroupName);
  },
});

/** AWS shows the secret of a new key once. */
const secretsOfNewKeys = new Map<string, string>();

/** https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html */
function smtpPassword(secretAccessKey: string, region: string): string {
  const steps = ["11111111", region, "ses", "aws4_request", "SendRawEmail"];
  const signature = steps.reduce<Buffer>(
    (key, step) => createHmac("sha256", key).update(step).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  return Buffer.concat([Buffer.from([4]), signature]).toString("base64");
}

const accessKey = resource<aws.AccessKeyArgs>({
  title: "IAM Access Key",
  properties: { status: { default: "Active" }, user: fixed },
  outputs: [
    "createDate",
    "encryptedSecret",
    "encryptedSesSmtpPasswordV4",
    "keyFingerprint",
    "secret",
    "sesSmtpPasswordV4",
  ],
  secrets: ["secret", "sesSmtpPasswordV4"],
  async import(connection, id) {
    const { UserName } = await iam(connection).send(new sdk.GetAccessKeyLastUsedCommand({ AccessKeyId: id }));
    if (!UserName) throw new UserError(`IAM does not say which user access key ${id} belongs to`);
    return { id, properties: { user: UserName } };
  },
  async create(connection, { user: UserName, status: Status }, created) {
    const { AccessKey } = await iam(connection).send(new sdk.CreateAccessKeyCommand({ UserName }));
    const AccessKeyId = AccessKey?.AccessKeyId ?? "";
    created(AccessKeyId);
    secretsOfNewKeys.set(AccessKeyId, AccessKey?.SecretAccessKey ?? "");
    if (Status !== "Active")
      await iam(connection).send(
        new sdk.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: Status as "Inactive" }),
      );
  },
  async read(connection, id, { user: UserName }) {
    const client = iam(connection);
    const keys = await collectPages(
      sdk.paginateListAccessKeys({ client }, { UserName }),
      ({ AccessKeyMetadata }) => AccessKeyMetadata,
    );
    const key = keys.find(({ AccessKeyId }) => AccessKeyId === id);
    if (!key) return undefined;
    const secret = secretsOfNewKeys.get(id);
    return {
      createDate: iso(key.CreateDate),
      // Of keys that a PGP key encrypts, which the stand-in does not offer.
      encryptedSecret: "",
      encryptedSesSmtpPasswordV4: "",
      keyFingerprint: "",
      status: key.Status,
      user: key.UserName,
      ...(secret && { secret, sesSmtpPasswordV4: smtpPassword(secret, connection.region) }),
    };
  },
  async update(connection, AccessKeyId, { user: UserName, status: Status }) {
    await iam(connection).send(
      new sdk.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: Status as sdk.StatusType }),
    );
  },
  async delete(connection, AccessKeyId, { user: UserName }) {
    await iam(connection).send(new sdk.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  },
});

const instanceProfile = resource<aws.InstanceProfileArgs>({
  title: "IAM Instance Profile",
  properties: { name: named, namePrefix: named, path: { default: "/", replace: true }, role: {}, tags: {} },
  outputs: ["arn", "createDate", "uniqueId"],
  autoname: { property: "name", longest: 128 },
  id: ({ name = "" }) => name,
  async create(connection, { name: InstanceProfileName = "", path: Path, role: RoleName, tagsAll }, created) {
    await iam(connection).send(
      new sdk.CreateInstanceProfileCommand({ InstanceProfileName, Path, Tags: keyValues(tagsAll) }),
    );
    created();
    if (RoleName)
      await iam(connection).send(new sdk.AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  },
  async read(connection, InstanceProfileName) {
    const { InstanceProfile } = await iam(connection).send(
      new sdk.GetInstanceProfileCommand({ InstanceProfileName }),
    );
    return {
      arn: InstanceProfile?.Arn,
      createDate: iso(InstanceProfile?.CreateDate),
      name: InstanceProfile?.InstanceProfileName,
      path: InstanceProfile?.Path,
      role: InstanceProfile?.Roles?.[0]?.RoleName ?? "",
      tagsAll: fromKeyValues(InstanceProfile?.Tags),
      uniqueId: InstanceProfile?.InstanceProfileId,
    };
  },
  async update(connection, InstanceProfileName, { role: RoleName, tagsAll }, old) {
    const client = iam(connection);
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
  async delete(connection, InstanceProfileName, { role: RoleName }) {
    if (RoleName)
      await iam(connection).send(
        new sdk.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }),
      );
    await iam(connection).send(new sdk.DeleteInstanceProfileCommand({ InstanceProfileName }));
  },
});

/** IAM keeps the address of a provider without its scheme. */
const withoutScheme = (url: unknown) => String(url).replace(/^https:\/\//, "");

const openIdConnectProvider = resource<aws.OpenIdConnectProviderArgs>({
  title: "IAM OIDC Provider",
  properties: {
    clientIdLists: { required: true, compare: "set" },
    tags: {},
    thumbprintLists: { computed: true },
    url: { ...fixed, compare: (have, want) => withoutScheme(have) === withoutScheme(want) },
  },
  outputs: ["arn"],
  id: ({ url }, account) => `arn:aws:iam::${account}:oidc-provider/${withoutScheme(url)}`,
  async create(connection, { url: Url, clientIdLists, thumbprintLists, tagsAll }, created) {
    const { OpenIDConnectProviderArn } = await iam(connection).send(
      new sdk.CreateOpenIDConnectProviderCommand({
        Url,
        ClientIDList: clientIdLists as string[],
        ThumbprintList: thumbprintLists as string[] | undefined,
        Tags: keyValues(tagsAll),
      }),
    );
    created(OpenIDConnectProviderArn);
  },
  async read(connection, arn) {
    const found = await iam(connection).send(
      new sdk.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }),
    );
    return {
      arn,
      clientIdLists: found.ClientIDList,
      tagsAll: fromKeyValues(found.Tags),
      thumbprintLists: found.ThumbprintList,
      url: withoutScheme(found.Url),
    };
  },
  async update(connection, OpenIDConnectProviderArn, { clientIdLists, thumbprintLists, tagsAll }, old) {
    const client = iam(connection);
    const [now, before] = [clientIdLists as string[], old.clientIdLists as string[]];
    for (const ClientID of now.filter((clientId) => !before.includes(clientId)))
      await client.send(
        new sdk.AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID }),
      );
    for (const ClientID of before.filter((clientId) => !now.includes(clientId)))
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
  async delete(connection, OpenIDConnectProviderArn) {
    await iam(connection).send(new sdk.DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
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
