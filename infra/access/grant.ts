import * as iam from "@pulumi/aws/iam";
import type * as pulumi from "@pulumi/pulumi";

/** Something of IAM with a name: a resource of the program, or what exists already. */
interface NamedGrantee {
  name: pulumi.Input<string>;
}

/** Who of the trusted account receives a right: one group, role or user, and no second. */
export type Grantee =
  | { group: NamedGrantee; role?: never; user?: never }
  | { role: NamedGrantee; group?: never; user?: never }
  | { user: NamedGrantee; group?: never; role?: never };

/** Gives a group, role or user an inline policy. */
export function grant(
  name: string,
  grantee: Grantee,
  policy: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  if (grantee.group) new iam.GroupPolicy(name, { name, group: grantee.group.name, policy }, opts);
  else if (grantee.role) new iam.RolePolicy(name, { name, role: grantee.role.name, policy }, opts);
  else new iam.UserPolicy(name, { name, user: grantee.user.name, policy }, opts);
}
