import { lastName, parseArn } from "../arn";
import {
  type ConditionContext,
  requestTagContext,
  requestTags,
  tagKeys,
  text,
  valuesMatching,
} from "../call";
import type { Check } from "../check";
import type { Moto } from "../moto";
import { arnIn, namedBy, parameters } from "./parameters";
import { passRoleCheck } from "./pass-role";
import type { RequestContext, ResourceNames, Service } from "./service";

/** Each resource type: how its IDs begin, and the parameters that name one. */
const TYPES: Record<string, { prefix: string; parameters: string[] }> = {
  instance: { prefix: "i", parameters: ["InstanceId"] },
  image: { prefix: "ami", parameters: ["ImageId"] },
  "security-group": { prefix: "sg", parameters: ["SecurityGroupId", "GroupId"] },
  subnet: { prefix: "subnet", parameters: ["SubnetId"] },
  vpc: { prefix: "vpc", parameters: ["VpcId"] },
  volume: { prefix: "vol", parameters: ["VolumeId"] },
  "network-interface": { prefix: "eni", parameters: ["NetworkInterfaceId"] },
  snapshot: { prefix: "snap", parameters: ["SnapshotId"] },
  "internet-gateway": { prefix: "igw", parameters: ["InternetGatewayId"] },
  "route-table": { prefix: "rtb", parameters: ["RouteTableId"] },
  "elastic-ip": { prefix: "eipalloc", parameters: ["ElasticIpId", "AllocationId"] },
  "launch-template": { prefix: "lt", parameters: ["LaunchTemplateId"] },
};
/** Images and snapshots belong to no account in their ARN. */
const WITHOUT_ACCOUNT = ["image", "snapshot"];

const resourcesOf =
  (type: string, prefix: string, names: string[]): ResourceNames =>
  (context) => {
    const tagged = parameters(context, "ResourceId").filter((id) => id.startsWith(`${prefix}-`));
    const account = WITHOUT_ACCOUNT.includes(type) ? "" : context.callerAccount;
    return [...parameters(context, ...names), ...tagged].map((id) =>
      arnIn(context, account, `${type}/${id}`),
    );
  };

export const ec2: Service = {
  prefix: "ec2",
  protocol: "ec2",

  resources: {
    ...Object.fromEntries(
      Object.entries(TYPES).map(([type, { prefix, parameters: names }]) => [
        type,
        resourcesOf(type, prefix, names),
      ]),
    ),
    "key-pair": namedBy("key-pair/", "KeyName", "KeyPairId"),
  },
  async furtherChecks(context) {
    return [...(await passRoleChecks(context)), ...createTagsChecks(context)];
  },
  ownAccountOnly: true,

  conditionKeys: {
    fills: ["ec2:Region", "ec2:InstanceType", "ec2:CreateAction", "ec2:ResourceTag/*", "aws:ResourceTag/*"],
    ofRequest({ call: { params, region } }) {
      const type = text(params.InstanceType);
      return { "ec2:Region": region, ...(type && { "ec2:InstanceType": type }) };
    },
    async ofResource(arn, account, { call, gateway }) {
      const { resourcePath } = parseArn(arn);
      if (resourcePath === "new") return {};
      const answer = await gateway.moto.query(account, "ec2", call.region, {
        Action: "DescribeTags",
        Version: "2016-11-15",
        "Filter.1.Name": "resource-id",
        "Filter.1.Value.1": resourcePath,
      });
      const tags: Record<string, string> = {};
      for (const tag of answer?.list("tagSet", "item") ?? [])
        tags[tag.text("key") ?? ""] = tag.text("value") ?? "";
      return { ...tagKeys("aws:ResourceTag", tags), ...tagKeys("ec2:ResourceTag", tags) };
    },
  },

  errors: {
    accessDenied: (arn, { action, resource }, because) =>
      `You are not authorized to perform this operation. User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${because}`,
  },
};

/** The ARNs of the roles in an instance profile. */
export async function rolesOfProfile(name: string, account: string, moto: Moto): Promise<string[]> {
  const answer = await moto.iam(account, "GetInstanceProfile", { InstanceProfileName: name });
  const roles = answer?.list("GetInstanceProfileResult", "InstanceProfile", "Roles", "member") ?? [];
  return roles.map((role) => role.text("Arn") ?? "");
}

async function passRoleChecks(context: RequestContext): Promise<Check[]> {
  const { call, callerAccount, gateway } = context;
  const { params } = call;
  const named = text(params["IamInstanceProfile.Name"]) ?? text(params["IamInstanceProfile.Arn"]);
  const profile = named ?? (await profileOfTemplate(context));
  if (!profile) return [];
  const roles = await rolesOfProfile(lastName(profile), callerAccount, gateway.moto);
  return roles.map((role) => passRoleCheck(role, "ec2.amazonaws.com"));
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/permissions-for-launch-templates.html: the profile that a launch template gives an instance. */
async function profileOfTemplate({
  call,
  callerAccount,
  gateway,
}: RequestContext): Promise<string | undefined> {
  const [id, name, version] = ["Id", "Name", "Version"].map((part) =>
    text(call.params[part === "Version" ? "LaunchTemplate.Version" : `LaunchTemplate.LaunchTemplate${part}`]),
  );
  if (!id && !name) return undefined;
  const answer = await gateway.moto.query(callerAccount, "ec2", call.region, {
    Action: "DescribeLaunchTemplateVersions",
    Version: "2016-11-15",
    ...(id ? { LaunchTemplateId: id } : { LaunchTemplateName: name ?? "" }),
    "LaunchTemplateVersion.1": version ?? "$Default",
  });
  const [found] = answer?.list("launchTemplateVersionSet", "item") ?? [];
  const path = ["launchTemplateData", "iamInstanceProfile"];
  return found?.text(...path, "name") ?? found?.text(...path, "arn");
}

function createTagsChecks(context: RequestContext): Check[] {
  const { call, callerAccount } = context;
  if (!valuesMatching(call.params, /^TagSpecification\.\d+\.Tag/).length) return [];
  const types = new Set(valuesMatching(call.params, /^TagSpecification\.\d+\.ResourceType$/));
  const tags: ConditionContext = {
    ...requestTagContext(requestTags(call.params)),
    ...ec2.conditionKeys?.ofRequest?.(context),
    "ec2:CreateAction": call.operation,
  };
  return [...types].map((type) => ({
    action: "ec2:CreateTags",
    resource: arnIn(context, callerAccount, `${type}/new`),
    account: callerAccount,
    context: tags,
  }));
}
