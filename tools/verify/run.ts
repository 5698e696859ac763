import { writeFileSync } from "node:fs";
import { checkProfiles } from "../../infra/profiles";
import { contractOf } from "../../infra/program";
import { readDeployment } from "../deployment";
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

/** Asks a stack's whole access contract, prints the table, and writes the results to the file that is named. */
export async function runVerify(stack: string, options: VerifyOptions): Promise<number> {
  const others = { partner: options.partnerProfile, outsider: options.outsiderProfile };
  const deployment = await readDeployment(stack, others, { secrets: true });
  await checkProfiles(deployment.settings);
  const results = await verify(deployment, { patient: options.patient === true });
  console.log(table(results, contractOf(deployment.settings)));
  if (options.results)
    writeFileSync(options.results, `${JSON.stringify(await resultsOf(deployment, results), null, 2)}\n`);
  return exitCode(results);
}
