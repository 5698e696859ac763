import assert from "node:assert/strict";
import { Analyzer, build, type Config } from "./analyzer";
import { bucketPolicy } from "./case";

const open = bucketPolicy({ Principal: "*" });
const POLICY = "no-wildcard-principals";
const LEVELS: Record<string, number> = {
  [POLICY]: 1, // mandatory
  "known-at-preview": 0, // advisory
  "trust-needs-mfa-or-external-id": 2, // disabled, as are the other policies below
  "only-listed-accounts": 2,
  "service-principal-needs-source": 2,
  "federated-trust-needs-subject": 2,
  "exemptions-in-use": 0,
};

describe("the policy pack's settings", () => {
  let analyzer: Analyzer;
  before(async function () {
    this.timeout(120_000);
    build();
    analyzer = await Analyzer.start();
  });
  after(() => analyzer?.stop());

  it("has its policies at the levels that it promises", () => {
    const levels = analyzer.info.getPoliciesList().map((one) => [one.getName(), one.getEnforcementlevel()]);
    assert.deepEqual(Object.fromEntries(levels), LEVELS);
  });

  it("gives every setting a type, a description and a default", () => {
    for (const policy of analyzer.info.getPoliciesList()) {
      const schema = policy.getConfigschema()?.getProperties()?.toJavaScript() ?? {};
      for (const [name, one] of Object.entries(schema)) {
        const { type, description, default: value } = one as Record<string, unknown>;
        assert.ok(type && description && value !== undefined, `${policy.getName()}: ${name}`);
      }
    }
  });

  const mistakes: [name: string, settings: object, message: RegExp][] = [
    [
      "a setting that does not exist",
      { acceptedCondition: {} },
      /no-wildcard-principals\.acceptedCondition: there is no such setting; there is exemptions, acceptedConditions, endpointPolicies/,
    ],
    [
      "an exemption of nothing in particular",
      { exemptions: [{ reason: "because" }] },
      /exemptions\[0\]: give a type, name or urn pattern/,
    ],
    [
      "a day that does not exist",
      {
        exemptions: [
          { name: "a", reason: "b" },
          { name: "a", reason: "b", expires: "2026-02-30" },
        ],
      },
      /exemptions\[1\]\.expires: "2026-02-30" is no day/,
    ],
  ];
  for (const [key, value] of [
    ["aws:SourceIp", "0.0.0.0/0"],
    ["aws:PrincipalArn", "arn:aws:iam::111122223333:role/*"],
  ] as const)
    mistakes.push([
      `a value of ${key} that can never count`,
      { acceptedConditions: { [key]: [value] } },
      new RegExp(`acceptedConditions\\.${key}: ".*" never counts`),
    ]);
  for (const [name, settings, message] of mistakes)
    it(`names ${name} at the start, without a stack`, async () => {
      await assert.rejects(analyzer.configure({ [POLICY]: { ...settings } }), (error: Error) => {
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n +at |\.js:|\^o-|\\d/);
        return true;
      });
    });

  it("names a policy that does not exist at the start", () =>
    assert.rejects(
      analyzer.configure({ "no-wildcard-principal": { enforcementLevel: "mandatory" } }),
      /no-wildcard-principal: there is no such policy; there is no-wildcard-principals, known-at-preview/,
    ));

  it("names every mistake at once, also of policies that are off", () =>
    assert.rejects(
      analyzer.configure({
        "exemptions-in-use": { exemptions: [] },
        "only-listed-accounts": { trustedAccounts: ["111122223333", "1234"], trustedOrganizations: ["o-1"] },
        [POLICY]: { acceptedConditions: { "aws:SecureTransport": ["true"] } },
      }),
      (error: Error) => {
        for (const mistake of [
          "exemptions-in-use.exemptions: there is no such setting; there is none",
          'only-listed-accounts.trustedAccounts[1]: "1234" is not the ID of an account',
          'only-listed-accounts.trustedOrganizations[0]: "o-1" is not the ID of an organization',
          "no-wildcard-principals.acceptedConditions.aws:SecureTransport: this key cannot narrow a wildcard",
        ])
          assert.ok(error.message.includes(mistake), `${mistake}\nis not in ${error.message}`);
        return true;
      },
    ));

  it("takes a level for every policy", async () => {
    await analyzer.configure({ all: { enforcementLevel: "advisory" } });
    assert.equal((await analyzer.analyze(open)).length, 1);
  });

  it("says how to exempt a resource where it blocks one, and only there", async () => {
    await analyzer.configure({});
    const [blocked] = await analyzer.analyze(open);
    assert.match(
      blocked!.message,
      /To let it through for now, add to the pack's configuration: \{"no-wildcard-principals":\{"exemptions":\[\{"type":"aws:s3\/bucketPolicy:BucketPolicy","name":"site","reason":".+","expires":".+"\}\]\}\}$/,
    );
    await analyzer.configure({ [POLICY]: { enforcementLevel: "advisory" } });
    const [advised] = await analyzer.analyze(open);
    assert.doesNotMatch(advised!.message, /To let it through/);
  });

  it("takes new settings in place of the old", async () => {
    await analyzer.configure({ [POLICY]: { exemptions: [{ name: "site", reason: "old" }] } });
    assert.equal((await analyzer.analyze(open)).length, 0);
    await analyzer.configure({});
    assert.equal((await analyzer.analyze(open)).length, 1);
  });
});

describe("the policy pack's record of exemptions", () => {
  it("reports which were used, for what, which were not, and which are over", async function () {
    this.timeout(120_000);
    build();
    const analyzer = await Analyzer.start();
    try {
      const config: Config = {
        [POLICY]: {
          exemptions: [
            { name: "site", reason: "a public website", expires: "2999-12-31" },
            { name: "gone", reason: "left over" },
            { name: "gone too", reason: "left over" },
            { name: "late", reason: "a migration", expires: "2020-01-01" },
          ],
        },
      };
      await analyzer.configure(config);
      await analyzer.analyze(open);
      await analyzer.analyze({ ...open, name: "late" });
      await analyzer.analyze({ ...bucketPolicy({}), name: "gone" }); // matches, but needs no exemption
      const reported = await analyzer.analyzeStack();
      assert.ok(
        reported.every(({ policy, level }) => policy === "exemptions-in-use" && level === "advisory"),
      );
      const urn = (name: string): string => `urn:pulumi:dev::project::${open.type}::${name}`;
      assert.deepEqual(
        reported.map((one) => [one.urn, one.message.split("\n")[1]]),
        [
          [
            urn("site"),
            'The exemption from no-wildcard-principals for {"name":"site"} ("a public website") holds until 2999-12-31. It is used here.',
          ],
          [
            urn("late"),
            'The exemption from no-wildcard-principals for {"name":"late"} ("a migration") ended on 2020-01-01 and no longer holds. It is used here.',
          ],
          [
            "",
            'This stack needs none of these exemptions, which can go unless another stack needs them: from no-wildcard-principals for {"name":"gone"} ("left over"); from no-wildcard-principals for {"name":"gone too"} ("left over").',
          ],
        ],
      );
    } finally {
      analyzer.stop();
    }
  });
});
