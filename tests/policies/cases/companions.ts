import { type Config, UNKNOWN } from "../analyzer";
import { bucketPolicy, type Case, documentOf, role, statement } from "../case";

const only = (policy: string, settings: object = {}): Pick<Case, "config"> => ({
  config: {
    "no-wildcard-principals": { enforcementLevel: "disabled" },
    [policy]: { enforcementLevel: "mandatory", ...settings } as Config[string],
  },
});
const MFA = only("trust-needs-mfa-or-external-id");
const LISTED = only("only-listed-accounts", {
  trustedAccounts: ["111122223333"],
  trustedOrganizations: ["o-abcdefghij"],
});
const SOURCE = only("service-principal-needs-source");
const SUBJECT = only("federated-trust-needs-subject");
const OUTSIDE = { AWS: "arn:aws:iam::444455556666:root" };
const trust = (Condition?: object, Principal: object | string = OUTSIDE): Pick<Case, "type" | "props"> =>
  role({ Principal, ...(Condition && { Condition }) });
const sns = (Condition?: object): Pick<Case, "type" | "props"> =>
  bucketPolicy({ Principal: { Service: "sns.amazonaws.com" }, Condition });
const GITHUB = "token.actions.githubusercontent.com";
const github = (Condition?: object): Pick<Case, "type" | "props"> =>
  trust(Condition, { Federated: `arn:aws:iam::111122223333:oidc-provider/${GITHUB}` });
const OWN = { allowedAccountIds: '["444455556666"]' };

// Shares whose receiver is not called a principal.
const SHARES = `redshift:DataShareAuthorization.consumerIdentifier redshift:EndpointAuthorization.account
  opensearch:AuthorizeVpcEndpointAccess.account cfg:AggregateAuthorization.accountId
  auditmanager:FrameworkShare.destinationAccount ec2:NetworkInterfacePermission.awsAccountId
  ec2:AmiLaunchPermission.accountId ec2:AmiLaunchPermission.organizationArn ec2:SnapshotCreateVolumePermission.accountId
  rds:Snapshot.sharedAccounts rds:SnapshotCopy.sharedAccounts rds:ClusterSnapshot.sharedAccounts
  rds:ClusterSnapshotCopy.sharedAccounts ssm:Document.accountIds
  ssm:Document.account_ids imagebuilder:DistributionConfiguration.userIds
  imagebuilder:DistributionConfiguration.organizationArns dlm:LifecyclePolicy.targetAccounts
  lakeformation:DataLakeSettings.trustedResourceOwners s3control:AccessGrant.granteeIdentifier`.split(/\s+/);

/** The policies beside the main one, which are off until an organisation turns them on. */
export const companions: Case[] = [
  { name: "every companion is off by default", ...trust(), expect: [] },
  {
    name: "a companion can be advisory",
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
    ...only("only-listed-accounts"),
    expect: ["only-listed-accounts mandatory: …trustedAccounts (empty)…trustedOrganizations (empty)"],
  },
  {
    name: "the provider's own account passes",
    ...bucketPolicy({ Principal: OUTSIDE }),
    provider: OWN,
    ...LISTED,
    expect: [],
  },
  {
    name: "each account on no list is told",
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
    expect: ["only-listed-accounts mandatory: …does not tell which account"],
  },
  {
    name: "a role's unique ID does not tell its account",
    ...bucketPolicy({ Principal: { AWS: "AROAEXAMPLEID" } }),
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …does not tell"],
  },
  {
    name: "a canonical user does not tell its account",
    ...bucketPolicy({ Principal: { CanonicalUser: "79a59df9" } }),
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …does not tell"],
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
  { name: "a service is no account", ...sns(), ...LISTED, expect: [] },
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
    name: "a document's accounts are told apart",
    type: "aws:ssm/document:Document",
    props: { permissions: { type: "Share", accountIds: "111122223333,444455556666" } },
    ...LISTED,
    expect: ["only-listed-accounts mandatory: …444455556666"],
  },

  {
    name: "a service without source is refused",
    ...sns(),
    ...SOURCE,
    expect: [
      "service-principal-needs-source mandatory: …sns.amazonaws.com…confused deputy…aws:SourceAccount",
    ],
  },
  {
    name: "a source account is enough",
    ...sns({ StringEquals: { "aws:SourceAccount": "111122223333" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a source ARN with a fixed account is enough",
    ...sns({ ArnLike: { "aws:SourceArn": "arn:aws:sns:*:111122223333:*" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a bucket's ARN, which has no account, is enough",
    ...sns({ ArnEquals: { "aws:SourceArn": "arn:aws:s3:::site" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a source ARN of any account is not",
    ...sns({ ArnLike: { "aws:SourceArn": "arn:aws:sns:*:*:topic" } }),
    ...SOURCE,
    expect: ["service-principal"],
  },
  {
    name: "a source with IfExists is not",
    ...sns({ StringEqualsIfExists: { "aws:SourceAccount": "111122223333" } }),
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
    ...sns(),
    ...only("service-principal-needs-source", { servicesWithoutSource: ["sns.amazonaws.com"] }),
    expect: [],
  },
  { name: "accounts need no source", ...bucketPolicy({}), ...SOURCE, expect: [] },

  {
    name: "an OpenID Connect trust without subject is refused",
    ...github({ StringEquals: { [`${GITHUB}:aud`]: "sts.amazonaws.com" } }),
    ...SUBJECT,
    expect: [`federated-trust-needs-subject mandatory: …oidc-provider/${GITHUB}…"${GITHUB}:sub"`],
  },
  {
    name: "a fixed subject is enough",
    ...github({ StringEquals: { [`${GITHUB}:sub`]: "repo:acme/site:ref:refs/heads/main" } }),
    ...SUBJECT,
    expect: [],
  },
  {
    name: "a pattern of subjects is not",
    ...github({ StringLike: { [`${GITHUB}:sub`]: "repo:acme/*" } }),
    ...SUBJECT,
    expect: ["federated-trust"],
  },
  {
    name: "another provider's subject is not",
    ...github({ StringEquals: { "example.com:sub": "repo:acme/site" } }),
    ...SUBJECT,
    expect: ["federated-trust"],
  },
  {
    name: "a provider in small letters is one",
    ...trust(undefined, { federated: "accounts.google.com" }),
    ...SUBJECT,
    expect: ["federated-trust"],
  },
  {
    name: "a web identity without subject is refused",
    ...trust(undefined, { Federated: "accounts.google.com" }),
    ...SUBJECT,
    expect: ['federated-trust-needs-subject mandatory: …"accounts.google.com:sub"'],
  },
  {
    name: "a Cognito identity pool is told by its audience",
    ...trust(
      { StringEquals: { "cognito-identity.amazonaws.com:aud": "us-east-1:pool" } },
      { Federated: "cognito-identity.amazonaws.com" },
    ),
    ...SUBJECT,
    expect: [],
  },
  {
    name: "a SAML provider has no subject to fix",
    ...trust(undefined, { Federated: "arn:aws:iam::111122223333:saml-provider/Example" }),
    ...SUBJECT,
    expect: [],
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
  {
    name: "a source organisation is enough",
    ...sns({ StringEquals: { "aws:SourceOrgID": "o-abcdefghij" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a path in a source organisation is enough",
    ...sns({ "ForAnyValue:StringEquals": { "aws:SourceOrgPaths": "o-abcdefghij/r-1/ou-1/" } }),
    ...SOURCE,
    expect: [],
  },
  {
    name: "a pattern of source accounts is not",
    ...sns({ StringLike: { "aws:SourceAccount": "1111*" } }),
    ...SOURCE,
    expect: ["service-principal"],
  },
  ...Object.entries({
    "accounts.google.com": "sub",
    "graph.facebook.com": "id",
    "www.amazon.com": "user_id",
    "cognito-identity.amazonaws.com": "aud",
  }).map(
    ([host, key]): Case => ({
      name: `${host} names its subject by ${key}`,
      ...trust(undefined, { Federated: host }),
      ...SUBJECT,
      expect: [`federated-trust-needs-subject mandatory: …"${host}:${key}"`],
    }),
  ),

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
