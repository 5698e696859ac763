import { findOpenValue } from "./open-values";

/** Shares without a document or a principal by name: they name the account or organization that receives them. */
const SHARES = [
  "redshift:datashareauthorization.consumeridentifier",
  "redshift:endpointauthorization.account",
  "opensearch:authorizevpcendpointaccess.account",
  "cfg:aggregateauthorization.accountid",
  "auditmanager:frameworkshare.destinationaccount",
  "ec2:networkinterfacepermission.awsaccountid",
  "ec2:amilaunchpermission.accountid",
  "ec2:amilaunchpermission.organizationarn",
  "ec2:snapshotcreatevolumepermission.accountid",
  "rds:snapshot.sharedaccounts",
  "rds:snapshotcopy.sharedaccounts",
  "rds:clustersnapshot.sharedaccounts",
  "rds:clustersnapshotcopy.sharedaccounts",
  "ssm:document.accountids",
  "ssm:document.account_ids",
  "imagebuilder:distributionconfiguration.userids",
  "imagebuilder:distributionconfiguration.organizationarns",
  "dlm:lifecyclepolicy.targetaccounts",
  "lakeformation:datalakesettings.trustedresourceowners",
  "s3control:accessgrant.granteeidentifier",
];
const IS_SHARE = new Set(SHARES);

/** True for a property that names who is let in, outside any policy document. */
export const namesPrincipal = (type: string, key: string): boolean =>
  (type !== "" && /principals?(arns?|ids?|identifiers?)?$/i.test(key)) ||
  IS_SHARE.has(`${type}.${key.toLowerCase()}`);

/** True for a property that always holds a policy document, so that other text in it is a mistake. */
export const holdsDocument = (type: string, key: string): boolean =>
  type !== "" &&
  (/^((access|resource|repository|deliveryDestination)?Policy|(assumeRole)?Policy(Document)?|accessPolicies)$/i.test(
    key,
  ) ||
    (key === "content" && type === "organizations:resourcepolicy"));

/** True for a property that holds a template, or an API's OpenAPI document, as JSON or YAML. */
export const holdsTemplate = (type: string, key: string): boolean =>
  type !== "" && (/^templateBody$/i.test(key) || (/^body$/i.test(key) && /^apigateway/.test(type)));

/** True for a property whose content says nothing of access, whatever its keys are named. */
export const isLabels = (key: string): boolean => /^(tags|tagsAll|variables)$/i.test(key);

/** True for a property that can hold a document, or another carrier: it is reported if it is unknown as a whole. */
export const canHoldAccess = (type: string, key: string): boolean =>
  type !== "" &&
  (holdsDocument(type, key) ||
    holdsTemplate(type, key) ||
    /(polic(y|ies)|policyDocument|permissions|grants)$/i.test(key) ||
    /^(statement|desiredState|details|s3AccessPoint|distributions)$/i.test(key) ||
    findOpenValue(type, key) !== undefined);
