import { inventoryOf } from "../infra/program";
import { registry } from "../infra/scenarios/registry";
import type { Settings } from "../infra/settings";

/** The outputs of a role that people assume. */
interface RoleOutputs {
  switchRoleLink?: string;
  cliProfile?: string;
}

/**
 * The instructions for the members of the first group that can assume a role; empty where the stack has none.
 * @param outputs the outputs of the deployed stack, by name.
 */
export function firstInstructions(
  settings: Settings,
  outputs: Readonly<Record<string, RoleOutputs>>,
): string {
  for (const { scenario, groups = [] } of inventoryOf(settings, "trusted")) {
    const { output } = registry.find(({ name }) => name === scenario)!;
    const { switchRoleLink, cliProfile } = outputs[output] ?? {};
    if (groups[0] && switchRoleLink && cliProfile)
      return `
Instructions for members of ${groups[0]}:
  in the console   ${switchRoleLink}
  in ~/.aws/config
${cliProfile.trimEnd().replace(/^/gm, "    ")}
`;
  }
  return "";
}
