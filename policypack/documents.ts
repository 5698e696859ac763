import {
  exemption,
  holdsDocument,
  holdsTemplate,
  isLabels,
  mayHold,
  namesPrincipal,
  type Rule,
  ruleFor,
  typeKey,
} from "./carriers";
import { resolve, type Scope, scopeOf, within } from "./templates";
import { DEEPEST, type Fields, isFields, isUnknown, itemsOf, textOf, UNKNOWN, UNKNOWN_TEXT } from "./values";

/** One value somewhere in a resource's properties; `parent` leads back to the top. */
export interface Place {
  value: unknown;
  /** Nearest property name: elements of a list, and what a JSON string holds, keep the name they stand under. */
  key: string;
  /** What this step adds to the path: `.Statement`, `[2]`, or nothing for the content of a JSON string. */
  step: string;
  /** Type that the property belongs to, as {@link typeKey} writes it: the resource's, or that of one declared inside a template. */
  type: string;
  /** Property of that type which the value is part of. */
  property: string;
  parent: Place | undefined;
  depth: number;
  /** What references stand for here. */
  scope: Scope;
  /** Elements of the value, once they were asked for: an object may have thousands that name principals. */
  elements?: Map<string, unknown[]>;
}

/** A principal: `kind` is the key it stands under (AWS, Service, ...), `text` is undefined while unknown. */
export interface Principal {
  kind: string;
  text: string | undefined;
}

/** A statement of a policy document, or a property such as a Lambda permission's `principal` put as one. */
export interface Statement {
  /** How a person finds it: `property policy, statement "Public" (1 of 2)`. */
  where: string;
  /** In a policy document, not a property of its own. */
  document: boolean;
  /** Part of a role's trust policy. */
  trust: boolean;
  /** False for Deny alone: what cannot be read as Deny counts as Allow. */
  allows: boolean;
  /** As written, in lower case. */
  actions: string[];
  /** What it stands in: statements of one list decide together. */
  list: unknown;
  principals: Principal[];
  /** Principal stands there at all. */
  named: boolean;
  /** Text of NotPrincipal, where there is one. */
  notPrincipal: string | undefined;
  conditions: unknown[];
}

/** How a person finds a place: `property policy`. */
export const whereOf = (place: Place): string => `property ${pathOf(place)}`;

/** What {@link explore} finds in a resource. */
export interface Found {
  statements: Statement[];
  values: { place: Place; rule: Rule }[];
  malformed: { place: Place; problem: string }[];
  unknown: Place[];
}

const TRUST_KEY = /^assumeRolePolicy(Document)?$/i;
const REFERENCE = /Ref|Fn::|AWS::/; // a template's, as text or as a key
const WHOLE = /^<[^<>]*>$/; // one reference that is fixed
const TEMPLATE = /AWS::\w+::\w+|AWSTemplateFormatVersion|x-amazon-apigateway-policy/;
const MOST_MALFORMED = 100;
// Five times what CloudFormation takes inline; reading it takes a good part of a second.
const LONGEST_YAML = 256 * 1024;
const GRAMMAR =
  /^(statement|sid|effect|(not)?(principal|action|resource)|condition|aws|service|federated|canonicaluser|(for\w+:)?(string|arn|bool|(not)?ip|numeric|date|binary|null)\w*)$/i;
// Properties beside a principal that say what a Condition says in a document.
const BESIDE: Record<string, [operator: string, key: string]> = {
  principalorgid: ["StringEquals", "aws:PrincipalOrgID"],
  organizationid: ["StringEquals", "aws:PrincipalOrgID"],
  sourceaccount: ["StringEquals", "aws:SourceAccount"],
  sourcearn: ["ArnLike", "aws:SourceArn"],
  eventsourcetoken: ["StringEquals", "lambda:EventSourceToken"],
};

/** Every value that each element has, in whatever case its name is written; by name in lower case. */
function elementsOf(object: object): Map<string, unknown[]> {
  const elements = new Map<string, unknown[]>();
  for (const [key, value] of Object.entries(object)) {
    const values = elements.get(key.toLowerCase());
    if (values) values.push(value);
    else elements.set(key.toLowerCase(), [value]);
  }
  return elements;
}

/** Path of a place as a person writes it: `templateBody.Resources.Site.Properties.PolicyDocument`. */
function pathOf(place: Place): string {
  const steps: string[] = [];
  for (let at: Place | undefined = place; at; at = at.parent) steps.push(at.step);
  return clip(steps.reverse().join("").replace(/^\./, ""), 300);
}

/** Text cut to a length that a message can carry. */
export const clip = (text: string, length = 160): string =>
  text.length > length ? `${text.slice(0, length)}…` : text;

/** A value as JSON for a message, unknowns named as such. */
export function show(value: unknown): string {
  try {
    return clip((JSON.stringify(value) ?? "nothing").replace(new RegExp(UNKNOWN, "g"), "(unknown)"));
  } catch {
    return "a value too deep to print"; // JSON.stringify recurses; the walk does not
  }
}

/**
 * Finds every policy statement and every other carrier of principals in a resource, by shape: in any property of any
 * type, in strings of JSON (YAML for templates) and in objects, however deep.
 *
 * @param type Pulumi type token, or a CloudFormation type.
 * @param props Properties as @pulumi/policy hands them over: its proxies are looked through, unknown values kept.
 * @param endpoints Judge endpoint policies too, which are exempt by default.
 */
export function explore(type: string, props: object, endpoints = false): Found {
  const found: Found = { statements: [], values: [], malformed: [], unknown: [] };
  const seen = new Set<unknown>(); // YAML anchors share objects: a second visit finds nothing new
  // Descriptors, since reading a property through the SDK's proxy throws at the first unknown value.
  const value: Fields = Object.create(null);
  for (const key of Object.keys(props)) value[key] = Object.getOwnPropertyDescriptor(props, key)?.value;
  const scope = scopeOf();
  const todo: Place[] = [
    { value, key: "", step: "", type: typeKey(type), property: "", parent: undefined, depth: 0, scope },
  ];
  for (let place = todo.pop(); place; place = todo.pop()) {
    const { value, key } = place;
    if (place.depth > DEEPEST) {
      found.malformed.push({ place, problem: `it goes on deeper than ${DEEPEST} levels` });
      break;
    }
    const child = (
      one: unknown,
      step: string,
      name: string,
      as = isLabels(name) ? "" : place.type,
      part = place.property || name,
    ) => {
      if (one === null || typeof one === "number") return;
      if (place.property === "" && exemption(as, part, endpoints)) return;
      todo.push({
        value: one,
        key: name,
        step,
        type: as,
        property: part,
        parent: place,
        depth: place.depth + 1,
        scope: place.scope,
      });
    };
    const rule =
      typeof value === "string" || typeof value === "boolean"
        ? ruleFor(place.type, key, String(value))
        : undefined;
    if (rule) found.values.push({ place, rule });
    const bare = namesPrincipal(place.type, key);
    if (bare && place.step === `.${key}`) found.statements.push(...barePrincipal(place));
    if (typeof value === "string") {
      if (value.length === 36 && isUnknown(value)) {
        if (!bare && mayHold(place.type, key)) found.unknown.push(place);
        continue;
      }
      if (found.malformed.length === MOST_MALFORMED) continue; // enough to fail it; each costs an exception
      const read = parse(value, place);
      if (read?.problem && isUnknown(value)) found.unknown.push(place);
      else if (read?.problem) found.malformed.push({ place, problem: read.problem });
      if (read?.value !== undefined) child(read.value, "", key);
    } else if (Array.isArray(value)) {
      if (!seen.has(value)) for (let i = value.length - 1; i >= 0; i--) child(value[i], `[${i}]`, key);
      seen.add(value);
    } else if (isFields(value) && !seen.has(value)) {
      seen.add(value);
      if (isFields(value.Resources)) place.scope = within(place.scope, value, declaring(place));
      const meant = resolve(value, place.scope, "one");
      if (meant !== value) {
        child(typeof meant === "string" && WHOLE.test(meant) ? UNKNOWN_TEXT : meant, "", key);
        if (meant !== UNKNOWN_TEXT) continue;
      }
      const statement = place.property !== "" && isStatement(value, key);
      if (statement) found.statements.push(statementOf(value, place));
      const nested = declared(value);
      for (const name of Object.keys(value).reverse())
        if (name === nested?.key) child(nested.props, `.${name}`, name, typeKey(nested.type), "");
        else if (!statement || !GRAMMAR.test(name) || /^statement$/i.test(name))
          child(value[name], `.${name}`, name);
    }
  }
  return found;
}

/** Whether a look at the properties shows anything that could be unknown: most resources have nothing to wait for. */
export function mayAwait(props: object): boolean {
  const todo: unknown[] = Object.keys(props).map((key) => Object.getOwnPropertyDescriptor(props, key)?.value);
  while (todo.length > 0) {
    const one = todo.pop();
    if (typeof one === "string") {
      if (UNKNOWN.test(one) || REFERENCE.test(one)) return true;
    } else if (typeof one === "object" && one !== null)
      for (const [key, value] of Object.entries(one)) {
        if (REFERENCE.test(key)) return true;
        todo.push(value);
      }
  }
  return false;
}

/** The properties of the resource that a place belongs to. */
function declaring(place: Place): unknown {
  let at: Place | undefined = place.parent;
  while (at && at.property !== "") at = at.parent;
  return at?.value;
}

/** A resource declared inside a CloudFormation template or a Cloud Control request. */
function declared(object: Fields): { type: string; key: string; props: Fields } | undefined {
  const type = [object.Type, object.typeName, object.type].find(
    (one) => typeof one === "string" && /^\w+::\w+::\w+$/.test(one),
  );
  for (const key of ["Properties", "desiredState", "properties"]) {
    let props = object[key];
    if (typeof props === "string") props = parse(props)?.value;
    if (type && isFields(props)) return { type: type as string, key, props };
  }
  return undefined;
}

/** Elements are looked for in any case, so that a slip of the pen is judged as what it was meant to be. */
function isStatement(object: Fields, key: string): boolean {
  const names = Object.keys(object).join("\n");
  if (/^DataIdentifier$/im.test(names)) return false; // data protection selects an audience by Principal, and grants nothing
  const [principal, effect] = [/^(Not)?Principal$/im.test(names), /^Effect$/im.test(names)];
  return /^Statement$/i.test(key) ? principal || effect : principal && effect;
}

const denies = (effects: unknown[]): boolean =>
  effects.length > 0 && effects.every((effect) => typeof effect === "string" && /^deny$/i.test(effect));

function statementOf(object: Fields, place: Place): Statement {
  const elements = elementsOf(resolve(object, place.scope) as Fields);
  const all = (name: string): unknown[] => elements.get(name) ?? [];
  const principals = all("principal").flatMap(principalsOf);
  const [notPrincipal] = all("notprincipal");
  const texts = (name: string): string[] =>
    all(name)
      .flat()
      .filter((one) => typeof one === "string")
      .map((one) => one.toLowerCase());
  const actions = texts("action");
  return {
    get where() {
      const sid = all("sid").find((one) => typeof one === "string");
      const list = Array.isArray(place.parent?.value) ? place.parent.value : [object];
      const position = list.length > 1 ? `${list.indexOf(object) + 1} of ${list.length}` : "";
      const which = sid ? `statement ${show(sid)}${position && ` (${position})`}` : `statement ${position}`;
      return `${whereOf(place).replace(/(\[\d+\]|\.Statement)+$/i, "")}, ${sid || position ? which : "its statement"}`;
    },
    document: true,
    trust:
      TRUST_KEY.test(place.property) ||
      (all("resource").length + all("notresource").length === 0 &&
        [...actions, ...texts("notaction")].some((action) => /^sts:(assumerole|\*)/.test(action))),
    allows: !denies(all("effect")),
    actions,
    list: place.parent?.value,
    principals,
    named: principals.length > 0,
    notPrincipal: notPrincipal === undefined ? undefined : show(notPrincipal),
    conditions: all("condition"),
  };
}

/** A property that names principals outside a document, put as the statement that it amounts to. */
function barePrincipal(place: Place): Statement[] {
  const texts = [...itemsOf(resolve(place.value, place.scope))].filter((one) => typeof one === "string");
  const parent = place.parent as Place;
  parent.elements ??= elementsOf(parent.value as Fields);
  const { elements } = parent;
  const beside = (name: string): unknown[] =>
    (elements.get(name) ?? []).map((one) => resolve(one, place.scope));
  if (elements.has("dataidentifier")) return []; // see isStatement
  const conditions: unknown[] = Object.entries(BESIDE).flatMap(([name, [operator, key]]) =>
    beside(name).map((value) => ({ [operator]: { [key]: value } })),
  );
  for (const one of beside("condition")) {
    const [type, key, value] = ["type", "key", "value"].map((name) => elementsOf(Object(one)).get(name)?.[0]);
    conditions.push({ [textOf(type)]: { [textOf(key)]: value } }); // an EventBridge permission's condition
  }
  return [
    {
      get where() {
        return whereOf(place);
      },
      document: false,
      trust: false,
      allows: !denies(beside("effect")),
      actions: [],
      list: undefined,
      principals: principalsOf(texts.flatMap((one) => one.split(","))), // an SSM document's accounts are one text
      named: true,
      notPrincipal: undefined,
      conditions,
    },
  ];
}

/** Every principal below a Principal element, with the key it stands under. */
function principalsOf(value: unknown): Principal[] {
  const principals: Principal[] = [];
  const seen = new Set<unknown>(); // see explore
  const todo: [string, unknown][] = [["", value]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [kind, one] = next;
    if (typeof one === "number" || (typeof one === "string" && one !== ""))
      principals.push({ kind, text: isUnknown(one) && !/[*?]/.test(String(one)) ? undefined : String(one) });
    else if (typeof one === "object" && !seen.has(one)) {
      seen.add(one);
      if (Array.isArray(one)) for (let i = one.length - 1; i >= 0; i--) todo.push([kind, one[i]]);
      else if (isFields(one))
        for (const key of Object.keys(one).reverse()) todo.push([kind || key, one[key]]);
    }
  }
  return principals;
}

/**
 * Reads text as JSON, or as YAML where it may be a template; says what is wrong where it should be a document and is not.
 * Other text that happens to look like either is nobody's business.
 */
function parse(text: string, place?: Place): { value?: unknown; problem?: string } | undefined {
  const trimmed = text.trim();
  const first = trimmed[0];
  if (first === undefined) return undefined;
  const looksJson = first === "{" || first === "[";
  const isDocument = place !== undefined && holdsDocument(place.type, place.key);
  let problem = "it is not JSON";
  if (looksJson || (first === '"' && trimmed.includes('\\"')))
    try {
      const value: unknown = JSON.parse(trimmed);
      const twice = /statement|principal/i.test(trimmed) ? duplicateKey(trimmed) : undefined;
      return {
        value,
        ...(twice && {
          problem: `the key ${show(twice)} stands twice in one object, and readers differ on which counts`,
        }),
      };
    } catch (error) {
      problem = `it is not JSON (${clip((error as Error).message)})`;
    }
  // Deeper down the name may be that of something else.
  const isWhole = place !== undefined && place.property === place.key && place.step === `.${place.key}`;
  const isTemplate = isWhole && holdsTemplate(place.type, place.key);
  const speaksOfTypes = TEMPLATE.test(trimmed);
  if (trimmed.length > LONGEST_YAML) {
    if (isTemplate && speaksOfTypes)
      return {
        problem: `it is no JSON, and as YAML too long to be read here (over ${LONGEST_YAML} characters)`,
      };
  } else if (isTemplate || speaksOfTypes)
    try {
      const value = fromYaml(trimmed);
      if (typeof value === "object" && value !== null) return { value };
    } catch (error) {
      const [line = ""] = (error as Error).message.split("\n");
      if (isTemplate) return { problem: `it is neither JSON nor YAML (${clip(line)})` };
    }
  const speaksOfAccess = /["']statement["']\s*:\s*[[{]/i.test(trimmed) && /principal|effect/i.test(trimmed);
  return (isDocument && (isWhole || looksJson)) || (looksJson && speaksOfAccess) ? { problem } : undefined;
}

interface Yaml {
  load(text: string, options: { schema: unknown }): unknown;
  Type: new (tag: string, options: object) => unknown;
  DEFAULT_SCHEMA: { extend(types: unknown[]): unknown };
}

function fromYaml(text: string): unknown {
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
function duplicateKey(json: string): string | undefined {
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
      if (keys?.has(key) && GRAMMAR.test(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
