/** The group of the trusted account whose members use the shared bucket. */
export const GROUP_NAME = "BucketSharers";
