import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { parseSettings, type Scenario } from "../../infra/settings";
import { stackAndOptions } from "../usage";
import type { Deployment } from "./check-environment";
import { checks } from "./contract";
import { resultsOf } from "./results";
import { type Result, verify } from "./verify";

const OUTPUTS: Readonly<Record<Scenario, string>> = {
  UpdateApp: "updateApp",
  ParameterReader: "parameterReader",
  InstanceOperator: "instanceOperator",
  TopicPublisher: "topicPublisher",
  SharedBucket: "sharedBucket",
  SharedServices: "sharedServices",
  GitHubActions: "gitHubActions",
};

/**
 * What a deployed stack tells of itself: its settings say whom to ask as, its outputs what to ask about.
 * @param secrets whether secret outputs are read too; otherwise each is `[secret]`.
 */
export async function deploymentOf(
  stack: string,
  others = { partner: "partner", outsider: "outsider" },
  { secrets = false } = {},
): Promise<Deployment> {
  const ask = async (...args: string[]) => {
    const answer = await promisify(execFile)("pulumi", [...args, "--json", "--stack", stack]).catch(
      (error) => {
        const sandbox = `or rehearse it and point this shell there, as is told at the end: npm run rehearse -- ${stack}`;
        throw new Error(
          error.code === "ENOENT"
            ? `pulumi is not on the PATH. Install it, ${sandbox}`
            : `pulumi ${args.join(" ")} --stack ${stack}: ${(error.stderr || error.message).trim()}\n` +
                `The stack's state is looked for at ${process.env.PULUMI_BACKEND_URL ?? "where pulumi login says"}. Log in there, ${sandbox}`,
        );
      },
    );
    return JSON.parse(answer.stdout);
  };
  const [config, told] = await Promise.all([
    ask("config"),
    ask("stack", "output", ...(secrets ? ["--show-secrets"] : [])),
  ]);
  const prefix = "cross-account-access:";
  const written = Object.entries(config as Record<string, { value?: string }>)
    .filter(([name]) => name.startsWith(prefix))
    // A secret setting shows no value; no check needs one.
    .map(([name, { value }]) => [name.slice(prefix.length), value ?? "secret"]);
  const settings = parseSettings(stack, Object.fromEntries(written));
  const outputs = Object.fromEntries(
    Object.entries(OUTPUTS).flatMap(([scenario, name]) => (told[name] ? [[scenario, told[name]]] : [])),
  );
  if (Object.keys(outputs).length === 0)
    throw new Error(
      `stack ${stack} tells of no scenario: nothing is deployed. Deploy it: pulumi up --stack ${stack}`,
    );
  const { trustingProfile, trustedProfile } = settings;
  return { settings, outputs, profiles: { trusting: trustingProfile, trusted: trustedProfile, ...others } };
}

/** The table of checks by scenario, with the endpoint's own words wherever it answered otherwise than expected. */
export function table(results: readonly Result[]): string {
  const lines: string[] = [];
  const state = { expected: 0, differ: 0, notAsked: 0 };
  for (const scenario of new Set(results.map(({ row }) => row.scenario))) {
    lines.push(`${lines.length > 0 ? "\n" : ""}${scenario}`);
    for (const [index, title] of checks[scenario].entries()) {
      const rows = results.filter(({ row }) => row.scenario === scenario && row.check === index + 1);
      const differ = rows.filter(({ row, verdict }) => verdict.answer !== row.expected);
      const notAsked = differ.length > 0 && differ.every(({ verdict }) => verdict.answer === "not asked");
      state[differ.length === 0 ? "expected" : notAsked ? "notAsked" : "differ"]++;
      const expected = [...new Set(rows.map(({ row }) => row.expected))].join(", then ");
      const mark = differ.length === 0 ? "✔" : notAsked ? "–" : "✘";
      lines.push(`${mark} ${String(index + 1).padStart(2)}  ${title.padEnd(82)}  ${expected}`);
      for (const { row, verdict } of differ)
        lines.push(
          `      ${row.who}, ${row.session}: ${row.action} on ${row.on}`,
          `        expected ${row.expected}, was ${verdict.answer}${verdict.words && ` (${verdict.words})`}`,
        );
    }
  }
  const total = state.expected + state.differ + state.notAsked;
  const notAsked = state.notAsked > 0 ? `, ${state.notAsked} not asked` : "";
  return [...lines, "", `${state.expected} of ${total} checks as expected${notAsked}`].join("\n");
}

/** 0: every row as expected. 1: some row differs. 3: nothing differs, but some rows could not be asked. */
export function exitCode(results: readonly Result[]): 0 | 1 | 3 {
  const differ = results.filter(({ row, verdict }) => verdict.answer !== row.expected);
  if (differ.length === 0) return 0;
  return differ.every(({ verdict }) => verdict.answer === "not asked") ? 3 : 1;
}

const USAGE = `npm run verify -- STACK [--outsider-profile PROFILE] [--partner-profile PROFILE] [--patient] [--results FILE]
  Asks a deployed stack's accounts who gets in, with real users, MFA devices and requests, and removes them again.
  --outsider-profile  AWS profile of an administrator of a third account (default: outsider)
  --partner-profile   AWS profile of an administrator of the second trusted account (default: partner)
  --patient           waits 15 minutes to see temporary credentials end, where the endpoint offers no shorter way
  --results           writes the answers, and the policies behind them, as JSON: npm run report draws it`;

async function main(): Promise<number> {
  const parsed = stackAndOptions(USAGE, {
    "outsider-profile": { type: "string", default: "outsider" },
    "partner-profile": { type: "string", default: "partner" },
    patient: { type: "boolean" },
    results: { type: "string" },
  });
  if (!parsed) return 0;
  const { stack, values } = parsed;
  const others = { partner: values["partner-profile"], outsider: values["outsider-profile"] };
  const deployment = await deploymentOf(stack, others, { secrets: true });
  const results = await verify(deployment, { patient: !!values.patient });
  console.log(table(results));
  if (values.results)
    writeFileSync(values.results, `${JSON.stringify(await resultsOf(deployment, results), null, 2)}\n`);
  return exitCode(results);
}

if (require.main === module)
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 2;
    },
  );
