import { DescribeTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateTagsCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  EC2Client,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
} from "@aws-sdk/client-ecr";
import { CreateUserCommand, GetRoleCommand, IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import {
  CopyObjectCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetTopicAttributesCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import {
  GetParameterCommand,
  type ParameterMetadata,
  PutParameterCommand,
  paginateDescribeParameters,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { Action, Answer, SessionKind } from "../../infra/contract/types";
import { callApi } from "./api";
import type { Caller, Subject } from "./caller";
import { CHECK_PATH } from "./check-users";
import { connectAs, publish } from "./topic";

type Request = (caller: Caller, subject: Subject) => Promise<unknown>;

/** One real request per action of the access contract. */
export const requests: Readonly<Record<Action, Request>> = {
  "sts:AssumeRole": (caller, { role }) =>
    new STSClient(caller).send(
      new AssumeRoleCommand({
        RoleArn: role.arn,
        RoleSessionName: role.sessionName,
        DurationSeconds: role.durationSeconds,
        ...(role.sessionTag && { Tags: [{ Key: role.sessionTag.key, Value: role.sessionTag.value }] }),
        ...(role.sourceIdentity && { SourceIdentity: role.sourceIdentity }),
        ...(role.mfa && { SerialNumber: role.mfa.serial, TokenCode: role.mfa.code }),
      }),
    ),
  // Nobody signs this request: the token alone says who asks.
  "sts:AssumeRoleWithWebIdentity": (caller, { role }) =>
    new STSClient(caller).send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: role.arn,
        RoleSessionName: role.sessionName,
        DurationSeconds: role.durationSeconds,
        WebIdentityToken: role.token,
      }),
    ),
  "s3:ListAllMyBuckets": (caller) => new S3Client(caller).send(new ListBucketsCommand({})),
  "s3:ListBucket": (caller, { bucket }) =>
    new S3Client(caller).send(new ListObjectsV2Command({ Bucket: bucket })),
  "s3:GetObject": async (caller, { bucket, key }) => {
    const { Body } = await new S3Client(caller).send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Body?.transformToString();
  },
  "s3:PutObject": (caller, { bucket, key }) =>
    new S3Client(caller).send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: "hello" })),
  "s3:CopyObject": (caller, { bucket, key, sourceBucket }) =>
    new S3Client(caller).send(
      new CopyObjectCommand({ Bucket: bucket, Key: key, CopySource: `${sourceBucket}/${key}` }),
    ),
  // Not the object that every scenario reads: S3 refuses one that is gone also to those who could read it. This one need
  // not exist.
  "s3:DeleteObject": (caller, { bucket, key }) =>
    new S3Client(caller).send(new DeleteObjectCommand({ Bucket: bucket, Key: `${key}.deleted` })),
  "s3:GetBucketPolicy": (caller, { bucket }) =>
    new S3Client(caller).send(new GetBucketPolicyCommand({ Bucket: bucket })),
  "s3:PutBucketPolicy": (caller, { bucket, bucketPolicy }) =>
    new S3Client(caller).send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: bucketPolicy })),
  // Asked only while the bucket holds an object, so that S3 keeps it even where this is, wrongly, allowed.
  "s3:DeleteBucket": (caller, { bucket }) =>
    new S3Client(caller).send(new DeleteBucketCommand({ Bucket: bucket })),
  "ec2:DescribeInstances": (caller) => new EC2Client(caller).send(new DescribeInstancesCommand({})),
  "ec2:DescribeInstanceStatus": (caller, { instance }) =>
    new EC2Client(caller).send(
      new DescribeInstanceStatusCommand({ InstanceIds: [instance], IncludeAllInstances: true }),
    ),
  "ec2:StopInstances": (caller, { instance, dryRun: DryRun }) =>
    new EC2Client(caller).send(new StopInstancesCommand({ InstanceIds: [instance], DryRun })),
  "ec2:StartInstances": (caller, { instance, dryRun: DryRun }) =>
    new EC2Client(caller).send(new StartInstancesCommand({ InstanceIds: [instance], DryRun })),
  "ec2:RebootInstances": (caller, { instance, dryRun: DryRun }) =>
    new EC2Client(caller).send(new RebootInstancesCommand({ InstanceIds: [instance], DryRun })),
  // A dry run is decided like the real thing, and does no harm where it is, wrongly, allowed.
  "ec2:TerminateInstances": (caller, { instance }) =>
    new EC2Client(caller).send(new TerminateInstancesCommand({ InstanceIds: [instance], DryRun: true })),
  "ec2:RunInstances": (caller) =>
    new EC2Client(caller).send(
      new RunInstancesCommand({ ImageId: "ami-12345678", MinCount: 1, MaxCount: 1, DryRun: true }),
    ),
  "ec2:CreateTags": (caller, { instance }) =>
    new EC2Client(caller).send(
      new CreateTagsCommand({ Resources: [instance], Tags: [{ Key: "check", Value: "" }], DryRun: true }),
    ),
  "iam:GetRole": (caller, { role }) =>
    new IAMClient(caller).send(new GetRoleCommand({ RoleName: role.arn.split("/").at(-1) })),
  "iam:ListUsers": (caller) => new IAMClient(caller).send(new ListUsersCommand({})),
  "iam:CreateUser": (caller, { unusedName }) =>
    new IAMClient(caller).send(new CreateUserCommand({ UserName: unusedName, Path: CHECK_PATH })),
  "ssm:DescribeParameters": async (caller, { parameter }) => {
    const pages = paginateDescribeParameters({ client: new SSMClient(caller) }, {});
    // Named by name or by ARN; of no parameter, the first page is an answer.
    const isAsked = ({ Name = "" }: ParameterMetadata) =>
      Name === parameter || parameter.endsWith(`:parameter/${Name.replace(/^\//, "")}`);
    for await (const { Parameters = [] } of pages)
      if (parameter === "" || Parameters.some(isAsked)) return Parameters;
    throw new Error(`the list lacks ${parameter}`);
  },
  "ssm:GetParameter": (caller, { parameter }) =>
    new SSMClient(caller).send(new GetParameterCommand({ Name: parameter, WithDecryption: true })),
  // Without leave to overwrite: where it is, wrongly, allowed the parameter stays as it is.
  "ssm:PutParameter": (caller, { parameter }) =>
    new SSMClient(caller).send(new PutParameterCommand({ Name: parameter, Value: "check", Type: "String" })),
  "dynamodb:DescribeTable": (caller, { table }) =>
    new DynamoDBClient(caller).send(new DescribeTableCommand({ TableName: table })),
  "dynamodb:Scan": (caller, { table }) =>
    new DynamoDBClient(caller).send(new ScanCommand({ TableName: table, Limit: 1 })),
  // Without the table's key: where it is, wrongly, allowed nothing is written.
  "dynamodb:PutItem": (caller, { table }) =>
    new DynamoDBClient(caller).send(new PutItemCommand({ TableName: table, Item: {} })),
  "iot:Connect": connectAs,
  "iot:Publish": publish,
  "sns:Publish": (caller, { topicArn, message }) =>
    new SNSClient(caller).send(new PublishCommand({ TopicArn: topicArn, Message: message })),
  "sns:GetTopicAttributes": (caller, { topicArn }) =>
    new SNSClient(caller).send(new GetTopicAttributesCommand({ TopicArn: topicArn })),
  "sqs:SendMessage": (caller, { queueUrl, message }) =>
    new SQSClient(caller).send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: message })),
  "sqs:ReceiveMessage": receive,
  "sqs:GetQueueAttributes": (caller, { queueUrl }) =>
    new SQSClient(caller).send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["All"] }),
    ),
  "ecr:GetAuthorizationToken": (caller) => new ECRClient(caller).send(new GetAuthorizationTokenCommand({})),
  // The answer lists an image that is not there as a failure: asking for it was allowed.
  "ecr:BatchGetImage": (caller, { repository }) =>
    new ECRClient(caller).send(new BatchGetImageCommand({ ...repository, imageIds: [{ imageTag: "none" }] })),
  "ecr:DescribeImages": (caller, { repository }) =>
    new ECRClient(caller).send(new DescribeImagesCommand(repository)),
  "execute-api:Invoke": (caller, { apiUrl }) => callApi(caller, apiUrl),
};

/** Receives the message that was sent, and deletes it; others are left as visible as they were. */
async function receive(caller: Caller, { queueUrl: QueueUrl, message }: Subject): Promise<void> {
  const sqs = new SQSClient(caller);
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
      WaitTimeSeconds: 1,
    }),
  );
  const sent = Messages.filter(({ Body }) => Body === message);
  if (sent.length === 0) throw new Error(`"${message}" was sent to ${QueueUrl} but not received`);
  for (const { ReceiptHandle } of sent)
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: ReceiptHandle! }));
}

/** What the endpoint answered: its verdict and, where it refused or failed, its own words. */
export type Verdict = { answer: Answer | "unclear"; words: string };

const REFUSALS = new Set([
  "AuthorizationErrorException",
  "AccessDenied",
  "AccessDeniedException",
  "ForbiddenException",
  "UnauthorizedOperation",
  // A token for an audience that the provider does not list.
  "InvalidIdentityTokenException",
]);
/** Refusals of credentials, whoever asks for whatever. */
const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "RequestExpired"]);
/** Errors of a request that was let in and then found nothing, or something in the way. */
const ALLOWED_YET_FAILED = new Set([
  "NoSuchKey",
  "NoSuchBucketPolicy",
  "BucketNotEmpty",
  "ParameterNotFound",
  "ParameterAlreadyExists",
  "EntityAlreadyExists",
  "DryRunOperation",
  "InvalidAMIID.NotFound",
]);

/** What an endpoint's error says about access: that credentials have expired counts only where that is the question. */
export function verdictOf(error: unknown, session: SessionKind): Verdict {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const isTooLong = name === "ValidationError" && /DurationSeconds exceeds/.test(message);
  const refused =
    REFUSALS.has(name) || isTooLong || (session === "as the role, expired" && EXPIRED.has(name));
  const answer = refused ? "refused" : ALLOWED_YET_FAILED.has(name) ? "allowed" : "unclear";
  return { answer, words: `${name}: ${message}` };
}
