import type { Statement } from "../../infra/access/policy";

type Written = Statement & { NotAction?: string | string[]; NotResource?: string | string[] };

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
export function isAbout(statement: Written, action: string, on: string): boolean {
  const { Action, NotAction, Resource, NotResource } = statement;
  const acts = NotAction ? !matches(NotAction, action, "i") : matches(Action, action, "i");
  // A trust policy has no resource: the role is it.
  const named = NotResource ? !matches(NotResource, on) : Resource === undefined || matches(Resource, on);
  return acts && named;
}

/** Whether a statement of a trust or resource policy names a caller, or the caller's whole account. */
export function names({ Principal }: Statement, who: string): boolean {
  if (Principal === undefined || Principal === "*") return true;
  if (isFederated(who)) return list(Principal.Federated).includes(who.split(" ")[0]!);
  const account = accountOf(who);
  const role = roleArnOf(who);
  return list(Principal.AWS).some(
    (one) =>
      one === "*" || one === who || one === role || one === account || one.endsWith(`:iam::${account}:root`),
  );
}

/** False where a statement's condition on the caller's ARN is not met; true where it is, or there is none. */
export function meetsPrincipalArn({ Condition = {} }: Statement, who: string): boolean {
  return ["ArnLike", "ArnEquals", "StringLike", "StringEquals"].every((operator) => {
    const wanted = Condition[operator]?.["aws:PrincipalArn"];
    return wanted === undefined || matches(wanted, roleArnOf(who) ?? who);
  });
}

/**
 * Whether a caller has no AWS credentials and shows a token instead: the provider's ARN, and the token's subject after
 * it. No policy is such a caller's own; the role's trust policy alone decides.
 */
export const isFederated = (who: string): boolean => who.includes(":oidc-provider/");

export const accountOf = (arn: string): string => arn.split(":")[4] ?? "";

/** The ARN of the role of a session, as `aws:PrincipalArn` has it where the role has no path. */
const roleArnOf = (who: string): string | undefined => {
  const [, partition, account, role] = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(who) ?? [];
  return role && `arn:${partition}:iam::${account}:role/${role}`;
};
