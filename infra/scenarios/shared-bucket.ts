import * as aws from "@pulumi/aws";
import { bucketArn, iamArn } from "../access/arn";
import { policyDocument, type Statement } from "../access/policy";
import { PrivateBucket } from "../access/private-bucket";
import type { Accounts } from "../accounts";
import type { Settings } from "../settings";

const READ = ["s3:ListBucket", "s3:GetObject", "s3:PutObject"];

/**
 * Scenario 5: people of the trusted account read and write a bucket of the trusting account and keep their own rights,
 * so they copy from bucket to bucket in one call. Both sides must allow it; within one account either is enough.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html
 */
export function sharedBucket(settings: Settings, { trusting, trusted }: Accounts) {
  const { sharedBucketName: bucketName, protect } = settings;
  const bucket = bucketArn(trusting, bucketName);
  const use: Statement = { Sid: "Share", Effect: "Allow", Action: READ, Resource: [bucket, `${bucket}/*`] };

  if (trusting.provider)
    new PrivateBucket(
      "shared",
      trusting,
      { bucketName, protect, statements: [{ ...use, Principal: { AWS: iamArn(trusted, "root") } }] },
      { provider: trusting.provider },
    );

  if (trusted.provider) {
    const { provider } = trusted;
    const group = new aws.iam.Group("BucketSharers", { name: "BucketSharers" }, { provider });
    new aws.iam.GroupPolicy(
      "BucketSharers-may-use-shared",
      { name: "use-shared-bucket", group: group.name, policy: policyDocument([use]) },
      { provider },
    );
  }
  return { bucketName };
}
