import { addCommand, type CommandDefinition } from "../command-line";
import type { ExplainOptions } from "./run";

export const explain: CommandDefinition = (program) =>
  addCommand(
    program,
    "explain",
    "Says which side refuses a request, by which policy, and which line to change; or what a message of AWS's or of its " +
      "tools means, and what to do.",
  )
    .usage("-- <stack> --message <text> | --last | --who <who> --action <action> --on <arn>")
    .argument("<stack>", "such as dev")
    .option("--message <text>", "the words of the refusal; what they say need not be given")
    .option(
      "--who <who>",
      "the refused caller: ARN of the user or role session (aws sts get-caller-identity), name of an IAM user of the " +
        "trusted account, or subject of a GitHub job's token (repo:OWNER/NAME:…)",
    )
    .option("--action <action>", "such as s3:GetObject")
    .option("--on <arn>", "ARN of what was asked for, or * for what belongs to no resource")
    .option(
      "--last",
      "the last refusal that the sandbox recorded, of this who, action and on where they are given",
    )
    .action(async (stack: string, options: ExplainOptions) => {
      const { runExplain } = require("./run") as typeof import("./run");
      await runExplain(stack, options);
    });
