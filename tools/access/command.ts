import { addCommand, type CommandDefinition } from "../command-line";
import type { AccessOptions } from "./run";

export const access: CommandDefinition = (program) =>
  addCommand(
    program,
    "access",
    "Writes access/<stack>.txt: all that the deployed stack allows, trusts and refuses, one line each. Commit it.",
  )
    .argument("<stack>", "such as dev")
    .option(
      "--check",
      "write nothing, and say how the committed file differs from what is deployed. Exit code 1: it differs",
    )
    .option(
      "--base <file>",
      "the file of an earlier time: say what is newly allowed since then, and what no longer",
    )
    .option("--markdown <file>", "write the same for a pull request's comment")
    .action(async (stack: string, options: AccessOptions) => {
      const { runAccess } = require("./run") as typeof import("./run");
      process.exitCode = await runAccess(stack, options);
    });
