import { spawn } from "node:child_process";
import { addCommand, type CommandDefinition } from "../../tools/command-line";
import { PROJECT_DIRECTORY } from "../rehearsal";
import { actionlint, toolchain } from "../toolchain";
import { report } from "./say";

export const testCommand: CommandDefinition = (program) =>
  addCommand(program, "test", "Runs everything that CI asks: formatting, lint, types and every test.")
    .usage("-- [options] [mocha's options]")
    .argument("[options...]", "for mocha, such as --grep NAME")
    .allowUnknownOption()
    .action(async (options: string[]) => {
      process.exitCode = await test(options);
    });

async function test(args: string[]): Promise<number> {
  await Promise.all([toolchain(report), actionlint(report)]);
  for (const [command, ...rest] of [
    ["npm", "run", "--silent", "lint"],
    ["npx", "mocha", ...args],
  ] as [string, ...string[]][]) {
    const code = await new Promise<number>((resolve) =>
      spawn(command, rest, { cwd: PROJECT_DIRECTORY, stdio: "inherit" }).on("close", (code) =>
        resolve(code ?? 130),
      ),
    );
    if (code !== 0) return code;
  }
  return 0;
}
