import { addCommand, type CommandDefinition } from "../command-line";
import type { NewScenarioOptions } from "./run";

export const newScenario: CommandDefinition = (program) =>
  addCommand(
    program,
    "new-scenario",
    "Writes a scenario for an application of your own: a role that reads one bucket, its group, settings and checks.",
  )
    .usage("-- [options] <name>")
    .argument("<name>", "such as ReportReader")
    .option("--group <name>", "the group whose members can assume the role. Default: the name and an s")
    .option("--bucket <name>", "what people call the bucket. Default: the name in lower case, with hyphens")
    .action((name: string, options: NewScenarioOptions) => {
      const { createScenario } = require("./run") as typeof import("./run");
      createScenario(name, options);
    });
