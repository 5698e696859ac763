/**
 * IAM Identity Center, as far as an account sees it: a role for each permission set that is assigned there, at a path
 * where IAM lets nobody else create one, and sessions of it for the people who have signed in.
 * https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html
 */
import { randomBytes } from "node:crypto";
import { buildArn } from "./arn";
import type { SessionPrincipal } from "./caller";
import type { Gateway } from "./services/service";

const HOUR = 3_600_000;
const PATH = /^\/aws-reserved\/sso\.amazonaws\.com\/([a-z0-9-]+\/)?$/;
const POLICY_NAME = "AwsSSOInlinePolicy";

/** A permission set, assigned in an account. */
export interface Assignment {
  account: string;
  permissionSet: string;
  /** Of the role. With a region, unless Identity Center is in us-east-1. */
  path: string;
  /** The inline policy, as JSON. */
  policy: string;
}

export class IdentityCenter {
  private readonly roles: { account: string; role: string; since: number }[] = [];

  constructor(private readonly gateway: Gateway) {}

  /** Creates the role of an assignment, and a session of it. Undefined where IAM or Identity Center takes no such role. */
  async assign({ account, permissionSet, path, policy }: Assignment): Promise<SessionPrincipal | undefined> {
    const { accounts, region, identities, iam } = this.gateway;
    if (!accounts.includes(account) || !PATH.test(path)) return undefined;
    const now = this.gateway.clock();
    // A check that was killed took none of its roles away.
    for (const old of this.roles.filter(({ since }) => since < now - HOUR))
      await this.remove(old.account, old.role);
    const role = `AWSReservedSSO_${permissionSet}_${randomBytes(8).toString("hex")}`;
    const provider = buildArn(
      "iam",
      "",
      account,
      "saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE",
      region,
    );
    const trust = { Effect: "Allow", Principal: { Federated: provider }, Action: "sts:AssumeRoleWithSAML" };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
    const created = await this.change(account, "CreateRole", {
      RoleName: role,
      Path: path,
      AssumeRolePolicyDocument,
    });
    if (!created) return undefined;
    this.roles.push({ account, role, since: now });
    await this.change(account, "PutRolePolicy", {
      RoleName: role,
      PolicyName: POLICY_NAME,
      PolicyDocument: policy,
    });
    const uniqueId = (await iam.account(account)).roles.get(role)?.id ?? "";
    const name = "person@example.com";
    const arn = buildArn("sts", "", account, `assumed-role/${role}/${name}`, region);
    return identities.issueSession(
      { account, arn, type: "AssumedRole", name: role, uniqueId },
      { issued: now, expires: now + HOUR, name, tags: {}, transitive: [], policies: [] },
    );
  }

  /** Takes the role of an assignment away; false where there is no such role. */
  async remove(account: string, role: string): Promise<boolean> {
    const index = this.roles.findIndex((kept) => kept.account === account && kept.role === role);
    if (index < 0) return false;
    this.roles.splice(index, 1);
    await this.change(account, "DeleteRolePolicy", { RoleName: role, PolicyName: POLICY_NAME });
    await this.change(account, "DeleteRole", { RoleName: role });
    return true;
  }

  private async change(account: string, action: string, params: Record<string, string>) {
    const { iam, moto } = this.gateway;
    iam.forget(account);
    const answer = await moto.iam(account, action, params);
    iam.forget(account);
    return answer;
  }
}
