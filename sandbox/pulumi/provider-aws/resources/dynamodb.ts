import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-dynamodb";
import type * as aws from "@pulumi/aws/dynamodb";
import { UserError } from "../../../../infra/user-error";
import { isEmpty, same } from "../compare";
import type { AwsConnection } from "../connection";
import {
  collectPages,
  fromKeyValues,
  keyValues,
  type Regional,
  type ResourceInputs,
  region,
  resource,
  retag,
} from "../table";

const dynamodb = (connection: AwsConnection, known: Regional) =>
  connection.client(sdk.DynamoDBClient, known.region);
const WAIT_SECONDS = 600;
const POLL_MILLISECONDS = 1000;

type TableInputs = ResourceInputs<aws.TableArgs>;

/** An index, as far as the stand-in offers it. */
interface SecondaryIndex {
  name: string;
  hashKey?: string;
  rangeKey?: string;
  projectionType: string;
  nonKeyAttributes?: string[];
  readCapacity?: number;
  writeCapacity?: number;
}

const keySchema = (hashKey: string | undefined, rangeKey: string | undefined): sdk.KeySchemaElement[] => [
  { AttributeName: hashKey, KeyType: "HASH" },
  ...(rangeKey ? [{ AttributeName: rangeKey, KeyType: "RANGE" as const }] : []),
];

const keyOf = (schema: sdk.KeySchemaElement[] | undefined, type: sdk.KeyType) =>
  schema?.find(({ KeyType }) => KeyType === type)?.AttributeName ?? "";

const projection = ({ projectionType, nonKeyAttributes }: SecondaryIndex): sdk.Projection => ({
  ProjectionType: projectionType as sdk.ProjectionType,
  NonKeyAttributes: nonKeyAttributes?.length ? nonKeyAttributes : undefined,
});

/** Capacity is provisioned where the table is not paid by the request. */
const throughput = (
  { billingMode }: Partial<TableInputs>,
  { readCapacity, writeCapacity }: { readCapacity?: number | undefined; writeCapacity?: number | undefined },
): sdk.ProvisionedThroughput | undefined =>
  billingMode === "PAY_PER_REQUEST"
    ? undefined
    : { ReadCapacityUnits: readCapacity, WriteCapacityUnits: writeCapacity };

const globalIndexes = (inputs: Partial<TableInputs>) =>
  (inputs.globalSecondaryIndexes ?? []) as SecondaryIndex[];

const globalIndex = (inputs: TableInputs, index: SecondaryIndex): sdk.GlobalSecondaryIndex => ({
  IndexName: index.name,
  KeySchema: keySchema(index.hashKey, index.rangeKey),
  Projection: projection(index),
  ProvisionedThroughput: throughput(inputs, index),
});

const localIndex = ({ hashKey }: TableInputs, index: SecondaryIndex): sdk.LocalSecondaryIndex => ({
  IndexName: index.name,
  KeySchema: keySchema(hashKey, index.rangeKey),
  Projection: projection(index),
});

const attributes = (inputs: TableInputs) =>
  ((inputs.attributes ?? []) as { name: string; type: string }[]).map(({ name, type }) => ({
    AttributeName: name,
    AttributeType: type as sdk.ScalarAttributeType,
  }));

const stream = ({ streamEnabled, streamViewType }: TableInputs): sdk.StreamSpecification | undefined =>
  streamEnabled ? { StreamEnabled: true, StreamViewType: streamViewType as sdk.StreamViewType } : undefined;

const encryption = ({ serverSideEncryption: wanted }: TableInputs): sdk.SSESpecification | undefined =>
  wanted && {
    Enabled: wanted.enabled,
    ...(wanted.enabled && { KMSMasterKeyId: wanted.kmsKeyArn, SSEType: "KMS" as const }),
  };

const byName = (indexes: unknown) =>
  [...((indexes ?? []) as SecondaryIndex[])].sort((a, b) => a.name.localeCompare(b.name));

/** Indexes have names, so their order says nothing; AWS chooses what the program leaves out. */
const sameIndexes = (have: unknown, want: unknown) => same({ compare: "subset" }, byName(have), byName(want));

/** An option that is off is as much as one that is not given. */
const sameOption = (have: unknown, want: unknown) => {
  const isOff = (option: unknown) => isEmpty((option as { enabled?: boolean } | undefined)?.enabled);
  return (isOff(have) && isOff(want)) || same({ compare: "subset" }, have, want);
};

async function waitUntilActive(client: sdk.DynamoDBClient, TableName: string): Promise<void> {
  for (let waited = 0; waited < WAIT_SECONDS * 1000; waited += POLL_MILLISECONDS) {
    const { Table } = await client.send(new sdk.DescribeTableCommand({ TableName }));
    const indexes = Table?.GlobalSecondaryIndexes ?? [];
    const states = [Table?.TableStatus, ...indexes.map(({ IndexStatus }) => IndexStatus)];
    if (states.every((state) => state === "ACTIVE")) return;
    await sleep(POLL_MILLISECONDS);
  }
  throw new UserError(`table ${TableName} did not become active within ${WAIT_SECONDS} seconds`);
}

const setTimeToLive = (client: sdk.DynamoDBClient, TableName: string, ttl: NonNullable<TableInputs["ttl"]>) =>
  client.send(
    new sdk.UpdateTimeToLiveCommand({
      TableName,
      TimeToLiveSpecification: { AttributeName: ttl.attributeName, Enabled: ttl.enabled ?? false },
    }),
  );

const setRecovery = (
  client: sdk.DynamoDBClient,
  TableName: string,
  { enabled, recoveryPeriodInDays }: NonNullable<TableInputs["pointInTimeRecovery"]>,
) =>
  client.send(
    new sdk.UpdateContinuousBackupsCommand({
      TableName,
      PointInTimeRecoverySpecification: {
        PointInTimeRecoveryEnabled: enabled,
        RecoveryPeriodInDays: enabled ? recoveryPeriodInDays : undefined,
      },
    }),
  );

/** DynamoDB changes one index in a call. */
function indexUpdates(inputs: TableInputs, old: TableInputs): sdk.GlobalSecondaryIndexUpdate[] {
  const [before, now] = [globalIndexes(old), globalIndexes(inputs)];
  const named = (indexes: SecondaryIndex[], name: string) => indexes.find((index) => index.name === name);
  const shape = ({ readCapacity: _r, writeCapacity: _w, ...index }: SecondaryIndex) => index;
  const isReplaced = (index: SecondaryIndex) => {
    const was = named(before, index.name);
    return was !== undefined && !same({ compare: "subset" }, shape(was), shape(index));
  };
  const removed = before.filter((index) => !named(now, index.name));
  const added = now.filter((index) => !named(before, index.name));
  const replaced = now.filter(isReplaced);
  const resized = now.filter((index) => {
    const was = named(before, index.name);
    return was && !isReplaced(index) && !same({ compare: "subset" }, was, index);
  });
  const remove = ({ name }: SecondaryIndex) => ({ Delete: { IndexName: name } });
  const create = (index: SecondaryIndex) => ({ Create: globalIndex(inputs, index) });
  return [
    ...[...removed, ...replaced].map(remove),
    ...[...added, ...replaced].map(create),
    ...resized.map((index) => ({
      Update: { IndexName: index.name, ProvisionedThroughput: throughput(inputs, index) },
    })),
  ];
}

function readIndex(index: sdk.GlobalSecondaryIndexDescription & sdk.LocalSecondaryIndexDescription) {
  return {
    name: index.IndexName,
    nonKeyAttributes: index.Projection?.NonKeyAttributes ?? [],
    projectionType: index.Projection?.ProjectionType,
    rangeKey: keyOf(index.KeySchema, "RANGE"),
  };
}

const readGlobalIndex = (index: sdk.GlobalSecondaryIndexDescription) => ({
  ...readIndex(index),
  hashKey: keyOf(index.KeySchema, "HASH"),
  keySchemas: [],
  readCapacity: index.ProvisionedThroughput?.ReadCapacityUnits ?? 0,
  warmThroughput: null,
  writeCapacity: index.ProvisionedThroughput?.WriteCapacityUnits ?? 0,
});

const readTable = (found: sdk.TableDescription) => ({
  arn: found.TableArn,
  attributes: (found.AttributeDefinitions ?? []).map(({ AttributeName, AttributeType }) => ({
    name: AttributeName,
    type: AttributeType,
  })),
  billingMode: found.BillingModeSummary?.BillingMode ?? "PROVISIONED",
  deletionProtectionEnabled: found.DeletionProtectionEnabled ?? false,
  globalSecondaryIndexes: (found.GlobalSecondaryIndexes ?? []).map(readGlobalIndex),
  globalTableWitness: null,
  hashKey: keyOf(found.KeySchema, "HASH"),
  localSecondaryIndexes: (found.LocalSecondaryIndexes ?? []).map(readIndex),
  name: found.TableName,
  rangeKey: keyOf(found.KeySchema, "RANGE"),
  readCapacity: found.ProvisionedThroughput?.ReadCapacityUnits ?? 0,
  serverSideEncryption: {
    enabled: found.SSEDescription?.Status === "ENABLED",
    kmsKeyArn: found.SSEDescription?.KMSMasterKeyArn ?? "",
  },
  streamArn: found.LatestStreamArn ?? "",
  streamEnabled: found.StreamSpecification?.StreamEnabled ?? false,
  streamLabel: found.LatestStreamLabel ?? "",
  streamViewType: found.StreamSpecification?.StreamViewType ?? "",
  tableClass: found.TableClassSummary?.TableClass ?? "STANDARD",
  warmThroughput: found.WarmThroughput
    ? {
        readUnitsPerSecond: found.WarmThroughput.ReadUnitsPerSecond,
        writeUnitsPerSecond: found.WarmThroughput.WriteUnitsPerSecond,
      }
    : null,
  writeCapacity: found.ProvisionedThroughput?.WriteCapacityUnits ?? 0,
});

const table = resource<aws.TableArgs>({
  title: "DynamoDB Table",
  properties: {
    attributes: { computed: true, compare: "set" },
    billingMode: { default: "PROVISIONED" },
    deletionProtectionEnabled: {},
    globalSecondaryIndexes: { computed: true, compare: sameIndexes },
    hashKey: { computed: true, replace: true },
    localSecondaryIndexes: { replace: true, compare: sameIndexes },
    name: { computed: true, replace: true },
    pointInTimeRecovery: { computed: true, compare: sameOption },
    rangeKey: { replace: true },
    readCapacity: { computed: true },
    region,
    serverSideEncryption: { computed: true, compare: sameOption },
    streamEnabled: {},
    streamViewType: { computed: true },
    tableClass: { compare: (have, want) => (have || "STANDARD") === (want || "STANDARD") },
    tags: {},
    ttl: { computed: true, compare: sameOption },
    writeCapacity: { computed: true },
  },
  outputs: ["arn", "globalTableWitness", "streamArn", "streamLabel", "warmThroughput"],
  schemaVersion: 1,
  autoname: { property: "name", longest: 255 },
  id: ({ name = "" }) => name,
  async create(connection, inputs, created) {
    const client = dynamodb(connection, inputs);
    const { name: TableName = "", ttl, pointInTimeRecovery } = inputs;
    const indexes = globalIndexes(inputs).map((index) => globalIndex(inputs, index));
    const locals = byName(inputs.localSecondaryIndexes).map((index) => localIndex(inputs, index));
    await client.send(
      new sdk.CreateTableCommand({
        TableName,
        AttributeDefinitions: attributes(inputs),
        BillingMode: inputs.billingMode as sdk.BillingMode,
        DeletionProtectionEnabled: inputs.deletionProtectionEnabled,
        GlobalSecondaryIndexes: indexes.length ? indexes : undefined,
        KeySchema: keySchema(inputs.hashKey, inputs.rangeKey),
        LocalSecondaryIndexes: locals.length ? locals : undefined,
        ProvisionedThroughput: throughput(inputs, inputs),
        SSESpecification: encryption(inputs),
        StreamSpecification: stream(inputs),
        TableClass: inputs.tableClass as sdk.TableClass | undefined,
        Tags: keyValues(inputs.tagsAll),
      }),
    );
    created();
    await waitUntilActive(client, TableName);
    if (ttl?.enabled) await setTimeToLive(client, TableName, ttl);
    if (pointInTimeRecovery?.enabled) await setRecovery(client, TableName, pointInTimeRecovery);
  },
  async read(connection, TableName, known) {
    const client = dynamodb(connection, known);
    const { Table: found } = await client.send(new sdk.DescribeTableCommand({ TableName }));
    if (!found || found.TableStatus === "DELETING") return undefined;
    const [{ ContinuousBackupsDescription: backups }, { TimeToLiveDescription: ttl }, tags] =
      await Promise.all([
        client.send(new sdk.DescribeContinuousBackupsCommand({ TableName })),
        client.send(new sdk.DescribeTimeToLiveCommand({ TableName })),
        collectPages(tagPages(client, found.TableArn), ({ Tags }) => Tags),
      ]);
    const recovery = backups?.PointInTimeRecoveryDescription;
    return {
      ...readTable(found),
      pointInTimeRecovery: {
        enabled: recovery?.PointInTimeRecoveryStatus === "ENABLED",
        recoveryPeriodInDays: recovery?.RecoveryPeriodInDays ?? 0,
      },
      region: known.region ?? connection.region,
      tagsAll: fromKeyValues(tags),
      ttl: { attributeName: ttl?.AttributeName ?? "", enabled: ttl?.TimeToLiveStatus === "ENABLED" },
    };
  },
  async update(connection, TableName, inputs, old) {
    const client = dynamodb(connection, inputs);
    // Each call changes one thing, and the table has to be active again for the next.
    const updateTable = async (change: Omit<sdk.UpdateTableInput, "TableName">) => {
      const AttributeDefinitions = attributes(inputs);
      await client.send(new sdk.UpdateTableCommand({ TableName, AttributeDefinitions, ...change }));
      await waitUntilActive(client, TableName);
    };
    const isChanged = (name: keyof TableInputs & keyof typeof table.properties) =>
      (inputs[name] !== undefined || !table.properties[name]?.computed) &&
      !same(table.properties[name] ?? {}, old[name], inputs[name]);
    if (isChanged("billingMode") || isChanged("readCapacity") || isChanged("writeCapacity"))
      await updateTable({
        BillingMode: inputs.billingMode as sdk.BillingMode,
        ProvisionedThroughput: throughput(inputs, inputs),
      });
    for (const change of isChanged("globalSecondaryIndexes") ? indexUpdates(inputs, old) : [])
      await updateTable({ GlobalSecondaryIndexUpdates: [change] });
    if (isChanged("streamEnabled") || isChanged("streamViewType"))
      await updateTable({ StreamSpecification: stream(inputs) ?? { StreamEnabled: false } });
    if (isChanged("serverSideEncryption")) await updateTable({ SSESpecification: encryption(inputs) });
    if (isChanged("tableClass"))
      await updateTable({ TableClass: (inputs.tableClass ?? "STANDARD") as sdk.TableClass });
    if (isChanged("deletionProtectionEnabled"))
      await updateTable({ DeletionProtectionEnabled: inputs.deletionProtectionEnabled ?? false });
    if (isChanged("ttl") && inputs.ttl) await setTimeToLive(client, TableName, inputs.ttl);
    if (isChanged("pointInTimeRecovery") && inputs.pointInTimeRecovery)
      await setRecovery(client, TableName, inputs.pointInTimeRecovery);
    const ResourceArn = connection.arn("dynamodb", `table/${TableName}`, inputs.region ?? connection.region);
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ ResourceArn, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.UntagResourceCommand({ ResourceArn, TagKeys })),
    );
  },
  async delete(connection, TableName, state) {
    const client = dynamodb(connection, state);
    await client.send(new sdk.DeleteTableCommand({ TableName }));
    await sdk.waitUntilTableNotExists({ client, maxWaitTime: WAIT_SECONDS, minDelay: 1 }, { TableName });
  },
});

async function* tagPages(client: sdk.DynamoDBClient, ResourceArn: string | undefined) {
  let NextToken: string | undefined;
  do {
    const page: sdk.ListTagsOfResourceCommandOutput = await client.send(
      new sdk.ListTagsOfResourceCommand({ ResourceArn, NextToken }),
    );
    yield page;
    NextToken = page.NextToken;
  } while (NextToken);
}

export default { "aws:dynamodb/table:Table": table };
