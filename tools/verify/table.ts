import type { ScenarioContract } from "../../infra/program";
import type { Result } from "./verify";

const isAsExpected = ({ row, verdict }: Result) => verdict.answer === row.expected;
const isSkipped = ({ verdict }: Result) => verdict.answer === "skipped";

type Outcome = "as expected" | "differs" | "skipped";
const MARKS: Readonly<Record<Outcome, string>> = { "as expected": "✔", differs: "✘", skipped: "–" };

/** The outcome of several rows: they differ where one was answered otherwise than expected. */
function outcomeOf(results: readonly Result[]): Outcome {
  const unexpected = results.filter((result) => !isAsExpected(result));
  if (unexpected.length === 0) return "as expected";
  return unexpected.every(isSkipped) ? "skipped" : "differs";
}

/** The table of checks by scenario, with the endpoint's own words wherever it answered otherwise than expected. */
export function table(results: readonly Result[], contract: readonly ScenarioContract[]): string {
  const lines: string[] = [];
  const counts: Record<Outcome, number> = { "as expected": 0, differs: 0, skipped: 0 };
  const scenarios = new Set(results.map(({ row }) => row.scenario));
  const asked = contract.filter((part) => scenarios.has(part.scenario));
  const width = Math.max(...asked.flatMap(({ checks }) => checks.map((title) => title.length)));
  for (const { scenario, checks } of asked) {
    lines.push(`${lines.length > 0 ? "\n" : ""}${scenario}`);
    for (const [index, title] of checks.entries()) {
      const rows = results.filter(({ row }) => row.scenario === scenario && row.check === index + 1);
      const outcome = outcomeOf(rows);
      counts[outcome]++;
      const expected = [...new Set(rows.map(({ row }) => row.expected))].join(", then ");
      lines.push(
        `${MARKS[outcome]} ${String(index + 1).padStart(2)}  ${title.padEnd(width)}  ${expected}`,
        ...rows.filter((result) => !isAsExpected(result)).flatMap(unexpectedLines),
      );
    }
  }
  const total = counts["as expected"] + counts.differs + counts.skipped;
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  return [...lines, "", `${counts["as expected"]} of ${total} checks as expected${skipped}`].join("\n");
}

const unexpectedLines = ({ row, verdict }: Result) => [
  `      ${row.who.name}, ${row.session}: ${row.action} on ${row.on.name}`,
  `        expected ${row.expected}, was ${verdict.answer}${verdict.words && ` (${verdict.words})`}`,
];

const EXIT_CODES = { "as expected": 0, differs: 1, skipped: 3 } as const;

/** 0: every row as expected. 1: some row differs. 3: nothing differs, but some rows could not be asked. */
export const exitCode = (results: readonly Result[]): 0 | 1 | 3 => EXIT_CODES[outcomeOf(results)];
