import { toShortJson, truncate } from "../text";
import { factsOf, holdsDocument, holdsTemplate } from "./carriers";
import type { DocumentPlace } from "./types";

/** The value that a text holds, and the problem of a text that must be a document and is not. */
interface Parsed {
  value?: unknown;
  problem?: string;
}

const TEMPLATE = /AWS::\w+::\w+|AWSTemplateFormatVersion|x-amazon-apigateway-policy/;
// Five times the length that CloudFormation takes inline; reading it takes a good part of a second.
const LONGEST_YAML = 256 * 1024;

/**
 * Reads text as JSON, or as YAML where it can be a template. Other text that happens to look like either is left alone.
 *
 * @param place Where the text stands; without one no problem is reported.
 */
export function parse(text: string, place?: DocumentPlace): Parsed | undefined {
  const trimmed = text.trim();
  const first = trimmed[0];
  if (first === undefined) return undefined;
  const looksJson = first === "{" || first === "[";
  let problem = "it is not JSON";
  if (looksJson || (first === '"' && trimmed.includes('\\"')))
    try {
      return parseJson(trimmed);
    } catch (error) {
      problem = `it is not JSON (${truncate((error as Error).message)})`;
    }
  // Deeper down the name can be that of something else.
  const isWhole = place !== undefined && place.property === place.key && place.step === `.${place.key}`;
  const yaml = parseYaml(trimmed, isWhole && holdsTemplate(place.type, place.key));
  if (yaml) return yaml;
  const isDocument = place !== undefined && holdsDocument(place.type, place.key);
  const mentionsAccess = /["']statement["']\s*:\s*[[{]/i.test(trimmed) && /principal|effect/i.test(trimmed);
  return (isDocument && (isWhole || looksJson)) || (looksJson && mentionsAccess) ? { problem } : undefined;
}

function parseJson(text: string): Parsed {
  const value: unknown = JSON.parse(text);
  // Text that JSON.stringify has made has no key twice.
  const mayRepeat = /statement|principal/i.test(text) && stringify(value) !== text;
  const key = mayRepeat ? findDuplicateKey(text) : undefined;
  if (key === undefined) return { value };
  return {
    value,
    problem: `the key ${toShortJson(key)} stands twice in one object, and readers differ on which counts`,
  };
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // too deep: JSON.stringify recurses
  }
}

function parseYaml(text: string, isTemplate: boolean): Parsed | undefined {
  const mentionsTypes = TEMPLATE.test(text);
  if (text.length > LONGEST_YAML) {
    if (!isTemplate || !mentionsTypes) return undefined;
    return {
      problem: `it is no JSON, and as YAML too long to be read here (over ${LONGEST_YAML} characters)`,
    };
  }
  if (!isTemplate && !mentionsTypes) return undefined;
  try {
    const value = loadYaml(text);
    return typeof value === "object" && value !== null ? { value } : undefined;
  } catch (error) {
    const [line = ""] = (error as Error).message.split("\n");
    return isTemplate ? { problem: `it is neither JSON nor YAML (${truncate(line)})` } : undefined;
  }
}

interface Yaml {
  load(text: string, options: { schema: unknown }): unknown;
  Type: new (tag: string, options: object) => unknown;
  DEFAULT_SCHEMA: { extend(types: unknown[]): unknown };
}

function loadYaml(text: string): unknown {
  const yaml: Yaml = require("js-yaml"); // only templates need it: not loaded at start
  const types = ["scalar", "sequence", "mapping"].map(
    (kind) =>
      new yaml.Type("!", {
        kind,
        multi: true,
        construct: (data: unknown, tag: string) => ({
          [tag === "!Ref" ? "Ref" : `Fn::${tag.slice(1)}`]: data,
        }),
      }),
  );
  return yaml.load(text, { schema: yaml.DEFAULT_SCHEMA.extend(types) });
}

/** A key of the policy grammar that stands twice in one object of valid JSON text: JSON.parse keeps the last silently. */
function findDuplicateKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < json.length; i++) {
    const at = json[i];
    if (at === "{") open.push(new Set());
    else if (at === "[") open.push(undefined);
    else if (at === "}" || at === "]") open.pop();
    else if (at === '"') {
      const start = i;
      for (i++; json[i] !== '"'; i++) if (json[i] === "\\") i++;
      let next = i + 1;
      while (json.charCodeAt(next) <= 32) next++;
      if (json[next] !== ":") continue;
      const raw = json.slice(start, i + 1);
      const key: string = raw.includes("\\") ? JSON.parse(raw) : raw.slice(1, -1);
      const keys = open.at(-1);
      if (keys?.has(key) && factsOf(key).element !== "") return key;
      keys?.add(key);
    }
  }
  return undefined;
}
