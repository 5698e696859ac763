import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY } from "../rehearsal";
import { DEPLOYMENT_TIMEOUT } from "./shell";

type Change = readonly [file: string, from: string | RegExp, to: string];

// As cloned it deploys UpdateApp alone, into accounts of its own IDs.
const STACK = "prod";
const BASELINE = `access/${STACK}.txt`;
const SETTINGS = `Pulumi.${STACK}.yaml`;
const UPDATE_APP = "infra/scenarios/update-app/resources.ts";

const TRUSTS_ANOTHER_ACCOUNT: Change = [
  UPDATE_APP,
  "peopleTrust(settings, [trusted])",
  'peopleTrust(settings, [trusted, { ...trusted, accountId: "999999999999" }])',
];
const LETS_AUDITORS_IN: Change = [
  UPDATE_APP,
  /if \(untrustedGroup\) .*/,
  `$&
    const auditors = createGroup("Auditors", provider);
    new AssumeRoleGrant(
      "Auditors-may-assume-UpdateApp",
      { grantee: { group: auditors }, roleArns: [instructions.roleArn] },
      { provider },
    );`,
];
const READS_SECRETS: Change = [
  UPDATE_APP,
  "  return [\n",
  '  return [\n    { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: "*" },\n',
];
const CHANGES_ACLS: Change = [
  UPDATE_APP,
  '"s3:DeleteObject"]',
  '"s3:DeleteObject", "s3:PutObjectAcl", "s3:DeleteObjectVersion"]',
];
const TURNS_A_SCENARIO_ON: Change = [
  SETTINGS,
  /$/,
  "  cross-account-access:scenarios: [UpdateApp, SharedBucket]\n",
];
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: text of the program
const REWORDS: readonly Change[] = [
  [UPDATE_APP, '["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]', '["s3:PutObject", "s3:GetObject"]'],
  [
    UPDATE_APP,
    "  return [\n",
    '  return [\n    { Sid: "Delete", Effect: "Allow", Action: ["s3:DeleteObject"], Resource: [`${arn}/*`] },\n',
  ],
  [UPDATE_APP, 'Sid: "List"', 'Sid: "ListIt"'],
  [UPDATE_APP, "const developers = ", "const renamed = "],
  [UPDATE_APP, "group: developers", "group: renamed"],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: text of the program
const SHARES_WITH_EVERYONE: Change = [
  UPDATE_APP,
  "{ account: trusting, bucketName, protect }",
  `{ account: trusting, bucketName, protect, statements: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: \`\${bucketArn(trusting, bucketName)}/*\` }] }`,
];

/** The commands of the job `rehearsal`, run as GitHub runs them on a merge of a branch with its base. */
describe("the rehearsal of a pull request", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "pull-request-"));
  const repository = join(directory, "repository");
  const workflow = readFileSync(join(PROJECT_DIRECTORY, ".github/workflows/pull-request.yml"), "utf8");
  const steps: { if?: string; run?: string }[] = parse(workflow).jobs.rehearsal.steps;
  const checkout = join(directory, "checkout");
  const sandboxOf = (stack: string) => join(checkout, ".sandbox", stack);

  const git = (cwd: string, ...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd,
      encoding: "utf8",
    });
  const commit = (folder: string, changes: readonly Change[]) => {
    for (const [file, from, to] of changes) {
      const text = existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "";
      const changed = text.replace(from, to);
      assert.notEqual(changed, text, `${file} has no ${from}`);
      writeFileSync(join(folder, file), changed);
    }
    git(folder, "add", "--all");
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "change");
  };
  /**
   * The job's exit code and the summary it leaves, for a branch that makes `changes` to the base. All branches are
   * rehearsed in one checkout: a rehearsal deploys what differs from the one before.
   */
  const rehearsed = async (
    name: string,
    changes: readonly Change[],
    { withBaseline = false, removedFromBase = [] as string[] } = {},
  ) => {
    const temp = join(directory, name);
    mkdirSync(temp, { recursive: true });
    git(checkout, "checkout", "--quiet", "--detach", "main");
    if (removedFromBase.length > 0) {
      git(checkout, "rm", "--quiet", ...removedFromBase);
      commit(checkout, []);
    }
    git(checkout, "checkout", "--quiet", "-B", "branch");
    if (removedFromBase.length > 0) git(checkout, "checkout", "--quiet", "main", "--", ...removedFromBase);
    commit(checkout, changes);
    if (withBaseline) {
      await bash(
        'eval "$(npm run -s sandbox -- env "" "$STACK")" && npm run -s access -- "$STACK"',
        {},
        temp,
      );
      commit(checkout, []);
    }
    git(checkout, "checkout", "--quiet", "--detach", withBaseline ? "branch^^" : "branch^");
    git(checkout, "merge", "--quiet", "--no-ff", "--no-edit", "branch");
    const summary = join(temp, "summary.md");
    const env = { GITHUB_STEP_SUMMARY: summary };
    let code = 0;
    let output = "";
    for (const { run, if: condition } of steps) {
      if (!run || (code !== 0 && !condition?.includes("!cancelled()"))) continue;
      const ended = await bash(run, env, temp, (data) => {
        output += data;
      });
      code ||= ended;
    }
    assert(existsSync(summary), output);
    return { code, summary: readFileSync(summary, "utf8") };
  };

  /** Runs a step's commands as GitHub does, and gives their exit code. */
  const bash = async (
    commands: string,
    variables: Record<string, string>,
    temp: string,
    hear: (data: string) => void = () => {},
  ) => {
    const env = confined({ RUNNER_TEMP: temp, STACK, ...variables });
    const shell = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", commands], {
      cwd: checkout,
      env,
    });
    for (const stream of [shell.stdout, shell.stderr]) stream.on("data", hear);
    return new Promise<number>((resolve) => shell.on("close", (status) => resolve(status ?? 130)));
  };

  before(() => {
    // The job's first command would install what is missing, and through the links below that is this checkout's.
    for (const folder of ["", "policypack"]) {
      const [lock, mark] = ["package-lock.json", "node_modules/.installed-lock"].map((name) =>
        readFileSync(join(PROJECT_DIRECTORY, folder, name), "utf8"),
      );
      assert.equal(
        mark,
        createHash("sha256").update(lock!).digest("hex"),
        "run npm test, which installs first",
      );
    }
    const files = git(PROJECT_DIRECTORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard");
    for (const file of files.split("\0").filter((name) => existsSync(join(PROJECT_DIRECTORY, name))))
      if (file && !file.startsWith("policypack/"))
        cpSync(join(PROJECT_DIRECTORY, file), join(repository, file));
    // Committed, so that the base's worktree has them too, and nothing is downloaded or built.
    for (const name of ["node_modules", "policypack"])
      symlinkSync(join(PROJECT_DIRECTORY, name), join(repository, name));
    git(repository, "init", "--quiet", "--initial-branch", "main");
    git(repository, "add", "--all", "--force");
    commit(repository, []);
    git(directory, "clone", "--quiet", repository, checkout);
  });
  after(async () => {
    await stopSandbox(sandboxOf(STACK));
    rmSync(directory, { recursive: true, force: true });
  });

  it("passes a branch that words its policies otherwise, and says that no access changes", async () => {
    const { code, summary } = await rehearsed("reworded", REWORDS);
    assert.match(summary, /^### ✔ Stack prod: no change of access\n/);
    assert.match(summary, /^### Stack prod: (\d+) of \1 answers as expected$/m);
    assert.equal(code, 0);
  });

  const others = [TRUSTS_ANOTHER_ACCOUNT, LETS_AUDITORS_IN, READS_SECRETS];
  it("fails on a branch that lets others in, names them first, and where the program says so", async () => {
    const { code, summary } = await rehearsed("others", others);
    const [title] = summary.split("\n");
    assert.match(
      title!,
      /^### ✘ Stack prod: 2 newly allowed, 1 newly trusted.*is not what the program deploys$/,
      summary,
    );
    for (const line of [
      /^\*\*Newly allowed: 2\*\*$/m,
      /^- group Auditors \(trusted account\) newly may use sts:AssumeRole on arn:aws:iam::123456789012:role\/UpdateApp.* Defined in infra\/scenarios\/update-app\/resources\.ts:\d+\.$/m,
      /^- role UpdateApp \(trusting account\) newly may use secretsmanager:GetSecretValue on every resource, under no condition\. Defined in infra\/scenarios\/update-app\/resources\.ts:\d+\.$/m,
      /^\*\*Newly trusted: 1\*\*$/m,
      /^- role UpdateApp \(trusting account\) newly trusts account 999999999999 for sts:AssumeRole, if aws:MultiFactorAuthPresent is true\. Defined in infra\/scenarios\/update-app\/resources\.ts:\d+\.$/m,
      /npm run access -- prod, and commit the file/,
    ])
      assert.match(summary, line);
    assert.equal(code, 1);
  });

  it("passes the same branch with the new baseline, which a reviewer approves, and names them still", async () => {
    const { code, summary } = await rehearsed("approved", others, { withBaseline: true });
    assert.match(summary, /^### ✔ Stack prod: 2 newly allowed, 1 newly trusted, 1 changed otherwise\n/);
    assert.match(summary, /^- role UpdateApp \(trusting account\) newly trusts account 999999999999/m);
    assert.equal(code, 0);
  });

  it("fails on a branch that lets UpdateApp change ACLs and delete old versions", async () => {
    const { code, summary } = await rehearsed("acl", [CHANGES_ACLS]);
    assert.match(summary, /^### ✘ Stack prod: 1 newly allowed\. /);
    assert.match(
      summary,
      /^- role UpdateApp .* newly may use s3:DeleteObjectVersion and s3:PutObjectAcl on /m,
    );
    assert.equal(code, 1);
  });

  it("fails on a branch that shares with everyone, and begins with the policy pack's words", async () => {
    const { code, summary } = await rehearsed("wildcard", [SHARES_WITH_EVERYONE]);
    const [title, , ...lines] = summary.split("\n");
    assert.equal(title, "### ✘ Stack prod: The branch could not be rehearsed");
    const violation = lines.findIndex((line) =>
      /^ {4}.*\[mandatory\].*no-wildcard-principals.*BucketPolicy/.test(line),
    );
    assert(violation >= 0 && violation < 5, summary);
    assert.equal(code, 1);
  });

  it("passes a new stack, which the base has nothing to compare with", async () => {
    const { code, summary } = await rehearsed("new", [], { removedFromBase: [BASELINE, SETTINGS] });
    assert.match(summary, /^### ✔ Stack prod: the base has no access\/prod\.txt to compare with\n/);
    assert.match(summary, /^### Stack prod: (\d+) of \1 answers as expected$/m);
    assert.equal(code, 0);
  });

  // Last: the scenario's bucket is protected, so no later branch could remove it.
  it("fails on a branch that turns a scenario on", async () => {
    const { code, summary } = await rehearsed("scenario", [TURNS_A_SCENARIO_ON]);
    assert.match(
      summary,
      /^- bucket shared-123456789012 .* newly lets account 111122223333 \(trusted\) use /m,
    );
    assert.match(summary, /^- group BucketSharers .* newly may use /m);
    assert.equal(code, 1);
  });
});
