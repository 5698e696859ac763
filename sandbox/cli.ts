import { runCommandLine } from "../tools/command-line";
import { benchCommand } from "./commands/bench";
import { rehearseCommand, startCommand } from "./commands/rehearse";
import { sandboxCommand } from "./commands/sandbox";
import { testCommand } from "./commands/test";
import { versionsCommand } from "./commands/versions";

void runCommandLine([
  startCommand,
  rehearseCommand,
  testCommand,
  benchCommand,
  sandboxCommand,
  versionsCommand,
]);
