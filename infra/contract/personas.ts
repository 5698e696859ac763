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

/** A user of the trusted account who is a member of every group of the program except these. */
export const memberOfOtherGroups = (groups: readonly string[], own: readonly string[] = []): UserPersona => ({
  kind: "user",
  name: own.length > 0 ? `member of every group but ${own.join(" and ")}` : "member of every group",
  home: "trusted",
  groups: groups.filter((group) => !own.includes(group)),
});
