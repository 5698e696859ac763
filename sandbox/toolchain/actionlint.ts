import { join } from "node:path";
import { findExecutable } from "./executables";
import { buildGoTool, type GoTool } from "./go";
import type { Report } from "./install";

const ACTIONLINT: GoTool = {
  source: join(__dirname, "actionlint"),
  package: "github.com/rhysd/actionlint/cmd/actionlint",
  home: "actionlint (https://github.com/rhysd/actionlint)",
};

/** The linter of GitHub's workflows: found, or built with Go. @throws {Error} where it is neither. */
export const actionlint = async (report: Report = () => {}): Promise<string> =>
  findExecutable("actionlint") ?? buildGoTool(ACTIONLINT, report);
