import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument } from "./policy";
import { assumeActions, type SessionRights } from "./trust";

/** Who of the trusted account receives the right: one group, role or user. */
export type Grantee = { group: aws.iam.Group } | { role: aws.iam.Role } | { user: aws.iam.User };

/**
 * The trusted side of access by role: lets a group, role or user assume exactly the given roles.
 * A group cannot be a principal of a trust policy, so the account is trusted and the group is granted here.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html
 */
export class AssumeRoleGrant extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: SessionRights & { grantee: Grantee; roleArns: readonly [string, ...string[]] },
    opts: pulumi.ComponentResourceOptions & { provider: pulumi.ProviderResource },
  ) {
    super("cross-account-access:access:AssumeRoleGrant", name, {}, opts);
    const policy = policyDocument([
      { Sid: "AssumeRole", Effect: "Allow", Action: assumeActions(args), Resource: [...args.roleArns] },
    ]);
    const ours = { parent: this, provider: opts.provider };
    const { grantee } = args;
    if ("group" in grantee) new aws.iam.GroupPolicy(name, { name, group: grantee.group.name, policy }, ours);
    else if ("role" in grantee) new aws.iam.RolePolicy(name, { name, role: grantee.role.name, policy }, ours);
    else new aws.iam.UserPolicy(name, { name, user: grantee.user.name, policy }, ours);
    this.registerOutputs({});
  }
}
