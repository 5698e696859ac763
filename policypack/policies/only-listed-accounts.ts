import { findAccess } from "../find/find-access";
import { accountOf, ownAccounts } from "../judge/accounts";
import type { Test } from "../judge/conditions";
import { Denials } from "../judge/denials";
import { printPrincipal } from "../judge/finding";
import { hasTest, limitsTo, principalsOfKind } from "../judge/statements";
import { registerPolicy } from "../policy";
import { notOfForm, type PolicySetting } from "../settings";

const trustedAccounts: PolicySetting<string[]> = {
  schema: {
    description: "12-digit IDs of accounts that may be let in.",
    type: "array",
    items: { type: "string" },
    default: [],
  },
  findMistakes: notOfForm(/^\d{12}$/, "the ID of an account, which has 12 digits"),
};

const trustedOrganizations: PolicySetting<string[]> = {
  schema: {
    description: "IDs of organizations whose members may be let in.",
    type: "array",
    items: { type: "string" },
    default: [],
  },
  findMistakes: notOfForm(/^o-[a-z0-9]{10,32}$/, "the ID of an organization, such as o-a1b2c3d4e5"),
};

/** Keys that fix the account or organization of the caller, or that a service calls for. */
const CALLER_KEYS = [
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:principalaccount",
  "aws:principalarn",
  "aws:sourceaccount",
  "aws:sourcearn",
  "aws:sourceowner",
  "aws:sourceorgid",
  "aws:sourceorgpaths",
  "kms:calleraccount",
  "s3:dataaccesspointaccount",
  "s3:dataaccesspointarn",
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
    const isLimiting = (test: Test): boolean => limitsTo(test, CALLER_KEYS, isListed);
    const { statements } = findAccess(type, props);
    const denials = new Denials(statements);
    return statements.flatMap((statement) => {
      const principals = [
        ...principalsOfKind(statement, "aws"),
        ...principalsOfKind(statement, "canonicaluser"),
      ].filter(({ text }) => !isListed(text));
      if (principals.length === 0 || hasTest(statement, isLimiting)) return [];
      if (denials.complete(statement, isLimiting)) return [];
      return principals.map((principal) => ({
        where: statement.where,
        found: printPrincipal(principal),
        why: accountOf(principal.text)
          ? "The account is on no list of the organisation's."
          : "It does not say which account is let in.",
        write: adviceFor(settings),
      }));
    });
  },
});

function adviceFor(settings: { trustedAccounts: string[]; trustedOrganizations: string[] }): string {
  const [accounts, organizations] = [
    settings.trustedAccounts.join(", "),
    settings.trustedOrganizations.join(", "),
  ];
  const account = accounts
    ? `an account of trustedAccounts (${accounts})`
    : "an account that you add to the setting trustedAccounts";
  return organizations
    ? `${account}, or a condition on aws:PrincipalOrgID with one of trustedOrganizations (${organizations})`
    : account;
}
