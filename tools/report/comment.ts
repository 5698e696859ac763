import { asExpected, type Results } from "../verify/results";
import type { Difference } from "./difference";
import { entriesMarkdown } from "./entries";
import { markdown } from "./markup";
import { callerLabel, headline, listsOf, policyWords, provenance, scenariosOf } from "./page";
import { pathsOf, pathWords } from "./paths";

/** The report as Markdown for a pull request: what is newly allowed first, the tables folded below. */
export function comment(results: Results, base?: Results, difference?: Difference): string {
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}`);
  const folded = (title: string, lines: readonly string[]) =>
    lines.length > 0
      ? ["<details>", `<summary>${markdown(title)}</summary>`, "", ...lines, "", "</details>", ""]
      : [];
  return [
    `### ${markdown(headline(results, difference))}`,
    "",
    ...listsOf(results, difference).flatMap(({ title, items }) => [
      `**${title}: ${items.length}**`,
      "",
      ...items.map(([who, says]) => `- **${markdown(who)}**: ${markdown(says)}`),
      "",
    ]),
    `Asked of ${markdown(provenance(results))}.${base ? ` Compared with ${markdown(provenance(base))}.` : ""}`,
    "",
    ...entriesMarkdown(results),
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
              markdown(callerLabel(row)),
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
