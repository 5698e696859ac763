import assert from "node:assert/strict";
import { defineApplication } from "../../infra/application";
import { membersOfOtherGroups } from "../../infra/contract/personas";
import { prod } from "../../infra/contract/targets";
import type { Answer, ContractRow, Persona } from "../../infra/contract/types";
import { contractOf } from "../../infra/program";
import { registry, SCENARIO_NAMES } from "../../infra/scenarios/registry";
import { parseSettings } from "../../infra/settings";
import { locationsOf } from "../../infra/stack-settings";

const IDS = { trustingAccountId: "000000000002", trustedAccountId: "000000000001" };
const under = (written: Record<string, string>) =>
  contractOf(parseSettings("dev", { region: "eu-west-1", ...IDS, ...written }));

/** What the contract expects of InstanceOperator under these settings, by check number, for one kind of person. */
const expected = (written: Record<string, string>, of: RegExp): Record<number, Answer> => {
  const ours = under({ scenarios: '["InstanceOperator"]', ...written })
    .flatMap(({ rows }) => rows)
    .filter(({ who }) => of.test(who.name));
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
      assert.deepEqual(expected(written, /^machine$/), {
        1: "allowed",
        5: "allowed",
        6: six,
        7: seven,
        // Everything else in prod, longer sessions, and at home.
        8: "refused",
        9: "refused",
        12: "refused",
      }),
    );
  it("asks for a second trusted account only where there is one", () => {
    const partner = /^partner/;
    assert.deepEqual(expected({}, partner), {});
    const asked = expected({ instanceOperatorAccountIds: '["000000000004"]' }, partner);
    assert.deepEqual(asked, { 2: "allowed", 3: "refused", 5: "allowed" });
  });
});

describe("the access contract of each scenario", () => {
  const people = [
    ["IAM users", {}],
    ["permission sets", { trustedPermissionSets: '["Developers"]' }],
    ["both", { trustedPermissionSets: '["Developers", "Support"]', trustIamUsers: "true" }],
  ] as const;
  for (const [scenario, [kind, written]] of SCENARIO_NAMES.flatMap((name) =>
    people.map((each) => [name, each] as const),
  ))
    it(`asks something for every check of ${scenario} with ${kind}, whatever else is turned off`, () => {
      const scenarios = JSON.stringify([scenario]);
      const contracts = under({ scenarios, githubRepository: "owner/name", ...written });
      assert.deepEqual(
        contracts.map((contract) => contract.scenario),
        [scenario],
      );
      const [{ checks, rows }] = contracts as [(typeof contracts)[number]];
      assert.deepEqual(
        [...new Set(rows.map(({ check }) => check))].sort((a, b) => a - b),
        checks.map((_, index) => index + 1),
      );
    });
});

describe("the access contract of an application", () => {
  it("asks what belongs to the account as a whole of the role alone, and as it is declared", () => {
    const { contract } = defineApplication({
      name: "Lister",
      prefix: "lister",
      description: "Lists parameters",
      person: "lister",
      trustedGroup: "Listers",
      bucketLabel: "lister",
      rules: {},
      permissions: () => [{ Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" }],
      uses: () => ({ words: "list", allowed: [[prod, "ssm:DescribeParameters"]], refused: [] }),
    });
    const settings = parseSettings("dev", { ...IDS, region: "eu-west-1" });
    const own = { listerRoleName: "Lister", listerTrustedGroup: "Listers", listerBucketName: "lister" };
    const context = { settings: { ...settings, ...own }, locations: locationsOf(settings) };
    const program = { groups: [], otherBuckets: [], otherRoles: [] };
    const { rows } = contract({ ...context, program } as never);
    const asked = rows.filter(({ action }) => action === "ssm:DescribeParameters");
    assert.deepEqual(
      asked.map(({ session, expected }) => [session, expected]),
      [
        ["as the role", "allowed"],
        ["as the role, expired", "refused"],
      ],
    );
  });
});

describe("a persona of the access contract", () => {
  const everything = { scenarios: JSON.stringify(SCENARIO_NAMES), githubRepository: "owner/name" };
  const personas = (written: Record<string, string> = {}) =>
    under({ ...everything, ...written }).flatMap(({ rows }) => rows.map(({ who }) => who));

  it("is alone with its name, also where a scenario names somebody like one of another", () => {
    const [updateApp] = registry;
    const { contract } = updateApp;
    const named = (name: string) => (row: ContractRow) =>
      row.who.name === "developer" ? { ...row, who: { ...row.who, name } } : row;
    try {
      Object.assign(updateApp, {
        contract: (context: Parameters<typeof contract>[0]) => {
          const { checks, rows } = contract(context);
          return { checks, rows: rows.map(named("colleague")) };
        },
      });
      const byName = new Map<string, Persona>();
      for (const who of personas())
        assert.deepEqual(byName.get(who.name) ?? byName.set(who.name, who).get(who.name), who);
      assert(byName.has("colleague of UpdateApp"));
    } finally {
      Object.assign(updateApp, { contract });
    }
  });

  it("is in no more groups than IAM lets a user be in, and together they are in every other group", () => {
    const groups = Array.from({ length: 25 }, (_, index) => `group${index}`);
    const members = membersOfOtherGroups(groups, ["group3"]);
    assert.deepEqual(
      members.flatMap((who) => who.groups),
      groups.filter((group) => group !== "group3"),
    );
    assert(members.every((who) => who.groups!.length <= 10));
    assert.equal(new Set(members.map(({ name }) => name)).size, 3);
  });
});
