/** The metadata services of EC2 instances, and the credentials of their profiles' roles. */
import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { buildArn } from "./arn";
import type { SessionPrincipal } from "./caller";
import type { Check } from "./check";
import { type Instance, type RoleCredentials, startMetadata, urlOf } from "./metadata";
import type { Gateway } from "./services/service";

const MAX_INSTANCES = 64;
const HOUR = 3_600_000;
const SESSION = 6 * HOUR;

export class InstanceProfiles {
  private readonly servers = new Map<string, Server>();

  constructor(private readonly gateway: Gateway) {}

  /** The address of an instance's metadata service, started when first asked for. Undefined where no such instance runs. */
  async metadataUrl(id: string): Promise<string | undefined> {
    if (!/^i-[0-9a-f]+$/.test(id)) return undefined;
    const instance = await this.running(id);
    if (!instance) {
      this.servers.get(id)?.close();
      this.servers.delete(id);
      return undefined;
    }
    const started = this.servers.get(id);
    if (started) return urlOf(started);
    if (this.servers.size >= MAX_INSTANCES) return undefined;
    const isRunning = async () => (await this.running(id)) !== undefined;
    const server = await startMetadata(instance, this.credentialsOf(instance), isRunning, () =>
      this.gateway.clock(),
    );
    this.servers.set(id, server);
    return urlOf(server);
  }

  private async running(id: string): Promise<Instance | undefined> {
    const { moto, accounts, region } = this.gateway;
    const describe = { Action: "DescribeInstances", Version: "2016-11-15", "InstanceId.1": id };
    for (const account of accounts) {
      const answer = await moto.query(account, "ec2", region, describe);
      const [details] = answer?.list("reservationSet", "item")[0]?.list("instancesSet", "item") ?? [];
      if (details?.text("instanceState", "name") === "running") return { id, account, region, details };
    }
    return undefined;
  }

  close(): void {
    for (const server of this.servers.values()) server.close();
  }

  /** Gives an instance the credentials of its profile's role, new ones when an hour or less is left of them. */
  private credentialsOf(instance: Instance): () => Promise<RoleCredentials | undefined> {
    let issued: SessionPrincipal | undefined;
    return async () => {
      const profile = await this.profileOf(instance);
      if (!profile) return undefined;
      const { arn, uniqueId, ...described } = profile;
      const now = this.gateway.clock();
      if (!(await this.mayAssume(instance, arn, now))) return described;
      if (issued?.uniqueId !== uniqueId || issued.session.expires < now + HOUR)
        issued = this.issueSession(instance, profile.role, uniqueId, now);
      const { accessKeyId, secret, session } = issued;
      const { token, issued: since, expires } = session;
      return { ...described, credentials: { accessKeyId, secret, token, issued: since, expires } };
    };
  }

  private async profileOf({ account, details }: Instance) {
    const name = details.text("iamInstanceProfile", "arn")?.split("/").at(-1);
    if (!name) return undefined;
    const found = await this.gateway.moto.iam(account, "GetInstanceProfile", { InstanceProfileName: name });
    const path = ["GetInstanceProfileResult", "InstanceProfile"];
    const [role] = found?.list(...path, "Roles", "member") ?? [];
    if (!role) return undefined;
    return {
      role: role.text("RoleName") ?? "",
      uniqueId: role.text("RoleId") ?? "",
      arn: role.text("Arn") ?? "",
      profileArn: found?.text(...path, "Arn") ?? "",
      profileId: found?.text(...path, "InstanceProfileId") ?? "",
    };
  }

  private async mayAssume({ account, region }: Instance, arn: string, now: number): Promise<boolean> {
    const call = { now: new Date(now), region, sourceIp: "127.0.0.1", headers: {}, requestId: randomUUID() };
    const check: Check = { action: "sts:AssumeRole", resource: arn, account, context: {} };
    return (await this.gateway.decide(call, { service: "ec2.amazonaws.com" }, check)).allowed;
  }

  private issueSession(
    { id, account, region }: Instance,
    name: string,
    uniqueId: string,
    now: number,
  ): SessionPrincipal {
    const arn = buildArn("sts", "", account, `assumed-role/${name}/${id}`, region);
    return this.gateway.identities.issueSession(
      { account, arn, type: "AssumedRole", name, uniqueId },
      {
        issued: now,
        expires: now + SESSION,
        name: id,
        tags: {},
        transitive: [],
        policies: [],
        instance: buildArn("ec2", region, account, `instance/${id}`),
      },
    );
  }
}
