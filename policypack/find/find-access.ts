import { DEEPEST, isFields, isUnknown, type ObjectFields, UNKNOWN_TEXT } from "../values";
import { canGiveAccess, factsOf, holdsAccess, namesPrincipal } from "./carriers";
import { whyExempt } from "./exempt";
import { findOpenValue } from "./open-values";
import { parse } from "./parse";
import { declaringProperties } from "./place";
import { typeKey } from "./resource-type";
import { isStatement, readPrincipalProperty, readStatement } from "./statements";
import { emptyScope, loopScope, resolve, type Scope, templateScope } from "./templates";
import type { DocumentPlace, FoundAccess } from "./types";

const REFERENCE = /Ref|Fn::|AWS::/; // a template's, as text or as a key
// In JSON, also with escapes, and by YAML's tags.
const REFERENCE_IN_TEXT = /Ref|Fn::|\\u|!/;
const FIXED_REFERENCE = /^<[^<>]*>$/;
/** Sections of a template that only take effect in its resources. */
const SECTIONS_ABOUT_RESOURCES = ["Conditions", "Globals", "Rules"];
const MOST_MALFORMED = 100;

/**
 * Finds every policy statement and every other carrier of principals in a resource, by shape: in any property of any
 * type, in strings of JSON (YAML for templates) and in objects, at any depth.
 *
 * @param type Pulumi type token, or a CloudFormation type.
 * @param props Properties as @pulumi/policy hands them over: read through its proxies, with unknown values kept.
 * @param judgesEndpoints Finds endpoint policies too, which are exempt by default.
 */
export function findAccess(type: string, props: object, judgesEndpoints = false): FoundAccess {
  return new Walk(judgesEndpoints).run(type, props);
}

/** One walk over the properties of a resource; without recursion, so that no depth ends it. */
class Walk {
  private readonly found: FoundAccess = { statements: [], openValues: [], malformed: [], unknown: [] };
  private readonly seen = new Set<unknown>(); // YAML anchors share objects: a second visit finds nothing new
  private readonly todo: DocumentPlace[] = [];

  constructor(private readonly judgesEndpoints: boolean) {}

  run(type: string, props: object): FoundAccess {
    // Descriptors, since reading a property through the SDK's proxy throws at the first unknown value.
    const value: ObjectFields = Object.create(null);
    for (const key of Object.keys(props)) value[key] = Object.getOwnPropertyDescriptor(props, key)?.value;
    this.todo.push({
      value,
      key: "",
      step: "",
      type: typeKey(type),
      property: "",
      parent: undefined,
      depth: 0,
      isData: false,
      scope: emptyScope(),
    });
    for (let place = this.todo.pop(); place; place = this.todo.pop()) {
      if (place.depth > DEEPEST) {
        this.found.malformed.push({ place, problem: `it goes on deeper than ${DEEPEST} levels` });
        break;
      }
      this.visit(place);
    }
    return this.found;
  }

  private visit(place: DocumentPlace): void {
    const { value, key, type } = place;
    if (!place.isData && (typeof value === "string" || typeof value === "boolean")) {
      const rule = findOpenValue(type, factsOf(key).name, String(value));
      if (rule) this.found.openValues.push({ place, rule });
    }
    const isPrincipal = namesPrincipal(type, key);
    if (isPrincipal && place.step === `.${key}`) this.found.statements.push(...readPrincipalProperty(place));
    if (typeof value === "string") this.visitText(place, value, isPrincipal);
    else if (Array.isArray(value)) this.visitList(place, value);
    else if (isFields(value)) this.visitObject(place, value);
  }

  private visitText(place: DocumentPlace, text: string, isPrincipal: boolean): void {
    if (text.length <= 36 && isUnknown(text)) {
      if (!isPrincipal && canGiveAccess(place.type, place.key)) this.found.unknown.push(place);
      return;
    }
    if (this.found.malformed.length === MOST_MALFORMED) return; // enough to fail it; each costs an exception
    const parsed = parse(text, place);
    if (parsed?.problem && isUnknown(text)) this.found.unknown.push(place);
    else if (parsed?.problem) this.found.malformed.push({ place, problem: parsed.problem });
    // Text of another property is the program's own data, even where it is JSON.
    const isData = !holdsAccess(place.type, place.key);
    if (parsed?.value === undefined) return;
    const scope = REFERENCE_IN_TEXT.test(text) ? place.scope : { ...place.scope, isPlain: true };
    this.enter(place, parsed.value, "", place.key, { isData, scope });
  }

  private visitList(place: DocumentPlace, list: unknown[]): void {
    if (this.seen.has(list)) return;
    this.seen.add(list);
    for (let i = list.length - 1; i >= 0; i--) this.enter(place, list[i], `[${i}]`, place.key);
  }

  private visitObject(place: DocumentPlace, object: ObjectFields): void {
    if (this.seen.has(object)) return;
    this.seen.add(object);
    const isTemplate = isFields(object.Resources);
    if (isTemplate) place.scope = templateScope(place.scope, object, declaringProperties(place));
    const meant = resolve(object, place.scope, "itself");
    if (meant !== object) {
      const isFixed = typeof meant === "string" && FIXED_REFERENCE.test(meant);
      this.enter(place, isFixed ? UNKNOWN_TEXT : meant, "", place.key);
      if (meant !== UNKNOWN_TEXT) return;
    }
    const keys = Object.keys(object);
    const isPolicyStatement = place.property !== "" && isStatement(keys, place.key);
    if (isPolicyStatement) this.found.statements.push(readStatement(object, place));
    const inner = declaredResource(object, place.scope);
    if (isLeftOut(object, place.scope)) return;
    for (let i = keys.length - 1; i >= 0; i--) {
      const name = keys[i] as string;
      if (isTemplate && SECTIONS_ABOUT_RESOURCES.includes(name)) continue;
      if (name === inner?.key)
        this.enter(place, inner.props, `.${name}`, name, {
          type: typeKey(inner.type),
          property: "",
          isData: false,
        });
      else if (name.startsWith("Fn::ForEach::")) this.enterLoop(place, object[name], name);
      else if (!isPolicyStatement || isOutsideGrammar(factsOf(name).element))
        this.enter(place, object[name], `.${name}`, name);
    }
  }

  /** Enters the body of a template's loop: [identifier, values, body]. */
  private enterLoop(place: DocumentPlace, loop: unknown, name: string): void {
    if (!Array.isArray(loop)) return;
    const scope = loopScope(place.scope, String(loop[0]), loop[1]);
    this.enter(place, loop[2], `.${name}`, name, { scope });
  }

  /** Puts a value inside a place on the list of those to visit. */
  private enter(
    parent: DocumentPlace,
    value: unknown,
    step: string,
    key: string,
    inside: Partial<Pick<DocumentPlace, "type" | "property" | "isData" | "scope">> = {},
  ): void {
    if (value === null || typeof value === "number") return;
    const { isData = parent.isData || factsOf(key).isData, property = parent.property || key } = inside;
    const type = isData ? "" : (inside.type ?? parent.type);
    if (parent.property === "" && whyExempt(parent.type, property, value, this.judgesEndpoints)) return;
    const { depth } = parent;
    const scope = inside.scope ?? parent.scope;
    this.todo.push({ value, key, step, type, property, parent, depth: depth + 1, isData, scope });
  }
}

/** True for what can hold something of its own inside a statement: its elements are read with it. */
const isOutsideGrammar = (element: string): boolean => element === "" || element === "statement";

/** A resource declared inside a CloudFormation template or a Cloud Control request. */
function declaredResource(
  object: ObjectFields,
  { globals }: Scope,
): { type: string; key: string; props: ObjectFields } | undefined {
  const type = resourceType(object.Type) ?? resourceType(object.typeName) ?? resourceType(object.type);
  if (type === undefined) return undefined;
  for (const key of ["Properties", "desiredState", "properties"]) {
    let props = object[key];
    if (typeof props === "string") props = parse(props)?.value;
    if (isFields(props)) return { type, key, props: withGlobals(type, props, globals) };
  }
  return undefined;
}

const resourceType = (name: unknown): string | undefined =>
  typeof name === "string" && /^\w+::\w+::\w+$/.test(name) ? name : undefined;

/** Properties of a resource with those that the Globals section of a SAM template adds. */
function withGlobals(type: string, props: ObjectFields, globals: ObjectFields): ObjectFields {
  const [, section] = /^AWS::Serverless::(\w+)$/.exec(type) ?? [];
  const added = section === undefined ? undefined : globals[section];
  return isFields(added) ? (merge(added, props) as ObjectFields) : props;
}

/** As SAM merges: objects by key, lists one after the other, otherwise the resource's own value. */
function merge(added: unknown, own: unknown): unknown {
  if (Array.isArray(added) && Array.isArray(own)) return [...added, ...own];
  if (!isFields(added) || !isFields(own)) return own;
  const merged: ObjectFields = { ...added, ...own };
  for (const key of Object.keys(own)) merged[key] = merge(added[key], own[key]);
  return merged;
}

/** True for a resource of a template whose condition is known to be false. */
const isLeftOut = ({ Condition }: ObjectFields, { conditions }: Scope): boolean =>
  typeof Condition === "string" && conditions?.resultOf(Condition) === false;

/** True if anything in the properties can be unknown: a quick look that spares most resources the walk. */
export function canHoldUnknown(props: object): boolean {
  const todo: unknown[] = Object.keys(props).map((key) => Object.getOwnPropertyDescriptor(props, key)?.value);
  while (todo.length > 0) {
    const value = todo.pop();
    if (typeof value === "string") {
      if (isUnknown(value) || REFERENCE.test(value)) return true;
    } else if (typeof value === "object" && value !== null)
      for (const [key, item] of Object.entries(value)) {
        if (REFERENCE.test(key)) return true;
        todo.push(item);
      }
  }
  return false;
}
