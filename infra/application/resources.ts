import { bucketArn } from "../access/arn";
import { AssumeRoleGrant } from "../access/assume-role-grant";
import { CrossAccountRole } from "../access/cross-account-role";
import { PrivateBucket } from "../access/private-bucket";
import type { Accounts } from "../account";
import { createGroup } from "../groups";
import { peopleInstructions, peopleTrust } from "../people";
import type { Application, ApplicationContext } from "./application";

/**
 * An application of the trusting account, and the role that people of the trusted account assume for it.
 * Role and bucket keep their names in the program when a stack renames them.
 */
export function deployApplication<Own>(
  application: Application<string, string, Own>,
  context: ApplicationContext<Own>,
  { trusting, trusted }: Accounts,
) {
  const { settings } = context;
  const { roleName, bucketName, sessionDuration, protect, trustedGroup, untrustedGroup } = settings;
  const instructions = peopleInstructions(trusting, trusted, settings, roleName);

  // Step 1, in the trusting account: the application's bucket, and the role that may use it.
  if (trusting.provider) {
    const { provider } = trusting;
    new PrivateBucket(`${application.name}-bucket`, { account: trusting, bucketName, protect }, { provider });
    new CrossAccountRole(
      application.name,
      {
        account: trusting,
        roleName,
        description: application.description,
        trust: peopleTrust(settings, [trusted]),
        permissions: application.permissions(context, bucketArn(trusting, bucketName)),
        maxSessionDuration: sessionDuration,
      },
      { provider },
    );
  }

  // Step 2, in the trusted account: members of one group may assume exactly that role.
  if (trusted.provider && settings.trustIamUsers) {
    const { provider } = trusted;
    const group = settings.createTrustedGroup ? createGroup(trustedGroup, provider) : { name: trustedGroup };
    if (untrustedGroup) createGroup(untrustedGroup, provider);
    new AssumeRoleGrant(
      `${application.trustedGroup}-may-assume-${application.name}`,
      { grantee: { group }, roleArns: [instructions.roleArn] },
      { provider },
    );
  }

  // Step 3: the instructions for members of the group, and for people of IAM Identity Center.
  return { ...instructions, bucketName, ...application.output?.(context) };
}
