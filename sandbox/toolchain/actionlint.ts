import { rmSync } from "node:fs";
import { join } from "node:path";
import { findExecutable } from "./executables";
import { type GoTool, pinnedVersion, prepareGo } from "./go";
import { install, type Report, run } from "./install";

const ACTIONLINT: GoTool = {
  source: join(__dirname, "actionlint"),
  package: "github.com/rhysd/actionlint/cmd/actionlint",
  home: "actionlint (https://github.com/rhysd/actionlint)",
};

/** The linter of GitHub's workflows: found, or built with Go. @throws {Error} where it is neither. */
export async function actionlint(report: Report = () => {}): Promise<string> {
  const found = findExecutable("actionlint");
  if (found) return found;
  const { version, key } = pinnedVersion(ACTIONLINT);
  const folder = await install(`actionlint-${key}`, "actionlint", report, async (into) => {
    const { go, env } = await prepareGo(into, "actionlint", ACTIONLINT, report);
    await run(go, ["build", "-trimpath", "-o", join(into, "actionlint"), ACTIONLINT.package], {
      env,
      cwd: ACTIONLINT.source,
      onWait: (seconds) => report("actionlint", `building ${version} with Go, ${seconds} s`),
    });
    rmSync(join(into, "go"), { recursive: true, force: true });
  });
  return join(folder, "actionlint");
}
