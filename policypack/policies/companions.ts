import { isFixed, isPositive, type Test, testsOf } from "../conditions";
import { explore, type Principal, type Statement } from "../documents";
import { policy } from "../policy";
import { type Finding, written } from "../principals";

/** What stands for the account that the resource is in, where a template refers to it or to a resource of its own. */
const OWN = "own";

/** Account of a principal: from an ARN, or the bare ID; undefined where it names none (a wildcard, a unique ID). */
function accountOf(text: string): string | undefined {
  const plain = text.replace("<AWS::Partition>", "aws").replace("<AWS::AccountId>", OWN);
  if (/^<.*>$/.test(text)) return OWN;
  return /^\d{12}$/.test(text) ? text : /^arn:[^:]+:[^:]*:[^:]*:(\d{12}|cloudfront|own):/.exec(plain)?.[1];
}

/**
 * Accounts that the resource's own provider is limited to, or works in by the role that it assumes last: not "across
 * accounts" for that resource.
 */
function ownAccounts(provider: { props: Record<string, unknown> } | undefined): string[] {
  const props = Object.getOwnPropertyDescriptors(provider?.props ?? {});
  const textOf = (name: string): string => JSON.stringify(props[name]?.value ?? "");
  const roles = [...(textOf("assumeRoles") + textOf("assumeRole")).matchAll(/:iam::(\d{12}):role\//g)];
  return [
    OWN,
    ...(textOf("allowedAccountIds").match(/\b\d{12}\b/g) ?? []),
    ...(roles.at(-1)?.slice(1) ?? []),
  ];
}

/** Known principals of one kind, in lower case, in a statement that allows. AWS is the kind of an account, ARN or wildcard without a key. */
function named({ allows, principals }: Statement, kind: string): (Principal & { text: string })[] {
  const kindOf = ({ kind: key, text = "" }: Principal): string =>
    key.toLowerCase() || (/\.amazon(aws)?\.com(\.cn)?$/.test(text) ? "service" : "aws");
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

const only = ({ values }: Test, text: string): boolean =>
  values.length > 0 && values.every((one) => one === text);

/** Present only with MFA: a missing key fails Bool, NumericLessThan and Null false, and passes the IfExists forms. */
const provesMfa = (test: Test): boolean =>
  (test.key === "aws:multifactorauthpresent" && test.operator === "bool" && only(test, "true")) ||
  (test.key === "aws:multifactorauthage" &&
    (test.operator === "null"
      ? only(test, "false")
      : /^numericlessthan(equals)?$/.test(test.operator) && test.values.length > 0));

/** True of every request without MFA: in a Deny it keeps them out. */
const lacksMfa = (test: Test): boolean =>
  (test.key === "aws:multifactorauthpresent" && test.operator === "boolifexists" && only(test, "false")) ||
  (test.key === "aws:multifactorauthage" && test.operator === "null" && only(test, "true"));

/** Actions that a Deny keeps everyone without MFA out of, by the list of statements that it stands in. */
function deniedWithoutMfa(statements: Statement[]): Map<unknown, Set<string>> {
  const denied = new Map<unknown, Set<string>>();
  for (const { allows, principals, conditions, list, actions } of statements) {
    if (allows || !principals.some(({ kind, text }) => text === "*" && /^(aws)?$/i.test(kind))) continue;
    const { tests, unknown } = testsOf(conditions);
    if (!unknown && tests.every(lacksMfa))
      denied.set(list, new Set([...(denied.get(list) ?? []), ...actions]));
  }
  return denied;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html */
export const trustNeedsMfaOrExternalId = policy({
  name: "trust-needs-mfa-or-external-id",
  description:
    "A role that another account may assume asks for MFA (people) or an external ID (third parties).",
  level: "disabled",
  severity: "high",
  settings: [],
  judge: ({ type, props, provider }) => {
    const { statements } = explore(type, props);
    const denied = deniedWithoutMfa(statements);
    const isDenied = ({ list, actions }: Statement): boolean =>
      actions.length > 0 &&
      actions
        .filter((one) => !/^sts:(tagsession|setsourceidentity)$/.test(one)) // these only come with the others
        .every((one) => ["*", "sts:*", "sts:assumerole*", one].some((by) => denied.get(list)?.has(by)));
    return statements
      .filter((one) => one.trust && !passes(one, provesMfa) && !pins(one, ["sts:externalid"]))
      .filter((one) => !isDenied(one))
      .flatMap((one) =>
        named(one, "aws")
          .filter(({ text }) => !ownAccounts(provider).includes(accountOf(text) ?? ""))
          .map((principal) =>
            finding(
              one,
              principal,
              "A leaked key of that account, or a confused deputy in it, is enough to assume the role (BoolIfExists lets keys without MFA pass).",
              '"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}} for people, or {"StringEquals": {"sts:ExternalId": "an agreed value"}}',
            ),
          ),
      );
  },
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
        named(one, "aws")
          .concat(named(one, "canonicaluser"))
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

// An Alexa skill has no account: it is told by its token.
const SOURCES = [
  "aws:sourcearn",
  "aws:sourceaccount",
  "aws:sourceorgid",
  "aws:sourceorgpaths",
  "lambda:eventsourcetoken",
];

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
      isFixed(value, key) || /^(\d{12}|own)$/.test(accountOf(value) ?? "");
    return explore(type, props)
      .statements.filter((one) => !pins(one, SOURCES, fine))
      .flatMap((one) =>
        named(one, "service")
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
      named(one, "federated").flatMap((principal) => {
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
