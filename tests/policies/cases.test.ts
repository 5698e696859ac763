import assert from "node:assert/strict";
import { Analyzer, build, type Violation } from "./analyzer";
import type { Case } from "./case";
import { carriers } from "./cases/carriers";
import { companions } from "./cases/companions";
import { conditions } from "./cases/conditions";
import { exemptions } from "./cases/exemptions";
import { previews } from "./cases/previews";
import { principals } from "./cases/principals";

const groups: Record<string, Case[]> = { principals, conditions, carriers, previews, exemptions, companions };

/** Whether a violation is what a case expects: see {@link Case.expect}. */
function fits(expected: string, { policy, level, message }: Violation): boolean {
  let rest = `${policy} ${level}: ${message}`;
  return expected.split("…").every((part, i) => {
    const at = rest.indexOf(part);
    if (at < 0 || (i === 0 && at > 0)) return false;
    rest = rest.slice(at + part.length);
    return true;
  });
}

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
