import * as sdk from "@aws-sdk/client-api-gateway";
import type * as aws from "@pulumi/aws/apigateway";
import type { Session } from "../session";
import { document, fixed, ours, region, required, resource, retag } from "../table";

const apigateway = (session: Session, known: { region?: string | undefined }) =>
  session.client(sdk.APIGatewayClient, known.region);

/** API Gateway gives a policy back with its quotes escaped. */
const unescaped = (policy: string | undefined) =>
  policy?.startsWith("{\\") ? JSON.parse(`"${policy}"`) : policy;

const patch = (
  session: Session,
  restApiId: string,
  { region }: { region?: string | undefined },
  changes: Record<string, unknown>,
) =>
  apigateway(session, { region }).send(
    new sdk.UpdateRestApiCommand({
      restApiId,
      patchOperations: Object.entries(changes).map(([name, value]) => ({
        op: "replace",
        path: `/${name}`,
        value: String(value ?? ""),
      })),
    }),
  );

const putBody = (
  session: Session,
  restApiId: string,
  { region, body }: { region?: string | undefined; body?: string | undefined },
) =>
  apigateway(session, { region }).send(
    new sdk.PutRestApiCommand({ restApiId, mode: "overwrite", body: Buffer.from(body ?? "") }),
  );

const restApi = resource<aws.RestApiArgs>({
  title: "API Gateway REST API",
  properties: {
    body: {},
    description: {},
    disableExecuteApiEndpoint: { default: false },
    endpointConfiguration: { computed: true, replace: true, compare: "subset" },
    name: { computed: true },
    policy: { computed: true, compare: "document" },
    region,
    putRestApiMode: ours(undefined),
    tags: {},
  },
  outputs: ["arn", "createdDate", "executionArn", "rootResourceId"],
  autoname: { property: "name", longest: 128 },
  async create(session, inputs, created) {
    const type = inputs.endpointConfiguration?.types as sdk.EndpointType | undefined;
    const { id = "" } = await apigateway(session, inputs).send(
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
    if (inputs.body) await putBody(session, id, inputs);
  },
  async read(session, restApiId, known) {
    const client = apigateway(session, known);
    const found = await client.send(new sdk.GetRestApiCommand({ restApiId }));
    const region = known.region ?? session.region;
    return {
      arn: `arn:${session.partition}:apigateway:${region}::/restapis/${restApiId}`,
      createdDate: found.createdDate?.toISOString(),
      description: found.description,
      disableExecuteApiEndpoint: found.disableExecuteApiEndpoint ?? false,
      endpointConfiguration: { types: found.endpointConfiguration?.types?.[0] },
      executionArn: session.arn("execute-api", restApiId, region),
      name: found.name,
      policy: unescaped(found.policy),
      region,
      rootResourceId: found.rootResourceId,
      tagsAll: found.tags ?? {},
    };
  },
  async update(session, restApiId, inputs, old) {
    const client = apigateway(session, inputs);
    const resourceArn = `arn:${session.partition}:apigateway:${inputs.region ?? session.region}::/restapis/${restApiId}`;
    const changed = (["name", "description", "disableExecuteApiEndpoint", "policy"] as const).filter(
      (name) => inputs[name] !== old[name] && !(name === "policy" && inputs.policy === undefined),
    );
    if (changed.length)
      await patch(
        session,
        restApiId,
        inputs,
        Object.fromEntries(changed.map((name) => [name, inputs[name]])),
      );
    if (inputs.body && inputs.body !== old.body) await putBody(session, restApiId, inputs);
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ resourceArn, tags })),
      (tagKeys) => client.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys })),
    );
  },
  async delete(session, restApiId, state) {
    await apigateway(session, state).send(new sdk.DeleteRestApiCommand({ restApiId }));
  },
});

const restApiPolicy = resource<aws.RestApiPolicyArgs>({
  title: "API Gateway REST API Policy",
  properties: { policy: document, region, restApiId: fixed },
  id: ({ restApiId }) => restApiId,
  async create(session, inputs) {
    await patch(session, inputs.restApiId, inputs, { policy: inputs.policy });
  },
  async read(session, restApiId, known) {
    const { policy } = await apigateway(session, known).send(new sdk.GetRestApiCommand({ restApiId }));
    return policy
      ? { policy: unescaped(policy), region: known.region ?? session.region, restApiId }
      : undefined;
  },
  async update(session, restApiId, inputs) {
    await patch(session, restApiId, inputs, { policy: inputs.policy });
  },
  async delete(session, restApiId, state) {
    await patch(session, restApiId, state, { policy: "" });
  },
});

const deployment = resource<aws.DeploymentArgs>({
  title: "API Gateway Deployment",
  properties: {
    description: { replace: true },
    region,
    restApi: fixed,
    triggers: { replace: true },
  },
  outputs: ["createdDate"],
  async create(session, inputs, created) {
    const { restApi: restApiId, description } = inputs;
    const { id } = await apigateway(session, inputs).send(
      new sdk.CreateDeploymentCommand({ restApiId, description }),
    );
    created(id);
  },
  async read(session, deploymentId, known) {
    const { restApi: restApiId } = known;
    if (!restApiId) throw new Error(`importing deployment ${deploymentId} needs the official plugin`);
    const found = await apigateway(session, known).send(
      new sdk.GetDeploymentCommand({ restApiId, deploymentId }),
    );
    return {
      createdDate: found.createdDate?.toISOString(),
      description: found.description,
      region: known.region ?? session.region,
      restApi: restApiId,
    };
  },
  async delete(session, deploymentId, { restApi: restApiId, ...state }) {
    await apigateway(session, state).send(new sdk.DeleteDeploymentCommand({ restApiId, deploymentId }));
  },
});

const stage = resource<aws.StageArgs>({
  title: "API Gateway Stage",
  properties: {
    deployment: required,
    description: {},
    region,
    restApi: fixed,
    stageName: fixed,
  },
  outputs: ["arn", "executionArn", "invokeUrl"],
  id: ({ restApi, stageName }) => `ags-${restApi}-${stageName}`,
  async create(session, inputs) {
    const { restApi: restApiId, deployment: deploymentId, stageName, description } = inputs;
    await apigateway(session, inputs).send(
      new sdk.CreateStageCommand({ restApiId, deploymentId, stageName, description }),
    );
  },
  async read(session, id, known) {
    // As created, or as an import names it: REST-API-ID/STAGE-NAME.
    const [, restApiId = "", stageName = ""] = /^(?:ags-)?(\w+)[-/](.+)$/.exec(id) ?? [];
    const found = await apigateway(session, known).send(new sdk.GetStageCommand({ restApiId, stageName }));
    const region = known.region ?? session.region;
    return {
      arn: `arn:${session.partition}:apigateway:${region}::/restapis/${restApiId}/stages/${stageName}`,
      deployment: found.deploymentId,
      description: found.description,
      executionArn: session.arn("execute-api", `${restApiId}/${stageName}`, region),
      invokeUrl: `https://${restApiId}.execute-api.${region}.${session.dnsSuffix}/${stageName}`,
      region,
      restApi: restApiId,
      stageName,
    };
  },
  async update(session, _, inputs) {
    const { restApi: restApiId, deployment: deploymentId, stageName, description = "" } = inputs;
    await apigateway(session, inputs).send(
      new sdk.UpdateStageCommand({
        restApiId,
        stageName,
        patchOperations: Object.entries({ deploymentId, description }).map(([name, value]) => ({
          op: "replace",
          path: `/${name}`,
          value,
        })),
      }),
    );
  },
  async delete(session, _, { restApi: restApiId, stageName, ...state }) {
    await apigateway(session, state).send(new sdk.DeleteStageCommand({ restApiId, stageName }));
  },
});

export default {
  "aws:apigateway/deployment:Deployment": deployment,
  "aws:apigateway/stage:Stage": stage,
  "aws:apigateway/restApi:RestApi": restApi,
  "aws:apigateway/restApiPolicy:RestApiPolicy": restApiPolicy,
};
