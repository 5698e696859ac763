import { parseArn } from "../arn";
import { text } from "../call";
import { parseDocument } from "../policy-documents";
import { parameters } from "./parameters";
import type { Service } from "./service";

/** The topic in an ARN of a topic or of a subscription to it. */
const topicArn = (arn: string): string => arn.split(":").slice(0, 6).join(":");

export const sns: Service = {
  prefix: "sns",
  protocol: "query",

  actions: { PublishBatch: ["Publish"] },
  resources: {
    topic: (context) =>
      parameters(context, "TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn", "Name").map(topicArn),
  },

  conditionKeys: {
    fills: ["sns:Protocol", "sns:Endpoint", "aws:ResourceTag/*"],
    ofRequest({ params }) {
      const [protocol, endpoint] = [text(params.Protocol), text(params.Endpoint)];
      return { ...(protocol && { "sns:Protocol": protocol }), ...(endpoint && { "sns:Endpoint": endpoint }) };
    },
  },

  policies: {
    async ofResource(arn, account, { moto }) {
      const answer = await moto.query(account, "sns", parseArn(arn).region, {
        Action: "GetTopicAttributes",
        Version: "2010-03-31",
        TopicArn: topicArn(arn),
      });
      const entries = answer?.list("GetTopicAttributesResult", "Attributes", "entry") ?? [];
      return parseDocument(entries.find((entry) => entry.text("key") === "Policy")?.text("value"));
    },
    carriers: [
      {
        document: ({ params }) => params.AttributeName === "Policy" && params.AttributeValue,
        malformed: "InvalidParameter",
        unknownPrincipal: ["InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"],
      },
    ],
  },

  errors: {
    codes: { AccessDenied: "AuthorizationError" },
    apiVersion: "2010-03-31",
    accessDenied: (arn, { action, resource }, because) =>
      `User: ${arn} is not authorized to perform: ${action.replace("sns:", "SNS:")} on resource: ${resource} ${because}`,
  },
};
