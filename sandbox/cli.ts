import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { parseArgs, promisify } from "node:util";
import type { Settings } from "../infra/settings";
import { commandArguments } from "../tools/command-line";
import { firstInstructions } from "../tools/first-instructions";
import { AMBIENT_CREDENTIALS, sandboxStatus, stopSandbox } from "./accounts";
import { bench } from "./bench";
import {
  confined,
  directoryOf,
  environmentOf,
  PROJECT_DIRECTORY,
  rehearse,
  run,
  settingsOf,
} from "./rehearsal";
import { actionlint, describeOrigin, findOfficialTools, type Report, toolchain, zizmor } from "./toolchain";

const USAGE = `npm start                              rehearse stack dev: set up, deploy, check who gets in
npm run rehearse -- STACK              the same for any stack, with its own settings
  --results FILE                       both: also writes the answers as JSON, which npm run report draws
npm test                               set up what is missing and run all tests
npm run bench                          what the policy pack costs, as ratios within one run
npm run sandbox -- start [STACK]       two AWS accounts on this machine, under the stack's account IDs (default: dev)
npm run sandbox -- stop [STACK]        stops them; what they held is gone
npm run sandbox -- status              which are running
npm run sandbox -- reset [STACK]       stops them and removes all they left, the engine's state included
npm run -s sandbox -- env PROFILE [STACK]
                                       what a shell needs: eval "$(npm run -s sandbox -- env dev)"`;

/** Progress goes to standard error, so that standard output carries answers alone. */
const say = (line: string) => console.error(line);
const report: Report = (tool, message) => say(`${tool.padEnd(10)} ${message}`);
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Deploys a stack into its sandbox with the policy pack on, and asks who gets in. */
async function rehearseStack(args: string[]): Promise<number> {
  const options = { results: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  const [stack, ...more] = positionals;
  if (!stack || more.length > 0) throw new Error(USAGE);

  const started = Date.now();
  const rehearsal = await rehearse(stack, say);
  const { pulumi } = rehearsal.tools;
  const deployed = await run(rehearsal, pulumi, [
    ...["up", "--yes", "--skip-preview", "--stack", stack],
    ...["--policy-pack", "policypack", "--suppress-permalink=true", "--suppress-outputs"],
  ]);
  if (deployed !== 0) return deployed;
  say(`\nWho gets in, asked of the accounts themselves:\n`);
  const verify = commandArguments("verify", stack, ...(values.results ? ["--results", values.results] : []));
  const verified = await run(rehearsal, process.execPath, verify);
  const env = confined(rehearsal.environment);
  const { stdout } = await promisify(execFile)(pulumi, ["stack", "output", "--json", "--stack", stack], {
    cwd: PROJECT_DIRECTORY,
    env,
  });
  say(firstInstructions(rehearsal.settings, JSON.parse(stdout)) + nextSteps(rehearsal.settings));
  say(`Rehearsed in ${Math.round((Date.now() - started) / 1000)} s.`);
  return verified;
}

/** What a person does next. */
function nextSteps({ stack, trustedProfile }: Settings): string {
  return `
Next:
  eval "$(npm run -s sandbox -- env ${trustedProfile}${stack === "dev" ? "" : ` ${stack}`})"   points this shell at the sandbox
  pulumi preview | up | refresh | stack output | destroy
  To deploy into your own two accounts, fill in Pulumi.prod.yaml; the README says how.
`;
}

async function sandboxCommand([command, ...args]: string[]): Promise<number> {
  const stack = args[command === "env" ? 1 : 0] ?? "dev";
  const directory = directoryOf(stack);
  // Says that there is no such stack, unless something of it is left.
  if (!existsSync(directory)) settingsOf(stack);
  switch (command) {
    case "start":
      await rehearse(stack, say);
      return 0;
    case "stop":
      say(
        (await stopSandbox(directory)) ? `The sandbox of stack ${stack} is stopped.` : `It was not running.`,
      );
      return 0;
    case "status":
      for (const name of stacks()) {
        const sandbox = await sandboxStatus(directoryOf(name));
        console.log(
          `${name.padEnd(10)} ${sandbox ? `running at ${sandbox.url} (pid ${sandbox.pid})` : "stopped"}`,
        );
      }
      console.log(`${"tools".padEnd(10)} ${describeOrigin(await findOfficialTools(report))}`);
      return 0;
    case "reset":
      await stopSandbox(directory);
      rmSync(directory, { recursive: true, force: true });
      say(`The sandbox of stack ${stack} is removed, with the engine's state of it.`);
      return 0;
    case "env": {
      const profile = args[0] ?? settingsOf(stack).trustedProfile;
      const sandbox = await sandboxStatus(directory);
      if (!sandbox)
        throw new Error(
          `The sandbox of stack ${stack} is not running. Start it: npm run rehearse -- ${stack}`,
        );
      if (!(profile in sandbox.accounts))
        throw new Error(`No account ${profile}; there are ${Object.keys(sandbox.accounts).join(", ")}.`);
      const environment = environmentOf(sandbox, await toolchain(), profile);
      for (const name of AMBIENT_CREDENTIALS.filter((name) => !(name in environment)))
        console.log(`unset ${name}`);
      for (const [name, value] of Object.entries(environment)) console.log(`export ${name}=${quoted(value)}`);
      return 0;
    }
    default:
      throw new Error(USAGE);
  }
}

const stacks = () =>
  readdirSync(PROJECT_DIRECTORY).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);

/** All that CI asks: formatting, lint, types and every test. */
async function test(args: string[]): Promise<number> {
  await Promise.all([toolchain(report), actionlint(report), zizmor(report)]);
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

async function main([command, ...args]: string[]): Promise<number> {
  if (command !== "test" && args.some((one) => one === "--help" || one === "-h")) {
    console.log(USAGE);
    return 0;
  }
  switch (command) {
    case "start":
      return rehearseStack(["dev", ...args]);
    case "rehearse":
      return rehearseStack(args);
    case "test":
      return test(args);
    case "bench":
      await bench(!args.includes("--without-engine"));
      return 0;
    case "sandbox":
      return sandboxCommand(args);
    default:
      throw new Error(USAGE);
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error & { code?: string }) => {
    console.error(error.code?.startsWith("ERR_PARSE_ARGS") ? `${error.message}\n${USAGE}` : error.message);
    process.exitCode = 2;
  },
);
