import assert from "node:assert/strict";
import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { unknownCheckingProxy } from "@pulumi/policy";
import fc from "fast-check";
import { matches } from "../../policypack/exemptions";
import "../../policypack/policies";
import { noWildcardPrincipals } from "../../policypack/policies/no-wildcard-principals";
import { registeredPolicies } from "../../policypack/policy";
import { UNKNOWN } from "./analyzer";
import { BUCKET_POLICY, documentOf, statement } from "./case";

const POLICIES = registeredPolicies.filter(
  (policy): policy is ResourceValidationPolicy => "validateResource" in policy,
);

/** Messages of a policy on properties behind the SDK's own proxy, whatever their size. */
function judge(policy: ResourceValidationPolicy, props: object, type = BUCKET_POLICY): string[] {
  const messages: string[] = [];
  const args = { type, name: "site", urn: "urn", props: unknownCheckingProxy(props), getConfig: () => ({}) };
  (policy.validateResource as (args: unknown, report: (message: string) => void) => void)(
    args as unknown as ResourceValidationArgs,
    (message) => messages.push(message),
  );
  return messages;
}

/** Processor time in milliseconds, which does not count what else the machine does. */
function timed(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  return process.cpuUsage(start).user / 1000;
}

const wildcards = (props: object, type?: string): string[] => judge(noWildcardPrincipals, props, type);

const ACCOUNT = fc.stringMatching(/^\d{12}$/);
const NAMED = fc.oneof(
  ACCOUNT,
  ACCOUNT.map((id) => `arn:aws:iam::${id}:root`),
  fc
    .tuple(ACCOUNT, fc.stringMatching(/^[\w+=,.@-]{1,64}$/))
    .map(([id, name]) => `arn:aws:iam::${id}:role/${name}`),
);
const PRINCIPAL = fc.oneof(
  fc.record({ AWS: fc.oneof(NAMED, fc.array(NAMED, { minLength: 1, maxLength: 4 })) }),
  fc.record({ Service: fc.constantFrom("sns.amazonaws.com", "cloudfront.amazonaws.com") }),
);
const TEXT = fc.string({ unit: "grapheme", maxLength: 20 });
const CLEAN = fc
  .record(
    {
      Sid: TEXT,
      Principal: PRINCIPAL,
      Action: fc.array(TEXT),
      Resource: TEXT,
      Condition: fc.dictionary(TEXT, fc.dictionary(TEXT, TEXT)),
    },
    { requiredKeys: ["Principal"] },
  )
  .chain((one) => fc.constantFrom("Allow", "Deny").map((Effect) => ({ ...one, Effect })));
/** Documents with nothing wrong in them. */
const DOCUMENT = fc
  .array(CLEAN, { maxLength: 6 })
  .map((list) => documentOf(...list) as { Statement: object[] });
const OPEN = fc
  .constantFrom<unknown>(
    "*",
    ["*"],
    { AWS: "*" },
    { AWS: ["111122223333", "*"] },
    { Service: "*" },
    { AWS: "arn:aws:iam::*:root" },
    { Federated: "*" },
  )
  .map((Principal) => ({ Sid: "Planted", Effect: "Allow", Principal, Action: "*", Resource: "*" }));
/** Ways to hold a document in a property. */
const WRAP = fc.array(
  fc.constantFrom<(value: unknown) => unknown>(
    (value) => value,
    (value) => JSON.stringify(value),
    (value) => JSON.stringify(value, null, 2),
    (value) => ({ x: value }),
    (value) => [1, null, "text", value, true],
    (value) => ({ openapi: "3.0.1", "x-amazon-apigateway-policy": value }),
    (value) => ({
      Resources: { A: { Type: "AWS::S3::BucketPolicy", Properties: { PolicyDocument: value } } },
    }),
  ),
  { maxLength: 4 },
);
const wrapped = (value: unknown, wraps: ((value: unknown) => unknown)[]): unknown =>
  wraps.reduce((inner, wrap) => wrap(inner), value);
const ELEMENTS = [
  "Statement",
  "statement",
  "Effect",
  "Principal",
  "NotPrincipal",
  "AWS",
  "Condition",
  "StringEquals",
  "aws:SourceIp",
  "Action",
  "Type",
  "Properties",
  "typeName",
  "desiredState",
  "Ref",
  "Fn::Sub",
  "policy",
  "acl",
  "principal",
  "__proto__",
  "constructor",
  "toString",
];
const VALUES = [
  "Allow",
  "Deny",
  "*",
  "AWS::S3::BucketPolicy",
  "sts:AssumeRole",
  UNKNOWN,
  '{"Statement":',
  "{}",
  "[]",
  '"',
  "${",
];
/** Anything, built of the words of policies so that it gets far. */
const { odd } = fc.letrec<{ odd: unknown }>((tie) => ({
  odd: fc.oneof(
    { maxDepth: 6, depthSize: "small" },
    fc.constantFrom<unknown>(...VALUES),
    fc.oneof(fc.jsonValue(), fc.double(), fc.string({ unit: "binary" })),
    fc.array(tie("odd"), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...ELEMENTS) }, { weight: 1, arbitrary: fc.string() }),
      tie("odd"),
      { maxKeys: 6 },
    ),
    tie("odd").map((value) => JSON.stringify(value) ?? ""),
  ),
}));
const TYPES = fc.constantFrom(
  BUCKET_POLICY,
  "aws:iam/role:Role",
  "aws:cloudformation/stack:Stack",
  "aws:cloudcontrol/resource:Resource",
  "aws-native:s3:Bucket",
  "x",
  "",
);

describe("the policy pack, whatever it is given", () => {
  it("does not fail on any value", () =>
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...ELEMENTS), odd), TYPES, (props, type) => {
        for (const policy of POLICIES) judge(policy, props, type);
      }),
      { numRuns: 1500 },
    ));

  it("does not fail on any text that was once JSON", () =>
    fc.assert(
      fc.property(odd, fc.nat(), fc.nat(9), fc.string(), (value, at, cut, more) => {
        const text = JSON.stringify(value) ?? "";
        const i = at % (text.length + 1);
        for (const policy of POLICIES)
          judge(policy, { policy: text.slice(0, i) + more + text.slice(i + cut) });
      }),
      { numRuns: 1500 },
    ));

  it("finds nothing in a clean document", () =>
    fc.assert(
      fc.property(DOCUMENT, WRAP, TYPES, (document, wraps, type) => {
        assert.deepEqual(wildcards({ policy: wrapped(document, wraps) }, type), []);
      }),
      { numRuns: 500 },
    ));

  it("always finds a wildcard Allow that is added to a clean document", () =>
    fc.assert(
      fc.property(
        DOCUMENT,
        OPEN,
        fc.nat(),
        WRAP,
        TYPES,
        fc.string(),
        (document, planted, at, wraps, type, name) => {
          const list = [...document.Statement];
          list.splice(at % (list.length + 1), 0, planted);
          const props = { [`x${name}`]: wrapped({ ...document, Statement: list }, wraps) };
          const found = wildcards(props, type);
          assert.ok(
            found.length > 0 && found.every((message) => message.includes("Planted")),
            found.join("\n"),
          );
        },
      ),
      { numRuns: 1000 },
    ));

  it("finds it in whatever case its elements are written", () =>
    fc.assert(
      fc.property(OPEN, fc.infiniteStream(fc.boolean()), (planted, upper) => {
        const text = JSON.stringify({ Statement: [planted] }).replace(
          /"(Statement|Effect|Principal|AWS|Service|Federated)":/g,
          (key) =>
            [...key]
              .map((letter) => (upper.next().value ? letter.toUpperCase() : letter.toLowerCase()))
              .join(""),
        );
        assert.equal(wildcards({ policy: text }).length, 1, text);
      }),
    ));

  it("finds nothing in a Deny of anyone", () =>
    fc.assert(
      fc.property(OPEN, WRAP, (planted, wraps) => {
        assert.deepEqual(
          wildcards({ policy: wrapped(documentOf({ ...planted, Effect: "Deny" }), wraps) }),
          [],
        );
      }),
    ));

  it("finds a wildcard beside any value not known yet", () =>
    fc.assert(
      fc.property(
        OPEN,
        fc.subarray(["Sid", "Effect", "Action", "Resource", "Condition"]),
        fc.subarray(["bucket", "name", "arn"]),
        (planted, unknown, beside) => {
          const hide = (keys: string[]): object => Object.fromEntries(keys.map((key) => [key, UNKNOWN]));
          const props = {
            ...hide(beside),
            policyDocument: documentOf(statement({}), { ...planted, ...hide(unknown) }),
          };
          assert.equal(wildcards(props, "aws-native:s3:BucketPolicy").length, 1);
        },
      ),
    ));

  it("matches patterns as a regular expression would", () =>
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*]{0,8}$/), fc.stringMatching(/^[ab]{0,8}$/), (pattern, text) => {
        assert.equal(matches(pattern, text), new RegExp(`^${pattern.replace(/\*/g, ".*")}$`).test(text));
      }),
      { numRuns: 2000 },
    ));

  const fill = (text: string, size: number): string => text.repeat(Math.ceil(size / text.length));
  const nested = (open: string, inner: string, close: string, size: number): string => {
    const depth = Math.ceil(size / (open.length + close.length));
    return open.repeat(depth) + inner + close.repeat(depth);
  };
  const times = <Item>(count: number, item: (i: number) => Item): Item[] =>
    Array.from({ length: Math.ceil(count) }, (_, i) => item(i));
  const statements = (size: number, over: (i: number) => object): string =>
    JSON.stringify(documentOf(...times(size / 130, (i) => statement(over(i)))));
  const principals = (size: number, name: (i: number) => string): string =>
    JSON.stringify(documentOf(statement({ Principal: { AWS: times(size / 15, name) } })));
  /** YAML whose anchors refer to one another: each has `width` of the one before. */
  const anchors = (first: string, levels: number, width: number, wrap = (list: string) => list): string =>
    [
      `AWSTemplateFormatVersion: x\na0: &a0 ${first}`,
      ...times(levels, (i) => `a${i + 1}: &a${i + 1} ${wrap(`[${Array(width).fill(`*a${i}`).join()}]`)}`),
    ].join("\n");

  /** Text of about a size, by what it is full of. */
  const inputs: Record<string, (size: number) => string> = {
    statements: (size) => statements(size, (i) => ({ Sid: `S${i}` })),
    "statements cut short": (size) => statements(size, (i) => ({ Sid: `S${i}` })).slice(0, -1),
    "statements over several lines": (size) =>
      JSON.stringify(JSON.parse(statements(size, (i) => ({ Sid: `S${i}` }))), null, 1),
    "wildcard statements": (size) => statements(size, () => ({ Principal: "*" })),
    "wildcards that a Deny completes": (size) =>
      statements(size, (i) => ({
        Effect: i % 2 ? "Allow" : "Deny",
        Principal: "*",
        Condition: { StringNotEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
      })),
    principals: (size) => principals(size, (i) => `${i}`.padStart(12, "0")),
    "wildcard principals": (size) => principals(size, (i) => `${i}*`.padStart(12, "0")),
    conditions: (size) =>
      JSON.stringify(
        documentOf(
          statement({
            Principal: "*",
            Condition: Object.fromEntries(
              times(size / 40, (i) => [`StringEquals${i}`, { "aws:SourceIp": "1" }]),
            ),
          }),
        ),
      ),
    "tests of all values": (size) =>
      JSON.stringify(
        documentOf(
          statement({
            Principal: "*",
            Condition: {
              "ForAllValues:StringEquals": Object.fromEntries(times(size / 15, (i) => [`aws:${i}`, "1"])),
            },
          }),
        ),
      ),
    "open brackets": (size) => fill("[", size),
    brackets: (size) => nested("[", "", "]", size),
    "nested objects": (size) => nested('{"Statement":', "1", "}", size),
    "nested principals": (size) =>
      `{"Statement":{"Effect":"Allow","Principal":${nested('{"AWS":', '"*"', "}", size)}}}`,
    "nested references": (size) =>
      `{"Statement":{"Effect":"Allow","Principal":${nested('{"Fn::Sub":', '"*"', "}", size)}}}`,
    "nested conditions of a template": (size) =>
      `{"Conditions":{"C":${nested('{"Fn::Not":[', '{"Condition":"C"}', "]}", Math.min(size, 6000))}},"Resources":{"R":{"Type":"AWS::Lambda::Url","Condition":"C","Properties":{"AuthType":"NONE"}}}}`,
    backslashes: (size) => `{"Statement":"${fill("\\\\", size)}"}`,
    quotes: (size) => fill('"', size),
    "odd letters": (size) => JSON.stringify({ Statement: fill("\ud83d\ude00\u0000\u2028𝒳", size / 3) }),
    "the same key": (size) => `{${fill('"Statement":1,', size)}"Statement":2}`,
    "small documents as text": (size) => JSON.stringify(times(size / 20, () => '{"a":"[1,2]"}')),
    "broken documents as text": (size) => JSON.stringify(times(size / 20, () => '{"Statement": [')),
    stars: (size) => fill("*", size),
    YAML: (size) => `AWSTemplateFormatVersion: x\nlist:\n${fill("- AWS::S3::Bucket: {a: b}\n", size)}`,
    "nested YAML": (size) => `AWS::S3::Bucket: ${nested("[", "", "]", Math.min(size, 4000))}`,
    "YAML references": (size) => `AWS::S3::Bucket:\n${fill("- !Ref A\n", size)}`,
    "open references": (size) =>
      JSON.stringify(documentOf(statement({ Principal: { AWS: { "Fn::Sub": fill("${", size) } } }))),
    "references to a long parameter": (size) =>
      JSON.stringify({
        Parameters: { P: { Default: "1".repeat(size * 3) } },
        Resources: { A: { Properties: { Principal: { "Fn::Sub": `\${P}`.repeat(size) } } } },
      }),
    "references to a wide mapping": (size) =>
      JSON.stringify({
        Mappings: { M: Object.fromEntries(times(size / 10, (i) => [`k${i}`, { a: "1" }])) },
        Resources: times(size / 10, () => ({ "Fn::FindInMap": ["M", { Ref: "AWS::Region" }, "a"] })),
      }),
    "values of a loop": (size) =>
      JSON.stringify({
        Resources: {
          "Fn::ForEach::L": [
            "X",
            times(size / 15, (i) => `${i}`.padStart(12, "0")),
            { P: { Type: "AWS::Lambda::Permission", Properties: { Principal: { Ref: "X" } } } },
          ],
        },
      }),
    "functions with Globals": (size) =>
      JSON.stringify({
        Globals: { Function: { Tags: { a: "b" } } },
        Resources: Object.fromEntries(
          times(size / 60, (i) => [`F${i}`, { Type: "AWS::Serverless::Function", Properties: {} }]),
        ),
      }),
    "properties that name principals": (size) =>
      JSON.stringify(Object.fromEntries(times(size / 22, (i) => [`x${i}Principal`, "*"]))),
    "YAML principals that grow with every reference": (size) =>
      `${anchors('["1"]', size / 4800, 9)}\nb: { Effect: Allow, Principal: *a${Math.ceil(size / 4800)} }`,
    "YAML text that grows with every reference": (size) =>
      `${anchors('"1"', size / 4800, 9, (list) => `!Join ["", ${list}]`)}\nb: { Effect: Allow, Principal: *a${Math.ceil(size / 4800)} }`,
    "YAML that grows with every reference": (size) => anchors("[AWS::S3::Bucket]", size / 4800, 9),
    "YAML bare principals that grow with every reference": (size) =>
      `${anchors('["1"]', 3, size / 480)}\nResources: { P: { Type: AWS::Lambda::Permission, Properties: { Principal: *a3 } } }`,
  };
  const SIZE = 48_000; // four times this is still read as YAML
  const least = (work: () => unknown): number => Math.min(...times(3, () => timed(work)));
  for (const [name, input] of Object.entries(inputs))
    it(`does about four times the work for four times the ${name}`, function () {
      this.timeout(600_000); // a busy machine takes long, and that proves nothing
      const [once, fourTimes] = [input(SIZE), input(4 * SIZE)];
      for (const policy of POLICIES)
        for (const type of [BUCKET_POLICY, "aws:cloudformation/stack:Stack"]) {
          const key = type === BUCKET_POLICY ? "policy" : "templateBody";
          const work = (text: string) => () => judge(policy, { [key]: text }, type);
          work(once)(); // until the compiler has settled
          const [small, large] = [least(work(once)), least(work(fourTimes))];
          // Sixteen times would be the square; a few milliseconds are measured too coarsely.
          assert.ok(
            large < 9 * small + 50,
            `${policy.name} took ${small.toFixed(1)} ms for ${name}, and ${large.toFixed(1)} ms for four times as many, in ${type}`,
          );
        }
    });

  it("reports what goes deeper than anyone writes, and finds what goes as deep as may be", () => {
    const nest = (depth: number): unknown => {
      let deep: unknown = { Effect: "Allow", Principal: "*" };
      for (let i = 0; i < depth; i++) deep = i % 2 ? [deep] : { Statement: deep };
      return deep;
    };
    assert.match(wildcards({ policy: nest(990) }).join(), /"Principal": "\*"/);
    assert.match(wildcards({ policy: nest(100_000) }).join(), /deeper than 1000 levels/);
  });
});
