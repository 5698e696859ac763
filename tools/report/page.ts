import { type AnsweredRow, asExpected, type Results } from "../verify/results";
import { allowedInNewRows, type Difference, type Held, noLongerAsked, passes } from "./difference";
import { entriesSection } from "./entries";
import { html, Markup } from "./markup";
import { pathsOf, pathWords } from "./paths";
import { picture } from "./picture";
import { duration, statementWords } from "./words";

/** The report's first sentence, the same in HTML and Markdown. */
export function headline(results: Results, difference?: Difference): string {
  const { stack, rows } = results;
  const fine = rows.filter(asExpected).length;
  const answers = `${fine} of ${rows.length} answers as expected`;
  if (!difference) return `Stack ${stack}: ${answers}`;
  const changed = difference.newlyAllowed.length;
  const added = allowedInNewRows(difference).length;
  const mark = passes(results, difference) ? "✔" : "✘";
  const gone = noLongerAsked(results, difference).length;
  const unasked = gone > 0 ? `; no longer asks ${gone} that were refused` : "";
  const allows = [
    ...(changed > 0 ? [`what was refused before: ${changed}`] : []),
    ...(added > 0 ? [`${added} (new rows)`] : []),
  ];
  return `${mark} Stack ${stack} newly allows ${allows.join(", and ") || "nothing"}${unasked}; ${answers}`;
}

/** The caller, and the session: `tester, signed in with MFA`. */
export const callerLabel = ({ who, session }: AnsweredRow): string => `${who}, ${session}`;

/** When and where the answers were given. */
export const provenance = ({ at, rehearsal, stack, region }: Results): string =>
  `stack ${stack}, ${at.slice(0, 16).replace("T", " ")} UTC, ${region}, ${rehearsal ? "rehearsed: not AWS" : "asked of AWS"}`;

/** The scenarios that were asked about, in their order. */
export const scenariosOf = (results: Results): string[] => [
  ...new Set(results.rows.map(({ scenario }) => scenario)),
];

/** Everything that a reader should know before the tables, the gravest first: the subject, and what is said of it. */
export function listsOf(
  results: Results,
  difference?: Difference,
): { title: string; items: [of: string, says: string][] }[] {
  const item = (row: AnsweredRow, ...more: string[]): [string, string] => [
    callerLabel(row),
    [`${row.action} on ${row.on} (${row.scenario} ${row.check})`, ...more.filter(Boolean)].join(": "),
  ];
  const answered = (row: AnsweredRow) => item(row, row.answer);
  const held = ({ of, statement }: Held): [string, string] => [of, statementWords(statement)];
  const wrong = results.rows.filter((row) => !asExpected(row));
  const lists: Record<string, [string, string][] | undefined> = {
    "Newly allowed": difference?.newlyAllowed.map(({ row }) => item(row)),
    "Newly allowed, in new rows": difference && allowedInNewRows(difference).map((row) => item(row)),
    "Not as expected": wrong.map((row) =>
      item(row, `expected ${row.expected}, was ${row.answer}`, row.words),
    ),
    "Removed rows": difference?.removed.map(answered),
    "Newly refused": difference?.newlyRefused.map(({ row }) => item(row)),
    "Answered otherwise": difference?.otherwise.map(({ row, before }) =>
      item(row, `${before} before, now ${row.answer}`),
    ),
    "New policy statements": difference?.policies.added.map(held),
    "Removed policy statements": difference?.policies.removed.map(held),
    "New rows": difference?.added.filter(({ answer }) => answer !== "allowed").map(answered),
  };
  return Object.entries(lists).flatMap(([title, items = []]) => (items.length > 0 ? [{ title, items }] : []));
}

/** A scenario's policies in plain words. */
export function policyWords(results: Results, scenario: string): { of: string; says: string[] }[] {
  const groups = new Set(
    results.rows.flatMap((row) => (row.scenario === scenario ? (results.people[row.who]?.groups ?? []) : [])),
  );
  const roles = results.roles.filter((one) => one.scenario === scenario);
  const [role] = roles;
  return [
    ...roles.flatMap(({ arn, maxSessionDuration, trust, policies }) => [
      {
        of: `The role ${arn} trusts, for at most ${duration(maxSessionDuration)} at a time`,
        says: trust.map(statementWords),
      },
      ...policies.map(({ name, statements }) => ({
        of: `Policy ${name} of the role ${arn}`,
        says: statements.map(statementWords),
      })),
    ]),
    ...results.groups
      .filter(({ of, statements }) => groups.has(of.replace("group ", "")) && concerns(statements, role?.arn))
      .map(({ of, name, statements }) => ({
        of: `Policy ${name} of ${of}`,
        says: statements.map(statementWords),
      })),
    ...results.resources
      .filter((one) => one.scenario === scenario)
      .map(({ kind, arn, statements }) => ({
        of: `Policy of the ${kind} ${arn}`,
        says: statements.map(statementWords),
      })),
  ];
}

/** A group may be granted several roles: only what is about this one, or where there is none, what is about no role. */
const concerns = (statements: readonly { Resource?: string | string[] }[], roleArn: string | undefined) =>
  statements.some(({ Resource = [] }) =>
    [Resource].flat().some((one) => (roleArn ? one === roleArn || one === "*" : !/:role\//.test(one))),
  );

/** The report as one HTML page that needs nothing else: no script, no file, no network. */
export function page(results: Results, base?: Results, difference?: Difference): string {
  const scenarios = scenariosOf(results);
  const title = headline(results, difference);
  const findings = findingsSection(results, base, difference);
  const entries = entriesSection(results);
  const bad = difference ? !passes(results, difference) : !results.rows.every(asExpected);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<h1 class="${bad ? "bad" : "good"}">${title}</h1>
<p>Who gets in, asked of the accounts themselves: ${provenance(results)}.</p>
<nav aria-label="Contents"><ul>${entries && html`<li><a href="#entries">Who can get in</a></li>`}${findings && html`<li><a href="#findings">${base ? "Difference" : "In short"}</a></li>`}${scenarios.map((name) => html`<li><a href="#${name}">${name}</a></li>`)}</ul></nav>
</header>
<main id="main" tabindex="-1">
${entries}
${findings}
${scenarios.map((name) => scenarioSection(results, name))}
</main>
</body>
</html>
`.text;
}

function scenarioSection(results: Results, name: string): Markup {
  const rows = results.rows.filter(({ scenario }) => scenario === name);
  const fine = rows.filter(asExpected).length;
  return html`<section aria-labelledby="${name}">
<h2 id="${name}">${name}</h2>
<p class="${fine === rows.length ? "good" : "bad"}">${fine} of ${rows.length} answers as expected.</p>
<figure>
<div class="scroll" tabindex="0" role="group" aria-label="Picture of ${name}">${picture(results, name)}</div>
<figcaption>Solid line, arrowhead and ✔: allowed. Dashed line, cross and ✘: refused.</figcaption>
<details><summary>The picture of ${name} in words</summary><ul>${pathWords(pathsOf(results, name)).map((one) => html`<li>${one}</li>`)}</ul></details>
</figure>
<h3>What was asked and answered: ${name}</h3>
${table(results, name, rows)}
<h3>What the policies say: ${name}</h3>
${policyWords(results, name).map(({ of, says }) => html`<p>${of}:</p><ul class="says">${says.map((one) => html`<li>${one}</li>`)}</ul>`)}
</section>
`;
}

function table(results: Results, scenario: string, rows: readonly AnsweredRow[]): Markup {
  const checks = [...new Set(rows.map(({ check }) => check))];
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Table of ${scenario}"><table>
<caption>Access table of ${scenario}: each line is one request</caption>
<thead><tr><th scope="col">Who, with what</th><th scope="col">Answered</th><th scope="col">Expected</th><th scope="col">Asked</th><th scope="col">In the endpoint's words</th></tr></thead>
${checks.map(
  (
    check,
  ) => html`<tbody><tr><th scope="rowgroup" colspan="5">${check}. ${results.checks[scenario]?.[check - 1] ?? ""}</th></tr>
${rows
  .filter((row) => row.check === check)
  .map(
    (row) =>
      html`<tr${!asExpected(row) && new Markup(' class="differs"')}><th scope="row">${callerLabel(row)}</th><td>${answerOf(row)}</td><td>${row.expected}</td><td>${row.action} on ${row.on}</td><td class="words">${row.words}</td></tr>
`,
  )}</tbody>`,
)}
</table></div>`;
}

const SIGNS: Readonly<Record<string, string>> = { allowed: "✔", refused: "✘" };

function answerOf(row: AnsweredRow): Markup {
  const style = row.answer === "allowed" ? "allowed" : "refused";
  const remark = !asExpected(row) && html` <strong class="bad">not as expected</strong>`;
  return html`<span class="${style}">${SIGNS[row.answer] ?? "?"} ${row.answer}</span>${remark}`;
}

function findingsSection(results: Results, base?: Results, difference?: Difference): Markup | undefined {
  const lists = listsOf(results, difference);
  if (!base && lists.length === 0) return undefined;
  const isNothingAllowed =
    difference && difference.newlyAllowed.length + allowedInNewRows(difference).length === 0;
  const compared = base && `Compared: ${provenance(base)} (before) and ${provenance(results)} (now). `;
  return html`<section aria-labelledby="findings">
<h2 id="findings">${base ? "Difference" : "In short"}</h2>
<p>${compared}${isNothingAllowed && "Nothing is newly allowed."}</p>
${lists.map(({ title, items }) => html`<h3>${title}: ${items.length}</h3><ul>${items.map(([who, says]) => html`<li><strong>${who}</strong>: ${says}</li>`)}</ul>`)}
</section>`;
}

const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --raised: #f5f7fa; --ink: #1b1f24; --faint: #57606a; --line: #8c959f; --good: #116329; --refused: #8a4300; --bad: #b3211b; --focus: #0550ae; --notice: #fff1f0; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1419; --raised: #1a212a; --ink: #e6edf3; --faint: #a5b0bb; --line: #6e7985; --good: #63d489; --refused: #f2b072; --bad: #ff9b93; --focus: #79b8ff; --notice: #3a1a1a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: .5rem 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .25rem; border-top: 1px solid var(--line); padding-top: 1rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .25rem 0; }
h1, h2, p, li { overflow-wrap: anywhere; }
a { color: var(--focus); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: .5rem 0; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .5rem; z-index: 1; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.good, .allowed { color: var(--good); }
.refused { color: var(--refused); }
.bad { color: var(--bad); }
figure { margin: .5rem 0; }
figcaption, caption { color: var(--faint); font-size: .875rem; text-align: left; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; min-width: 56rem; font-size: .875rem; }
caption { padding: .4rem .6rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-top: 1px solid var(--line); }
th[scope=row] { font-weight: normal; min-width: 13rem; }
td:nth-child(4) { min-width: 16rem; }
th[scope=rowgroup], thead th { background: var(--raised); }
td span { white-space: nowrap; }
.words { color: var(--faint); min-width: 18rem; overflow-wrap: anywhere; }
tr.differs > * { background: var(--notice); }
.says, details ul { margin: .25rem 0; }
svg { display: block; font: 13px system-ui, sans-serif; max-width: none; }
svg text { fill: var(--ink); }
svg .account { fill: var(--raised); stroke: var(--line); }
svg .owner, svg .note { fill: var(--faint); font-size: 12px; }
svg .owner { font-weight: 600; }
svg .node { fill: var(--ground); stroke: var(--ink); }
svg .role .node { stroke-width: 2; }
svg .name { font-weight: 600; }
svg .icon { fill: none; stroke: var(--faint); stroke-width: 1.5; }
svg .label { font-size: 12.5px; paint-order: stroke; stroke: var(--raised); stroke-width: 4px; stroke-linejoin: round; }
svg .allowed > path, svg .refused > path { fill: none; stroke: var(--good); stroke-width: 2; }
svg .refused > path { stroke: var(--refused); stroke-width: 1.5; stroke-dasharray: 5 4; }
svg .allowed > text { fill: var(--good); }
svg .refused > text { fill: var(--refused); }
svg .differs > path { stroke: var(--bad); stroke-width: 4; }
svg .differs > text { fill: var(--bad); font-weight: 600; }
svg .tip.allowed { fill: var(--good); }
svg .tip.refused { fill: none; stroke: var(--refused); stroke-width: 2.5; }
svg.entries { width: 100%; height: auto; max-width: 45rem; }
svg.entries .way { stroke: var(--good); stroke-width: 2; }
svg.entries .head { fill: var(--good); }
table.entries { min-width: 0; overflow-wrap: anywhere; }
table.entries th[scope=row] { min-width: 0; font-weight: 600; }
table.entries td:nth-child(4) { min-width: 0; }
@media (max-width: 48rem) {
  table.entries thead { display: none; }
  table.entries tr { display: block; border-top: 1px solid var(--line); padding: .35rem 0; }
  table.entries th, table.entries td { display: block; border: 0; padding: .1rem .25rem; }
  table.entries td::before { content: attr(data-label) ": "; color: var(--faint); }
  table.entries td div { display: inline; }
  table.entries td div + div::before { content: "; "; }
}
@media (max-width: 48rem) { .words { min-width: 32rem; } }
@media print { .scroll { overflow: visible; border: 0; } svg { width: 100%; height: auto; } }
`;
