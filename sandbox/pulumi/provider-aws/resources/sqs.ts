import * as sdk from "@aws-sdk/client-sqs";
import type * as aws from "@pulumi/aws/sqs";
import type { Session } from "../session";
import { document, fixed, named, region, resource, retag } from "../table";

const sqs = (session: Session, known: { region?: string | undefined }) =>
  session.client(sdk.SQSClient, known.region);

const NUMBERS = {
  delaySeconds: "DelaySeconds",
  kmsDataKeyReusePeriodSeconds: "KmsDataKeyReusePeriodSeconds",
  maxMessageSize: "MaximumMessageSize",
  messageRetentionSeconds: "MessageRetentionPeriod",
  receiveWaitTimeSeconds: "ReceiveMessageWaitTimeSeconds",
  visibilityTimeoutSeconds: "VisibilityTimeout",
} as const;
const TEXTS = { kmsMasterKeyId: "KmsMasterKeyId", policy: "Policy", redrivePolicy: "RedrivePolicy" } as const;
const BOOLEANS = {
  contentBasedDeduplication: "ContentBasedDeduplication",
  sqsManagedSseEnabled: "SqsManagedSseEnabled",
} as const;
const ATTRIBUTES = { ...NUMBERS, ...TEXTS, ...BOOLEANS };

/** Attributes whose property is given and differs from `old`. */
const attributes = (inputs: Record<string, unknown>, old: Record<string, unknown> = {}) =>
  Object.fromEntries(
    Object.entries(ATTRIBUTES)
      .filter(
        ([name]) =>
          inputs[name] !== old[name] && (inputs[name] !== undefined || !queue.properties[name]?.computed),
      )
      .map(([name, key]) => [key, String(inputs[name] ?? "")]),
  );

const queue = resource<aws.QueueArgs>({
  title: "SQS Queue",
  properties: {
    contentBasedDeduplication: { computed: true },
    delaySeconds: { computed: true },
    fifoQueue: { default: false, replace: true },
    kmsDataKeyReusePeriodSeconds: { computed: true },
    kmsMasterKeyId: {},
    maxMessageSize: { computed: true },
    messageRetentionSeconds: { computed: true },
    name: named,
    namePrefix: named,
    policy: { computed: true, compare: "document" },
    receiveWaitTimeSeconds: { computed: true },
    redrivePolicy: { compare: "document" },
    region,
    sqsManagedSseEnabled: { computed: true },
    tags: {},
    visibilityTimeoutSeconds: { computed: true },
  },
  outputs: ["arn", "url"],
  autoname: { property: "name", longest: 80 },
  async create(session, inputs, created) {
    const given = Object.fromEntries(
      Object.entries(attributes({ ...inputs })).filter(([, value]) => value !== ""),
    );
    const { QueueUrl } = await sqs(session, inputs).send(
      new sdk.CreateQueueCommand({
        QueueName: inputs.name,
        Attributes: { ...given, ...(inputs.fifoQueue && { FifoQueue: "true" }) },
        tags: inputs.tagsAll,
      }),
    );
    created(QueueUrl);
  },
  async read(session, QueueUrl, known) {
    const client = sqs(session, known);
    const { Attributes: found = {} } = await client.send(
      new sdk.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
    );
    const { Tags } = await client.send(new sdk.ListQueueTagsCommand({ QueueUrl }));
    const of = (names: Record<string, string>, change: (text: string) => unknown) =>
      Object.fromEntries(
        Object.entries(names).map(([name, key]) => [
          name,
          found[key as sdk.QueueAttributeName] === undefined
            ? undefined
            : change(found[key as sdk.QueueAttributeName] ?? ""),
        ]),
      );
    return {
      ...of(NUMBERS, Number),
      ...of(TEXTS, String),
      ...of(BOOLEANS, (text) => text === "true"),
      arn: found.QueueArn,
      fifoQueue: found.FifoQueue === "true",
      name: QueueUrl.split("/").at(-1),
      region: known.region ?? session.region,
      tagsAll: Tags ?? {},
      url: QueueUrl,
    };
  },
  async update(session, QueueUrl, inputs, old) {
    const client = sqs(session, inputs);
    const Attributes = attributes({ ...inputs }, { ...old });
    if (Object.keys(Attributes).length)
      await client.send(new sdk.SetQueueAttributesCommand({ QueueUrl, Attributes }));
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (Tags) => client.send(new sdk.TagQueueCommand({ QueueUrl, Tags })),
      (TagKeys) => client.send(new sdk.UntagQueueCommand({ QueueUrl, TagKeys })),
    );
  },
  async delete(session, QueueUrl, state) {
    await sqs(session, state).send(new sdk.DeleteQueueCommand({ QueueUrl }));
  },
});

const setPolicy = (
  session: Session,
  QueueUrl: string,
  { region, policy }: { region?: string | undefined; policy: string },
) =>
  sqs(session, { region }).send(
    new sdk.SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: policy } }),
  );

const queuePolicy = resource<aws.QueuePolicyArgs>({
  title: "SQS Queue Policy",
  properties: { policy: document, queueUrl: fixed, region },
  id: ({ queueUrl }) => queueUrl,
  async create(session, inputs) {
    await setPolicy(session, inputs.queueUrl, inputs);
  },
  async read(session, QueueUrl, known) {
    const { Attributes } = await sqs(session, known).send(
      new sdk.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] }),
    );
    if (!Attributes?.Policy) return undefined;
    return { policy: Attributes.Policy, queueUrl: QueueUrl, region: known.region ?? session.region };
  },
  async update(session, QueueUrl, inputs) {
    await setPolicy(session, QueueUrl, inputs);
  },
  async delete(session, QueueUrl, { region }) {
    await setPolicy(session, QueueUrl, { region, policy: "" });
  },
});

export default { "aws:sqs/queue:Queue": queue, "aws:sqs/queuePolicy:QueuePolicy": queuePolicy };
