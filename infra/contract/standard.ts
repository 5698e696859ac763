import type { ScenarioContext } from "../scenario";
import { membersOfOtherGroups, otherGroups } from "./personas";
import { rows } from "./rows";
import { anotherBucket, anotherParameter, dev, prod } from "./targets";
import type {
  Action,
  Contract,
  ContractRow,
  DevicePersona,
  MachinePersona,
  PermissionSetPersona,
  Persona,
  SessionKind,
  Target,
  UserPersona,
} from "./types";

/** The longest session that IAM lets any role have, in seconds. */
const LONGEST_SESSION = 43_200;
/** IAM's own minimum for a role's longest session, in seconds. */
const SHORTEST_MAXIMUM = 3600;

/** The contract of a scenario, with further checks after its own. */
export function withChecks(contract: Contract, ...more: readonly Contract[]): Contract {
  const all = [contract, ...more];
  const offsets = all.map((_, index) => all.slice(0, index).flatMap(({ checks }) => checks).length);
  return {
    checks: all.flatMap(({ checks }) => checks),
    rows: all.flatMap(({ rows }, index) =>
      rows.map((row) => ({ ...row, check: row.check + offsets[index]! })),
    ),
  };
}

/** Someone who can assume a role, and the session that they show. */
export interface RoleCandidate {
  who: UserPersona | PermissionSetPersona | MachinePersona | DevicePersona;
  session: SessionKind;
}

/** What the standard questions about a role need to know of it. */
export interface RoleDeclaration {
  role: Target;
  /** As people know it, such as UpdateApp. */
  roleName: string;
  /** A persona that assumes the role in the scenario's own rows, with the same session. */
  candidate: RoleCandidate;
  /** Groups of the trusted account that can assume the role. Default: none. */
  groups?: readonly string[];
  /** The role's longest session in seconds. Default: the setting `sessionDuration`, at least IAM's minimum of 3600. */
  maxSessionDuration?: number;
}

/** The questions that every role is asked: sessions that it does not offer, and members of every other group. */
export function standardRoleContract(
  { role, roleName, candidate, groups = [], maxSessionDuration }: RoleDeclaration,
  { settings, program }: ScenarioContext<object>,
): Contract {
  const longest = Math.max(maxSessionDuration ?? settings.sessionDuration, SHORTEST_MAXIMUM);
  const unwanted: Target[] = [
    ...(longest < LONGEST_SESSION
      ? [{ ...role, name: `${role.name} for 12 hours`, durationSeconds: LONGEST_SESSION }]
      : []),
    { ...role, name: `${role.name} with a session tag`, sessionTag: { key: "team", value: "check" } },
    { ...role, name: `${role.name} with a source identity`, sourceIdentity: "check" },
  ];
  return {
    checks: [
      `${roleName} for too long, with a session tag, with a source identity`,
      `A ${otherGroups(groups)}, with MFA, assumes ${roleName}`,
    ],
    rows: [
      ...unwanted.flatMap((target) =>
        rows(1, candidate.who, candidate.session, "sts:AssumeRole", target, "refused"),
      ),
      ...membersOfOtherGroups(program.groups, groups).flatMap((who) =>
        rows(2, who, "signed in with MFA", "sts:AssumeRole", role, "refused"),
      ),
    ],
  };
}

/**
 * Rows that ask, as a role, for what belongs to prod and to no scenario, or to another one.
 * @param leftOut the actions among them that the role's permissions include, or that another check asks.
 */
export function everythingElse(
  check: number,
  holder: Persona,
  leftOut: readonly Action[],
  { program }: ScenarioContext<object>,
): ContractRow[] {
  const questions: readonly (readonly [Target, readonly Action[]])[] = [
    [anotherBucket, ["s3:ListBucket", "s3:GetObject", "s3:PutObject"]],
    [
      prod,
      ["s3:ListAllMyBuckets", "ec2:DescribeInstances", "ec2:RunInstances", "iam:ListUsers", "iam:CreateUser"],
    ],
    [anotherParameter, ["ssm:DescribeParameters", "ssm:GetParameter"]],
    ...program.otherBuckets.map((bucket): [Target, Action[]] => [
      bucket,
      ["s3:ListBucket", "s3:GetObject", "s3:GetBucketPolicy"],
    ]),
  ];
  return questions.flatMap(([target, actions]) =>
    rows(
      check,
      holder,
      "as the role",
      actions.filter((action) => !leftOut.includes(action)),
      target,
      "refused",
    ),
  );
}

/** The questions that everyone who can get into prod is asked at home: no permission there comes from the program. */
export function standardHomeContract(who: Persona, label: string): Contract {
  return {
    checks: [`${label}: nothing else at home`],
    rows: [
      ...rows(
        1,
        who,
        "own keys",
        ["iam:ListUsers", "iam:CreateUser", "ec2:DescribeInstances"],
        dev,
        "refused",
      ),
      ...rows(1, who, "own keys", "ssm:DescribeParameters", dev, "refused"),
    ],
  };
}

/** The same for the members of a group: a user who has no other permission. */
export const standardGroupContract = (group: string): Contract => {
  const member: UserPersona = {
    kind: "user",
    name: `member of ${group} alone`,
    home: "trusted",
    groups: [group],
  };
  return standardHomeContract(member, `A member of ${group}`);
};
