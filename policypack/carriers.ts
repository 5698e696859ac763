/** A property that opens a resource to everyone without being a policy document. */
export interface Rule {
  /** Types by {@link typeKey}; any of AWS's where left out. */
  type?: RegExp;
  key: RegExp;
  value: RegExp;
  why: string;
  write: string;
}

// A rule about any key is about a value that AWS alone has, whatever the package.
const ANY_KEY = /(?:)/;

const RULES: Rule[] = [
  {
    key: ANY_KEY,
    value: /^https?:\/\/acs\.amazonaws\.com\/groups\/global\/(AllUsers|AuthenticatedUsers)$/i,
    why: "The group is everyone on the internet (AllUsers) or everyone with any AWS account (AuthenticatedUsers).",
    write:
      "no grant to the group: name accounts in a bucket policy, and set objectOwnership to BucketOwnerEnforced",
  },
  {
    key: /acl$|^accessControl$|canned_?acl/i,
    value: /^(public[-_]?read([-_]?write)?|authenticated[-_]?read)$/i,
    why: "This canned ACL lets in everyone on the internet, or everyone with any AWS account.",
    write: '"private", and name accounts in a bucket policy',
  },
  {
    key: /^grantee$/i,
    value: /^(AllUsers|AuthenticatedUsers)$/i,
    why: "The files would be open to everyone, or to everyone with any AWS account.",
    write: "the canonical user ID of the account that needs them",
  },
  {
    type: /^(lambda:(functionurl|url|permission)|serverless:function|bedrock:agentcoregateway|bedrockagentcore:gateway)$/,
    key: /^(functionUrl)?auth(orization|orizer)?Type$/i,
    value: /^NONE$/i,
    why: "Anyone on the internet can call it without signing the request.",
    write: '"AWS_IAM", and permit the callers by account or role ARN',
  },
  {
    type: /^ec2:amilaunchpermission$/,
    key: /^group$/i,
    value: /^all$/i,
    why: "Everyone with an AWS account can launch, and so read, the image.",
    write: "accountId, or organizationArn",
  },
  {
    key: /^(sharedAccounts|userGroups)$/i,
    value: /^all$/i,
    why: "Everyone with an AWS account can copy, and so read, what is shared.",
    write: "the 12-digit IDs of the accounts that need it",
  },
  {
    type: /^(ec2:snapshotcreatevolumepermission|ssm:document)$/,
    key: /^account_?ids?$/i,
    value: /(^|,)\s*all\s*(,|$)/i,
    why: "Everyone with an AWS account can use, and so read, what is shared.",
    write: "the 12-digit IDs of the accounts that need it",
  },
  {
    key: /principal/i,
    value: /^(IAM_ALLOWED_PRINCIPALS|\d{12}:IAMPrincipals)$/i,
    why: "Lake Formation reads it as every IAM principal of the account, and stops deciding itself.",
    write: "the ARN of the role or user that needs the data",
  },
  {
    key: /^AllowFromPublic$/i,
    value: /^true$/,
    why: "The collection's endpoint can be reached from the internet.",
    write: "false, with SourceVPCEs naming the VPC endpoints that need it",
  },
  {
    type: /^ram:resourceshare$/,
    key: /^allowExternalPrincipals$/i,
    value: /^true$/,
    why: "The share can be given to any AWS account, outside the organisation too.",
    write: "false",
  },
  {
    type: /^codebuild:project$/,
    key: /^(projectV|v)isibility$/i,
    value: /^PUBLIC_READ$/i,
    why: "Everyone on the internet can read the project's builds, logs and artifacts.",
    write: '"PRIVATE"',
  },
  {
    type: /^lightsail:bucket$/,
    key: /^getObject$/i,
    value: /^public$/i,
    why: "Everyone on the internet can read every object.",
    write: '"private"',
  },
];

// One look tells most values apart from all rules.
const ANY_VALUE = new RegExp(RULES.map((rule) => rule.value.source).join("|"), "i");

/** The rule that a property falls under; with no value given, any rule about a property of that name. */
export function ruleFor(type: string, key: string, value?: string): Rule | undefined {
  if (value !== undefined && !ANY_VALUE.test(value)) return undefined;
  return RULES.find(
    (rule) =>
      (rule.type?.test(type) ?? (type !== "" || rule.key === ANY_KEY)) &&
      rule.key.test(key) &&
      (value === undefined ? rule.key !== ANY_KEY : rule.value.test(value)),
  );
}

const ENDPOINT =
  "An endpoint policy only filters what passes the endpoint; Principal * is AWS's own default there.";

/** Properties that are never judged, by reason: `service:type.property` as {@link typeKey} writes types, in lower case. */
export const EXEMPT: Record<string, string[]> = {
  [ENDPOINT]:
    `ec2:vpcendpoint.policy ec2:vpcendpoint.policydocument ec2:vpcendpointpolicy.policy odb:network.s3policydocument
    odb:network.stspolicydocument odb:network.kmspolicydocument odb:odbnetwork.s3policydocument
    odb:odbnetwork.stspolicydocument odb:odbnetwork.kmspolicydocument`.split(/\s+/),
  "Organization policies grant nothing: a service control policy has no principal, a resource control policy must say Principal *.":
    ["organizations:policy.content"],
  "A stack policy must say Principal *; it protects a stack from its own updates.": [
    "cloudformation:stack.policybody",
    "cloudformation:stack.stackpolicybody",
  ],
  "A data protection policy's Principal selects whose messages are inspected, and grants nothing.":
    `sns:dataprotectionpolicy.policy sns:topic.dataprotectionpolicy cloudwatch:logdataprotectionpolicy.policydocument
    cloudwatch:logaccountpolicy.policydocument logs:accountpolicy.policydocument logs:loggroup.dataprotectionpolicy`.split(
      /\s+/,
    ),
  "An identity or session policy has no Principal: who holds it is settled elsewhere.":
    `iam:policy.policy iam:policy.policydocument iam:managedpolicy.policydocument iam:rolepolicy.policy
    iam:rolepolicy.policydocument iam:userpolicy.policy iam:userpolicy.policydocument iam:grouppolicy.policy
    iam:grouppolicy.policydocument iam:role.inlinepolicies iam:role.policies iam:user.policies iam:group.policies
    ssoadmin:permissionsetinlinepolicy.inlinepolicy sso:permissionset.inlinepolicy iot:policy.policy
    iot:policy.policydocument transfer:user.policy transfer:access.policy rolesanywhere:profile.sessionpolicy
    eks:podidentityassociation.policy ram:permission.policytemplate`.split(/\s+/),
  "It is not an IAM policy document, or only the name of one.":
    `ecr:lifecyclepolicy.policy cloudwatch:logindexpolicy.policydocument verifiedaccess:endpoint.policydocument
    verifiedaccess:group.policydocument ec2:verifiedaccessendpoint.policydocument
    ec2:verifiedaccessgroup.policydocument networkmanager:corenetworkpolicyattachment.policydocument
    networkmanager:corenetwork.basepolicydocument cfg:organizationcustompolicyrule.policytext
    route53:trafficpolicy.document iot:policyattachment.policy ses:receiptfilter.policy
    resiliencehub:resiliencypolicy.policy lambda:codesigningconfig.policies transfer:webapp.webappendpointpolicy
    workspacesweb:browsersettings.browserpolicy opensearch:serverlesslifecyclepolicy.policy
    opensearchserverless:lifecyclepolicy.policy`.split(/\s+/),
  "The principal is a certificate, an identity of one account, or an exclusion; there is no form for everyone.":
    ["iot:thingprincipalattachment.principal", "ecr:pulltimeupdateexclusion.principalarn"],
  "The principal is a person or group of the organisation's own directory, or a name in Kerberos or of a push service.":
    `ssoadmin:accountassignment.principalid ssoadmin:applicationassignment.principalid sso:assignment.principalid
    sso:applicationassignment.principalid datasync:locationhdfs.kerberosprincipal
    sns:platformapplication.platformprincipal`.split(/\s+/),
  "It lets a service into the organization's own management, where no source can be named.":
    `organizations:organization.awsserviceaccessprincipals organizations:awsserviceaccess.serviceprincipal
    organizations:delegatedadministrator.serviceprincipal`.split(/\s+/),
  "Guests of an identity pool get what its role for guests trusts and grants, and that role is judged.": [
    "cognito:identitypool.allowunauthenticatedidentities",
  ],
  "The audience is the members of one DataZone domain, decided by DataZone and not by IAM.": [
    "datazone:policygrant.principal",
  ],
  "NONE, the default, leaves a service to its VPC associations and names no principal; auth policies are judged.":
    ["vpclattice:service.authtype", "vpclattice:servicenetwork.authtype"],
  "The widest audience, namespace/default, is the registered readers of one QuickSight account, not IAM principals.":
    `quicksight:dashboard.permissions quicksight:dataset.permissions quicksight:analysis.permissions
    quicksight:datasource.permissions quicksight:folder.permissions quicksight:template.permissions
    quicksight:theme.permissions`.split(/\s+/),
};

const REASONS = new Map(
  Object.entries(EXEMPT).flatMap(([reason, places]) => places.map((place) => [place, reason])),
);

/** Why a property of a type is not judged, or nothing if it is. @param endpoints Judge endpoint policies too. */
export function exemption(type: string, property: string, endpoints: boolean): string | undefined {
  const reason = REASONS.get(`${type}.${property.toLowerCase()}`);
  return endpoints && reason === ENDPOINT ? undefined : reason;
}

/**
 * One name for a type in @pulumi/aws, aws-native and CloudFormation: `ec2:vpcendpoint`. Nothing for what is not AWS's: a
 * policy document is judged there too, while a "principal" is whatever that package means by it.
 */
export function typeKey(type: string): string {
  if (!/^aws|:aws_/i.test(type)) return "";
  const parts = type.toLowerCase().split(/[:/]+/);
  return `${parts[1] ?? ""}:${parts.at(-1) ?? ""}`;
}

// Shares without a document or a principal by name: who receives them is an account or an organization.
const SHARES = new Set(
  `redshift:datashareauthorization.consumeridentifier redshift:endpointauthorization.account
  opensearch:authorizevpcendpointaccess.account cfg:aggregateauthorization.accountid
  auditmanager:frameworkshare.destinationaccount ec2:networkinterfacepermission.awsaccountid
  ec2:amilaunchpermission.accountid ec2:amilaunchpermission.organizationarn ec2:snapshotcreatevolumepermission.accountid
  rds:snapshot.sharedaccounts rds:snapshotcopy.sharedaccounts rds:clustersnapshot.sharedaccounts
  rds:clustersnapshotcopy.sharedaccounts ssm:document.accountids
  ssm:document.account_ids imagebuilder:distributionconfiguration.userids
  imagebuilder:distributionconfiguration.organizationarns dlm:lifecyclepolicy.targetaccounts
  lakeformation:datalakesettings.trustedresourceowners s3control:accessgrant.granteeidentifier`.split(/\s+/),
);

/** Whether a property names who is let in, outside any policy document. */
export const namesPrincipal = (type: string, key: string): boolean =>
  (type !== "" && /principals?(arns?|ids?|identifiers?)?$/i.test(key)) ||
  SHARES.has(`${type}.${key.toLowerCase()}`);

/** Whether a property always holds a policy document, so that other text in it is a mistake. */
export const holdsDocument = (type: string, key: string): boolean =>
  type !== "" &&
  (/^((access|resource|repository|deliveryDestination)?Policy|(assumeRole)?Policy(Document)?|accessPolicies)$/i.test(
    key,
  ) ||
    (key === "content" && type === "organizations:resourcepolicy"));

/** Whether a property holds a template, or an API's OpenAPI document, as JSON or YAML. */
export const holdsTemplate = (type: string, key: string): boolean =>
  type !== "" && (/^templateBody$/i.test(key) || (/^body$/i.test(key) && /^apigateway/.test(type)));

/** Names of properties whose content says nothing of access, whatever it is called. */
export const isLabels = (key: string): boolean => /^(tags|tagsAll|variables)$/i.test(key);

/** Whether a property may hold a document, or anything else that is judged: told if it is unknown as a whole. */
export const mayHold = (type: string, key: string): boolean =>
  type !== "" &&
  (holdsDocument(type, key) ||
    holdsTemplate(type, key) ||
    /(polic(y|ies)|policyDocument|permissions|grants)$/i.test(key) ||
    /^(statement|desiredState|details|s3AccessPoint|distributions)$/i.test(key) ||
    ruleFor(type, key) !== undefined);
