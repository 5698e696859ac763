import { permissionSetCandidate, permissionSetContract } from "../../contract/permission-sets";
import { outsider } from "../../contract/personas";
import { assumes, roleTarget, rows } from "../../contract/rows";
import {
  everythingElse,
  standardGroupContract,
  standardRoleContract,
  withChecks,
} from "../../contract/standard";
import { anotherParameter } from "../../contract/targets";
import type { Contract, Persona, Target, UserPersona } from "../../contract/types";
import type { ScenarioContext } from "../../scenario";
import { GROUP_NAME, ROLE_NAME } from "./names";
import type { ParameterReaderSettings } from "./settings";

const parameterReader: UserPersona = {
  kind: "user",
  name: "parameter reader",
  home: "trusted",
  groups: [GROUP_NAME],
};

const anotherReader: UserPersona = { ...parameterReader, name: "another parameter reader" };

/** Who is expected to read the parameter, and who is not. */
export function contract(context: ScenarioContext<ParameterReaderSettings>): Contract {
  const { settings, locations } = context;
  const role = roleTarget(locations.trusting, ROLE_NAME);
  const declaration = { role, roleName: ROLE_NAME };
  const permissionSets = permissionSetContract(declaration, context);
  const candidate = permissionSetCandidate(declaration, settings);
  if (!settings.trustIamUsers)
    return withChecks(
      permissionSets,
      useContract(candidate!.who, context),
      standardRoleContract({ ...declaration, candidate: candidate! }, context),
    );
  const assumesRole = assumes(role);
  const users: Contract = {
    checks: ["A member of ParameterReaders with MFA assumes ParameterReader", "The same person without MFA"],
    rows: [
      ...assumesRole(1, parameterReader, "own keys and an MFA code", "allowed"),
      ...assumesRole(1, anotherReader, "signed in with MFA", "allowed"),
      ...assumesRole(2, parameterReader, "own keys", "refused"),
    ],
  };
  return withChecks(
    users,
    useContract(parameterReader, context),
    {
      checks: ["An administrator of a third account, with MFA"],
      rows: assumesRole(1, outsider, "signed in with MFA", "refused"),
    },
    standardRoleContract(
      {
        ...declaration,
        candidate: { who: anotherReader, session: "signed in with MFA" },
        groups: [GROUP_NAME],
      },
      context,
    ),
    standardGroupContract(GROUP_NAME),
    permissionSets,
  );
}

/** What the role is used for, by someone who has assumed it. */
function useContract(holder: Persona, context: ScenarioContext<ParameterReaderSettings>): Contract {
  const parameter: Target = { name: "the parameter", parameter: context.settings.parameterName };
  return {
    checks: [
      "As ParameterReader: EC2, and everything else in prod",
      "As ParameterReader: the parameter is listed",
      "As ParameterReader: its value is read",
      "As ParameterReader: another parameter's value, and writing this one's",
    ],
    rows: [
      ...everythingElse(1, holder, ["ssm:DescribeParameters", "ssm:GetParameter"], context),
      ...rows(2, holder, "as the role", "ssm:DescribeParameters", parameter, "allowed"),
      ...rows(3, holder, "as the role", "ssm:GetParameter", parameter, "allowed"),
      ...rows(4, holder, "as the role", "ssm:GetParameter", anotherParameter, "refused"),
      ...rows(4, holder, "as the role", "ssm:PutParameter", parameter, "refused"),
    ],
  };
}
