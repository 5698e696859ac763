import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseStackFile } from "../../tools/stack-file";

const file = (...lines: string[]) => `config:\n${lines.map((line) => `  ${line}\n`).join("")}`;
const OWN = "cross-account-access:";

describe("a stack's file", () => {
  it("is read as the engine hands it over", () => {
    const text = file(
      `${OWN}region: eu-west-1`,
      `${OWN}trustedAccountId: "012345678901"`,
      `${OWN}sessionDuration: 3600`,
      `${OWN}protect: false`,
      `${OWN}scenarios: [A, B]`,
      `${OWN}parameterValue:`,
      "  secure: v1:abc",
      "aws:region: eu-west-1",
    );
    assert.deepEqual(parseStackFile("dev", text), {
      region: "eu-west-1",
      trustedAccountId: "012345678901",
      sessionDuration: "3600",
      protect: "false",
      scenarios: '["A","B"]',
      parameterValue: "secret",
    });
    assert.deepEqual(parseStackFile("dev", ""), {});
  });
  const root = join(__dirname, "../..");
  for (const name of readdirSync(root).filter((each) => /^Pulumi\..+\.yaml$/.test(each)))
    it(`has no mistake of these kinds: ${name}`, () => {
      const text = readFileSync(join(root, name), "utf8");
      const own = Object.keys(parse(text).config).filter((key) => key.startsWith(OWN));
      assert.equal(Object.keys(parseStackFile(name.split(".")[1]!, text)).length, own.length);
    });

  for (const [title, text, expected] of [
    ["a tab", "config:\n\tcross-account-access:region: x\n", /: Pulumi\.prod\.yaml, line 2: a tab .*spaces/],
    ["broken YAML", 'config:\n  a:b: "x\n', /: Pulumi\.prod\.yaml, line \d: /],
    [
      "the same key twice",
      file(`${OWN}region: x`, `${OWN}region: y`),
      /: Pulumi\.prod\.yaml, line 3: .*unique/i,
    ],
    [
      "an unquoted leading zero",
      file(`${OWN}region: x`, `${OWN}trustedAccountId: 012345678901`),
      /line 3: found trustedAccountId: 012345678901 without quotes, .*leading zero.*\n.*trustedAccountId: "012345678901"$/,
    ],
    ["an octal number", file(`${OWN}trustedAccountId: 0123456701`), /: 0123456701 without quotes/],
    [
      "a mistyped namespace",
      file("cross-account-acess:region: x"),
      /line 2: found cross-account-acess:region, .*\n.*write cross-account-access:region$/,
    ],
    [
      "a missing namespace",
      file("region: x"),
      /found region, which has no namespace\.\n.*write cross-account-access:region$/,
    ],
    ["no value", file(`${OWN}region:`), /found region without a value/],
    [
      "an encrypted value",
      file(`${OWN}trustingAccountId:`, "  secure: v1:abc"),
      /trustingAccountId encrypted, which must be plain text\.\n.*pulumi config set --stack prod .*without --secret/,
    ],
    [
      "an invisible character",
      file(`${OWN}trustingProfile: "prod\u200b"`),
      /trustingProfile with an invisible character \(U\+200B\) after "prod"/,
    ],
  ] as const)
    it(`is refused with file and line for ${title}`, () => {
      assert.throws(() => parseStackFile("prod", text), expected);
    });
  it("may have settings of other programs and providers", () => {
    for (const key of ["aws:region", "pulumi:template", "cross-account-network:region", "random:seed"])
      assert.deepEqual(parseStackFile("prod", file(`${key}: x`)), {});
  });
});
