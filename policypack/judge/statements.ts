import type { FoundStatement, StatementPrincipal } from "../find/types";
import { isFixed, isPositive, readTests, type Test } from "./conditions";

/** Known principals of one kind, in lower case, in a statement that allows. AWS is the kind of an account, ARN or wildcard without a key. */
export function principalsOfKind(
  { allows, principals }: FoundStatement,
  kind: string,
): (StatementPrincipal & { text: string })[] {
  if (!allows) return [];
  const kindOf = ({ kind: key, text = "" }: StatementPrincipal): string =>
    key.toLowerCase() || (/\.amazon(aws)?\.com(\.cn)?$/.test(text) ? "service" : "aws");
  return principals.flatMap((principal) =>
    principal.text !== undefined && kindOf(principal) === kind
      ? [{ ...principal, text: principal.text }]
      : [],
  );
}

/** True if a test of the statement's conditions holds. */
export const hasTest = (statement: FoundStatement, holds: (test: Test) => boolean): boolean =>
  readTests(statement.conditions).tests.some(holds);

/** True for a positive test on one of the keys, whose values all pass; unknown ones pass, as the update judges them again. */
export const limitsTo = (test: Test, keys: string[], passes = isFixed): boolean =>
  keys.includes(test.key) &&
  isPositive(test) &&
  test.values.every((value) => value === undefined || passes(value, test.key));
