/** The partition of a region: aws, aws-cn or aws-us-gov. */
export type Partition = "aws" | "aws-cn" | "aws-us-gov";

/** Where something lives: enough to build its ARN before it exists, so that a preview shows it whole. */
export interface AccountLocation {
  partition: Partition;
  region: string;
  accountId: string;
}

/** The partition that a region belongs to. https://docs.aws.amazon.com/general/latest/gr/rande.html */
export function partitionOf(region: string): Partition {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** ARN of an IAM resource, such as `iamArn(place, "role/UpdateApp")`. */
export const iamArn = (place: AccountLocation, resource: string): string =>
  `arn:${place.partition}:iam::${place.accountId}:${resource}`;

/** ARN of a role. @param path begins and ends with a slash. */
export const roleArn = (place: AccountLocation, name: string, path = "/"): string =>
  iamArn(place, `role${path}${name}`);

/** ARN of an OpenID Connect provider of the account. @param issuer the provider's URL without https:// */
export const oidcProviderArn = (place: AccountLocation, issuer: string): string =>
  iamArn(place, `oidc-provider/${issuer}`);

/** ARN of a bucket, or of its objects: `bucketArn(place, "name", "/*")`. Bucket ARNs carry no account. */
export const bucketArn = (place: AccountLocation, name: string, objects: "" | `/${string}` = ""): string =>
  `arn:${place.partition}:s3:::${name}${objects}`;

/** ARN of a resource of a service in a region, such as `arn(place, "ssm", "parameter/greeting")`. */
export const arn = (
  { partition, region, accountId }: AccountLocation,
  service: string,
  resource: string,
): string => `arn:${partition}:${service}:${region}:${accountId}:${resource}`;

/** The domain that a service's endpoints of a region end in. https://docs.aws.amazon.com/general/latest/gr/rande.html */
export const dnsSuffix = ({ partition }: AccountLocation): string =>
  partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
