import { parseArn } from "../arn";
import { tagKeys, text } from "../call";
import { parseDocument } from "../policy-documents";
import { arnIn, parameters } from "./parameters";
import type { Gateway, RequestContext, Service } from "./service";

const API = "DynamoDB_20120810";

const tableArn = (context: RequestContext, name: string): string =>
  name.startsWith("arn:")
    ? name.split("/").slice(0, 2).join("/")
    : arnIn(context, context.callerAccount, `table/${name}`);

/** The tables that a request names: directly, or in the items of a batch or transaction. */
function tablesOf(context: RequestContext): string[] {
  const { RequestItems = {}, TransactItems = [] } = context.call.params as {
    RequestItems?: Record<string, unknown>;
    TransactItems?: Record<string, { TableName?: string }>[];
  };
  const transacted = TransactItems.flatMap(Object.values).flatMap((item) => text(item?.TableName) ?? []);
  const named = [...parameters(context, "TableName", "ResourceArn", "TableArn"), ...transacted];
  return [...named, ...Object.keys(RequestItems)].map((name) => tableArn(context, name));
}

const ask = ({ moto }: Gateway, account: string, region: string, operation: string, ResourceArn: string) =>
  moto.json(account, "dynamodb", region, `${API}.${operation}`, { ResourceArn });

export const dynamodb: Service = {
  prefix: "dynamodb",
  protocol: "json",

  actions: {
    TransactGetItems: ["GetItem"],
    TransactWriteItems: ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"],
    ExecuteStatement: ["PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"],
    ExecuteTransaction: ["PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"],
    BatchExecuteStatement: ["PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"],
  },
  resources: {
    table: tablesOf,
    index: (context) => {
      const index = text(context.call.params.IndexName);
      return index ? tablesOf(context).map((table) => `${table}/index/${index}`) : [];
    },
  },

  conditionKeys: {
    fills: ["aws:ResourceTag/*"],
    async ofResource(arn, account, { gateway }) {
      const table = arn.split("/").slice(0, 2).join("/");
      const answer = await ask(gateway, account, parseArn(arn).region, "ListTagsOfResource", table);
      const tags = (answer?.Tags ?? []) as { Key: string; Value: string }[];
      return tagKeys("aws:ResourceTag", Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));
    },
  },

  policies: {
    async ofResource(arn, account, gateway) {
      const answer = await ask(gateway, account, parseArn(arn).region, "GetResourcePolicy", arn);
      return parseDocument(answer?.Policy);
    },
    carriers: [
      {
        document: ({ params }) => params.Policy ?? params.ResourcePolicy,
        malformed: "ValidationException",
        unknownPrincipal: ["ValidationException", "Invalid policy document: Invalid principal in policy"],
      },
    ],
  },
};
