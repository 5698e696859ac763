import { ResourceBasedAccess } from "../../access/resource-based-access";
import { bucket } from "../../access/shared-resource";
import type { Accounts } from "../../account";
import { createGroup } from "../../groups";
import type { ScenarioContext } from "../../scenario";
import { GROUP_NAME } from "./names";
import type { SharedBucketSettings } from "./settings";

/**
 * Scenario 5: people of the trusted account read and write a bucket of the trusting account and keep their own rights,
 * so they copy from bucket to bucket in one call. Both sides must allow it; within one account either is enough.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html
 */
export function deploy({ settings }: ScenarioContext<SharedBucketSettings>, accounts: Accounts) {
  const { sharedBucketName: bucketName, protect } = settings;
  const { trusting, trusted } = accounts;
  const { provider } = trusted;
  const group = provider && createGroup(GROUP_NAME, provider);
  new ResourceBasedAccess("BucketSharers-may-use-shared", {
    accounts,
    grantee: group && { group },
    resources: { shared: bucket(trusting, { bucketName, protect }) },
  });
  return { bucketName };
}
