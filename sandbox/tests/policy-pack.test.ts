import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, PACK } from "../../tests/policies/analyzer";
import { stopSandbox } from "../accounts";
import { ensureStack } from "../pulumi/engine";
import { confined, PROJECT_DIRECTORY, type Rehearsal } from "../rehearsal";
import { rehearseCopy } from "./project";
import { DEPLOYMENT_TIMEOUT } from "./shell";

interface Program {
  /** A sentence. */
  name: string;
  /** The program, with `aws` and `pulumi` at hand and `open` a statement that lets everyone in. */
  code: string;
  command?: "preview" | "up";
  config?: object;
  fails: boolean;
  /** What is said, and what is not. */
  says?: (string | RegExp)[];
  silent?: RegExp;
}

const HEAD = `
const aws = require("@pulumi/aws");
const pulumi = require("@pulumi/pulumi");
const allow = (principal, resource) => ({ Effect: "Allow", Principal: principal, Action: "s3:GetObject", Resource: resource });
const document = (...statements) => ({ Version: "2012-10-17", Statement: statements });
const account = { AWS: "arn:aws:iam::000000000001:root" };
`;
const PUBLIC = `new aws.s3.BucketPolicy("site", { bucket: "site", policy: JSON.stringify(document(allow("*", "arn:aws:s3:::site/*"))) });`;
const TRUST = (principal: string): string =>
  `new aws.iam.Role("reader", { assumeRolePolicy: JSON.stringify(document({ Effect: "Allow", Principal: ${principal}, Action: "sts:AssumeRole" })) });`;

/** Complete programs, each run by the engine with the pack. */
const programs: Program[] = [
  {
    name: "a public bucket policy fails the preview, and the message says what to do",
    code: PUBLIC,
    fails: true,
    says: [
      "no-wildcard-principals",
      'aws:s3/bucketPolicy:BucketPolicy "site", property policy, its statement: "Principal": "*".',
      "Why it matters: Everyone in the world matches it",
      'Write instead: the account or role that needs it, as {"AWS": "arn:aws:iam::111122223333:root"}.',
    ],
  },
  {
    name: "a role that anyone may assume fails the preview",
    code: TRUST("'*'"),
    fails: true,
    says: [/property assumeRolePolicy.*"Principal": "\*"/],
  },
  {
    name: "named principals pass without a word",
    code: `${TRUST("account")}\nnew aws.s3.BucketPolicy("site", { bucket: "site", policy: JSON.stringify(document(allow(account, "*"))) });`,
    fails: false,
    silent: /no-wildcard-principals|known-at-preview/,
  },
  {
    name: "a document that only the update knows is reported in the preview",
    code: `const bucket = new aws.s3.Bucket("site", {});
      new aws.s3.BucketPolicy("site", { bucket: bucket.id, policy: pulumi.jsonStringify(document(allow("*", pulumi.interpolate\`\${bucket.arn}/*\`))) });`,
    fails: false,
    says: [
      "known-at-preview",
      'aws:s3/bucketPolicy:BucketPolicy "site", property policy: not known before the update.',
    ],
  },
  {
    name: "that document fails the update, before it is put",
    code: `const bucket = new aws.s3.Bucket("site", {});
      new aws.s3.BucketPolicy("site", { bucket: bucket.id, policy: pulumi.jsonStringify(document(allow("*", pulumi.interpolate\`\${bucket.arn}/*\`))) });`,
    command: "up",
    fails: true,
    says: [/property policy, its statement: "Principal": "\*"/],
  },
  {
    name: "an organisation can require previews that show every document",
    code: `const bucket = new aws.s3.Bucket("site", {});
      new aws.s3.BucketPolicy("site", { bucket: bucket.id, policy: pulumi.jsonStringify(document(allow(account, bucket.arn))) });`,
    config: { "known-at-preview": { enforcementLevel: "mandatory" } },
    fails: true,
    says: ["not known before the update"],
  },
  {
    name: "an exemption lets a resource through, and is reported with one that nothing needs",
    code: PUBLIC,
    config: {
      "no-wildcard-principals": {
        exemptions: [
          { urn: "*::site", reason: "a public website" },
          { name: "gone", reason: "left over" },
        ],
      },
    },
    fails: false,
    says: [
      '("a public website") holds without end. It is used here.',
      'none of these exemptions, which can go unless another stack needs them: from no-wildcard-principals for {"name":"gone"}',
    ],
  },
  {
    name: "an accepted condition narrows",
    code: `const open = { ...allow("*", "*"), Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } } };
      new aws.s3.BucketPolicy("site", { bucket: "site", policy: JSON.stringify(document(open)) });`,
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:PrincipalOrgID": ["o-abcdefghij"] } } },
    fails: false,
  },
  {
    name: "another policy fails the preview once it is mandatory",
    code: TRUST("account"),
    config: { "trust-needs-mfa-or-external-id": { enforcementLevel: "mandatory" } },
    fails: true,
    says: ["aws:MultiFactorAuthPresent"],
  },
  {
    name: "the pack can be rolled out as advice",
    code: PUBLIC,
    config: { "no-wildcard-principals": "advisory" }, // as policypack/README.md advises
    fails: false,
    says: ['"Principal": "*"'],
    silent: /only-listed-accounts|trust-needs|service-principal-needs|federated-trust/,
  },
  {
    name: "a condition key about the resource is no setting",
    code: PUBLIC,
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:ResourceAccount": [] } } },
    fails: true,
    says: [
      "no-wildcard-principals.acceptedConditions.aws:ResourceAccount: this key cannot narrow a wildcard",
    ],
  },
  {
    name: "an exemption without reason is no setting",
    code: PUBLIC,
    config: { "no-wildcard-principals": { exemptions: [{ name: "site" }] } },
    fails: true,
    says: ["no-wildcard-principals: exemptions.0: reason is required"],
  },
  {
    name: "an account that is none is no setting",
    code: PUBLIC,
    config: { "only-listed-accounts": { trustedAccounts: ["12345"] } },
    fails: true,
    says: ['only-listed-accounts.trustedAccounts[0]: "12345" is not the ID of an account'],
    silent: /\^\\d|\.js:\d/,
  },
  {
    name: "a policy that does not exist is named",
    code: PUBLIC,
    config: { "no-wildcard-principal": { enforcementLevel: "advisory" } },
    fails: true,
    says: ["no-wildcard-principal: there is no such policy; there is no-wildcard-principals"],
    silent: /\.js:\d/,
  },
  {
    name: "a setting that does not exist is named",
    code: PUBLIC,
    config: { "no-wildcard-principals": { exemption: [] } },
    fails: true,
    says: ["exemption: there is no such setting"],
  },
];

describe("the policy pack, through the real engine", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "policypack-"));
  let rehearsal: Rehearsal;

  const pulumi = (cwd: string, ...args: string[]): Promise<{ code: number; output: string }> =>
    new Promise((resolve) => {
      const options = { cwd, env: confined(rehearsal.environment), maxBuffer: 1 << 26 };
      const all = [...args, "--stack", "dev", "--non-interactive", "--color=never", "--policy-pack", PACK];
      execFile(rehearsal.tools.pulumi, all, options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });

  before(async () => {
    build();
    rehearsal = await rehearseCopy(directory);
  });
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(directory, { recursive: true, force: true });
  });

  for (const [i, { name, code, command = "preview", config, fails, says = [], silent }] of programs.entries())
    it(name, async () => {
      const folder = join(directory, `program-${i}`);
      mkdirSync(folder);
      symlinkSync(join(PROJECT_DIRECTORY, "node_modules"), join(folder, "node_modules"));
      writeFileSync(join(folder, "package.json"), '{ "name": "program", "main": "index.js" }');
      writeFileSync(join(folder, "index.js"), HEAD + code);
      writeFileSync(
        join(folder, "Pulumi.yaml"),
        `name: program-${i}\nruntime: { name: nodejs, options: { typescript: false } }\n`,
      );
      writeFileSync(join(folder, "config.json"), JSON.stringify(config ?? {}));
      await ensureStack("dev", rehearsal.environment, folder);
      const flags = command === "up" ? ["--yes", "--skip-preview"] : [];
      const ended = await pulumi(
        folder,
        command,
        ...flags,
        "--policy-pack-config",
        join(folder, "config.json"),
      );
      assert.equal(ended.code !== 0, fails, ended.output);
      for (const one of says)
        assert.ok(
          typeof one === "string" ? ended.output.includes(one) : one.test(ended.output),
          `not said: ${one}\n${ended.output}`,
        );
      if (silent) assert.doesNotMatch(ended.output, silent);
    });

  it("has nothing to say of this repository's own stack", async () => {
    const { code, output } = await pulumi(rehearsal.project, "preview");
    assert.equal(code, 0, output);
    assert.match(output, /✅ cross-account-access@v/);
    assert.doesNotMatch(output, /no-wildcard-principals|known-at-preview|exemptions-in-use/);
  });
});
