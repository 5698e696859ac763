import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXEMPT } from "../../policypack/find/exempt";
import { tableKey, typeKey } from "../../policypack/find/resource-type";
import { documentOf, statement } from "./case";

export interface Row {
  type: string;
  property: string;
  kind: string;
  priority: string;
  /** What counts as a wildcard there. */
  form: string;
}

/** Every property of @pulumi/aws 7.48 that carries principals, and those that only look like it. */
export const rows: Row[] = readFileSync(join(__dirname, "principal-carriers.tsv"), "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => {
    const [type = "", property = "", kind = "", priority = "", form = ""] = line.split("\t");
    return { type, property, kind, priority, form };
  });

export const json = JSON.stringify;
export const OPEN = documentOf(statement({ Principal: "*" }));
const CLOSED = documentOf(statement({}));
const TEMPLATE = (document: object): object => ({
  Resources: { Site: { Type: "AWS::S3::BucketPolicy", Properties: { PolicyDocument: document } } },
});
const GROUPS = ["AllUsers", "AuthenticatedUsers"].map(
  (group) => `http://acs.amazonaws.com/groups/global/${group}`,
);

// How a property holds a value that stands deeper, for rows whose note says so.
const DEEPER: Record<string, (value: unknown) => object> = {
  details: (policy) => ({ policy }),
  s3AccessPoint: (policy) => ({ name: "site", policy }),
  accessControlPolicy: (uri) => ({ grants: [{ grantee: { type: "Group", uri }, permission: "READ" }] }),
  targetGrants: (uri) => [{ grantee: { type: "Group", uri }, permission: "READ" }],
  grants: (uri) => [{ type: "Group", uri, permissions: ["READ"] }],
  contentConfigPermissions: (grantee) => [{ granteeType: "Group", grantee, accesses: ["Read"] }],
  thumbnailConfigPermissions: (grantee) => [{ granteeType: "Group", grantee, accesses: ["Read"] }],
  createDatabaseDefaultPermissions: (principal) => [
    { principal: { dataLakePrincipalIdentifier: principal } },
  ],
  createTableDefaultPermissions: (principal) => [{ principal, permissions: ["ALL"] }],
  permissions: (account_ids) => ({ type: "Share", account_ids }),
  distributions: (group) => [{ amiDistributionConfiguration: { launchPermission: { userGroups: [group] } } }],
};
const SERVERLESS: Record<string, (open: boolean) => unknown> = {
  ServerlessAccessPolicy: (open) => [
    { Rules: [], Principal: [open ? "*" : "arn:aws:iam::111122223333:role/reader"] },
  ],
  ServerlessSecurityPolicy: (open) => [{ Rules: [{ ResourceType: "collection" }], AllowFromPublic: open }],
};

/** Properties with every wildcard that a row knows, and with something like it that is none. */
export function samples({ type, property, kind, form }: Row): { open: object[]; closed: object[] } {
  const put = (value: unknown): object => ({ [property]: DEEPER[property]?.(value) ?? value });
  const documents = (wrap: (document: object) => unknown): { open: object[]; closed: object[] } => ({
    open: [put(wrap(OPEN)), put(json(wrap(OPEN)))],
    closed: [put(wrap(CLOSED)), put(json(wrap(CLOSED)))],
  });
  const serverless = SERVERLESS[type.split(":").at(-1)!];
  if (serverless) return { open: [put(json(serverless(true)))], closed: [put(json(serverless(false)))] };
  if (kind === "openapi-embedded")
    return documents((policy) => ({ openapi: "3.0.1", "x-amazon-apigateway-policy": policy }));
  if (property === "templateBody") return documents(TEMPLATE);
  if (property === "desiredState") {
    const state = (document: object): object => ({
      typeName: "AWS::S3::BucketPolicy",
      desiredState: json({ PolicyDocument: document }),
    });
    return { open: [state(OPEN)], closed: [state(CLOSED)] };
  }
  const scalar = (values: unknown[], closed: unknown): { open: object[]; closed: object[] } => ({
    open: values.map(put),
    closed: [put(closed)],
  });
  if (/acl/.test(kind))
    return scalar(
      /uri /.test(form)
        ? GROUPS
        : form
            .split(/, */)
            .filter(Boolean)
            .concat(form ? [] : ["AllUsers"]),
      "private",
    );
  if (kind === "principal-list")
    return scalar([["*"], ["arn:aws:iam::*:root"]], ["arn:aws:iam::111122223333:root"]);
  if (/^principal/.test(kind)) return scalar([form.replace(/"/g, "") || "*"], "111122223333");
  if (kind === "auth-mode")
    return scalar([form === "true" ? true : form], form === "true" ? false : "AWS_IAM");
  if (kind === "share") {
    const value = /all$/i.exec(form)?.[0] ?? (form === "true" ? true : form);
    const list = /^shared/.test(property) ? [value] : value;
    return scalar([list], form === "true" ? false : list === value ? "111122223333" : ["111122223333"]);
  }
  const { open, closed } = documents((document) => document);
  return { open: DEEPER[property] ? open : [...open, { [property]: "allow everyone" }], closed };
}

/** Why the pack leaves a row alone, or nothing if it judges it. */
export const reasonOf = ({ type, property }: Row, exempt = EXEMPT): string | undefined =>
  exempt.find(({ properties }) =>
    properties.some((place) => tableKey(place) === `${typeKey(type)}.${property.toLowerCase()}`),
  )?.reason;

/** True if the pack has to judge a row: all of priority 0 and 1, and of priority 2 what it does not exempt. */
export const judged = (row: Row): boolean =>
  /^P[01]/.test(row.priority) || (row.priority === "P2" && !reasonOf(row));
