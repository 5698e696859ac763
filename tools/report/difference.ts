import type { Statement } from "../../infra/access/policy";
import { type AnsweredRow, asExpected, type Results } from "../verify/results";

/** A row that both results have, answered otherwise. */
export interface Changed {
  row: AnsweredRow;
  before: string;
}

/** What the new results have that the base has not. */
export interface Difference {
  newlyAllowed: Changed[];
  newlyRefused: Changed[];
  /** Changed to or from an answer that is neither: unclear, skipped. */
  otherwise: Changed[];
  added: AnsweredRow[];
  removed: AnsweredRow[];
  /** Policy statements that the accounts hold now and did not before, and the other way round. */
  policies: { added: Held[]; removed: Held[] };
}

/** A statement, and whose policy it is in. */
export interface Held {
  of: string;
  statement: Statement;
}

const keyOf = ({ scenario, who, session, action, on }: AnsweredRow) =>
  JSON.stringify([scenario, who, session, action, on]);

/** The difference of two results, of one stack at two times or of two stacks. */
export function differenceOf(base: Results, now: Results): Difference {
  const before = new Map(base.rows.map((row) => [keyOf(row), row]));
  const after = new Set(now.rows.map(keyOf));
  const changed = now.rows.flatMap((row) => {
    const was = before.get(keyOf(row))?.answer;
    return was !== undefined && was !== row.answer ? [{ row, before: was }] : [];
  });
  const is = (from: string, to: string) => (one: Changed) => one.before === from && one.row.answer === to;
  const [newlyAllowed, newlyRefused] = [
    changed.filter(is("refused", "allowed")),
    changed.filter(is("allowed", "refused")),
  ];
  const [was, held] = [heldBy(base), heldBy(now)];
  return {
    newlyAllowed,
    newlyRefused,
    otherwise: changed.filter((one) => !newlyAllowed.includes(one) && !newlyRefused.includes(one)),
    added: now.rows.filter((row) => !before.has(keyOf(row))),
    removed: base.rows.filter((row) => !after.has(keyOf(row))),
    policies: {
      added: [...held].flatMap(([key, one]) => (was.has(key) ? [] : [one])),
      removed: [...was].flatMap(([key, one]) => (held.has(key) ? [] : [one])),
    },
  };
}

/** Rows that the base refused and that are no longer asked, of scenarios that are still deployed. */
export const noLongerAsked = ({ rows }: Results, { removed }: Difference): AnsweredRow[] =>
  removed.filter(
    ({ answer, scenario }) => answer === "refused" && rows.some((row) => row.scenario === scenario),
  );

/** Rows that the base did not ask and that are allowed: nothing says that they were before. */
export const allowedInNewRows = ({ added }: Difference): AnsweredRow[] =>
  added.filter(({ answer }) => answer === "allowed");

/** Whether the results may stand: nothing newly allowed, no refusal that is asked no more, every row as expected. */
export const passes = (results: Results, difference: Difference): boolean =>
  difference.newlyAllowed.length === 0 &&
  allowedInNewRows(difference).length === 0 &&
  noLongerAsked(results, difference).length === 0 &&
  results.rows.every(asExpected);

/** Every statement, by a key that is the same in two stacks: account IDs count as whose they are. */
function heldBy({ accounts, roles, groups, resources }: Results): Map<string, Held> {
  const all: Held[] = [
    ...roles.flatMap(({ arn, trust, policies, boundary }) => [
      ...trust.map((statement) => ({ of: `trust policy of role ${arn.split("/").at(-1)}`, statement })),
      ...[...policies, ...(boundary ? [boundary] : [])].flatMap(({ of, name, statements }) =>
        statements.map((statement) => ({ of: `policy ${name} of ${of}`, statement })),
      ),
    ]),
    ...groups.flatMap(({ of, name, statements }) =>
      statements.map((statement) => ({ of: `policy ${name} of ${of}`, statement })),
    ),
    ...resources.flatMap(({ scenario, kind, statements }) =>
      statements.map((statement) => ({ of: `policy of the ${kind} of ${scenario}`, statement })),
    ),
  ];
  return new Map(
    all.map((one) => {
      let key = `${one.of} ${JSON.stringify(one.statement, sorted)}`;
      for (const [home, id] of Object.entries(accounts)) key = key.replaceAll(id, `<${home}>`);
      return [key, one];
    }),
  );
}

const sorted = (_: string, value: unknown) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
