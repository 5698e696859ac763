import * as sdk from "@aws-sdk/client-sns";
import type * as aws from "@pulumi/aws/sns";
import type { AwsConnection } from "../connection";
import {
  document,
  fixed,
  fromKeyValues,
  keyValues,
  named,
  type Regional,
  region,
  resource,
  retag,
} from "../table";

const sns = (connection: AwsConnection, known: Regional) => connection.client(sdk.SNSClient, known.region);

/** Properties that SNS keeps as attributes, under names that begin with a capital. */
const ATTRIBUTES = {
  contentBasedDeduplication: "ContentBasedDeduplication",
  deliveryPolicy: "DeliveryPolicy",
  displayName: "DisplayName",
  kmsMasterKeyId: "KmsMasterKeyId",
  policy: "Policy",
  fifoThroughputScope: "FifoThroughputScope",
  signatureVersion: "SignatureVersion",
  tracingConfig: "TracingConfig",
} as const;

const topic = resource<aws.TopicArgs>({
  title: "SNS Topic",
  properties: {
    contentBasedDeduplication: { default: false },
    deliveryPolicy: { compare: "json" },
    displayName: {},
    fifoThroughputScope: { computed: true },
    fifoTopic: { default: false, replace: true },
    kmsMasterKeyId: {},
    name: named,
    namePrefix: named,
    policy: { computed: true, compare: "document" },
    region,
    signatureVersion: { computed: true },
    tags: {},
    tracingConfig: { computed: true },
  },
  outputs: ["arn", "beginningArchiveTime", "owner"],
  autoname: {
    property: "name",
    longest: 251,
    complete: (name, { fifoTopic }) => (fifoTopic ? `${name}.fifo` : name),
  },
  async create(connection, inputs, created) {
    const values = Object.entries(ATTRIBUTES).filter(([name]) => inputs[name as keyof typeof ATTRIBUTES]);
    const { TopicArn } = await sns(connection, inputs).send(
      new sdk.CreateTopicCommand({
        Name: inputs.name,
        Attributes: {
          ...Object.fromEntries(
            values.map(([name, key]) => [key, String(inputs[name as keyof typeof ATTRIBUTES])]),
          ),
          ...(inputs.fifoTopic && { FifoTopic: "true" }),
        },
        Tags: keyValues(inputs.tagsAll),
      }),
    );
    created(TopicArn);
  },
  async read(connection, TopicArn, known) {
    const { Attributes: found = {} } = await sns(connection, known).send(
      new sdk.GetTopicAttributesCommand({ TopicArn }),
    );
    const { Tags } = await sns(connection, known).send(
      new sdk.ListTagsForResourceCommand({ ResourceArn: TopicArn }),
    );
    return {
      ...Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, key]) => [name, found[key] ?? ""])),
      arn: TopicArn,
      beginningArchiveTime: found.BeginningArchiveTime ?? "",
      contentBasedDeduplication: found.ContentBasedDeduplication === "true",
      fifoTopic: found.FifoTopic === "true",
      name: TopicArn.split(":").at(-1),
      owner: found.Owner,
      region: known.region ?? connection.region,
      signatureVersion: Number(found.SignatureVersion ?? 0),
      tagsAll: fromKeyValues(Tags),
    };
  },
  async update(connection, TopicArn, inputs, old) {
    const client = sns(connection, inputs);
    for (const [name, AttributeName] of Object.entries(ATTRIBUTES) as [keyof typeof ATTRIBUTES, string][])
      if (inputs[name] !== old[name] && !(inputs[name] === undefined && topic.properties[name]?.computed))
        await client.send(
          new sdk.SetTopicAttributesCommand({
            TopicArn,
            AttributeName,
            AttributeValue: String(inputs[name] ?? ""),
          }),
        );
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ ResourceArn: TopicArn, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.UntagResourceCommand({ ResourceArn: TopicArn, TagKeys })),
    );
  },
  async delete(connection, TopicArn, state) {
    await sns(connection, state).send(new sdk.DeleteTopicCommand({ TopicArn }));
  },
});

const setPolicy = (
  connection: AwsConnection,
  TopicArn: string,
  { region, policy }: Regional & { policy: string },
) =>
  sns(connection, { region }).send(
    new sdk.SetTopicAttributesCommand({ TopicArn, AttributeName: "Policy", AttributeValue: policy }),
  );

/** The policy that a topic is born with, and goes back to: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html */
const ownersOnly = (account: string, TopicArn: string) =>
  JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          "GetTopicAttributes",
          "SetTopicAttributes",
          "AddPermission",
          "RemovePermission",
          "DeleteTopic",
          "Subscribe",
          "ListSubscriptionsByTopic",
          "Publish",
        ].map((name) => `SNS:${name}`),
        Resource: TopicArn,
        Condition: { StringEquals: { "AWS:SourceOwner": account } },
      },
    ],
  });

const topicPolicy = resource<aws.TopicPolicyArgs>({
  title: "SNS Topic Policy",
  properties: { arn: fixed, policy: document, region },
  outputs: ["owner"],
  id: ({ arn }) => arn,
  async create(connection, inputs) {
    await setPolicy(connection, inputs.arn, inputs);
  },
  async read(connection, TopicArn, known) {
    const { Attributes } = await sns(connection, known).send(new sdk.GetTopicAttributesCommand({ TopicArn }));
    return {
      arn: TopicArn,
      owner: Attributes?.Owner,
      policy: Attributes?.Policy,
      region: known.region ?? connection.region,
    };
  },
  async update(connection, TopicArn, inputs) {
    await setPolicy(connection, TopicArn, inputs);
  },
  async delete(connection, TopicArn, { region }) {
    await setPolicy(connection, TopicArn, { region, policy: ownersOnly(connection.account, TopicArn) });
  },
});

export default { "aws:sns/topic:Topic": topic, "aws:sns/topicPolicy:TopicPolicy": topicPolicy };
