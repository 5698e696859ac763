/** The issuer of the tokens of GitHub's jobs. https://docs.github.com/actions/concepts/security/openid-connect */
export const ISSUER = "token.actions.githubusercontent.com";
/** Whom the tokens must be meant for. */
export const AUDIENCE = "sts.amazonaws.com";
/** The roles of GitHub's jobs in both accounts: one reads, the other writes. */
export const PREVIEW_ROLE_NAME = "GitHubActionsPreview";
export const DEPLOY_ROLE_NAME = "GitHubActionsDeploy";

/** The subjects of the tokens that the roles trust. https://docs.github.com/actions/reference/security/oidc */
export const subjectsOf = (repository: string, stack: string) => ({
  pullRequest: `repo:${repository}:pull_request`,
  mainBranch: `repo:${repository}:ref:refs/heads/main`,
  environment: `repo:${repository}:environment:${stack}`,
});
