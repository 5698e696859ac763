import * as sdk from "@aws-sdk/client-lambda";
import type * as aws from "@pulumi/aws/lambda";
import { UserError } from "../../../../infra/user-error";
import { type Archive, sameArchive, zip } from "../archive";
import { same } from "../compare";
import type { AwsConnection } from "../connection";
import { accountOf } from "../documents";
import {
  fixed,
  providerOnly,
  type Regional,
  type ResourceInputs,
  region,
  required,
  resource,
  retag,
} from "../table";
import type { Tags, Values } from "../values";

const lambda = (connection: AwsConnection, known: Regional) =>
  connection.client(sdk.LambdaClient, known.region);
const WAIT_SECONDS = 600;

type FunctionInputs = ResourceInputs<aws.FunctionArgs>;

/** Properties that UpdateFunctionCode sets; those of BESIDE_CODE have calls of their own; others are the configuration. */
const CODE = ["architectures", "code", "imageUri", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceCodeHash"];
const BESIDE_CODE = [
  "name",
  "packageType",
  "publish",
  "region",
  "reservedConcurrentExecutions",
  "skipDestroy",
  "tags",
];

const functionCode = (inputs: FunctionInputs): sdk.FunctionCode => ({
  ...(inputs.code && { ZipFile: zip(inputs.code as Archive) }),
  ImageUri: inputs.imageUri,
  S3Bucket: inputs.s3Bucket,
  S3Key: inputs.s3Key,
  S3ObjectVersion: inputs.s3ObjectVersion,
});

const configuration = (inputs: FunctionInputs) => ({
  DeadLetterConfig: inputs.deadLetterConfig && { TargetArn: inputs.deadLetterConfig.targetArn },
  Description: inputs.description,
  Environment: inputs.environment && { Variables: inputs.environment.variables as Tags | undefined },
  EphemeralStorage: inputs.ephemeralStorage && { Size: inputs.ephemeralStorage.size },
  Handler: inputs.handler,
  KMSKeyArn: inputs.kmsKeyArn,
  Layers: inputs.layers as string[] | undefined,
  LoggingConfig: inputs.loggingConfig && {
    ApplicationLogLevel: inputs.loggingConfig.applicationLogLevel as sdk.ApplicationLogLevel | undefined,
    LogFormat: inputs.loggingConfig.logFormat as sdk.LogFormat,
    LogGroup: inputs.loggingConfig.logGroup,
    SystemLogLevel: inputs.loggingConfig.systemLogLevel as sdk.SystemLogLevel | undefined,
  },
  MemorySize: inputs.memorySize,
  Role: inputs.role,
  Runtime: inputs.runtime as sdk.Runtime | undefined,
  Timeout: inputs.timeout,
  TracingConfig: inputs.tracingConfig && { Mode: inputs.tracingConfig.mode as sdk.TracingMode },
  VpcConfig: inputs.vpcConfig && {
    Ipv6AllowedForDualStack: inputs.vpcConfig.ipv6AllowedForDualStack,
    SecurityGroupIds: inputs.vpcConfig.securityGroupIds as string[],
    SubnetIds: inputs.vpcConfig.subnetIds as string[],
  },
});

/** What UpdateFunctionConfiguration needs to hear of a setting that the program no longer gives. */
const UNSET = {
  DeadLetterConfig: { TargetArn: "" },
  Description: "",
  Environment: { Variables: {} },
  KMSKeyArn: "",
  Layers: [],
  VpcConfig: { SecurityGroupIds: [], SubnetIds: [] },
};

const unsetValues = (inputs: FunctionInputs) => {
  const given = configuration(inputs);
  return Object.fromEntries(
    Object.entries(UNSET).map(([name, value]) => [name, given[name as keyof typeof given] ?? value]),
  );
};

const setConcurrency = (client: sdk.LambdaClient, FunctionName: string, reserved = -1): Promise<unknown> =>
  reserved < 0
    ? client.send(new sdk.DeleteFunctionConcurrencyCommand({ FunctionName }))
    : client.send(
        new sdk.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: reserved }),
      );

/** The newest published version, or $LATEST where there is none. */
async function latestVersion(client: sdk.LambdaClient, FunctionName: string) {
  let latest: sdk.FunctionConfiguration | undefined;
  for await (const { Versions = [] } of sdk.paginateListVersionsByFunction({ client }, { FunctionName }))
    latest = Versions.at(-1) ?? latest;
  return latest;
}

const readConfiguration = (found: sdk.FunctionConfiguration) => ({
  architectures: found.Architectures ?? ["x86_64"],
  arn: found.FunctionArn,
  codeSha256: found.CodeSha256,
  deadLetterConfig: found.DeadLetterConfig?.TargetArn
    ? { targetArn: found.DeadLetterConfig.TargetArn }
    : null,
  description: found.Description ?? "",
  environment: found.Environment?.Variables ? { variables: found.Environment.Variables } : null,
  ephemeralStorage: { size: found.EphemeralStorage?.Size ?? 512 },
  handler: found.Handler ?? "",
  kmsKeyArn: found.KMSKeyArn ?? "",
  lastModified: found.LastModified,
  layers: (found.Layers ?? []).map(({ Arn }) => Arn),
  loggingConfig: {
    applicationLogLevel: found.LoggingConfig?.ApplicationLogLevel ?? "",
    logFormat: found.LoggingConfig?.LogFormat ?? "Text",
    logGroup: found.LoggingConfig?.LogGroup ?? `/aws/lambda/${found.FunctionName}`,
    systemLogLevel: found.LoggingConfig?.SystemLogLevel ?? "",
  },
  memorySize: found.MemorySize,
  name: found.FunctionName,
  packageType: found.PackageType ?? "Zip",
  role: found.Role,
  runtime: found.Runtime ?? "",
  signingJobArn: found.SigningJobArn ?? "",
  signingProfileVersionArn: found.SigningProfileVersionArn ?? "",
  sourceCodeSize: found.CodeSize,
  timeout: found.Timeout,
  tracingConfig: { mode: found.TracingConfig?.Mode ?? "PassThrough" },
  vpcConfig: found.VpcConfig?.SubnetIds?.length
    ? {
        ipv6AllowedForDualStack: found.VpcConfig.Ipv6AllowedForDualStack ?? false,
        securityGroupIds: found.VpcConfig.SecurityGroupIds,
        subnetIds: found.VpcConfig.SubnetIds,
        vpcId: found.VpcConfig.VpcId,
      }
    : null,
});

const lambdaFunction = resource<aws.FunctionArgs>({
  title: "Lambda Function",
  properties: {
    architectures: { computed: true },
    code: { compare: sameArchive },
    deadLetterConfig: {},
    description: {},
    environment: {},
    ephemeralStorage: { computed: true, compare: "subset" },
    handler: {},
    imageUri: {},
    kmsKeyArn: {},
    layers: {},
    loggingConfig: { computed: true, compare: "subset" },
    memorySize: { default: 128 },
    name: { computed: true, replace: true },
    packageType: { default: "Zip", replace: true },
    publish: providerOnly(false),
    region,
    reservedConcurrentExecutions: { default: -1 },
    role: required,
    runtime: {},
    s3Bucket: {},
    s3Key: {},
    s3ObjectVersion: {},
    skipDestroy: providerOnly(false),
    sourceCodeHash: { computed: true },
    tags: {},
    timeout: { default: 3 },
    tracingConfig: { computed: true },
    vpcConfig: { compare: "subset" },
  },
  outputs: [
    "arn",
    "codeSha256",
    "invokeArn",
    "lastModified",
    "qualifiedArn",
    "qualifiedInvokeArn",
    "responseStreamingInvokeArn",
    "signingJobArn",
    "signingProfileVersionArn",
    "sourceCodeSize",
    "version",
  ],
  autoname: { property: "name", longest: 64 },
  id: ({ name = "" }) => name,
  async create(connection, inputs, created) {
    const client = lambda(connection, inputs);
    const { name: FunctionName = "", reservedConcurrentExecutions: reserved = -1 } = inputs;
    await client.send(
      new sdk.CreateFunctionCommand({
        ...configuration(inputs),
        Architectures: inputs.architectures as sdk.Architecture[] | undefined,
        Code: functionCode(inputs),
        FunctionName,
        PackageType: inputs.packageType as sdk.PackageType,
        Publish: inputs.publish,
        Tags: inputs.tagsAll,
      }),
    );
    created();
    await sdk.waitUntilFunctionActiveV2({ client, maxWaitTime: WAIT_SECONDS }, { FunctionName });
    if (reserved >= 0) await setConcurrency(client, FunctionName, reserved);
  },
  async read(connection, FunctionName, known) {
    const client = lambda(connection, known);
    const [found, latest] = await Promise.all([
      client.send(new sdk.GetFunctionCommand({ FunctionName })),
      latestVersion(client, FunctionName),
    ]);
    if (!found.Configuration) return undefined;
    const region = known.region ?? connection.region;
    const gateway = (version: string, arn: string | undefined, operation: string) =>
      `arn:${connection.partition}:apigateway:${region}:lambda:path/${version}/functions/${arn}/${operation}`;
    const arn = found.Configuration.FunctionArn;
    const qualifiedArn = latest?.FunctionArn ?? `${arn}:$LATEST`;
    return {
      ...readConfiguration(found.Configuration),
      imageUri: found.Code?.ImageUri ?? "",
      invokeArn: gateway("2015-03-31", arn, "invocations"),
      qualifiedArn,
      qualifiedInvokeArn: gateway("2015-03-31", qualifiedArn, "invocations"),
      region,
      reservedConcurrentExecutions: found.Concurrency?.ReservedConcurrentExecutions ?? -1,
      responseStreamingInvokeArn: gateway("2021-11-15", arn, "response-streaming-invocations"),
      sourceCodeHash: known.sourceCodeHash || found.Configuration.CodeSha256,
      tagsAll: found.Tags ?? {},
      version: latest?.Version ?? "$LATEST",
    };
  },
  async update(connection, FunctionName, inputs, old) {
    const client = lambda(connection, inputs);
    const wait = () =>
      sdk.waitUntilFunctionUpdatedV2({ client, maxWaitTime: WAIT_SECONDS }, { FunctionName });
    const [have, want]: Values[] = [old, inputs];
    const isChanged = (name: string) =>
      (want?.[name] !== undefined || !lambdaFunction.properties[name]?.computed) &&
      !same(lambdaFunction.properties[name] ?? {}, have?.[name], want?.[name]);
    const changed = Object.keys(lambdaFunction.properties).filter(isChanged);
    const codeChanged = changed.some((name) => CODE.includes(name));
    const configurationChanged = changed.some((name) => ![...CODE, ...BESIDE_CODE].includes(name));
    if (configurationChanged) {
      const settings = { ...configuration(inputs), ...unsetValues(inputs) };
      await client.send(new sdk.UpdateFunctionConfigurationCommand({ ...settings, FunctionName }));
      await wait();
    }
    if (codeChanged) {
      const Architectures = inputs.architectures as sdk.Architecture[] | undefined;
      await client.send(
        new sdk.UpdateFunctionCodeCommand({ ...functionCode(inputs), Architectures, FunctionName }),
      );
      await wait();
    }
    if (changed.includes("reservedConcurrentExecutions"))
      await setConcurrency(client, FunctionName, inputs.reservedConcurrentExecutions);
    if (inputs.publish && (codeChanged || configurationChanged || changed.includes("publish")))
      await client.send(new sdk.PublishVersionCommand({ FunctionName }));
    const Resource = connection.arn("lambda", `function:${FunctionName}`, inputs.region ?? connection.region);
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (Tags) => client.send(new sdk.TagResourceCommand({ Resource, Tags })),
      (TagKeys) => client.send(new sdk.UntagResourceCommand({ Resource, TagKeys })),
    );
  },
  async delete(connection, FunctionName, state) {
    if (!state.skipDestroy)
      await lambda(connection, state).send(new sdk.DeleteFunctionCommand({ FunctionName }));
  },
});

interface PermissionStatement {
  Sid: string;
  Action: string;
  Resource: string;
  Principal: string | { AWS?: string; Service?: string };
  Condition?: Record<string, Record<string, string>>;
}

/** The version or alias that a function's ARN ends in. */
const qualifierOf = (arn: string): string => arn.split(":")[7] ?? "";

function principalOf({ Principal: principal }: PermissionStatement) {
  return typeof principal === "string" ? principal : (principal.AWS ?? principal.Service);
}

/** The value of a condition key, whose letters may be large or small. */
function conditionValue({ Condition = {} }: PermissionStatement, key: string): string {
  const values = Object.values(Condition).flatMap((keys) => Object.entries(keys));
  return values.find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1] ?? "";
}

const givenOnce = { replace: true } as const;

const permission = resource<aws.PermissionArgs>({
  title: "Lambda Permission",
  properties: {
    action: fixed,
    eventSourceToken: givenOnce,
    function: fixed,
    functionUrlAuthType: givenOnce,
    invokedViaFunctionUrl: givenOnce,
    // Lambda gives the ARN of an account's root back for its ID.
    principal: { ...fixed, compare: (have, want) => accountOf(have) === accountOf(want) },
    principalOrgId: givenOnce,
    qualifier: givenOnce,
    region,
    sourceAccount: givenOnce,
    sourceArn: givenOnce,
    statementId: { computed: true, replace: true },
    statementIdPrefix: { computed: true, replace: true },
  },
  autoname: { property: "statementId", prefix: "statementIdPrefix", longest: 100 },
  id: ({ statementId = "" }) => statementId,
  import(_, imported) {
    const [target = "", id, ...others] = imported.split("/");
    const [name, qualifier] = target.split(":");
    if (!name || !id || others.length)
      throw new UserError(
        `unexpected format of ID (${imported}), expected FUNCTION_NAME/STATEMENT_ID or FUNCTION_NAME:QUALIFIER/STATEMENT_ID`,
      );
    return { id, properties: { function: name, ...(qualifier && { qualifier }) } };
  },
  async create(connection, inputs) {
    await lambda(connection, inputs).send(
      new sdk.AddPermissionCommand({
        Action: inputs.action,
        EventSourceToken: inputs.eventSourceToken,
        FunctionName: inputs.function,
        FunctionUrlAuthType: inputs.functionUrlAuthType as sdk.FunctionUrlAuthType | undefined,
        InvokedViaFunctionUrl: inputs.invokedViaFunctionUrl,
        Principal: inputs.principal,
        PrincipalOrgID: inputs.principalOrgId,
        Qualifier: inputs.qualifier,
        SourceAccount: inputs.sourceAccount,
        SourceArn: inputs.sourceArn,
        StatementId: inputs.statementId,
      }),
    );
  },
  async read(connection, statementId, known) {
    const { function: FunctionName, qualifier: Qualifier } = known;
    const { Policy = "{}" } = await lambda(connection, known).send(
      new sdk.GetPolicyCommand({ FunctionName, Qualifier: Qualifier || undefined }),
    );
    const statements: PermissionStatement[] = JSON.parse(Policy).Statement ?? [];
    const found = statements.find(({ Sid }) => Sid === statementId);
    if (!found) return undefined;
    return {
      action: found.Action,
      eventSourceToken: conditionValue(found, "lambda:EventSourceToken"),
      function: known.function,
      functionUrlAuthType: conditionValue(found, "lambda:FunctionUrlAuthType"),
      invokedViaFunctionUrl: conditionValue(found, "lambda:InvokedViaFunctionUrl") === "true",
      principal: principalOf(found),
      principalOrgId: conditionValue(found, "aws:PrincipalOrgID"),
      qualifier: qualifierOf(found.Resource),
      region: known.region ?? connection.region,
      sourceAccount: conditionValue(found, "aws:SourceAccount"),
      sourceArn: conditionValue(found, "aws:SourceArn"),
      statementId,
    };
  },
  async delete(connection, StatementId, state) {
    await lambda(connection, state).send(
      new sdk.RemovePermissionCommand({
        FunctionName: state.function,
        Qualifier: state.qualifier || undefined,
        StatementId,
      }),
    );
  },
});

export default {
  "aws:lambda/function:Function": lambdaFunction,
  "aws:lambda/permission:Permission": permission,
};
