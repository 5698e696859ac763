import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Settings } from "../../infra/settings";
import { addCommand, type CommandDefinition, commandArguments } from "../../tools/command-line";
import { areDetailsShown } from "../../tools/details";
import { firstInstructions } from "../../tools/first-instructions";
import { followDecisions } from "../decisions";
import { withLock } from "../lock.cjs";
import { confined, rehearse, run } from "../rehearsal";
import { say } from "./say";

interface RehearseOptions {
  results?: string;
}

const RESULTS = [
  "--results <file>",
  "write the answers, and the policies behind them, as JSON: npm run report draws it",
] as const;

export const startCommand: CommandDefinition = (program) =>
  addCommand(program, "start", "Rehearses stack dev: sets up, deploys, and checks who gets in.")
    .usage("-- [options]")
    .option(...RESULTS)
    .action(async (options: RehearseOptions) => {
      process.exitCode = await rehearseStack("dev", options);
    });

export const rehearseCommand: CommandDefinition = (program) =>
  addCommand(program, "rehearse", "Does what npm start does, for any stack and with its own settings.")
    .argument("<stack>", "such as prod")
    .option(...RESULTS)
    .action(async (stack: string, options: RehearseOptions) => {
      process.exitCode = await rehearseStack(stack, options);
    });

/** Deploys a stack into its sandbox with the policy pack on, and asks who gets in. */
async function rehearseStack(stack: string, { results }: RehearseOptions): Promise<number> {
  const started = Date.now();
  const rehearsal = await rehearse(stack, say);
  const stopFollowing = areDetailsShown() ? followDecisions(rehearsal.sandbox.url) : () => {};
  try {
    const { pulumi } = rehearsal.tools;
    const up = ["up", "--yes", "--skip-preview", "--stack", stack, "--policy-pack", "policypack"];
    const deployed = await withLock(
      join(rehearsal.sandbox.directory, "deployment.lock"),
      () => run(rehearsal, pulumi, [...up, "--suppress-permalink=true", "--suppress-outputs"]),
      (holder) => say(`another process (${holder}) is deploying stack ${stack}: waiting`),
    );
    if (deployed !== 0) return deployed;
    say(`\nWho gets in, asked of the accounts themselves:\n`);
    const options = [...(results ? ["--results", results] : []), ...(areDetailsShown() ? ["--verbose"] : [])];
    const verified = await run(rehearsal, process.execPath, commandArguments("verify", stack, ...options));
    const { stdout } = await promisify(execFile)(pulumi, ["stack", "output", "--json", "--stack", stack], {
      cwd: rehearsal.project,
      env: confined(rehearsal.environment),
    });
    say(firstInstructions(rehearsal.settings, JSON.parse(stdout)) + nextSteps(rehearsal.settings));
    say(`Rehearsed in ${Math.round((Date.now() - started) / 1000)} s.`);
    return verified;
  } finally {
    stopFollowing();
  }
}

/** What a person does next. */
function nextSteps({ stack, trustedProfile }: Settings): string {
  const ofStack = stack === "dev" ? "" : ` ${stack}`;
  return `
Next:
  eval "$(npm run -s sandbox -- env ${trustedProfile}${ofStack})"   points this shell at the sandbox
  pulumi preview | up | refresh | stack output | destroy
  To deploy into your own two accounts, fill in Pulumi.prod.yaml; the README says how.
`;
}
