/** What a bucket's notifications need: https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html */
import assert from "node:assert/strict";
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateTopicCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { ACCOUNTS, outcome, type Profile, policy, REGION, World, words } from "./gateway-world";

describe("gateway: notifications of S3", function () {
  this.timeout(60_000);
  let world: World;
  let count = 0;
  before(async () => {
    world = await World.start();
  });
  after(() => world?.stop());

  const s3 = () => world.admin(S3Client, "prod");
  const bucket = async () => {
    const Bucket = `notifying-${++count}`;
    await s3().send(new CreateBucketCommand({ Bucket }));
    return Bucket;
  };
  /** What lets S3 in for one bucket, as AWS's example does. */
  const forBucket = (Bucket: string) => ({
    ArnLike: { "aws:SourceArn": `arn:aws:s3:::${Bucket}` },
    StringEquals: { "aws:SourceAccount": ACCOUNTS.prod },
  });
  const letIn = (Resource: string, Action: string, Condition: object, Service = "s3.amazonaws.com") =>
    policy({ Principal: { Service }, Action, Resource, Condition });

  const queue = async (profile: Profile, QueueName = `events-${++count}`) => {
    const sqs = world.admin(SQSClient, profile);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
    const arn = `arn:aws:sqs:${REGION}:${ACCOUNTS[profile]}:${QueueName}`;
    const open = (Condition: object, Service?: string) => {
      const Attributes = { Policy: letIn(arn, "sqs:SendMessage", Condition, Service) };
      return sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    };
    /** The events that arrived since the last look; the test event counts as one of no name. */
    const events = async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      return Messages.map(({ Body = "" }) => /"?eventName\\?": ?\\?"([\w:]+)/.exec(Body)?.[1] ?? "");
    };
    return {
      name: QueueName,
      arn,
      open,
      events,
      close: () => open({ StringEquals: { "aws:SourceAccount": "0" } }),
    };
  };
  const topic = async () => {
    const sns = world.admin(SNSClient, "prod");
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `events-${++count}` }));
    const open = (Condition: object) => {
      const AttributeValue = letIn(TopicArn!, "sns:Publish", Condition);
      return sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "Policy", AttributeValue }));
    };
    const subscribe = (Endpoint: string) =>
      sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint }));
    return { arn: TopicArn!, open, subscribe };
  };
  const Events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"] as const;
  const toQueue = (QueueArn: string) => ({ QueueConfigurations: [{ QueueArn, Events: [...Events] }] });
  const toTopic = (TopicArn: string) => ({ TopicConfigurations: [{ TopicArn, Events: [...Events] }] });
  const configure = (
    Bucket: string,
    NotificationConfiguration: NotificationConfiguration,
    more: object = {},
  ) =>
    s3().send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration, ...more }));
  const write = (Bucket: string) => s3().send(new PutObjectCommand({ Bucket, Key: "a", Body: "1" }));

  it("go to a queue whose policy lets S3 in for this bucket, and to no other", async () => {
    const [Bucket, other, events] = [await bucket(), await bucket(), await queue("prod")];
    assert.match(
      await words(configure(Bucket, toQueue(events.arn))),
      /Unable to validate the following destination configurations/,
    );
    for (const Condition of [
      forBucket(other),
      { StringEquals: { "aws:SourceAccount": ACCOUNTS.dev } },
      { ArnLike: { "aws:SourceArn": `arn:aws:sns:${REGION}:${ACCOUNTS.prod}:*` } },
    ]) {
      await events.open(Condition);
      assert.equal(await outcome(configure(Bucket, toQueue(events.arn))), "InvalidArgument");
    }
    await events.open(forBucket(Bucket), "sns.amazonaws.com");
    assert.equal(await outcome(configure(Bucket, toQueue(events.arn))), "InvalidArgument");
    await events.open(forBucket(Bucket));
    assert.equal(await outcome(configure(Bucket, toQueue(events.arn))), "allowed");
    await write(Bucket);
    await s3().send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "a" }] } }));
    assert.deepEqual(await events.events(), ["", "ObjectCreated:Put", "ObjectRemoved:Delete"]);
  });

  it("stop where the queue's policy no longer lets S3 in", async () => {
    const [Bucket, events] = [await bucket(), await queue("prod")];
    await events.open(forBucket(Bucket));
    await configure(Bucket, toQueue(events.arn));
    await events.events();
    await events.close();
    await write(Bucket);
    assert.deepEqual(await events.events(), []);
    await events.open(forBucket(Bucket));
    await write(Bucket);
    assert.deepEqual(await events.events(), ["ObjectCreated:Put"]);
  });

  it("go to a queue of another account, and not to one of the same name at home", async () => {
    const [Bucket, theirs] = [await bucket(), await queue("dev")];
    const ours = await queue("prod", theirs.name);
    await ours.open(forBucket(Bucket));
    assert.equal(await outcome(configure(Bucket, toQueue(theirs.arn))), "InvalidArgument");
    await theirs.open(forBucket(Bucket));
    await configure(Bucket, toQueue(theirs.arn));
    await write(Bucket);
    assert.deepEqual([await theirs.events(), await ours.events()], [["", "ObjectCreated:Put"], []]);
  });

  it("go to a topic whose policy lets S3 in, and on to queues that let the topic in", async () => {
    const [Bucket, news, open, closed, theirs] = [
      await bucket(),
      await topic(),
      await queue("prod"),
      await queue("prod"),
      await queue("dev"),
    ];
    for (const subscriber of [open, closed, theirs]) await news.subscribe(subscriber.arn);
    for (const subscriber of [open, theirs])
      await subscriber.open({ ArnEquals: { "aws:SourceArn": news.arn } }, "sns.amazonaws.com");
    assert.equal(await outcome(configure(Bucket, toTopic(news.arn))), "InvalidArgument");
    await news.open(forBucket(Bucket));
    await configure(Bucket, toTopic(news.arn));
    await write(Bucket);
    assert.deepEqual(await open.events(), ["", "ObjectCreated:Put"]);
    assert.deepEqual(await theirs.events(), ["", "ObjectCreated:Put"]);
    assert.deepEqual(await closed.events(), []);
  });

  it("are not configured for a target that does not exist, or a function that lets nobody in", async () => {
    const Bucket = await bucket();
    const arn = (service: string, name: string) => `arn:aws:${service}:${REGION}:${ACCOUNTS.prod}:${name}`;
    for (const configuration of [
      toQueue(arn("sqs", "missing")),
      toTopic(arn("sns", "missing")),
      {
        LambdaFunctionConfigurations: [
          { LambdaFunctionArn: arn("lambda", "function:missing"), Events: [...Events] },
        ],
      },
    ])
      assert.equal(await outcome(configure(Bucket, configuration)), "InvalidArgument");
  });

  it("are configured unseen where the request skips the validation, and still not delivered", async () => {
    const [Bucket, events] = [await bucket(), await queue("prod")];
    const skipped = await outcome(
      configure(Bucket, toQueue(events.arn), { SkipDestinationValidation: true }),
    );
    assert.equal(skipped, "allowed");
    await write(Bucket);
    assert.deepEqual(await events.events(), []);
  });
});
