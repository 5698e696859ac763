import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** Who of the trusted account receives a right: one group, role or user. */
export type Grantee = { group: aws.iam.Group } | { role: aws.iam.Role } | { user: aws.iam.User };

/** Gives a group, role or user an inline policy. */
export function grant(
  name: string,
  grantee: Grantee,
  policy: string,
  opts: pulumi.CustomResourceOptions,
): void {
  if ("group" in grantee) new aws.iam.GroupPolicy(name, { name, group: grantee.group.name, policy }, opts);
  else if ("role" in grantee) new aws.iam.RolePolicy(name, { name, role: grantee.role.name, policy }, opts);
  else new aws.iam.UserPolicy(name, { name, user: grantee.user.name, policy }, opts);
}
