import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { runInNewContext } from "node:vm";
import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { unknownCheckingProxy } from "@pulumi/policy";
import ts from "typescript";
import { PACK, type Resource, UNKNOWN, type Violation } from "./analyzer";
import { fits } from "./case";
import { groups } from "./cases";
import { judged, reasonOf, rows, samples } from "./rows";

/** Sources that no resource's judgement depends on, or that hold types only. */
const NOT_JUDGING = [
  "configuration.ts",
  "index.ts",
  "policies/index.ts",
  "find/types.ts",
  "settings.ts",
  "policies/exemptions-in-use.ts",
];

const ALL_SOURCES = ["", "find", "judge", "policies"].flatMap((folder) =>
  readdirSync(join(PACK, folder))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => posix.join(folder, name)),
);

/** Sources in which each branch is turned off in turn: all that judge. */
const SOURCES = ALL_SOURCES.filter((file) => !NOT_JUDGING.includes(file));
const OPTIONS = {
  compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
};

// Changes that no case can notice, by the line (and into what it is changed), and why.
const SPEED = "it changes the time or memory taken, or the length of a message, and nothing else";
const SIZE = "properties.test.ts covers it, with huge and deep values";
const RECORD = "settings.test.ts covers it, with several resources of a stack";
const SETTINGS = "settings.test.ts covers it, with mistakes in settings";
const EQUIVALENT: Record<string, string> = {
  "findMistakes: (": SETTINGS,
  "if (!(type ?? name ?? urn)) mistakes.push(": SETTINGS,
  "if (expires !== undefined && new Date(": SETTINGS,
  "configSchema: schemaOf(settings)": SETTINGS,
  "isBlocking(rest.name, level)": SETTINGS,
  'reason: "why it must stay", expires:': SETTINGS,
  "findMistakes: notOfForm(": SETTINGS,
  "if (!CALLER_KEYS.some(": SETTINGS,
  ".filter((value) => !isFixed(value, key": SETTINGS,
  "isShare && IS_SHARE": SPEED,
  "REFERENCE_IN_TEXT.test(text) ? -> true": SPEED,
  "text.length > length": SPEED,
  "place.depth > DEEPEST": SIZE,
  'value === null || typeof value === "number"': SPEED,
  'parent.property === "" && whyExempt(': SPEED,
  "found.malformed.length === MOST_MALFORMED": SIZE,
  "seen.has(list)": SIZE,
  "seen.has(object)": SIZE,
  "looksJson || (first ===": SPEED,
  "const REFERENCE -> /(?:)/": SPEED,
  "if (isUnknown(value) || REFERENCE -> true": SPEED,
  "if (REFERENCE.test(key)) -> true": SPEED,
  "if (!canHoldUnknown -> false": SPEED,
  'raw.includes("\\\\") -> true': SPEED,
  "if (last && isSame -> false": SPEED,
  "if (known) return known -> false": SPEED,
  "if (facts.size === MOST_NAMES)": SIZE,
  "scope.isPlain ||": SPEED,
  "const LIKE_UNKNOWN = -> /(?:)/": SPEED,
  'LIKE_UNKNOWN.test(value) && -> typeof value === "string"': SPEED,
  "tests.some(isForAll) ? -> true": SPEED,
  "denials.length < MOST_DENIALS": SIZE,
  "if (denials.length === 0) return false -> false": SPEED,
  "if (wildcards.length < 2) -> false": SPEED,
  "wildcards.length === 0 ||": SPEED,
  "if (principals.length === 0 ||": SPEED,
  "if (services.length === 0 ||": SPEED,
  "const mayRepeat =": SPEED,
  '!seen.has(item) -> typeof item === "object"': SIZE,
  "else if (!seen.has(item)) -> true": SIZE,
  "if (scope.budget.left-- < 0) -> false": SIZE,
  "if (scope.budget.left < 0) -> false": SIZE,
  "if (scope.resolved.has(value)) -> false": SIZE,
  "if (!givenByDeclaration.has(declaring)) -> true": SPEED,
  "const result = (changed -> true": SPEED,
  "ANY_VALUE.test(value)": SPEED,
  "findings.length === 0": RECORD,
  "!usage.has(key)": RECORD,
  "if (exemption) usage.get(": RECORD,
};

// Type guards, which only TypeScript needs: the branch itself stands beside them.
const GUARD = /^(typeof [\w.]+ [!=]==|[\w.]+ [!=]== (null|undefined)\b|!?Array\.isArray\(|isFields\()/;

/** Those that no change was found for yet. */
const stale = new Set(Object.keys(EQUIVALENT));

/** True if no case can notice a change of a line. */
const isEquivalent = (line: string, other: string): boolean =>
  Object.keys(EQUIVALENT).some((one) => {
    const [part = "", to = other] = one.split(" -> ");
    const found = line.includes(part) && to === other;
    if (found) stale.delete(one);
    return found;
  });

interface Mutant {
  file: string;
  start: number;
  end: number;
  text: string;
}

const source = (file: string): string => readFileSync(join(PACK, file), "utf8");

/** Every way to turn off one branch, one operand, one alternative of a pattern or one row of data in a source. */
function mutantsOf(file: string): Mutant[] {
  const text = source(file);
  const mutants: Mutant[] = [];
  const replace = (node: ts.Node, ...texts: string[]): void => {
    for (const one of texts)
      if (one !== node.getText())
        mutants.push({ file, start: node.getStart(), end: node.getEnd(), text: one });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIfStatement(node))
      replace(node.expression, "false", ...(GUARD.test(node.expression.getText()) ? [] : ["true"]));
    else if (ts.isConditionalExpression(node) && !GUARD.test(node.condition.getText()))
      replace(node.condition, "true", "false");
    else if (ts.isBinaryExpression(node)) {
      const [left, operator, right] = [
        node.left.getText(),
        node.operatorToken.getText(),
        node.right.getText(),
      ];
      const fallback = operator === "??" && /^("\w*"|\{\})$/.test(right);
      if (/^(&&|\|\||\?\?)=?$/.test(operator) && !fallback && !GUARD.test(right)) replace(node, left);
      if (/^(&&|\|\||\?\?)$/.test(operator) && !fallback && !GUARD.test(left)) replace(node, right);
    } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      if (name.text === "some") replace(name, "every");
      if (name.text === "every") replace(name, "some");
      if (name.text === "filter") replace(node, expression.getText());
    } else if (ts.isRegularExpressionLiteral(node) && node.text !== "/\\s+/") {
      const [, body = "", flags = ""] = /^\/(.*)\/(\w*)$/s.exec(node.text) ?? [];
      replace(node, `/(?!)/${flags}`, `/(?:)/${flags}`);
      for (const shorter of alternatives(body)) replace(node, `/${shorter}/${flags}`);
    } else if (ts.isArrayLiteralExpression(node) && isConstantData(node))
      for (const element of node.elements) replace(element, "...[]");
    else if (ts.isPropertyAssignment(node) && ts.isVariableDeclaration(node.parent.parent))
      replace(node, "...{}");
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return mutants;
}

/** True for a list in a constant: the constant itself, or a property of a row of it. */
const isConstantData = ({ parent }: ts.Node): boolean =>
  ts.isVariableDeclaration(parent) ||
  (ts.isPropertyAssignment(parent) &&
    parent.name.getText() === "properties" &&
    ts.isArrayLiteralExpression(parent.parent.parent));

/** A regular expression with one alternative left out, for each of them at any depth. */
function alternatives(body: string): string[] {
  const open: number[] = [];
  const parts: { start: number; end: number }[] = [];
  let depth: number[][] = [[0]];
  for (let i = 0; i <= body.length; i++) {
    const at = body[i];
    if (at === "\\") i++;
    else if (at === "[") while (body[i] !== "]") i += body[i] === "\\" ? 2 : 1;
    else if (at === "(") {
      open.push(i);
      depth.push([i + 1]);
    } else if (at === "|") depth.at(-1)!.push(i + 1);
    else if (at === ")" || at === undefined) {
      const starts = depth.pop()!;
      if (starts.length > 1)
        for (const [n, start] of starts.entries()) parts.push({ start, end: (starts[n + 1] ?? i + 1) - 1 });
    }
  }
  depth = [];
  return parts.map(({ start, end }) =>
    body[end] === "|"
      ? body.slice(0, start) + body.slice(end + 1)
      : body.slice(0, start - 1) + body.slice(end),
  );
}

/** What was taken out, for a change that only takes something out. */
const difference = (before: string, after: string): string => {
  const words = after.split(/\s+/);
  const gone = before.split(/\s+/).filter((word) => !words.includes(word));
  return before.length > 300 ? `without ${gone.join(" ")}` : `${before}\n      -> ${after}`;
};

const compiled = new Map(
  ALL_SOURCES.map((file) => [file, ts.transpile(source(file), OPTIONS.compilerOptions)]),
);

interface Pack {
  policies: ResourceValidationPolicy[];
  exempt: { reason: string; properties: string[] }[];
}

/** The pack's resource policies and what they exempt, with one source in another version. */
function load(mutated?: string, code?: string): Pack {
  const modules = new Map<string, { exports: Record<string, unknown> }>();
  const outside = createRequire(join(PACK, "index.ts"));
  const open = (file: string): Record<string, unknown> => {
    const known = modules.get(file);
    if (known) return known.exports;
    const module = { exports: {} as Record<string, unknown> };
    modules.set(file, module);
    const inside = (name: string): unknown =>
      name.startsWith(".") ? open(`${posix.join(dirname(file), name)}.ts`) : outside(name);
    new Function("require", "module", "exports", file === mutated ? code! : compiled.get(file)!)(
      inside,
      module,
      module.exports,
    );
    return module.exports;
  };
  open("policies/index.ts");
  const registered = open("policy.ts").registeredPolicies as ResourceValidationPolicy[];
  return {
    policies: registered.filter((policy) => "validateResource" in policy),
    exempt: open("find/exempt.ts").EXEMPT as Pack["exempt"],
  };
}

/** What the policies say, at the levels and with the settings that a case gives. */
function analyze(
  policies: ResourceValidationPolicy[],
  { type, props, name = "site", provider }: Resource,
  config: Record<string, Record<string, unknown>>,
): Violation[] {
  return policies.flatMap((policy) => {
    const { enforcementLevel: level = policy.enforcementLevel, ...settings } = config[policy.name] ?? {};
    const found: Violation[] = [];
    const args = {
      type,
      name,
      urn: `urn:pulumi:dev::project::${type}::${name}`,
      props: unknownCheckingProxy(JSON.parse(JSON.stringify(props)) as object),
      provider: provider && { props: unknownCheckingProxy(provider) },
      getConfig: () => settings,
    } as unknown as ResourceValidationArgs;
    if (level !== "disabled")
      (policy.validateResource as (args: ResourceValidationArgs, report: (message: string) => void) => void)(
        args,
        (message) =>
          found.push({
            policy: policy.name,
            level: level as Violation["level"],
            message: `${policy.description}\n${message}`,
            urn: "",
          }),
      );
    return found;
  });
}

/** The group whose case noticed the change before: that of the next change is often the same. */
let lastGroup = "";

/** The first case that a version of the pack fails, or nothing if it passes them all. */
function failing({ policies, exempt }: Pack): string | undefined {
  const names = Object.keys(groups).sort((a, b) => Number(b === lastGroup) - Number(a === lastGroup));
  for (const group of names)
    for (const { name, config = {}, expect, ...resource } of groups[group]!) {
      const found = analyze(policies, resource, config);
      if (found.length !== expect.length || !expect.every((one, i) => fits(one, found[i]!))) {
        lastGroup = group;
        return `${group}: ${name}`;
      }
    }
  for (const row of rows.filter(({ priority }) => priority !== "info")) {
    const { open, closed } = samples(row);
    const says = (name: string, props: object): boolean =>
      analyze(policies, { type: row.type, props }, {}).some((one) => one.policy === name);
    const blocked = (props: object): boolean => says("no-wildcard-principals", props);
    const [now, later] = [judged(row), says("known-at-preview", { [row.property]: UNKNOWN })];
    const wrong = now
      ? !open.every(blocked) || closed.some(blocked)
      : open.some(blocked) || !reasonOf(row, exempt);
    if (wrong || now !== later) return `${row.type} ${row.property}`;
  }
  return undefined;
}

describe("turning off any branch of the judgement", function () {
  this.timeout(600_000);

  let milliseconds = 0;
  before("fails no case while all are on", () => {
    const started = performance.now();
    assert.equal(failing(load()), undefined);
    milliseconds = performance.now() - started;
  });

  for (const file of SOURCES)
    it(`fails some case, in ${file}`, () => {
      const text = source(file);
      const survivors: string[] = [];
      for (const { start, end, text: other } of mutantsOf(file)) {
        const line = text.slice(text.lastIndexOf("\n", start) + 1, text.indexOf("\n", end)).trim();
        if (isEquivalent(line, other)) continue;
        let killer: string | undefined;
        try {
          const code = ts.transpile(text.slice(0, start) + other + text.slice(end), OPTIONS.compilerOptions);
          const work = (): string | undefined => failing(load(file, code));
          // A change may well never end. Twenty times what all cases took is more than any other takes.
          const timeout = Math.ceil(20 * milliseconds);
          killer = runInNewContext("work()", { work }, { timeout });
        } catch (error) {
          killer = String(error); // a version that fails outright is noticed as well
        }
        if (killer === undefined)
          survivors.push(
            `line ${text.slice(0, start).split("\n").length}: ${difference(text.slice(start, end), other)}`,
          );
      }
      assert.equal(
        survivors.length,
        0,
        `no case notices these changes of ${file}:\n  ${survivors.join("\n  ")}`,
      );
    });

  it("lists no change that is not made", () => assert.deepEqual([...stale], []));
});
