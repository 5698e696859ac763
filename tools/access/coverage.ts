import { BlockList, isIP } from "node:net";
import type { ConditionTest, Grant, Selection } from "./facts";
import { containsArn, containsPattern, overlaps } from "./patterns";

type Contains = (wide: string, narrow: string) => boolean;
const containsAction: Contains = (wide, narrow) => containsPattern(wide.toLowerCase(), narrow.toLowerCase());

/**
 * Whether one grant says all that another says: for every principal, action and resource of the other, under no
 * stricter condition. False wherever that is not certain.
 * @param narrow one part of each selection, as `atomsOf` gives them.
 * @param home the ID of the holder's account, where it is known.
 */
export const covers = (wide: Grant, narrow: Grant, home?: string): boolean =>
  selectsPrincipals(wide.who, narrow.who, home) &&
  selects(wide.actions, narrow.actions, containsAction) &&
  selects(wide.resources, narrow.resources, containsArn) &&
  isStricter(narrow.condition, wide.condition);

/** Whether a selection takes in all of another. */
export function selects(wide: Selection, narrow: Selection, contains: Contains): boolean {
  if (wide.values.length === 0 || narrow.values.length === 0)
    return wide.values.length === narrow.values.length;
  const isIn = (value: string, values: readonly string[]) => values.some((other) => contains(other, value));
  if (!wide.except && !narrow.except) return narrow.values.every((value) => isIn(value, wide.values));
  if (wide.except && narrow.except) return wide.values.every((value) => isIn(value, narrow.values));
  if (!wide.except) return wide.values.includes("*");
  return narrow.values.every((value) =>
    wide.values.every((excepted) => !overlaps(value.toLowerCase(), excepted.toLowerCase())),
  );
}

function selectsPrincipals(wide: Selection, narrow: Selection, home: string | undefined): boolean {
  // Whether NotPrincipal takes in a user of an account that it excepts is more than AWS says.
  if (wide.except && !narrow.except) return false;
  return selects(wide, narrow, (one, other) => containsPrincipal(one, other, home));
}

/** A principal is a name, never a pattern; `*` alone is everyone. */
function containsPrincipal(wide: string, narrow: string, home: string | undefined): boolean {
  if (wide === narrow) return true;
  const isAws = narrow.startsWith("arn:") || /^\d{12}$/.test(narrow);
  if (wide === "*") return isAws;
  const account = /^arn:aws[\w-]*:(?:iam|sts)::(\d{12}):/.exec(narrow)?.[1];
  // At home a policy that names a user or role needs no other permission; one that names the account does.
  return account === wide && home !== undefined && account !== home;
}

/** Whether one condition holds only where another one holds. All tests of either must pass. */
export const isStricter = (strict: Grant["condition"], loose: Grant["condition"]): boolean =>
  loose.every((test) => strict.some((other) => implies(other, test)));

interface Operator {
  /** ForAllValues or ForAnyValue. */
  set: string;
  name: string;
  ifExists: boolean;
}

function operatorOf(operator: string): Operator {
  const [, set = "", name = "", ifExists] =
    /^(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?$/.exec(operator.toLowerCase()) ?? [];
  return { set, name, ifExists: ifExists !== undefined };
}

/** Whether one test passes only where another test passes. */
export function implies(strict: ConditionTest, loose: ConditionTest): boolean {
  if (strict.key.toLowerCase() !== loose.key.toLowerCase()) return false;
  const [one, other] = [operatorOf(strict.operator), operatorOf(loose.operator)];
  if (one.set !== other.set || (one.ifExists && !other.ifExists)) return false;
  // AWS does not say what an empty list means for each operator.
  if (strict.values.length === 0 || loose.values.length === 0)
    return one.name === other.name && strict.values.length === loose.values.length;
  const compare = comparisonOf(one.name, other.name);
  return compare?.(strict.values, loose.values) ?? false;
}

type Comparison = (strict: readonly string[], loose: readonly string[]) => boolean;

/** A test passes by any of its values: each must be in what a value of the other allows. */
const eachIn =
  (contains: Contains): Comparison =>
  (strict, loose) =>
    strict.every((value) => loose.some((other) => contains(other, value)));
/** A negated test passes where none of its values matches: what the other excludes must be excluded. */
const excludes =
  (contains: Contains): Comparison =>
  (strict, loose) =>
    loose.every((value) => strict.some((other) => contains(other, value)));

const equal: Contains = (one, other) => one === other;
const equalInAnyCase: Contains = (one, other) => one.toLowerCase() === other.toLowerCase();
/** The value of an operator that knows no wildcard, as a pattern. */
const literal = (text: string) => text.replace(/[*?]/g, "$${$&}");
const containsLiteral: Contains = (wide, narrow) => containsPattern(wide, literal(narrow));

const SAME: Readonly<Record<string, Comparison>> = {
  stringequals: eachIn(equal),
  stringnotequals: excludes(equal),
  stringequalsignorecase: eachIn(equalInAnyCase),
  stringnotequalsignorecase: excludes(equalInAnyCase),
  stringlike: eachIn(containsPattern),
  stringnotlike: excludes(containsPattern),
  arnlike: eachIn(containsArn),
  arnnotlike: excludes(containsArn),
  ipaddress: eachIn(containsRange),
  notipaddress: excludes(containsRange),
  bool: eachIn(equalInAnyCase),
  null: eachIn(equalInAnyCase),
  binaryequals: eachIn(equal),
  numericequals: eachIn((one, other) => Number(one) === Number(other)),
  numericnotequals: excludes((one, other) => Number(one) === Number(other)),
  dateequals: eachIn((one, other) => timeOf(one) === timeOf(other)),
  datenotequals: excludes((one, other) => timeOf(one) === timeOf(other)),
};

/** Operators that are two names of one. */
const SYNONYMS: Readonly<Record<string, string>> = { arnequals: "arnlike", arnnotequals: "arnnotlike" };

function comparisonOf(strict: string, loose: string): Comparison | undefined {
  const [one, other] = [SYNONYMS[strict] ?? strict, SYNONYMS[loose] ?? loose];
  if (one === other && Object.hasOwn(SAME, one)) return SAME[one];
  if (one === "stringequals" && other === "stringlike") return eachIn(containsLiteral);
  if (one === "stringequals" && other === "stringequalsignorecase") return eachIn(equalInAnyCase);
  if (one === "stringnotlike" && other === "stringnotequals") return excludes(containsLiteral);
  if (one === "stringnotequalsignorecase" && other === "stringnotequals") return excludes(equalInAnyCase);
  return orderComparison(one, other);
}

/** Less than 5 implies less than or equal to 7: for numbers and dates. */
function orderComparison(strict: string, loose: string): Comparison | undefined {
  const [, kind, direction, orEqual] = /^(numeric|date)(less|greater)than(equals)?$/.exec(strict) ?? [];
  const [, otherKind, otherDirection, otherOrEqual] =
    /^(numeric|date)(less|greater)than(equals)?$/.exec(loose) ?? [];
  if (!kind || kind !== otherKind || direction !== otherDirection) return undefined;
  const read = kind === "date" ? timeOf : Number;
  const sign = direction === "less" ? 1 : -1;
  return (one, other) => {
    // Any of several values suffices: the loosest counts.
    const [bound, limit] = [one, other].map((values) =>
      Math.max(...values.map((value) => sign * read(value))),
    );
    if (bound === undefined || limit === undefined || Number.isNaN(bound + limit)) return false;
    return bound < limit || (bound === limit && (orEqual === undefined || otherOrEqual !== undefined));
  };
}

/** A date of ISO 8601, or seconds since 1970. */
const timeOf = (text: string): number => (/^\d{5,}$/.test(text) ? Number(text) * 1000 : Date.parse(text));

/** Whether a range of IP addresses takes in another. */
function containsRange(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  const [one, other] = [rangeOf(wide), rangeOf(narrow)];
  if (!one || !other || one.family !== other.family || one.prefix > other.prefix) return false;
  const block = new BlockList();
  block.addSubnet(one.address, one.prefix, one.family);
  return block.check(other.address, other.family);
}

function rangeOf(text: string) {
  const [address = "", length] = text.split("/");
  const version = isIP(address);
  if (version === 0) return undefined;
  const most = version === 4 ? 32 : 128;
  const prefix = length === undefined ? most : Number(length);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > most) return undefined;
  return { address, prefix, family: version === 4 ? ("ipv4" as const) : ("ipv6" as const) };
}
