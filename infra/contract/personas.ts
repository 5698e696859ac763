import type { Statement } from "../access/policy";
import type { UserPersona } from "./types";

/** An allow statement of a persona's own. */
export const allow = (Action: string, Resource = "*"): Statement => ({ Effect: "Allow", Action, Resource });

/** A user of the trusted account without any permission, in no group. */
export const colleague: UserPersona = { kind: "user", name: "colleague", home: "trusted" };

/** An administrator of the trusted account, in no group. */
export const devAdministrator: UserPersona = {
  kind: "user",
  name: "dev administrator",
  home: "trusted",
  permissions: [allow("*")],
};

/** An administrator of an account that nothing trusts. */
export const outsider: UserPersona = {
  kind: "user",
  name: "outsider",
  home: "outsider",
  permissions: [allow("*")],
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const GROUPS_OF_A_USER = 10;

/** Who `membersOfOtherGroups` are, in words. */
export const otherGroups = (own: readonly string[]): string =>
  own.length > 0 ? `member of every group but ${own.join(" and ")}` : "member of every group";

/**
 * Users of the trusted account who are together members of every group of the program except these: one user, or
 * several where there are more groups than IAM lets a user be in.
 */
export function membersOfOtherGroups(
  groups: readonly string[],
  own: readonly string[] = [],
): readonly UserPersona[] {
  const others = groups.filter((group) => !own.includes(group));
  const count = Math.max(1, Math.ceil(others.length / GROUPS_OF_A_USER));
  return Array.from({ length: count }, (_, index) => ({
    kind: "user",
    name: `${otherGroups(own)}${index > 0 ? `, person ${index + 1}` : ""}`,
    home: "trusted",
    groups: others.slice(index * GROUPS_OF_A_USER, (index + 1) * GROUPS_OF_A_USER),
  }));
}
