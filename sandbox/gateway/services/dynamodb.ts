import { parseArn } from "../arn";
import { tagKeys, text } from "../call";
import { parseDocument } from "../policy-documents";
import { arnIn, parameters, tagsAtCreation } from "./parameters";
import type { Gateway, RequestContext, Service } from "./service";

const API = "DynamoDB_20120810";

/** The ARN of the table in that of a table or of what belongs to one. */
const ofTable = (arn: string): string => arn.split("/").slice(0, 2).join("/");

const tableArn = (context: RequestContext, name: string): string =>
  name.startsWith("arn:") ? ofTable(name) : arnIn(context, context.callerAccount, `table/${name}`);

/** Actions that are decided on an index alone, where a request names one. */
const OF_INDEX = /^(PartiQLSelect|Query|Scan|SearchVectors)$/;

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
    table: (context, action) =>
      text(context.call.params.IndexName) && OF_INDEX.test(action) ? [] : tablesOf(context),
    index: (context) => {
      const index = text(context.call.params.IndexName);
      return index ? tablesOf(context).map((table) => `${table}/index/${index}`) : [];
    },
  },

  /** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html */
  async furtherChecks(context, checks) {
    const tagged = tagsAtCreation(context, checks, "TagResource");
    const shared = text(context.call.params.ResourcePolicy) ? checks : [];
    return [...tagged, ...shared.map((check) => ({ ...check, action: "dynamodb:PutResourcePolicy" }))];
  },

  conditionKeys: {
    fills: ["aws:ResourceTag/*"],
    async ofResource(arn, account, { gateway }) {
      const answer = await ask(gateway, account, parseArn(arn).region, "ListTagsOfResource", ofTable(arn));
      const tags = (answer?.Tags ?? []) as { Key: string; Value: string }[];
      return tagKeys("aws:ResourceTag", Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])));
    },
  },

  policies: {
    async ofResource(arn, account, gateway) {
      const answer = await ask(gateway, account, parseArn(arn).region, "GetResourcePolicy", ofTable(arn));
      return parseDocument(answer?.Policy);
    },
    holder: ofTable,
    carriers: [
      {
        document: ({ params }) => params.Policy ?? params.ResourcePolicy,
        malformed: "ValidationException",
        unknownPrincipal: ["ValidationException", "Invalid policy document: Invalid principal in policy"],
      },
    ],
  },
};
