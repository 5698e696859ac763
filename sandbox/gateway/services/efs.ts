import { lastName, parseArn } from "../arn";
import { type ConditionContext, type Params, tagKeys, text, values } from "../call";
import type { Check } from "../check";
import { forwardToMoto } from "../forward-to-moto";
import { parseDocument } from "../policy-documents";
import { Router } from "../router";
import { arnIn, parameters, tagsAtCreation } from "./parameters";
import type { Gateway, RequestContext, ResourceNames, Service } from "./service";

const API = "/2015-02-01";

const get = async ({ moto }: Gateway, account: string, region: string, url: string) =>
  JSON.parse((await moto.get(account, "elasticfilesystem", region, API + url)) ?? "{}") as Params;

interface MountTarget {
  FileSystemId: string;
  NetworkInterfaceId: string;
}

/** The mount target that a request names. */
async function mountTargetOf({
  call,
  callerAccount,
  gateway,
}: RequestContext): Promise<MountTarget | undefined> {
  const id = text(call.params.MountTargetId);
  if (!id) return undefined;
  const url = `/mount-targets?MountTargetId=${encodeURIComponent(id)}`;
  const found = await get(gateway, callerAccount, call.region, url);
  return (found.MountTargets as MountTarget[] | undefined)?.[0];
}

/** Resources of a type by their IDs, which begin with its prefix, or by ARN. */
const ofType =
  (type: string, prefix: string, ...names: string[]): ResourceNames =>
  (context) =>
    parameters(context, ...names)
      .filter((name) => lastName(name).startsWith(`${prefix}-`))
      .map((name) => (name.startsWith("arn:") ? name : `${type}/${name}`));

/**
 * What EFS does in EC2 for the caller: https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html and the
 * pages of the other operations.
 */
const EC2: Record<string, readonly string[]> = {
  CreateMountTarget: ["DescribeSubnets", "DescribeNetworkInterfaces", "CreateNetworkInterface"],
  DeleteMountTarget: ["DeleteNetworkInterface"],
  DescribeMountTargetSecurityGroups: ["DescribeNetworkInterfaceAttribute"],
  ModifyMountTargetSecurityGroups: ["ModifyNetworkInterfaceAttribute"],
};

async function ec2Checks(context: RequestContext): Promise<Check[]> {
  const { call, callerAccount: account } = context;
  const { operation, params, region } = call;
  const actions = EC2[operation] ?? [];
  if (!actions.length) return [];
  const id = (await mountTargetOf(context))?.NetworkInterfaceId ?? "new";
  const names = [`network-interface/${id}`];
  if (operation === "CreateMountTarget")
    names.push(
      `subnet/${params.SubnetId}`,
      ...values(params, "SecurityGroups").map((group) => `security-group/${group}`),
    );
  const resources = names.map((name) => arnIn(context, account, name, "ec2"));
  return actions.flatMap((action) =>
    (action.startsWith("Describe") ? ["*"] : resources).map((resource) => ({
      action: `ec2:${action}`,
      resource,
      account,
      context: { "ec2:Region": region },
    })),
  );
}

/** What it needs to tag a file system or an access point at its creation. */
function tagChecks(context: RequestContext, checks: readonly Check[]): Check[] {
  const { callerAccount, call } = context;
  const [type] = /(?<=^Create)(FileSystem|AccessPoint)$/.exec(call.operation) ?? [];
  const created = type === "FileSystem" ? "file-system/new" : "access-point/new";
  return tagsAtCreation(context, checks.slice(0, 1), "TagResource").map((check) => ({
    ...check,
    resource: arnIn(context, callerAccount, created),
    account: callerAccount,
    context: { ...check.context, "elasticfilesystem:CreateAction": call.operation },
  }));
}

/** Amazon EFS. No file system can be mounted: requests by NFS do not exist here. */
export const efs: Service = {
  prefix: "elasticfilesystem",
  protocol: "rest-json",

  routes: new Router({
    "GET /2015-02-01/file-systems": "DescribeFileSystems",
    "POST /2015-02-01/file-systems": "CreateFileSystem",
    "DELETE /2015-02-01/file-systems/{FileSystemId}": "DeleteFileSystem",
    "PUT /2015-02-01/file-systems/{FileSystemId}": "UpdateFileSystem",
    "GET /2015-02-01/file-systems/{FileSystemId}/policy": "DescribeFileSystemPolicy",
    "PUT /2015-02-01/file-systems/{FileSystemId}/policy": "PutFileSystemPolicy",
    "DELETE /2015-02-01/file-systems/{FileSystemId}/policy": "DeleteFileSystemPolicy",
    "GET /2015-02-01/file-systems/{FileSystemId}/backup-policy": "DescribeBackupPolicy",
    "PUT /2015-02-01/file-systems/{FileSystemId}/backup-policy": "PutBackupPolicy",
    "GET /2015-02-01/file-systems/{FileSystemId}/lifecycle-configuration": "DescribeLifecycleConfiguration",
    "PUT /2015-02-01/file-systems/{FileSystemId}/lifecycle-configuration": "PutLifecycleConfiguration",
    "PUT /2015-02-01/file-systems/{FileSystemId}/protection": "UpdateFileSystemProtection",
    "GET /2015-02-01/mount-targets": "DescribeMountTargets",
    "POST /2015-02-01/mount-targets": "CreateMountTarget",
    "DELETE /2015-02-01/mount-targets/{MountTargetId}": "DeleteMountTarget",
    "GET /2015-02-01/mount-targets/{MountTargetId}/security-groups": "DescribeMountTargetSecurityGroups",
    "PUT /2015-02-01/mount-targets/{MountTargetId}/security-groups": "ModifyMountTargetSecurityGroups",
    "GET /2015-02-01/access-points": "DescribeAccessPoints",
    "POST /2015-02-01/access-points": "CreateAccessPoint",
    "DELETE /2015-02-01/access-points/{AccessPointId}": "DeleteAccessPoint",
    "GET /2015-02-01/resource-tags/{ResourceId}": "ListTagsForResource",
    "POST /2015-02-01/resource-tags/{ResourceId}": "TagResource",
    "DELETE /2015-02-01/resource-tags/{ResourceId}": "UntagResource",
  }),
  resources: {
    "file-system": async (context, action) => {
      const target = await mountTargetOf(context);
      const named = await ofType("file-system", "fs", "FileSystemId", "ResourceId")(context, action);
      return target ? [...named, `file-system/${target.FileSystemId}`] : named;
    },
    "access-point": ofType("access-point", "fsap", "AccessPointId", "ResourceId"),
  },
  furtherChecks: async (context, checks) => [...tagChecks(context, checks), ...(await ec2Checks(context))],

  conditionKeys: {
    fills: ["aws:ResourceTag/*", "elasticfilesystem:CreateAction", "elasticfilesystem:Encrypted"],
    ofRequest: ({ call: { operation, params } }): ConditionContext =>
      operation === "CreateFileSystem"
        ? { "elasticfilesystem:Encrypted": String(params.Encrypted === true) }
        : {},
    async ofResource(arn, account, { gateway }) {
      const { region, resourcePath } = parseArn(arn);
      if (resourcePath === "new") return {};
      const found = await get(gateway, account, region, `/resource-tags/${encodeURIComponent(resourcePath)}`);
      const tags = (found.Tags ?? []) as { Key: string; Value: string }[];
      return tagKeys("aws:ResourceTag", Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));
    },
  },

  policies: {
    async ofResource(arn, account, gateway) {
      const { region, resourceType, resourcePath } = parseArn(arn);
      if (resourceType !== "file-system" || resourcePath === "new") return undefined;
      return parseDocument(
        (await get(gateway, account, region, `/file-systems/${encodeURIComponent(resourcePath)}/policy`))
          .Policy,
      );
    },
    carriers: [
      {
        document: ({ params }) => params.Policy,
        malformed: "InvalidPolicyException",
        unknownPrincipal: ["InvalidPolicyException", "Policy document contains an invalid principal."],
      },
    ],
  },

  respond: (context) => forwardToMoto(withPlainIds(context)),
};

/** A request that names file systems and access points by their IDs, as moto looks for them, not by ARNs. */
function withPlainIds(context: RequestContext): RequestContext {
  const { call } = context;
  const plain = (value: string) => (value.startsWith("arn:") ? lastName(value) : value);
  const path = call.path
    .split("/")
    .map((part) => encodeURIComponent(plain(decodeURIComponent(part))))
    .join("/");
  const query = new URLSearchParams(call.search);
  for (const [name, value] of [...query]) if (value.startsWith("arn:")) query.set(name, plain(value));
  const id = text(call.params.FileSystemId);
  const named = call.body.length > 0 && id?.startsWith("arn:");
  const given = named ? (JSON.parse(call.body.toString()) as Params) : {};
  const body = given.FileSystemId ? JSON.stringify({ ...given, FileSystemId: plain(id ?? "") }) : call.body;
  const search = query.size ? `?${query}` : "";
  return { ...context, call: { ...call, path, search, body: Buffer.from(body) } };
}
