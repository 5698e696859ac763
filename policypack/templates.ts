import { DEEPEST, type Fields, isFields, isUnknown, textOf, UNKNOWN_TEXT } from "./values";

/** What a template's references stand for. */
export interface Scope {
  /** Parameters that the stack is given; undefined while unknown as a whole. */
  given: Map<unknown, unknown> | undefined;
  parameters: Fields;
  mappings: unknown;
  resources: Fields;
  /** What each object was resolved to. */
  done: Map<unknown, unknown>;
  /** Characters that references may yet be replaced by. */
  budget: { left: number };
}

// Many times what a template inline may be long; past it a reference counts as a wildcard, since nobody can read it.
const MOST_TEXT = 1 << 22;

/** Scope outside any template. @param given The stack's parameters: by name, or a list as aws-native's stack set has it. */
export function scopeOf(given: unknown): Scope {
  const list = Array.isArray(given)
    ? given.map((one): [unknown, unknown] => [one?.parameterKey, one?.parameterValue])
    : Object.entries(Object(given));
  const budget = { left: MOST_TEXT };
  return {
    given: isUnknown(given) ? undefined : new Map(list),
    parameters: {},
    mappings: {},
    resources: {},
    done: new Map(),
    budget,
  };
}

/** Scope inside a template. */
export const within = (scope: Scope, { Parameters, Mappings, Resources }: Fields): Scope => ({
  ...scope,
  parameters: Object(Parameters),
  mappings: Mappings,
  resources: Object(Resources),
  done: new Map(),
});

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
  "Fn::If": (_, [, yes, no]) => [yes, no],
  "Fn::Split": (scope, [at, text]) => textIn(text, scope).split(textIn(at, scope)),
  "Fn::Select": (_, [at, list]) => (Array.isArray(list) ? (list[Number(at)] ?? list) : list),
  "Fn::FindInMap": (scope, path) => {
    let found = [scope.mappings];
    for (const key of path.slice(0, 3).map(textOf)) {
      found = found
        .filter(isFields)
        .flatMap((one) => (Object.hasOwn(one, key) ? [one[key]] : Object.values(one)));
      scope.budget.left -= found.length;
    }
    if (scope.budget.left < 0) return "*";
    return found.length > 0 ? found : undefined;
  },
  "Fn::ToJsonString": (_, value) => value,
};

/** What a name stands for: a fixed value that only AWS knows is the name in `<>`, which is no wildcard. */
function standsFor(name: string, { given, parameters, resources }: Scope): unknown {
  if (name === "AWS::NoValue") return "";
  if (/^AWS::/.test(name) || Object.hasOwn(resources, name)) return `<${name}>`;
  const { Type, Default } = Object(parameters[name]);
  // A parameter of Systems Manager is given as the name of what holds its value.
  const known = given && !/^AWS::SSM::/.test(textOf(Type)) ? (given.get(name) ?? Default) : undefined;
  return known ?? UNKNOWN_TEXT;
}

/** A value as part of a text: of several that it may be, one with a wildcard. */
function textIn(value: unknown, scope: Scope): string {
  if (scope.budget.left < 0) return "*";
  const texts = [value].flat(3).map((one) => (typeof one === "object" ? UNKNOWN_TEXT : String(one)));
  const text = texts.find((one) => /[*?]/.test(one)) ?? texts[0] ?? "";
  scope.budget.left -= text.length;
  return text;
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
