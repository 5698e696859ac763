/** States that go from the stand-in AWS plugin to the official one, and the other way round. */
import assert from "node:assert/strict";
import * as apigateway from "@aws-sdk/client-api-gateway";
import * as iam from "@aws-sdk/client-iam";
import { SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { SERVICES } from "../pulumi/provider-aws/types";
import { exchangeStates, stackState } from "./engine-states";
import { engineWorld } from "./engine-world";
import { isOfApplication, OFFICIAL_STATE } from "./fixtures/official-state";

const ACCOUNTS = { dev: "000000000021", prod: "000000000022" };
const VARIANT = "services,others";

describe("a stack that goes from one AWS plugin to the other", function () {
  this.timeout(300_000);
  const engine = engineWorld(ACCOUNTS);
  const { client, directory, pulumi, refresh, succeeds, up } = engine;
  const { find, read, resourcesOf } = stackState(directory);

  before(async () => {
    await engine.start();
    await up(VARIANT);
    // A bucket's outputs show what its other resource types have set since it was created.
    await refresh(VARIANT);
  });
  after(engine.stop);

  it("has a fixture of every type that the stand-in offers", () => {
    const offered = SERVICES.flatMap((service) =>
      Object.keys(require(`../pulumi/provider-aws/resources/${service}`).default),
    );
    assert.deepEqual(offered.sort(), Object.keys(OFFICIAL_STATE).sort());
  });

  exchangeStates(
    engine,
    VARIANT,
    Object.keys(OFFICIAL_STATE).filter((token) => !isOfApplication(token)),
  );

  it("shows a queue that was changed outside the engine, and sets it back", async () => {
    const { id: QueueUrl } = find("aws:sqs/queue:Queue");
    const Attributes = { DelaySeconds: "5", MessageRetentionPeriod: "60" };
    await client(SQSClient).send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    assert.match(await refresh(VARIANT), /~ delaySeconds\s*: 0 => 5/);
    const preview = await succeeds(VARIANT, "preview", "--diff");
    assert.match(preview, /~ delaySeconds\s*: 5 => 0/);
    assert.match(preview, /~ messageRetentionSeconds\s*: 60 => 345600/);
    assert.match(await up(VARIANT), /~ 1 updated/);
  });

  it("changes the endpoint type of a REST API in place", async () => {
    const { id: restApiId } = find("aws:apigateway/restApi:RestApi");
    const patchOperations = [
      { op: "replace" as const, path: "/endpointConfiguration/types/0", value: "EDGE" },
    ];
    await client(apigateway.APIGatewayClient).send(
      new apigateway.UpdateRestApiCommand({ restApiId, patchOperations }),
    );
    await refresh(VARIANT);
    assert.match(await up(VARIANT), /~ 1 updated/);
    const found = await client(apigateway.APIGatewayClient).send(
      new apigateway.GetRestApiCommand({ restApiId }),
    );
    assert.deepEqual(found.endpointConfiguration?.types, ["REGIONAL"]);
    assert.equal(find("aws:apigateway/restApi:RestApi").id, restApiId);
  });

  it("imports by the IDs that the official plugin documents", async () => {
    const deployment = find("aws:apigateway/deployment:Deployment");
    const accessKey = find("aws:iam/accessKey:AccessKey");
    const { restApi } = deployment.outputs;
    const imports = {
      deployment: `${restApi}/${deployment.id}`,
      stage: `${restApi}/v1`,
      accessKey: accessKey.id,
      object: "s3://engine-fixture/a/b.txt",
    };
    const surroundings = {
      IMPORTS: JSON.stringify(imports),
      DEPLOYMENT: deployment.id,
      USER_NAME: String(accessKey.outputs.user),
    };
    const { code, output } = await pulumi(VARIANT, ["up", "--yes", "--skip-preview"], surroundings);
    assert.equal(code, 0, output);
    assert.match(output, /= 4 imported/);
    const idOf = (name: string) =>
      resourcesOf(read()).find(({ urn }) => urn.endsWith(`::imported${name}`))?.id;
    assert.deepEqual(
      [idOf("Deployment"), idOf("Stage"), idOf("Key"), idOf("Object")],
      [deployment.id, `ags-${restApi}-v1`, accessKey.id, "engine-fixture/a/b.txt"],
    );
    const again = await pulumi(VARIANT, ["preview"], surroundings);
    assert.doesNotMatch(again.output, /to (update|replace|create)/);
    await up(VARIANT);
  });

  it("removes a user from its groups before it deletes it", async () => {
    const aws = client(iam.IAMClient);
    await up(`${VARIANT},member`);
    await aws.send(new iam.AddUserToGroupCommand({ UserName: "member", GroupName: "readers" }));
    assert.match(await up(VARIANT), /- 1 deleted/);
    const { Users = [] } = await aws.send(new iam.GetGroupCommand({ GroupName: "readers" }));
    assert.deepEqual(
      Users.filter(({ UserName }) => UserName === "member"),
      [],
    );
  });

  it("deletes what a state of the official plugin holds", async () => {
    const destroyed = await succeeds(VARIANT, "destroy", "--yes", "--skip-preview");
    assert.match(destroyed, /- \d+ deleted/);
    assert.deepEqual(
      resourcesOf({ checkpoint: { latest: { resources: [], ...read().checkpoint.latest } } }),
      [],
    );
  });
});
