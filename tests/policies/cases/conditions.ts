import { UNKNOWN } from "../analyzer";
import { BLOCKED, bucketPolicy, type Case, documentOf, statement } from "../case";

const accepting = (acceptedConditions: object): Pick<Case, "config"> => ({
  config: { "no-wildcard-principals": { acceptedConditions } },
});
const ANY_ORG = accepting({ "aws:PrincipalOrgID": [] });
const MINE = accepting({
  "aws:PrincipalOrgID": ["o-abcdefghij"],
  "aws:SourceVpce": ["vpce-0123456789abcdef0"],
});
const IP = accepting({ "aws:SourceIp": [] });
const open = (Condition: object): Pick<Case, "type" | "props"> => bucketPolicy({ Principal: "*", Condition });
const sourceIp = (value: unknown): Pick<Case, "type" | "props"> =>
  open({ IpAddress: { "aws:SourceIp": value } });

const KEYS =
  "PrincipalAccount PrincipalArn PrincipalOrgID PrincipalOrgPaths SourceAccount SourceArn SourceIp SourceOrgID SourceOrgPaths SourceOwner SourceVpc SourceVpcArn SourceVpce VpceAccount VpceOrgID VpceOrgPaths userid"
    .split(" ")
    .map((name) => `aws:${name}`)
    .concat(
      "elasticfilesystem:AccessedViaMountTarget",
      "kms:CallerAccount",
      "s3:DataAccessPointAccount",
      "s3:DataAccessPointArn",
    );

/** Which conditions narrow a wildcard, once the organisation accepts their key. */
export const conditions: Case[] = [
  {
    name: "without settings no condition narrows a wildcard",
    ...open({ StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } }),
    expect: [BLOCKED],
  },
  {
    name: "an accepted key with a fixed value narrows",
    ...open({ StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } }),
    ...ANY_ORG,
    expect: [],
  },
  {
    name: "a key that is not the accepted one does not narrow",
    ...open({ StringEquals: { "aws:PrincipalAccount": "111122223333" } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "condition keys are read in any case, as AWS reads them",
    ...open({ StringEquals: { "AWS:principalORGid": "o-abcdefghij" } }),
    ...ANY_ORG,
    expect: [],
  },
  {
    name: "a listed value narrows",
    ...open({ StringEquals: { "aws:PrincipalOrgID": ["o-abcdefghij"] } }),
    ...MINE,
    expect: [],
  },
  {
    name: "another value than those listed does not",
    ...open({ StringEquals: { "aws:PrincipalOrgID": "o-zzzzzzzzzz" } }),
    ...MINE,
    expect: [BLOCKED],
  },
  {
    name: "one value beyond those listed opens it again",
    ...open({ StringEquals: { "aws:PrincipalOrgID": ["o-abcdefghij", "o-zzzzzzzzzz"] } }),
    ...MINE,
    expect: [BLOCKED],
  },
  {
    name: "one accepted test among others is enough, since all must hold",
    ...open({
      Bool: { "aws:SecureTransport": "true" },
      StringEquals: { "s3:prefix": "a", "aws:SourceVpce": "vpce-0123456789abcdef0" },
    }),
    ...MINE,
    expect: [],
  },
  {
    name: "StringLike without a pattern narrows",
    ...open({ StringLike: { "aws:PrincipalOrgID": "o-abcdefghij" } }),
    ...ANY_ORG,
    expect: [],
  },
  {
    name: "StringLike with a pattern does not",
    ...open({ StringLike: { "aws:PrincipalOrgID": "o-*" } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "a ? is a pattern too",
    ...open({ StringLike: { "aws:PrincipalOrgID": "o-abcdefghi?" } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "one pattern among fixed values opens it",
    ...open({ StringLike: { "aws:PrincipalOrgID": ["o-abcdefghij", "*"] } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "a policy variable is no fixed value",
    ...open({ StringEquals: { "aws:PrincipalOrgID": `\${aws:ResourceOrgID}` } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "an empty value is no fixed value",
    ...open({ StringEquals: { "aws:PrincipalOrgID": "" } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "no value at all does not narrow",
    ...open({ StringEquals: { "aws:PrincipalOrgID": [] } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "a value that is no text does not narrow",
    ...open({ StringEquals: { "aws:PrincipalOrgID": [{}] } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "IfExists lets in who has no such key",
    ...open({ StringEqualsIfExists: { "aws:PrincipalOrgID": "o-abcdefghij" } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "a negation never narrows",
    ...open({ StringNotEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "ForAllValues lets in who has no such key",
    ...open({ "ForAllValues:StringEquals": { "aws:PrincipalOrgID": "o-abcdefghij" } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "ForAnyValue narrows",
    ...open({ "ForAnyValue:StringEquals": { "aws:PrincipalOrgID": "o-abcdefghij" } }),
    ...ANY_ORG,
    expect: [],
  },
  {
    name: "Null never narrows",
    ...open({ Null: { "aws:PrincipalOrgID": "false" } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "a fixed ARN narrows",
    ...open({ ArnEquals: { "aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:topic" } }),
    ...accepting({ "aws:SourceArn": [] }),
    expect: [],
  },
  {
    name: "an ARN with a pattern does not",
    ...open({ ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:topic" } }),
    ...accepting({ "aws:SourceArn": [] }),
    expect: [BLOCKED],
  },
  {
    name: "an address range narrows",
    ...sourceIp(["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"]),
    ...IP,
    expect: [],
  },
  {
    name: "a range as broad as /8 narrows, Amazon S3's own limit",
    ...sourceIp("11.0.0.0/8"),
    ...IP,
    expect: [],
  },
  { name: "a broader range does not", ...sourceIp("10.0.0.0/7"), ...IP, expect: [BLOCKED] },
  { name: "an IPv6 range broader than /32 does not", ...sourceIp("2001:db8::/31"), ...IP, expect: [BLOCKED] },
  { name: "every address does not", ...sourceIp(["203.0.113.0/24", "0.0.0.0/0"]), ...IP, expect: [BLOCKED] },
  { name: "an address that is none does not", ...sourceIp("office"), ...IP, expect: [BLOCKED] },
  { name: "a prefix that is none does not", ...sourceIp("203.0.113.0/"), ...IP, expect: [BLOCKED] },
  ...["::ffff:0.0.0.0/96", "0:0:0:0:0:ffff:0:0/96"].map(
    (range): Case => ({
      name: `all of IPv4 written as ${range} does not`,
      ...sourceIp(range),
      ...IP,
      expect: [BLOCKED],
    }),
  ),
  {
    name: "an address compared as text does not",
    ...open({ StringLike: { "aws:SourceIp": "203.0.113.7" } }),
    ...IP,
    expect: [BLOCKED],
  },
  {
    name: "NotIpAddress does not",
    ...open({ NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } }),
    ...IP,
    expect: [BLOCKED],
  },
  {
    name: "a mount target narrows a file system policy",
    ...open({ Bool: { "elasticfilesystem:AccessedViaMountTarget": "true" } }),
    ...accepting({ "elasticfilesystem:AccessedViaMountTarget": [] }),
    expect: [],
  },
  {
    name: "the absence of a mount target does not",
    ...open({ Bool: { "elasticfilesystem:AccessedViaMountTarget": "false" } }),
    ...accepting({ "elasticfilesystem:AccessedViaMountTarget": [] }),
    expect: [BLOCKED],
  },
  {
    name: "BoolIfExists does not",
    ...open({ BoolIfExists: { "elasticfilesystem:AccessedViaMountTarget": "true" } }),
    ...accepting({ "elasticfilesystem:AccessedViaMountTarget": [] }),
    expect: [BLOCKED],
  },
  {
    name: "an accepted condition narrows patterns in ARNs too",
    ...bucketPolicy({
      Principal: { AWS: "arn:aws:iam::*:role/reader" },
      Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } },
    }),
    ...ANY_ORG,
    expect: [],
  },
  {
    name: "one statement's condition does not narrow another",
    ...bucketPolicy(
      { Principal: "*", Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } } },
      { Sid: "Open", Principal: "*" },
    ),
    ...ANY_ORG,
    expect: [`${BLOCKED}"Open"`],
  },
  {
    name: "odd conditions narrow nothing",
    ...bucketPolicy(
      { Principal: "*", Condition: "none" },
      { Principal: "*", Condition: { StringEquals: "x" } },
      { Principal: "*", Condition: [1] },
    ),
    ...ANY_ORG,
    expect: [BLOCKED, BLOCKED, BLOCKED],
  },
  {
    name: "a value not known yet is left to the update, and reported",
    ...open({ StringEquals: { "aws:PrincipalOrgID": UNKNOWN } }),
    ...ANY_ORG,
    expect: ["known-at-preview advisory: …its condition"],
  },
  {
    name: "a known bad value beside one not known is blocked now",
    ...open({ StringLike: { "aws:PrincipalOrgID": [UNKNOWN, "*"] } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "a value not known yet is no excuse where the key is not accepted",
    ...open({ StringEquals: { "aws:PrincipalAccount": UNKNOWN } }),
    ...ANY_ORG,
    expect: [BLOCKED, "known-at-preview advisory: "],
  },

  ...(
    [
      ["that no setting accepts", {}, "aws:SourceVpce", "StringEquals", "vpce-1", "does not name the key"],
      [
        "with a value that is not listed",
        MINE,
        "aws:PrincipalOrgID",
        "StringEquals",
        "o-z",
        "does not list every",
      ],
      [
        "with a pattern",
        ANY_ORG,
        "aws:PrincipalOrgID",
        "StringLike",
        "o-*",
        "not every value is a fixed one",
      ],
      [
        "with another operator",
        ANY_ORG,
        "aws:PrincipalOrgID",
        "StringNotEquals",
        "o-a",
        "StringNotEquals lets in",
      ],
      ["on the request", ANY_ORG, "aws:SecureTransport", "Bool", "true", "does not identify the caller"],
    ] as const
  ).map(
    ([which, config, key, operator, value, why]): Case => ({
      name: `a condition ${which} is reported with the reason why it does not count`,
      ...open({ Bool: { "s3:x": "y" }, [operator]: { [key]: value } }),
      ...config,
      expect: [`${BLOCKED}Its condition on ${key} does not count: …${why}`],
    }),
  ),
  {
    name: "equality that ignores case narrows",
    ...open({ StringEqualsIgnoreCase: { "aws:PrincipalOrgID": "o-abcdefghij" } }),
    ...ANY_ORG,
    expect: [],
  },
  { name: "a prefix in another notation does not", ...sourceIp("203.0.113.0/2e1"), ...IP, expect: [BLOCKED] },
  {
    name: "a fixed value beside one not known yet is left to the update",
    ...open({ StringEquals: { "aws:PrincipalOrgID": ["o-abcdefghij", UNKNOWN] } }),
    ...ANY_ORG,
    expect: ["known-at-preview advisory: …its condition"],
  },
  {
    name: "a template's parameter as value is left to the update",
    type: "aws:cloudformation/stack:Stack",
    props: {
      templateBody: JSON.stringify({
        Resources: {
          A: {
            Type: "AWS::S3::BucketPolicy",
            Properties: {
              PolicyDocument: documentOf(
                statement({
                  Principal: "*",
                  Condition: { StringEquals: { "aws:PrincipalOrgID": { Ref: "Org" } } },
                }),
              ),
            },
          },
        },
      }),
    },
    ...ANY_ORG,
    expect: ["known-at-preview advisory: …its condition"],
  },
  {
    name: "a value not known yet of a key that never narrows is none to wait for",
    ...open({ StringEquals: { "s3:prefix": UNKNOWN } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "a value not known yet of a negation is none to wait for",
    ...open({ StringNotEquals: { "aws:PrincipalOrgID": UNKNOWN } }),
    ...ANY_ORG,
    expect: [BLOCKED],
  },
  {
    name: "a condition not known yet on a named principal is not reported",
    ...bucketPolicy({ Condition: { StringEquals: { "aws:PrincipalOrgID": UNKNOWN } } }),
    expect: [],
  },
  ...KEYS.map(
    (key): Case => ({
      name: `${key} is a key to wait for`,
      ...open({
        [/SourceIp/.test(key) ? "IpAddress" : /Mount/.test(key) ? "Bool" : "StringEquals"]: {
          [key]: UNKNOWN,
        },
      }),
      ...accepting({ [key]: [] }),
      expect: [`known-at-preview advisory: …its condition`],
    }),
  ),
];
