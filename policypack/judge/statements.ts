import type { Principal, Statement } from "../find/types";
import { isFixed, isPositive, readTests, type Test } from "./conditions";

/** Known principals of one kind, in lower case, in a statement that allows. AWS is the kind of an account, ARN or wildcard without a key. */
export function principalsOfKind(
  { allows, principals }: Statement,
  kind: string,
): (Principal & { text: string })[] {
  if (!allows) return [];
  const kindOf = ({ kind: key, text = "" }: Principal): string =>
    key.toLowerCase() || (/\.amazon(aws)?\.com(\.cn)?$/.test(text) ? "service" : "aws");
  return principals.flatMap((principal) =>
    principal.text !== undefined && kindOf(principal) === kind
      ? [{ ...principal, text: principal.text }]
      : [],
  );
}

/** True if a test of the statement's conditions holds. */
export const hasTest = (statement: Statement, holds: (test: Test) => boolean): boolean =>
  readTests(statement.conditions).tests.some(holds);

/**
 * True if a positive test on one of the keys limits the statement to values that pass. Values unknown until the update
 * pass here, since the update judges them again.
 */
export const isLimitedBy = (statement: Statement, keys: string[], passes = isFixed): boolean =>
  hasTest(
    statement,
    (test) =>
      keys.includes(test.key) &&
      isPositive(test) &&
      test.values.every((value) => value === undefined || passes(value, test.key)),
  );
