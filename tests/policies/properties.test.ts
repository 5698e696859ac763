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

  const MB = 1 << 20;
  const fill = (text: string): string => text.repeat(Math.ceil(MB / text.length));
  const nested = (open: string, inner: string, close: string, depth: number): string =>
    open.repeat(depth) + inner + close.repeat(depth);
  const large = JSON.stringify(
    documentOf(...Array.from({ length: 8000 }, (_, i) => statement({ Sid: `S${i}` }))),
  );
  const huge: Record<string, unknown> = {
    "1 MB of statements": large,
    "1 MB of statements cut short": large.slice(0, -1),
    "1 MB of wildcard statements": JSON.stringify(
      documentOf(...Array.from({ length: 8000 }, () => statement({ Principal: "*" }))),
    ),
    "1 MB of principals": JSON.stringify(
      documentOf(
        statement({ Principal: { AWS: Array.from({ length: 60_000 }, (_, i) => `${i}`.padStart(12, "0")) } }),
      ),
    ),
    "1 MB of wildcard principals": JSON.stringify(
      documentOf(statement({ Principal: { AWS: Array.from({ length: 60_000 }, (_, i) => `${i}*`) } })),
    ),
    "1 MB of conditions": JSON.stringify(
      documentOf(
        statement({
          Principal: "*",
          Condition: Object.fromEntries(
            Array.from({ length: 30_000 }, (_, i) => [`StringEquals${i}`, { "aws:SourceIp": "1" }]),
          ),
        }),
      ),
    ),
    "1 MB of open brackets": fill("["),
    "1 MB of brackets": nested("[", "", "]", MB / 2),
    "1 MB of nested objects": nested('{"Statement":', "1", "}", MB / 14),
    "1 MB of nested principals": `{"Statement":{"Effect":"Allow","Principal":${nested('{"AWS":', '"*"', "}", MB / 8)}}}`,
    "1 MB of nested references": `{"Statement":{"Effect":"Allow","Principal":${nested('{"Fn::Sub":', '"*"', "}", MB / 12)}}}`,
    "1 MB of backslashes": `{"Statement":"${fill("\\\\")}"}`,
    "1 MB of quotes": fill('"'),
    "1 MB of odd letters": JSON.stringify({ Statement: fill("\ud83d\ude00\u0000\u2028𝒳") }),
    "1 MB of the same key": `{${fill('"Statement":1,')}"Statement":2}`,
    "1 MB of small documents as text": JSON.stringify(Array.from({ length: 30_000 }, () => '{"a":"[1,2]"}')),
    "1 MB of broken documents as text": JSON.stringify(
      Array.from({ length: 30_000 }, () => '{"Statement": ['),
    ),
    "1 MB of stars": fill("*"),
    "1 MB of YAML": `AWSTemplateFormatVersion: x\n${fill("- AWS::S3::Bucket: {a: b}\n")}`.replace(
      "x\n",
      "x\nlist:\n",
    ),
    "1 MB of nested YAML": `AWS::S3::Bucket: ${nested("[", "", "]", MB / 2)}`,
    "1 MB of YAML references": `AWS::S3::Bucket:\n${fill("- !Ref A\n")}`,
    "1 MB of open references": JSON.stringify(
      documentOf(statement({ Principal: { AWS: { "Fn::Sub": fill("${") } } })),
    ),
    "1 MB of references to a long parameter": JSON.stringify({
      Parameters: { P: { Default: "1".repeat(MB / 2) } },
      Resources: { A: { Properties: { Principal: { "Fn::Sub": `\${P}`.repeat(MB / 8) } } } },
    }),
    "1 MB of references to a wide mapping": JSON.stringify({
      Mappings: { M: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, { a: "1" }])) },
      Resources: Array.from({ length: 10_000 }, () => ({
        "Fn::FindInMap": ["M", { Ref: "AWS::Region" }, "a"],
      })),
    }),
    "1 MB of properties that name principals": JSON.stringify(
      Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`x${i}Principal`, "*"])),
    ),
    "YAML principals that grow with every reference": `AWSTemplateFormatVersion: x\na0: &a0 ["1"]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]`).join("\n")}\nb: { Effect: Allow, Principal: *a40 }`,
    "YAML bare principals that grow with every reference": `AWSTemplateFormatVersion: x\na0: &a0 ["1"]\n${Array.from({ length: 3 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(400).fill(`*a${i}`).join()}]`).join("\n")}\nResources: { P: { Type: AWS::Lambda::Permission, Properties: { Principal: *a3 } } }`,
    "YAML text that grows with every reference": `AWSTemplateFormatVersion: x\na0: &a0 "1"\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} !Join ["", [${Array(9).fill(`*a${i}`).join()}]]`).join("\n")}\nb: { Effect: Allow, Principal: *a40 }`,
    "YAML that grows with every reference": `a0: &a0 [AWS::S3::Bucket]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]`).join("\n")}`,
  };
  for (const [name, policy] of Object.entries(huge))
    it(`takes less than a second for ${name}`, () => {
      for (const one of POLICIES)
        for (const type of [BUCKET_POLICY, "aws:iam/role:Role"]) {
          const props = type === BUCKET_POLICY ? { policy } : { assumeRolePolicy: policy };
          const took = timed(() => judge(one, props, type));
          assert.ok(took < 1000, `${one.name} took ${Math.round(took)} ms`);
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
