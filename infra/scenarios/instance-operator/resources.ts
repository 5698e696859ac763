import * as iam from "@pulumi/aws/iam";
import { arn, dnsSuffix, roleArn } from "../../access/arn";
import { AssumeRoleGrant } from "../../access/assume-role-grant";
import { CrossAccountRole } from "../../access/cross-account-role";
import { policyDocument, type Statement } from "../../access/policy";
import type { Account, Accounts } from "../../account";
import { createGroup } from "../../groups";
import { peopleInstructions, peopleTrust } from "../../people";
import type { ScenarioContext } from "../../scenario";
import { fullAccessPolicyArn, GROUP_NAME, MACHINE_ROLE_NAME, ROLE_NAME } from "./names";
import type { InstanceOperatorSettings } from "./settings";

/**
 * Scenario 3: a machine of the trusted account, and its people with MFA, start, stop and reboot instances of the
 * trusting account. More accounts are trusted by one line of settings.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
 */
export function deploy(
  { settings }: ScenarioContext<InstanceOperatorSettings>,
  { trusting, trusted }: Accounts,
) {
  const { sessionDuration, instanceOperatorAccountIds, instanceFullAccess, trustIamUsers } = settings;
  const operator = peopleInstructions(trusting, trusted, settings, ROLE_NAME);
  const accounts = [
    trusted,
    ...instanceOperatorAccountIds.map((accountId) => ({ ...trusted, accountId })),
  ] as const;

  // In the trusting account: people show MFA; machines cannot, so they are named by the role they run as.
  if (trusting.provider)
    new CrossAccountRole(
      ROLE_NAME,
      {
        account: trusting,
        roleName: ROLE_NAME,
        description: "Starts, stops and reboots instances",
        trust: {
          ...peopleTrust(settings, accounts),
          machines: {
            accounts,
            principalArns: accounts.map((account) => roleArn(account, MACHINE_ROLE_NAME)) as [string],
          },
        },
        permissions: operate(settings, trusting),
        managedPolicyArns: instanceFullAccess ? [fullAccessPolicyArn(trusting)] : [],
        maxSessionDuration: sessionDuration,
      },
      { provider: trusting.provider },
    );

  // In the trusted account: the role that the machine runs as, in the profile that an instance is launched with.
  if (trusted.provider) {
    const { provider } = trusted;
    const role = new iam.Role(
      MACHINE_ROLE_NAME,
      {
        name: MACHINE_ROLE_NAME,
        description: "The machine from which instances of the other account are operated",
        assumeRolePolicy: policyDocument([
          { Effect: "Allow", Principal: { Service: `ec2.${dnsSuffix(trusted)}` }, Action: "sts:AssumeRole" },
        ]),
      },
      { provider },
    );
    new iam.InstanceProfile(MACHINE_ROLE_NAME, { name: MACHINE_ROLE_NAME, role: role.name }, { provider });
    new AssumeRoleGrant(
      "machine-may-assume-InstanceOperator",
      { grantee: { role }, roleArns: [operator.roleArn] },
      { provider },
    );
    if (trustIamUsers) {
      const group = createGroup(GROUP_NAME, provider);
      new AssumeRoleGrant(
        "InstanceOperators-may-assume-InstanceOperator",
        { grantee: { group }, roleArns: [operator.roleArn] },
        { provider },
      );
    }
  }
  return {
    ...operator,
    instanceProfile: MACHINE_ROLE_NAME,
    // https://docs.aws.amazon.com/cli/latest/topic/config-vars.html
    machineCliProfile: [
      `[profile ${ROLE_NAME}]`,
      `role_arn = ${operator.roleArn}`,
      "credential_source = Ec2InstanceMetadata",
      `region = ${trusting.region}`,
      "",
    ].join("\n"),
  };
}

/** Describing knows no single instance in IAM; starting, stopping and rebooting is limited to those named or tagged. */
function operate(settings: InstanceOperatorSettings, account: Account): [Statement, ...Statement[]] {
  const { operatedInstanceIds, operatedInstanceTag: tag } = settings;
  const instances = operatedInstanceIds.length > 0 ? operatedInstanceIds : ["*"];
  return [
    {
      Sid: "Look",
      Effect: "Allow",
      Action: ["ec2:DescribeInstances", "ec2:DescribeInstanceStatus"],
      Resource: "*",
    },
    {
      Sid: "Operate",
      Effect: "Allow",
      Action: ["ec2:StartInstances", "ec2:StopInstances", "ec2:RebootInstances"],
      Resource: instances.map((id) => arn(account, "ec2", `instance/${id}`)),
      ...(tag && { Condition: { StringEquals: { [`aws:ResourceTag/${tag.key}`]: tag.value } } }),
    },
  ];
}
