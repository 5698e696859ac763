import { toShortJson } from "../text";
import { isFields, isUnknown, itemsOf, type ObjectFields, textOf } from "../values";
import { factsOf } from "./carriers";
import { whereOf } from "./place";
import { plainName } from "./plain-name";
import { resolve } from "./templates";
import type { DocumentPlace, FoundStatement, StatementPrincipal } from "./types";

const SCOPE = new Set(["action", "notaction", "resource", "notresource"]);
const TRUST_KEY = /^assume_?role_?policy(_?document)?$/i;
/** Properties beside a principal that have the effect of a Condition in a document. */
const SIBLING_CONDITIONS: Record<string, [operator: string, key: string]> = {
  principalorgid: ["StringEquals", "aws:PrincipalOrgID"],
  organizationid: ["StringEquals", "aws:PrincipalOrgID"],
  sourceaccount: ["StringEquals", "aws:SourceAccount"],
  sourcearn: ["ArnLike", "aws:SourceArn"],
  eventsourcetoken: ["StringEquals", "lambda:EventSourceToken"],
};

/** Values of an object by plain name: names are read in any case, so that a typing error is judged as it was meant. */
function elementsOf(object: object): Map<string, unknown[]> {
  const elements = new Map<string, unknown[]>();
  for (const [key, value] of Object.entries(object)) {
    const name = plainName(key);
    const values = elements.get(name);
    if (values) values.push(value);
    else elements.set(name, [value]);
  }
  return elements;
}

/** True for an object that has the elements of a statement. */
export function isStatement(keys: string[], key: string): boolean {
  let hasPrincipal = false;
  let hasEffect = false;
  let hasScope = false;
  for (const name of keys) {
    const { element } = factsOf(name);
    if (element === "effect") hasEffect = true;
    else if (element === "principal" || element === "notprincipal") hasPrincipal = true;
    else if (SCOPE.has(element)) hasScope = true;
  }
  if (hasPrincipal && hasEffect) return true;
  return factsOf(key).element === "statement" && (hasEffect || (hasPrincipal && hasScope));
}

const isDeny = (effects: unknown[]): boolean =>
  effects.length > 0 && effects.every((effect) => typeof effect === "string" && /^deny$/i.test(effect));

const textsOf = (values: unknown[]): string[] => values.flat().filter((value) => typeof value === "string");

/** Values of an element, in any case of its name: an object can have it twice. */
function valuesOf(object: ObjectFields, element: string): unknown[] {
  const values: unknown[] = [];
  for (const key of Object.keys(object)) if (factsOf(key).element === element) values.push(object[key]);
  return values;
}

/** Reads a statement of a policy document. */
export const readStatement = (object: ObjectFields, place: DocumentPlace): FoundStatement =>
  new DocumentStatement(object, place);

/** A statement whose elements are read once they are asked for: most are never. */
class DocumentStatement implements FoundStatement {
  readonly isInDocument = true;
  readonly allows: boolean;
  readonly principals: StatementPrincipal[];
  private readonly resolved: ObjectFields;

  constructor(
    private readonly object: ObjectFields,
    private readonly place: DocumentPlace,
  ) {
    this.resolved = resolve(object, place.scope) as ObjectFields;
    this.allows = !isDeny(this.all("effect"));
    this.principals = this.all("principal").flatMap(principalsOf);
  }

  get where(): string {
    const sid = this.all("sid").find((value) => typeof value === "string");
    return whereOfStatement(this.place, this.object, sid);
  }

  get isTrust(): boolean {
    if (TRUST_KEY.test(this.place.property)) return true;
    if (this.has("resource") || this.has("notresource")) return false;
    return [...this.actions, ...textsOf(this.all("notaction"))].some((action) =>
      /^sts:(assumerole|\*)/i.test(action),
    );
  }

  get actions(): string[] {
    return textsOf(this.all("action")).map((action) => action.toLowerCase());
  }

  get resources(): string[] {
    return textsOf(this.all("resource"));
  }

  get hasNotAction(): boolean {
    return this.has("notaction");
  }

  get hasNotResource(): boolean {
    return this.has("notresource");
  }

  get list(): unknown {
    return this.place.parent?.value;
  }

  get hasPrincipal(): boolean {
    return this.principals.length > 0;
  }

  get notPrincipal(): string | undefined {
    const [value] = this.all("notprincipal");
    return value === undefined ? undefined : toShortJson(value);
  }

  get conditions(): unknown[] {
    return this.all("condition");
  }

  private all(element: string): unknown[] {
    return valuesOf(this.resolved, element);
  }

  private has(element: string): boolean {
    return this.all(element).length > 0;
  }
}

function whereOfStatement(place: DocumentPlace, object: ObjectFields, sid: string | undefined): string {
  const list = Array.isArray(place.parent?.value) ? place.parent.value : [object];
  const position = list.length > 1 ? `${list.indexOf(object) + 1} of ${list.length}` : "";
  const document = whereOf(place).replace(/(\[\d+\]|\.Statement)+$/i, "");
  if (!sid) return `${document}, ${position ? `statement ${position}` : "its statement"}`;
  return `${document}, statement ${toShortJson(sid)}${position && ` (${position})`}`;
}

/** Reads a property that names principals outside a document as the statement that has the same effect. */
export function readPrincipalProperty(place: DocumentPlace): FoundStatement[] {
  const texts = [...itemsOf(resolve(place.value, place.scope))].filter((item) => typeof item === "string");
  const parent = place.parent as DocumentPlace;
  parent.elements ??= elementsOf(parent.value as ObjectFields);
  const { elements } = parent;
  // Data protection selects an audience by Principal, and grants nothing.
  if (elements.has("dataidentifier") || namesPerson(elements.get("principaltype"))) return [];
  const siblings = (name: string): unknown[] =>
    (elements.get(name) ?? []).map((value) => resolve(value, place.scope));
  return [
    {
      get where() {
        return whereOf(place);
      },
      isInDocument: false,
      isTrust: false,
      allows: !isDeny(siblings("effect")),
      actions: [],
      resources: [],
      hasNotAction: false,
      hasNotResource: false,
      list: undefined,
      principals: principalsOf(texts.flatMap((text) => text.split(","))), // an SSM document's accounts are one text
      hasPrincipal: true,
      notPrincipal: undefined,
      conditions: readSiblingConditions(place.type, siblings),
    },
  ];
}

/** True for the type of a principal that is a person or group of a directory. */
const namesPerson = (types: unknown[] = []): boolean =>
  types.some((type) => typeof type === "string" && /^(user|group)$/i.test(type));

function readSiblingConditions(type: string, siblings: (name: string) => unknown[]): unknown[] {
  const conditions: unknown[] = Object.entries(SIBLING_CONDITIONS).flatMap(([name, [operator, key]]) =>
    siblings(name).map((value) => ({ [operator]: { [key]: value } })),
  );
  // RAM: the accounts for which a service is let in.
  if (type.startsWith("ram"))
    for (const value of siblings("sources"))
      conditions.push({ StringEquals: { "aws:SourceAccount": value } });
  for (const condition of siblings("condition")) {
    const block = parseBlock(condition);
    const elements = elementsOf(Object(block));
    const [type, key, value] = ["type", "key", "value"].map((name) => elements.get(name)?.[0]);
    // An EventBridge permission's condition names its parts; others are a block as in a document.
    conditions.push(key === undefined ? block : { [textOf(type)]: { [textOf(key)]: value } });
  }
  return conditions;
}

/** A condition written as text is one in JSON. */
function parseBlock(condition: unknown): unknown {
  try {
    return typeof condition === "string" ? JSON.parse(condition) : condition;
  } catch {
    return condition;
  }
}

/** Every principal below a Principal element, with the key it stands under. */
function principalsOf(value: unknown): StatementPrincipal[] {
  const principals: StatementPrincipal[] = [];
  const seen = new Set<unknown>(); // YAML anchors share objects
  const todo: [kind: string, value: unknown][] = [["", value]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [kind, item] = next;
    if (typeof item === "number" || (typeof item === "string" && item !== ""))
      principals.push({
        kind,
        text: isUnknown(item) && !/[*?]/.test(String(item)) ? undefined : String(item),
      });
    else if (typeof item === "object" && !seen.has(item)) {
      seen.add(item);
      if (Array.isArray(item)) for (let i = item.length - 1; i >= 0; i--) todo.push([kind, item[i]]);
      else if (isFields(item))
        for (const key of Object.keys(item).reverse()) todo.push([kind || key, item[key]]);
    }
  }
  return principals;
}
