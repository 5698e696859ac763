import { DEEPEST, isFields, isUnknown, itemsOf, type ObjectFields, textOf, UNKNOWN_TEXT } from "../values";
import { Conditions } from "./template-conditions";

/** Values of a template's references. */
export interface Scope {
  /** Values given for the parameters, and those that some of the stack's instances override; undefined while unknown as a whole. */
  given: { own: Map<unknown, unknown>; overrides: [name: unknown, value: unknown][] } | undefined;
  parameters: ObjectFields;
  mappings: unknown;
  resources: ObjectFields;
  conditions: Conditions | undefined;
  /** Properties that SAM adds to every resource of a type, by the last part of the type. */
  globals: ObjectFields;
  /** Values of each loop's identifier around this place. */
  loops: Map<string, unknown>;
  /** Nothing here is a reference. */
  isPlain: boolean;
  /** A transform adds resources that the template does not declare. */
  isTransformed: boolean;
  /** Set once one of several possible values is taken. */
  choices: { wereTaken?: true };
  /** Result for each object that is resolved already. */
  resolved: Map<unknown, unknown>;
  /** By the properties that declare a template. */
  givenByDeclaration: Map<unknown, Scope["given"]>;
  /** Characters left that references can be replaced by. */
  budget: { left: number };
}

// Many times the length that a template can have inline; past it a reference counts as a wildcard, since no one can read it.
const MOST_TEXT = 1 << 22;

/** Scope outside any template. */
export const emptyScope = (): Scope => ({
  given: { own: new Map(), overrides: [] },
  parameters: {},
  mappings: {},
  resources: {},
  conditions: undefined,
  globals: {},
  loops: new Map(),
  isPlain: false,
  isTransformed: false,
  choices: {},
  resolved: new Map(),
  givenByDeclaration: new Map(),
  budget: { left: MOST_TEXT },
});

/** Scope inside a template. @param declaring Properties that the template is one of: they give its parameters. */
export function templateScope(scope: Scope, template: ObjectFields, declaring: unknown): Scope {
  const { givenByDeclaration } = scope;
  if (!givenByDeclaration.has(declaring))
    givenByDeclaration.set(declaring, readGivenParameters(Object(declaring)));
  const inside: Scope = {
    ...scope,
    given: givenByDeclaration.get(declaring),
    parameters: Object(template.Parameters),
    mappings: template.Mappings,
    resources: Object(template.Resources),
    globals: Object(template.Globals),
    isTransformed: template.Transform !== undefined,
    resolved: new Map(),
  };
  inside.conditions = new Conditions(Object(template.Conditions), (argument) => {
    const choices: Scope["choices"] = {};
    const value = resolve(argument, { ...inside, resolved: new Map(), choices });
    return { value, isAmbiguous: choices.wereTaken === true || isChoice(value) };
  });
  return inside;
}

/** Scope inside a loop, whose identifier has each value of a list. */
export const loopScope = (scope: Scope, identifier: string, collection: unknown): Scope => ({
  ...scope,
  loops: new Map(scope.loops).set(identifier, either([...itemsOf(resolve(collection, scope))])),
  resolved: new Map(),
});

function readGivenParameters(declaring: ObjectFields): Scope["given"] {
  const named = (object: unknown, name: string): unknown =>
    Object(object)[name] ?? Object(object)[name.replace(/^./, (letter) => letter.toLowerCase())];
  const pairs = (list: unknown): [name: unknown, value: unknown][] =>
    [...itemsOf(list)].map((item) => [named(item, "ParameterKey"), named(item, "ParameterValue")]);
  const parameters = named(declaring, "Parameters");
  if (isUnknown(parameters)) return undefined;
  return {
    own: new Map(Array.isArray(parameters) ? pairs(parameters) : Object.entries(Object(parameters))),
    overrides: [...itemsOf(named(declaring, "StackInstancesGroup"))].flatMap((group) =>
      pairs(named(group, "ParameterOverrides")),
    ),
  };
}

const CHOICE = Symbol("choice");

/** A value that can be any of these. */
const either = (values: unknown[]): unknown => Object.assign(values, { [CHOICE]: true });

const isChoice = (value: unknown): boolean => Array.isArray(value) && CHOICE in value && value.length > 1;

/** An item of a list, or of each list that it can be; the whole where there is no such item. */
function select(index: unknown, list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  if (CHOICE in list) return either(list.map((choice) => select(index, choice)));
  return list[Number(index)] ?? list;
}

/** Value of each intrinsic function, from its arguments (references in them are replaced already). */
const FUNCTIONS: Record<string, (scope: Scope, args: unknown[]) => unknown> = {
  Ref: (scope, [name]) => valueOfName(textOf(name), scope),
  "Fn::GetAtt": (_, path) => `<${path.map(textOf).join(".")}>`,
  "Fn::Sub": (scope, [text, own]) =>
    toText(text, scope).replace(/\$\{([^{}]*)\}/g, (_, name: string) => {
      if (name.startsWith("!")) return `\${${name.slice(1)}}`;
      if (isFields(own) && Object.hasOwn(own, name)) return toText(own[name], scope);
      return name.includes(".") ? `<${name}>` : toText(valueOfName(name, scope), scope);
    }),
  "Fn::Join": (scope, [between, list]) =>
    [list]
      .flat()
      .map((item) => toText(item, scope))
      .join(toText(between, scope)),
  "Fn::If": (scope, [name, yes, no]) => {
    const result = scope.conditions?.resultOf(textOf(name));
    if (result === undefined) return either([yes, no]);
    return result ? yes : no;
  },
  "Fn::Split": (scope, [at, text]) => toText(text, scope).split(toText(at, scope)),
  "Fn::Select": (_, [index, list]) => select(index, list),
  "Fn::FindInMap": (scope, [map, first, second, options]) => {
    let found = [scope.mappings];
    let named: unknown = scope.mappings;
    for (const key of [map, first, second].map(textOf)) {
      named = isFields(named) && Object.hasOwn(named, key) ? named[key] : undefined;
      found = found
        .filter(isFields)
        .flatMap((mapping) => (Object.hasOwn(mapping, key) ? [mapping[key]] : Object.values(mapping)));
      scope.budget.left -= found.length;
    }
    if (scope.budget.left < 0) return "*";
    const { DefaultValue } = Object(options);
    if (named === undefined && DefaultValue !== undefined) found.push(DefaultValue);
    return found.length > 0 ? either(found) : undefined;
  },
  "Fn::ToJsonString": (_, value) => value,
};

/** Value of a name: a fixed value that only AWS knows is the name in `<>`, which is no wildcard. */
function valueOfName(name: string, scope: Scope): unknown {
  const { given, parameters, resources, loops } = scope;
  if (name === "AWS::NoValue") return "";
  if (loops.has(name)) return loops.get(name);
  if (/^AWS::/.test(name) || Object.hasOwn(resources, name)) return `<${name}>`;
  if (scope.isTransformed && !Object.hasOwn(parameters, name)) return `<${name}>`;
  const { Type, Default } = Object(parameters[name]);
  // The value of a Systems Manager parameter is in Systems Manager: the template has only its name.
  if (!given || /^AWS::SSM::/.test(textOf(Type))) return UNKNOWN_TEXT;
  const overrides = given.overrides.filter(([key]) => key === name).map(([, value]) => value);
  const values = [given.own.get(name) ?? Default ?? UNKNOWN_TEXT, ...overrides];
  const typed = /^(CommaDelimitedList|List<)/.test(textOf(Type)) ? values.map(splitList) : values;
  return typed.length > 1 ? either(typed) : typed[0];
}

/** Items of a parameter's value that is a list. */
const splitList = (value: unknown): unknown =>
  typeof value === "string" && value.includes(",") ? value.split(",").map((item) => item.trim()) : value;

/** A value as part of a text: of several that it can be, one with a wildcard. */
function toText(value: unknown, scope: Scope): string {
  let text: string | undefined;
  if (isChoice(value)) scope.choices.wereTaken = true;
  for (const item of itemsOf(value)) {
    if (scope.budget.left-- < 0) return "*";
    const next = typeof item === "object" ? UNKNOWN_TEXT : String(item);
    if (/[*?]/.test(next)) {
      text = next;
      break;
    }
    text ??= next;
  }
  const meant = text ?? "";
  scope.budget.left -= meant.length;
  return meant;
}

/**
 * A value with its references replaced by their values: by all that are possible where that depends, by an unknown value
 * where it cannot be determined. The value itself where it has none.
 *
 * @param only "itself" replaces the value only if it is a reference itself.
 */
export function resolve(value: unknown, scope: Scope, only?: "itself", depth = 0): unknown {
  if (typeof value !== "object" || value === null || scope.isPlain || depth > DEEPEST) return value;
  const keys = Object.keys(value);
  const name = keys.length === 1 && /^(Ref|Fn::\w+)$/.test(keys[0] as string) ? keys[0] : undefined;
  if (only && !name) return value;
  if (scope.resolved.has(value)) return scope.resolved.get(value);
  scope.resolved.set(value, value); // YAML's anchors can lead back
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
    key,
    resolve(item, scope, undefined, depth + 1),
  ]);
  const changed = entries.some(([key, item]) => item !== (value as ObjectFields)[key]);
  const copy = Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
  const result = (changed ? copy : value) as ObjectFields;
  const meant = name ? (FUNCTIONS[name]?.(scope, [result[name]].flat()) ?? UNKNOWN_TEXT) : result;
  scope.resolved.set(value, meant);
  return meant;
}
