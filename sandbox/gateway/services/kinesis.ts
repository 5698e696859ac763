import { parseArn } from "../arn";
import { AwsError, tagKeys, text } from "../call";
import { forwardToMoto } from "../forward-to-moto";
import { parseDocument } from "../policy-documents";
import { arnIn, parameters, tagsAtCreation } from "./parameters";
import type { Gateway, RequestContext, Service } from "./service";

const API = "Kinesis_20131202";

const ask = ({ moto }: Gateway, account: string, region: string, operation: string, params: object) =>
  moto.json(account, "kinesis", region, `${API}.${operation}`, params);

/** The stream that a shard iterator reads: it begins with the name, with moto. */
const streamOfIterator = (iterator: string): string =>
  Buffer.from(iterator, "base64").toString().split(":", 1)[0] ?? "";

/** The ARNs that a request gives for streams and consumers. */
const arnsIn = (context: RequestContext): string[] =>
  parameters(context, "StreamARN", "ResourceARN", "ConsumerARN");

const isConsumer = (arn: string): boolean => arn.includes("/consumer/");

function streamArns(context: RequestContext): string[] {
  const names = parameters(context, "StreamName");
  const { operation, params } = context.call;
  const iterator = operation === "GetRecords" ? text(params.ShardIterator) : undefined;
  const named = [...names, ...(iterator ? [streamOfIterator(iterator)] : [])];
  const arns = arnsIn(context).filter((arn) => !isConsumer(arn));
  // An iterator names no account: the ARN beside it does.
  const account = parseArn(arns[0] ?? "").accountId || context.callerAccount;
  return [...arns, ...named.map((name) => arnIn(context, account, `stream/${name}`))];
}

/** The consumers that a request names; a consumer's ARN ends with the time of its creation. */
async function consumerArns(context: RequestContext): Promise<string[]> {
  const { call, callerAccount, gateway } = context;
  const [stream, name] = [text(call.params.StreamARN), text(call.params.ConsumerName)];
  const given = arnsIn(context).filter(isConsumer);
  if (given.length || !stream || !name) return given;
  const account = parseArn(stream).accountId || callerAccount;
  const asked = { StreamARN: stream, ConsumerName: name };
  const found = await ask(gateway, account, call.region, "DescribeStreamConsumer", asked);
  const description = found?.ConsumerDescription as { ConsumerARN?: string } | undefined;
  return [description?.ConsumerARN ?? `${stream}/consumer/${name}:new`];
}

export const kinesis: Service = {
  prefix: "kinesis",
  protocol: "json",
  targets: [API],

  resources: { stream: streamArns, consumer: consumerArns },
  /** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html and API_RegisterStreamConsumer.html */
  furtherChecks: async (context, checks) =>
    tagsAtCreation(
      context,
      checks,
      context.call.operation === "CreateStream" ? "AddTagsToStream" : "TagResource",
    ),

  conditionKeys: {
    fills: ["aws:ResourceTag/*"],
    async ofResource(arn, account, { gateway }) {
      if (isConsumer(arn)) return {};
      const { region, resourcePath: StreamName } = parseArn(arn);
      const found = await ask(gateway, account, region, "ListTagsForStream", { StreamName });
      const tags = (found?.Tags ?? []) as { Key: string; Value: string }[];
      return tagKeys("aws:ResourceTag", Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));
    },
  },

  async respond(context) {
    const { call, account, gateway } = context;
    const { StreamName, Tags } = call.params;
    if (call.operation === "RegisterStreamConsumer" && Tags)
      throw new AwsError("NotImplemented", "The sandbox keeps no tags of consumers", 501);
    const answer = await forwardToMoto(context);
    // moto creates a stream without its tags.
    if (call.operation === "CreateStream" && Tags && answer.status === 200)
      await ask(gateway, account, call.region, "AddTagsToStream", { StreamName, Tags });
    return answer;
  },

  policies: {
    /** Of a stream or a consumer: https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html#sharing-data-streams */
    async ofResource(ResourceARN, account, gateway) {
      const { region } = parseArn(ResourceARN);
      const found = await ask(gateway, account, region, "GetResourcePolicy", { ResourceARN });
      // moto answers with an empty document where there is no policy.
      return found?.Policy === "{}" ? undefined : parseDocument(found?.Policy);
    },
    carriers: [
      {
        document: ({ params }) => params.Policy,
        malformed: "InvalidArgumentException",
        unknownPrincipal: ["InvalidArgumentException", "Invalid principal in policy"],
      },
    ],
  },
};
