import assert from "node:assert/strict";
import { Analyzer, build, UNKNOWN } from "./analyzer";
import { json, judged, OPEN, reasonOf, rows, samples } from "./rows";
import { terraformTypes, toTerraform } from "./terraform";

describe("the table of principal carriers", () => {
  let analyzer: Analyzer;
  before(async function () {
    this.timeout(120_000);
    build();
    analyzer = await Analyzer.start();
  });
  after(() => analyzer?.stop());

  const says = async (policy: string, type: string, props: object): Promise<boolean> =>
    (await analyzer.analyze({ type, props })).some((one) => one.policy === policy);

  it("has all its rows", () => assert.equal(rows.length, 198));

  for (const row of rows.filter(({ priority }) => /^(P\d|exempt)/.test(priority))) {
    const { type, property, priority } = row;
    const { open, closed } = samples(row);
    const blocked = (props: object): Promise<boolean> => says("no-wildcard-principals", type, props);
    const later = (): Promise<boolean> => says("known-at-preview", type, { [property]: UNKNOWN });
    it(`${priority}: ${property} of ${type} is judged alike in Terraform`, async () => {
      const { inModule, bridged } = terraformTypes(type);
      const isBlocked = (kind: string, props: object): Promise<boolean> =>
        says("no-wildcard-principals", kind, props);
      for (const props of open) {
        const snake = toTerraform(props) as object;
        assert.equal(await isBlocked(inModule, snake), judged(row), `${inModule}: ${json(snake)}`);
        assert.equal(await isBlocked(bridged, props), judged(row), `${bridged}: ${json(props)}`);
      }
      for (const props of closed) {
        assert.ok(!(await isBlocked(inModule, toTerraform(props) as object)), `blocked: ${inModule}`);
        assert.ok(!(await isBlocked(bridged, props)), `blocked: ${bridged}`);
      }
    });
    if (judged(row))
      it(`${priority}: a wildcard in ${property} of ${type} is blocked, and nothing else is`, async () => {
        for (const props of open) assert.ok(await blocked(props), `passed: ${json(props)}`);
        for (const props of closed) assert.ok(!(await blocked(props)), `blocked: ${json(props)}`);
        assert.ok(await later(), "not reported while unknown");
      });
    else
      it(`${priority}: ${property} of ${type} is left alone, for a reason`, async () => {
        assert.ok(reasonOf(row), "no reason is given in policypack/find/exempt.ts");
        for (const props of [...open, { [property]: "*" }, { [property]: json(OPEN) }])
          assert.ok(!(await blocked(props)), `blocked: ${json(props)}`);
        assert.ok(!(await later()), "reported while unknown");
      });
  }
});
