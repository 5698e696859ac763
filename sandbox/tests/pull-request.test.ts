import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
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

const UPDATE_APP = "infra/scenarios/update-app/resources.ts";
const SETTINGS = "Pulumi.dev.yaml";
const ONE_SCENARIO: Change = [SETTINGS, /(scenarios:\n)(?: {4}- \w+\n)+/, "$1    - UpdateApp\n"];
const GRANTS_TESTERS: Change = [
  UPDATE_APP,
  /new iam\.Group\(TESTERS, .*/,
  `const testers = $&
    new AssumeRoleGrant(
      "Testers-may-assume-UpdateApp",
      { grantee: { group: testers }, roleArns: [instructions.roleArn] },
      { provider },
    );`,
];
const EXPECTS_TESTERS: Change = [
  "infra/scenarios/update-app/contract.ts",
  'assumesRole(4, tester, "signed in with MFA", "refused")',
  'assumesRole(4, tester, "signed in with MFA", "allowed")',
];
const SHARES_WITH_EVERYONE: Change = [
  UPDATE_APP,
  "{ bucketName, protect }",
  `{ bucketName, protect, statements: [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: \`\${bucketArn(trusting, bucketName)}/*\` }] }`,
];

/** The commands of the job `rehearsal`, run as GitHub runs them on a merge of a branch with its base. */
describe("the rehearsal of a pull request", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "pull-request-"));
  const repository = join(directory, "repository");
  const workflow = readFileSync(join(PROJECT_DIRECTORY, ".github/workflows/pull-request.yml"), "utf8");
  const steps: { if?: string; run?: string }[] = parse(workflow).jobs.rehearsal.steps;
  const sandboxes: string[] = [];

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
  /** The job's exit code and the summary it leaves, for a branch that makes `changes` to `base`. */
  const rehearsed = async (
    name: string,
    changes: readonly Change[],
    base: (folder: string) => void = () => {},
  ) => {
    const [checkout, temp] = [join(directory, name, "checkout"), join(directory, name, "temp")];
    mkdirSync(temp, { recursive: true });
    sandboxes.push(...[checkout, join(temp, "base")].map((folder) => join(folder, ".sandbox", "dev")));
    git(directory, "clone", "--quiet", repository, checkout);
    base(checkout);
    git(checkout, "checkout", "--quiet", "-b", "branch");
    commit(checkout, changes);
    git(checkout, "checkout", "--quiet", "-");
    git(checkout, "merge", "--quiet", "--no-ff", "--no-edit", "branch");
    const summary = join(temp, "summary.md");
    const env = confined({ RUNNER_TEMP: temp, GITHUB_STEP_SUMMARY: summary, STACK: "dev" });
    let code = 0;
    let output = "";
    for (const { run, if: condition } of steps) {
      if (!run || (code !== 0 && !condition?.includes("!cancelled()"))) continue;
      const shell = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", run], {
        cwd: checkout,
        env,
      });
      for (const stream of [shell.stdout, shell.stderr])
        stream.on("data", (data) => {
          output += data;
        });
      const ended = await new Promise<number>((resolve) =>
        shell.on("close", (status) => resolve(status ?? 130)),
      );
      code ||= ended;
    }
    assert(existsSync(summary), output);
    return { code, summary: readFileSync(summary, "utf8") };
  };

  before(() => {
    const files = git(PROJECT_DIRECTORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard");
    for (const file of files.split("\0").filter((name) => existsSync(join(PROJECT_DIRECTORY, name))))
      if (file && !file.startsWith("policypack/"))
        cpSync(join(PROJECT_DIRECTORY, file), join(repository, file));
    // Committed, so that the base's worktree has them too, and nothing is downloaded or built.
    for (const name of ["node_modules", "policypack"])
      symlinkSync(join(PROJECT_DIRECTORY, name), join(repository, name));
    git(repository, "init", "--quiet");
    git(repository, "add", "--all", "--force");
    commit(repository, [ONE_SCENARIO]);
  });
  after(async () => {
    for (const sandbox of sandboxes) await stopSandbox(sandbox);
    rmSync(directory, { recursive: true, force: true });
  });

  it("fails on a branch that grants Testers, and names them first", async () => {
    const { code, summary } = await rehearsed("grant", [GRANTS_TESTERS]);
    const [title, , list, , line, other] = summary.split("\n");
    assert.match(title!, /^### ✘ Stack dev newly allows what was refused before: 2;/, summary);
    assert.equal(list, "**Newly allowed: 2**");
    assert.match(line!, /^- \*\*tester, signed in with MFA\*\*: sts:AssumeRole on the role/);
    assert.match(other!, /^- \*\*member of every group but Developers, .*: sts:AssumeRole on the role/);
    assert.equal(code, 1);
  });

  it("fails on a branch that turns a scenario on, and names what its new rows allow first", async () => {
    const { code, summary } = await rehearsed("scenario", [
      [SETTINGS, "    - UpdateApp\n", "    - UpdateApp\n    - ParameterReader\n"],
    ]);
    const [title, , list, , ...lines] = summary.split("\n");
    const [, count] =
      /^### ✘ Stack dev newly allows (\d+) \(new rows\); (\d+) of \2 answers as expected$/.exec(title!)!;
    assert(Number(count) >= 3, summary);
    assert.equal(list, `**Newly allowed, in new rows: ${count}**`);
    assert(
      lines.some((line) => /^- \*\*parameter reader, .*ssm:GetParameter on the parameter/.test(line)),
      summary,
    );
    assert.equal(code, 1);
  });

  it("fails on a branch that shares with everyone, and begins with the policy pack's words", async () => {
    const { code, summary } = await rehearsed("wildcard", [SHARES_WITH_EVERYONE]);
    const [title, , ...lines] = summary.split("\n");
    assert.equal(title, "### ✘ Stack dev: The branch could not be rehearsed");
    const violation = lines.findIndex((line) =>
      /^ {4}.*\[mandatory\].*no-wildcard-principals.*BucketPolicy/.test(line),
    );
    assert(violation >= 0 && violation < 5, summary);
    assert.equal(code, 1);
  });

  it("fails where the base could not be rehearsed, whatever the branch expects, and says why", async () => {
    const mended: Change = [SETTINGS, "regiom: ", "region: "];
    const { code, summary } = await rehearsed("base", [mended, GRANTS_TESTERS, EXPECTS_TESTERS], (folder) =>
      commit(folder, [[SETTINGS, "region: ", "regiom: "]]),
    );
    assert.match(summary, /^### ✘ Stack dev: The base could not be rehearsed: nothing was compared\n/);
    assert.match(summary, /^ {4}.*regiom/m);
    assert.equal(code, 1);
  });

  it("passes a new stack, which the base has nothing to compare with", async () => {
    const text = readFileSync(join(repository, SETTINGS), "utf8");
    const { code, summary } = await rehearsed("new", [[SETTINGS, /^/, text]], (folder) => {
      git(folder, "rm", "--quiet", SETTINGS);
      commit(folder, []);
    });
    assert.match(summary, /^### Stack dev: (\d+) of \1 answers as expected\n/);
    assert.equal(code, 0);
  });
});
