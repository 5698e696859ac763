import * as iam from "@pulumi/aws/iam";
import { roleArn } from "../access/arn";
import { CrossAccountRole } from "../access/cross-account-role";
import type { Statement } from "../access/policy";
import type { Accounts } from "../accounts";
import {
  checkerStatements,
  deployerStatements,
  GITHUB,
  GITHUB_ROLES,
  previewerStatements,
} from "../deployer";
import { SCENARIOS, type Settings, type Side } from "../settings";

const [PREVIEW_ROLE_NAME, DEPLOY_ROLE_NAME] = GITHUB_ROLES;
const AUDIENCE = "sts.amazonaws.com";

/**
 * Scenario 6: the jobs of one GitHub repository preview and deploy this stack, with no key of AWS's stored at GitHub.
 * Pull requests, and the drift job of the branch main, read; only a job in the stack's GitHub environment writes.
 * https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
 */
export function gitHubActions(settings: Settings, accounts: Accounts) {
  const { stack, githubRepository: repository = "", createGithubProvider } = settings;
  // Of every scenario, so that these roles can turn one on, and see and delete what was of one that is turned off.
  const all = { ...settings, scenarios: SCENARIOS };
  for (const side of ["trusting", "trusted"] as const) deploySide(side);

  function deploySide(side: Side) {
    const account = accounts[side];
    const { provider } = account;
    if (!provider) return;
    if (createGithubProvider)
      new iam.OpenIdConnectProvider(
        `${side}-github`,
        { url: `https://${GITHUB}`, clientIdLists: [AUDIENCE] },
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
        account,
        {
          roleName,
          description,
          trust: { workloads: { account, issuer: GITHUB, audience: AUDIENCE, subjects } },
          permissions: permissions as [Statement, ...Statement[]],
        },
        { provider },
      );
    role(PREVIEW_ROLE_NAME, "Reads what the stack has deployed", previewerStatements(all, side), [
      `repo:${repository}:pull_request`,
      `repo:${repository}:ref:refs/heads/main`,
    ]);
    // The environment is where GitHub asks for approval: https://docs.github.com/actions/concepts/workflows-and-actions/deployment-environments
    role(
      DEPLOY_ROLE_NAME,
      "Deploys the stack",
      [...deployerStatements(all, side), ...checkerStatements(all, side)],
      [`repo:${repository}:environment:${stack}`],
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
