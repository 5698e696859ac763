import type { Statement } from "../../infra/access/policy";

type AnyStatement = Statement & { NotAction?: string | string[]; NotResource?: string | string[] };

const list = (value: string | readonly string[] | undefined) => (value === undefined ? [] : [value].flat());
const matches = (patterns: string | readonly string[] | undefined, value: string, flags = "") =>
  list(patterns).some((pattern) => {
    const body = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${body}$`, `s${flags}`).test(value);
  });

/**
 * Whether a statement is about an action on a resource, whatever its conditions and effect: this points at the
 * statement to read, and decides nothing.
 */
export function isAbout(statement: AnyStatement, action: string, on: string): boolean {
  const { Action, NotAction, Resource, NotResource } = statement;
  const hasAction = NotAction ? !matches(NotAction, action, "i") : matches(Action, action, "i");
  if (NotResource) return hasAction && !matches(NotResource, on);
  // A trust policy has no resource: the role is it.
  return hasAction && (Resource === undefined || matches(Resource, on));
}

/** Whether a statement of a trust or resource policy names a caller, or the caller's whole account. */
export function names({ Principal }: Statement, who: string): boolean {
  if (Principal === undefined || Principal === "*") return true;
  if (isFederated(who)) return list(Principal.Federated).includes(who.split(" ")[0]!);
  const account = accountOf(who);
  const role = roleArnOf(who);
  return list(Principal.AWS).some(
    (arn) =>
      arn === "*" || arn === who || arn === role || arn === account || arn.endsWith(`:iam::${account}:root`),
  );
}

const ARN_OPERATORS = ["ArnLike", "ArnEquals", "StringLike", "StringEquals"];

/** False where a statement's condition on the caller's ARN is not met; true where it is, or there is none. */
export function meetsPrincipalArn({ Condition = {} }: Statement, who: string): boolean {
  return ARN_OPERATORS.every((operator) => {
    const wanted = Condition[operator]?.["aws:PrincipalArn"];
    if (wanted === undefined) return true;
    const { permissionSetRole } = readSession(who) ?? {};
    if (permissionSetRole) return list(wanted).some((pattern) => isPermissionSet(pattern, who));
    return matches(wanted, roleArnOf(who) ?? who);
  });
}

/** The path of a permission set's role may name a region, which the session's ARN does not say. */
function isPermissionSet(pattern: string, who: string): boolean {
  const role = roleArnOf(who)!;
  const [, prefix, name] = /^(.*:role\/)(.+)$/.exec(role)!;
  const [, region] = /sso\.amazonaws\.com\/([^/*]+)\/[^/]+$/.exec(pattern) ?? [];
  return ["", region ? `${region}/` : "any-region/"].some((part) =>
    matches(pattern, `${prefix}aws-reserved/sso.amazonaws.com/${part}${name}`),
  );
}

/** The caller's session of a role, read from its ARN; undefined where the caller is no such session. */
export function readSession(who: string) {
  const [, partition, account, role, session] =
    /^arn:([^:]+):sts::([^:]*):assumed-role\/([^/]+)\/(.+)$/.exec(who) ?? [];
  if (!partition || !role) return undefined;
  /** IAM Identity Center makes this role for a permission set, and ends its name in 16 digits of its own. */
  const [, permissionSetRole] = /^(AWSReservedSSO_.+)_[0-9a-f]{16}$/.exec(role) ?? [];
  const isIdentityCenter = role.startsWith("AWSReservedSSO_");
  return {
    partition,
    account,
    role,
    session,
    ...(isIdentityCenter && { permissionSetRole: permissionSetRole ?? role }),
  };
}

/**
 * Whether a caller has no AWS credentials and shows a token instead: the provider's ARN, and the token's subject after
 * it. No policy is such a caller's own; the role's trust policy alone decides.
 */
export const isFederated = (who: string): boolean => who.includes(":oidc-provider/");

export const accountOf = (arn: string): string => arn.split(":")[4] ?? "";

/** The ARN of the role of a session, as `aws:PrincipalArn` has it where the role has no path. */
const roleArnOf = (who: string): string | undefined => {
  const session = readSession(who);
  return session && `arn:${session.partition}:iam::${session.account}:role/${session.role}`;
};
