import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import { AssumeRoleGrant } from "../../access/assume-role-grant";
import { CrossAccountRole } from "../../access/cross-account-role";
import type { Accounts } from "../../account";
import { createGroup } from "../../groups";
import { peopleInstructions, peopleTrust } from "../../people";
import type { ScenarioContext } from "../../scenario";
import { GROUP_NAME, parameterArnOf, ROLE_NAME } from "./names";
import type { ParameterReaderSettings } from "./settings";

/**
 * Scenario 2: a few people of the trusted account read one Systems Manager parameter of the trusting account.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
 */
export function deploy(
  { settings }: ScenarioContext<ParameterReaderSettings>,
  { trusting, trusted }: Accounts,
) {
  const { parameterName, parameterValue, parameterKeyArn, sessionDuration, trustIamUsers } = settings;
  const reader = peopleInstructions(trusting, trusted, settings, ROLE_NAME);

  // In the trusting account: the parameter, and the role that may list all names and read this one value.
  if (trusting.provider) {
    const { provider } = trusting;
    new ssm.Parameter(
      "parameter",
      {
        name: parameterName,
        // Encrypted in the state, whatever its type: the settings may hold it as a secret.
        value: pulumi.secret(parameterValue),
        ...(parameterKeyArn === undefined
          ? { type: "String" }
          : { type: "SecureString", keyId: parameterKeyArn }),
      },
      { provider },
    );
    const parameterArn = parameterArnOf(trusting, parameterName);
    new CrossAccountRole(
      ROLE_NAME,
      {
        account: trusting,
        roleName: ROLE_NAME,
        description: `Reads the parameter ${parameterName}`,
        trust: peopleTrust(settings, [trusted]),
        permissions: [
          { Sid: "ListNames", Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" },
          { Sid: "ReadOne", Effect: "Allow", Action: "ssm:GetParameter", Resource: parameterArn },
          ...(parameterKeyArn === undefined
            ? []
            : [
                {
                  Sid: "Decrypt",
                  Effect: "Allow" as const,
                  Action: "kms:Decrypt",
                  Resource: parameterKeyArn,
                  // This parameter's value, and nothing else that the key protects.
                  // https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
                  Condition: { StringEquals: { "kms:EncryptionContext:PARAMETER_ARN": parameterArn } },
                },
              ]),
        ],
        maxSessionDuration: sessionDuration,
      },
      { provider },
    );
  }

  // In the trusted account: the group whose members can assume the role.
  if (trusted.provider && trustIamUsers) {
    const { provider } = trusted;
    const group = createGroup(GROUP_NAME, provider);
    new AssumeRoleGrant(
      "ParameterReaders-may-assume-ParameterReader",
      { grantee: { group }, roleArns: [reader.roleArn] },
      { provider },
    );
  }
  return { ...reader, parameterName };
}
