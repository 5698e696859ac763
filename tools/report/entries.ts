import { parseBaseline } from "../access/baseline";
import { type Entry, entriesOf } from "../access/entries";
import { groupBy } from "../access/facts";
import type { Results } from "../verify/results";
import { html, type Markup, markdown } from "./markup";

const TITLE = "Who can get into the trusting account?";

/** Everyone from outside who can get in, from what the accounts hold; none where the results do not say. */
export function entriesIn({ access = [], accounts }: Results): Entry[] {
  const names = Object.fromEntries(Object.entries(accounts).map(([home, id]) => [id, home]));
  return entriesOf(parseBaseline(access.join("\n")), names);
}

/** The report's first section: one picture, and one table that a phone shows as cards. */
export function entriesSection(results: Results): Markup | undefined {
  const entries = entriesIn(results);
  if (entries.length === 0) return undefined;
  return html`<section aria-labelledby="entries">
<h2 id="entries">${TITLE}</h2>
<p>From the policies that the accounts hold; the answers to real requests follow below.</p>
<figure>${entriesPicture(entries)}</figure>
<table class="entries">
<thead><tr><th scope="col">Who</th><th scope="col">Must show</th><th scope="col">Through</th><th scope="col">To do</th><th scope="col">Until</th></tr></thead>
<tbody>${entries.map(
    ({
      who,
      shows,
      via,
      to,
      ends,
    }) => html`<tr><th scope="row">${who}</th><td data-label="must show">${shows || "own credentials alone"}</td><td data-label="through">${via}</td><td data-label="to do">${to.map((line) => html`<div>${line}</div>`)}</td><td data-label="until">${ends}</td></tr>
`,
  )}</tbody>
</table>
</section>
`;
}

/** The same for a pull request's comment: GitHub draws Mermaid's text. */
export function entriesMarkdown(results: Results): string[] {
  const entries = entriesIn(results);
  if (entries.length === 0) return [];
  return [
    "<details>",
    `<summary>${markdown(`${results.stack}: ${TITLE}`)}</summary>`,
    "",
    "```mermaid",
    ...mermaid(entries),
    "```",
    "",
    "| who | must show | through | to do | until |",
    "| --- | --- | --- | --- | --- |",
    ...entries.map(({ who, shows, via, to, ends }) => {
      const cells = [who, shows || "own credentials alone", via, to.join("; "), ends];
      return `| ${cells.map(markdown).join(" | ")} |`;
    }),
    "",
    "</details>",
    "",
  ];
}

/** A flow chart of who leads through what to where. */
export function mermaid(entries: readonly Entry[]): string[] {
  const ids = new Map<string, string>();
  const idOf = (text: string) => {
    if (!ids.has(text)) ids.set(text, `n${ids.size}`);
    return ids.get(text)!;
  };
  const node = (text: string) => `${idOf(text)}["${mermaidText(text)}"]`;
  const ways = groupBy(entries, ({ via }) => via);
  return [
    "flowchart LR",
    ...entries.map(({ who, shows, via }) => {
      const label = shows ? `-->|"${mermaidText(shows)}"|` : "-->";
      return `  ${node(`${who}`)} ${label} ${node(via)}`;
    }),
    ...[...ways].map(([via, [entry]]) => `  ${node(via)} --> ${node(entry!.to.join("; "))}`),
  ];
}

/** Mermaid reads entity codes in quotes; anything else that could be its syntax is written as one. */
const mermaidText = (text: string): string =>
  text.replace(/[^\w ./:,*-]/g, (character) => `#${character.codePointAt(0)};`);

const WIDTH = { all: 720, who: 300, gap: 60, via: 360 };
const LINE = 17;

/** Each role or resource with everyone who gets in through it on its left: as wide as a phone, taller where need be. */
export function entriesPicture(entries: readonly Entry[]): Markup {
  let y = 10;
  const blocks = [...groupBy(entries, ({ via }) => via)].map(([via, group]) => {
    const top = y;
    const callers = group.map(({ who, shows }) => {
      const lines = [...wrap(who, 34), ...wrap(shows && `shows: ${shows}`, 38)];
      const box = { y, lines, named: wrap(who, 34).length, height: lines.length * LINE + 12 };
      y += box.height + 8;
      return box;
    });
    const text = [
      ...wrap(via, 40),
      ...group[0]!.to.flatMap((line) => wrap(line, 46)),
      ...wrap(`until ${group[0]!.ends}`, 46),
    ];
    const height = Math.max(y - 8 - top, text.length * LINE + 12);
    y = top + height + 18;
    return html`<g>${callers.map((box) => boxOf(0, box.y, WIDTH.who, box.height, box.lines, box.named))}
${callers.map((box) => html`<path class="way" d="M${WIDTH.who} ${box.y + box.height / 2} H${WIDTH.who + WIDTH.gap - 6}"/><path class="head" d="M${WIDTH.who + WIDTH.gap - 8} ${box.y + box.height / 2 - 5} l8 5 l-8 5 z"/>`)}
${boxOf(WIDTH.who + WIDTH.gap, top, WIDTH.via, height, text, wrap(via, 40).length)}</g>`;
  });
  return html`<svg class="entries" viewBox="0 0 ${WIDTH.all} ${y}" role="img" aria-label="${TITLE} The table below says the same.">${blocks}</svg>`;
}

const boxOf = (
  x: number,
  y: number,
  width: number,
  height: number,
  lines: readonly string[],
  named: number,
) =>
  html`<g><rect class="node" x="${x + 1}" y="${y}" width="${width - 2}" height="${height}" rx="6"/>${lines.map(
    (line, index) =>
      html`<text class="${index < named ? "name" : "note"}" x="${x + 10}" y="${y + 6 + (index + 1) * LINE - 4}">${line}</text>`,
  )}</g>`;

/** Text in lines of a greatest length, parted at blanks, or after a colon or slash. */
function wrap(text: string, most: number): string[] {
  const parts = text
    .split(/(?<=[ :/,])/)
    .flatMap((part) => part.match(new RegExp(`.{1,${most}}`, "g")) ?? []);
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last === undefined || last.length + part.trimEnd().length > most) lines.push(part);
    else lines[lines.length - 1] = last + part;
  }
  return lines.map((line) => line.trimEnd());
}
