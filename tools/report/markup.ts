/** Text that is HTML already. Everything else that enters a template is escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = Markup | string | number | undefined | false | readonly Value[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function render(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (value === undefined || value === false) return "";
  if (typeof value === "string" || typeof value === "number")
    return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
  return value.map(render).join("");
}

/** HTML or SVG from a template whose values are escaped, unless they are markup themselves. */
export const html = (parts: TemplateStringsArray, ...values: Value[]): Markup =>
  new Markup(String.raw({ raw: parts }, ...values.map(render)));

/** Text for Markdown: every character that could be structure is written as an entity, which never is. */
export const markdown = (text: string): string =>
  text.replace(/\s+/g, " ").replace(/[\\`*_~<>[\]|&#!]/g, (character) => `&#${character.charCodeAt(0)};`);
