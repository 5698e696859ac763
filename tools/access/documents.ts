import { type ConditionTest, type Grant, type Selection, selection } from "./facts";

type DocumentFields = Readonly<Record<string, unknown>>;
export const isFields = (value: unknown): value is DocumentFields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The policy documents in a value, found by shape however deep they stand, and what is left of it without them. */
export interface Extract {
  documents: DocumentFields[];
  /** Undefined: nothing is left. */
  rest: unknown;
}

export function extractDocuments(value: unknown): Extract {
  if (typeof value === "string") return extractFromText(value);
  if (Array.isArray(value)) {
    const parts = value.map(extractDocuments);
    const rest = parts.map((part) => part.rest).filter((part) => part !== undefined);
    const documents = parts.flatMap((part) => part.documents);
    return { documents, rest: documents.length > 0 && rest.length === 0 ? undefined : rest };
  }
  if (!isFields(value)) return { documents: [], rest: value };
  if (isDocument(value)) return { documents: [value], rest: undefined };
  const parts = Object.entries(value).map(([key, part]) => [key, extractDocuments(part)] as const);
  const documents = parts.flatMap(([, part]) => part.documents);
  const rest = parts.flatMap(([key, part]) => (part.rest === undefined ? [] : [[key, part.rest] as const]));
  return {
    documents,
    rest: documents.length > 0 && rest.length === 0 ? undefined : Object.fromEntries(rest),
  };
}

function extractFromText(text: string): Extract {
  const asText = { documents: [], rest: text };
  if (!/^\s*[[{"]/.test(text)) return asText;
  const parsed = parseJson(text);
  const extract = extractDocuments(parsed);
  return extract.documents.length > 0 ? extract : asText;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isDocument = (value: DocumentFields): boolean =>
  Object.entries(value).some(
    ([key, statements]) =>
      /^statement$/i.test(key) &&
      [statements].flat().length > 0 &&
      [statements].flat().every((statement) => isFields(statement)),
  );

/** The holder of a document, and the word for its Allow. */
export interface Holder {
  account: string;
  holder: string;
  allows: "allows" | "trusts";
}

/** The grants of a document, and whatever of it says something else, as JSON: nothing is left out. */
export function readDocument(document: DocumentFields, { account, holder, allows }: Holder) {
  const grants: Grant[] = [];
  const others: string[] = [];
  const elements = Object.entries(document).map(([key, value]) => [key.toLowerCase(), value] as const);
  const version = elements.find(([key]) => key === "version")?.[1];
  for (const [key, value] of elements)
    if (key === "statement")
      for (const statement of [value].flat() as DocumentFields[]) {
        const grant = readStatement(statement, version);
        if (!grant) others.push(`statement ${sortedJson(statement)}`);
        else {
          const { allowed, ...rest } = grant;
          grants.push({ account, holder, effect: allowed ? allows : "refuses", ...rest });
        }
      }
    else if (key !== "version" && key !== "id") others.push(`${key} ${sortedJson(value)}`);
  return { grants, others };
}

const ELEMENTS = [
  "sid",
  "effect",
  "principal",
  "notprincipal",
  "action",
  "notaction",
  "resource",
  "notresource",
  "condition",
];

type ReadStatement = Pick<Grant, "who" | "actions" | "resources" | "condition"> & { allowed: boolean };

/** Undefined: it has more or other elements than a statement that AWS documents. */
function readStatement(statement: DocumentFields, version: unknown): ReadStatement | undefined {
  const keys = Object.keys(statement).map((key) => key.toLowerCase());
  if (new Set(keys).size < keys.length || !keys.every((key) => ELEMENTS.includes(key))) return undefined;
  const elements = new Map(Object.entries(statement).map(([key, value]) => [key.toLowerCase(), value]));
  const effect = elements.get("effect");
  if (effect !== "Allow" && effect !== "Deny") return undefined;
  // Only the newer version reads ${aws:username} as a variable; the older one takes it as it stands.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: AWS writes its variables so
  const text = (value: string) => (version === "2012-10-17" ? value : value.replaceAll("${", "${$}{"));
  const select = (name: string, read: (value: unknown) => string[] | undefined): Selection | undefined => {
    const [plain, except] = [elements.get(name), elements.get(`not${name}`)];
    if (plain !== undefined && except !== undefined) return undefined;
    const values = read(plain ?? except ?? []);
    if (!values || (values.length === 0 && (plain ?? except) !== undefined)) return undefined;
    return selection(values, except !== undefined);
  };
  const who = select("principal", principalsOf);
  const actions = select("action", textsOf);
  const resources = select("resource", (value) => textsOf(value)?.map(text));
  const condition = readCondition(elements.get("condition") ?? {}, text);
  if (!who || !actions || !resources || !condition) return undefined;
  if (!elements.has("action") && !elements.has("notaction")) return undefined;
  return { allowed: effect === "Allow", who, actions, resources, condition };
}

/** A value or a list of values as texts; undefined where one is none. */
function textsOf(value: unknown): string[] | undefined {
  const values = [value].flat();
  const areTexts = values.every((item) => ["string", "number", "boolean"].includes(typeof item));
  return areTexts ? values.map(String) : undefined;
}

function principalsOf(value: unknown): string[] | undefined {
  if (Array.isArray(value)) return value.length === 0 ? [] : undefined;
  if (!isFields(value)) return textsOf(value);
  const kinds = Object.entries(value).map(([kind, names]) =>
    textsOf(names)?.map((name) => (kind === "AWS" ? accountOr(name) : `${kind}:${name}`)),
  );
  return kinds.every((names) => names !== undefined) ? kinds.flat() : undefined;
}

/** An account, by its ID alone: AWS stores the ARN of its root for the ID. */
const accountOr = (principal: string): string =>
  /^arn:aws[\w-]*:iam::(\d{12}):root$/.exec(principal)?.[1] ?? principal;

function readCondition(block: unknown, text: (value: string) => string): ConditionTest[] | undefined {
  if (!isFields(block)) return undefined;
  const tests = Object.entries(block).flatMap(([operator, keys]) =>
    isFields(keys)
      ? Object.entries(keys).map(([key, value]) => ({ operator, key, values: textsOf(value)?.map(text) }))
      : [undefined],
  );
  return tests.every((test) => test?.values !== undefined) ? (tests as ConditionTest[]) : undefined;
}

/** JSON that does not depend on the order of keys. */
export const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isFields(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
