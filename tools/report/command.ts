import { addCommand, type CommandDefinition } from "../command-line";
import type { ReportOptions } from "./run";

export const report: CommandDefinition = (program) =>
  addCommand(
    program,
    "report",
    "Draws what npm run verify, npm start or npm run rehearse wrote with --results <file>.",
  )
    .usage("-- --results <file> [options]")
    .requiredOption("--results <file>", "the results to draw")
    .option(
      "--base <file>",
      "results to compare with, of an earlier time or of another stack: exit code 1 where something is newly " +
        "allowed, or an answer is not as expected",
    )
    .option("--html <file>", "write one page that needs no other file")
    .option("--markdown <file>", "write the same for a pull request's comment; without either it is printed")
    .action((options: ReportOptions) => {
      const { runReport } = require("./run") as typeof import("./run");
      process.exitCode = runReport(options);
    });
