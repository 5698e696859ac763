/** What the gateway's tests share: two accounts and an outsider, and real clients for the users and roles in them. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from "@aws-sdk/client-sts";
import type { AwsCredentialIdentity } from "@smithy/types";
import { Secret, TOTP } from "otpauth";
import { accountEnvironment, awsConfig } from "../accounts";
import { ControlClient } from "../gateway/control-client";
import type { DecisionRecord } from "../gateway/decisions";
import type { MotoEndpoint } from "../gateway/moto";
import { startMoto } from "../gateway/moto-server";
import { type RunningGateway, startGateway } from "../gateway/server";
import { toolchain } from "../toolchain";

export const REGION = "ap-northeast-1";
export const ACCOUNTS = { dev: "111111111111", prod: "222222222222", outsider: "333333333333" };
/** dev and prod are of one organization; the outsider is not. */
export const ORGANIZATION = { id: "o-sandbox0001", profiles: ["dev", "prod"] };
export type Profile = keyof typeof ACCOUNTS;

export interface Person {
  name: string;
  arn: string;
  credentials: AwsCredentialIdentity;
}
export interface Device {
  serial: string;
  /** The code of the step `steps` from the world's now. */
  code(steps?: number): string;
}

type StatementInput = Record<string, unknown>;
/** A policy document; the statement's Effect is Allow unless it says otherwise. */
export const policy = (...statements: StatementInput[]): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map((statement) => ({ Effect: "Allow", ...statement })),
  });
export const allow = (Action: string | string[], Resource: string | string[] = "*") =>
  policy({ Action, Resource });

type ClientClass<T> = new (configuration: object) => T;

/** The sandbox's accounts in this very process, with a clock that tests can move. */
export class World {
  private constructor(
    readonly gateway: RunningGateway,
    private readonly moto: ChildProcess,
    /** Where moto listens: for the gateway alone. */
    readonly motoEndpoint: MotoEndpoint,
    private readonly directory: string,
    private readonly time: { offset: number },
  ) {}

  static async start(): Promise<World> {
    const directory = mkdtempSync(join(tmpdir(), "gateway-"));
    const motoServer = process.env.MOTO_SERVER ?? (await toolchain()).motoServer;
    const { moto, endpoint } = await startMoto(motoServer, directory, () => {});
    // Tests that are interrupted leave no moto either.
    process.once("exit", () => moto.kill("SIGKILL"));
    const time = { offset: 0 };
    const clock = () => Date.now() + time.offset;
    return new World(
      await startGateway({
        accounts: ACCOUNTS,
        organization: ORGANIZATION,
        region: REGION,
        moto: endpoint,
        clock,
        ...(process.env.DEBUG ? { log: console.error } : {}),
      }),
      moto,
      endpoint,
      directory,
      time,
    );
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    this.moto.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Milliseconds since 1970 by the gateway's clock. */
  now = (): number => Date.now() + this.time.offset;

  /** Moves the gateway's clock, and that of clients made from then on. */
  advance(seconds: number): void {
    this.time.offset += seconds * 1000;
  }

  /** A client of the SDK with these credentials, without retries. */
  client<T>(make: ClientClass<T>, credentials: AwsCredentialIdentity, more: object = {}): T {
    return new make({
      region: REGION,
      endpoint: this.gateway.url,
      credentials,
      systemClockOffset: this.time.offset,
      maxAttempts: 1,
      ...more,
    });
  }

  admin<T>(make: ClientClass<T>, profile: Profile): T {
    return this.client(make, this.gateway.administrators[profile]!);
  }

  /** What a command needs in its environment to act as the administrator of a profile, as in the sandbox's own shell. */
  environment(profile: Profile): Record<string, string> {
    const awsConfigFile = join(this.directory, "config");
    writeFileSync(awsConfigFile, awsConfig(this.gateway, REGION), { mode: 0o600 });
    const { url } = this.gateway;
    const { directory } = this;
    return accountEnvironment({ accounts: ACCOUNTS, awsConfigFile, directory, region: REGION, url }, profile);
  }

  /** A new IAM user with an access key, and with an inline policy if one is given. */
  async person(profile: Profile, name: string, document?: string): Promise<Person> {
    const iam = this.admin(IAMClient, profile);
    const { User } = await iam.send(new CreateUserCommand({ UserName: name }));
    if (document)
      await iam.send(
        new PutUserPolicyCommand({ UserName: name, PolicyName: "own", PolicyDocument: document }),
      );
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
    return {
      name,
      arn: User!.Arn!,
      credentials: { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! },
    };
  }

  /** A new role; gives its ARN. */
  async role(
    profile: Profile,
    name: string,
    trust: string,
    document?: string,
    more: object = {},
  ): Promise<string> {
    const iam = this.admin(IAMClient, profile);
    const { Role } = await iam.send(
      new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust, ...more }),
    );
    if (document)
      await iam.send(
        new PutRolePolicyCommand({ RoleName: name, PolicyName: "own", PolicyDocument: document }),
      );
    return Role!.Arn!;
  }

  /** A new virtual MFA device, enabled for a user if one is named: codes of the two steps before now are then used. */
  async device(profile: Profile, name: string, user?: string): Promise<Device> {
    const iam = this.admin(IAMClient, profile);
    const { VirtualMFADevice } = await iam.send(
      new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name }),
    );
    const secret = Secret.fromBase32(Buffer.from(VirtualMFADevice!.Base32StringSeed!).toString());
    const totp = new TOTP({ secret });
    const serial = VirtualMFADevice!.SerialNumber!;
    const code = (steps = 0) => totp.generate({ timestamp: this.now() + steps * 30_000 });
    if (user)
      await iam.send(
        new EnableMFADeviceCommand({
          UserName: user,
          SerialNumber: serial,
          AuthenticationCode1: code(-2),
          AuthenticationCode2: code(-1),
        }),
      );
    return { serial, code };
  }

  /** Assumes a role; gives its credentials. */
  async assume(
    credentials: AwsCredentialIdentity,
    roleArn: string,
    more: Partial<AssumeRoleCommandInput> = {},
  ): Promise<AwsCredentialIdentity> {
    const sts = this.client(STSClient, credentials);
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "session", ...more }),
    );
    return {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  }

  /** An HTTP request as it is written, without a signature. */
  raw(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body: string | Buffer = "",
  ): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const out = request(`${this.gateway.url}`, { method, path, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({ status: answer.statusCode!, body: Buffer.concat(chunks).toString() }),
        );
      });
      out.on("error", reject);
      out.end(body);
    });
  }

  async decisions(since = 0): Promise<DecisionRecord[]> {
    return new ControlClient(this.gateway.url).decisions(since);
  }
}

/** `allowed`, or the name of the error that a request ends with. */
export const outcome = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "allowed",
    (error: Error) => error.name,
  );
/** The message that a request ends with; empty when it succeeds. */
export const words = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "",
    (error: Error) => error.message,
  );
