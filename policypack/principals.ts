import { narrows } from "./conditions";
import { clip, type Principal, pathOf, type Statement, show } from "./documents";

/** What a policy says of one place, in words that a stranger can act on. */
export interface Finding {
  /** Property, and statement where there is one. */
  where: string;
  found: string;
  why: string;
  write: string;
}

/** What is known of a statement now, and what only the update can tell (as places). */
export interface Judgement {
  findings: Finding[];
  unknown: string[];
}

/** The place of a statement: `property policy, statement "Public" (1 of 2)`. */
export const whereOf = (statement: Statement): string =>
  `property ${pathOf(statement.place)}`.replace(/(\[\d+\]|\.Statement)+$/i, "") +
  (statement.label && `, ${statement.label}`);

const WHY: Record<string, [why: string, write: string]> = {
  Service: [
    "Every AWS service could use it, on behalf of any customer.",
    'the one service, as {"Service": "sns.amazonaws.com"}',
  ],
  Federated: [
    "Whoever any identity provider vouches for would be let in.",
    'the provider\'s ARN, as {"Federated": "arn:aws:iam::111122223333:oidc-provider/example.com"}',
  ],
  CanonicalUser: ["It is no canonical user, so nobody in particular.", "the account's 12-digit ID under AWS"],
};

/**
 * Judges one statement: does it let in more than it names?
 *
 * @param accepted Conditions that narrow a wildcard for this organisation, by lower-case key ({@link narrows}).
 */
export function judge(statement: Statement, accepted: Map<string, string[]>): Judgement {
  const judgement: Judgement = { findings: [], unknown: [] };
  if (!statement.allows) return judgement;
  const where = whereOf(statement);
  const add = (found: string, why: string, write: string): unknown =>
    judgement.findings.push({ where, found, why, write });
  if (statement.notPrincipal !== undefined)
    add(
      `"NotPrincipal": ${statement.notPrincipal} with Allow`,
      "It lets in everyone except those it names, strangers included.",
      "Principal with those who are meant; to keep someone out, add a statement that denies them",
    );
  else if (statement.trust && !statement.named)
    add(
      "a trust policy without Principal",
      "It does not say who may assume the role.",
      'who may, as {"AWS": "arn:aws:iam::111122223333:root"}',
    );
  const seen = new Set<string>();
  for (const principal of statement.principals) {
    const text = written(principal);
    if (seen.has(text)) continue;
    seen.add(text);
    if (principal.text === undefined) judgement.unknown.push(`${where}, its principal`);
    else if (isWildcard(principal.text)) {
      const narrowed = narrows(statement.conditions, accepted);
      if (narrowed === "unknown") judgement.unknown.push(`${where}, the condition on ${text}`);
      else if (!narrowed) add(text, ...reason(principal, statement));
    }
  }
  return judgement;
}

/** A principal with a wildcard anywhere: AWS reads a bare one as everyone, and no service reads a pattern as safe. */
export const isWildcard = (text: string): boolean => /[*?]/.test(text);

/** A principal as it stands in the policy. */
export const written = ({ kind, text }: Principal): string =>
  kind ? `"Principal": {${show(kind)}: ${show(text)}}` : `"Principal": ${show(text)}`;

function reason({ kind, text = "" }: Principal, { trust, label }: Statement): [why: string, write: string] {
  const known = WHY[kind];
  if (known) return known;
  const account = label
    ? 'the account or role that needs it, as {"AWS": "arn:aws:iam::111122223333:root"}'
    : "the account ID, role ARN or service that needs it";
  if (!/^[*?\s]+$/.test(text))
    return [
      "A pattern takes in names, or whole accounts, that nobody has looked at.",
      `${account}; to pick roles within it add a condition on aws:PrincipalArn`,
    ];
  return [
    trust
      ? "Anyone with an AWS account anywhere could assume the role."
      : "Everyone in the world matches it, with or without an AWS account.",
    account,
  ];
}

/** The finding as a message. @param resource Type and name of the resource. */
export const message = (resource: string, { where, found, why, write }: Finding): string =>
  `${clip(resource, 200)}, ${where}: ${found}.\n  Why it matters: ${why}\n  Write instead: ${write}.`;
