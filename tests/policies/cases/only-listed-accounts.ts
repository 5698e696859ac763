import { bucketPolicy, type Case, documentOf, onlyPolicy, snsPublisher, statement } from "../case";

export const LISTED = onlyPolicy("only-listed-accounts", {
  trustedAccounts: ["111122223333"],
  trustedOrganizations: ["o-abcdefghij"],
});
const OUTSIDE = { AWS: "arn:aws:iam::444455556666:root" };
const OWN = { allowedAccountIds: '["444455556666"]' };

/** Shares that do not name their receiver as a principal. */
const SHARES = [
  "redshift:DataShareAuthorization.consumerIdentifier",
  "redshift:EndpointAuthorization.account",
  "opensearch:AuthorizeVpcEndpointAccess.account",
  "cfg:AggregateAuthorization.accountId",
  "auditmanager:FrameworkShare.destinationAccount",
  "ec2:NetworkInterfacePermission.awsAccountId",
  "ec2:AmiLaunchPermission.accountId",
  "ec2:AmiLaunchPermission.organizationArn",
  "ec2:SnapshotCreateVolumePermission.accountId",
  "rds:Snapshot.sharedAccounts",
  "rds:SnapshotCopy.sharedAccounts",
  "rds:ClusterSnapshot.sharedAccounts",
  "rds:ClusterSnapshotCopy.sharedAccounts",
  "ssm:Document.accountIds",
  "ssm:Document.account_ids",
  "imagebuilder:DistributionConfiguration.userIds",
  "imagebuilder:DistributionConfiguration.organizationArns",
  "dlm:LifecyclePolicy.targetAccounts",
  "lakeformation:DataLakeSettings.trustedResourceOwners",
  "s3control:AccessGrant.granteeIdentifier",
];

/** Accounts and organizations that are let in are on a list. */
export const onlyListedAccounts: Case[] = [
  {
    name: "a listed account passes, as ARN or ID",
    ...bucketPolicy({
      Principal: {
        AWS: [
          "111122223333",
          "arn:aws:iam::111122223333:role/reader",
          "arn:aws-cn:sts::111122223333:assumed-role/a/b",
        ],
      },
    }),
    ...LISTED,
    expect: [],
  },
  {
    name: "an account on no list is refused",
    ...bucketPolicy({ Principal: OUTSIDE }),
    ...LISTED,
    expect: [
      "only-listed-accounts mandatory: …arn:aws:iam::444455556666:root…on no list…trustedAccounts (111122223333)",
    ],
  },
  {
    name: "with nothing listed, any other account is refused",
    ...bucketPolicy({}),
    ...onlyPolicy("only-listed-accounts"),
    expect: [
      "only-listed-accounts mandatory: …Write instead: an account that you add to the setting trustedAccounts.",
    ],
  },
  {
    name: "the provider's own account passes",
    ...bucketPolicy({ Principal: OUTSIDE }),
    provider: OWN,
    ...LISTED,
    expect: [],
  },
  {
    name: "each account on no list is reported",
    ...bucketPolicy({ Principal: { AWS: ["444455556666", "111122223333", "777788889999"] } }),
    ...LISTED,
    expect: [
      "only-listed-accounts mandatory: …444455556666",
      "only-listed-accounts mandatory: …777788889999",
    ],
  },
  {
    name: "everyone is on no list",
    ...bucketPolicy({ Principal: "*" }),
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …does not say which account"],
  },
  {
    name: "a role's unique ID does not name its account",
    ...bucketPolicy({ Principal: { AWS: "AROAEXAMPLEID" } }),
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …does not say"],
  },
  {
    name: "a canonical user does not name its account",
    ...bucketPolicy({ Principal: { CanonicalUser: "79a59df9" } }),
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …does not say"],
  },
  {
    name: "a distribution's identity is AWS's own",
    ...bucketPolicy({
      Principal: { AWS: "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1" },
    }),
    ...LISTED,
    expect: [],
  },
  {
    name: "a condition on a listed organisation passes everyone in it",
    ...bucketPolicy({
      Principal: "*",
      Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } },
    }),
    ...LISTED,
    expect: [],
  },
  {
    name: "a condition on another organisation does not",
    ...bucketPolicy({
      Principal: "*",
      Condition: { StringEquals: { "aws:PrincipalOrgID": "o-zzzzzzzzzz" } },
    }),
    ...LISTED,
    expect: ["only-listed"],
  },
  {
    name: "a condition on the account's number passes",
    ...bucketPolicy({
      Principal: "*",
      Condition: { StringEquals: { "aws:PrincipalAccount": "111122223333" } },
    }),
    ...LISTED,
    expect: [],
  },
  {
    name: "a condition on a listed account passes",
    ...bucketPolicy({
      Principal: "*",
      Condition: { ArnEquals: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/reader" } },
    }),
    ...LISTED,
    expect: [],
  },
  {
    name: "a condition with IfExists does not",
    ...bucketPolicy({
      Principal: "*",
      Condition: { StringEqualsIfExists: { "aws:PrincipalAccount": "111122223333" } },
    }),
    ...LISTED,
    expect: ["only-listed"],
  },
  { name: "a service is no account", ...snsPublisher(), ...LISTED, expect: [] },
  {
    name: "a bare service is no account",
    type: "aws:lambda/permission:Permission",
    props: { principal: "s3.amazonaws.com" },
    ...LISTED,
    expect: [],
  },
  {
    name: "a share with an account on no list is refused",
    type: "aws:ram/principalAssociation:PrincipalAssociation",
    props: { principal: "444455556666" },
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …property principal"],
  },
  {
    name: "a share with a listed organisation passes",
    type: "aws:ram/principalAssociation:PrincipalAssociation",
    props: { principal: "arn:aws:organizations::999999999999:organization/o-abcdefghij" },
    ...LISTED,
    expect: [],
  },
  {
    name: "a key's grantee on no list is refused",
    type: "aws:kms/grant:Grant",
    props: { granteePrincipal: OUTSIDE.AWS },
    ...LISTED,
    expect: ["only-listed"],
  },
  {
    name: "a shared snapshot's account on no list is refused",
    type: "aws:rds/snapshot:Snapshot",
    props: { sharedAccounts: ["111122223333", "444455556666"] },
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …444455556666"],
  },
  {
    name: "a document's accounts are judged one by one",
    type: "aws:ssm/document:Document",
    props: { permissions: { type: "Share", accountIds: "111122223333,444455556666" } },
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …444455556666"],
  },
  {
    name: "a role named like a listed organisation is not in it",
    ...bucketPolicy({ Principal: { AWS: "arn:aws:iam::444455556666:role/o-abcdefghij" } }),
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …trustedOrganizations (o-abcdefghij)"],
  },
  {
    name: "a path within a listed organisation passes",
    ...bucketPolicy({
      Principal: "*",
      Condition: { "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-abcdefghij/r-1/*" } },
    }),
    ...LISTED,
    expect: [],
  },
  {
    name: "an organisational unit of a listed organisation passes",
    type: "aws:ram/principalAssociation:PrincipalAssociation",
    props: { principal: "arn:aws:organizations::999999999999:ou/o-abcdefghij/ou-1" },
    ...LISTED,
    expect: [],
  },
  {
    name: "a template's own account is on every list",
    type: "aws:cloudformation/stack:Stack",
    props: {
      templateBody: JSON.stringify({
        Resources: {
          A: {
            Type: "AWS::S3::BucketPolicy",
            Properties: {
              PolicyDocument: documentOf(
                statement({ Principal: { AWS: { "Fn::Sub": "arn:aws:iam::$" + "{AWS::AccountId}:root" } } }),
              ),
            },
          },
        },
      }),
    },
    ...LISTED,
    expect: [],
  },
  ...SHARES.map((place): Case => {
    const [type = "", property = ""] = place.split(".");
    return {
      name: `${property} of ${type} is a share`,
      type: `aws:${type}`,
      props: { [property]: "444455556666" },
      ...LISTED,
      expect: ["only-listed-accounts mandatory: …444455556666"],
    };
  }),
];
