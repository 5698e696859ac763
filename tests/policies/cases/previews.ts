import { UNKNOWN } from "../analyzer";
import { BLOCKED, BUCKET_POLICY, type Case, documentOf, ROLE, statement } from "../case";

const LATER = "known-at-preview advisory: …";
const UNKNOWN_OBJECT = "dd056dcd-154b-4c76-9bd3-c8f88648b5ff";

// One for each kind of value: boolean, number, string, array, asset, archive, object.
const SENTINELS = [
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  UNKNOWN,
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  UNKNOWN_OBJECT,
];

/** What is said while values are unknown. */
export const previews: Case[] = [
  {
    name: "a document not known yet is reported by resource and property",
    type: BUCKET_POLICY,
    props: { bucket: "site", policy: UNKNOWN },
    expect: [`${LATER}aws:s3/bucketPolicy:BucketPolicy "site", property policy: not known before the update`],
  },
  {
    name: "an organisation can make that mandatory",
    type: BUCKET_POLICY,
    props: { policy: UNKNOWN },
    config: { "known-at-preview": { enforcementLevel: "mandatory" } },
    expect: ["known-at-preview mandatory: "],
  },
  {
    name: "a document not known yet is reported as an object too",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: UNKNOWN_OBJECT },
    expect: [`${LATER}property policyDocument`],
  },
  {
    name: "other values not known yet are not reported",
    type: BUCKET_POLICY,
    props: { bucket: UNKNOWN, tags: { a: UNKNOWN } },
    expect: [],
  },
  {
    name: "an identity policy not known yet is not reported",
    type: "aws:iam/policy:Policy",
    props: { policy: UNKNOWN },
    expect: [],
  },
  {
    name: "a principal not known yet is reported by statement",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: documentOf(statement({ Sid: "Team", Principal: { AWS: UNKNOWN } })) },
    expect: [`${LATER}property policyDocument, statement "Team", its principal`],
  },
  {
    name: "a principal that is partly unknown is reported",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: documentOf(statement({ Principal: { AWS: `arn:aws:iam::${UNKNOWN}:root` } })) },
    expect: [LATER],
  },
  {
    name: "a wildcard beside an unknown part is blocked",
    type: "aws-native:s3:BucketPolicy",
    props: {
      policyDocument: documentOf(statement({ Principal: { AWS: `arn:aws:iam::${UNKNOWN}:role/*` } })),
    },
    expect: [`${BLOCKED}arn:aws:iam::(unknown):role/*`],
  },
  {
    name: "an unknown value in a document does not hide the wildcard in it",
    type: "aws-native:s3:BucketPolicy",
    props: { bucket: UNKNOWN, policyDocument: documentOf(statement({ Principal: "*", Resource: UNKNOWN })) },
    expect: [BLOCKED],
  },
  {
    name: "an unknown principal does not hide the wildcard in its list",
    type: ROLE,
    props: {
      assumeRolePolicy: documentOf({
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Principal: { AWS: [UNKNOWN, "*"] },
      }),
    },
    expect: [BLOCKED, LATER],
  },
  {
    name: "an unknown statement does not hide the wildcard in the next",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: { Statement: [UNKNOWN_OBJECT, statement({ Principal: "*" })] } },
    expect: [`${BLOCKED}statement 2 of 2`, `${LATER}property policyDocument.Statement[0]`],
  },
  {
    name: "an unknown effect counts as Allow",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: documentOf(statement({ Effect: UNKNOWN, Principal: "*" })) },
    expect: [BLOCKED],
  },
  {
    name: "an unknown condition is no excuse where none is accepted",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: documentOf(statement({ Principal: "*", Condition: UNKNOWN_OBJECT })) },
    expect: [BLOCKED, LATER],
  },
  {
    name: "an unknown condition is left to the update where some are accepted",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: documentOf(statement({ Principal: "*", Condition: UNKNOWN_OBJECT })) },
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:SourceVpce": [] } } },
    expect: [LATER],
  },
  {
    name: "a bare principal not known yet is reported",
    type: "aws:lambda/permission:Permission",
    props: { principal: UNKNOWN, action: "lambda:InvokeFunction" },
    expect: [`${LATER}property principal`],
  },
  {
    name: "an ACL not known yet is reported",
    type: "aws:s3/bucketAcl:BucketAcl",
    props: { acl: UNKNOWN },
    expect: [`${LATER}property acl`],
  },
  {
    name: "a template not known yet is reported",
    type: "aws:cloudformation/stack:Stack",
    props: { templateBody: UNKNOWN },
    expect: [`${LATER}property templateBody`],
  },

  ...SENTINELS.map(
    (value): Case => ({
      name: `a value not known yet is known as such, sent as ${value}`,
      type: BUCKET_POLICY,
      props: { policy: value },
      expect: [`${LATER}property policy`],
    }),
  ),
  {
    name: "a Deny of who is not known yet is not reported",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: documentOf(statement({ Effect: "Deny", Principal: { AWS: UNKNOWN } })) },
    expect: [],
  },

  {
    name: "policies not known yet are reported",
    type: "aws:x/y:Y",
    props: { policies: UNKNOWN },
    expect: [`${LATER}property policies`],
  },
  {
    name: "a policy document under a longer name that is not known yet is reported",
    type: "aws-native:codeartifact:Domain",
    props: { permissionsPolicyDocument: UNKNOWN_OBJECT },
    expect: [`${LATER}property permissionsPolicyDocument`],
  },
  {
    name: "an organization's delegation policy not known yet is reported, its other properties are not",
    type: "aws:organizations/resourcePolicy:ResourcePolicy",
    props: { content: UNKNOWN, x: UNKNOWN },
    expect: [`${LATER}property content`],
  },
  {
    name: "other content not known yet is not reported",
    type: "aws:ssm/document:Document",
    props: { content: UNKNOWN },
    expect: [],
  },
  {
    name: "a trust policy of aws-native not known yet is reported",
    type: "aws-native:iam:Role",
    props: { assumeRolePolicyDocument: UNKNOWN_OBJECT },
    expect: [`${LATER}property assumeRolePolicyDocument`],
  },

  {
    name: "a condition that is known is none to wait for",
    type: "aws-native:s3:BucketPolicy",
    props: {
      bucket: UNKNOWN,
      policyDocument: documentOf(
        statement({ Principal: "*", Condition: { StringEquals: { "aws:SourceVpce": "vpce-1" } } }),
      ),
    },
    expect: [BLOCKED],
  },
  ...["Ref", "Fn::ImportValue"].flatMap((reference) => {
    const document = documentOf(statement({ Principal: { AWS: { [reference]: "Who" } } }));
    return [
      {
        name: `${reference} in an object is reported`,
        type: "aws-native:s3:BucketPolicy",
        props: { policyDocument: document },
        expect: [LATER],
      },
      {
        name: `${reference} in text is reported`,
        type: "acme:x:Y",
        props: { text: JSON.stringify(document) },
        expect: [LATER],
      },
    ];
  }),
  {
    name: "a reference in YAML is reported",
    type: "acme:x:Y",
    props: {
      text: "A:\n  Type: AWS::S3::BucketPolicy\n  Properties:\n    PolicyDocument: { Statement: { Effect: Allow, Principal: !ImportValue who } }",
    },
    expect: [LATER],
  },
];
