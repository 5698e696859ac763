import { addCommand, type CommandDefinition } from "../command-line";
import type { HandoverOptions } from "./run";

export const handover: CommandDefinition = (program) =>
  addCommand(
    program,
    "handover",
    'Writes what to send a person: switch-role link, CLI profile, what they can do, and what to do on "access denied". ' +
      "Exit code 1: the person cannot assume the role.",
  )
    .argument("<stack>", "such as dev")
    .option("--role <name>", "only this role; otherwise every role of the stack that people use")
    .option(
      "--for <user>",
      "the person's IAM user in the trusted account: only the roles that they can assume, with their MFA device filled in",
    )
    .option("--folder <folder>", "write a file per role into this folder instead of printing")
    .option(
      "--write",
      "add the profile to your own AWS config file, shown first; a profile that is there is never changed",
    )
    .option("--source-profile <profile>", "the profile that holds the person's own access key")
    .action(async (stack: string, options: HandoverOptions) => {
      const { runHandover } = require("./run") as typeof import("./run");
      await runHandover(stack, options);
    });
