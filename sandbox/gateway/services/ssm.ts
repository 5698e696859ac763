import { parseArn } from "../arn";
import { type ConditionContext, tagKeys, text } from "../call";
import type { Check } from "../check";
import { keyArn, keyUse } from "./kms";
import { arnIn, namedBy, parameters, tagsAtCreation } from "./parameters";
import type { RequestContext, Service } from "./service";

export const ssm: Service = {
  prefix: "ssm",
  protocol: "json",
  targets: ["AmazonSSM"],

  resources: {
    parameter: (context) =>
      parameters(context, "Name", "Names", "Path", "ResourceId").map((name) =>
        // A version or label follows the name: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
        name.startsWith("arn:")
          ? name.split(":").slice(0, 6).join(":")
          : `parameter/${name.replace(/^\//, "").replace(/:.*$/, "")}`,
      ),
    document: namedBy("document/", "Name", "DocumentName"),
    instance: (context) =>
      parameters(context, "InstanceIds", "InstanceId", "Target").map((id) =>
        arnIn(context, context.callerAccount, `instance/${id}`, "ec2"),
      ),
  },
  async furtherChecks(context, checks) {
    return [...tagsAtCreation(context, checks, "AddTagsToResource"), ...(await keyChecks(context, checks))];
  },

  conditionKeys: {
    fills: ["ssm:resourceTag/*", "ssm:Recursive", "aws:ResourceTag/*"],
    ofRequest: ({ call: { operation, params } }): ConditionContext =>
      operation === "GetParametersByPath" ? { "ssm:Recursive": String(params.Recursive === true) } : {},
    async ofResource(arn, account, { call, gateway }) {
      const { resourceType, resourcePath } = parseArn(arn);
      const tags: Record<string, string> = {};
      // moto keeps a parameter under the name it was created with: with a leading slash or without.
      const names = resourceType === "parameter" ? [`/${resourcePath}`, resourcePath] : [resourcePath];
      for (const ResourceId of names) {
        const asked = { ResourceType: resourceType === "parameter" ? "Parameter" : "Document", ResourceId };
        const target = "AmazonSSM.ListTagsForResource";
        const answer = await gateway.moto.json(account, "ssm", call.region, target, asked);
        for (const tag of (answer?.TagList ?? []) as { Key: string; Value: string }[])
          tags[tag.Key] = tag.Value;
      }
      return { ...tagKeys("aws:ResourceTag", tags), ...tagKeys("ssm:resourceTag", tags) };
    },
  },
};

/** What KMS must allow for a secure parameter. AWS's own key is open to every caller who may use the parameter. */
async function keyChecks(context: RequestContext, parameterChecks: readonly Check[]): Promise<Check[]> {
  const { call, gateway } = context;
  const { params, operation, region } = call;
  const decrypts = params.WithDecryption === true && "Decrypt";
  const action = operation === "PutParameter" ? "Encrypt" : decrypts;
  if (!action) return [];
  const checks: Check[] = [];
  for (const { resource, account } of parameterChecks) {
    const given = params.Type === "SecureString" ? text(params.KeyId) : undefined;
    const key = action === "Decrypt" ? await storedKey(resource, account, context) : given;
    if (!key || key.endsWith("alias/aws/ssm")) continue;
    const arn = await keyArn(key, account, region, gateway);
    const owned = { arn, account: parseArn(arn).accountId || account };
    checks.push(keyUse(action, owned, context, "ssm", ["PARAMETER_ARN", resource]));
  }
  return checks;
}

/** The key that a secure parameter is encrypted with. */
async function storedKey(
  resource: string,
  account: string,
  { call, gateway }: RequestContext,
): Promise<string | undefined> {
  const name = parseArn(resource).resourcePath;
  const filter = { Key: "Name", Option: "Equals", Values: [name, `/${name}`] };
  const found = await gateway.moto.json(account, "ssm", call.region, "AmazonSSM.DescribeParameters", {
    ParameterFilters: [filter],
  });
  const described = (found?.Parameters ?? []) as { KeyId?: string; Type: string }[];
  return described.find(({ Type }) => Type === "SecureString")?.KeyId;
}
