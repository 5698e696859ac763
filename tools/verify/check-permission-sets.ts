import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
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

const POLICY_NAME = "inline-policy";
/** Of a role's name, without that of its permission set. */
const ROLE_NAME_LENGTH = "AWSReservedSSO__0123456789abcdef".length;

/** What an endpoint that keeps roles as Identity Center does answers: the role's name, and a session of it. */
interface Assigned extends AwsCredentialIdentity {
  role: string;
}

/**
 * Sessions of people who signed in by IAM Identity Center, in the trusted account. Nobody but Identity Center can create
 * the role of a permission set: an endpoint that is not AWS is asked for one, and on AWS only a person who runs the
 * checks with such a session can ask.
 */
export class CheckPermissionSets {
  private readonly sessions = new Map<string, AwsCredentialIdentity>();
  private readonly removals: (() => Promise<unknown>)[] = [];

  constructor(
    private readonly administrator: Caller,
    private readonly account: AccountLocation,
    private readonly run: string,
  ) {}

  /** Prepares the session of a persona, where the endpoint is not AWS. */
  async create(persona: PermissionSetPersona): Promise<void> {
    const { endpoint } = this.administrator;
    if (endpoint === undefined || this.sessions.has(persona.name)) return;
    const session = isReserved(persona) ? await this.assign(persona, endpoint) : await this.imitate(persona);
    if (session) this.sessions.set(persona.name, session);
  }

  /** @throws {SkippedCheck} on AWS, unless the running credentials are such a person's. */
  async credentials(persona: PermissionSetPersona): Promise<AwsCredentialIdentity> {
    const session = this.sessions.get(persona.name) ?? (await this.ownSession(persona));
    if (session) return session;
    const { permissionSet } = persona;
    throw new SkippedCheck(
      isReserved(persona)
        ? `must be asked by a person with the permission set ${permissionSet}: let them run it, with AWS_PROFILE set to theirs`
        : "creates roles only where the endpoint is not AWS",
    );
  }

  /** Removes the roles that were created. */
  async remove(): Promise<void> {
    for (const remove of this.removals.splice(0)) await remove();
  }

  /** A role as Identity Center keeps it, from an endpoint that can; undefined where it cannot. */
  private async assign(
    { permissionSet, path, permissions }: PermissionSetPersona,
    endpoint: string,
  ): Promise<AwsCredentialIdentity | undefined> {
    const account = this.account.accountId;
    const ask = (method: string, query: Record<string, string>) =>
      fetch(new URL(`/_sandbox/permission-set?${new URLSearchParams(query)}`, endpoint), { method });
    const answer = await ask("POST", { account, permissionSet, path, policy: policyDocument(permissions) });
    if (!answer.ok) return undefined;
    const { role, ...credentials } = (await answer.json()) as Assigned;
    this.removals.push(() => ask("DELETE", { account, role }));
    return credentials;
  }

  /** A role with such a name at another path, as any administrator of the account can create it. */
  private async imitate({ permissionSet, path, permissions }: PermissionSetPersona) {
    const iam = new IAMClient(this.administrator);
    const RoleName = `AWSReservedSSO_${permissionSet}_${this.run}${this.run}`;
    const PolicyName = POLICY_NAME;
    const trust = { Effect: "Allow", Principal: { AWS: iamArn(this.account, "root") } } as const;
    const { Role } = await iam.send(
      new CreateRoleCommand({
        RoleName,
        Path: path,
        AssumeRolePolicyDocument: policyDocument([{ ...trust, Action: "sts:AssumeRole" }]),
      }),
    );
    this.removals.push(() => iam.send(new DeleteRoleCommand({ RoleName })));
    const PolicyDocument = policyDocument(permissions);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
    this.removals.unshift(() => iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName })));
    const assume = new AssumeRoleCommand({ RoleArn: Role!.Arn!, RoleSessionName: "person" });
    const { Credentials } = await retried(() => new STSClient(this.administrator).send(assume));
    return {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  }

  /** The running credentials, if they are of the persona's permission set in the trusted account. */
  private async ownSession(persona: PermissionSetPersona): Promise<AwsCredentialIdentity | undefined> {
    if (this.administrator.endpoint !== undefined || !isReserved(persona)) return undefined;
    const credentials = await fromNodeProviderChain()().catch(() => undefined);
    if (!credentials) return undefined;
    const sts = new STSClient({ ...this.administrator, credentials });
    const { Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
    const [, account, role = ""] = /:(\d{12}):assumed-role\/([^/]+)\//.exec(Arn) ?? [];
    const isOfSet =
      role.startsWith(`AWSReservedSSO_${persona.permissionSet}_`) &&
      role.length === ROLE_NAME_LENGTH + persona.permissionSet.length;
    return account === this.account.accountId && isOfSet ? credentials : undefined;
  }
}

const isReserved = ({ path }: PermissionSetPersona): boolean => path.startsWith(PERMISSION_SET_PATH);
