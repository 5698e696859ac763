import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import { isMistypedNamespace, PROJECT, stackRules } from "../infra/stack-settings";
import { UserError } from "../infra/user-error";

const INVISIBLE = /[\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]/;

/** What is wrong with an entry of a stack's file, and what to write instead. */
type Mistake = [found: string, fix: string];

/**
 * The project's part of the text of a stack's file, by the settings' names: each value as the engine hands it over.
 * @throws {UserError} naming file and line of what YAML, or the engine, would read as something else than was meant.
 */
export function parseStackFile(stack: string, text: string): Record<string, string> {
  const file = `Pulumi.${stack}.yaml`;
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const reason =
      error.code === "TAB_AS_INDENT"
        ? "a tab indents this line; YAML takes spaces only. Fix: replace it by two spaces for each level"
        : error.message;
    throw new UserError(`${file}, line ${lineCounter.linePos(error.pos[0]).line}: ${reason}`);
  }
  const config: unknown = document.get("config");
  const entries = isMap(config) ? (config as YAMLMap<Node, Node | null>).items : [];
  const mistakes = entries.flatMap((entry) => {
    const mistake = mistakeIn(stack, entry);
    if (!mistake) return [];
    const { line } = lineCounter.linePos(entry.key.range![0]);
    return [`${file}, line ${line}: found ${mistake[0]}.\n    Fix: ${mistake[1]}`];
  });
  if (mistakes.length > 0) throw new UserError(mistakes.join("\n"));
  const own = entries.filter(({ key }) => String(key).startsWith(`${PROJECT}:`));
  return Object.fromEntries(own.map(({ key, value }) => [nameOf(key), textOf(value)]));
}

const nameOf = (key: Node) => String(key).slice(PROJECT.length + 1);

function mistakeIn(stack: string, { key, value }: Pair<Node, Node | null>): Mistake | undefined {
  const written = String(key);
  const [namespace = "", name] = written.split(":");
  if (name === undefined) return [`${written}, which has no namespace`, `write ${PROJECT}:${written}`];
  if (namespace !== PROJECT)
    return isMistypedNamespace(namespace)
      ? [`${written}, whose namespace is mistyped`, `write ${PROJECT}:${name}`]
      : undefined;
  if (value === null || (isScalar(value) && value.value === null))
    return [`${name} without a value`, `write one after the colon, or remove the line`];
  if (isEncrypted(value))
    // Settings that can be secret belong to scenarios: of those the engine alone has the value.
    return Object.hasOwn(stackRules, name)
      ? [
          `${name} encrypted, which must be plain text`,
          `pulumi config set --stack ${stack} ${written} VALUE, without --secret`,
        ]
      : undefined;
  if (!isScalar(value)) return undefined;
  const source = value.source ?? "";
  if (typeof value.value === "number" && /^0\d/.test(source))
    return [
      `${name}: ${source} without quotes, of which YAML drops or reinterprets the leading zero`,
      `write ${written}: "${source}"`,
    ];
  const invisible = INVISIBLE.exec(String(value.value));
  if (!invisible) return undefined;
  const code = invisible[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return [
    `${name} with an invisible character (U+${code}) after ${JSON.stringify(String(value.value).slice(0, invisible.index))}`,
    "type the value anew instead of pasting it",
  ];
}

const isEncrypted = (value: unknown) => isMap(value) && value.has("secure");

/** A value as the engine hands it over, a number as it is written; of a secret there is none. */
function textOf(value: Node | null): string {
  if (isScalar(value))
    return typeof value.value === "number" ? (value.source ?? String(value.value)) : String(value.value);
  return isEncrypted(value) ? "secret" : JSON.stringify(value);
}
