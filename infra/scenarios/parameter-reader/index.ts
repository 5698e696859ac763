import { userGroups } from "../../people";
import { defineScenario } from "../../scenario";
import { contract } from "./contract";
import { GROUP_NAME, parameterArnOf, ROLE_NAME } from "./names";
import { checkSettings, type ParameterReaderSettings, rules } from "./settings";

/** Scenario 2: a few people of the trusted account read one Systems Manager parameter of the trusting account. */
export const parameterReader = defineScenario<"ParameterReader", ParameterReaderSettings>({
  name: "ParameterReader",
  output: "parameterReader",
  rules,
  checkSettings,
  inventory: ({ settings }) => ({
    trusting: { roles: [ROLE_NAME] },
    trusted: { groups: userGroups(settings, GROUP_NAME) },
  }),
  resources: (): typeof import("./resources") => require("./resources"),
  deployerPermissions: ({ settings: { parameterName, parameterKeyArn }, locations }) => ({
    trusting: [
      {
        sid: "Parameter",
        resources: [parameterArnOf(locations.trusting, parameterName)],
        read: ["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"],
        write: [
          "ssm:PutParameter",
          "ssm:DeleteParameter",
          "ssm:AddTagsToResource",
          "ssm:RemoveTagsFromResource",
        ],
      },
      // Describing knows no single parameter in IAM.
      { sid: "ListParameters", resources: ["*"], read: ["ssm:DescribeParameters"] },
      {
        sid: "ParameterKey",
        resources: parameterKeyArn === undefined ? [] : [parameterKeyArn],
        write: ["kms:Encrypt", "kms:Decrypt"],
      },
    ],
  }),
  contract,
});
