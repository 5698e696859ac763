import { plainName } from "./plain-name";
import { tableKey } from "./resource-type";

const ENDPOINT =
  "An endpoint policy only filters what passes the endpoint; Principal * is AWS's own default there.";

/** Properties that are never judged, and why: `service:type.property` as {@link typeKey} writes types, in lower case. */
export const EXEMPT: { reason: string; properties: string[] }[] = [
  {
    reason: ENDPOINT,
    properties: [
      "ec2:vpcendpoint.policy",
      "ec2:vpcendpoint.policydocument",
      "ec2:vpcendpointpolicy.policy",
      "odb:network.s3policydocument",
      "odb:network.stspolicydocument",
      "odb:network.kmspolicydocument",
      "odb:odbnetwork.s3policydocument",
      "odb:odbnetwork.stspolicydocument",
      "odb:odbnetwork.kmspolicydocument",
    ],
  },
  {
    reason:
      "Organization policies grant nothing: a service control policy has no principal, a resource control policy must say Principal *.",
    properties: ["organizations:policy.content"],
  },
  {
    reason: "A stack policy must say Principal *; it protects a stack from its own updates.",
    properties: ["cloudformation:stack.policybody", "cloudformation:stack.stackpolicybody"],
  },
  {
    reason: "A data protection policy's Principal selects whose messages are inspected, and grants nothing.",
    properties: [
      "sns:dataprotectionpolicy.policy",
      "sns:topic.dataprotectionpolicy",
      "cloudwatch:logdataprotectionpolicy.policydocument",
      "cloudwatch:logaccountpolicy.policydocument",
      "logs:accountpolicy.policydocument",
      "logs:loggroup.dataprotectionpolicy",
    ],
  },
  {
    reason: "An identity or session policy has no Principal: who holds it is settled elsewhere.",
    properties: [
      "iam:policy.policy",
      "iam:policy.policydocument",
      "iam:managedpolicy.policydocument",
      "iam:rolepolicy.policy",
      "iam:rolepolicy.policydocument",
      "iam:userpolicy.policy",
      "iam:userpolicy.policydocument",
      "iam:grouppolicy.policy",
      "iam:grouppolicy.policydocument",
      "iam:role.inlinepolicies",
      "iam:role.inlinepolicy",
      "iam:role.policies",
      "iam:user.policies",
      "iam:group.policies",
      "ssoadmin:permissionsetinlinepolicy.inlinepolicy",
      "sso:permissionset.inlinepolicy",
      "iot:policy.policy",
      "iot:policy.policydocument",
      "transfer:user.policy",
      "transfer:access.policy",
      "rolesanywhere:profile.sessionpolicy",
      "eks:podidentityassociation.policy",
      "ram:permission.policytemplate",
    ],
  },
  {
    reason: "It is not an IAM policy document, or only the name of one.",
    properties: [
      "ecr:lifecyclepolicy.policy",
      "cloudwatch:logindexpolicy.policydocument",
      "verifiedaccess:endpoint.policydocument",
      "verifiedaccess:group.policydocument",
      "ec2:verifiedaccessendpoint.policydocument",
      "ec2:verifiedaccessgroup.policydocument",
      "networkmanager:corenetworkpolicyattachment.policydocument",
      "networkmanager:corenetwork.basepolicydocument",
      "cfg:organizationcustompolicyrule.policytext",
      "route53:trafficpolicy.document",
      "iot:policyattachment.policy",
      "ses:receiptfilter.policy",
      "resiliencehub:resiliencypolicy.policy",
      "lambda:codesigningconfig.policies",
      "transfer:webapp.webappendpointpolicy",
      "workspacesweb:browsersettings.browserpolicy",
      "opensearch:serverlesslifecyclepolicy.policy",
    ],
  },
  {
    reason:
      "The principal is a certificate, an identity of one account, or an exclusion; there is no form for everyone.",
    properties: [
      "iot:thingprincipalattachment.principal",
      "iot:policyprincipalattachment.principal",
      "ecr:pulltimeupdateexclusion.principalarn",
    ],
  },
  {
    reason:
      "The principal is a person or group of the organisation's own directory, or a name in Kerberos or of a push service.",
    properties: [
      "ssoadmin:accountassignment.principalid",
      "ssoadmin:applicationassignment.principalid",
      "sso:assignment.principalid",
      "sso:applicationassignment.principalid",
      "datasync:locationhdfs.kerberosprincipal",
      "datasync:locationsmb.kerberosprincipal",
      "sns:platformapplication.platformprincipal",
    ],
  },
  {
    reason:
      "It describes events that a rule watches for, resources that it compares, or messages that it picks.",
    properties: [
      "cloudwatch:eventrule.eventpattern",
      "cloudwatch:eventarchive.eventpattern",
      "events:rule.eventpattern",
      "events:archive.eventpattern",
      "cfg:rule.inputparameters",
      "cfg:configrule.inputparameters",
      "cfg:organizationmanagedrule.inputparameters",
      "cfg:organizationcustomrule.inputparameters",
      "cfg:conformancepack.inputparameters",
      "cfg:organizationconformancepack.inputparameters",
      "config:conformancepack.conformancepackinputparameters",
      "config:organizationconformancepack.conformancepackinputparameters",
      "config:configrule.inputparameters",
      "config:organizationconfigrule.organizationmanagedrulemetadata",
      "config:organizationconfigrule.organizationcustomrulemetadata",
      "sns:topicsubscription.filterpolicy",
      "sns:subscription.filterpolicy",
    ],
  },
  {
    reason: "It is an application's own configuration, which only the application reads.",
    properties: ["appconfig:hostedconfigurationversion.content"],
  },
  {
    reason: "It says whether accounts outside the organization can be named; each that is named is judged.",
    properties: ["ram:resourceshare.allowexternalprincipals"],
  },
  {
    reason: "It lets a service into the organization's own management, where no source can be named.",
    properties: [
      "organizations:organization.awsserviceaccessprincipals",
      "organizations:awsserviceaccess.serviceprincipal",
      "organizations:delegatedadministrator.serviceprincipal",
    ],
  },
  {
    reason:
      "Guests of an identity pool get what its role for guests trusts and grants, and a role that trusts guests is reported.",
    properties: ["cognito:identitypool.allowunauthenticatedidentities"],
  },
  {
    reason: "The audience is the members of one DataZone domain, decided by DataZone and not by IAM.",
    properties: ["datazone:policygrant.principal"],
  },
  {
    reason:
      "NONE, the default, leaves a service to its VPC associations and names no principal; auth policies are judged.",
    properties: ["vpclattice:service.authtype", "vpclattice:servicenetwork.authtype"],
  },
  {
    reason:
      "The widest audience but for anyone on the internet, which is judged, is the registered readers of one QuickSight account.",
    properties: [
      "quicksight:dashboard.permissions",
      "quicksight:dataset.permissions",
      "quicksight:analysis.permissions",
      "quicksight:datasource.permissions",
      "quicksight:folder.permissions",
      "quicksight:template.permissions",
      "quicksight:theme.permissions",
    ],
  },
];

const REASONS = new Map(
  EXEMPT.flatMap(({ reason, properties }) => properties.map((property) => [tableKey(property), reason])),
);

/** A reader on the internet, whom QuickSight names among the permissions that are exempt otherwise. */
const PUBLIC_READER = ":publicAnonymousUser/";

/**
 * Why a property of a type is not judged, or nothing if it is.
 *
 * @param judgesEndpoints Endpoint policies are judged too.
 */
export function whyExempt(
  type: string,
  property: string,
  value: unknown,
  judgesEndpoints: boolean,
): string | undefined {
  const reason = REASONS.get(`${type}.${plainName(property)}`);
  if (reason === undefined || (judgesEndpoints && reason === ENDPOINT)) return undefined;
  return type.startsWith("quicksight") && JSON.stringify(value)?.includes(PUBLIC_READER) ? undefined : reason;
}
