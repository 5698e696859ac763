import { outsider } from "../../contract/personas";
import { assumes, roleTarget, rows } from "../../contract/rows";
import {
  everythingElse,
  standardGroupContract,
  standardRoleContract,
  withChecks,
} from "../../contract/standard";
import { anotherParameter } from "../../contract/targets";
import type { Contract, Target, UserPersona } from "../../contract/types";
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
  const parameter: Target = { name: "the parameter", parameter: settings.parameterName };
  const role = roleTarget(locations.trusting, ROLE_NAME);
  const assumesRole = assumes(role);
  const own: Contract = {
    checks: [
      "A ParameterReaders member with MFA assumes ParameterReader",
      "The same person without MFA",
      "As ParameterReader: EC2, and everything else in prod",
      "As ParameterReader: the parameter is listed",
      "As ParameterReader: its value is read",
      "As ParameterReader: another parameter's value, and writing this one's",
      "An administrator of a third account, with MFA",
    ],
    rows: [
      ...assumesRole(1, parameterReader, "own keys and an MFA code", "allowed"),
      ...assumesRole(1, anotherReader, "signed in with MFA", "allowed"),
      ...assumesRole(2, parameterReader, "own keys", "refused"),
      ...everythingElse(3, parameterReader, ["ssm:DescribeParameters", "ssm:GetParameter"], context),
      ...rows(4, parameterReader, "as the role", "ssm:DescribeParameters", parameter, "allowed"),
      ...rows(5, parameterReader, "as the role", "ssm:GetParameter", parameter, "allowed"),
      ...rows(6, parameterReader, "as the role", "ssm:GetParameter", anotherParameter, "refused"),
      ...rows(6, parameterReader, "as the role", "ssm:PutParameter", parameter, "refused"),
      ...assumesRole(7, outsider, "signed in with MFA", "refused"),
    ],
  };
  return withChecks(
    own,
    standardRoleContract(
      {
        role,
        roleName: ROLE_NAME,
        candidate: { who: anotherReader, session: "signed in with MFA" },
        groups: [GROUP_NAME],
      },
      context,
    ),
    standardGroupContract(GROUP_NAME),
  );
}
