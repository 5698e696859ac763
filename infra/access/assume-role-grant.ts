import * as pulumi from "@pulumi/pulumi";
import { type Grantee, grant } from "./grant";
import { policyDocument } from "./policy";
import { assumeRoleStatements, type SessionRights } from "./trust";

/**
 * The trusted side of access by role: lets a group, role or user assume exactly the given roles.
 * A group cannot be a principal of a trust policy, so the account is trusted and the group is granted here.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html
 */
export class AssumeRoleGrant extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: SessionRights & {
      grantee: Grantee;
      /** By ARN: text, or another resource's output. */
      roleArns: pulumi.Input<readonly [pulumi.Input<string>, ...pulumi.Input<string>[]]>;
    },
    opts: pulumi.ComponentResourceOptions & { provider: pulumi.ProviderResource },
  ) {
    super("cross-account-access:access:AssumeRoleGrant", name, {}, opts);
    const policy = pulumi
      .output(args.roleArns)
      .apply((roleArns) => policyDocument(assumeRoleStatements(roleArns as [string], args)));
    grant(name, args.grantee, policy, { parent: this, provider: opts.provider });
    this.registerOutputs({});
  }
}
