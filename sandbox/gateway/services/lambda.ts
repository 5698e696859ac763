import { buildArn, parseArn } from "../arn";
import {
  AwsError,
  type Call,
  type ConditionContext,
  type ServiceAnswer,
  tagKeys,
  text,
  values,
} from "../call";
import type { Check } from "../check";
import { forwardToMoto } from "../forward-to-moto";
import { type PolicyStatement, parseDocument, statementsOf } from "../policy-documents";
import { Router } from "../router";
import { keyArn, keyUse } from "./kms";
import { arnIn, namedBy, parameters, tagsAtCreation } from "./parameters";
import { passRoleCheck, requireTrust, roleIsAllowed } from "./pass-role";
import type { Gateway, RequestContext, Service } from "./service";

const SERVICE = "lambda.amazonaws.com";
const FUNCTIONS = "/2015-03-31/functions";

/** The forms of a function's name: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const FUNCTION_NAME =
  /^(?:arn:[\w-]+:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([\w-]+)(?::(\$LATEST|[\w-]+))?$/;
/** Operations that moto does on a version or an alias. */
const QUALIFIED =
  /^(AddPermission|DeleteFunction|GetFunction|GetFunctionConfiguration|GetPolicy|Invoke|RemovePermission)$/;

const invalid = (message: string) => new AwsError("InvalidParameterValueException", message, 400);

interface FunctionName {
  region: string;
  account: string;
  name: string;
  qualifier: string | undefined;
}

/** The function that a request names. Throws what AWS, or the sandbox, refuses in a name. */
function functionOf({ call, callerAccount }: RequestContext): FunctionName | undefined {
  const { operation, params } = call;
  const given = text(params.FunctionName);
  const [found, region = call.region, account = callerAccount, name = "", named] =
    FUNCTION_NAME.exec(given ?? "") ?? [];
  if (given && !found) throw new AwsError("ValidationException", `${given} is not a function's name`, 400);
  const asked = text(params.Qualifier);
  if (named && asked && named !== asked)
    throw invalid("The derived qualifier from the function name does not match the specified qualifier.");
  const qualifier = named ?? asked;
  const isMapping = /EventSourceMappings?$/.test(operation);
  // moto would take the function of this name in the request's account and Region.
  if (isMapping && (account !== callerAccount || region !== call.region))
    throw invalid(`The function ${given} is not in account ${callerAccount} and Region ${call.region}.`);
  if (qualifier && !QUALIFIED.test(operation) && !isMapping)
    throw new AwsError("NotImplemented", `The sandbox takes no version or alias in ${operation}`, 501);
  return found ? { region, account, name, qualifier } : undefined;
}

const functionArn = ({ region, account, name, qualifier }: FunctionName): string =>
  buildArn("lambda", region, account, ["function", name, ...(qualifier ? [qualifier] : [])].join(":"));

/** The ARN of a function without its version or alias; of other resources as it is. */
const unqualified = (arn: string): string =>
  arn.includes(":function:") ? arn.split(":").slice(0, 7).join(":") : arn;

const get = async ({ moto }: Gateway, account: string, region: string, url: string) => {
  const answer = await moto.get(account, "lambda", region, url);
  return answer === undefined ? undefined : (JSON.parse(answer || "{}") as Record<string, unknown>);
};

/** The policy of a function, its version or alias, or of a layer's version. */
async function policyOf(arn: string, account: string, gateway: Gateway): Promise<unknown> {
  const { region, resource } = parseArn(arn);
  const [type, name = "", part] = resource.split(":");
  const url =
    type === "layer"
      ? `/2018-10-31/layers/${encodeURIComponent(name)}/versions/${part}/policy`
      : `${FUNCTIONS}/${name}/policy${part ? `?Qualifier=${encodeURIComponent(part)}` : ""}`;
  const known = (type === "layer" && part) || type === "function";
  return known ? parseDocument((await get(gateway, account, region, url))?.Policy) : undefined;
}

/** The principal that a permission names, as a policy writes it. */
function principalOf(named: string): unknown {
  if (named === "*") return named;
  return /^(\d{12}|arn:.*)$/.test(named) ? { AWS: named } : { Service: named };
}

/** The policy that a permission amounts to. */
function permission({ operation, params }: Call): string | undefined {
  if (!/^Add(LayerVersion)?Permission$/.test(operation)) return undefined;
  const { StatementId: Sid, Action, Principal } = params;
  const statement = {
    Sid,
    Effect: "Allow",
    Principal: principalOf(String(Principal)),
    Action,
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

/** The statement that RemovePermission removes. */
async function removedStatement(arn: string, account: string, { call, gateway }: RequestContext) {
  const policy = call.operation === "RemovePermission" && (await policyOf(arn, account, gateway));
  return policy ? statementsOf(policy).find(({ Sid }) => Sid === call.params.StatementId) : undefined;
}

function statementContext({ Principal, Condition = {} }: PolicyStatement): ConditionContext {
  const { AWS, Service } = (typeof Principal === "object" ? Principal : {}) as Record<string, string>;
  const authType = text(Condition.StringEquals?.["lambda:FunctionUrlAuthType"]);
  return {
    "lambda:Principal": AWS ?? Service ?? String(Principal),
    ...(authType && { "lambda:FunctionUrlAuthType": authType }),
  };
}

/** The function of an event source mapping, or of a function's URL, and how the URL authenticates. */
async function relatedContext(
  arn: string,
  account: string,
  { call, gateway }: RequestContext,
): Promise<ConditionContext> {
  const { region, resource } = parseArn(arn);
  const [type, id] = resource.split(":");
  if (type === "event-source-mapping") {
    const found = await get(gateway, account, region, `/2015-03-31/event-source-mappings/${id}`);
    const related = text(found?.FunctionArn);
    return related ? { "lambda:FunctionArn": related } : {};
  }
  if (!/FunctionUrlConfig/.test(call.operation)) return {};
  const existing = await gateway.moto.send({
    account,
    service: "lambda",
    region,
    method: "GET",
    url: `/2021-10-31/functions/${id}/url`,
  });
  // moto answers with 201.
  const config = existing.status < 300 ? JSON.parse(existing.body.toString()) : {};
  const authType = text(call.params.AuthType) ?? text(config.AuthType);
  return { "lambda:FunctionArn": arn, ...(authType && { "lambda:FunctionUrlAuthType": authType }) };
}

/** The VPCs of the subnets that a request names. */
async function vpcsOf(
  { call, callerAccount, gateway }: RequestContext,
  subnets: string[],
): Promise<string[]> {
  const ids = Object.fromEntries(subnets.map((subnet, at) => [`SubnetId.${at + 1}`, subnet]));
  const answer = await gateway.moto.query(callerAccount, "ec2", call.region, {
    Action: "DescribeSubnets",
    Version: "2016-11-15",
    ...ids,
  });
  return [...new Set((answer?.list("subnetSet", "item") ?? []).map((subnet) => subnet.text("vpcId") ?? ""))];
}

const subnetsOf = ({ params }: Call): string[] =>
  values((params.VpcConfig ?? {}) as Call["params"], "SubnetIds");

/** What a request needs of other services, or for layers and tags. */
async function furtherChecks(context: RequestContext, checks: readonly Check[]): Promise<Check[]> {
  const { call, callerAccount, gateway } = context;
  const { operation, params, region } = call;
  const [role, bucket, key, kmsKey] = ["Role", "S3Bucket", "S3Key", "KMSKeyArn"].map((name) =>
    text(params[name] ?? (params.Code as Call["params"] | undefined)?.[name]),
  );
  const common = { account: callerAccount, context: {} };
  const found = tagsAtCreation(context, checks, "TagResource").map((check) =>
    check.resource === "*"
      ? { ...check, resource: arnIn(context, callerAccount, "event-source-mapping:new") }
      : check,
  );
  if (!/^(Create|Update)Function(Code|Configuration)?$/.test(operation)) return found;
  if (role) found.push(passRoleCheck(role, SERVICE));
  // https://docs.aws.amazon.com/lambda/latest/dg/permissions-user-function.html
  for (const layer of values(params, "Layers")) {
    const owner = parseArn(layer).accountId;
    found.push({ action: "lambda:GetLayerVersion", resource: layer, account: owner, context: {} });
  }
  if (bucket && key) {
    const version = params.S3ObjectVersion ?? (params.Code as Call["params"] | undefined)?.S3ObjectVersion;
    const resource = buildArn("s3", "", "", `${bucket}/${key}`, region);
    const account = (await gateway.buckets.owner(bucket)) ?? callerAccount;
    found.push({ action: version ? "s3:GetObjectVersion" : "s3:GetObject", resource, account, context: {} });
  }
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  if (subnetsOf(call).length)
    for (const action of ["DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"])
      found.push({ action: `ec2:${action}`, resource: "*", ...common });
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
  const [{ resource = "" } = {}] = checks;
  if (kmsKey && operation !== "UpdateFunctionCode") {
    const arn = await keyArn(kmsKey, callerAccount, region, gateway);
    const owned = { arn, account: parseArn(arn).accountId || callerAccount };
    for (const action of ["CreateGrant", "Encrypt"] as const)
      found.push(keyUse(action, owned, context, "lambda", ["aws:lambda:FunctionArn", resource]));
  }
  return found;
}

/**
 * What a function's role needs to read each kind of source.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html, with-kinesis.html and with-ddb.html there
 */
const SOURCE_ACTIONS: Record<string, readonly string[]> = {
  sqs: ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"],
  kinesis: ["GetRecords", "GetShardIterator", "DescribeStream"],
  dynamodb: ["GetRecords", "GetShardIterator", "DescribeStream"],
};

/** Throws InvalidParameterValueException where the function's role cannot read a new source of events. */
async function checkSource(context: RequestContext): Promise<void> {
  const { call, callerAccount, gateway } = context;
  const [source, named] = [text(call.params.EventSourceArn), functionOf(context)];
  if (call.operation !== "CreateEventSourceMapping" || !source || !named) return;
  const { service } = parseArn(source);
  const config = await get(gateway, callerAccount, call.region, `${FUNCTIONS}/${named.name}/configuration`);
  const role = text(config?.Role);
  for (const action of (role && SOURCE_ACTIONS[service]) || [])
    if (!(await roleIsAllowed(context, role ?? "", `${service}:${action}`, source)))
      throw invalid(
        `The function execution role does not have permissions to call ${action} on ${service.toUpperCase()}`,
      );
}

export const lambda: Service = {
  prefix: "lambda",
  protocol: "rest-json",
  opaqueBodies: /\/(invocations|invoke-async|response-streaming-invocations)\/?$/,

  routes: new Router({
    "GET /2016-08-19/account-settings": "GetAccountSettings",
    "GET /2015-03-31/functions": "ListFunctions",
    "POST /2015-03-31/functions": "CreateFunction",
    "GET /2015-03-31/functions/{FunctionName}": "GetFunction",
    "DELETE /2015-03-31/functions/{FunctionName}": "DeleteFunction",
    "PUT /2015-03-31/functions/{FunctionName}/code": "UpdateFunctionCode",
    "GET /2015-03-31/functions/{FunctionName}/configuration": "GetFunctionConfiguration",
    "PUT /2015-03-31/functions/{FunctionName}/configuration": "UpdateFunctionConfiguration",
    "POST /2015-03-31/functions/{FunctionName}/invocations": "Invoke",
    "POST /2014-11-13/functions/{FunctionName}/invoke-async": "InvokeAsync",
    "POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations": "InvokeWithResponseStream",
    "GET /2015-03-31/functions/{FunctionName}/policy": "GetPolicy",
    "POST /2015-03-31/functions/{FunctionName}/policy": "AddPermission",
    "DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}": "RemovePermission",
    "GET /2015-03-31/functions/{FunctionName}/versions": "ListVersionsByFunction",
    "POST /2015-03-31/functions/{FunctionName}/versions": "PublishVersion",
    "GET /2015-03-31/functions/{FunctionName}/aliases": "ListAliases",
    "POST /2015-03-31/functions/{FunctionName}/aliases": "CreateAlias",
    "GET /2015-03-31/functions/{FunctionName}/aliases/{Name}": "GetAlias",
    "PUT /2015-03-31/functions/{FunctionName}/aliases/{Name}": "UpdateAlias",
    "DELETE /2015-03-31/functions/{FunctionName}/aliases/{Name}": "DeleteAlias",
    "GET /2019-09-30/functions/{FunctionName}/concurrency": "GetFunctionConcurrency",
    "PUT /2017-10-31/functions/{FunctionName}/concurrency": "PutFunctionConcurrency",
    "DELETE /2017-10-31/functions/{FunctionName}/concurrency": "DeleteFunctionConcurrency",
    "GET /2020-06-30/functions/{FunctionName}/code-signing-config": "GetFunctionCodeSigningConfig",
    "GET /2019-09-25/functions/{FunctionName}/event-invoke-config/list": "ListFunctionEventInvokeConfigs",
    "GET /2019-09-25/functions/{FunctionName}/event-invoke-config": "GetFunctionEventInvokeConfig",
    "PUT /2019-09-25/functions/{FunctionName}/event-invoke-config": "PutFunctionEventInvokeConfig",
    "POST /2019-09-25/functions/{FunctionName}/event-invoke-config": "UpdateFunctionEventInvokeConfig",
    "DELETE /2019-09-25/functions/{FunctionName}/event-invoke-config": "DeleteFunctionEventInvokeConfig",
    "GET /2021-10-31/functions/{FunctionName}/url": "GetFunctionUrlConfig",
    "POST /2021-10-31/functions/{FunctionName}/url": "CreateFunctionUrlConfig",
    "PUT /2021-10-31/functions/{FunctionName}/url": "UpdateFunctionUrlConfig",
    "DELETE /2021-10-31/functions/{FunctionName}/url": "DeleteFunctionUrlConfig",
    "GET /2015-03-31/event-source-mappings": "ListEventSourceMappings",
    "POST /2015-03-31/event-source-mappings": "CreateEventSourceMapping",
    "GET /2015-03-31/event-source-mappings/{UUID}": "GetEventSourceMapping",
    "PUT /2015-03-31/event-source-mappings/{UUID}": "UpdateEventSourceMapping",
    "DELETE /2015-03-31/event-source-mappings/{UUID}": "DeleteEventSourceMapping",
    "GET /2018-10-31/layers": "ListLayers",
    "GET /2018-10-31/layers/{LayerName}/versions": "ListLayerVersions",
    "POST /2018-10-31/layers/{LayerName}/versions": "PublishLayerVersion",
    "GET /2018-10-31/layers/{LayerName}/versions/{VersionNumber}": "GetLayerVersion",
    "DELETE /2018-10-31/layers/{LayerName}/versions/{VersionNumber}": "DeleteLayerVersion",
    "GET /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy": "GetLayerVersionPolicy",
    "POST /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy": "AddLayerVersionPermission",
    "DELETE /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}":
      "RemoveLayerVersionPermission",
    "GET /2017-03-31/tags/{Resource}": "ListTags",
    "POST /2017-03-31/tags/{Resource}": "TagResource",
    "DELETE /2017-03-31/tags/{Resource}": "UntagResource",
  }),
  actions: { Invoke: ["InvokeFunction"], InvokeWithResponseStream: ["InvokeFunction"] },
  resources: {
    function(context) {
      const named = functionOf(context);
      const tagged = parameters(context, "Resource").filter((arn) => arn.includes(":function:"));
      return named ? [functionArn(named)] : tagged.map(unqualified);
    },
    eventSourceMapping: (context) => [
      ...parameters(context, "UUID").map((id) => `event-source-mapping:${id}`),
      ...parameters(context, "Resource").filter((arn) => arn.includes(":event-source-mapping:")),
    ],
    layer: namedBy("layer:", "LayerName"),
    layerVersion: (context) =>
      parameters(context, "LayerName").map(
        (name) =>
          `${name.startsWith("arn:") ? name : arnIn(context, context.callerAccount, `layer:${name}`)}:${context.call.params.VersionNumber}`,
      ),
  },
  furtherChecks,

  conditionKeys: {
    fills: [
      "aws:ResourceTag/*",
      "lambda:CodeSigningConfigArn",
      "lambda:EventSourceToken",
      "lambda:FunctionArn",
      "lambda:FunctionUrlAuthType",
      "lambda:Layer",
      "lambda:Principal",
      "lambda:SecurityGroupIds",
      "lambda:SourceFunctionArn",
      "lambda:SubnetIds",
      "lambda:VpcIds",
    ],
    ofRequest(context) {
      const { operation, params } = context.call;
      const layers = values(params, "Layers");
      const subnets = subnetsOf(context.call);
      const groups = values((params.VpcConfig ?? {}) as Call["params"], "SecurityGroupIds");
      const signing = text(params.CodeSigningConfigArn);
      const principal = text(params.Principal);
      const authType = text(params.FunctionUrlAuthType) ?? text(params.AuthType);
      const mapped = /EventSourceMapping$/.test(operation) && functionOf(context);
      return {
        ...(layers.length && { "lambda:Layer": layers }),
        ...(subnets.length && { "lambda:SubnetIds": subnets }),
        ...(groups.length && { "lambda:SecurityGroupIds": groups }),
        ...(signing && { "lambda:CodeSigningConfigArn": signing }),
        ...(principal && { "lambda:Principal": principal }),
        ...(authType && { "lambda:FunctionUrlAuthType": authType }),
        ...(mapped && { "lambda:FunctionArn": functionArn(mapped) }),
      };
    },
    async ofResource(arn, account, context) {
      const { call, gateway } = context;
      const subnets = subnetsOf(call);
      const url = `/2017-03-31/tags/${encodeURIComponent(unqualified(arn))}`;
      const [tagged, related, removed, vpcs] = await Promise.all([
        get(gateway, account, parseArn(arn).region, url),
        relatedContext(arn, account, context),
        removedStatement(arn, account, context),
        subnets.length ? vpcsOf(context, subnets) : [],
      ]);
      return {
        ...tagKeys("aws:ResourceTag", (tagged?.Tags ?? {}) as Record<string, string>),
        ...related,
        ...(removed && statementContext(removed)),
        ...(vpcs[0] && { "lambda:VpcIds": vpcs[0] }),
      };
    },
  },

  policies: {
    ofResource: policyOf,
    carriers: [
      {
        document: permission,
        malformed: "InvalidParameterValueException",
        unknownPrincipal: [
          "InvalidParameterValueException",
          "The provided principal was invalid. Please check the principal and try again.",
        ],
        isAddition: true,
      },
    ],
    refuse: ({ call }) =>
      call.params.Qualifier === "$LATEST"
        ? invalid("We currently do not support adding policies for $LATEST.")
        : undefined,
  },

  respond,
};

/** Answers for a function, which does not run, and has moto do the rest under the function's plain name. */
async function respond(context: RequestContext): Promise<ServiceAnswer> {
  const { call, checks } = context;
  const named = functionOf(context);
  const role = text(call.params.Role);
  if (role && /^(CreateFunction|UpdateFunctionConfiguration)$/.test(call.operation)) {
    const refusal = invalid("The role defined for the function cannot be assumed by Lambda.");
    await requireTrust(context, role, SERVICE, checks[0]?.resource ?? "", refusal);
  }
  await checkSource(context);
  const plain = { ...context, call: named ? withPlainName(call, named) : call };
  return /^Invoke/.test(call.operation) ? invoke(plain) : forwardToMoto(plain);
}

/** A request whose path, query and body name its function as moto looks for it. */
function withPlainName(call: Call, { name, qualifier }: FunctionName): Call {
  if (call.operation === "CreateFunction")
    return { ...call, body: Buffer.from(JSON.stringify({ ...call.params, FunctionName: name })) };
  const path = call.path.replace(/^(\/[^/]+\/functions\/)[^/]+/, `$1${name}`);
  const query = new URLSearchParams(call.search);
  if (qualifier && path !== call.path) query.set("Qualifier", qualifier);
  return { ...call, path, search: query.size ? `?${query}` : "" };
}

const INVOKED: Record<string, number> = { DryRun: 204, Event: 202, RequestResponse: 200 };

/** The answer of a function that does nothing. */
async function invoke(context: RequestContext): Promise<ServiceAnswer> {
  const { call } = context;
  if (call.operation === "InvokeWithResponseStream")
    throw new AwsError("NotImplemented", "The sandbox streams no answer of a function", 501);
  const path = call.path.replace(/^\/[^/]+(\/functions\/[^/]+).*$/, "/2015-03-31$1/configuration");
  const found = await forwardToMoto({
    ...context,
    call: { ...call, method: "GET", path, body: Buffer.alloc(0) },
  });
  if (found.status !== 200) return found;
  const { Version } = JSON.parse(found.body.toString()) as { Version: string };
  const type = call.operation === "Invoke" ? call.headers["x-amz-invocation-type"] : "Event";
  const status = INVOKED[type ?? "RequestResponse"];
  if (!status) throw invalid(`Value '${type}' at 'invocationType' failed to satisfy constraint`);
  const headers = { "content-type": "application/json", "x-amz-executed-version": Version };
  return { status, headers, body: status === 200 ? "null" : "" };
}
