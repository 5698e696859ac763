import { flag, matching, type RawConfig, type ReportMistake, type SettingRules } from "../../setting-rules";
import type { StackSettings } from "../../stack-settings";

export interface GitHubActionsSettings {
  /** The repository whose jobs preview and deploy this stack, as owner/name. */
  githubRepository: string | undefined;
  /** False where the accounts hold GitHub's OpenID Connect provider already: an account takes one. */
  createGithubProvider: boolean;
}

export const rules: SettingRules<GitHubActionsSettings> = {
  githubRepository: {
    // GitHub may write the immutable IDs of owner and repository into a token's subject, each after an @.
    expected: "a GitHub repository as owner/name, or as owner@ID/name@ID",
    read: matching(/^([\w-]+\/[\w.-]+|[\w-]+@\d+\/[\w.-]+@\d+)$/),
    default: () => undefined,
  },
  createGithubProvider: flag(true),
};

/** The scenario trusts the jobs of a repository: it needs one. */
export function checkSettings(
  { scenarios }: Partial<StackSettings>,
  { githubRepository }: RawConfig,
  report: ReportMistake,
): void {
  if (!scenarios?.includes("GitHubActions") || githubRepository !== undefined) return;
  const expected = `${rules.githubRepository.expected}: the scenario GitHubActions trusts its jobs`;
  report("githubRepository", "nothing", expected, "OWNER/NAME");
}
