import { memberOfOtherGroups, outsider } from "../../contract/personas";
import { assumes, roleTarget, rows } from "../../contract/rows";
import { anotherParameter, prod } from "../../contract/targets";
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

/** Who is expected to read the parameter, and who is not. */
export function contract({
  settings,
  locations,
  program,
}: ScenarioContext<ParameterReaderSettings>): Contract {
  const parameter: Target = { name: "the parameter", parameter: settings.parameterName };
  const assumesRole = assumes(roleTarget(locations.trusting, ROLE_NAME));
  return {
    checks: [
      "A ParameterReaders member with MFA assumes ParameterReader",
      "The same person without MFA, and a member of every other group with it",
      "As ParameterReader: EC2",
      "As ParameterReader: the parameter is listed",
      "As ParameterReader: its value is read",
      "As ParameterReader: another parameter's value, and writing this one's",
      "An administrator of a third account, with MFA",
    ],
    rows: [
      ...assumesRole(1, parameterReader, "own keys and an MFA code", "allowed"),
      ...assumesRole(2, parameterReader, "own keys", "refused"),
      ...assumesRole(2, memberOfOtherGroups(program.groups, [GROUP_NAME]), "signed in with MFA", "refused"),
      ...rows(3, parameterReader, "as the role", "ec2:DescribeInstances", prod, "refused"),
      ...rows(4, parameterReader, "as the role", "ssm:DescribeParameters", parameter, "allowed"),
      ...rows(5, parameterReader, "as the role", "ssm:GetParameter", parameter, "allowed"),
      ...rows(6, parameterReader, "as the role", "ssm:GetParameter", anotherParameter, "refused"),
      ...rows(6, parameterReader, "as the role", "ssm:PutParameter", parameter, "refused"),
      ...assumesRole(7, outsider, "signed in with MFA", "refused"),
    ],
  };
}
