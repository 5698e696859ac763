import { dnsSuffix, iamArn, roleArn } from "../../access/arn";
import { userGroups } from "../../people";
import { defineScenario } from "../../scenario";
import { contract } from "./contract";
import { fullAccessPolicyArn, GROUP_NAME, MACHINE_ROLE_NAME, ROLE_NAME } from "./names";
import { checkSettings, type InstanceOperatorSettings, rules } from "./settings";

/** Scenario 3: a machine and people of the trusted account operate instances of the trusting account. */
export const instanceOperator = defineScenario<"InstanceOperator", InstanceOperatorSettings>({
  name: "InstanceOperator",
  output: "instanceOperator",
  rules,
  checkSettings,
  inventory: ({ settings }) => ({
    trusting: { roles: [ROLE_NAME] },
    trusted: { roles: [MACHINE_ROLE_NAME], groups: userGroups(settings, GROUP_NAME) },
  }),
  resources: (): typeof import("./resources") => require("./resources"),
  deployerPermissions: ({ settings: { instanceFullAccess }, locations: { trusting, trusted } }) => ({
    trusting: [
      {
        sid: "FullAccess",
        resources: instanceFullAccess ? [roleArn(trusting, ROLE_NAME)] : [],
        write: ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
        condition: { ArnEquals: { "iam:PolicyARN": fullAccessPolicyArn(trusting) } },
      },
    ],
    trusted: [
      {
        sid: "MachineProfile",
        resources: [iamArn(trusted, `instance-profile/${MACHINE_ROLE_NAME}`)],
        read: ["iam:GetInstanceProfile", "iam:ListInstanceProfileTags"],
        write: [
          "iam:CreateInstanceProfile",
          "iam:DeleteInstanceProfile",
          "iam:AddRoleToInstanceProfile",
          "iam:RemoveRoleFromInstanceProfile",
          "iam:TagInstanceProfile",
          "iam:UntagInstanceProfile",
        ],
      },
      {
        sid: "PassMachineRole",
        resources: [roleArn(trusted, MACHINE_ROLE_NAME)],
        write: ["iam:PassRole"],
        condition: { StringEquals: { "iam:PassedToService": `ec2.${dnsSuffix(trusted)}` } },
      },
    ],
  }),
  checkerPermissions: ({ settings: { operatedInstanceIds } }) => ({
    trusting: [
      {
        sid: "CheckInstance",
        resources: operatedInstanceIds.length > 0 ? ["*"] : [],
        read: ["ec2:DescribeInstances"],
      },
    ],
  }),
  contract,
});
