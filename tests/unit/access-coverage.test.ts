// biome-ignore-all lint/suspicious/noTemplateCurlyInString: AWS writes its variables so
import assert from "node:assert/strict";
import fc from "fast-check";
import { covers, implies } from "../../tools/access/coverage";
import { type ConditionTest, type Grant, selection } from "../../tools/access/facts";
import { containsArn, containsPattern, overlaps } from "../../tools/access/patterns";

const tables = <Row extends readonly unknown[]>(rows: readonly Row[], check: (...row: Row) => void) => {
  for (const row of rows) it(row.map((cell) => JSON.stringify(cell)).join("  "), () => check(...row));
};

describe("whether a pattern takes in another", () => {
  tables(
    [
      ["*", "s3:*", true],
      ["s3:*", "s3:GetObject", true],
      ["s3:Get*", "s3:*", false],
      ["s3:Get?bject", "s3:GetObject", true],
      ["s3:Get?bject", "s3:Get*bject", false],
      ["a*c", "a*b*c", true],
      ["a?c", "a?c", true],
      ["a*c", "abcd", false],
      ["a", "*", false],
      ["arn:b/${aws:username}/*", "arn:b/${aws:username}/x", true],
      ["arn:b/*", "arn:b/${aws:username}/x", true],
      ["arn:b/????????????????/x", "arn:b/${aws:username}/x", false],
      ["arn:b/${aws:username}", "arn:b/jane", false],
      ["a${*}", "a*", false],
      ["a*", "a${*}", true],
      ["a${*}", "ab", false],
    ] as const,
    (wide, narrow, expected) => assert.equal(containsPattern(wide, narrow), expected),
  );

  it("is certain: what it says holds for every text", () => {
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
    const texts = ["", ..."ab"].flatMap((a) =>
      ["", ..."ab"].flatMap((b) => ["", ..."abc"].map((c) => a + b + c)),
    );
    const matches = (glob: string, text: string) =>
      new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(text);
    fc.assert(
      fc.property(pattern, pattern, (wide, narrow) => {
        const both = texts.filter((text) => matches(narrow, text));
        if (containsPattern(wide, narrow)) assert.ok(both.every((text) => matches(wide, text)));
        if (!overlaps(wide, narrow)) assert.ok(!both.some((text) => matches(wide, text)));
      }),
      { numRuns: 3000 },
    );
  });

  tables(
    [
      ["arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", true],
      ["arn:aws:iam::*/x", "arn:aws:iam::1:role/x", false],
      ["arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b", true],
      ["arn:aws:*:*:1:*", "arn:aws:sns:r:2:t", false],
      ["*", "arn:aws:sns:r:2:t", true],
    ] as const,
    (wide, narrow, expected) => assert.equal(containsArn(wide, narrow), expected),
  );
});

const test = (operator: string, key: string, ...values: string[]): ConditionTest => ({
  operator,
  key,
  values,
});
const ip = (...values: string[]) => test("IpAddress", "aws:SourceIp", ...values);
const like = (...values: string[]) => test("StringLike", "k", ...values);
const is = (...values: string[]) => test("StringEquals", "k", ...values);

describe("whether a condition is equal or stricter", () => {
  tables(
    [
      [is("a"), is("a", "b"), true],
      [is("a", "b"), is("a"), false],
      [is("a"), test("StringEquals", "K", "a"), true],
      [is("a"), test("StringEquals", "j", "a"), false],
      [is("ab"), like("a*"), true],
      [is("a*"), like("a${*}"), true],
      [like("a*"), is("a*"), false],
      [like("ab*"), like("a*"), true],
      [like("a*"), like("ab*"), false],
      [is("A"), test("StringEqualsIgnoreCase", "k", "a"), true],
      [test("StringEqualsIgnoreCase", "k", "a"), is("a"), false],
      [test("StringNotEquals", "k", "a", "b"), test("StringNotEquals", "k", "a"), true],
      [test("StringNotEquals", "k", "a"), test("StringNotEquals", "k", "a", "b"), false],
      [test("StringNotLike", "k", "a*"), test("StringNotEquals", "k", "ab"), true],
      [test("StringNotEquals", "k", "ab"), test("StringNotLike", "k", "a*"), false],
      [is("a"), test("StringEqualsIfExists", "k", "a"), true],
      [test("StringEqualsIfExists", "k", "a"), is("a"), false],
      [test("ForAllValues:StringEquals", "k", "a"), test("ForAllValues:StringEquals", "k", "a", "b"), true],
      [test("ForAllValues:StringEquals", "k", "a"), is("a"), false],
      [is("a"), test("ForAllValues:StringEquals", "k", "a"), false],
      [test("ForAnyValue:StringEquals", "k", "a"), test("ForAnyValue:StringEquals", "k", "a", "b"), true],
      [test("Bool", "k", "true"), test("Bool", "k", "True"), true],
      [test("Bool", "k", "true"), test("BoolIfExists", "k", "true"), true],
      [test("BoolIfExists", "k", "true"), test("Bool", "k", "true"), false],
      [test("Bool", "k", "false"), test("Bool", "k", "true"), false],
      [test("Null", "k", "true"), test("Null", "k", "false"), false],
      [test("NumericLessThan", "k", "5"), test("NumericLessThan", "k", "7"), true],
      [test("NumericLessThan", "k", "7"), test("NumericLessThan", "k", "5"), false],
      [test("NumericLessThanEquals", "k", "5"), test("NumericLessThan", "k", "5"), false],
      [test("NumericLessThan", "k", "5"), test("NumericLessThanEquals", "k", "5"), true],
      [test("NumericGreaterThan", "k", "7"), test("NumericGreaterThan", "k", "5"), true],
      [test("NumericLessThan", "k", "x"), test("NumericLessThan", "k", "7"), false],
      [test("NumericLessThan", "k", "5", "9"), test("NumericLessThan", "k", "7"), false],
      [
        test("DateLessThan", "k", "2026-01-01T00:00:00Z"),
        test("DateLessThan", "k", "2027-01-01T00:00:00Z"),
        true,
      ],
      [test("DateLessThan", "k", "2027-01-01T00:00:00Z"), test("DateLessThan", "k", "1767225600"), false],
      [ip("10.1.0.0/16"), ip("10.0.0.0/8"), true],
      [ip("10.0.0.0/8"), ip("10.1.0.0/16"), false],
      [ip("10.1.2.3"), ip("10.1.2.0/24"), true],
      [ip("2001:db8::/48"), ip("2001:db8::/32"), true],
      [ip("10.0.0.0/8"), ip("nonsense"), false],
      [test("NotIpAddress", "k", "10.0.0.0/8"), test("NotIpAddress", "k", "10.1.0.0/16"), true],
      [test("ArnEquals", "k", "arn:aws:iam::1:role/x"), test("ArnLike", "k", "arn:aws:iam::1:role/*"), true],
      [test("StringEquals", "k"), test("StringEquals", "k", "a"), false],
      [test("Unknown", "k", "a"), test("Unknown", "k", "a"), false],
    ] as const,
    (strict, loose, expected) => assert.equal(implies(strict, loose), expected),
  );

  it("is certain: where it says so, the stricter test never passes alone", () => {
    const operators = [
      "StringEquals",
      "StringNotEquals",
      "StringLike",
      "StringNotLike",
      "StringEqualsIgnoreCase",
    ];
    const anyTest = fc.record({
      operator: fc
        .tuple(
          fc.constantFrom("", "ForAllValues:", "ForAnyValue:"),
          fc.constantFrom(...operators, "Bool"),
          fc.constantFrom("", "IfExists"),
        )
        .map((parts) => parts.join("")),
      key: fc.constant("k"),
      values: fc.uniqueArray(fc.constantFrom("a", "A", "ab", "a*", "*", "?"), { minLength: 1, maxLength: 3 }),
    });
    const contexts: (string[] | undefined)[] = [
      undefined,
      [],
      ["a"],
      ["A"],
      ["ab"],
      ["b"],
      ["a", "b"],
      ["a*"],
    ];
    fc.assert(
      fc.property(anyTest, anyTest, (strict, loose) => {
        if (implies(strict, loose))
          assert.ok(contexts.every((context) => !passes(strict, context) || passes(loose, context)));
      }),
      { numRuns: 5000 },
    );
  });
});

/** What AWS documents of a test's operator, for one key of the request. */
function passes({ operator, values }: ConditionTest, context: string[] | undefined): boolean {
  const [, set, name, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator)!;
  if (context === undefined || (context.length === 0 && !set)) {
    if (ifExists || set === "ForAllValues") return true;
    return set === undefined && name!.includes("Not");
  }
  const glob = (pattern: string, text: string) =>
    new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(text);
  const one = (text: string): boolean => {
    if (name === "StringEquals") return values.includes(text);
    if (name === "StringNotEquals") return !values.includes(text);
    if (name === "StringLike") return values.some((value) => glob(value, text));
    if (name === "StringNotLike") return !values.some((value) => glob(value, text));
    return values.some((value) => value.toLowerCase() === text.toLowerCase());
  };
  return set === "ForAnyValue" ? context.some(one) : context.every(one);
}

const grant = (parts: Partial<Grant>): Grant => ({
  account: "trusting",
  holder: "role R",
  effect: "allows",
  who: selection([]),
  actions: selection(["s3:GetObject"]),
  resources: selection(["*"]),
  condition: [],
  ...parts,
});
const actions = (...values: string[]) => grant({ actions: selection(values) });
const allExcept = (...values: string[]) => grant({ actions: selection(values, true) });
const who = (...values: string[]) => grant({ who: selection(values) });

describe("whether a grant says all that another says", () => {
  tables(
    [
      [actions("s3:*"), actions("S3:getobject"), true],
      [actions("s3:GetObject"), actions("s3:*"), false],
      [allExcept("iam:*"), actions("s3:GetObject"), true],
      [allExcept("iam:*"), actions("i*"), false],
      [allExcept("iam:*"), allExcept("iam:*", "s3:*"), true],
      [allExcept("iam:*", "s3:*"), allExcept("iam:*"), false],
      [allExcept("iam:PassRole"), allExcept("iam:*"), true],
      [actions("*"), allExcept("iam:*"), true],
      [actions("s3:*"), allExcept("iam:*"), false],
      [who("*"), who("000000000001"), true],
      [who("*"), who("Service:ec2.amazonaws.com"), false],
      [who("000000000001"), who("*"), false],
      [who("000000000001"), who("arn:aws:iam::000000000001:role/x"), true],
      [who("000000000002"), who("arn:aws:iam::000000000002:role/x"), false],
      [who("arn:aws:iam::000000000001:role/x"), who("000000000001"), false],
      [who("arn:aws:iam::000000000001:role/*"), who("arn:aws:iam::000000000001:role/x"), false],
      [who("000000000001"), grant({}), false],
      [grant({}), grant({ condition: [is("a")] }), true],
      [grant({ condition: [is("a")] }), grant({}), false],
      [grant({ condition: [is("a")] }), grant({ condition: [is("a"), ip("10.0.0.0/8")] }), true],
    ] as const,
    (wide, narrow, expected) => assert.equal(covers(wide, narrow, "000000000002"), expected),
  );
});
