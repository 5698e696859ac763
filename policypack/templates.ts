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

function givenBy({ parameters, Parameters = parameters, ...others }: Fields): Scope["given"] {
  if (isUnknown(Parameters)) return undefined;
  const own = new Map<unknown, unknown>(
    Array.isArray(Parameters) ? pairsIn(Parameters) : Object.entries(Object(Parameters)),
  );
  return { own, overrides: pairsIn(others) };
}

// A stack set's overrides stand three levels below its properties.
const DEEPEST_PAIR = 5;

/** Parameters in lists of names and values, as stack sets have them. */
function pairsIn(value: unknown, depth = 0): [name: unknown, value: unknown][] {
  if (typeof value !== "object" || value === null || depth > DEEPEST_PAIR) return [];
  const fields = value as Fields;
  const name = fields.ParameterKey ?? fields.parameterKey;
  return name === undefined
    ? Object.values(value).flatMap((one) => pairsIn(one, depth + 1))
    : [[name, fields.ParameterValue ?? fields.parameterValue]];
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
    let isThere = true;
    for (const key of [map, first, second].map(textOf)) {
      const maps = found.filter(isFields);
      isThere &&= maps.some((one) => Object.hasOwn(one, key));
      found = maps.flatMap((one) => (Object.hasOwn(one, key) ? [one[key]] : Object.values(one)));
      scope.budget.left -= found.length;
    }
    if (scope.budget.left < 0) return "*";
    const { DefaultValue } = Object(options);
    if (!isThere && DefaultValue !== undefined) found.push(DefaultValue);
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
  scope.budget.left -= text?.length ?? 0;
  return text ?? "";
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
