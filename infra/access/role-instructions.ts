import { type AccountLocation, type Partition, partitionOf, roleArn } from "./arn";

const CONSOLE: Record<Partition, string> = {
  aws: "signin.aws.amazon.com",
  "aws-cn": "signin.amazonaws.cn",
  "aws-us-gov": "signin.amazonaws-us-gov.com",
};

/**
 * The link that opens the console's Switch Role page, filled in.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-console.html
 * @throws {Error} where path and name together exceed the 64 characters that the console takes.
 */
export function switchRoleLink(trusting: AccountLocation, roleName: string, path = "/"): string {
  const role = `${path}${roleName}`.slice(1);
  if (role.length > 64)
    throw new Error(`The console takes 64 characters of path and role name; ${role} has ${role.length}.`);
  const query = new URLSearchParams({
    account: trusting.accountId,
    roleName: role,
    displayName: `${roleName}@${trusting.accountId}`,
  });
  return `https://${CONSOLE[trusting.partition]}/switchrole?${query}`;
}

/** The role that the instructions are about, as the trusting account deploys it. */
export interface InstructedRole {
  roleName: string;
  /** Begins and ends with a slash. Default: "/". */
  path?: string;
  /** The word that the role's trust asks for. Default: none. */
  externalId?: string;
  /** Seconds. */
  sessionDuration: number;
}

/**
 * Text for ~/.aws/config. The two words in capitals are the person's own: the profile of their own
 * credentials, and the name of their MFA device (the console shows it under Security credentials).
 * https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
 */
export function cliProfile(
  trusting: AccountLocation,
  trusted: AccountLocation,
  role: InstructedRole,
): string {
  return [
    `[profile ${role.roleName}]`,
    `role_arn = ${roleArn(trusting, role.roleName, role.path)}`,
    "source_profile = YOUR-PROFILE",
    `mfa_serial = arn:${partitionOf(trusted.region)}:iam::${trusted.accountId}:mfa/YOUR-MFA-DEVICE`,
    ...(role.externalId === undefined ? [] : [`external_id = ${role.externalId}`]),
    `region = ${trusting.region}`,
    `duration_seconds = ${role.sessionDuration}`,
    "",
  ].join("\n");
}

/**
 * The instructions for people who may assume a role: its ARN, the switch-role link and the profile. Known before anything is deployed.
 * With an external ID there is no switch-role link, since the console sends none.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html
 * @throws {Error} where path and name together exceed the 64 characters that the console takes.
 */
export function roleInstructions(trusting: AccountLocation, trusted: AccountLocation, role: InstructedRole) {
  const { roleName, path, externalId } = role;
  return {
    roleArn: roleArn(trusting, roleName, path),
    ...(externalId === undefined && { switchRoleLink: switchRoleLink(trusting, roleName, path) }),
    cliProfile: cliProfile(trusting, trusted, role),
  };
}
