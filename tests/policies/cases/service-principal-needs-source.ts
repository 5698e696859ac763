import { bucketPolicy, type Case, onlyPolicy, snsPublisher, trust } from "../case";

const SOURCE = onlyPolicy("service-principal-needs-source");

/** Services are let in on behalf of named accounts or resources. */
export const servicePrincipalNeedsSource: Case[] = [
  {
    name: "a service without source is refused",
    ...snsPublisher(),
    ...SOURCE,
    expect: [
      "service-principal-needs-source mandatory: …sns.amazonaws.com…confused deputy…aws:SourceAccount",
    ],
  },
  {
    name: "a source account is enough",
    ...snsPublisher({ StringEquals: { "aws:SourceAccount": "111122223333" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a source ARN with a fixed account is enough",
    ...snsPublisher({ ArnLike: { "aws:SourceArn": "arn:aws:sns:*:111122223333:*" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a bucket's ARN, which has no account, is enough",
    ...snsPublisher({ ArnEquals: { "aws:SourceArn": "arn:aws:s3:::site" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a source ARN of any account is not",
    ...snsPublisher({ ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:topic" } }),
    ...SOURCE,
    expect: ["service-principal"],
  },
  {
    name: "a source with IfExists is not",
    ...snsPublisher({ StringEqualsIfExists: { "aws:SourceAccount": "111122223333" } }),
    ...SOURCE,
    expect: ["service-principal"],
  },
  {
    name: "a source beside a bare principal is enough",
    type: "aws:lambda/permission:Permission",
    props: { principal: "s3.amazonaws.com", sourceAccount: "111122223333" },
    ...SOURCE,
    expect: [],
  },
  {
    name: "a bare service without source is refused",
    type: "aws:lambda/permission:Permission",
    props: { principal: "s3.amazonaws.com" },
    ...SOURCE,
    expect: ["service-principal-needs-source mandatory: …property principal"],
  },
  {
    name: "a service in small letters is one",
    ...bucketPolicy({ Principal: { service: "sns.amazonaws.com" } }),
    ...SOURCE,
    expect: ["service-principal"],
  },
  {
    name: "a service in China is one",
    type: "aws:lambda/permission:Permission",
    props: { principal: "s3.amazonaws.com.cn" },
    ...SOURCE,
    expect: ["service-principal"],
  },
  {
    name: "a source ARN in a template's own account is enough",
    type: "aws:cloudformation/stack:Stack",
    props: {
      templateBody: JSON.stringify({
        Resources: {
          A: {
            Type: "AWS::Lambda::Permission",
            Properties: {
              Principal: "s3.amazonaws.com",
              SourceArn: { "Fn::Sub": "arn:aws:s3:*:$" + "{AWS::AccountId}:*" },
            },
          },
        },
      }),
    },
    ...SOURCE,
    expect: [],
  },
  {
    name: "an Alexa skill without token is refused",
    type: "aws:lambda/permission:Permission",
    props: { principal: "alexa-appkit.amazon.com" },
    ...SOURCE,
    expect: ["service-principal"],
  },
  {
    name: "an instance role's trust in China has no source to name",
    ...trust(undefined, { Service: "ec2.amazonaws.com.cn" }),
    config: Object.fromEntries([
      ["service-principal-needs-source", { enforcementLevel: "mandatory" as const }],
    ]),
    expect: [],
  },
  {
    name: "an instance role's trust has no source to name",
    ...trust(undefined, { Service: "ec2.amazonaws.com" }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "an organisation may list services that send no source",
    ...snsPublisher(),
    ...onlyPolicy("service-principal-needs-source", { servicesWithoutSource: ["sns.amazonaws.com"] }),
    expect: [],
  },
  { name: "accounts need no source", ...bucketPolicy({}), ...SOURCE, expect: [] },
  {
    name: "a source organisation is enough",
    ...snsPublisher({ StringEquals: { "aws:SourceOrgID": "o-abcdefghij" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a path in a source organisation is enough",
    ...snsPublisher({ "ForAnyValue:StringEquals": { "aws:SourceOrgPaths": "o-abcdefghij/r-1/ou-1/" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a pattern of source accounts is not",
    ...snsPublisher({ StringLike: { "aws:SourceAccount": "1111*" } }),
    ...SOURCE,
    expect: ["service-principal"],
  },
];
