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
  /** Begins and ends with a slash. @default "/" */
  path?: string;
  /** The word that the role's trust asks for. @default none */
  externalId?: string;
  /** Seconds. */
  sessionDuration: number;
  /** Whether the trust asks the people of these instructions for MFA. @default true */
  mfa?: boolean;
}

/** The longest session of a role that is assumed with the credentials of another role, in seconds. */
const LONGEST_CHAINED_SESSION = 3600;

/** A profile's name after a role or permission set: AWS's SDK for JavaScript reads no = and , in it. */
const profileName = (name: string): string => name.replaceAll(/[=,]/g, "-");

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
    `[profile ${profileName(role.roleName)}]`,
    `role_arn = ${roleArn(trusting, role.roleName, role.path)}`,
    "source_profile = YOUR-PROFILE",
    ...(role.mfa === false
      ? []
      : [`mfa_serial = arn:${partitionOf(trusted.region)}:iam::${trusted.accountId}:mfa/YOUR-MFA-DEVICE`]),
    ...(role.externalId === undefined ? [] : [`external_id = ${role.externalId}`]),
    `region = ${trusting.region}`,
    `duration_seconds = ${role.sessionDuration}`,
    "",
  ].join("\n");
}

/**
 * Text for ~/.aws/config of a person who signs in by IAM Identity Center: its session, the profile of the permission
 * set in the trusted account, and the role's profile, which is used. The words in capitals are the organisation's own.
 * https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html
 */
export function permissionSetProfile(
  trusting: AccountLocation,
  trusted: AccountLocation,
  role: InstructedRole,
  permissionSet: string,
): string {
  const source = `${profileName(permissionSet)}-${trusted.accountId}`;
  // A permission set's session is a role's session: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
  const sessionDuration = Math.min(role.sessionDuration, LONGEST_CHAINED_SESSION);
  return [
    // The AWS CLI reads no file in which a section is there twice.
    "# These two sections once, also where you use several roles.",
    "[sso-session identity-center]",
    "sso_start_url = YOUR-ACCESS-PORTAL-URL",
    "sso_region = YOUR-IDENTITY-CENTER-REGION",
    "sso_registration_scopes = sso:account:access",
    "",
    `[profile ${source}]`,
    "sso_session = identity-center",
    `sso_account_id = ${trusted.accountId}`,
    `sso_role_name = ${permissionSet}`,
    `region = ${trusted.region}`,
    "",
    "# This section for each role.",
    cliProfile(trusting, trusted, { ...role, sessionDuration, mfa: false }).replace("YOUR-PROFILE", source),
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
