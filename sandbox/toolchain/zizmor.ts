import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findExecutable } from "./executables";
import { digest, install, type Report } from "./install";
import { installPackages } from "./python";

const REQUIREMENTS = join(__dirname, "zizmor/requirements.txt");

/** The audit of GitHub's workflows: found, or installed by pip. */
export async function zizmor(report: Report = () => {}): Promise<string> {
  const found = findExecutable("zizmor");
  if (found) return found;
  const requirements = readFileSync(REQUIREMENTS, "utf8");
  const version = requirements.match(/^zizmor==(\S+)/m)?.[1] ?? "";
  const name = `zizmor-${version}-${digest(requirements)}`;
  const folder = await install(name, "zizmor", report, async (into) => {
    await installPackages(into, REQUIREMENTS, (seconds) =>
      report("zizmor", `installing ${version} with pip, ${seconds} s`),
    );
    await promisify(execFile)(join(into, "bin/zizmor"), ["--version"]);
  });
  return join(folder, "bin/zizmor");
}
