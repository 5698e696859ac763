import assert from "node:assert/strict";
import fc from "fast-check";
import { formatBaseline, parseBaseline } from "../../tools/access/baseline";
import { compareAccess, widens } from "../../tools/access/difference";
import type { Fact } from "../../tools/access/facts";
import { readState } from "../../tools/access/state";

interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal: { AWS?: string | string[]; Service?: string };
  Action?: string | string[];
  NotAction?: string[];
  Resource?: string | string[];
  NotResource?: string[];
  Condition?: Record<string, Record<string, unknown>>;
}

const stateOf = (policy: string) => [
  {
    urn: "urn:pulumi:dev::p::pulumi:providers:aws::prod",
    type: "pulumi:providers:aws",
    id: "1",
    inputs: { allowedAccountIds: '["000000000002"]' },
  },
  {
    urn: "urn:pulumi:dev::p::aws:new/thing:Thing::t",
    type: "aws:new/thing:Thing",
    id: "t",
    provider: "urn:pulumi:dev::p::pulumi:providers:aws::prod::1",
    inputs: { policy },
  },
];
const factsOf = (policy: string): Fact[] => readState(stateOf(policy), { "000000000002": "trusting" }).facts;
const textOf = (policy: string) => formatBaseline("dev", factsOf(policy));

// Each statement has a vocabulary of its own, so that no part of it is said by another one.
const statement = (index: number): fc.Arbitrary<Statement> => {
  const names = (prefix: string) =>
    fc.uniqueArray(
      fc.integer({ min: 0, max: 9 }).map((number) => `${prefix}${index}x${number}`),
      { minLength: 1, maxLength: 3 },
    );
  const principals = fc.uniqueArray(
    fc.constantFrom(
      `arn:aws:iam::00000000010${index}:root`,
      `00000000020${index}`,
      `arn:aws:iam::00000000030${index}:role/r`,
    ),
    { minLength: 1, maxLength: 3 },
  );
  const values = fc.uniqueArray(fc.constantFrom("a", "b*", "c"), { minLength: 1, maxLength: 3 });
  const tests = fc.dictionary(
    fc.constantFrom("aws:PrincipalArn", "aws:SourceVpc", "aws:PrincipalTag/x"),
    values,
    { minKeys: 1, maxKeys: 2 },
  );
  const condition = fc.dictionary(
    fc.constantFrom("StringLike", "StringEquals", "ForAllValues:StringNotLike"),
    tests,
    { minKeys: 1, maxKeys: 2 },
  );
  return fc
    .record({
      Effect: fc.constantFrom("Allow" as const, "Deny" as const),
      Principal: fc.oneof(
        principals.map((AWS) => ({ AWS })),
        fc.constant({ AWS: ["*"] as string[] }),
      ),
      Action: names("svc:Do"),
      Resource: names("arn:aws:s3:::b"),
      Condition: fc.option(
        fc.oneof(condition, fc.constant({ Bool: { "aws:MultiFactorAuthPresent": ["true"] as string[] } })),
        { nil: undefined },
      ),
    })
    .map(({ Condition, ...rest }) => ({ ...rest, ...(Condition && { Condition }) }));
};
const statements = fc
  .integer({ min: 1, max: 4 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => statement(index))));

const documentOf = (all: readonly object[]) => JSON.stringify({ Version: "2012-10-17", Statement: all });

/** Numbers below 1 that decide each choice of a rewording or change. */
const choices = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));
type Choose = <Item>(items: readonly Item[]) => Item;
const chooser =
  (stream: Iterator<number>): Choose =>
  (items) =>
    items[Math.floor(stream.next().value! * items.length)]!;

function shuffled<Item>(items: readonly Item[], choose: Choose): Item[] {
  const left = [...items];
  return items.map(() => left.splice(left.indexOf(choose(left)), 1)[0]!);
}
const listOf = (value: string | string[] | undefined) => [value ?? []].flat();

/** The same statements, written in another way. */
function reword(all: readonly Statement[], choose: Choose): object[] {
  const maybe = () => choose([true, false]);
  const texts = (values: string[]) => {
    const list = maybe() ? [...shuffled(values, choose), values[0]!] : shuffled(values, choose);
    return list.length === 1 && maybe() ? list[0]! : list;
  };
  const principal = (named: Statement["Principal"]) => {
    if (!named.AWS) return named;
    const AWS = listOf(named.AWS);
    if (AWS.length === 1 && AWS[0] === "*") return choose<unknown>(["*", { AWS: "*" }, { AWS: ["*", "*"] }]);
    const otherForm = (name: string) => {
      const id = /^arn:aws:iam::(\d{12}):root$/.exec(name)?.[1];
      if (id) return choose([name, id]);
      return /^\d{12}$/.test(name) ? choose([name, `arn:aws:iam::${name}:root`]) : name;
    };
    return { AWS: texts(AWS.map(otherForm)) };
  };
  const condition = (block: Record<string, Record<string, unknown>>) =>
    Object.fromEntries(
      shuffled(Object.entries(block), choose).map(([operator, keys]) => [
        operator,
        Object.fromEntries(
          shuffled(Object.entries(keys), choose).map(([key, values]) => [
            key,
            operator === "Bool" && maybe() ? true : texts(listOf(values as string | string[])),
          ]),
        ),
      ]),
    );
  const split = (part: Statement): Statement[] => {
    const element = choose(["Action", "Resource"] as const);
    const values = listOf(part[element]);
    if (values.length < 2 || maybe()) return maybe() ? [part] : [part, part];
    return [values.slice(0, 1), values.slice(1)].map((some) => ({ ...part, [element]: some }));
  };
  const written = all.flatMap(split).map((part) => {
    const elements = {
      ...(maybe() && { Sid: choose(["One", "Two", "Three"]) }),
      Effect: part.Effect,
      Principal: principal(part.Principal),
      ...(part.NotAction ? { NotAction: texts(part.NotAction) } : { Action: texts(listOf(part.Action)) }),
      ...(part.NotResource
        ? { NotResource: texts(part.NotResource) }
        : { Resource: texts(listOf(part.Resource)) }),
      ...(part.Condition && { Condition: condition(part.Condition) }),
    };
    return Object.fromEntries(shuffled(Object.entries(elements), choose));
  });
  return shuffled(written, choose);
}

const NEW = ["added:Anything", "arn:aws:s3:::added", "000000000999"] as const;

/** One change that is no rewording: none of the values that it adds or takes away is said elsewhere. */
function change(all: readonly Statement[], choose: Choose): Statement[] {
  const changed = choose(all);
  const { Action, Resource, Principal, Condition, Effect } = changed;
  const [actions, resources] = [listOf(Action), listOf(Resource)];
  const names = listOf(Principal.AWS);
  const other = Effect === "Allow" ? ("Deny" as const) : ("Allow" as const);
  const { Action: _, ...withoutAction } = changed;
  const { Resource: __, ...withoutResource } = changed;
  const { Condition: ___, ...unconditioned } = changed;
  const [operator, keys] = choose(Object.entries(Condition ?? { StringEquals: {} }));
  const [key, values] = choose(Object.entries({ "aws:New": ["x"], ...keys }));
  const retest = (test: Record<string, Record<string, unknown>>) => ({
    ...changed,
    Condition: { ...Condition, ...test },
  });
  const ways: (Statement | undefined)[] = [
    { ...changed, Effect: other },
    { ...changed, Action: [...actions, NEW[0]] },
    { ...changed, Resource: [...resources, NEW[1]] },
    // Beside everyone, one account more is no change of access.
    names.includes("*") ? undefined : { ...changed, Principal: { AWS: [...names, NEW[2]] } },
    { ...changed, Principal: { Service: "ec2.amazonaws.com" } },
    { ...changed, Principal: { AWS: `${names[0] === "*" ? "" : "*"}` || NEW[2] } },
    { ...withoutAction, NotAction: actions },
    { ...withoutResource, NotResource: resources },
    { ...changed, Action: "*" },
    actions.length > 1 ? { ...changed, Action: actions.slice(1) } : undefined,
    resources.length > 1 ? { ...changed, Resource: resources.slice(1) } : undefined,
    names.length > 1 ? { ...changed, Principal: { AWS: names.slice(1) } } : undefined,
    Condition ? unconditioned : { ...changed, Condition: { Null: { "aws:TokenIssueTime": "true" } } },
    retest({ [operator]: { ...keys, [key]: [...listOf(values as string | string[]), "more"] } }),
    retest({ [`${operator}IfExists`]: { ...keys, [key]: values } }),
    retest({ NumericLessThan: { "aws:MultiFactorAuthAge": "3600" } }),
  ];
  const way = choose(ways.filter((possible) => possible !== undefined));
  return all.map((part) => (part === changed ? way : part));
}

describe("the access model, for any policy", () => {
  it("gives the same baseline for any rewording, and says that nothing changed", () => {
    fc.assert(
      fc.property(statements, choices, (all, stream) => {
        const reworded = documentOf(reword(all, chooser(stream)));
        assert.equal(textOf(reworded), textOf(documentOf(all)));
        assert.deepEqual(compareAccess(factsOf(documentOf(all)), factsOf(reworded)), []);
      }),
      { numRuns: 500 },
    );
  });

  it("gives another baseline for any single change, and says what changed", () => {
    fc.assert(
      fc.property(statements, choices, (all, stream) => {
        const choose = chooser(stream);
        const changed = documentOf(reword(change(all, choose), choose));
        assert.notEqual(textOf(changed), textOf(documentOf(all)));
        assert.notDeepEqual(compareAccess(factsOf(documentOf(all)), factsOf(changed)), []);
      }),
      { numRuns: 1000 },
    );
  });

  it("calls a change widening or its reverse one", () => {
    fc.assert(
      fc.property(statements, choices, (all, stream) => {
        const changed = change(all, chooser(stream));
        const [one, other] = [factsOf(documentOf(all)), factsOf(documentOf(changed))];
        assert.ok(widens(compareAccess(one, other)) || widens(compareAccess(other, one)));
      }),
      { numRuns: 500 },
    );
  });

  it("reads back every baseline that it writes", () => {
    const anyText = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 1 }), fc.array(anyText), anyText, (values, more, name) => {
        const part = {
          Effect: "Allow",
          Principal: { AWS: values, [name]: more },
          Action: values,
          NotResource: [...values, ...more],
          Condition: { [name]: { [values[0]!]: more } },
        };
        const facts = factsOf(documentOf([part]));
        const text = formatBaseline("dev", facts);
        assert.match(text, /^[\n -~]*$/);
        assert.deepEqual(new Set(parseBaseline(text).map(key)), new Set(facts.map(key)));
      }),
      { numRuns: 200 },
    );
  });
});

const key = (fact: Fact) => JSON.stringify(Object.entries(fact).sort());
