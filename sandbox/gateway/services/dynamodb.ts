import { parseArn } from "../arn";
import { objectsIn, type Params, tagKeys, text } from "../call";
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

/** What the items of a transaction do, by the action that it needs. */
const TRANSACTED: Record<string, string> = {
  Get: "GetItem",
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
};

/** The tables in the items of a transaction that need an action. */
const transactedTables = ({ call }: RequestContext, action: string): string[] =>
  objectsIn(call.params.TransactItems)
    .flatMap(Object.entries)
    .flatMap(([kind, item]) =>
      TRANSACTED[kind] === action ? (text((item as Params | null)?.TableName) ?? []) : [],
    );

const OF_PARTIQL = /^(Execute(Statement|Transaction)|BatchExecuteStatement)$/;

/** The statements of PartiQL that a request has, without the texts in them. */
const partiQl = ({ call: { params } }: RequestContext): string[] =>
  [params, ...objectsIn(params.Statements), ...objectsIn(params.TransactStatements)].flatMap(
    ({ Statement }) => text(Statement)?.replace(/'[^']*'/g, "''") ?? [],
  );

const NAME = String.raw`(?:"([^"]+)"|([\w-]+))`;
/** How a statement of PartiQL names its table, and the index of it: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html */
const STATEMENTS: [action: string, statement: RegExp][] = [
  [
    "PartiQLSelect",
    new RegExp(
      String.raw`^\s*(?:EXISTS\s*\(\s*)?SELECT\s[^"]*?\sFROM\s+${NAME}(?:\."([^"]+)")?(?:\s|\)|;|$)`,
      "is",
    ),
  ],
  ["PartiQLInsert", new RegExp(String.raw`^\s*INSERT\s+INTO\s+${NAME}\s`, "is")],
  ["PartiQLUpdate", new RegExp(String.raw`^\s*UPDATE\s+${NAME}\s`, "is")],
  ["PartiQLDelete", new RegExp(String.raw`^\s*DELETE\s+FROM\s+${NAME}\s`, "is")],
];

/** The tables and indexes in statements of PartiQL that need an action. */
function statedTables(context: RequestContext, action: string): string[] {
  const form = STATEMENTS.find(([name]) => name === action)?.[1];
  // Where one statement has no known form, the request names no table.
  const statements = actionsOf(context) ? partiQl(context) : [];
  return statements.flatMap((statement) => {
    const [found, quoted, plain, index] = form?.exec(statement) ?? [];
    const table = quoted ?? plain ?? "";
    if (!found) return [];
    return index ? `${tableArn(context, table)}/index/${index}` : tableArn(context, table);
  });
}

/** The tables that a request names: directly, or in the items of a batch. */
function tablesOf(context: RequestContext): string[] {
  if (OF_PARTIQL.test(context.call.operation)) return [];
  const [items] = objectsIn(context.call.params.RequestItems);
  const named = [...parameters(context, "TableName", "ResourceArn", "TableArn"), ...Object.keys(items ?? {})];
  return named.map((name) => tableArn(context, name));
}

/** The actions that a request needs whose parts need different ones; all of them where one part has no known form. */
function actionsOf(context: RequestContext): string[] | undefined {
  const { operation } = context.call;
  if (/^Transact(Get|Write)Items$/.test(operation)) {
    const used = Object.values(TRANSACTED).filter((action) => transactedTables(context, action).length);
    return used.length ? used : undefined;
  }
  const statements = partiQl(context);
  if (!OF_PARTIQL.test(operation)) return undefined;
  const forms = STATEMENTS.filter(([, form]) => statements.some((statement) => form.test(statement)));
  // A statement within a statement may read another table.
  const isSimple = (statement: string) => statement.match(/\b(FROM|INTO|UPDATE|JOIN)\b/gi)?.length === 1;
  const isKnown = statements.every(
    (statement) => isSimple(statement) && forms.some(([, form]) => form.test(statement)),
  );
  return isKnown && forms.length ? forms.map(([action]) => action) : undefined;
}

const ask = ({ moto }: Gateway, account: string, region: string, operation: string, ResourceArn: string) =>
  moto.json(account, "dynamodb", region, `${API}.${operation}`, { ResourceArn });

export const dynamodb: Service = {
  prefix: "dynamodb",
  protocol: "json",
  targets: [API, "DynamoDBStreams_20120810"],

  actions: {
    TransactGetItems: ["GetItem"],
    TransactWriteItems: ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"],
    ExecuteStatement: ["PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"],
    ExecuteTransaction: ["PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"],
    BatchExecuteStatement: ["PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"],
  },
  actionsOf,
  resources: {
    table: (context, action) =>
      text(context.call.params.IndexName) && OF_INDEX.test(action)
        ? []
        : [
            ...tablesOf(context),
            ...transactedTables(context, action).map((name) => tableArn(context, name)),
            ...statedTables(context, action),
          ],
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
