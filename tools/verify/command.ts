import { addCommand, type CommandDefinition } from "../command-line";
import type { VerifyOptions } from "./run";

export const verify: CommandDefinition = (program) =>
  addCommand(
    program,
    "verify",
    "Asks a deployed stack's accounts who gets in, with real users, MFA devices and requests, and removes them again. " +
      "Exit code 0: every check as expected; 1: one differs; 3: none differs, but some could not be asked.",
  )
    .argument("<stack>", "such as dev")
    .option("--outsider-profile <profile>", "AWS profile of an administrator of a third account", "outsider")
    .option(
      "--partner-profile <profile>",
      "AWS profile of an administrator of the second trusted account",
      "partner",
    )
    .option(
      "--patient",
      "wait 15 minutes to see temporary credentials end, where the endpoint offers no shorter way",
    )
    .option(
      "--results <file>",
      "write the answers, and the policies behind them, as JSON: npm run report draws it",
    )
    .action(async (stack: string, options: VerifyOptions) => {
      const { runVerify } = require("./run") as typeof import("./run");
      process.exitCode = await runVerify(stack, options);
    });
