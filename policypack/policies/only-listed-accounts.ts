import { findAccess } from "../find/find-access";
import { accountOf, ownAccounts } from "../judge/accounts";
import { printPrincipal } from "../judge/finding";
import { isLimitedBy, principalsOfKind } from "../judge/statements";
import { registerPolicy } from "../policy";
import type { Setting } from "../settings";

const trustedAccounts: Setting<string[]> = {
  schema: {
    description: "12-digit IDs of accounts that may be let in.",
    type: "array",
    items: { type: "string", pattern: "^\\d{12}$" },
    default: [],
  },
};

const trustedOrganizations: Setting<string[]> = {
  schema: {
    description: "IDs of organizations whose members may be let in.",
    type: "array",
    items: { type: "string", pattern: "^o-[a-z0-9]{10,32}$" },
    default: [],
  },
};

const CALLER_KEYS = [
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:principalaccount",
  "aws:principalarn",
];

/** Organization of an ID, a path, or an ARN of AWS Organizations. */
const organizationOf = (text: string): string =>
  text.replace(/^arn:[^:]+:organizations::\d{12}:(organization|ou)\//, "").split("/")[0] ?? "";

/** Only accounts and organizations that the organisation lists may be let in. */
export const onlyListedAccounts = registerPolicy({
  name: "only-listed-accounts",
  description: "Only accounts and organizations on the organisation's list are let in.",
  level: "disabled",
  severity: "high",
  settings: { trustedAccounts, trustedOrganizations },
  judge: ({ type, props, provider }, settings) => {
    const accounts = [...settings.trustedAccounts, ...ownAccounts(provider), "cloudfront"];
    const isListed = (value: string): boolean =>
      accounts.includes(accountOf(value) ?? "") ||
      settings.trustedOrganizations.includes(organizationOf(value));
    const listOf = (list: string[]): string => list.join(", ") || "empty";
    return findAccess(type, props)
      .statements.filter((statement) => !isLimitedBy(statement, CALLER_KEYS, isListed))
      .flatMap((statement) =>
        [...principalsOfKind(statement, "aws"), ...principalsOfKind(statement, "canonicaluser")]
          .filter(({ text }) => !isListed(text))
          .map((principal) => ({
            where: statement.where,
            found: printPrincipal(principal),
            why: accountOf(principal.text)
              ? "The account is on no list of the organisation's."
              : "It does not say which account is let in.",
            write: `an account of trustedAccounts (${listOf(settings.trustedAccounts)}), or a condition on aws:PrincipalOrgID with one of trustedOrganizations (${listOf(settings.trustedOrganizations)})`,
          })),
      );
  },
});
