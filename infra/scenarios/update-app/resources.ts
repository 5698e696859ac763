import { bucketArn } from "../../access/arn";
import { AssumeRoleGrant } from "../../access/assume-role-grant";
import { CrossAccountRole } from "../../access/cross-account-role";
import type { Statement } from "../../access/policy";
import { PrivateBucket } from "../../access/private-bucket";
import type { Accounts } from "../../account";
import { createGroup } from "../../groups";
import { peopleInstructions, peopleTrust } from "../../people";
import type { ScenarioContext } from "../../scenario";
import { ROLE_NAME } from "./names";
import type { UpdateAppSettings } from "./settings";

/**
 * Scenario 1: a few people of the trusted account update the production application.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html
 */
export function deploy({ settings }: ScenarioContext<UpdateAppSettings>, { trusting, trusted }: Accounts) {
  const { bucketName, sessionDuration, protect, trustIamUsers, roleName, trustedGroup, untrustedGroup } =
    settings;
  const instructions = peopleInstructions(trusting, trusted, settings, roleName);

  // Step 1, in the trusting account: the application's bucket, and the role that may update it.
  if (trusting.provider) {
    const { provider } = trusting;
    new PrivateBucket("productionapp", { account: trusting, bucketName, protect }, { provider });
    new CrossAccountRole(
      ROLE_NAME,
      {
        account: trusting,
        roleName,
        description: "Updates the production application",
        trust: peopleTrust(settings, [trusted]),
        permissions: readAndWrite(bucketArn(trusting, bucketName)),
        maxSessionDuration: sessionDuration,
      },
      { provider },
    );
  }

  // Step 2, in the trusted account: Developers may assume exactly that role. Testers may not.
  if (trusted.provider && trustIamUsers) {
    const { provider } = trusted;
    const developers = settings.createTrustedGroup
      ? createGroup(trustedGroup, provider)
      : { name: trustedGroup };
    if (untrustedGroup) createGroup(untrustedGroup, provider);
    new AssumeRoleGrant(
      "Developers-may-assume-UpdateApp",
      { grantee: { group: developers }, roleArns: [instructions.roleArn] },
      { provider },
    );
  }

  // Step 3: the instructions for members of Developers, and for people of IAM Identity Center.
  return { ...instructions, bucketName };
}

/** May find, list, read and write one bucket. The first statement is what the console's list of buckets asks. */
function readAndWrite(arn: string): [Statement, ...Statement[]] {
  return [
    { Sid: "FindInConsole", Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" },
    { Sid: "List", Effect: "Allow", Action: ["s3:ListBucket", "s3:GetBucketLocation"], Resource: arn },
    {
      Sid: "ReadAndWrite",
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
      Resource: `${arn}/*`,
    },
  ];
}
