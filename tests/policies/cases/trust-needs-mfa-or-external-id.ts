import { UNKNOWN } from "../analyzer";
import { bucketPolicy, type Case, documentOf, onlyPolicy, role, trust } from "../case";
import { LISTED } from "./only-listed-accounts";

const MFA = onlyPolicy("trust-needs-mfa-or-external-id");
const OUTSIDE = { AWS: "arn:aws:iam::444455556666:root" };
const OWN = { allowedAccountIds: '["444455556666"]' };

/** Trust in another account asks for MFA or an external ID. */
export const trustNeedsMfaOrExternalId: Case[] = [
  { name: "the policy is off by default", ...trust(), expect: [] },
  {
    name: "the policy can be advisory",
    ...trust(),
    config: { "trust-needs-mfa-or-external-id": { enforcementLevel: "advisory" } },
    expect: ["trust-needs-mfa-or-external-id advisory: "],
  },
  {
    name: "trust across accounts without condition is refused",
    ...trust(),
    ...MFA,
    expect: [
      'trust-needs-mfa-or-external-id mandatory: …its statement: "Principal": {"AWS": "arn:aws:iam::444455556666:root"}…Write instead: …aws:MultiFactorAuthPresent',
    ],
  },
  { name: "MFA is enough", ...trust({ Bool: { "aws:MultiFactorAuthPresent": "true" } }), ...MFA, expect: [] },
  {
    name: "MFA as a boolean is enough",
    ...trust({ Bool: { "aws:multifactorauthpresent": true } }),
    ...MFA,
    expect: [],
  },
  {
    name: "a maximum age of MFA is enough",
    ...trust({ NumericLessThan: { "aws:MultiFactorAuthAge": "3600" } }),
    ...MFA,
    expect: [],
  },
  {
    name: "a minimum age of MFA is not",
    ...trust({ NumericGreaterThan: { "aws:MultiFactorAuthAge": "0" } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "BoolIfExists is not MFA: a long-term key passes it",
    ...trust({ BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "the absence of MFA is not MFA",
    ...trust({ Bool: { "aws:MultiFactorAuthPresent": "false" } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "NumericLessThanIfExists is not MFA",
    ...trust({ NumericLessThanIfExists: { "aws:MultiFactorAuthAge": "3600" } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "no value is not MFA",
    ...trust({ Bool: { "aws:MultiFactorAuthPresent": [] } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "an external ID is enough",
    ...trust({ StringEquals: { "sts:ExternalId": "agreed" } }),
    ...MFA,
    expect: [],
  },
  {
    name: "any external ID is not",
    ...trust({ StringLike: { "sts:ExternalId": "*" } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  { name: "trust within the account needs neither", ...trust(), provider: OWN, ...MFA, expect: [] },
  {
    name: "a machine's role needs neither",
    ...trust(undefined, { Service: "ec2.amazonaws.com" }),
    ...MFA,
    expect: [],
  },
  { name: "trust in everyone is across accounts", ...trust(undefined, "*"), ...MFA, expect: ["trust-needs"] },
  {
    name: "a statement on other resources than these is no trust policy",
    type: "acme:x:Y",
    props: {
      policy: documentOf({
        Effect: "Allow",
        Principal: OUTSIDE,
        Action: "sts:*",
        NotResource: "arn:aws:iam::*:role/a",
      }),
    },
    ...MFA,
    expect: [],
  },
  {
    name: "a resource policy is no trust policy",
    ...bucketPolicy({ Principal: OUTSIDE }),
    ...MFA,
    expect: [],
  },
  ...(
    [
      ["BoolIfExists that it is false", { BoolIfExists: { "aws:MultiFactorAuthPresent": "false" } }],
      ["Null of its age", { Null: { "aws:MultiFactorAuthAge": "true" } }],
    ] as const
  ).flatMap(([which, Condition]) =>
    ["sts:AssumeRole", "sts:*", "*", "sts:AssumeRole*", ["sts:TagSession", "STS:assumerole"]].map(
      (Action): Case => ({
        name: `a Deny of ${Action} by ${which} is MFA`,
        ...role({ Principal: OUTSIDE }, { Effect: "Deny", Principal: "*", Action, Condition }),
        ...MFA,
        expect: [],
      }),
    ),
  ),
  ...Object.entries<object>({
    "by Bool, which a long-term key passes": {
      Condition: { Bool: { "aws:MultiFactorAuthPresent": "false" } },
    },
    "of those with MFA": { Condition: { BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } } },
    "by another key": { Condition: { BoolIfExists: { "aws:SecureTransport": "false" } } },
    "by Null of another key": { Condition: { Null: { "aws:TokenIssueTime": "true" } } },
    "of those whose MFA has an age": { Condition: { Null: { "aws:MultiFactorAuthAge": "false" } } },
    "by another test of its age": { Condition: { NumericLessThan: { "aws:MultiFactorAuthAge": "true" } } },
    "of another action": { Action: "sts:TagSession" },
    "of every service": { Principal: { Service: "*" } },
    "of someone else": { Principal: { AWS: "111122223333" } },
    "on a further condition": {
      Condition: {
        BoolIfExists: { "aws:MultiFactorAuthPresent": "false" },
        StringEquals: { "aws:PrincipalTag/team": "web" },
      },
    },
    "on conditions not known yet": { Condition: UNKNOWN },
    "that is none": { Effect: "Allow", Principal: { AWS: ["*"] } },
  }).map(
    ([which, over]): Case => ({
      name: `a Deny ${which} is not MFA`,
      ...role(
        { Principal: OUTSIDE },
        {
          Effect: "Deny",
          Principal: "*",
          Condition: { BoolIfExists: { "aws:MultiFactorAuthPresent": "false" } },
          ...over,
        },
      ),
      ...MFA,
      expect: "Effect" in over ? ["trust-needs", "trust-needs"] : ["trust-needs"],
    }),
  ),
  {
    name: "a Deny of everyone among others is MFA",
    ...role(
      { Principal: OUTSIDE },
      {
        Effect: "Deny",
        Principal: { AWS: ["111122223333", "*"] },
        Condition: { Null: { "aws:MultiFactorAuthAge": "true" } },
      },
    ),
    ...MFA,
    expect: [],
  },
  {
    name: "a Deny of assuming the role covers what only comes with it",
    ...role(
      { Principal: OUTSIDE, Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"] },
      { Effect: "Deny", Principal: "*", Condition: { Null: { "aws:MultiFactorAuthAge": "true" } } },
    ),
    ...MFA,
    expect: [],
  },
  {
    name: "a Deny of one way to assume the role does not cover another",
    ...role(
      { Principal: OUTSIDE, Action: ["sts:AssumeRole", "sts:AssumeRoleWithSAML"] },
      { Effect: "Deny", Principal: "*", Condition: { Null: { "aws:MultiFactorAuthAge": "true" } } },
    ),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "several Denies together are MFA",
    ...role(
      { Principal: OUTSIDE, Action: ["sts:AssumeRole", "sts:AssumeRoleWithSAML"] },
      ...["sts:AssumeRole", "sts:AssumeRoleWithSAML"].map((Action) => ({
        Effect: "Deny",
        Principal: "*",
        Action,
        Condition: { Null: { "aws:MultiFactorAuthAge": "true" } },
      })),
    ),
    ...MFA,
    expect: [],
  },
  {
    name: "a Deny does not cover actions that the statement does not name",
    ...role(
      { Principal: OUTSIDE, Action: undefined, NotAction: "sts:TagSession" },
      { Effect: "Deny", Principal: "*", Condition: { Null: { "aws:MultiFactorAuthAge": "true" } } },
    ),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "a Deny in another document is not MFA",
    type: "aws:x/y:Y",
    props: {
      a: documentOf({ Effect: "Allow", Action: "sts:AssumeRole", Principal: OUTSIDE }),
      b: documentOf({
        Effect: "Deny",
        Action: "sts:AssumeRole",
        Principal: "*",
        Condition: { Null: { "aws:MultiFactorAuthAge": "true" } },
      }),
    },
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "a known age of MFA is enough",
    ...trust({ Null: { "aws:MultiFactorAuthAge": "false" } }),
    ...MFA,
    expect: [],
  },
  {
    name: "an absent age of MFA is not",
    ...trust({ Null: { "aws:MultiFactorAuthAge": "true" } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "an account in small letters is one",
    ...trust(undefined, { aws: "arn:aws:iam::444455556666:root" }),
    ...MFA,
    expect: ["trust-needs"],
  },
  ...Object.entries({
    assumeRoles: [
      { roleArn: "arn:aws:iam::777788889999:role/hub", externalId: "777788889999" },
      { roleArn: "arn:aws:iam::444455556666:role/deploy" },
    ],
    assumeRole: { roleArn: "arn:aws:iam::444455556666:role/deploy" },
  }).flatMap(([name, value]) =>
    [value, JSON.stringify(value)].map(
      (one): Case => ({
        name: `trust within the account of ${name} needs neither, given as ${typeof one}`,
        ...trust(),
        provider: { [name]: one },
        ...MFA,
        expect: [],
      }),
    ),
  ),
  {
    name: "an account that is only on the way is another",
    ...trust(undefined, { AWS: "777788889999" }),
    provider: {
      assumeRoles:
        '[{"roleArn":"arn:aws:iam::777788889999:role/hub","externalId":"777788889999"},{"roleArn":"arn:aws:iam::444455556666:role/deploy"}]',
    },
    ...MFA,
    expect: ["trust-needs"],
  },
  ...[MFA, LISTED].flatMap((config) =>
    [
      { "Fn::Sub": "arn:$" + "{AWS::Partition}:iam::$" + "{AWS::AccountId}:root" },
      { "Fn::GetAtt": ["Reader", "Arn"] },
      { Ref: "AWS::AccountId" },
    ].map(
      (AWS): Case => ({
        name: `${JSON.stringify(AWS)} in a template is its own account, for ${Object.keys(config.config!).at(-1)}`,
        type: "aws:cloudformation/stack:Stack",
        props: {
          templateBody: JSON.stringify({
            Resources: {
              A: {
                Type: "AWS::IAM::Role",
                Properties: {
                  AssumeRolePolicyDocument: documentOf({
                    Effect: "Allow",
                    Action: "sts:AssumeRole",
                    Principal: { AWS },
                  }),
                },
              },
            },
          }),
        },
        ...config,
        expect: [],
      }),
    ),
  ),
  { name: "a Deny asks for no MFA", ...role({ Effect: "Deny", Principal: OUTSIDE }), ...MFA, expect: [] },
  {
    name: "one statement's MFA does not cover another",
    ...role(
      { Principal: OUTSIDE, Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } },
      { Sid: "Bare", Principal: OUTSIDE },
    ),
    ...MFA,
    expect: ['trust-needs-mfa-or-external-id mandatory: …"Bare"'],
  },
  {
    name: "another boolean is not MFA",
    ...trust({ Bool: { "aws:SecureTransport": "true" } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "MFA or its absence is not MFA",
    ...trust({ Bool: { "aws:MultiFactorAuthPresent": ["true", "false"] } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "another number is not the age of MFA",
    ...trust({ NumericLessThan: { "s3:max-keys": "10" } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "an age of MFA without value is not MFA",
    ...trust({ NumericLessThan: { "aws:MultiFactorAuthAge": [] } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "an external ID or any is not enough",
    ...trust({ StringLike: { "sts:ExternalId": ["agreed", "*"] } }),
    ...MFA,
    expect: ["trust-needs"],
  },
  {
    name: "an external ID not known yet is left to the update",
    ...trust({ StringEquals: { "sts:ExternalId": UNKNOWN } }),
    ...MFA,
    expect: [],
  },
  {
    name: "an account not known yet is left to the update",
    ...trust(undefined, { AWS: UNKNOWN }),
    ...MFA,
    expect: ["known-at-preview advisory: "],
  },
];
