/**
 * What a policy's wildcards can cost. The evaluator turns patterns into regular expressions, whose time can grow without
 * bound. So V8 falls back to its engine without backtracking, which is linear in the text; and action patterns, for which
 * that engine does not serve (they ignore case), are matched here, in time of at most pattern times text.
 */
import { setFlagsFromString } from "node:v8";
import type { PolicyStatement } from "./policy-documents";

setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");

const MANY = 3;
/** An action that no request has. */
const NO_ACTION = "sandbox:NoAction";

/** Whether a pattern with `*` and `?` covers a text, whatever the case of letters. */
export function covers(pattern: string, text: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), text.toLowerCase()];
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (from < given.length) {
    if (wanted[at] === "*") {
      star = at++;
      mark = from;
    } else if (wanted[at] === "?" || (at < wanted.length && wanted[at] === given[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++mark;
    } else return false;
  }
  while (wanted[at] === "*") at++;
  return at === wanted.length;
}

const isCostly = (pattern: string): boolean => (pattern.match(/[*?]/g)?.length ?? 0) > MANY;

/** A statement whose action patterns with many wildcards are decided already. */
export function withCheapActions(statement: PolicyStatement, action: string): PolicyStatement {
  const { Action, NotAction } = statement;
  const cheap = (patterns: string | string[]) =>
    [patterns].flat().map((pattern) => {
      if (!isCostly(pattern)) return pattern;
      return covers(pattern, action) ? action : NO_ACTION;
    });
  if (![Action ?? [], NotAction ?? []].flat(2).some(isCostly)) return statement;
  return {
    ...statement,
    ...(Action && { Action: cheap(Action) }),
    ...(NotAction && { NotAction: cheap(NotAction) }),
  };
}
