import type { AccountLocation } from "./access/arn";
import { policyDocument } from "./access/policy";
import { permissionSetProfile, roleInstructions } from "./access/role-instructions";
import { assumeRoleStatements, type Trust } from "./access/trust";
import type { StackSettings } from "./stack-settings";

type TrustedAccounts = readonly [AccountLocation, ...AccountLocation[]];

/** The people that a stack's settings let into its roles: a trust statement for each way in which they sign in. */
export function peopleTrust(
  { trustIamUsers, trustedPermissionSets }: StackSettings,
  accounts: TrustedAccounts,
): Pick<Trust, "people" | "permissionSets"> {
  const [first, ...others] = trustedPermissionSets;
  return {
    ...(trustIamUsers && { people: { accounts } }),
    ...(first !== undefined && { permissionSets: { accounts, names: [first, ...others] } }),
  };
}

/** The groups of IAM users of a role: none where the stack trusts no IAM users. */
export const userGroups = (
  { trustIamUsers }: StackSettings,
  ...groups: readonly string[]
): readonly string[] => (trustIamUsers ? groups : []);

/**
 * The instructions for the people of a role, however they sign in. For IAM Identity Center also the inline policy that
 * its administrator gives the permission sets, and a complete profile for the people of the first of them.
 */
export function peopleInstructions(
  trusting: AccountLocation,
  trusted: AccountLocation,
  { sessionDuration, trustIamUsers, trustedPermissionSets }: StackSettings,
  roleName: string,
) {
  const role = { roleName, sessionDuration, mfa: trustIamUsers };
  const instructions = roleInstructions(trusting, trusted, role);
  const [permissionSet, ...others] = trustedPermissionSets;
  const another =
    others.length > 0
      ? `# With another permission set, its name for ${permissionSet}: ${others.join(", ")}\n`
      : "";
  return {
    ...instructions,
    ...(permissionSet !== undefined && {
      permissionSetPolicy: policyDocument(assumeRoleStatements([instructions.roleArn])),
      permissionSetProfile: another + permissionSetProfile(trusting, trusted, role, permissionSet),
    }),
  };
}
