import * as sdk from "@aws-sdk/client-api-gateway";
import type * as aws from "@pulumi/aws/apigateway";
import { UserError } from "../../../../infra/user-error";
import type { AwsConnection } from "../connection";
import {
  document,
  fixed,
  iso,
  type Regional,
  type ResourceInputs,
  region,
  required,
  resource,
  retag,
} from "../table";
import type { Tags } from "../values";

const apigateway = (connection: AwsConnection, known: Regional) =>
  connection.client(sdk.APIGatewayClient, known.region);
const regionOf = (connection: AwsConnection, known: Regional) => known.region ?? connection.region;
const apiArn = (connection: AwsConnection, known: Regional, path: string) =>
  `arn:${connection.partition}:apigateway:${regionOf(connection, known)}::/restapis/${path}`;

/** API Gateway gives a policy back with its quotes escaped. */
const unescaped = (policy: string | undefined) =>
  policy?.startsWith("{\\") ? JSON.parse(`"${policy}"`) : policy;

const replacements = (changes: Record<string, unknown>): sdk.PatchOperation[] =>
  Object.entries(changes).map(([path, value]) => ({
    op: "replace",
    path: `/${path}`,
    value: String(value ?? ""),
  }));

const patch = (
  connection: AwsConnection,
  restApiId: string,
  known: Regional,
  patchOperations: sdk.PatchOperation[],
) => apigateway(connection, known).send(new sdk.UpdateRestApiCommand({ restApiId, patchOperations }));

const retagResource = (
  connection: AwsConnection,
  known: Regional,
  resourceArn: string,
  old: Tags,
  now: Tags,
) =>
  retag(
    old,
    now,
    (tags) => apigateway(connection, known).send(new sdk.TagResourceCommand({ resourceArn, tags })),
    (tagKeys) => apigateway(connection, known).send(new sdk.UntagResourceCommand({ resourceArn, tagKeys })),
  );

type RestApi = ResourceInputs<aws.RestApiArgs>;

/** What the program gives of an API in addition to its body, by the paths of UpdateRestApi. */
const configured = (inputs: Partial<RestApi>): Record<string, unknown> => ({
  name: inputs.name,
  description: inputs.description,
  disableExecuteApiEndpoint: inputs.disableExecuteApiEndpoint,
  policy: inputs.policy,
  "endpointConfiguration/types/0": inputs.endpointConfiguration?.types,
});

const changedFrom = (old: Record<string, unknown>, now: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(now).filter(([path, value]) => value !== undefined && value !== old[path]),
  );

/** Imports the body. That resets what the body does not say, so the program's own values are set again. */
async function importBody(connection: AwsConnection, restApiId: string, inputs: RestApi): Promise<void> {
  const imported = await apigateway(connection, inputs).send(
    new sdk.PutRestApiCommand({
      restApiId,
      mode: (inputs.putRestApiMode ?? "overwrite") as sdk.PutMode,
      failOnWarnings: inputs.failOnWarnings,
      parameters: inputs.parameters,
      body: Buffer.from(inputs.body ?? ""),
    }),
  );
  const { endpointConfiguration, policy, ...others } = imported;
  const now = {
    ...configured(others as Partial<RestApi>),
    policy: unescaped(policy),
    "endpointConfiguration/types/0": endpointConfiguration?.types?.[0],
  };
  const lost = changedFrom(now, configured(inputs));
  if (Object.keys(lost).length) await patch(connection, restApiId, inputs, replacements(lost));
}

const restApi = resource<aws.RestApiArgs>({
  title: "API Gateway REST API",
  properties: {
    body: {},
    description: { computed: true },
    disableExecuteApiEndpoint: { computed: true },
    endpointConfiguration: { computed: true, compare: "subset" },
    failOnWarnings: {},
    name: { computed: true },
    parameters: {},
    policy: { computed: true, compare: "document" },
    // A state without it is one in which it has its default.
    putRestApiMode: {
      default: "overwrite",
      compare: (have, want) => (have || "overwrite") === (want || "overwrite"),
    },
    region,
    tags: {},
  },
  outputs: [
    "apiKeySource",
    "arn",
    "binaryMediaTypes",
    "createdDate",
    "executionArn",
    "minimumCompressionSize",
    "rootResourceId",
    "securityPolicy",
  ],
  autoname: { property: "name", longest: 128 },
  async create(connection, inputs, created) {
    const type = inputs.endpointConfiguration?.types as sdk.EndpointType | undefined;
    const { id = "" } = await apigateway(connection, inputs).send(
      new sdk.CreateRestApiCommand({
        name: inputs.name,
        description: inputs.description,
        disableExecuteApiEndpoint: inputs.disableExecuteApiEndpoint,
        ...(type && { endpointConfiguration: { types: [type] } }),
        policy: inputs.policy,
        tags: inputs.tagsAll,
      }),
    );
    created(id);
    if (inputs.body) await importBody(connection, id, inputs);
  },
  async read(connection, restApiId, known) {
    const found = await apigateway(connection, known).send(new sdk.GetRestApiCommand({ restApiId }));
    const { endpointConfiguration } = found;
    const region = regionOf(connection, known);
    return {
      apiKeySource: found.apiKeySource,
      arn: apiArn(connection, known, restApiId),
      binaryMediaTypes: found.binaryMediaTypes ?? [],
      createdDate: iso(found.createdDate),
      description: found.description ?? "",
      disableExecuteApiEndpoint: found.disableExecuteApiEndpoint ?? false,
      endpointConfiguration: {
        ipAddressType: endpointConfiguration?.ipAddressType ?? "",
        types: endpointConfiguration?.types?.[0],
        vpcEndpointIds: endpointConfiguration?.vpcEndpointIds ?? [],
      },
      executionArn: connection.arn("execute-api", restApiId, region),
      minimumCompressionSize:
        found.minimumCompressionSize === undefined ? "" : String(found.minimumCompressionSize),
      name: found.name,
      policy: unescaped(found.policy) ?? "",
      region,
      rootResourceId: found.rootResourceId ?? "",
      securityPolicy: found.securityPolicy ?? "",
      tagsAll: found.tags ?? {},
    };
  },
  async update(connection, restApiId, inputs, old) {
    const changed = changedFrom(configured(old), configured(inputs));
    if (Object.keys(changed).length) await patch(connection, restApiId, inputs, replacements(changed));
    const bodyChanged = inputs.body !== old.body;
    const parametersChanged = JSON.stringify(inputs.parameters) !== JSON.stringify(old.parameters);
    if (inputs.body && (bodyChanged || parametersChanged)) await importBody(connection, restApiId, inputs);
    const resourceArn = apiArn(connection, inputs, restApiId);
    await retagResource(connection, inputs, resourceArn, old.tagsAll, inputs.tagsAll);
  },
  async delete(connection, restApiId, state) {
    await apigateway(connection, state).send(new sdk.DeleteRestApiCommand({ restApiId }));
  },
});

const restApiPolicy = resource<aws.RestApiPolicyArgs>({
  title: "API Gateway REST API Policy",
  properties: { policy: document, region, restApiId: fixed },
  id: ({ restApiId }) => restApiId,
  async create(connection, inputs) {
    await patch(connection, inputs.restApiId, inputs, replacements({ policy: inputs.policy }));
  },
  async read(connection, restApiId, known) {
    const { policy } = await apigateway(connection, known).send(new sdk.GetRestApiCommand({ restApiId }));
    if (!policy) return undefined;
    return { policy: unescaped(policy), region: regionOf(connection, known), restApiId };
  },
  async update(connection, restApiId, inputs) {
    await patch(connection, restApiId, inputs, replacements({ policy: inputs.policy }));
  },
  async delete(connection, restApiId, state) {
    await patch(connection, restApiId, state, replacements({ policy: "" }));
  },
});

/** The two parts of an import's ID. */
function importedParts(id: string, form: string): [string, string] {
  const [restApi, part, ...others] = id.split("/");
  if (!restApi || !part || others.length)
    throw new UserError(`unexpected format of ID (${id}), expected ${form}`);
  return [restApi, part];
}

const deployment = resource<aws.DeploymentArgs>({
  title: "API Gateway Deployment",
  properties: {
    description: {},
    region,
    restApi: fixed,
    triggers: { replace: true },
    variables: { replace: true },
  },
  outputs: ["createdDate"],
  import(_, imported) {
    const [restApi, id] = importedParts(imported, "REST-API-ID/DEPLOYMENT-ID");
    return { id, properties: { restApi } };
  },
  async create(connection, inputs, created) {
    const { restApi: restApiId, description, variables } = inputs;
    const { id } = await apigateway(connection, inputs).send(
      new sdk.CreateDeploymentCommand({ restApiId, description, variables }),
    );
    created(id);
  },
  async read(connection, deploymentId, known) {
    const { restApi: restApiId } = known;
    const found = await apigateway(connection, known).send(
      new sdk.GetDeploymentCommand({ restApiId, deploymentId }),
    );
    return {
      createdDate: iso(found.createdDate),
      description: found.description ?? "",
      region: regionOf(connection, known),
      restApi: restApiId,
    };
  },
  async update(connection, deploymentId, inputs) {
    const { restApi: restApiId, description } = inputs;
    await apigateway(connection, inputs).send(
      new sdk.UpdateDeploymentCommand({
        restApiId,
        deploymentId,
        patchOperations: replacements({ description }),
      }),
    );
  },
  async delete(connection, deploymentId, { restApi: restApiId, ...state }) {
    await apigateway(connection, state).send(new sdk.DeleteDeploymentCommand({ restApiId, deploymentId }));
  },
});

/** A stage's variables as they are set, by the paths of UpdateStage. */
const variablePaths = (variables: Tags | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(variables ?? {}).map(([name, value]) => [`variables/${name}`, value]));

const stage = resource<aws.StageArgs>({
  title: "API Gateway Stage",
  properties: {
    deployment: required,
    description: {},
    region,
    restApi: fixed,
    stageName: fixed,
    tags: {},
    variables: {},
    xrayTracingEnabled: {},
  },
  outputs: ["arn", "executionArn", "invokeUrl", "webAclArn"],
  id: ({ restApi, stageName }) => `ags-${restApi}-${stageName}`,
  import(_, imported) {
    const [restApi, stageName] = importedParts(imported, "REST-API-ID/STAGE-NAME");
    return { id: `ags-${restApi}-${stageName}`, properties: { restApi, stageName } };
  },
  async create(connection, inputs) {
    const { restApi: restApiId, deployment: deploymentId, stageName, description } = inputs;
    await apigateway(connection, inputs).send(
      new sdk.CreateStageCommand({
        restApiId,
        deploymentId,
        stageName,
        description,
        tags: inputs.tagsAll,
        tracingEnabled: inputs.xrayTracingEnabled,
        variables: inputs.variables,
      }),
    );
  },
  async read(connection, _, known) {
    const { restApi: restApiId, stageName } = known;
    const found = await apigateway(connection, known).send(new sdk.GetStageCommand({ restApiId, stageName }));
    const region = regionOf(connection, known);
    return {
      arn: apiArn(connection, known, `${restApiId}/stages/${stageName}`),
      deployment: found.deploymentId,
      description: found.description ?? "",
      executionArn: connection.arn("execute-api", `${restApiId}/${stageName}`, region),
      invokeUrl: `https://${restApiId}.execute-api.${region}.${connection.dnsSuffix}/${stageName}`,
      region,
      restApi: restApiId,
      stageName,
      tagsAll: found.tags ?? {},
      variables: found.variables ?? {},
      webAclArn: found.webAclArn ?? "",
      xrayTracingEnabled: found.tracingEnabled ?? false,
    };
  },
  async update(connection, _, inputs, old) {
    const { restApi: restApiId, stageName } = inputs;
    const paths = ({
      deployment,
      description = "",
      xrayTracingEnabled = false,
      variables,
    }: typeof inputs) => ({
      deploymentId: deployment,
      description,
      tracingEnabled: xrayTracingEnabled,
      ...variablePaths(variables),
    });
    const [before, now] = [paths(old), paths(inputs)];
    const removed = Object.keys(before).filter((path) => !(path in now));
    const patchOperations: sdk.PatchOperation[] = [
      ...replacements(changedFrom(before, now)),
      ...removed.map((path) => ({ op: "remove" as const, path: `/${path}` })),
    ];
    if (patchOperations.length)
      await apigateway(connection, inputs).send(
        new sdk.UpdateStageCommand({ restApiId, stageName, patchOperations }),
      );
    const stageArn = apiArn(connection, inputs, `${restApiId}/stages/${stageName}`);
    await retagResource(connection, inputs, stageArn, old.tagsAll, inputs.tagsAll);
  },
  async delete(connection, _, { restApi: restApiId, stageName, ...state }) {
    await apigateway(connection, state).send(new sdk.DeleteStageCommand({ restApiId, stageName }));
  },
});

export default {
  "aws:apigateway/deployment:Deployment": deployment,
  "aws:apigateway/stage:Stage": stage,
  "aws:apigateway/restApi:RestApi": restApi,
  "aws:apigateway/restApiPolicy:RestApiPolicy": restApiPolicy,
};
