import type { BucketFixture, Target } from "./types";

const ownBucket: BucketFixture = { fixture: "bucket", side: "trusted", name: "own" };

/** The trusting account as a whole, for actions that belong to no resource. */
export const prod: Target = { name: "prod" };

/** The trusted account as a whole. */
export const dev: Target = { name: "dev", side: "trusted" };

/** A bucket of the trusting account that no scenario is about. */
export const anotherBucket: Target = {
  name: "another bucket of prod",
  bucket: { fixture: "bucket", side: "trusting", name: "other" },
};

/** A parameter of the trusting account that no scenario is about. */
export const anotherParameter: Target = { name: "another parameter", parameter: { fixture: "parameter" } };

/** A bucket of the trusted account, where the persona has permissions of its own. */
export const ownBucketInDev: Target = { name: "own bucket in dev", side: "trusted", bucket: ownBucket };

/** A copy from a bucket of the trusted account to the target's bucket. */
export const copyFromOwnBucket = (to: Target): Target => ({
  ...to,
  name: `own bucket in dev to ${to.name}`,
  sourceBucket: ownBucket,
  copy: { from: ownBucketInDev.name, to: to.name },
});

/** A queue of the trusted account, where the persona has permissions of its own. */
export const ownQueueInDev: Target = {
  name: "own queue in dev",
  side: "trusted",
  queueUrl: { fixture: "queue" },
};
