/**
 * A bucket's notifications: to topics, queues and functions whose policies let S3 in for this bucket.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
 */
import { parseArn, partitionOf } from "../../arn";
import { AwsError } from "../../call";
import { parseXml, type Xml } from "../../xml";
import type { RequestContext } from "../service";
import { REFUSED_HEADER, refusedSubscriptions } from "../sns";
import { requestXml } from "./requests";

interface NotificationTarget {
  arn: string;
  action: string;
}

/** The elements of a configuration: which one names the target, and what S3 does there. */
const TARGETS = [
  ["TopicConfiguration", "Topic", "sns:Publish"],
  ["QueueConfiguration", "Queue", "sqs:SendMessage"],
  ["CloudFunctionConfiguration", "CloudFunction", "lambda:InvokeFunction"],
] as const;

const targetsOf = (configuration: Xml): NotificationTarget[] =>
  TARGETS.flatMap(([kind, name, action]) =>
    configuration.list(kind).map((target) => ({ arn: target.text(name) ?? "", action })),
  );

/** Whether the target's policy lets S3 deliver what happens in a bucket of the request's account. */
async function isOpen(
  { arn, action }: NotificationTarget,
  { call, account, gateway }: RequestContext,
  bucket: string,
): Promise<boolean> {
  const SourceArn = `arn:${partitionOf(call.region)}:s3:::${bucket}`;
  const check = {
    action,
    resource: arn,
    account: parseArn(arn).accountId,
    context: { "aws:SourceArn": SourceArn, "aws:SourceAccount": account },
  };
  return (await gateway.decide(call, { service: "s3.amazonaws.com" }, check)).allowed;
}

/** Throws InvalidArgument where a target of the configuration in a request does not let S3 in. */
export async function checkTargets(context: RequestContext, bucket: string): Promise<void> {
  if (context.call.headers["x-amz-skip-destination-validation"] === "true") return;
  for (const target of targetsOf(requestXml(context.call)))
    if (!(await isOpen(target, context, bucket)))
      throw new AwsError(
        "InvalidArgument",
        "Unable to validate the following destination configurations",
        400,
      );
}

/** The targets that moto may deliver to: ARNs, with commas between. */
const OPEN_HEADER = "x-sandbox-open-targets";

/** The request with what moto needs to deliver the notifications about it, where the configuration has targets. */
export async function withOpenTargets(
  context: RequestContext,
  bucket: string,
  configuration: string | undefined,
): Promise<RequestContext> {
  const targets = configuration === undefined ? [] : targetsOf(parseXml(configuration));
  if (!targets.length) return context;
  const open: string[] = [];
  const refused: string[] = [];
  for (const target of targets)
    if (await isOpen(target, context, bucket)) {
      open.push(target.arn);
      if (target.action === "sns:Publish") refused.push(...(await refusedSubscriptions(context, target.arn)));
    }
  const instructions = { [OPEN_HEADER]: open.join(","), [REFUSED_HEADER]: refused.join(",") };
  return { ...context, call: { ...context.call, headers: { ...context.call.headers, ...instructions } } };
}
