import assert from "node:assert/strict";
import { Analyzer, build } from "./analyzer";
import { fits } from "./case";
import { groups } from "./cases";

describe("the policy pack, through the analyzer protocol", () => {
  let analyzer: Analyzer;
  before(async function () {
    this.timeout(120_000);
    build();
    analyzer = await Analyzer.start();
  });
  after(() => analyzer?.stop());

  for (const [group, cases] of Object.entries(groups))
    describe(group, () => {
      for (const { name, config = {}, expect, ...resource } of cases)
        it(name, async () => {
          await analyzer.configure(config);
          const found = await analyzer.analyze(resource);
          const report = found.map((one) => `${one.policy} ${one.level}: ${one.message}`).join("\n");
          assert.equal(
            found.length,
            expect.length,
            `expected ${expect.length} violations, found:\n${report}`,
          );
          for (const [i, one] of expect.entries())
            assert.ok(fits(one, found[i]!), `expected: ${one}\nfound: ${report}`);
        });
    });
});
