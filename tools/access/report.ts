import { markdown } from "../report/markup";
import { type Change, KINDS, type Kind, WIDENING, widens } from "./difference";

/** How what is deployed compares with the committed file, and with that of the base. */
export interface AccessReport {
  stack: string;
  /** The committed file. */
  file: string;
  /** Lines that nobody can read: these count as changed. */
  unreadable: readonly string[];
  isAsCommitted: boolean;
  sinceCommitted: readonly Change[];
  /** Undefined: no base was named; `none`: it has no such file. */
  sinceBase: readonly Change[] | "none" | undefined;
  /** The difference of the committed file, line by line. */
  lines: readonly string[];
}

const capital = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}`;
const ofKind = (changes: readonly Change[], kind: Kind) => changes.filter((change) => change.kind === kind);

/** `2 newly allowed, 1 newly trusted`; or that nothing is. */
function summary(changes: readonly Change[]): string {
  if (changes.length === 0) return "no change of access";
  const counts = KINDS.flatMap((kind) => {
    const count = ofKind(changes, kind).length;
    return count > 0 ? [`${count} ${kind}`] : [];
  });
  return `${widens(changes) ? "" : "newly allows nothing; "}${counts.join(", ")}`;
}

function title(report: AccessReport): string {
  const { stack, file, isAsCommitted, sinceBase } = report;
  const what = sinceBase === "none" ? `the base has no ${file} to compare with` : summary(changesOf(report));
  const mark = isAsCommitted ? "✔" : "✘";
  return `${mark} Stack ${stack}: ${what}${isAsCommitted ? "" : `. ${file} is not what the program deploys`}`;
}

const sentence = ({ sentence, places }: Change): string =>
  `${sentence}.${places.length > 0 ? ` Defined in ${places.join(", ")}.` : ""}`;

/** The changes that people want to see: since the base, or where there is none since the committed file. */
const changesOf = ({ sinceBase, sinceCommitted }: AccessReport): readonly Change[] =>
  sinceBase === undefined || sinceBase === "none" ? sinceCommitted : sinceBase;

/** What to do where the committed file differs; nothing where it does not. */
function adviceOf({
  stack,
  file,
  isAsCommitted,
  unreadable,
  sinceCommitted,
  sinceBase,
}: AccessReport): string[] {
  if (isAsCommitted) return [];
  if (unreadable.length > 0)
    return [
      `What cannot be read counts as changed. Fix: keep policies out of secrets, for example with pulumi.unsecret.`,
    ];
  const since = sinceBase === undefined ? "" : `, beyond what ${file} says: ${summary(sinceCommitted)}`;
  return [
    `${file} is not what the program deploys${since}. ` +
      `If the difference is intended: npm run rehearse -- ${stack}, then npm run access -- ${stack}, and commit the file.`,
  ];
}

export function textReport(report: AccessReport): string {
  const changes = changesOf(report);
  return [
    title(report),
    ...KINDS.flatMap((kind) => {
      const some = ofKind(changes, kind);
      return some.length > 0
        ? ["", `${capital(kind)}:`, ...some.map((change) => `  ${sentence(change)}`)]
        : [];
    }),
    ...report.unreadable.flatMap((line) => ["", `Cannot be read: ${line}`]),
    ...adviceOf(report).flatMap((line) => ["", line]),
    ...(report.isAsCommitted ? [] : ["", ...report.lines.map((line) => `  ${line}`)]),
  ].join("\n");
}

/** The same for a pull request's comment: what lets someone do more stands first. */
export function markdownReport(report: AccessReport): string {
  const changes = changesOf(report);
  return [
    `### ${markdown(title(report))}`,
    "",
    ...KINDS.flatMap((kind) => {
      const some = ofKind(changes, kind);
      if (some.length === 0) return [];
      const count = WIDENING.includes(kind)
        ? `**${capital(kind)}: ${some.length}**`
        : `${capital(kind)}: ${some.length}`;
      return [count, "", ...some.map((change) => `- ${markdown(sentence(change))}`), ""];
    }),
    ...report.unreadable.flatMap((line) => [`Cannot be read: ${markdown(line)}`, ""]),
    ...adviceOf(report).flatMap((line) => [`**${markdown(line)}**`, ""]),
    ...(report.isAsCommitted
      ? []
      : [
          "<details>",
          `<summary>Difference of ${markdown(report.file)}</summary>`,
          "",
          ...report.lines.map((line) => `    ${line}`),
          "",
          "</details>",
          "",
        ]),
  ].join("\n");
}
