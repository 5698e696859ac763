import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { type AccountLocation, roleArn } from "./arn";
import { policyDocument, type Statement } from "./policy";
import { TRUST_POLICY_LENGTH, type Trust, trustStatements } from "./trust";

export interface CrossAccountRoleArgs {
  /** The trusting account, where the role is. */
  account: AccountLocation;
  /** Name of the role as people see it, such as UpdateApp. */
  roleName: string;
  /** IAM path, beginning and ending with a slash. @default "/" */
  path?: string;
  description: string;
  /** Who may assume the role, and what they must show. */
  trust: Trust;
  /** What the role may do, and nothing else. */
  permissions: readonly [Statement, ...Statement[]];
  /** Managed policies in addition to `permissions`, by ARN. @default none */
  managedPolicyArns?: readonly string[];
  /** ARN of a managed policy that caps the role whatever its permissions say. @default none */
  permissionsBoundary?: string;
  /** The longest session in seconds, up to 43200. IAM's own minimum for a role is 3600. @default 3600 */
  maxSessionDuration?: number;
  /** The characters that the account's quota "Role trust policy length" allows: up to 8192 on request. @default 2048 */
  trustPolicyLength?: number;
}

/**
 * The trusting side of access by role: a role that principals of other accounts may assume.
 * Its trust policy and permissions are complete at preview.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html
 *
 * @example
 * new CrossAccountRole("UpdateApp", {
 *   account: trustingAccount,
 *   roleName: "UpdateApp",
 *   description: "Updates the production application",
 *   trust: { people: { accounts: [trustedAccount] } }, // with MFA, unless you say otherwise
 *   permissions: readAndWrite(bucket),
 * }, { provider });
 */
export class CrossAccountRole extends pulumi.ComponentResource {
  /** ARN of the role, built from settings: the trusted side needs no output of this one. */
  readonly arn: string;

  /** @throws {Error} where the trust names nobody, or it or the session exceeds what IAM takes. */
  constructor(
    name: string,
    args: CrossAccountRoleArgs,
    opts: pulumi.ComponentResourceOptions & { provider: pulumi.ProviderResource },
  ) {
    super("cross-account-access:access:CrossAccountRole", name, {}, opts);
    const { roleName, path = "/", maxSessionDuration = 3600, trustPolicyLength = TRUST_POLICY_LENGTH } = args;
    if (maxSessionDuration > 43_200)
      throw new Error(`${name}: maxSessionDuration is ${maxSessionDuration} s; IAM takes 3600 to 43200.`);
    const assumeRolePolicy = policyDocument(trustStatements(args.trust));
    if (assumeRolePolicy.length > trustPolicyLength)
      throw new Error(
        `${name}: its trust policy has ${assumeRolePolicy.length} characters; IAM takes ${trustPolicyLength}. Trust fewer accounts, ` +
          'permission sets or principals; or raise the account\'s quota "Role trust policy length", and give it as trustPolicyLength.',
      );
    const ours = { parent: this, provider: opts.provider };
    const role = new iam.Role(
      name,
      {
        name: roleName,
        path,
        description: args.description,
        assumeRolePolicy,
        maxSessionDuration: Math.max(maxSessionDuration, 3600),
        ...(args.permissionsBoundary !== undefined && { permissionsBoundary: args.permissionsBoundary }),
      },
      ours,
    );
    new iam.RolePolicy(
      `${name}-permissions`,
      { name: "permissions", role: role.name, policy: policyDocument(args.permissions) },
      ours,
    );
    for (const policyArn of args.managedPolicyArns ?? [])
      new iam.RolePolicyAttachment(
        `${name}-${policyArn.split("/").pop()}`,
        { role: role.name, policyArn },
        ours,
      );
    this.arn = roleArn(args.account, roleName, path);
    this.registerOutputs({ arn: this.arn });
  }
}
