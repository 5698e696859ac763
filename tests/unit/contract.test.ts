import assert from "node:assert/strict";
import { parseSettings, SCENARIOS } from "../../infra/settings";
import { type Answer, checks, contractUnder } from "../../tools/verify/contract";

const under = (written: Record<string, string>) => {
  const ids = { trustingAccountId: "000000000002", trustedAccountId: "000000000001" };
  return contractUnder(parseSettings("dev", { region: "eu-west-1", ...ids, ...written }));
};

/** What the contract expects of InstanceOperator under these settings, by check number, for one kind of person. */
const expected = (written: Record<string, string>, of: RegExp): Record<number, Answer> => {
  const ours = under({ scenarios: '["InstanceOperator"]', ...written }).filter(({ who }) => of.test(who));
  return Object.fromEntries(ours.map(({ check, expected }) => [check, expected]));
};

describe("the access contract of operating instances", () => {
  for (const [sentence, written, six, seven] of [
    ["holds everything back that a tag does not name", { operatedInstanceTag: "a=b" }, "refused", "refused"],
    [
      "holds everything back that IDs do not name",
      { operatedInstanceIds: '["i-12345678"]' },
      "refused",
      "refused",
    ],
    ["lets every instance be operated where nothing is named", {}, "refused", "allowed"],
    [
      "lets everything through where full access is chosen, whatever is named",
      { operatedInstanceTag: "a=b", instanceFullAccess: "true" },
      "allowed",
      "allowed",
    ],
  ] as const)
    it(sentence, () =>
      assert.deepEqual(expected(written, /^machine/), { 1: "allowed", 5: "allowed", 6: six, 7: seven }),
    );
  it("asks for a second trusted account only where there is one", () => {
    const partner = /^partner/;
    assert.deepEqual(expected({}, partner), {});
    const asked = expected({ instanceOperatorAccountIds: '["000000000004"]' }, partner);
    assert.deepEqual(asked, { 2: "allowed", 3: "refused", 5: "allowed" });
  });
});

describe("the access contract of each scenario", () => {
  for (const scenario of SCENARIOS)
    it(`asks something for every check of ${scenario}, whatever else is turned off`, () => {
      const rows = under({ scenarios: JSON.stringify([scenario]), githubRepository: "owner/name" });
      assert.deepEqual(
        [...new Set(rows.map(({ check }) => check))].sort((a, b) => a - b),
        checks[scenario].map((_, index) => index + 1),
      );
      assert(rows.every((row) => row.scenario === scenario));
    });
});
