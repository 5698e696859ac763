import assert from "node:assert/strict";
import { Analyzer, build } from "./analyzer";
import { json, OPEN, reasonOf, rows, samples } from "./rows";

describe("the table of principal carriers", () => {
  let analyzer: Analyzer;
  before(async function () {
    this.timeout(120_000);
    build();
    analyzer = await Analyzer.start();
  });
  after(() => analyzer?.stop());

  const blocked = async (type: string, props: object): Promise<boolean> =>
    (await analyzer.analyze({ type, props })).some(
      (one) => one.policy === "no-wildcard-principals" && one.level === "mandatory",
    );
  it("has all its rows", () => assert.equal(rows.length, 198));

  for (const row of rows.filter(({ priority }) => /^(P\d|exempt)/.test(priority))) {
    const { type, property, priority } = row;
    const { open, closed } = samples(row);
    const exempt = reasonOf(row);
    if (/^P[01]/.test(priority) || (priority === "P2" && !exempt))
      it(`${priority}: a wildcard in ${property} of ${type} is blocked, and nothing else is`, async () => {
        for (const props of open) assert.ok(await blocked(type, props), `passed: ${json(props)}`);
        for (const props of closed) assert.ok(!(await blocked(type, props)), `blocked: ${json(props)}`);
      });
    else
      it(`${priority}: ${property} of ${type} is left alone, for a reason`, async () => {
        assert.ok(exempt, "no reason is given in policypack/carriers.ts");
        for (const props of [...open, { [property]: "*" }, { [property]: json(OPEN) }])
          assert.ok(!(await blocked(type, props)), `blocked: ${json(props)}`);
      });
  }
});
