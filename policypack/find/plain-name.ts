/** A property's name without case and underscores: the same for @pulumi/aws, CloudFormation and Terraform. */
export const plainName = (key: string): string => key.replaceAll("_", "").toLowerCase();
