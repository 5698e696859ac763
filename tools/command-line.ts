import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { UserError } from "../infra/user-error";
import { areDetailsShown, showDetails } from "./details";

/** Declares a command. Its work is loaded when it is run, so that no command waits for what another one needs. */
export type CommandDefinition = (program: Command) => void;

/** Node's arguments that run a command in a process of its own: `verify`, `dev`. */
export const commandArguments = (...command: readonly string[]): string[] => [
  "--no-warnings",
  "-r",
  require.resolve("tsx/cjs"),
  join(__dirname, "index.ts"),
  ...command,
];

/** A command under the name that npm knows it by, with the options that all have. */
export const addCommand = (program: Command, name: string, summary: string): Command =>
  program
    .command(name)
    .usage("-- [options] <stack>")
    .description(summary)
    .option("--verbose", "show requests, decisions and commands as they run; so does the variable DEBUG")
    .showHelpAfterError(`Help: npm run ${name} -- --help`)
    .on("option:verbose", showDetails);

/** Runs the command that the arguments name, and sets the exit code: 2 where it could not do its work. */
export async function runCommandLine(
  commands: readonly CommandDefinition[],
  argv: readonly string[] = process.argv,
): Promise<void> {
  const program = new Command("npm run")
    .description("Commands for the people who deploy, check and use a stack.")
    .usage("<command> -- [options]")
    .exitOverride();
  for (const define of commands) define(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** An error that is meant for people is shown by its message; of any other, the stack says where to look. */
function report(error: unknown): number {
  // The parser has said what is wrong already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof UserError) || areDetailsShown()) console.error(error);
  else console.error(error.message);
  return error instanceof UserError ? error.exitCode : 2;
}
