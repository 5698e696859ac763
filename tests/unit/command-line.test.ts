import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { RunError } from "@pulumi/pulumi";
import { StackError } from "../../infra/stack-error";
import { UserError } from "../../infra/user-error";
import { addCommand, commandArguments, runCommandLine } from "../../tools/command-line";

describe("the command line", () => {
  /** What a command that throws this leaves on standard error, and its exit code. */
  const failing = async (error: Error) => {
    const { error: print } = console;
    const { exitCode } = process;
    const printed: unknown[] = [];
    console.error = (value: unknown) => printed.push(value);
    try {
      const define = (program: Parameters<typeof addCommand>[0]) =>
        addCommand(program, "fail", "fails").action(() => {
          throw error;
        });
      await runCommandLine([define], ["node", "index.ts", "fail"]);
      return { printed, code: process.exitCode };
    } finally {
      console.error = print;
      process.exitCode = exitCode;
    }
  };
  it("shows an error that is meant for people by its message, with its exit code", async () => {
    assert.deepEqual(await failing(new UserError("Which stack?", 3)), { printed: ["Which stack?"], code: 3 });
    assert.deepEqual(await failing(new StackError("2 mistakes")), { printed: ["2 mistakes"], code: 2 });
  });
  it("takes an error of a stack for one that Pulumi shows by its message too", () => {
    assert(RunError.isInstance(new StackError("2 mistakes")));
  });
  it("does without Pulumi's library, which loads slowly", () => {
    const commands = ["access", "explain", "handover", "report", "verify"];
    const script = `for (const name of ${JSON.stringify(commands)}) require("./tools/" + name + "/run");
      console.log(Object.keys(require.cache).filter((path) => path.includes("@pulumi/pulumi")).join());`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-r", "tsx/cjs", "-e", script], {
      encoding: "utf8",
    });
    assert.deepEqual([stdout.trim(), stderr], ["", ""]);
  });
  it("shows any other error with its stack", async () => {
    const defect = new Error("defect");
    assert.deepEqual(await failing(defect), { printed: [defect], code: 2 });
  });

  const run = (...args: string[]) =>
    spawnSync(process.execPath, commandArguments(...args), {
      encoding: "utf8",
      env: { PATH: "/nowhere", DEBUG: "" },
    });
  for (const [args, code, words] of [
    [["verfy"], 2, /unknown command 'verfy'[\s\S]*Did you mean verify\?/],
    [["verify", "dev", "--pacient"], 2, /unknown option '--pacient'[\s\S]*Did you mean --patient\?/],
    [["verify"], 2, /missing required argument 'stack'[\s\S]*npm run verify -- --help/],
    [["deployer-policy", "dev", "both"], 2, /Allowed choices are trusting, trusted/],
    [["deployer-policy", "nowhere", "trusting"], 2, /^There is no Pulumi\.nowhere\.yaml/],
    [["explain", "dev", "--last"], 2, /^pulumi is not on the PATH/],
  ] as const)
    it(`ends with ${code} for ${args.join(" ")}`, () => {
      const { status, stderr } = run(...args);
      assert.equal(status, code, stderr);
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, /^ +at /m);
    });
  it("answers a known message without the engine, with the settings of the stack", () => {
    const { status, stdout, stderr } = run(
      ...["explain", "dev", "--message"],
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /duration_seconds = 3600 or less/);
  });
  it("says in one line what to give for a message that it does not know", () => {
    const { status, stdout, stderr } = run("explain", "dev", "--message", "something is wrong");
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^--message: found no message .*; give the whole message .*--who ARN .*\n$/);
  });
  it("shows commands as they run, where it is asked to", () => {
    assert.match(
      run("explain", "dev", "--last", "--verbose").stderr,
      /^command {2}pulumi config --json --stack dev$/m,
    );
  });
});
