import { DEEPEST, type Fields, isFields, isUnknown, itemsOf, textOf, UNKNOWN_TEXT } from "./values";

/** What a template's references stand for. */
export interface Scope {
  /** What each parameter is set to, and what it is for some of the stack's instances; undefined while unknown as a whole. */
  given: { own: Map<unknown, unknown>; overrides: [name: unknown, value: unknown][] } | undefined;
  parameters: Fields;
  mappings: unknown;
  resources: Fields;
  /** What each object was resolved to. */
  done: Map<unknown, unknown>;
  /** By the properties that declare a template. */
  givenTo: Map<unknown, Scope["given"]>;
  /** Characters that references may yet be replaced by. */
  budget: { left: number };
}

// Many times what a template inline may be long; past it a reference counts as a wildcard, since nobody can read it.
const MOST_TEXT = 1 << 22;

/** Scope outside any template. */
export const scopeOf = (): Scope => ({
  given: { own: new Map(), overrides: [] },
  parameters: {},
  mappings: {},
  resources: {},
  done: new Map(),
  givenTo: new Map(),
  budget: { left: MOST_TEXT },
});

/** Scope inside a template. @param declaring Properties that the template is one of: they give its parameters. */
export function within(scope: Scope, { Parameters, Mappings, Resources }: Fields, declaring: unknown): Scope {
  if (!scope.givenTo.has(declaring)) scope.givenTo.set(declaring, givenBy(Object(declaring)));
  return {
    ...scope,
    given: scope.givenTo.get(declaring),
    parameters: Object(Parameters),
    mappings: Mappings,
    resources: Object(Resources),
    done: new Map(),
  };
}

function givenBy(declaring: Fields): Scope["given"] {
  const named = (of: unknown, name: string): unknown =>
    Object(of)[name] ?? Object(of)[name.replace(/^./, (letter) => letter.toLowerCase())];
  const pairs = (list: unknown): [name: unknown, value: unknown][] =>
    [...itemsOf(list)].map((one) => [named(one, "ParameterKey"), named(one, "ParameterValue")]);
  const parameters = named(declaring, "Parameters");
  if (isUnknown(parameters)) return undefined;
  return {
    own: new Map(Array.isArray(parameters) ? pairs(parameters) : Object.entries(Object(parameters))),
    overrides: [...itemsOf(named(declaring, "StackInstancesGroup"))].flatMap((one) =>
      pairs(named(one, "ParameterOverrides")),
    ),
  };
}

const CHOICE = Symbol("choice");

/** A value that may be any of these. */
const either = (values: unknown[]): unknown => Object.assign(values, { [CHOICE]: true });

/** An item of a list, or of each list that it may be; the whole where there is no such item. */
const select = (at: unknown, list: unknown): unknown =>
  !Array.isArray(list)
    ? list
    : CHOICE in list
      ? either(list.map((one) => select(at, one)))
      : (list[Number(at)] ?? list);

/** What a reference stands for, from what it is given (references in that are replaced already). */
const FUNCTIONS: Record<string, (scope: Scope, given: unknown[]) => unknown> = {
  Ref: (scope, [name]) => standsFor(textOf(name), scope),
  "Fn::GetAtt": (_, path) => `<${path.map(textOf).join(".")}>`,
  "Fn::Sub": (scope, [text, own]) =>
    textIn(text, scope).replace(/\$\{([^{}]*)\}/g, (_, name: string) => {
      if (name.startsWith("!")) return `\${${name.slice(1)}}`;
      if (isFields(own) && Object.hasOwn(own, name)) return textIn(own[name], scope);
      return name.includes(".") ? `<${name}>` : textIn(standsFor(name, scope), scope);
    }),
  "Fn::Join": (scope, [between, list]) =>
    [list]
      .flat()
      .map((one) => textIn(one, scope))
      .join(textIn(between, scope)),
  "Fn::If": (_, [, yes, no]) => either([yes, no]),
  "Fn::Split": (scope, [at, text]) => textIn(text, scope).split(textIn(at, scope)),
  "Fn::Select": (_, [at, list]) => select(at, list),
  "Fn::FindInMap": (scope, [map, first, second, options]) => {
    let found = [scope.mappings];
    let named: unknown = scope.mappings;
    for (const key of [map, first, second].map(textOf)) {
      named = isFields(named) && Object.hasOwn(named, key) ? named[key] : undefined;
      found = found
        .filter(isFields)
        .flatMap((one) => (Object.hasOwn(one, key) ? [one[key]] : Object.values(one)));
      scope.budget.left -= found.length;
    }
    if (scope.budget.left < 0) return "*";
    const { DefaultValue } = Object(options);
    if (named === undefined && DefaultValue !== undefined) found.push(DefaultValue);
    return found.length > 0 ? either(found) : undefined;
  },
  "Fn::ToJsonString": (_, value) => value,
};

/** What a name stands for: a fixed value that only AWS knows is the name in `<>`, which is no wildcard. */
function standsFor(name: string, { given, parameters, resources }: Scope): unknown {
  if (name === "AWS::NoValue") return "";
  if (/^AWS::/.test(name) || Object.hasOwn(resources, name)) return `<${name}>`;
  const { Type, Default } = Object(parameters[name]);
  // A parameter of Systems Manager is given as the name of what holds its value.
  if (!given || /^AWS::SSM::/.test(textOf(Type))) return UNKNOWN_TEXT;
  const overrides = given.overrides.filter(([one]) => one === name).map(([, value]) => value);
  const values = [given.own.get(name) ?? Default ?? UNKNOWN_TEXT, ...overrides];
  return values.length > 1 ? either(values) : values[0];
}

/** A value as part of a text: of several that it may be, one with a wildcard. */
function textIn(value: unknown, scope: Scope): string {
  let text: string | undefined;
  for (const one of itemsOf(value)) {
    if (scope.budget.left-- < 0) return "*";
    const next = typeof one === "object" ? UNKNOWN_TEXT : String(one);
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
 * A value with its references replaced by what they stand for: by all that it may be where that depends, by an unknown
 * value where it cannot be told. The value itself where it has none.
 *
 * @param only "one" replaces the value only if it is a reference itself.
 */
export function resolve(value: unknown, scope: Scope, only?: "one", depth = 0): unknown {
  if (typeof value !== "object" || value === null || depth > DEEPEST) return value;
  const keys = Object.keys(value);
  const name = keys.length === 1 && /^(Ref|Fn::\w+)$/.test(keys[0] as string) ? keys[0] : undefined;
  if (only && !name) return value;
  if (scope.done.has(value)) return scope.done.get(value);
  scope.done.set(value, value); // YAML's anchors may lead back
  const entries = Object.entries(value).map(([key, one]): [string, unknown] => [
    key,
    resolve(one, scope, undefined, depth + 1),
  ]);
  const changed = entries.some(([key, one]) => one !== (value as Fields)[key]);
  const copy = Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries);
  const result = (changed ? copy : value) as Fields;
  const meant = name ? (FUNCTIONS[name]?.(scope, [result[name]].flat()) ?? UNKNOWN_TEXT) : result;
  scope.done.set(value, meant);
  return meant;
}
