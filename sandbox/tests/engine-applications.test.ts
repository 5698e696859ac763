/** An owner's own application, made of what the program itself does not use. */
import assert from "node:assert/strict";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { Values } from "../pulumi/provider-aws/values";
import { exchangeStates, stackState } from "./engine-states";
import { engineWorld } from "./engine-world";
import { isOfApplication, OFFICIAL_STATE } from "./fixtures/official-state";

const ACCOUNTS = { dev: "000000000023", prod: "000000000024" };
const VARIANT = "applications";

describe("an owner's own application", function () {
  this.timeout(300_000);
  const engine = engineWorld(ACCOUNTS);
  const { client, refresh, succeeds, up } = engine;
  const { find } = stackState(engine.directory);

  before(async () => {
    await engine.start();
    await up(VARIANT);
    await refresh(VARIANT);
  });
  after(engine.stop);

  exchangeStates(engine, VARIANT, Object.keys(OFFICIAL_STATE).filter(isOfApplication));

  it("changes and deletes what an owner's own application is made of", async () => {
    const changed = "applications changed";
    assert.match(await succeeds(changed, "preview", "--diff"), /~ memorySize\s*: 128 => 256/);
    assert.match(await up(changed), /~ 5 updated\s+\+-2 replaced/);
    assert.match(await refresh(changed), / unchanged\s/);
    const table = find("aws:dynamodb/table:Table").outputs;
    const [index] = table.globalSecondaryIndexes as Values[];
    assert.deepEqual([table.readCapacity, index?.name, table.streamViewType], [2, "byBuyer", "NEW_IMAGE"]);
    const deployed = await client(LambdaClient).send(
      new GetFunctionConfigurationCommand({ FunctionName: "orders" }),
    );
    assert.deepEqual([deployed.MemorySize, deployed.Environment?.Variables?.MORE], [256, "yes"]);
    assert.match(await up(changed), /^\s*\d+ unchanged\s*$/m);
    assert.match(await up(""), /- 11 deleted/);
  });

  it("leaves nothing: the same names can be used again", async () => {
    await up(VARIANT);
    await succeeds(VARIANT, "destroy", "--yes", "--skip-preview");
    await up(VARIANT);
  });
});
