import { parseArn } from "../arn";
import { AwsError, type Params, type ServiceAnswer, tagKeys, text } from "../call";
import type { Check } from "../check";
import { forwardToMoto } from "../forward-to-moto";
import { parseDocument } from "../policy-documents";
import { keyUses } from "./kms";
import { parameters, tagsAtCreation } from "./parameters";
import type { Gateway, RequestContext, Service } from "./service";

const API_VERSION = "2010-03-31";

/** The topic in an ARN of a topic or of a subscription to it. */
const topicArn = (arn: string): string => arn.split(":").slice(0, 6).join(":");

/** An attribute among those that CreateTopic takes. */
function attributeOf(params: Params, name: string): unknown {
  const key = Object.keys(params).find(
    (parameter) => /^Attributes\.entry\.\d+\.key$/.test(parameter) && params[parameter] === name,
  );
  return key && params[key.replace(/key$/, "value")];
}

/** The subscriptions that moto must not deliver to: ARNs, with commas between. */
export const REFUSED_HEADER = "x-sandbox-refused-subscriptions";

/**
 * The subscriptions of a topic whose queues' policies do not let it in.
 * https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
 */
export async function refusedSubscriptions(
  { call, gateway }: Pick<RequestContext, "call" | "gateway">,
  TopicArn: string,
): Promise<string[]> {
  const { accountId: account, region } = parseArn(TopicArn);
  const answer = await gateway.moto.query(account, "sns", region, {
    Action: "ListSubscriptionsByTopic",
    Version: API_VERSION,
    TopicArn,
  });
  const members = answer?.list("ListSubscriptionsByTopicResult", "Subscriptions", "member") ?? [];
  const refused: string[] = [];
  for (const member of members.filter((found) => found.text("Protocol") === "sqs")) {
    const queue = member.text("Endpoint") ?? "";
    const check: Check = {
      action: "sqs:SendMessage",
      resource: queue,
      account: parseArn(queue).accountId,
      context: { "aws:SourceArn": TopicArn, "aws:SourceAccount": account },
    };
    const { allowed } = await gateway.decide(call, { service: "sns.amazonaws.com" }, check);
    if (!allowed) refused.push(member.text("SubscriptionArn") ?? "");
  }
  return refused;
}

/** The value of an attribute of a topic. */
async function topicAttribute(arn: string, account: string, { moto }: Gateway, name: string) {
  const answer = await moto.query(account, "sns", parseArn(arn).region, {
    Action: "GetTopicAttributes",
    Version: API_VERSION,
    TopicArn: topicArn(arn),
  });
  const entries = answer?.list("GetTopicAttributesResult", "Attributes", "entry") ?? [];
  return entries.find((entry) => entry.text("key") === name)?.text("value");
}

/** What a message needs of the topic's key: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html */
async function keyChecks(context: RequestContext, { resource, account }: Check): Promise<Check[]> {
  const key = await topicAttribute(resource, account, context.gateway, "KmsMasterKeyId");
  const uses = ["GenerateDataKey", "Decrypt"] as const;
  return keyUses(uses, key, account, context, "sns", ["aws:sns:topicArn", resource]);
}

async function publish(context: RequestContext): Promise<ServiceAnswer> {
  const { call, checks } = context;
  const [topic] = checks;
  if (!topic?.resource.startsWith("arn:")) return forwardToMoto(context);
  const refused = await refusedSubscriptions(context, topicArn(topic.resource));
  const headers = { ...call.headers, ...(refused.length && { [REFUSED_HEADER]: refused.join(",") }) };
  return forwardToMoto({ ...context, call: { ...call, headers } });
}

export const sns: Service = {
  prefix: "sns",
  protocol: "query",

  actions: { PublishBatch: ["Publish"] },
  resources: {
    topic(context) {
      const arns = parameters(context, "TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn");
      const wrong = arns.find((arn) => !/^arn:[\w-]+:sns:[\w-]+:\d{12}:./.test(arn));
      if (wrong)
        throw new AwsError("InvalidParameter", `Invalid parameter: ${wrong} is not an ARN of SNS`, 400);
      return [...arns, ...parameters(context, "Name")].map(topicArn);
    },
  },

  /** A phone number is no ARN, so that only `*` covers it: https://docs.aws.amazon.com/step-functions/latest/dg/sns-iam.html */
  async name({ call: { operation, params }, callerAccount: account }) {
    const resource = text(params.PhoneNumber);
    if (operation !== "Publish" || !resource) return undefined;
    return { account, checks: [{ action: "sns:Publish", resource, account, context: {} }] };
  },
  /** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
  async furtherChecks(context, checks) {
    const [topic] = checks;
    const publishes = /^Publish(Batch)?$/.test(context.call.operation);
    return [
      ...tagsAtCreation(context, checks, "TagResource"),
      ...(publishes && topic && topic.resource !== "*" ? await keyChecks(context, topic) : []),
    ];
  },

  conditionKeys: {
    fills: ["sns:Protocol", "sns:Endpoint", "aws:ResourceTag/*"],
    ofRequest({ call: { params } }) {
      const [protocol, endpoint] = [text(params.Protocol), text(params.Endpoint)];
      return { ...(protocol && { "sns:Protocol": protocol }), ...(endpoint && { "sns:Endpoint": endpoint }) };
    },
    async ofResource(arn, account, { gateway }) {
      const answer = await gateway.moto.query(account, "sns", parseArn(arn).region, {
        Action: "ListTagsForResource",
        Version: API_VERSION,
        ResourceArn: topicArn(arn),
      });
      const tags = answer?.list("ListTagsForResourceResult", "Tags", "member") ?? [];
      return tagKeys(
        "aws:ResourceTag",
        Object.fromEntries(tags.map((tag) => [tag.text("Key") ?? "", tag.text("Value") ?? ""])),
      );
    },
  },

  policies: {
    async ofResource(arn, account, gateway) {
      return parseDocument(await topicAttribute(arn, account, gateway, "Policy"));
    },
    carriers: [
      {
        document: ({ params }) =>
          params.AttributeName === "Policy" ? params.AttributeValue : attributeOf(params, "Policy"),
        malformed: "InvalidParameter",
        unknownPrincipal: ["InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"],
      },
    ],
  },

  respond: (context) =>
    /^Publish(Batch)?$/.test(context.call.operation) ? publish(context) : forwardToMoto(context),

  errors: {
    codes: { AccessDenied: "AuthorizationError" },
    apiVersion: API_VERSION,
    accessDenied: (arn, { action, resource }, because) =>
      `User: ${arn} is not authorized to perform: ${action.replace("sns:", "SNS:")} on resource: ${resource} ${because}`,
  },
};
