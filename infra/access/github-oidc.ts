/** The issuer of the tokens of GitHub's jobs. https://docs.github.com/actions/concepts/security/openid-connect */
export const GITHUB_ISSUER = "token.actions.githubusercontent.com";

/** The audience that AWS takes. https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws */
export const AWS_AUDIENCE = "sts.amazonaws.com";

/** The subjects of the tokens of a repository's jobs. https://docs.github.com/actions/reference/security/oidc */
export const githubSubjects = (repository: string) => ({
  pullRequest: `repo:${repository}:pull_request`,
  branch: (name: string) => `repo:${repository}:ref:refs/heads/${name}`,
  environment: (name: string) => `repo:${repository}:environment:${name}`,
});
