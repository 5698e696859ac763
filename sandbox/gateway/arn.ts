/** ARNs: parsed and built in one place. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
import { partition } from "@aws-sdk/core/client";
import { type ArnParts, splitArnParts } from "@cloud-copilot/iam-utils";

export const partitionOf = (region: string): string => partition(region).name;

/** An ARN of a service in a Region and account, either of which may be empty. The partition is that of `region`. */
export const buildArn = (
  service: string,
  region: string,
  account: string,
  resource: string,
  partitionRegion = region,
): string => `arn:${partitionOf(partitionRegion)}:${service}:${region}:${account}:${resource}`;

/** The parts of an ARN; each is empty where the text has none. */
export function parseArn(arn: string): Record<keyof ArnParts, string> {
  const parts = splitArnParts(arn);
  const keys = [
    "partition",
    "service",
    "region",
    "accountId",
    "resource",
    "resourceType",
    "resourcePath",
  ] as const;
  return Object.fromEntries(keys.map((key) => [key, parts[key] ?? ""])) as Record<keyof ArnParts, string>;
}

/** The last part of a path, as in `role/path/NAME`. */
export const lastName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
