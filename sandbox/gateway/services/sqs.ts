import { parseArn } from "../arn";
import { AwsError, type Params, tagKeys, text } from "../call";
import { parseDocument } from "../policy-documents";
import { arnIn, parameters } from "./parameters";
import type { Service } from "./service";

export const sqs: Service = {
  prefix: "sqs",
  protocol: "json",

  actions: {
    SendMessageBatch: ["SendMessage"],
    DeleteMessageBatch: ["DeleteMessage"],
    ChangeMessageVisibilityBatch: ["ChangeMessageVisibility"],
  },
  resources: {
    queue: (context) =>
      parameters(context, "QueueUrl", "QueueName").map((name) => {
        const [queue, account = ""] = name.split("/").reverse();
        const owner = text(context.call.params.QueueOwnerAWSAccountId) ?? context.callerAccount;
        return arnIn(context, /^\d{12}$/.test(account) ? account : owner, queue ?? "");
      }),
  },

  conditionKeys: {
    fills: ["aws:ResourceTag/*"],
    async ofResource(arn, account, { gateway }) {
      const { region, resource } = parseArn(arn);
      const QueueUrl = `http://127.0.0.1/${account}/${resource}`;
      const answer = await gateway.moto.json(account, "sqs", region, "AmazonSQS.ListQueueTags", { QueueUrl });
      return tagKeys("aws:ResourceTag", (answer?.Tags ?? {}) as Record<string, string>);
    },
  },

  policies: {
    async ofResource(arn, account, { moto }) {
      const { region, resource } = parseArn(arn);
      const answer = await moto.json(account, "sqs", region, "AmazonSQS.GetQueueAttributes", {
        QueueUrl: `http://127.0.0.1/${account}/${resource}`,
        AttributeNames: ["Policy"],
      });
      return parseDocument((answer?.Attributes as Params | undefined)?.Policy);
    },
    carriers: [
      {
        document: ({ params }) => (params.Attributes as Params | undefined)?.Policy,
        malformed: "InvalidAttributeValue",
        unknownPrincipal: ["InvalidAttributeValue", "Invalid value for the parameter Policy."],
      },
    ],
    ownerOnly: [
      {
        // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-customer-managed-policy-examples.html
        actions:
          /^sqs:(AddPermission|RemovePermission|SetQueueAttributes|(Delete|Tag|Untag)Queue|ListQueueTags|(Cancel|List|Start)MessageMoveTasks?)$/,
        error: new AwsError("AccessDenied", "Access to the resource is denied."),
      },
    ],
  },
};
