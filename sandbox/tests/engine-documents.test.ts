import assert from "node:assert/strict";
import { same } from "../pulumi/provider-aws/compare";
import { documentMeaning } from "../pulumi/provider-aws/documents";

const document = (statement: object | object[], Version = "2012-10-17") =>
  JSON.stringify({ Version, Statement: statement });
const base = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };

const alike: Record<string, [string, string]> = {
  "white space": [document(base), JSON.stringify(JSON.parse(document(base)), null, 4)],
  "the order of keys": [document(base), JSON.stringify({ Statement: base, Version: "2012-10-17" })],
  "a single statement in a list": [document(base), document([base])],
  "a single value in a list": [
    document(base),
    document({ ...base, Action: ["s3:GetObject"], Resource: ["*"] }),
  ],
  "the order of actions": [
    document({ ...base, Action: ["a:A", "b:B"] }),
    document({ ...base, Action: ["b:B", "a:A"] }),
  ],
  "the order of statements": [
    document([base, { ...base, Sid: "b" }]),
    document([{ ...base, Sid: "b" }, base]),
  ],
  "an account's ID and its root": [
    document({ ...base, Principal: { AWS: "000000000001" } }),
    document({ ...base, Principal: { AWS: ["arn:aws:iam::000000000001:root"] } }),
  ],
  "the case of the effect": [document(base), document({ ...base, Effect: "ALLOW" })],
  "a condition's value, text or not": [
    document({ ...base, Condition: { Bool: { "aws:SecureTransport": false } } }),
    document({ ...base, Condition: { Bool: { "aws:SecureTransport": ["false"] } } }),
  ],
};

const different: Record<string, [string, string]> = {
  "the case of actions": [document(base), document({ ...base, Action: "S3:getobject" })],
  "everyone in either form": [
    document({ ...base, Principal: "*" }),
    document({ ...base, Principal: { AWS: "*" } }),
  ],
  "an action twice": [document(base), document({ ...base, Action: ["s3:GetObject", "s3:GetObject"] })],
  "the effect": [document(base), document({ ...base, Effect: "Deny" })],
  "the case of resources": [
    document({ ...base, Resource: "arn:aws:s3:::a" }),
    document({ ...base, Resource: "arn:aws:s3:::A" }),
  ],
  "an action more": [document(base), document({ ...base, Action: ["s3:GetObject", "s3:PutObject"] })],
  "a condition less": [
    document({ ...base, Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } }),
    document(base),
  ],
  "whom it names": [
    document({ ...base, Principal: { AWS: "000000000001" } }),
    document({ ...base, Principal: { AWS: "000000000002" } }),
  ],
  "everyone and a service": [
    document({ ...base, Principal: "*" }),
    document({ ...base, Principal: { Service: "*" } }),
  ],
  "the version": [document(base), document(base, "2008-10-17")],
};

describe("policy documents, compared by the stand-in AWS plugin", () => {
  for (const [what, [a, b]] of Object.entries(alike))
    it(`are alike whatever ${what}`, () => assert.equal(documentMeaning(a), documentMeaning(b)));
  for (const [what, [a, b]] of Object.entries(different))
    it(`differ by ${what}`, () => assert.notEqual(documentMeaning(a), documentMeaning(b)));

  it("are compared as text where they are none", () => {
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      "7",
      '{"Statement":null}',
      '{"Statement":[null]}',
      '{"Statement":[{"Condition":7}]}',
    ])
      assert.ok(
        same({ compare: "document" }, text, text) && !same({ compare: "document" }, text, document(base)),
        text,
      );
  });
});

describe("other properties, compared by the stand-in AWS plugin", () => {
  it("take what says nothing for nothing", () => {
    for (const nothing of [undefined, null, "", false, [], {}, { a: [] }])
      assert.ok(same({}, nothing, undefined));
    for (const something of ["x", true, 0, ["x"], { a: "x" }]) assert.ok(!same({}, something, undefined));
  });
  it("take sets in any order, and lists in theirs", () => {
    assert.ok(
      same({ compare: "set" }, ["a", "b"], ["b", "a"]) && !same({ compare: "set" }, ["a"], ["a", "b"]),
    );
    assert.ok(!same({}, ["a", "b"], ["b", "a"]));
  });
  it("take JSON in any layout, and its lists in theirs", () => {
    assert.ok(same({ compare: "json" }, '{"a":[1,2],"b":3}', '{ "b": 3, "a": [1, 2] }'));
    assert.ok(!same({ compare: "json" }, '{"a":[1,2]}', '{"a":[2,1]}'));
    assert.ok(same({ compare: "json" }, "", undefined) && !same({ compare: "json" }, "{", "[]"));
  });
  it("let AWS choose the keys that the program leaves out", () => {
    assert.ok(same({ compare: "subset" }, { tokens: "required", hops: 1 }, { tokens: "required" }));
    assert.ok(!same({ compare: "subset" }, { tokens: "optional", hops: 1 }, { tokens: "required" }));
    assert.ok(same({ compare: "subset" }, [{ rule: { key: "k", more: 1 } }], [{ rule: { key: "k" } }]));
    assert.ok(!same({ compare: "subset" }, [{ rule: { key: "k" } }, { rule: {} }], [{ rule: { key: "k" } }]));
  });
});
