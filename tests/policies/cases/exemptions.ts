import { BLOCKED, bucketPolicy, type Case } from "../case";

const open = bucketPolicy({ Principal: "*" });
const exempt = (...exemptions: object[]): Pick<Case, "config"> => ({
  config: { "no-wildcard-principals": { exemptions } },
});
const reason = "a public website";

/** Who is let be, and until when. */
export const exemptions: Case[] = [
  {
    name: "a resource is exempt by type",
    ...open,
    ...exempt({ type: "aws:s3/bucketPolicy:BucketPolicy", reason }),
    expect: [],
  },
  {
    name: "a resource is exempt by a pattern of its type",
    ...open,
    ...exempt({ type: "aws:s3/*", reason }),
    expect: [],
  },
  { name: "a resource is exempt by name", ...open, ...exempt({ name: "site", reason }), expect: [] },
  {
    name: "a resource is exempt by a pattern of its URN",
    ...open,
    ...exempt({ urn: "urn:pulumi:dev::*::site", reason }),
    expect: [],
  },
  {
    name: "all that an exemption names must match",
    ...open,
    ...exempt({ type: "aws:s3/*", name: "other", reason }),
    expect: [BLOCKED],
  },
  {
    name: "a name without * is matched whole",
    ...open,
    ...exempt({ name: "sit", reason }),
    expect: [BLOCKED],
  },
  { name: "a pattern's end must match", ...open, ...exempt({ name: "s*x", reason }), expect: [BLOCKED] },
  { name: "a pattern's start must match", ...open, ...exempt({ name: "x*e", reason }), expect: [BLOCKED] },
  { name: "a pattern's middle must match", ...open, ...exempt({ name: "s*x*e", reason }), expect: [BLOCKED] },
  {
    name: "a pattern's parts do not overlap",
    ...open,
    ...exempt({ name: "site*e", reason }),
    expect: [BLOCKED],
  },
  {
    name: "any of several exemptions will do",
    ...open,
    ...exempt({ name: "other", reason }, { name: "si*e", reason }),
    expect: [],
  },
  {
    name: "an exemption with a day to come holds",
    ...open,
    ...exempt({ name: "site", reason, expires: "2999-12-31" }),
    expect: [],
  },
  {
    name: "an exemption fails after its last day, and says so",
    ...open,
    ...exempt({ name: "site", reason, expires: "2020-02-29" }),
    expect: [`${BLOCKED}An exemption ("${reason}") ended on 2020-02-29.`],
  },
  {
    name: "an exemption in force goes before one that is over",
    ...open,
    ...exempt({ name: "site", reason, expires: "2020-01-01" }, { name: "*", reason }),
    expect: [],
  },
  {
    name: "an exemption is from one policy, not from the others",
    ...open,
    config: {
      "no-wildcard-principals": { exemptions: [{ name: "site", reason }] },
      "only-listed-accounts": { enforcementLevel: "mandatory" },
    },
    expect: ["only-listed-accounts mandatory: "],
  },

  { name: "a pattern of several parts matches", ...open, ...exempt({ name: "s*t*e", reason }), expect: [] },

  // Settings are read again only if they differ: each of these differs from the one before in one thing.
  ...(
    [
      ["settings that exempt", { exemptions: [{ name: "site", reason }], endpointPolicies: "judge" }, []],
      ["the same settings without the exemption", { exemptions: [], endpointPolicies: "judge" }, [BLOCKED]],
      [
        "settings that exempt again",
        { exemptions: [{ name: "site", reason }], endpointPolicies: "judge" },
        [],
      ],
      ["fewer settings", { endpointPolicies: "judge" }, [BLOCKED]],
    ] as const
  ).map(
    ([name, settings, expect]): Case => ({
      name: `${name} hold at once`,
      ...open,
      config: { "no-wildcard-principals": { ...settings } },
      expect: [...expect],
    }),
  ),
];
