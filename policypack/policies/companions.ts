import { isFixed, isPositive, type Test, testsOf } from "../conditions";
import { explore, type Principal, type Statement } from "../documents";
import { policy } from "../policy";
import { type Finding, written } from "../principals";

/** Account of a principal: from an ARN, or the bare ID; undefined where it names none (a wildcard, a unique ID). */
const accountOf = (text: string): string | undefined =>
  /^\d{12}$/.test(text)
    ? text
    : /^arn:[^:]+:[^:]*:[^:]*:(\d{12}|cloudfront|\{AWS::AccountId\}):/.exec(text)?.[1];

/** Accounts that the resource's own provider is limited to: not "across accounts" for that resource. */
function ownAccounts(provider: { props: Record<string, unknown> } | undefined): string[] {
  const props = Object.getOwnPropertyDescriptors(provider?.props ?? {});
  return [
    "{AWS::AccountId}",
    ...(JSON.stringify(props.allowedAccountIds?.value ?? "").match(/\b\d{12}\b/g) ?? []),
  ];
}

/** Known principals of one kind in a statement that allows. AWS is the kind of an account, ARN or wildcard without a key. */
function named({ allows, principals }: Statement, kind: string): (Principal & { text: string })[] {
  const kindOf = ({ kind: key, text = "" }: Principal): string =>
    key || (/\.amazonaws\.com(\.cn)?$/.test(text) ? "Service" : "AWS");
  return allows
    ? principals.flatMap((one) =>
        one.text !== undefined && kindOf(one) === kind ? [{ ...one, text: one.text }] : [],
      )
    : [];
}

const passes = (statement: Statement, holds: (test: Test) => boolean): boolean =>
  testsOf(statement.conditions).tests.some(holds);

/** Positive test on one of the keys, whose every known value is fine; unknown values are given the benefit until the update. */
const pins = (statement: Statement, keys: string[], fine = isFixed): boolean =>
  passes(
    statement,
    (test) =>
      keys.includes(test.key) &&
      isPositive(test) &&
      test.values.every((one) => one === undefined || fine(one, test.key)),
  );

const finding = (statement: Statement, principal: Principal, why: string, write: string): Finding => ({
  where: statement.where,
  found: written(principal),
  why,
  write,
});

/** Present only with MFA: a missing key fails Bool and NumericLessThan, and passes their IfExists forms. */
const provesMfa = ({ operator, key, values }: Test): boolean =>
  (key === "aws:multifactorauthpresent" &&
    operator === "bool" &&
    values.length > 0 &&
    values.every((one) => one === "true")) ||
  (key === "aws:multifactorauthage" && /^numericlessthan(equals)?$/.test(operator) && values.length > 0);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html */
export const trustNeedsMfaOrExternalId = policy({
  name: "trust-needs-mfa-or-external-id",
  description:
    "A role that another account may assume asks for MFA (people) or an external ID (third parties).",
  level: "disabled",
  severity: "high",
  settings: [],
  judge: ({ type, props, provider }) =>
    explore(type, props)
      .statements.filter((one) => one.trust && !passes(one, provesMfa) && !pins(one, ["sts:externalid"]))
      .flatMap((one) =>
        named(one, "AWS")
          .filter(({ text }) => !ownAccounts(provider).includes(accountOf(text) ?? ""))
          .map((principal) =>
            finding(
              one,
              principal,
              "A leaked key of that account, or a confused deputy in it, is enough to assume the role (BoolIfExists lets keys without MFA pass).",
              '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}} for people, or {"StringEquals": {"sts:ExternalId": "an agreed value"}}',
            ),
          ),
      ),
});

/** Only accounts and organizations that the organisation lists may be let in. */
export const onlyListedAccounts = policy({
  name: "only-listed-accounts",
  description: "Only accounts and organizations on the organisation's list are let in.",
  level: "disabled",
  severity: "high",
  settings: ["trustedAccounts", "trustedOrganizations"],
  judge: ({ type, props, provider }, { trustedAccounts, trustedOrganizations }) => {
    const accounts = [...trustedAccounts, ...ownAccounts(provider), "cloudfront"];
    const organization = (text: string): boolean =>
      trustedOrganizations.includes(
        text.replace(/^arn:[^:]+:organizations::\d{12}:(organization|ou)\//, "").split("/")[0] ?? "",
      );
    const fine = (value: string): boolean => accounts.includes(accountOf(value) ?? "") || organization(value);
    return explore(type, props)
      .statements.filter(
        (one) =>
          !pins(
            one,
            ["aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn"],
            fine,
          ),
      )
      .flatMap((one) =>
        named(one, "AWS")
          .concat(named(one, "CanonicalUser"))
          .filter(({ text }) => !fine(text))
          .map((principal) =>
            finding(
              one,
              principal,
              accountOf(principal.text)
                ? "The account is on no list of the organisation's."
                : "It does not tell which account is let in.",
              `an account of trustedAccounts (${trustedAccounts.join(", ") || "empty"}), or a condition on aws:PrincipalOrgID with one of trustedOrganizations (${trustedOrganizations.join(", ") || "empty"})`,
            ),
          ),
      );
  },
});

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
export const servicePrincipalNeedsSource = policy({
  name: "service-principal-needs-source",
  description: "A service is let in on behalf of named accounts or resources only.",
  level: "disabled",
  severity: "medium",
  settings: ["servicesWithoutSource"],
  judge: ({ type, props }, { servicesWithoutSource }) => {
    // A pattern may pick regions and resources, as AWS's own examples do, but never the account.
    const fine = (value: string, key: string): boolean =>
      isFixed(value, key) || /^\d{12}$/.test(accountOf(value) ?? "");
    return explore(type, props)
      .statements.filter(
        (one) =>
          !pins(one, ["aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"], fine),
      )
      .flatMap((one) =>
        named(one, "Service")
          .filter(({ text }) => !servicesWithoutSource.includes(text))
          .map((principal) =>
            finding(
              one,
              principal,
              "The service would do it for any of its customers (confused deputy).",
              '"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}, or ArnLike on aws:SourceArn',
            ),
          ),
      );
  },
});

// Providers that name the subject otherwise; a Cognito identity pool, whose subjects are its users, is told by the audience.
const SUBJECT = new Map([
  ["cognito-identity.amazonaws.com", "aud"],
  ["graph.facebook.com", "id"],
  ["www.amazon.com", "user_id"],
]);
const WEB_IDENTITY =
  /^(accounts\.google\.com|graph\.facebook\.com|www\.amazon\.com|cognito-identity\.amazonaws\.com)$/;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html */
export const federatedTrustNeedsSubject = policy({
  name: "federated-trust-needs-subject",
  description: "A role for an OpenID Connect provider names whom it is for, not just the audience.",
  level: "disabled",
  severity: "high",
  settings: [],
  judge: ({ type, props }) =>
    explore(type, props).statements.flatMap((one) =>
      named(one, "Federated").flatMap((principal) => {
        const issuer =
          /:oidc-provider\/(.+)$/.exec(principal.text)?.[1] ?? WEB_IDENTITY.exec(principal.text)?.[1];
        if (!issuer) return [];
        const key = `${issuer}:${SUBJECT.get(issuer) ?? "sub"}`;
        if (pins(one, [key.toLowerCase()])) return [];
        return [
          finding(
            one,
            principal,
            "Everyone who can get a token from the provider for that audience could assume the role.",
            `"Condition": {"StringEquals": {"${key}": "the subject that it is for"}}, with no wildcard`,
          ),
        ];
      }),
    ),
});
