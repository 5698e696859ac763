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
import type { Xml } from "../xml";
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

const NOT_NAMED = /^(IpPermissions|LaunchTemplateData|SecurityGroupRule|Filter)\./;

/** How a launch template names resources of a type. */
const IN_TEMPLATES: Record<string, (template: Xml) => string[]> = {
  "launch-template": (template) => [template.text("launchTemplateId") ?? []].flat(),
  image: (template) => dataOf(template, "imageId"),
  "security-group": (template) =>
    template.list("launchTemplateData", "securityGroupIdSet", "item").map((group) => group.text() ?? ""),
  subnet: (template) =>
    template
      .list("launchTemplateData", "networkInterfaceSet", "item")
      .flatMap((networkInterface) => networkInterface.text("subnetId") ?? []),
};

/** The resources of a type that a request names through its launch templates alone. */
async function namedByTemplates(type: string, context: RequestContext): Promise<string[]> {
  const read = IN_TEMPLATES[type];
  const runs = /^(RunInstances|CreateFleet|RequestSpotFleet)$/.test(context.call.operation);
  if (!read || (!runs && type !== "launch-template")) return [];
  return (await templatesOf(context)).flatMap(read);
}

function resourcesOf(type: string, prefix: string, names: string[]): ResourceNames {
  // Also in the parts of a request, such as NetworkInterface.1.SubnetId; the groups in a rule are not what it changes.
  const name = new RegExp(`(^|\\.)(${names.join("|")})(\\.\\d+)?$`);
  return async (context) => {
    const { params } = context.call;
    const named = Object.keys(params).flatMap((key) =>
      name.test(key) && !NOT_NAMED.test(key) ? String(params[key]) : [],
    );
    const tagged = parameters(context, "ResourceId").filter((id) => id.startsWith(`${prefix}-`));
    const account = WITHOUT_ACCOUNT.includes(type) ? "" : context.callerAccount;
    const found = [...named, ...tagged];
    if (!found.length) found.push(...(await namedByTemplates(type, context)));
    return found.map((id) => arnIn(context, account, `${type}/${id}`));
  };
}

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
    ofCheck: keysOfResource,
    ofRequest({ call: { params, region } }) {
      const type = text(params.InstanceType);
      return { "ec2:Region": region, ...(type && { "ec2:InstanceType": type }) };
    },
    async ofResource(arn, account, { call, gateway }) {
      const { resourceType, resourcePath } = parseArn(arn);
      if (resourcePath === "new") return {};
      const answer = await gateway.moto.query(account, "ec2", call.region, {
        Action: "DescribeTags",
        Version: "2016-11-15",
        "Filter.1.Name": "resource-id",
        "Filter.1.Value.1":
          resourceType === "key-pair"
            ? await idOfKeyPair(resourcePath, account, call.region, gateway.moto)
            : resourcePath,
      });
      const tags: Record<string, string> = {};
      for (const tag of answer?.list("tagSet", "item") ?? [])
        tags[tag.text("key") ?? ""] = tag.text("value") ?? "";
      const type =
        resourceType === "instance"
          ? await typeOfInstance(resourcePath, account, call.region, gateway.moto)
          : undefined;
      return {
        ...(type && { "ec2:InstanceType": type }),
        ...tagKeys("aws:ResourceTag", tags),
        ...tagKeys("ec2:ResourceTag", tags),
        // https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
        ...(call.service === "ssm" && tagKeys("ssm:resourceTag", tags)),
      };
    },
  },

  errors: {
    accessDenied: (arn, { action, resource }, because) =>
      `You are not authorized to perform this operation. User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${because}`,
  },
};

/** The ID of a key pair, given its name or ID. */
async function idOfKeyPair(name: string, account: string, region: string, moto: Moto): Promise<string> {
  const answer = await moto.query(account, "ec2", region, {
    Action: "DescribeKeyPairs",
    Version: "2016-11-15",
    "KeyName.1": name,
  });
  return answer?.list("keySet", "item")[0]?.text("keyPairId") ?? name;
}

/** The type of an instance that runs. */
async function typeOfInstance(
  id: string,
  account: string,
  region: string,
  moto: Moto,
): Promise<string | undefined> {
  const answer = await moto.query(account, "ec2", region, {
    Action: "DescribeInstances",
    Version: "2016-11-15",
    "InstanceId.1": id,
  });
  const [reservation] = answer?.list("reservationSet", "item") ?? [];
  return reservation?.list("instancesSet", "item")[0]?.text("instanceType");
}

/**
 * The condition keys of a request that AWS gives for a resource: tags for what they are given to, the type for the instance.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
 */
function keysOfResource(
  keys: ConditionContext,
  resource: string,
  { call }: RequestContext,
): ConditionContext {
  const { resourceType } = parseArn(resource);
  const tagged = valuesMatching(call.params, /^TagSpecification\.\d+\.ResourceType$/);
  const absent = [
    ...(tagged.length && !tagged.includes(resourceType) ? ["aws:RequestTag/", "aws:TagKeys"] : []),
    ...(resourceType !== "instance" ? ["ec2:InstanceType"] : []),
  ];
  return Object.fromEntries(
    Object.entries(keys).filter(([key]) => !absent.some((prefix) => key.startsWith(prefix))),
  );
}

/** The ARNs of the roles in an instance profile. */
export async function rolesOfProfile(name: string, account: string, moto: Moto): Promise<string[]> {
  const answer = await moto.iam(account, "GetInstanceProfile", { InstanceProfileName: name });
  const roles = answer?.list("GetInstanceProfileResult", "InstanceProfile", "Roles", "member") ?? [];
  return roles.map((role) => role.text("Arn") ?? "");
}

/** The parameters in which a request passes a role, and the service that it passes it to. */
const ROLES: [parameter: RegExp, service: string][] = [
  [/^DeliverLogsPermissionArn$/, "vpc-flow-logs.amazonaws.com"],
  [/^SpotFleetRequestConfig\.IamFleetRole$/, "spotfleet.amazonaws.com"],
];

async function passRoleChecks(context: RequestContext): Promise<Check[]> {
  const { call, callerAccount, gateway } = context;
  if (/^Describe|LaunchTemplate/.test(call.operation)) return [];
  const named = valuesMatching(call.params, /(^|\.)IamInstanceProfile\.(Name|Arn)$/);
  const given = (await templatesOf(context)).flatMap((template) => [
    ...dataOf(template, "iamInstanceProfile", "name"),
    ...dataOf(template, "iamInstanceProfile", "arn"),
  ]);
  const profiles = [...named, ...given];
  const roles = await Promise.all(
    profiles.map((profile) => rolesOfProfile(lastName(profile), callerAccount, gateway.moto)),
  );
  const passed = ROLES.flatMap(([parameter, service]) =>
    valuesMatching(call.params, parameter).map((role) => passRoleCheck(role, service)),
  );
  return [...roles.flat().map((role) => passRoleCheck(role, "ec2.amazonaws.com")), ...passed];
}

const templatesByRequest = new WeakMap<RequestContext, Promise<Xml[]>>();

/** The versions of launch templates that a request names, read once for all that is asked of them. */
function templatesOf(context: RequestContext): Promise<Xml[]> {
  const templates = templatesByRequest.get(context) ?? readTemplates(context);
  templatesByRequest.set(context, templates);
  return templates;
}

async function readTemplates({ call, callerAccount, gateway }: RequestContext): Promise<Xml[]> {
  const { params, region } = call;
  const templates: Xml[] = [];
  for (const [key, value] of Object.entries(params)) {
    const [name, prefix, kind] =
      /^(?:(.*LaunchTemplate(?:Specification)?)\.)?LaunchTemplate(Id|Name)$/.exec(key) ?? [];
    if (!name) continue;
    const answer = await gateway.moto.query(callerAccount, "ec2", region, {
      Action: "DescribeLaunchTemplateVersions",
      Version: "2016-11-15",
      [`LaunchTemplate${kind}`]: String(value),
      "LaunchTemplateVersion.1": (prefix && text(params[`${prefix}.Version`])) || "$Default",
    });
    templates.push(...(answer?.list("launchTemplateVersionSet", "item").slice(0, 1) ?? []));
  }
  return templates;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/permissions-for-launch-templates.html: what launch templates give instances. */
const dataOf = (template: Xml, ...path: string[]): string[] =>
  [template.text("launchTemplateData", ...path) ?? []].flat();

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
