import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { actionlint } from "../toolchain";

const ROOT = join(__dirname, "../..");
const FORKS_STAY_OUT = "github.event.pull_request.head.repo.full_name == github.repository";

interface Step {
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

const jobsOf = ({ jobs, runs }: Workflow): Job[] => Object.values(jobs ?? (runs ? { runs } : {}));
const stepsOf = (workflow: Workflow): Step[] => jobsOf(workflow).flatMap(({ steps }) => steps);
/** The concurrency groups of a workflow and its jobs, whatever the expressions in their names give. */
const groupsOf = (workflow: Workflow): string[] =>
  [workflow, ...jobsOf(workflow)].flatMap(({ concurrency }) => {
    const group = typeof concurrency === "string" ? concurrency : concurrency?.group;
    return group === undefined ? [] : [group.replaceAll(/\$\{\{.*?\}\}/g, "*")];
  });
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
    breaks: ["workflows/pull-request.yml", /^on: pull_request/m, "on: pull_request_target"],
  },
  "keep forks out of every job of a pull request that may write, sign in or read a secret": {
    wrong: (workflow) =>
      triggersOf(workflow).includes("pull_request") &&
      jobsOf(workflow).some(
        (job) =>
          (Object.values(job.permissions ?? {}).includes("write") ||
            JSON.stringify(job).includes("secrets.")) &&
          !job.if?.includes(`&& ${FORKS_STAY_OUT}`),
      ),
    breaks: ["workflows/pull-request.yml", /vars\.STACKS && .*(?= \}\})/, "vars.STACKS"],
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
