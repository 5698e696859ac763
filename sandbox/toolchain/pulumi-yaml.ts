import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { isExecutable } from "./executables";
import { buildGoTool, type GoTool } from "./go";
import type { Report } from "./install";

const PULUMI_YAML: GoTool = {
  source: join(__dirname, "pulumi-yaml"),
  package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
  home: "the Pulumi CLI (https://www.pulumi.com/docs/install)",
};

/** The language host of programs in YAML: the one that came with this CLI, else built with Go. */
export async function yamlLanguageHost(cli: string, report: Report = () => {}): Promise<string> {
  const official = join(dirname(realpathSync(cli)), "pulumi-language-yaml");
  return isExecutable(official) ? official : buildGoTool(PULUMI_YAML, report);
}
