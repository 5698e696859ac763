import { matches } from "../exemptions";
import type { FoundStatement, StatementPrincipal } from "../find/types";
import {
  dependsOnUnknown,
  isAcceptedTest,
  isPositive,
  narrowsWildcard,
  readTests,
  whyNotNarrowing,
} from "./conditions";
import type { Denials } from "./denials";
import { type Finding, printPrincipal } from "./finding";

const COGNITO = "cognito-identity.amazonaws.com";

type Advice = Pick<Finding, "why" | "write">;

/** Advice by kind of principal, in lower case. */
const ADVICE = new Map<string, Advice>([
  [
    "service",
    {
      why: "Every AWS service could use it, on behalf of any customer.",
      write: 'the one service, as {"Service": "sns.amazonaws.com"}',
    },
  ],
  [
    "federated",
    {
      why: "Anyone with a token of any identity provider would be let in.",
      write: 'the provider\'s ARN, as {"Federated": "arn:aws:iam::111122223333:oidc-provider/example.com"}',
    },
  ],
  [
    "canonicaluser",
    {
      why: "It is no canonical user, so it names no one.",
      write: "the account's 12-digit ID under AWS",
    },
  ],
]);

/**
 * Finds every principal of a statement that lets in more than it names. A value that is unknown until the update is judged
 * in the update.
 *
 * @param accepted Conditions that narrow a wildcard for this organisation, by lower-case key ({@link narrowsWildcard}).
 * @param denials Deny statements of the resource.
 */
export function judgePrincipals(
  statement: FoundStatement,
  accepted: Map<string, string[]>,
  denials: Denials,
): Finding[] {
  if (!statement.allows) return [];
  if (statement.notPrincipal !== undefined)
    return [
      {
        where: statement.where,
        found: `"NotPrincipal": ${statement.notPrincipal} with Allow`,
        why: "It lets in everyone except those it names, and so every other AWS account.",
        write: "Principal with those who need access; to keep someone out, add a statement that denies them",
      },
    ];
  if (!statement.hasPrincipal && statement.isTrust)
    return [
      {
        where: statement.where,
        found: "a trust policy without Principal",
        why: "It does not say who can assume the role.",
        write: 'the principal, as {"AWS": "arn:aws:iam::111122223333:root"}',
      },
    ];
  if (trustsGuests(statement))
    return [
      {
        where: statement.where,
        found: `"Federated": "${COGNITO}" for guests (${COGNITO}:amr)`,
        why: "Guests of an identity pool do not sign in: anyone on the internet gets the permissions of the role.",
        write: `"authenticated" as the value of ${COGNITO}:amr`,
      },
    ];
  const wildcards = wildcardsOf(statement);
  if (wildcards.length === 0 || narrowsWildcard(statement.conditions, accepted)) return [];
  if (denials.complete(statement, (test) => isAcceptedTest(test, accepted))) return [];
  const condition = whyNotNarrowing(statement.conditions, accepted);
  return wildcards.map((principal) => {
    const { why, write } = adviceFor(principal, statement);
    return {
      where: statement.where,
      found: printPrincipal(principal),
      why: condition ? `${why} ${condition}` : why,
      write,
    };
  });
}

/** True for a trust in everyone who asks an identity pool: https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html */
const trustsGuests = ({ principals, conditions }: FoundStatement): boolean =>
  principals.some(({ text }) => text === COGNITO) &&
  readTests(conditions).tests.some(
    (test) =>
      test.key === `${COGNITO}:amr` &&
      isPositive(test) &&
      test.values.some((value) => value !== undefined && matches(value, "unauthenticated")),
  );

/** The parts of a statement that are unknown until the update, in a few words each. */
export function unknownParts(statement: FoundStatement): string[] {
  const parts: string[] = [];
  if (!statement.allows) return parts;
  if (statement.principals.some(({ text }) => text === undefined)) parts.push("its principal");
  if (wildcardsOf(statement).length > 0 && dependsOnUnknown(statement.conditions))
    parts.push("its condition");
  return parts;
}

/** Principals with a wildcard, each once. */
function wildcardsOf({ principals }: FoundStatement): StatementPrincipal[] {
  const wildcards = principals.filter(({ text }) => isWildcard(text ?? ""));
  if (wildcards.length < 2) return wildcards;
  return [
    ...new Map(wildcards.map((principal) => [`${principal.kind} ${principal.text}`, principal])).values(),
  ];
}

/** A principal with a wildcard anywhere: AWS reads a bare one as everyone, and no service reads a pattern as safe. */
const isWildcard = (text: string): boolean => /[*?]/.test(text);

function adviceFor(
  { kind, text = "" }: StatementPrincipal,
  { isTrust, isInDocument }: FoundStatement,
): Advice {
  const advice = ADVICE.get(kind.toLowerCase());
  if (advice) return advice;
  const account = isInDocument
    ? 'the account or role that needs it, as {"AWS": "arn:aws:iam::111122223333:root"}'
    : "the account ID, role ARN or service that needs it";
  if (!/^[*?\s]+$/.test(text))
    return {
      why: "A pattern matches names, or whole accounts, that no one has reviewed.",
      write: isInDocument
        ? `${account}; to pick roles within it add a condition on aws:PrincipalArn`
        : account,
    };
  return {
    why: isTrust
      ? "Anyone with an AWS account anywhere could assume the role."
      : "Everyone in the world matches it, with or without an AWS account.",
    write: account,
  };
}
