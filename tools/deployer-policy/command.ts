import { Argument } from "commander";
import type { Side } from "../../infra/stack-settings";
import { addCommand, type CommandDefinition } from "../command-line";

export const deployerPolicy: CommandDefinition = (program) =>
  addCommand(
    program,
    "deployer-policy",
    "Prints the least that a deployer of the stack needs in one of its accounts, as a policy.",
  )
    .usage("-- [options] <stack> <side>")
    .argument("<stack>", "such as prod")
    .addArgument(new Argument("<side>", "the account").choices(["trusting", "trusted"]))
    .option("--with-checks", "add what npm run verify, explain and handover need")
    .action((stack: string, side: Side, options: { withChecks?: true }) => {
      const { printDeployerPolicy } = require("./run") as typeof import("./run");
      printDeployerPolicy(stack, side, options.withChecks === true);
    });
