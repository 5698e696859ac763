import type { ConditionTest, Grant, Selection } from "./facts";

/** The most that a sentence lists; the baseline lists all. */
const MOST = 8;

export function listWords(values: readonly string[], last: "and" | "or" = "and"): string {
  const shown = values.length > MOST ? [...values.slice(0, MOST - 1)] : [...values];
  const more = values.length - shown.length;
  if (more > 0) shown.push(`${more} more`);
  if (shown.length < 2) return shown.join();
  return `${shown.slice(0, -1).join(", ")} ${last} ${shown.at(-1)}`;
}

/** Who it is: `account 111122223333 (trusted)`. */
export function principalWords(principal: string, accounts: Readonly<Record<string, string>>): string {
  if (principal === "*") return "anyone";
  if (/^\d{12}$/.test(principal)) {
    const name = accounts[principal];
    return `account ${principal}${name ? ` (${name})` : ""}`;
  }
  const [, kind, name] = /^(Service|Federated|CanonicalUser):(.*)$/.exec(principal) ?? [];
  if (kind === "Service") return `the service ${name}`;
  if (kind === "Federated") return `identities that ${name} signs for`;
  return kind ? `the canonical user ${name}` : principal;
}

export const whoWords = (
  { except, values }: Selection,
  accounts: Readonly<Record<string, string>>,
): string => {
  const names = listWords(values.map((value) => principalWords(value, accounts)));
  return except ? `everyone except ${names}` : names;
};

export const actionWords = ({ except, values }: Selection): string =>
  except ? `every action except ${listWords(values)}` : listWords(values);

/** ` on arn:…`; nothing where it is about the holder itself. */
export function resourceWords({ except, values }: Selection): string {
  if (values.length === 0) return "";
  if (except) return ` on everything except ${listWords(values)}`;
  return values.includes("*") ? " on every resource" : ` on ${listWords(values)}`;
}

const OPERATORS: Readonly<Record<string, string>> = {
  StringEquals: "is",
  StringNotEquals: "is not",
  StringLike: "is like",
  StringNotLike: "is not like",
  ArnEquals: "is like",
  ArnLike: "is like",
  ArnNotEquals: "is not like",
  ArnNotLike: "is not like",
  Bool: "is",
  IpAddress: "is in",
  NotIpAddress: "is not in",
  NumericLessThan: "is less than",
  NumericLessThanEquals: "is at most",
  NumericGreaterThan: "is more than",
  NumericGreaterThanEquals: "is at least",
  DateLessThan: "is before",
  DateGreaterThan: "is after",
};

function testWords({ operator, key, values }: ConditionTest): string {
  const list = listWords(values, "or");
  if (operator === "Null") return `${key} is ${list === "true" ? "absent" : "present"}`;
  const words = OPERATORS[operator];
  return words ? `${key} ${words} ${list}` : `${operator} ${key}: ${list}`;
}

/** `if … and …`, or that there is no condition. */
export const conditionWords = (condition: Grant["condition"]): string =>
  condition.length === 0 ? "under no condition" : `if ${condition.map(testWords).join(" and ")}`;
