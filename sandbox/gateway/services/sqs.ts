import { setTimeout as sleep } from "node:timers/promises";
import { parseArn } from "../arn";
import { AwsError, type Params, type ServiceAnswer, tagKeys, text } from "../call";
import type { Check } from "../check";
import { forwardToMoto } from "../forward-to-moto";
import { parseDocument } from "../policy-documents";
import { keyUses } from "./kms";
import { arnIn, parameters, tagsAtCreation } from "./parameters";
import type { Gateway, RequestContext, Service } from "./service";

/** Milliseconds between two looks into a queue, while a request waits for a message. */
const BETWEEN_LOOKS = 100;
const LONGEST_WAIT_SECONDS = 20;

/** What each operation does with the key of a queue: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html */
const KEY_USES: Record<string, readonly ("Decrypt" | "GenerateDataKey")[]> = {
  ReceiveMessage: ["Decrypt"],
  SendMessage: ["GenerateDataKey", "Decrypt"],
  SendMessageBatch: ["GenerateDataKey", "Decrypt"],
};

/** The policy that AddPermission amounts to. */
const addedStatement = ({ AWSAccountIds, Actions }: Params): string => {
  const actions = [Actions ?? []].flat().map((action) => `sqs:${action}`);
  const statement = { Effect: "Allow", Principal: { AWS: AWSAccountIds }, Action: actions, Resource: "*" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
};

async function keyChecks(context: RequestContext, queues: readonly Check[]): Promise<Check[]> {
  const uses = KEY_USES[context.call.operation] ?? [];
  const [queue] = queues;
  if (!uses.length || !queue || queue.resource === "*") return [];
  const { resource: arn, account } = queue;
  const key = text(await queueAttribute(arn, account, context.gateway, "KmsMasterKeyId"));
  return keyUses(uses, key, account, context, "sqs", ["aws:sqs:arn", arn]);
}

export const sqs: Service = {
  prefix: "sqs",
  protocol: "json",
  targets: ["AmazonSQS"],

  actions: {
    SendMessageBatch: ["SendMessage"],
    DeleteMessageBatch: ["DeleteMessage"],
    ChangeMessageVisibilityBatch: ["ChangeMessageVisibility"],
  },
  resources: {
    queue: (context) => [
      ...parameters(context, "SourceArn"),
      ...parameters(context, "QueueUrl", "QueueName").map((name) => {
        const [queue, account = ""] = name.split("/").reverse();
        const owner = text(context.call.params.QueueOwnerAWSAccountId) ?? context.callerAccount;
        return arnIn(context, /^\d{12}$/.test(account) ? account : owner, queue ?? "");
      }),
    ],
  },

  /** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html */
  furtherChecks: async (context, checks) => [
    ...tagsAtCreation(context, checks, "TagQueue"),
    ...(await keyChecks(context, checks)),
  ],

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
    async ofResource(arn, account, gateway) {
      return parseDocument(await queueAttribute(arn, account, gateway, "Policy"));
    },
    carriers: [
      {
        document: ({ params }) => (params.Attributes as Params | undefined)?.Policy,
        malformed: "InvalidAttributeValue",
        unknownPrincipal: ["InvalidAttributeValue", "Invalid value for the parameter Policy."],
      },
      {
        document: ({ operation, params }) => operation === "AddPermission" && addedStatement(params),
        isAddition: true,
        malformed: "InvalidParameterValue",
        unknownPrincipal: ["InvalidParameterValue", "Value [%] for parameter PrincipalId is invalid."],
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

  respond: (context) =>
    context.call.operation === "ReceiveMessage" ? receiveMessage(context) : forwardToMoto(context),
};

/** The value of an attribute of a queue. */
async function queueAttribute(arn: string, account: string, { moto }: Gateway, name: string) {
  const { region, resource: queue } = parseArn(arn);
  const answer = await moto.json(account, "sqs", region, "AmazonSQS.GetQueueAttributes", {
    QueueUrl: `http://127.0.0.1/${account}/${queue}`,
    AttributeNames: [name],
  });
  return (answer?.Attributes as Params | undefined)?.[name];
}

/**
 * Waits for a message here: while moto waits, it does nothing else for any queue.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
 */
async function receiveMessage(context: RequestContext): Promise<ServiceAnswer> {
  const { call, account, checks, gateway } = context;
  const queue = checks[0]!.resource;
  if (queue === "*") return forwardToMoto(context);
  const seconds = Number(
    call.params.WaitTimeSeconds ??
      (await queueAttribute(queue, account, gateway, "ReceiveMessageWaitTimeSeconds")),
  );
  // What is no time to wait, moto refuses.
  if (!(seconds > 0 && seconds <= LONGEST_WAIT_SECONDS)) return forwardToMoto(context);
  const body =
    call.protocol === "json"
      ? JSON.stringify({ ...call.params, WaitTimeSeconds: 0 })
      : new URLSearchParams({ ...(call.params as Record<string, string>), WaitTimeSeconds: "0" }).toString();
  const look = { ...context, call: { ...call, body: Buffer.from(body) } };
  const end = performance.now() + 1000 * seconds;
  for (;;) {
    const answer = await forwardToMoto(look);
    const hasMessage = /"Messages": ?\[\{|<Message>/.test(answer.body.toString());
    if (answer.status !== 200 || hasMessage || performance.now() >= end) return answer;
    await sleep(BETWEEN_LOOKS);
  }
}
