import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePolicyCommand,
  type Role,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity } from "@aws-sdk/types";
import { type AccountLocation, iamArn } from "../../infra/access/arn";
import { policyDocument } from "../../infra/access/policy";
import { PERMISSION_SET_PATH } from "../../infra/access/trust";
import type { PermissionSetPersona } from "../../infra/contract/types";
import type { Caller } from "./caller";
import { retried } from "./settle";
import { SkippedCheck } from "./skipped-check";

/** Tells the roles of checks from all others. */
const DESCRIPTION = "cross-account-access check";
/** Of a role's name, without that of its permission set. */
const ROLE_NAME_LENGTH = "AWSReservedSSO__0123456789abcdef".length;
const POLICY_NAME = "inline-policy";
const LEFT_OVER_AFTER_MS = 3_600_000;

/**
 * Sessions of people who signed in by IAM Identity Center, in the trusted account. AWS reserves the path of a permission
 * set's role, so there only whoever runs the checks as such a person can ask. Elsewhere the roles are created.
 */
export class CheckPermissionSets {
  private readonly iam: IAMClient;
  private readonly sessions = new Map<string, AwsCredentialIdentity>();

  constructor(
    private readonly administrator: Caller,
    private readonly account: AccountLocation,
    private readonly run: string,
  ) {
    this.iam = new IAMClient(administrator);
  }

  /** Creates the role of a permission set as Identity Center would, and a session of it. */
  async create({ name, permissionSet, path, permissions }: PermissionSetPersona): Promise<void> {
    // Identity Center ends the name in 16 hexadecimal digits: here the run's, and the role's number in it.
    const suffix = this.run + this.sessions.size.toString(16).padStart(16 - this.run.length, "0");
    const RoleName = `AWSReservedSSO_${permissionSet}_${suffix}`;
    const trust = { Effect: "Allow", Principal: { AWS: iamArn(this.account, "root") } } as const;
    const { Role } = await this.iam.send(
      new CreateRoleCommand({
        RoleName,
        Path: path,
        Description: this.description,
        AssumeRolePolicyDocument: policyDocument([{ ...trust, Action: "sts:AssumeRole" }]),
      }),
    );
    const PolicyDocument = policyDocument(permissions);
    await this.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: POLICY_NAME, PolicyDocument }));
    const { Credentials } = await retried(() =>
      new STSClient(this.administrator).send(
        new AssumeRoleCommand({ RoleArn: Role!.Arn!, RoleSessionName: "person" }),
      ),
    );
    this.sessions.set(name, {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    });
  }

  /** @throws {SkippedCheck} on AWS, unless the running credentials are such a person's. */
  async credentials(persona: PermissionSetPersona): Promise<AwsCredentialIdentity> {
    const session = this.sessions.get(persona.name);
    if (session) return session;
    const { permissionSet, path } = persona;
    if (!path.startsWith(PERMISSION_SET_PATH))
      throw new SkippedCheck(
        "creates a role named like a permission set's only where the endpoint is not AWS",
      );
    const credentials = await fromNodeProviderChain()().catch(() => undefined);
    if (credentials) {
      const sts = new STSClient({ ...this.administrator, credentials });
      const { Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
      const [, account, role = ""] = /:(\d{12}):assumed-role\/([^/]+)\//.exec(Arn) ?? [];
      const isOfSet = role.startsWith(`AWSReservedSSO_${permissionSet}_`);
      if (
        account === this.account.accountId &&
        isOfSet &&
        role.length === ROLE_NAME_LENGTH + permissionSet.length
      )
        return credentials;
    }
    throw new SkippedCheck(
      `must be asked by a person with the permission set ${permissionSet}: let them run it, with AWS_PROFILE set to theirs`,
    );
  }

  /** Removes the roles of this run, and those that a killed run left behind an hour ago or earlier. */
  async remove(): Promise<void> {
    const { Roles = [] } = await this.iam.send(new ListRolesCommand({ MaxItems: 1000 }));
    for (const role of Roles) if (this.isToRemove(role)) await this.removeRole(role.RoleName!);
  }

  private get description(): string {
    return `${DESCRIPTION} ${this.run}`;
  }

  private isToRemove({ Description = "", CreateDate }: Role): boolean {
    const isOld = CreateDate !== undefined && CreateDate.getTime() < Date.now() - LEFT_OVER_AFTER_MS;
    return Description === this.description || (Description.startsWith(`${DESCRIPTION} `) && isOld);
  }

  private async removeRole(RoleName: string): Promise<void> {
    await this.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: POLICY_NAME }));
    await this.iam.send(new DeleteRoleCommand({ RoleName }));
  }
}
