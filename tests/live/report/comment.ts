import { type AnsweredRow, asExpected, type Results } from "../results";
import type { Difference } from "./difference";
import { markdown } from "./markup";
import { asker, headline, policyWords, scenariosOf, whence } from "./page";
import { pathsOf, pathWords } from "./paths";
import { statementWords } from "./words";

/** The report as Markdown for a pull request: what is newly allowed first, the tables folded below. */
export function comment(results: Results, base?: Results, difference?: Difference): string {
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`);
  const folded = (title: string, lines: readonly string[]) =>
    lines.length > 0
      ? ["<details>", `<summary>${markdown(title)}</summary>`, "", ...lines, "", "</details>", ""]
      : [];
  const request = (row: AnsweredRow) =>
    `**${markdown(asker(row))}**: ${markdown(row.action)} on ${markdown(row.on)} (${markdown(row.scenario)} ${row.check})`;
  const titled = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [`**${title}: ${lines.length}**`, "", ...list(lines), ""] : [];
  const wrong = results.rows.filter((row) => !asExpected(row));
  const {
    newlyAllowed = [],
    newlyRefused = [],
    otherwise = [],
    added = [],
    removed = [],
    policies,
  } = difference ?? {};
  const held = (which: "added" | "removed") =>
    (policies?.[which] ?? []).map(
      ({ of, statement }) => `${markdown(of)}: ${markdown(statementWords(statement))}`,
    );
  return [
    `### ${markdown(headline(results, difference))}`,
    "",
    ...titled(
      "Newly allowed",
      newlyAllowed.map(({ row }) => request(row)),
    ),
    ...titled(
      "Not as expected",
      wrong.map(
        (row) =>
          `${request(row)}: expected ${markdown(row.expected)}, was ${markdown(row.answer)}${row.words && `: ${markdown(row.words)}`}`,
      ),
    ),
    ...titled(
      "Removed rows",
      removed.map((row) => `${request(row)}: ${markdown(row.answer)}`),
    ),
    ...titled(
      "Newly refused",
      newlyRefused.map(({ row }) => request(row)),
    ),
    ...titled(
      "Answered otherwise",
      otherwise.map(
        ({ row, before }) => `${request(row)}: ${markdown(before)} before, now ${markdown(row.answer)}`,
      ),
    ),
    ...titled("New policy statements", held("added")),
    ...titled("Removed policy statements", held("removed")),
    ...titled(
      "New rows",
      added.map((row) => `${request(row)}: ${markdown(row.answer)}`),
    ),
    `Asked of ${markdown(whence(results))}.${base ? ` Compared with ${markdown(whence(base))}.` : ""}`,
    "",
    ...scenariosOf(results).flatMap((name) => {
      const rows = results.rows.filter(({ scenario }) => scenario === name);
      return folded(
        `${results.stack}, ${name}: ${rows.filter(asExpected).length} of ${rows.length} answers as expected`,
        [
          "| | who, with what | asked | expected | answered |",
          "| --- | --- | --- | --- | --- |",
          ...rows.map((row) =>
            [
              `| ${asExpected(row) ? "✔" : "✘"} ${row.check}`,
              markdown(asker(row)),
              `${markdown(row.action)} on ${markdown(row.on)}`,
              markdown(row.expected),
              `${markdown(row.answer)} |`,
            ].join(" | "),
          ),
          "",
          ...policyWords(results, name).flatMap(({ of, says }) => [
            `${markdown(of)}:`,
            "",
            ...list(says.map(markdown)),
            "",
          ]),
          "Paths:",
          "",
          ...list(pathWords(pathsOf(results, name)).map(markdown)),
        ],
      );
    }),
  ].join("\n");
}
