import * as sdk from "@aws-sdk/client-sqs";
import type * as aws from "@pulumi/aws/sqs";
import type { AwsConnection } from "../connection";
import { document, fixed, named, type Regional, region, resource, retag } from "../table";

const sqs = (connection: AwsConnection, known: Regional) => connection.client(sdk.SQSClient, known.region);

const NUMBERS = {
  delaySeconds: "DelaySeconds",
  kmsDataKeyReusePeriodSeconds: "KmsDataKeyReusePeriodSeconds",
  maxMessageSize: "MaximumMessageSize",
  messageRetentionSeconds: "MessageRetentionPeriod",
  receiveWaitTimeSeconds: "ReceiveMessageWaitTimeSeconds",
  visibilityTimeoutSeconds: "VisibilityTimeout",
} as const;
const TEXTS = {
  deduplicationScope: "DeduplicationScope",
  fifoThroughputLimit: "FifoThroughputLimit",
  kmsMasterKeyId: "KmsMasterKeyId",
  policy: "Policy",
  redriveAllowPolicy: "RedriveAllowPolicy",
  redrivePolicy: "RedrivePolicy",
} as const;
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
    contentBasedDeduplication: { default: false },
    deduplicationScope: { computed: true },
    delaySeconds: { default: 0 },
    fifoQueue: { default: false, replace: true },
    fifoThroughputLimit: { computed: true },
    kmsDataKeyReusePeriodSeconds: { computed: true },
    kmsMasterKeyId: {},
    maxMessageSize: { default: 262_144 },
    messageRetentionSeconds: { default: 345_600 },
    name: named,
    namePrefix: named,
    policy: { computed: true, compare: "document" },
    receiveWaitTimeSeconds: { default: 0 },
    redriveAllowPolicy: { computed: true, compare: "json" },
    redrivePolicy: { computed: true, compare: "json" },
    region,
    sqsManagedSseEnabled: { computed: true },
    tags: {},
    visibilityTimeoutSeconds: { default: 30 },
  },
  outputs: ["arn", "url"],
  autoname: {
    property: "name",
    longest: 75,
    complete: (name, { fifoQueue }) => (fifoQueue ? `${name}.fifo` : name),
  },
  async create(connection, inputs, created) {
    // SQS knows the deduplication of a FIFO queue only, so what is off is left out, but for encryption.
    const off = ({ value, key }: { key: string; value: string }) =>
      value === "" || (value === "false" && key !== BOOLEANS.sqsManagedSseEnabled);
    const given = Object.fromEntries(
      Object.entries(attributes({ ...inputs })).filter(([key, value]) => !off({ key, value })),
    );
    const { QueueUrl } = await sqs(connection, inputs).send(
      new sdk.CreateQueueCommand({
        QueueName: inputs.name,
        Attributes: { ...given, ...(inputs.fifoQueue && { FifoQueue: "true" }) },
        tags: inputs.tagsAll,
      }),
    );
    created(QueueUrl);
  },
  async read(connection, QueueUrl, known) {
    const client = sqs(connection, known);
    const { Attributes: found = {} } = await client.send(
      new sdk.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
    );
    const { Tags } = await client.send(new sdk.ListQueueTagsCommand({ QueueUrl }));
    const of = (names: Record<string, string>, change: (text: string) => unknown) =>
      Object.fromEntries(
        Object.entries(names).map(([name, key]) => [
          name,
          change(found[key as sdk.QueueAttributeName] ?? ""),
        ]),
      );
    return {
      ...of(NUMBERS, Number),
      ...of(TEXTS, String),
      ...of(BOOLEANS, (text) => text === "true"),
      arn: found.QueueArn,
      fifoQueue: found.FifoQueue === "true",
      // SQS gives it for queues that a KMS key encrypts, and its default stands for the others.
      kmsDataKeyReusePeriodSeconds: Number(found.KmsDataKeyReusePeriodSeconds ?? 300),
      name: QueueUrl.split("/").at(-1),
      region: known.region ?? connection.region,
      tagsAll: Tags ?? {},
      url: QueueUrl,
    };
  },
  async update(connection, QueueUrl, inputs, old) {
    const client = sqs(connection, inputs);
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
  async delete(connection, QueueUrl, state) {
    await sqs(connection, state).send(new sdk.DeleteQueueCommand({ QueueUrl }));
  },
});

const setPolicy = (
  connection: AwsConnection,
  QueueUrl: string,
  { region, policy }: Regional & { policy: string },
) =>
  sqs(connection, { region }).send(
    new sdk.SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: policy } }),
  );

const queuePolicy = resource<aws.QueuePolicyArgs>({
  title: "SQS Queue Policy",
  properties: { policy: document, queueUrl: fixed, region },
  id: ({ queueUrl }) => queueUrl,
  async create(connection, inputs) {
    await setPolicy(connection, inputs.queueUrl, inputs);
  },
  async read(connection, QueueUrl, known) {
    const { Attributes } = await sqs(connection, known).send(
      new sdk.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] }),
    );
    if (!Attributes?.Policy) return undefined;
    return { policy: Attributes.Policy, queueUrl: QueueUrl, region: known.region ?? connection.region };
  },
  async update(connection, QueueUrl, inputs) {
    await setPolicy(connection, QueueUrl, inputs);
  },
  async delete(connection, QueueUrl, { region }) {
    await setPolicy(connection, QueueUrl, { region, policy: "" });
  },
});

export default { "aws:sqs/queue:Queue": queue, "aws:sqs/queuePolicy:QueuePolicy": queuePolicy };
