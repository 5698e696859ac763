/** What the tests of the engine ask of a stack's state: that it can go to the official AWS plugin, and come from it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isEmpty } from "../pulumi/provider-aws/compare";
import type { Values } from "../pulumi/provider-aws/values";
import type { engineWorld } from "./engine-world";
import { officialSchema } from "./fixtures/official-schema";
import { OFFICIAL_STATE } from "./fixtures/official-state";

export interface CheckpointResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Values;
  outputs?: Values;
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

/** The resources of AWS in the engine's own checkpoint of the stack. */
export function stackState(directory: string) {
  const file = join(directory, "state/.pulumi/stacks/engine-fixture/dev.json");
  const read = () => JSON.parse(readFileSync(file, "utf8"));
  const resourcesOf = (state: ReturnType<typeof read>): CheckpointResource[] =>
    state.checkpoint.latest.resources.filter(({ type }: CheckpointResource) => type.startsWith("aws:"));
  return {
    read,
    resourcesOf,
    write: (state: unknown) => writeFileSync(file, JSON.stringify(state)),
    find(token: string) {
      const found = resourcesOf(read()).find(({ type }) => type === token);
      assert(found?.id && found.outputs, token);
      return { id: found.id, outputs: found.outputs };
    },
  };
}

/** Tests of the state of a deployed stack, and of these types in it. */
export function exchangeStates(
  { directory, refresh, succeeds, up }: ReturnType<typeof engineWorld>,
  variant: string,
  tokens: string[],
): void {
  const { find, read, resourcesOf, write } = stackState(directory);

  it("has a resource of every type", () => {
    const deployed = resourcesOf(read()).map(({ type }) => type);
    assert.deepEqual(
      tokens.filter((token) => !deployed.includes(token)),
      [],
    );
  });

  for (const token of tokens) {
    it(`writes every output that ${token} always has, and its ID`, () => {
      const required = ["id", ...officialSchema(token).alwaysThere];
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
      const expected = OFFICIAL_STATE[token]?.outputs(outputs) ?? {};
      for (const name of officialSchema(token).alwaysThere) {
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
    const state = read();
    for (const resource of resourcesOf(state)) {
      const official = OFFICIAL_STATE[resource.type];
      assert(official, resource.type);
      const id = official.id ?? resource.id ?? "";
      resource.id = id;
      resource.outputs = { ...official.outputs(resource.outputs ?? {}), id };
      resource.inputs = withNestedDefaults(resource.inputs ?? {}, ["tags", "triggers", "variables", "code"]);
    }
    write(state);
    const total = state.checkpoint.latest.resources.length;
    assert.match(await succeeds(variant, "preview", "--diff"), new RegExp(`^\\s*${total} unchanged`, "m"));
    assert.match(await refresh(variant), new RegExp(`^\\s*${total} unchanged`, "m"));
    assert.match(await up(variant), new RegExp(`^\\s*${total} unchanged`, "m"));
  });
}
