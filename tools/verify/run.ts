import { writeFileSync } from "node:fs";
import { checkProfiles } from "../../infra/profiles";
import { contractOf } from "../../infra/program";
import { formatFacts } from "../access/baseline";
import { compareLive, liveExitCode, liveLines } from "../access/live";
import { LiveAccount } from "../access/live-account";
import { readDeployment, readResources } from "../deployment";
import { CheckEnvironment, type Deployment } from "./check-environment";
import { resultsOf } from "./results";
import { exitCode, table } from "./table";
import { verify } from "./verify";

/** The options of `npm run verify`. */
export interface VerifyOptions {
  outsiderProfile: string;
  partnerProfile: string;
  patient?: true;
  results?: string;
}

/**
 * Asks a stack's whole access contract, prints the table, and writes the results to the file that is named. Beside the
 * checks, the accounts are compared with what the stack deployed.
 */
export async function runVerify(stack: string, options: VerifyOptions): Promise<number> {
  const others = { partner: options.partnerProfile, outsider: options.outsiderProfile };
  const deployment = await readDeployment(stack, others, { secrets: true });
  await checkProfiles(deployment.settings);
  const environment = await CheckEnvironment.of(deployment);
  const [results, comparison] = await Promise.all([
    verify(deployment, { patient: options.patient === true }),
    compareAccounts(deployment, environment),
  ]);
  console.log(table(results, contractOf(deployment.settings)));
  const isRehearsal = environment.endpoint !== undefined;
  console.log(["", ...liveLines(comparison, stack, isRehearsal)].join("\n"));
  if (options.results) {
    const file = await resultsOf(deployment, results, formatFacts(comparison.held));
    writeFileSync(options.results, `${JSON.stringify(file, null, 2)}\n`);
  }
  const codes = [exitCode(results), liveExitCode(comparison, isRehearsal)];
  return codes.includes(1) ? 1 : Math.max(...codes);
}

async function compareAccounts({ settings, profiles }: Deployment, environment: CheckEnvironment) {
  const accounts = settings.manages.map(
    (side) => new LiveAccount(environment.administrator(side), profiles[side], settings[`${side}AccountId`]),
  );
  return compareLive(settings, await readResources(settings.stack), accounts);
}
