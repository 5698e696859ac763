import { parseArn } from "../arn";
import { type ConditionContext, tagKeys, text, values } from "../call";
import { parseDocument } from "../policy-documents";
import { arnIn, namedBy, parameters, tagsAtCreation } from "./parameters";
import { passRoleCheck } from "./pass-role";
import type { Gateway, RequestContext, ResourceNames, Service } from "./service";

const API = "Logs_20140328";
const SERVICE = "logs.amazonaws.com";
const OF_TAGS = /^(ListTagsForResource|TagResource|UntagResource)$/;
const ROLES = ["roleArn", "importRoleArn", "executionRoleArn"];

const ask = ({ moto }: Gateway, account: string, region: string, operation: string, params: object) =>
  moto.json(account, "logs", region, `${API}.${operation}`, params);

/** The ARNs of the log groups that a request names, without an ending. */
const logGroupArns = (context: RequestContext): string[] =>
  parameters(
    context,
    "logGroupName",
    "logGroupNames",
    "logGroupIdentifier",
    "logGroupIdentifiers",
    "logGroupArnList",
    "resourceArn",
    "resourceIdentifier",
  )
    .filter((name) => !name.startsWith("arn:") || name.includes(":log-group:"))
    .map((name) =>
      name.startsWith("arn:")
        ? name.split(":").slice(0, 7).join(":")
        : arnIn(context, context.callerAccount, `log-group:${name}`),
    );

/** Resources of a type that is written before the name, named so or by an ARN of that type. */
const typed =
  (type: string, ...names: string[]): ResourceNames =>
  async (context, action) => {
    const arns = parameters(context, "resourceArn").filter((arn) => parseArn(arn).resourceType === type);
    return [...(await namedBy(`${type}:`, ...names)(context, action)), ...arns];
  };

export const logs: Service = {
  prefix: "logs",
  protocol: "json",
  targets: [API],

  resources: {
    // Policies name a log group with `:*` at its end, except for its tags:
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    "log-group": (context, action) =>
      logGroupArns(context).map((arn) => (OF_TAGS.test(action) ? arn : `${arn}:log-stream:`)),
    "log-stream": (context) =>
      logGroupArns(context).map((arn) => `${arn}:log-stream:${context.call.params.logStreamName}`),
    destination: async (context, action) => {
      const named = await typed("destination", "destinationName")(context, action);
      const target = text(context.call.params.destinationArn);
      return target?.includes(":destination:") ? [...named, target] : named;
    },
    delivery: typed("delivery", "id"),
    "delivery-source": typed("delivery-source", "name", "deliverySourceName"),
    "delivery-destination": typed(
      "delivery-destination",
      "name",
      "deliveryDestinationName",
      "deliveryDestinationArn",
    ),
    "anomaly-detector": typed("anomaly-detector", "anomalyDetectorArn"),
    "lookup-table": typed("lookup-table", "lookupTableName", "lookupTableArn"),
    "scheduled-query": typed("scheduled-query", "identifier"),
  },
  async furtherChecks(context, checks) {
    const tagged = tagsAtCreation(context, checks, "TagResource").map((check) => ({
      ...check,
      resource: check.resource.replace(/:log-stream:$/, ""),
    }));
    return [...tagged, ...parameters(context, ...ROLES).map((role) => passRoleCheck(role, SERVICE))];
  },
  ownAccountOnly: true,

  conditionKeys: {
    fills: ["aws:ResourceTag/*", "logs:DeliveryDestinationResourceArn", "logs:LogGeneratingResourceArns"],
    ofRequest({ call: { operation, params } }): ConditionContext {
      const configuration = params.deliveryDestinationConfiguration as Record<string, unknown> | undefined;
      const delivered = text(configuration?.destinationResourceArn);
      const generating = operation === "PutDeliverySource" ? values(params, "resourceArn") : [];
      const untagged = operation === "UntagLogGroup" ? values(params, "tags") : [];
      return {
        ...(delivered && { "logs:DeliveryDestinationResourceArn": delivered }),
        ...(generating.length && { "logs:LogGeneratingResourceArns": generating }),
        ...(untagged.length && { "aws:TagKeys": untagged }),
      };
    },
    async ofResource(arn, account, { gateway }) {
      const resourceArn = arn.replace(/:log-stream:.*$/, "");
      const { region } = parseArn(arn);
      const answer = await ask(gateway, account, region, "ListTagsForResource", { resourceArn });
      return tagKeys("aws:ResourceTag", (answer?.tags ?? {}) as Record<string, string>);
    },
  },

  policies: {
    /** Of a destination, which alone is open to other accounts: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html */
    async ofResource(arn, account, gateway) {
      const { region, resourceType, resourcePath } = parseArn(arn);
      if (resourceType !== "destination") return undefined;
      const asked = { DestinationNamePrefix: resourcePath };
      const answer = await ask(gateway, account, region, "DescribeDestinations", asked);
      const destinations = (answer?.destinations ?? []) as { arn: string; accessPolicy?: string }[];
      return parseDocument(destinations.find((destination) => destination.arn === arn)?.accessPolicy);
    },
    carriers: [
      {
        document: ({ params }) => params.accessPolicy ?? params.deliveryDestinationPolicy,
        malformed: "InvalidParameterException",
        unknownPrincipal: ["InvalidParameterException", "Invalid principal in policy"],
      },
    ],
  },
};
