import * as iam from "@pulumi/aws/iam";
import { roleArn } from "../../access/arn";
import { CrossAccountRole } from "../../access/cross-account-role";
import { AWS_AUDIENCE, GITHUB_ISSUER, githubSubjects } from "../../access/github-oidc";
import type { Statement } from "../../access/policy";
import type { Accounts } from "../../account";
import type { ScenarioContext } from "../../scenario";
import { SIDES, type Side } from "../../stack-settings";
import { DEPLOY_ROLE_NAME, PREVIEW_ROLE_NAME } from "./names";
import type { GitHubActionsSettings } from "./settings";

/**
 * Scenario 6: the jobs of one GitHub repository preview and deploy this stack, with no key of AWS's stored at GitHub.
 * Pull requests, and the drift job of the branch main, read; only a job in the stack's GitHub environment writes.
 * https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
 */
export function deploy({ settings, program }: ScenarioContext<GitHubActionsSettings>, accounts: Accounts) {
  const { stack, githubRepository: repository = "", createGithubProvider } = settings;
  const subjects = githubSubjects(repository);
  for (const side of SIDES) deploySide(side);

  function deploySide(side: Side) {
    const account = accounts[side];
    const { provider } = account;
    if (!provider) return;
    if (createGithubProvider)
      new iam.OpenIdConnectProvider(
        `${side}-github`,
        { url: `https://${GITHUB_ISSUER}`, clientIdLists: [AWS_AUDIENCE] },
        { provider },
      );
    const role = (
      roleName: string,
      description: string,
      permissions: Statement[],
      subjects: [string, ...string[]],
    ) =>
      new CrossAccountRole(
        `${side}-${roleName}`,
        {
          account,
          roleName,
          description,
          trust: { workloads: { account, issuer: GITHUB_ISSUER, audience: AWS_AUDIENCE, subjects } },
          permissions: permissions as [Statement, ...Statement[]],
        },
        { provider },
      );
    role(PREVIEW_ROLE_NAME, "Reads what the stack has deployed", program.previewerStatements(side), [
      subjects.pullRequest,
      subjects.branch("main"),
    ]);
    // The environment is where GitHub asks for approval: https://docs.github.com/actions/concepts/workflows-and-actions/deployment-environments
    role(
      DEPLOY_ROLE_NAME,
      "Deploys the stack",
      [...program.deployerStatements(side), ...program.checkerStatements(side)],
      [subjects.environment(stack)],
    );
  }

  const { trusting, trusted } = accounts;
  return {
    repository,
    previewRoleArn: roleArn(trusting, PREVIEW_ROLE_NAME),
    deployRoleArn: roleArn(trusting, DEPLOY_ROLE_NAME),
    trustedPreviewRoleArn: roleArn(trusted, PREVIEW_ROLE_NAME),
    trustedDeployRoleArn: roleArn(trusted, DEPLOY_ROLE_NAME),
  };
}
