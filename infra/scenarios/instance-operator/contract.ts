import { permissionSetContract } from "../../contract/permission-sets";
import { allow, colleague, outsider } from "../../contract/personas";
import { assumes, roleTarget, rows } from "../../contract/rows";
import {
  everythingElse,
  standardGroupContract,
  standardHomeContract,
  standardRoleContract,
  withChecks,
} from "../../contract/standard";
import { prod } from "../../contract/targets";
import type { Answer, Contract, MachinePersona, Target, UserPersona } from "../../contract/types";
import { userGroups } from "../../people";
import type { ScenarioContext } from "../../scenario";
import { GROUP_NAME, MACHINE_ROLE_NAME, ROLE_NAME } from "./names";
import type { InstanceOperatorSettings } from "./settings";

const machine: MachinePersona = { kind: "machine", name: "machine", instanceProfile: MACHINE_ROLE_NAME };
const instanceOperator: UserPersona = {
  kind: "user",
  name: "instance operator",
  home: "trusted",
  groups: [GROUP_NAME],
};
const partnersAdministrator: UserPersona = {
  kind: "user",
  name: "partner's administrator",
  home: "partner",
  permissions: [allow("*")],
};

/** Who is expected to operate which instances. What the settings leave unrestricted is expected to be allowed. */
export function contract(context: ScenarioContext<InstanceOperatorSettings>): Contract {
  const { settings, locations } = context;
  const {
    instanceFullAccess,
    instanceOperatorAccountIds,
    operatedInstanceIds,
    operatedInstanceTag: tag,
    trustIamUsers,
  } = settings;
  const isRestricted = !instanceFullAccess && (tag !== undefined || operatedInstanceIds.length > 0);
  const otherActions: Answer = instanceFullAccess ? "allowed" : "refused";
  const otherInstances: Answer = isRestricted ? "refused" : "allowed";
  const partners = instanceOperatorAccountIds.length > 0 ? [partnersAdministrator] : [];
  // Where the stack trusts no IAM users they are asked all the same, with MFA too, and refused.
  const people = [instanceOperator, ...partners];
  const users = trustIamUsers ? people : [];

  const operated: Target = {
    name: "an operated instance",
    // An instance that the settings name is in use: it is asked about by dry run.
    instance: operatedInstanceIds[0] ?? { fixture: "instance", name: "operated", tag },
  };
  const another: Target = { name: "another instance", instance: { fixture: "instance", name: "another" } };
  const role = roleTarget(locations.trusting, ROLE_NAME);
  const assumesRole = assumes(role);
  const own: Contract = {
    checks: [
      "The machine assumes InstanceOperator with what its instance metadata gives",
      "A member of InstanceOperators and a second trusted account's administrator, with MFA",
      "The same people without MFA, and a colleague with it",
      "An administrator of an account that is not trusted",
      "As InstanceOperator: look at, stop, start and reboot an instance",
      "As InstanceOperator: terminate, run and tag instances",
      "As InstanceOperator: an instance outside the restriction",
    ],
    rows: [
      ...assumesRole(1, machine, "own keys", "allowed"),
      ...people.flatMap((who) =>
        assumesRole(2, who, "own keys and an MFA code", trustIamUsers ? "allowed" : "refused"),
      ),
      ...people.flatMap((who) => assumesRole(3, who, "own keys", "refused")),
      ...assumesRole(3, colleague, "signed in with MFA", "refused"),
      ...assumesRole(4, outsider, "signed in with MFA", "refused"),
      ...rows(
        5,
        machine,
        "as the role",
        ["ec2:DescribeInstanceStatus", "ec2:StopInstances", "ec2:StartInstances", "ec2:RebootInstances"],
        operated,
        "allowed",
      ),
      ...users.flatMap((who) => rows(5, who, "as the role", "ec2:RebootInstances", operated, "allowed")),
      ...rows(6, machine, "as the role", "ec2:TerminateInstances", operated, otherActions),
      ...rows(6, machine, "as the role", "ec2:RunInstances", prod, otherActions),
      // Anyone who can tag an instance could tag a way past the restriction.
      ...rows(6, machine, "as the role", "ec2:CreateTags", another, otherActions),
      ...rows(
        7,
        machine,
        "as the role",
        ["ec2:StopInstances", "ec2:StartInstances", "ec2:RebootInstances"],
        another,
        otherInstances,
      ),
    ],
  };
  return withChecks(
    own,
    {
      checks: ["As InstanceOperator: everything else in prod"],
      rows: everythingElse(1, machine, ["ec2:DescribeInstances", "ec2:RunInstances"], context),
    },
    standardRoleContract(
      {
        role,
        roleName: ROLE_NAME,
        candidate: { who: machine, session: "own keys" },
        groups: userGroups(settings, GROUP_NAME),
      },
      context,
    ),
    ...(trustIamUsers ? [standardGroupContract(GROUP_NAME)] : []),
    standardHomeContract(machine, "The machine"),
    permissionSetContract({ role, roleName: ROLE_NAME }, context),
  );
}
