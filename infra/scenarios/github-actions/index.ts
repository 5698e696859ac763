import { oidcProviderArn } from "../../access/arn";
import { GITHUB_ISSUER } from "../../access/github-oidc";
import { type DeployerPermission, defineScenario } from "../../scenario";
import { contract } from "./contract";
import { DEPLOY_ROLE_NAME, PREVIEW_ROLE_NAME } from "./names";
import { checkSettings, type GitHubActionsSettings, rules } from "./settings";

const roles = [PREVIEW_ROLE_NAME, DEPLOY_ROLE_NAME];

/** Scenario 6: the jobs of one GitHub repository preview and deploy this stack, without a stored key. */
export const gitHubActions = defineScenario<"GitHubActions", GitHubActionsSettings>({
  name: "GitHubActions",
  output: "gitHubActions",
  rules,
  checkSettings,
  inventory: () => ({ trusting: { roles }, trusted: { roles } }),
  resources: (): typeof import("./resources") => require("./resources"),
  deployerPermissions: ({ settings: { createGithubProvider }, locations }) => {
    const tokenProvider = (side: keyof typeof locations): DeployerPermission => ({
      sid: "TokenProvider",
      resources: createGithubProvider ? [oidcProviderArn(locations[side], GITHUB_ISSUER)] : [],
      read: ["iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviderTags"],
      write: [
        "iam:CreateOpenIDConnectProvider",
        "iam:DeleteOpenIDConnectProvider",
        "iam:AddClientIDToOpenIDConnectProvider",
        "iam:RemoveClientIDFromOpenIDConnectProvider",
        "iam:UpdateOpenIDConnectProviderThumbprint",
        "iam:TagOpenIDConnectProvider",
        "iam:UntagOpenIDConnectProvider",
      ],
    });
    return { trusting: [tokenProvider("trusting")], trusted: [tokenProvider("trusted")] };
  },
  contract,
});
