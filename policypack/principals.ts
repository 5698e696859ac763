import { awaits, narrows, uncounted } from "./conditions";
import { clip, type Principal, type Statement, show } from "./documents";

/** What a policy says of one place, in words that a stranger can act on. */
export interface Finding {
  /** Property, and statement where there is one. */
  where: string;
  found: string;
  why: string;
  write: string;
}

// By kind of principal, in lower case.
const WHY = new Map<string, [why: string, write: string]>(
  Object.entries({
    service: [
      "Every AWS service could use it, on behalf of any customer.",
      'the one service, as {"Service": "sns.amazonaws.com"}',
    ],
    federated: [
      "Whoever any identity provider vouches for would be let in.",
      'the provider\'s ARN, as {"Federated": "arn:aws:iam::111122223333:oidc-provider/example.com"}',
    ],
    canonicaluser: [
      "It is no canonical user, so nobody in particular.",
      "the account's 12-digit ID under AWS",
    ],
  }),
);

/**
 * Judges one statement: does it let in more than it names? What only the update can tell is left to the update.
 *
 * @param accepted Conditions that narrow a wildcard for this organisation, by lower-case key ({@link narrows}).
 */
export function judge(statement: Statement, accepted: Map<string, string[]>): Finding[] {
  const { where } = statement;
  if (!statement.allows) return [];
  if (statement.notPrincipal !== undefined)
    return [
      {
        where,
        found: `"NotPrincipal": ${statement.notPrincipal} with Allow`,
        why: "It lets in everyone except those it names, strangers included.",
        write: "Principal with those who are meant; to keep someone out, add a statement that denies them",
      },
    ];
  if (statement.trust && !statement.named)
    return [
      {
        where,
        found: "a trust policy without Principal",
        why: "It does not say who may assume the role.",
        write: 'who may, as {"AWS": "arn:aws:iam::111122223333:root"}',
      },
    ];
  if (narrows(statement.conditions, accepted)) return [];
  const condition = uncounted(statement.conditions, accepted);
  return wildcardsOf(statement).map((principal) => {
    const { why, write } = reason(principal, statement);
    return { where, found: written(principal), why: condition ? `${why} ${condition}` : why, write };
  });
}

/** What of a statement only the update can tell, in a few words each. */
export function undecided(statement: Statement): string[] {
  if (!statement.allows) return [];
  const principal = statement.principals.some(({ text }) => text === undefined);
  const condition = wildcardsOf(statement).length > 0 && awaits(statement.conditions);
  return [...(principal ? ["its principal"] : []), ...(condition ? ["its condition"] : [])];
}

/** Principals with a wildcard, each once. */
const wildcardsOf = ({ principals }: Statement): Principal[] => [
  ...new Map(
    principals.filter(({ text }) => isWildcard(text ?? "")).map((one) => [`${one.kind} ${one.text}`, one]),
  ).values(),
];

/** A principal with a wildcard anywhere: AWS reads a bare one as everyone, and no service reads a pattern as safe. */
export const isWildcard = (text: string): boolean => /[*?]/.test(text);

/** A principal as it stands in the policy. */
export const written = ({ kind, text }: Principal): string =>
  kind ? `"Principal": {${show(kind)}: ${show(text)}}` : `"Principal": ${show(text)}`;

function reason(
  { kind, text = "" }: Principal,
  { trust, document }: Statement,
): Pick<Finding, "why" | "write"> {
  const known = WHY.get(kind.toLowerCase());
  if (known) return { why: known[0], write: known[1] };
  const account = document
    ? 'the account or role that needs it, as {"AWS": "arn:aws:iam::111122223333:root"}'
    : "the account ID, role ARN or service that needs it";
  if (!/^[*?\s]+$/.test(text))
    return {
      why: "A pattern takes in names, or whole accounts, that nobody has looked at.",
      write: document ? `${account}; to pick roles within it add a condition on aws:PrincipalArn` : account,
    };
  return {
    why: trust
      ? "Anyone with an AWS account anywhere could assume the role."
      : "Everyone in the world matches it, with or without an AWS account.",
    write: account,
  };
}

/** The finding as a message. @param resource Type and name of the resource. */
export const message = (resource: string, { where, found, why, write }: Finding): string =>
  `${clip(resource, 200)}, ${where}: ${found}.\n  Why it matters: ${why}\n  Write instead: ${write}.`;
