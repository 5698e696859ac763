import { canBeOpenValue } from "./open-values";
import { plainName } from "./plain-name";
import { tableKey } from "./resource-type";

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
  "imagebuilder:distributionconfiguration.userids",
  "imagebuilder:distributionconfiguration.organizationarns",
  "dlm:lifecyclepolicy.targetaccounts",
  "lakeformation:datalakesettings.trustedresourceowners",
  "s3control:accessgrant.granteeidentifier",
  "ec2:amilaunchpermission.organizationalunitarn",
  "imagebuilder:distributionconfiguration.organizationalunitarns",
  "imagebuilder:distributionconfiguration.targetaccountids",
  "directoryservice:shareddirectory.id",
  "mediaconnect:flowentitlement.subscribers",
  "cleanrooms:collaboration.accountid",
];
const IS_SHARE = new Set(SHARES.map(tableKey));
const IS_SHARE_NAME = new Set(SHARES.map((place) => place.split(".")[1]));

/** Policies of other kinds, by the word before: where messages go, which ciphers are spoken, how something scales or is kept. */
const OTHER_POLICIES = [
  "alpn",
  "archive",
  "backup",
  "blockpublic",
  "build",
  "configuration",
  "createbase",
  "deletion",
  "delivery",
  "detach",
  "enterprise",
  "fairshare",
  "filter",
  "firewall",
  "haspublicaccess",
  "idle",
  "import",
  "inbound",
  "instances",
  "latency",
  "lftag",
  "lifecycle",
  "limit",
  "maintenance",
  "notification",
  "password",
  "pit",
  "propagation",
  "protection",
  "recrawl",
  "redrive",
  "redriveallow",
  "replay",
  "retention",
  "retry",
  "routing",
  "scaling",
  "schemachange",
  "security",
  "selfservice",
  "signin",
  "snapshot",
  "ssl",
  "termination",
  "tiering",
  "tls",
  "update",
  "upgrade",
  "usercontext",
];

/** Services whose `statement` is one of a firewall, a query, a conversation or Cedar. */
const OTHER_STATEMENTS = ["wafv2", "athena", "lex", "verifiedpermissions"];

/** Endings of names of properties that hold the program's own data: nothing below them gives access, whatever its keys are. */
const DATA = [
  "arguments",
  "attributes",
  "claims",
  "context",
  "criteria",
  "definition",
  "dimensions",
  "environment",
  "filter",
  "filters",
  "headers",
  "labels",
  "metadata",
  "options",
  "overrides",
  "parameters",
  "params",
  "pattern",
  "tag",
  "tags",
  "tagsall",
  "templates",
  "triggers",
  "variables",
];

const PRINCIPAL = /principals?(arns?|ids?|identifiers?)?$/;
const DOCUMENT =
  /^((access|resource|repository|deliverydestination)?policy|(assumerole)?policy(document)?|accesspolicies)$/;
const CARRIER =
  /(polic(y|ies)|policydocument|permissions|grants)$|^(statement|desiredstate|details|s3accesspoint|distributions)$/;
const OTHER_POLICY = new RegExp(`(${OTHER_POLICIES.join("|")})(polic(y|ies)|permissions)$`);
const OTHER_STATEMENT = new RegExp(`^(${OTHER_STATEMENTS.join("|")})`);
const IS_DATA = new RegExp(`(${DATA.join("|")})$`);
/** A program's variable or argument, not a property: `ALLOWED_PRINCIPALS`, `--principal`. */
const VARIABLE = /^-|^[A-Z\d]+(_[A-Z\d]+)+$/;

/** Element names of policy documents. */
const ELEMENT =
  /^(statement|sid|effect|(not)?(principal|action|resource)|condition|aws|service|federated|canonicaluser|(for\w+:)?(string|arn|bool|(not)?ip|numeric|date|binary|null)\w*)$/i;

/** What a property's name says about its content. */
interface NameFacts {
  name: string;
  /** The name in lower case if it is that of an element of policy documents, otherwise empty. */
  element: string;
  isData: boolean;
  isPrincipal: boolean;
  isShare: boolean;
  isDocument: boolean;
  isCarrier: boolean;
}

const MOST_NAMES = 5000;
const facts = new Map<string, NameFacts>();

/** Facts of a name, kept for the next property of that name. */
export function factsOf(key: string): NameFacts {
  const known = facts.get(key);
  if (known) return known;
  const name = VARIABLE.test(key) ? "" : plainName(key);
  const read: NameFacts = {
    name,
    element: ELEMENT.test(key) ? key.toLowerCase() : "",
    isData: IS_DATA.test(name),
    isPrincipal: PRINCIPAL.test(name),
    isShare: IS_SHARE_NAME.has(name),
    isDocument: DOCUMENT.test(name),
    isCarrier: CARRIER.test(name) && !OTHER_POLICY.test(name),
  };
  if (facts.size === MOST_NAMES) facts.clear();
  facts.set(key, read);
  return read;
}

/** True for a property that names who is let in, outside any policy document. */
export function namesPrincipal(type: string, key: string): boolean {
  if (type === "") return false;
  const { name, isPrincipal, isShare } = factsOf(key);
  return isPrincipal || (isShare && IS_SHARE.has(`${type}.${name}`));
}

/** True for a property that always holds a policy document, so that other text in it is a mistake. */
export const holdsDocument = (type: string, key: string): boolean =>
  type !== "" &&
  (factsOf(key).isDocument || (key === "content" && type === tableKey("organizations:resourcepolicy")));

/** True for a property that holds a template, or an API's OpenAPI document, as JSON or YAML. */
export function holdsTemplate(type: string, key: string): boolean {
  if (type === "") return false;
  const { name } = factsOf(key);
  return name === "templatebody" || (name === "body" && type.startsWith("apigateway"));
}

/** True for a property whose content can give access: a document, a template, or a list of grants. */
export const holdsAccess = (type: string, key: string): boolean =>
  type !== "" &&
  (holdsDocument(type, key) ||
    holdsTemplate(type, key) ||
    (factsOf(key).isCarrier && !(OTHER_STATEMENT.test(type) && factsOf(key).name === "statement")));

/** True for a property that can give access by its value alone, or by its content: it is reported if it is unknown. */
export const canGiveAccess = (type: string, key: string): boolean =>
  holdsAccess(type, key) || canBeOpenValue(type, factsOf(key).name);
