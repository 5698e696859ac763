import { existsSync, readdirSync, rmSync } from "node:fs";
import type { Command } from "commander";
import { UserError } from "../../infra/user-error";
import { addCommand, type CommandDefinition } from "../../tools/command-line";
import { readStackSettings } from "../../tools/stack-settings";
import { AMBIENT_CREDENTIALS, describeLoss, lostSandbox, sandboxStatus, stopSandbox } from "../accounts";
import { directoryOf, environmentOf, PROJECT_DIRECTORY, rehearse } from "../rehearsal";
import { describeOrigin, findOfficialTools, toolchain } from "../toolchain";
import { report, say } from "./say";

export const sandboxCommand: CommandDefinition = (program) => {
  const command = addCommand(program, "sandbox", "Two AWS accounts on this machine.").usage(
    "-- [options] <command>",
  );
  const add = (name: string, summary: string): Command =>
    command.command(name).usage("[options] [stack]").description(summary);
  add("start", "starts them under the account IDs of the stack's settings, or finds them running")
    .argument("[stack]", "such as prod", "dev")
    .action(async (stack: string) => {
      await rehearse(stack, say);
    });
  add("stop", "stops them; what they held is gone").argument("[stack]", "such as prod", "dev").action(stop);
  add("status", "shows which are running, and which of the tools are official")
    .usage("[options]")
    .action(showStatus);
  add("reset", "stops them and removes everything that they left, the engine's state included")
    .argument("[stack]", "such as prod", "dev")
    .action(reset);
  add("env", 'prints what a shell needs to reach them: eval "$(npm run -s sandbox -- env dev)"')
    .usage("[options] [profile] [stack]")
    .argument("[profile]", "the account that AWS tools act in (default: the trusted account)")
    .argument("[stack]", "such as prod", "dev")
    .action(printEnvironment);
};

/**
 * The folder of a stack's sandbox.
 * @throws {UserError} where there is no such stack, and nothing is left of one.
 */
function existingDirectory(stack: string): string {
  const directory = directoryOf(stack);
  if (!existsSync(directory)) readStackSettings(stack);
  return directory;
}

async function stop(stack: string): Promise<void> {
  const stopped = await stopSandbox(existingDirectory(stack));
  say(stopped ? `The sandbox of stack ${stack} is stopped.` : "It was not running.");
}

async function showStatus(): Promise<void> {
  const stacks = readdirSync(PROJECT_DIRECTORY).flatMap(
    (name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [],
  );
  for (const stack of stacks) {
    console.log(`${stack.padEnd(10)} ${await describeStatus(directoryOf(stack))}`);
  }
  console.log(`${"tools".padEnd(10)} ${describeOrigin(await findOfficialTools(report))}`);
}

async function describeStatus(directory: string): Promise<string> {
  const running = await sandboxStatus(directory);
  if (running) return `running at ${running.url} (pid ${running.pid})`;
  const lost = await lostSandbox(directory);
  return lost ? describeLoss(lost) : "stopped";
}

async function reset(stack: string): Promise<void> {
  const directory = existingDirectory(stack);
  await stopSandbox(directory);
  rmSync(directory, { recursive: true, force: true });
  say(`The sandbox of stack ${stack} is removed, with the engine's state of it.`);
}

async function printEnvironment(chosen: string | undefined, stack: string): Promise<void> {
  const directory = existingDirectory(stack);
  const profile = chosen || readStackSettings(stack).trustedProfile;
  const running = await sandboxStatus(directory);
  if (!running)
    throw new UserError(
      `The sandbox of stack ${stack} is not running. Start it: npm run rehearse -- ${stack}`,
    );
  const environment = environmentOf(running, await toolchain(), profile);
  for (const name of AMBIENT_CREDENTIALS.filter((name) => !(name in environment)))
    console.log(`unset ${name}`);
  for (const [name, value] of Object.entries(environment)) console.log(`export ${name}=${quote(value)}`);
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
