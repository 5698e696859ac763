import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import { readVersionsJob } from "../commands/versions";
import { actionlint, BUILT_VERSION, zizmor } from "../toolchain";

const ROOT = join(__dirname, "../..");
const FORKS_STAY_OUT = "github.event.pull_request.head.repo.full_name == github.repository";

interface Step {
  name?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Job {
  if?: string;
  concurrency?: string | { group: string };
  permissions?: Record<string, string>;
  steps: Step[];
}
/** A workflow, or an action of ours, which has steps alone. */
interface Workflow {
  on?: string | Record<string, unknown>;
  permissions?: Record<string, string>;
  concurrency?: string | { group: string };
  jobs?: Record<string, Job>;
  runs?: { steps: Step[] };
}

const PULL_REQUEST = join(ROOT, ".github/workflows/pull-request.yml");
/** The commands of a job of a pull request. */
const commandsOf = (job: string): string[] =>
  (parse(readFileSync(PULL_REQUEST, "utf8")) as Workflow).jobs![job]!.steps.flatMap(({ run }) => run ?? []);
const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

const jobsOf = ({ jobs, runs }: Workflow): Job[] => Object.values(jobs ?? (runs ? { runs } : {}));
const stepsOf = (workflow: Workflow): Step[] => jobsOf(workflow).flatMap(({ steps }) => steps);
/** The concurrency groups of a workflow and its jobs, whatever the expressions in their names give. */
const groupsOf = (workflow: Workflow): string[] =>
  [workflow, ...jobsOf(workflow)].flatMap(({ concurrency }) => {
    const group = typeof concurrency === "string" ? concurrency : concurrency?.group;
    return group === undefined ? [] : [group.replaceAll(/\$\{\{.*?\}\}/g, "*")];
  });
const hasCredentials = (job: Job): boolean =>
  Object.values(job.permissions ?? {}).includes("write") || JSON.stringify(job).includes("secrets.");
const triggersOf = ({ on }: Workflow): string[] => (typeof on === "string" ? [on] : Object.keys(on ?? {}));

/** What actionlint does not know. Each rule: what it finds wrong, and a change of a workflow that it must find. */
const rules: Record<
  string,
  {
    wrong(workflow: Workflow, text: string, others: readonly Workflow[]): boolean;
    breaks: [string, RegExp, string];
  }
> = {
  "pin every action by a full commit SHA, with its version beside it": {
    wrong: (workflow, text) =>
      stepsOf(workflow)
        .flatMap(({ uses }) => uses ?? [])
        .some((uses) => !uses.startsWith("./") && !/@[0-9a-f]{40}$/.test(uses)) ||
      text.split("\n").some((line) => /uses: [^.]/.test(line) && !/ # v\d+\.\d+\.\d+$/.test(line)),
    breaks: ["actions/tools/action.yml", /@[0-9a-f]{40} # v7.0.0/, "@v7"],
  },
  "give no permission that a job does not ask for": {
    wrong: ({ jobs, permissions }) =>
      jobs !== undefined &&
      (JSON.stringify(permissions) !== "{}" || Object.values(jobs).some((job) => !job.permissions)),
    breaks: ["workflows/drift.yml", /^permissions: \{\}/m, "permissions: read-all"],
  },
  "never run a fork's code where the base's secrets are": {
    wrong: (workflow) =>
      triggersOf(workflow).some((trigger) => /^(pull_request_target|workflow_run)$/.test(trigger)),
    breaks: ["workflows/pull-request.yml", /^ {2}pull_request:/m, "  pull_request_target:"],
  },
  "keep forks out of every job of a pull request that may write, sign in or read a secret": {
    wrong: (workflow) =>
      triggersOf(workflow).includes("pull_request") &&
      jobsOf(workflow).some((job) => hasCredentials(job) && !job.if?.includes(`&& ${FORKS_STAY_OUT}`)),
    breaks: ["workflows/pull-request.yml", /vars\.STACKS && .*(?= \}\})/, "vars.STACKS"],
  },
  "read no cache, which another job can have filled, in a job with credentials": {
    wrong: (workflow) =>
      jobsOf(workflow).some(
        (job) =>
          hasCredentials(job) &&
          job.steps.some((step) => step.with?.cache !== undefined || step.uses?.startsWith("actions/cache@")),
      ),
    breaks: [
      "workflows/release.yml",
      /actions\/tools$/m,
      "actions/tools\n        with:\n          cache: true",
    ],
  },
  "leave no token of the checkout behind": {
    wrong: (workflow) =>
      stepsOf(workflow).some(
        (step) => step.uses?.startsWith("actions/checkout@") && step.with?.["persist-credentials"] !== false,
      ),
    breaks: ["workflows/deploy.yml", /persist-credentials: false/, "persist-credentials: true"],
  },
  "hand no expression to a shell, which would run what it says": {
    wrong: (workflow) => stepsOf(workflow).some(({ run }) => run?.includes("${{")),
    breaks: ["workflows/deploy.yml", /--stack "\$STACK"/, "--stack $" + "{{ matrix.stack }}"],
  },
  "share no concurrency group between jobs, where a newer one cancels the one that waits": {
    wrong: (workflow, _, others) => {
      const all = [workflow, ...others].flatMap(groupsOf);
      return groupsOf(workflow).some((group) => all.indexOf(group) !== all.lastIndexOf(group));
    },
    breaks: ["workflows/drift.yml", /group: verify-/, "group: apply-"],
  },
};

describe("the workflows", () => {
  const folder = join(ROOT, ".github");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.ya?ml$/.test(file),
  );
  const textOf = (file: string) => readFileSync(join(folder, file), "utf8");
  const othersThan = (file: string) =>
    files.filter((one) => one !== file).map((one): Workflow => parse(textOf(one)));

  it("have no finding of actionlint", async function () {
    this.timeout(300_000);
    // Without shellcheck, which some machines have and others lack: the findings are the same everywhere.
    const { status, stdout, stderr } = spawnSync(await actionlint(), ["-no-color", "-shellcheck="], {
      cwd: ROOT,
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });

  it("have no finding of zizmor's of medium severity or more, asked without a network", async function () {
    this.timeout(300_000);
    const args = ["--offline", "--no-progress", "--min-severity", "medium", ".github"];
    const { status, stdout, stderr } = spawnSync(await zizmor(), args, { cwd: ROOT });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });

  for (const [rule, { wrong, breaks }] of Object.entries(rules)) {
    it(rule, () => {
      assert(files.length >= 5, files.join());
      assert.deepEqual(
        files.filter((file) => wrong(parse(textOf(file)), textOf(file), othersThan(file))),
        [],
      );
    });
    it(`${rule}: a workflow that breaks this is found`, () => {
      const [file, from, to] = breaks;
      const text = textOf(file);
      const broken = text.replace(from, to);
      assert.notEqual(broken, text);
      assert(wrong(parse(broken), broken, othersThan(file)));
    });
  }
});

/** GitHub's CLI, as far as the comment asks for it: its artifacts are in `artifacts`, its comments in `comments.json`. */
const GH = `#!/usr/bin/env bash
set -eo pipefail
echo "$*" >> calls.txt
case "$*" in
  "run download"*) [ -d artifacts ] && cp -r artifacts parts ;;
  *--paginate*--jq*) jq -r "\${@: -1}" comments.json ;;
  *--field\\ body=@comment.md*) ;;
  *) exit 1 ;;
esac
`;
const JQ = spawnSync("jq", ["--version"]).status === 0;

describe(`the comment of a pull request${JQ ? "" : " (not run: no jq found)"}`, () => {
  const { jobs }: Workflow = parse(readFileSync(join(ROOT, ".github/workflows/pull-request.yml"), "utf8"));
  const text = jobs!.comment!.steps.find(({ run }) => run)!.run!;
  const MARKER = "<!-- cross-account-access -->";
  const OTHERS = [
    { id: 1, user: { login: "github-actions[bot]" }, body: "Another workflow's" },
    { id: 2, user: { login: "someone" }, body: `${MARKER}\nquoted` },
  ];
  let directory: string;
  beforeEach(function () {
    if (!JQ) this.skip();
    directory = mkdtempSync(join(tmpdir(), "comment-"));
    writeFileSync(join(directory, "gh"), GH);
    chmodSync(join(directory, "gh"), 0o755);
  });
  afterEach(() => directory && rmSync(directory, { recursive: true }));

  const part = (artifact: string, markdown: string) => {
    mkdirSync(join(directory, "artifacts", artifact), { recursive: true });
    writeFileSync(join(directory, "artifacts", artifact, `${artifact.replace(/-.*/, "")}.md`), markdown);
  };
  /** Runs the step; gives the comment, and what was asked of GitHub. */
  const written = (comments: readonly object[] = OTHERS) => {
    writeFileSync(join(directory, "comments.json"), JSON.stringify(comments));
    const env = {
      PATH: `${directory}${delimiter}${process.env.PATH}`,
      ...{
        GITHUB_RUN_ID: "7",
        REPO: "example/it",
        NUMBER: "3",
        RUN: "https://github.com/example/it/actions/runs/7",
      },
    };
    const { status, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", text], {
      cwd: directory,
      env,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    const read = (file: string) => readFileSync(join(directory, file), "utf8");
    return { comment: read("comment.md"), last: read("calls.txt").trim().split("\n").at(-1)! };
  };
  /** A person with many permissions takes many lines, and more than fit. */
  const access = (stack: string, lines: number) => {
    const row = "- **everyone**: s3:GetObject on the bucket of the production application\n";
    const fold = (name: string) =>
      `<details>\n<summary>${stack}, ${name}</summary>\n\n${row.repeat(150)}\n</details>\n`;
    return `### ✘ Stack ${stack} newly allows\n\n${row.repeat(lines)}\n${["One", "Two", "Three"].map(fold).join("\n")}`;
  };
  const preview = (stack: string) => {
    const file = join(directory, "preview.txt");
    const said = "+ aws:iam/role:Role </details> ~~~~~ ``` é\n### not a title\n<details>\n".repeat(1000);
    writeFileSync(
      file,
      `${said}Policies:\n    [mandatory] no-wildcard-principals\n\nResources:\n    3 to create\n`,
    );
    return spawnSync(join(ROOT, ".github/summarize-run.sh"), [`✘ Preview of stack ${stack}`, file], {
      encoding: "utf8",
    }).stdout;
  };

  for (const [stacks, lines] of [
    [["dev"], 3],
    [["dev", "prod", "prod.eu"], 3],
    [["dev", "prod", "prod.eu"], 2000],
    [Array.from({ length: 20 }, (_, index) => `stack-${index}`), 2000],
  ] as const)
    it(`holds what ${stacks.length} of the stacks say in ${lines} lines each: all headlines first, every fold whole, below GitHub's limit`, () => {
      for (const stack of stacks) {
        part(`access-${stack}`, access(stack, lines));
        part(`preview-${stack}`, preview(stack));
      }
      const { comment } = written();
      assert(comment.length < 65_536, `${comment.length} characters`);
      const [unfolded, ...folds] = comment.split(/^<details>$/m);
      const titles = [...comment.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
      const all = [
        ...stacks.map((stack) => `✘ Stack ${stack} newly allows`),
        ...stacks.map((stack) => `✘ Preview of stack ${stack}`),
      ];
      assert.deepEqual(titles.toSorted(), all.toSorted());
      assert.deepEqual(
        titles.map((title) => title!.includes("Preview")),
        all.map((title) => title.includes("Preview")),
      );
      for (const title of all) assert(unfolded!.includes(`### ${title}\n`), `${title} is folded`);
      assert.match(unfolded!, /^ {4} {4}\[mandatory\] no-wildcard-principals$/m);
      for (const fold of folds) assert.equal(fold.match(/^<\/details>$/gm)?.length, 1);
      assert.doesNotMatch(comment, /^(~~~|```)/m);
      const fits = stacks.length === 1;
      assert.equal(folds.length === stacks.length * 4, fits);
      assert.equal(comment.includes("Not all fits here: the rest is in the summary"), !fits);
    });

  it("is written anew where there is none, whatever else GitHub Actions or a person wrote", () => {
    part("access-dev", access("dev", 1));
    assert.match(written().last, /^api repos\/example\/it\/issues\/3\/comments /);
  });

  it("is edited where there is one", () => {
    part("access-dev", access("dev", 1));
    const { comment, last } = written([...OTHERS, { ...OTHERS[0], id: 5, body: `${MARKER}\n### before` }]);
    assert.match(last, /^api --method PATCH repos\/example\/it\/issues\/comments\/5 /);
    assert.equal(comment.split("\n")[0], MARKER);
  });

  it("says so where no job left anything", () => {
    assert.match(written().comment, /### ✘ Neither rehearsal nor preview left anything to tell/);
  });
});

describe("the preview of a pull request", () => {
  const { jobs }: Workflow = parse(readFileSync(join(ROOT, ".github/workflows/pull-request.yml"), "utf8"));
  const text = jobs!.preview!.steps.find(({ name }) => name === "Preview")!.run!;

  for (const [status, mark] of [
    [0, "✔"],
    [255, "✘"],
  ] as const)
    it(`begins with ${mark} and what the policy pack found where pulumi exits with ${status}`, () => {
      const directory = mkdtempSync(join(tmpdir(), "preview-"));
      try {
        const said = `Previewing update (prod):\n${"    + aws:iam/role:Role\n".repeat(99)}Policies:\n    found\n\nResources:\n    1 to create\n`;
        writeFileSync(join(directory, "said.txt"), said);
        writeFileSync(join(directory, "pulumi"), `#!/bin/sh\ncat "$RUNNER_TEMP/said.txt"\nexit ${status}\n`);
        chmodSync(join(directory, "pulumi"), 0o755);
        const summary = join(directory, "summary.md");
        const PATH = `${directory}${delimiter}${process.env.PATH}`;
        const env = { PATH, STACK: "prod", RUNNER_TEMP: directory, GITHUB_STEP_SUMMARY: summary };
        const ended = spawnSync("bash", ["-eo", "pipefail", "-c", text], { cwd: ROOT, env });
        assert.equal(ended.status, status);
        assert.match(
          readFileSync(summary, "utf8"),
          new RegExp(`^### ${mark} Preview of stack prod\n\n    Policies:\n {8}found\n`),
        );
        assert.equal(readFileSync(join(directory, "preview.md"), "utf8"), readFileSync(summary, "utf8"));
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
});

describe("the list of stacks", () => {
  it("has each settings file's whole name", function () {
    if (!JQ) this.skip();
    const { jobs }: Workflow = parse(readFileSync(join(ROOT, ".github/workflows/pull-request.yml"), "utf8"));
    const directory = mkdtempSync(join(tmpdir(), "stacks-"));
    try {
      for (const stack of ["dev", "prod", "prod.eu"])
        writeFileSync(join(directory, `Pulumi.${stack}.yaml`), "");
      const output = join(directory, "output");
      const run = jobs!.stacks!.steps.find((step) => step.run)!.run!;
      spawnSync("bash", ["-eo", "pipefail", "-c", run], {
        cwd: directory,
        env: { PATH: process.env.PATH, GITHUB_OUTPUT: output },
      });
      assert.equal(readFileSync(output, "utf8"), 'all=["dev","prod.eu","prod"]\n');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("the supported versions", () => {
  const { matrix } = readVersionsJob();
  const root = readJson(join(ROOT, "package.json"));
  const lines = [...new Set(matrix.map(({ node }) => node))];

  it("are those of the packages, the tools and the documentation", () => {
    const files = ["package.json", "policypack/package.json", "infra/access/package.json"];
    for (const file of files)
      assert.equal(readJson(join(ROOT, file)).engines.node, `>=${lines[0]}`, `engines of ${file}`);
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    for (const line of lines)
      assert(readme.includes(`\n| ${line} `), `README.md says nothing about Node.js ${line}`);
    const nvmrc = readFileSync(join(ROOT, ".nvmrc"), "utf8").trim();
    assert(lines.includes(nvmrc), `.nvmrc: ${nvmrc}`);
    assert.equal(
      readJson(join(ROOT, ".devcontainer/devcontainer.json")).image.split(":").at(-1),
      nvmrc,
      "the image of the devcontainer",
    );
  });

  it("are tried with the pinned and the newest of Pulumi, on each line of Node.js that runs them", () => {
    const pinned = root.dependencies["@pulumi/pulumi"];
    assert.equal(readJson(join(ROOT, "policypack/package.json")).dependencies["@pulumi/pulumi"], pinned);
    const tools = parse(readFileSync(join(ROOT, ".github/actions/tools/action.yml"), "utf8"));
    const cli = BUILT_VERSION.slice(1);
    assert.equal(tools.inputs.pulumi.default, cli);
    assert.deepEqual([...new Set(matrix.map((row) => row.sdk))].sort(), [pinned, "latest"]);
    assert.deepEqual([...new Set(matrix.map((row) => row.cli))].sort(), [cli, "latest"]);
    const tried = new Set(matrix.map(({ node, sdk }) => `${node} ${sdk}`));
    // Later versions of @pulumi/pulumi need Node.js 22.
    for (const line of lines)
      for (const sdk of [pinned, "latest"])
        assert.equal(tried.has(`${line} ${sdk}`), sdk === pinned || Number(line) >= 22, `${line} ${sdk}`);
  });
});

describe(`a release${JQ ? "" : " (not run: no jq found)"}`, function () {
  this.timeout(300_000);
  let clone: string;
  const run = (command: string) =>
    spawnSync("bash", ["-eo", "pipefail", "-c", command], {
      cwd: clone,
      encoding: "utf8",
      env: { ...process.env, GITHUB_REPOSITORY: "example/it" },
    });
  const git = (command: string) => {
    const { status, stderr } = run(`git -c user.name=a -c user.email=a@example.com ${command}`);
    assert.equal(status, 0, stderr);
  };

  before(function () {
    if (!JQ) this.skip();
    clone = mkdtempSync(join(tmpdir(), "release-"));
    // What is tracked, as it is now; the installed packages are read alone.
    const copied = spawnSync(
      "bash",
      [
        "-c",
        `git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$0" 2>/dev/null; git -C "$0" init --quiet`,
        clone,
      ],
      { cwd: ROOT },
    );
    assert.equal(copied.status, 0);
    for (const folder of [".", "policypack"])
      symlinkSync(join(ROOT, folder, "node_modules"), join(clone, folder, "node_modules"));
    git("add --all");
    git("commit --quiet --message 'All of it'");
  });
  after(() => clone && rmSync(clone, { recursive: true }));

  it("is packed in each pull request as it would be published, with all that the READMEs link to", () => {
    const { status, stdout, stderr } = run(commandsOf("packages").join("\n"));
    assert.equal(status, 0, stderr);
    for (const folder of ["policypack", "infra/access"]) {
      const manifest = readJson(join(clone, folder, "package.json"));
      assert.match(stdout, new RegExp(`^\\+ ${manifest.name}@${manifest.version}$`, "m"));
      assert.equal(manifest.repository.url, "git+https://github.com/example/it.git");
      assert.equal(manifest.repository.directory, folder);
      for (const field of ["bugs", "description", "engines", "files", "homepage", "license"])
        assert(manifest[field], `${folder} has no ${field}`);
      const [packed] = JSON.parse(run(`cd ${folder} && npm pack --dry-run --json --ignore-scripts`).stdout);
      const files: string[] = packed.files.map(({ path }: { path: string }) => path);
      assert(files.includes(manifest.main), `${folder}: no ${manifest.main}`);
      const links = files
        .filter((file) => file.endsWith(".md"))
        .flatMap((file) =>
          [...readFileSync(join(clone, folder, file), "utf8").matchAll(/\]\((?!https:|#)([^)#]+)/g)].map(
            ([, link]) => join(dirname(file), link!),
          ),
        );
      for (const link of links)
        assert(
          files.some((file) => file === link || file.startsWith(`${link}/`)),
          `${folder}: no ${link} in the tarball`,
        );
    }
  });

  it("is refused for a version that its package does not have or CHANGELOG.md does not describe, and while nobody owns access/", () => {
    const publish = (tag: string) => run(`.github/publish.sh ${tag} --dry-run`);
    assert.match(
      publish("policypack-v0.0.1").stderr,
      /^policypack\/package.json says version .*, the tag policypack-v0.0.1$/m,
    );
    assert.equal(publish("elsewhere-v1.0.0").status, 2);
    assert.match(
      run(`.github/publish.sh v${readJson(join(ROOT, "package.json")).version}`).stderr,
      /CODEOWNERS/,
    );
    run("npm pkg set --prefix infra/access version=9.0.0-next.1");
    const { status, stderr } = publish("access-v9.0.0-next.1");
    assert.equal(status, 1);
    assert.match(stderr, /CHANGELOG\.md has no section ## access-v9\.0\.0-next\.1/);
  });

  it("is described by the commits that touched its package since its release before", () => {
    git("tag policypack-v1.0.0");
    for (const [file, message] of [
      ["policypack/text.ts", "Judge more"],
      ["infra/access/trust.ts", "Trust less"],
      ["tools/index.ts", "Ask more"],
    ] as const) {
      run(`echo "// changed" >> ${file}`);
      git(`commit --quiet --all --message '${message}'`);
    }
    const described = (tag: string, ...options: string[]) =>
      run(`.github/changelog.sh ${[tag, ...options].join(" ")}`);
    const before = readFileSync(join(clone, "CHANGELOG.md"), "utf8");
    const { stdout } = described("policypack-v2.0.0", "--write");
    assert.match(stdout, /^## policypack-v2\.0\.0\n\n- Judge more \([0-9a-f]{7,}\)\n$/);
    const after = readFileSync(join(clone, "CHANGELOG.md"), "utf8");
    assert.equal(after.replace(`${stdout}\n`, ""), before);
    assert.equal(described("policypack-v2.0.0").stdout, stdout);
    assert.equal(described("policypack-v2.0.0", "--write").status, 1);
    git("tag v1.0.0 HEAD~3");
    assert.match(described("v2.0.0", "--write").stdout, /^## v2\.0\.0\n\n- Ask more \([0-9a-f]{7,}\)\n$/);
  });
});
