import assert from "node:assert/strict";
import { checkNamespaces, parseSettings, refuseDocumentationIds, SettingsError } from "../../infra/settings";

const valid = {
  region: "ap-northeast-1",
  trustingAccountId: "000000000002",
  trustedAccountId: "000000000001",
};

/** Each case: what is written over the valid settings, and what the error must say, mistake by mistake. */
const mistakes: [sentence: string, written: Record<string, string | undefined>, says: RegExp[]][] = [
  [
    "a missing account ID",
    { trustedAccountId: undefined },
    [/trustedAccountId: found nothing; expected .*12 digits/],
  ],
  [
    "an account ID of 11 digits",
    { trustingAccountId: "12345678901" },
    [/found "12345678901"; expected .*12 digits/],
  ],
  [
    "the same ID twice",
    { trustedAccountId: "000000000002" },
    [/trustedAccountId: found 000000000002 in both/],
  ],
  ["one profile for both accounts", { trustedProfile: "prod" }, [/trustedProfile: found prod for both/]],
  ["a bucket name with capitals", { bucketName: "ProductionApp" }, [/bucketName: found "ProductionApp"/]],
  ["a bucket name like an IP address", { bucketName: "192.168.0.1" }, [/bucketName/]],
  ["a bucket name with two dots together", { bucketName: "production..app" }, [/bucketName/]],
  ["a bucket name with a reserved suffix", { bucketName: "app-s3alias" }, [/bucketName/]],
  ["a session of 14 minutes", { sessionDuration: "840" }, [/sessionDuration: found "840"; expected .*900/]],
  ["a session of more than 12 hours", { sessionDuration: "43201" }, [/sessionDuration/]],
  ["a session of half a second", { sessionDuration: "1000.5" }, [/sessionDuration/]],
  [
    "services with a capital in their name",
    { sharedServicesName: "Shared" },
    [/sharedServicesName: found "Shared"/],
  ],
  ["a region that is none", { region: "tokyo" }, [/region: found "tokyo"/]],
  [
    "a region that AWS does not have",
    { region: "eu-north-9" },
    [/region: found "eu-north-9"; .*nearest is eu-north-1.*:region eu-north-1/s],
  ],
  [
    "scenarios that are no list, with a command that can be pasted",
    { scenarios: "UpdateApp" },
    [/scenarios: found "UpdateApp", which is no list; .*:scenarios '\["UpdateApp"\]'/s],
  ],
  [
    "the one wrong scenario of a list, with the scenario that was meant, in its place",
    { scenarios: '["SharedBucket","updateApp"]' },
    [
      /scenarios: found "updateApp" in the list; .*nearest to updateApp is UpdateApp.*--path 'cross-account-access:scenarios\[1\]' UpdateApp$/s,
    ],
  ],
  [
    "an empty list of scenarios",
    { scenarios: "[]" },
    [/scenarios: found an empty list; .*'\["UpdateApp"\]'/s],
  ],
  [
    "a permission set with a wildcard",
    { trustedPermissionSets: '["Developers*"]' },
    [/trustedPermissionSets: .*names of permission sets/],
  ],
  [
    "a permission set twice",
    { trustedPermissionSets: '["Admin","Admin"]' },
    [
      /trustedPermissionSets: found "Admin" twice in the list; .*--path '.*:trustedPermissionSets\[1\]' VALUE$/s,
    ],
  ],
  [
    "more permission sets than a trust policy holds",
    {
      trustedPermissionSets: JSON.stringify(
        Array.from({ length: 18 }, (_, index) => `Administrators${index}`),
      ),
    },
    [/trustedPermissionSets: found 18 names, with which a role's trust policy has 2\d{3} characters; .*2048/],
  ],
  [
    "a permission set whose name is too long",
    { trustedPermissionSets: `["${"x".repeat(33)}"]` },
    [/trustedPermissionSets: .*1 to 32 letters/],
  ],
  [
    "people of no kind",
    { trustIamUsers: "false" },
    [/trustIamUsers: found false and no trustedPermissionSets/],
  ],
  ["a role's name with a space", { roleName: "Update App" }, [/roleName: found "Update App"/]],
  [
    "one group both with and without the permission",
    { trustedGroup: "Staff", untrustedGroup: "staff" },
    [/untrustedGroup: found Staff in both/],
  ],
  ["a side that is none", { manages: "prod" }, [/manages: found "prod"; expected both, trusting or trusted/]],
  [
    "a scenario of GitHub's jobs without their repository",
    { scenarios: '["GitHubActions"]' },
    [/githubRepository: found nothing; expected a GitHub repository as owner\/name/],
  ],
  ["a repository with a wildcard", { githubRepository: "owner/*" }, [/githubRepository: found "owner\/\*"/]],
  ["a repository with one ID of two", { githubRepository: "owner@1/name" }, [/githubRepository/]],
  ["a topic of nine levels", { topic: "1/2/3/4/5/6/7/8/9" }, [/topic: .*up to 8 levels/]],
  ["a topic with a policy variable", { topic: "topic/$\u007baws:username}" }, [/topic/]],
  ["a topic of two lines", { topic: "topic/\ntest" }, [/topic/]],
  ["a tag that AWS reserves", { operatedInstanceTag: "aws:name=x" }, [/operatedInstanceTag/]],
  [
    "a tag with a policy variable",
    { operatedInstanceTag: "name=$\u007baws:username}" },
    [/operatedInstanceTag/],
  ],
  ["a parameter name that AWS reserves", { parameterName: "/aws/x" }, [/parameterName: .*AWS reserves/]],
  [
    "a parameter's value that is too long, without telling it",
    { parameterValue: "secret".repeat(1000) },
    [/parameterValue: found 6000 characters; expected .*parameterValue --secret/s],
  ],
  [
    "a key of another region",
    { parameterKeyArn: "arn:aws:kms:eu-west-1:000000000002:key/a-b" },
    [/parameterKeyArn: found a key of eu-west-1; expected one of ap-northeast-1/],
  ],
  [
    "one bucket for the application and for sharing",
    { bucketName: "one", sharedBucketName: "one", scenarios: '["UpdateApp","SharedBucket"]' },
    [/sharedBucketName: found one in both/],
  ],
  [
    "the role that another scenario creates",
    { roleName: "ParameterReader", scenarios: '["UpdateApp","ParameterReader"]' },
    [/roleName: found ParameterReader in both; expected another role than that of ParameterReader/],
  ],
  [
    "a role's name that differs from another scenario's in case alone",
    { roleName: "parameterreader", scenarios: '["UpdateApp","ParameterReader"]' },
    [/roleName: found parameterreader and ParameterReader, which IAM does not distinguish/],
  ],
  [
    "a group's name that differs from another scenario's in case alone",
    { trustedGroup: "parameterReaders", scenarios: '["UpdateApp","ParameterReader"]' },
    [/trustedGroup: found parameterReaders and ParameterReaders, which IAM does not distinguish/],
  ],
  [
    "a group as one that exists already, where another scenario creates it",
    {
      trustedGroup: "ParameterReaders",
      createTrustedGroup: "false",
      scenarios: '["UpdateApp","ParameterReader"]',
    },
    [/createTrustedGroup: found false for ParameterReaders, which ParameterReader creates; .*Group true$/s],
  ],
  [
    "the trusted account named again",
    { instanceOperatorAccountIds: '["000000000001"]' },
    [/instanceOperatorAccountIds: found 000000000001/],
  ],
  [
    "the trusting account as one that is trusted",
    { instanceOperatorAccountIds: '["000000000002"]' },
    [/instanceOperatorAccountIds: found 000000000002/],
  ],
  ["a region of an isolated partition", { region: "us-iso-east-1" }, [/region/]],
  ["a flag that is none", { protect: "yes" }, [/protect: found "yes"; expected true or false/]],
  [
    "an unknown setting",
    { bucketname: "x" },
    [/bucketname: found an unknown setting; .*nearest is bucketName/],
  ],
  [
    "several mistakes at once",
    { region: "", trustedAccountId: undefined, sesionDuration: "3600", bucketName: "A" },
    [/4 mistakes/, /region/, /trustedAccountId/, /sesionDuration.*sessionDuration/s, /bucketName/],
  ],
];

describe("settings", () => {
  for (const [sentence, written, says] of mistakes)
    it(`refuse ${sentence}, naming the stack and the command that fixes it`, () => {
      const attempt = () => parseSettings("dev", { ...valid, ...written });
      assert.throws(attempt, (error: unknown) => {
        assert(error instanceof SettingsError);
        for (const words of [
          ...says,
          /stack dev/,
          /pulumi config (set|rm) --stack dev (--path ')?cross-account-access:/,
        ])
          assert.match(error.message, words);
        assert.equal(error.mistakes.length, says.length === 1 ? 1 : says.length - 1);
        return true;
      });
    });

  it("refuse a setting whose namespace is mistyped, and leave those of other programs alone", () => {
    assert.throws(
      () => checkNamespaces("dev", ["cross-account-acess:region", "aws:region"]),
      /1 mistake .*region: found cross-account-acess:region, whose namespace is mistyped; expected cross-account-access:region/s,
    );
    checkNamespaces("dev", ["aws:region", "pulumi:disable-default-providers", "cross-account-access:region"]);
  });

  it("have secure defaults where nothing is written", () => {
    const settings = parseSettings("live", valid);
    const expected: Partial<typeof settings> = {
      ...valid,
      stack: "live",
      trustingProfile: "prod",
      trustedProfile: "dev",
      bucketName: "productionapp-000000000002",
      roleName: "UpdateApp",
      trustedGroup: "Developers",
      createTrustedGroup: true,
      untrustedGroup: "Testers",
      sessionDuration: 3600,
      trustedPermissionSets: [],
      trustIamUsers: true,
      manages: ["trusting", "trusted"],
      protect: true,
      scenarios: ["UpdateApp"],
      parameterName: "/productionapp/greeting",
      parameterValue: "hello",
      parameterKeyArn: undefined,
      instanceOperatorAccountIds: [],
      operatedInstanceIds: [],
      operatedInstanceTag: undefined,
      instanceFullAccess: false,
      topic: "topic/test",
      topicClientId: "publisher",
      sharedBucketName: "shared-000000000002",
      sharedServicesName: "shared",
      githubRepository: undefined,
      createGithubProvider: true,
    };
    // A scenario that is added has settings of its own.
    const ofProject = Object.entries(settings).filter(([name]) => Object.hasOwn(expected, name));
    assert.deepEqual(Object.fromEntries(ofProject), expected);
  });

  it("have an error without a stack trace, which Pulumi would format for ten seconds under Node.js 20", () => {
    const error = new SettingsError("live", ["one mistake"]);
    assert.equal(error.stack, error.message);
  });

  it("compare no names of a scenario that is off", () => {
    const names = { bucketName: "one", sharedBucketName: "one" };
    assert.equal(parseSettings("live", { ...valid, ...names }).bucketName, "one");
  });

  it("trust IAM users only where no permission set is named, or where the stack says so", () => {
    const trustsUsers = (written: Record<string, string>) =>
      parseSettings("live", { ...valid, ...written }).trustIamUsers;
    const trustedPermissionSets = '["Developers"]';
    assert.equal(trustsUsers({ trustedPermissionSets: "[]" }), true);
    assert.equal(trustsUsers({ trustedPermissionSets }), false);
    assert.equal(trustsUsers({ trustedPermissionSets, trustIamUsers: "true" }), true);
  });

  it("refuse AWS's documentation IDs by name, but only where they would go to AWS", () => {
    for (const [name, id] of [
      ["trustingAccountId", "123456789012"],
      // Who is let in counts even where the other team deploys that side.
      ["trustedAccountId", "111122223333"],
      ["instanceOperatorAccountIds", "444455556666"],
    ] as const) {
      const written = { ...valid, manages: "trusting", [name]: /Ids$/.test(name) ? `["${id}"]` : id };
      const settings = parseSettings("prod", written);
      refuseDocumentationIds(settings, () => false);
      assert.throws(
        () => refuseDocumentationIds(settings, () => true),
        (error: Error) =>
          new RegExp(`1 mistake .*${name}: found ${id}.*npm run rehearse -- prod`, "s").test(error.message),
      );
    }
  });
});
