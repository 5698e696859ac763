/** The roles of GitHub's jobs in both accounts: one reads, the other writes. */
export const PREVIEW_ROLE_NAME = "GitHubActionsPreview";
export const DEPLOY_ROLE_NAME = "GitHubActionsDeploy";
