/** States that go from the stand-in AWS plugin to the official one, and the other way round. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as apigateway from "@aws-sdk/client-api-gateway";
import * as iam from "@aws-sdk/client-iam";
import { SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import ts from "typescript";
import { isEmpty } from "../pulumi/provider-aws/compare";
import type { Values } from "../pulumi/provider-aws/values";
import { engineWorld } from "./engine-world";
import { OFFICIAL_STATE } from "./fixtures/official-state";

const ACCOUNTS = { dev: "000000000021", prod: "000000000022" };
const VARIANT = "services,others";

interface CheckpointResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Values;
  outputs?: Values;
}

/** The properties of a resource type that are always there, by the types of @pulumi/aws. */
function requiredOutputs(token: string): string[] {
  const [, module = "", file = "", name = ""] = /^aws:(\w+)\/(\w+):(\w+)$/.exec(token) ?? [];
  const path = require.resolve(`@pulumi/aws/${module}/${file}.d.ts`);
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const declared = source.statements.filter(ts.isClassDeclaration).find((node) => node.name?.text === name);
  const properties = [...(declared?.members ?? [])].filter(ts.isPropertyDeclaration);
  return properties
    .filter(({ type }) => /^pulumi\.Output</.test(type?.getText() ?? ""))
    .filter(({ type }) => !/\bundefined\b/.test(type?.getText() ?? ""))
    .map((property) => property.name.getText());
}

/** Inputs as the official plugin writes them: each nested object lists the defaults that were filled in. */
function withNestedDefaults(inputs: Values, json: string[]): Values {
  const mark = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(mark);
    if (typeof value !== "object" || value === null) return value;
    return { __defaults: [], ...withNestedDefaults(value as Values, []) };
  };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      json.includes(name) || name === "__defaults" ? value : mark(value),
    ]),
  );
}

describe("a stack that goes from one AWS plugin to the other", function () {
  this.timeout(300_000);
  const engine = engineWorld(ACCOUNTS);
  const { client, directory, pulumi, refresh, succeeds, up } = engine;
  const file = join(directory, "state/.pulumi/stacks/engine-fixture/dev.json");
  const readState = () => JSON.parse(readFileSync(file, "utf8"));
  const resourcesOf = (state: ReturnType<typeof readState>): CheckpointResource[] =>
    state.checkpoint.latest.resources.filter(({ type }: CheckpointResource) => type.startsWith("aws:"));
  const find = (token: string) => {
    const found = resourcesOf(readState()).find(({ type }) => type === token);
    assert(found?.id && found.outputs, token);
    return { id: found.id, outputs: found.outputs };
  };

  before(async () => {
    await engine.start();
    await up(VARIANT);
    // A bucket's outputs show what its other resource types have set since it was created.
    await refresh(VARIANT);
  });
  after(engine.stop);

  it("has a fixture of every type that the stand-in offers, and a resource", () => {
    const offered = ["apigateway", "ec2", "ecr", "iam", "kms", "s3", "sns", "sqs", "ssm"].flatMap((service) =>
      Object.keys(require(`../pulumi/provider-aws/resources/${service}`).default),
    );
    const deployed = new Set(resourcesOf(readState()).map(({ type }) => type));
    assert.deepEqual(offered.filter((token) => !OFFICIAL_STATE[token]).sort(), []);
    assert.deepEqual(offered.filter((token) => !deployed.has(token)).sort(), []);
  });

  for (const [token, { outputs: official }] of Object.entries(OFFICIAL_STATE)) {
    it(`writes every output that ${token} always has, and its ID`, () => {
      const required = ["id", ...requiredOutputs(token)];
      assert(required.length > 2, token);
      const { id, outputs } = find(token);
      assert.deepEqual(
        required.filter((name) => !(name in outputs)),
        [],
      );
      assert.equal(outputs.id, id);
    });

    it(`writes the outputs of ${token} as the official plugin does`, () => {
      const { outputs } = find(token);
      const expected = official(outputs);
      for (const name of requiredOutputs(token)) {
        const compact = (text: unknown) =>
          typeof text === "string" && text.startsWith("{") ? JSON.parse(text) : text;
        assert(name in expected, `the fixture lacks ${name}`);
        if (isEmpty(expected[name]) && isEmpty(outputs[name])) continue;
        // AWS says "Disabled" of deletion with MFA, moto nothing.
        if (name === "versioningConfiguration") continue;
        assert.deepEqual(compact(outputs[name]), compact(expected[name]), name);
      }
    });
  }

  it("proposes nothing on a state that the official plugin wrote, and finds no drift in it", async () => {
    const state = readState();
    for (const resource of resourcesOf(state)) {
      const official = OFFICIAL_STATE[resource.type];
      assert(official, resource.type);
      const id = official.id ?? resource.id ?? "";
      resource.id = id;
      resource.outputs = { ...official.outputs(resource.outputs ?? {}), id };
      resource.inputs = withNestedDefaults(resource.inputs ?? {}, ["tags", "triggers", "secret", "value"]);
    }
    writeFileSync(file, JSON.stringify(state));
    const total = state.checkpoint.latest.resources.length;
    assert.match(await succeeds(VARIANT, "preview", "--diff"), new RegExp(`^\\s*${total} unchanged`, "m"));
    const refreshed = await succeeds(VARIANT, "refresh", "--yes", "--skip-preview", "--diff");
    assert.match(refreshed, new RegExp(`^\\s*${total} unchanged`, "m"));
    assert.match(await up(VARIANT), new RegExp(`^\\s*${total} unchanged`, "m"));
  });

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
      resourcesOf(readState()).find(({ urn }) => urn.endsWith(`::imported${name}`))?.id;
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
      resourcesOf({ checkpoint: { latest: { resources: [], ...readState().checkpoint.latest } } }),
      [],
    );
  });
});
