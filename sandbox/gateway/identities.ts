/** Who is calling: access keys, sessions and virtual MFA devices, learned from what passes through the door. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import { AwsError, type Call, type Context, text } from "./call";
import type { Answer } from "./errors";
import { parseXml } from "./moto";
import type { Policies } from "./policies";
import type { Signed } from "./signature";

/** A caller whose signature is to be checked with `secret`. */
export interface Principal {
  accessKeyId: string;
  secret: string;
  account: string;
  arn: string;
  type: "User" | "AssumedRole";
  /** The user's or the role's name. */
  name: string;
  /** AWS's unique ID of the user or role: sessions of one that was made anew under the same name are void. */
  uniqueId: string;
  session?: Session;
}

/** An AWS service that acts for itself, such as `ec2.amazonaws.com` handing out an instance profile's role. */
export interface ServicePrincipal {
  service: string;
}

/** What temporary credentials carry. Times in milliseconds since 1970. */
export interface Session {
  token: string;
  issued: number;
  expires: number;
  /** The role session's name; absent for GetSessionToken. */
  name?: string;
  /** When MFA was done, for GetSessionToken; `false` when it was not. Credentials of AssumeRole carry neither. */
  mfaAt?: number | false;
  tags: Record<string, string>;
  transitive: string[];
  sourceIdentity?: string;
  /** Credentials of an EC2 instance profile: to assume a role with them is no role chaining. */
  instance?: string;
  policies: unknown[];
}

interface Device {
  account: string;
  seed: string;
  user?: string | undefined;
  /** Steps whose code was taken: a code counts once. */
  used: Set<number>;
}

const PERIOD = 30;
const MAX_SESSIONS = 10_000;
const HOUR = 3_600_000;

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** A random identifier as AWS makes them: `prefix` and 16 letters and digits. */
export const newId = (prefix: string): string =>
  prefix + [...randomBytes(16)].map((byte) => letters[byte & 31]).join("");

export class Identities {
  private readonly keys = new Map<
    string,
    { secret: string; account: string; user: string; active: boolean }
  >();
  private readonly devices = new Map<string, Device>();
  private readonly sessions = new Map<string, Principal & { session: Session }>();

  constructor(private readonly policies: Policies) {}

  /** The principal of an access key. Throws InvalidClientTokenId, InvalidToken or ExpiredToken as AWS does. */
  async principal(signed: Signed, now: number): Promise<Principal> {
    const unknown = new AwsError(
      "InvalidClientTokenId",
      "The security token included in the request is invalid.",
    );
    const session = this.sessions.get(signed.accessKeyId);
    if (session) {
      const given = Buffer.from(signed.token ?? "");
      const expected = Buffer.from(session.session.token);
      if (given.length !== expected.length || !timingSafeEqual(given, expected))
        throw new AwsError("InvalidToken", "The security token included in the request is invalid.");
      if (session.session.expires <= now)
        throw new AwsError("ExpiredToken", "The security token included in the request is expired");
      const { users, roles } = await this.policies.account(session.account);
      const owner = session.type === "User" ? users.get(session.name) : roles.get(session.name);
      if (owner?.id !== session.uniqueId) throw unknown;
      return session;
    }
    const key = this.keys.get(signed.accessKeyId);
    if (!key?.active) throw unknown;
    if (signed.token)
      throw new AwsError("InvalidToken", "The security token included in the request is invalid.");
    const user = (await this.policies.account(key.account)).users.get(key.user);
    if (!user) throw unknown;
    return {
      accessKeyId: signed.accessKeyId,
      secret: key.secret,
      account: key.account,
      arn: user.arn,
      type: "User",
      name: key.user,
      uniqueId: user.id,
    };
  }

  /** Gives out temporary credentials. `expires` in milliseconds since 1970. */
  vend(
    owner: Omit<Principal, "accessKeyId" | "secret" | "session">,
    session: Omit<Session, "token">,
  ): Principal & { session: Session } {
    // Long-expired sessions go; should a caller flood the door, the oldest go first.
    for (const [id, old] of this.sessions)
      if (old.session.expires < session.issued - HOUR || this.sessions.size >= MAX_SESSIONS)
        this.sessions.delete(id);
      else if (this.sessions.size < 100) break;
    const principal = {
      ...owner,
      accessKeyId: newId("ASIA"),
      secret: randomBytes(30).toString("base64"),
      session: { ...session, token: randomBytes(270).toString("base64") },
    };
    this.sessions.set(principal.accessKeyId, principal);
    return principal;
  }

  /** Ends a session's life at `now`; false when there is no such session. */
  expire(accessKeyId: string, now: number): boolean {
    const found = this.sessions.get(accessKeyId);
    if (found) found.session.expires = now;
    return found !== undefined;
  }

  /**
   * Takes a one-time code for a principal; throws AccessDenied in AWS's words when the device is not the caller's
   * own enabled one, or the code is wrong or was used.
   */
  useCode(principal: Principal, serial: string | undefined, code: string | undefined, now: number): void {
    if (!serial || !code)
      throw new AwsError(
        "AccessDenied",
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
      );
    const device = this.devices.get(serial);
    const own =
      principal.type === "User" && device?.account === principal.account && device.user === principal.name;
    if (!device || !own)
      throw new AwsError(
        "AccessDenied",
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
      );
    const step = stepOf(device, code, now, 1);
    if (step === undefined || device.used.has(step))
      throw new AwsError(
        "AccessDenied",
        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
      );
    take(device, step);
  }

  /** Before IAM sees a call: EnableMFADevice needs two consecutive codes of a device that is nobody's yet. */
  check(call: Call, account: string): void {
    if (call.operation !== "EnableMFADevice") return;
    const device = this.devices.get(text(call.params.SerialNumber) ?? "");
    if (!device || device.account !== account)
      throw new AwsError(
        "NoSuchEntity",
        `VirtualMFADevice with serial number ${call.params.SerialNumber} does not exist.`,
        404,
      );
    if (device.user !== undefined)
      throw new AwsError("EntityAlreadyExists", "MFA device is already in use.", 409);
    const [first, second] = ["AuthenticationCode1", "AuthenticationCode2"].map((name) =>
      stepOf(device, text(call.params[name]) ?? "", call.now.getTime(), 2),
    );
    if (first === undefined || second !== first + 1 || device.used.has(first) || device.used.has(second))
      throw new AwsError("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403);
    take(device, first);
    take(device, second);
  }

  /** After IAM has done a call: what it means for keys and devices. */
  learn(call: Call, account: string, answer: Answer): void {
    const { params } = call;
    const serial = text(params.SerialNumber) ?? "";
    const key = this.keys.get(text(params.AccessKeyId) ?? "");
    switch (call.operation) {
      case "CreateAccessKey": {
        const made = (name: string) =>
          parseXml(answer.body).text("CreateAccessKeyResult", "AccessKey", name)!;
        this.keys.set(made("AccessKeyId"), {
          secret: made("SecretAccessKey"),
          account,
          user: made("UserName"),
          active: true,
        });
        break;
      }
      case "UpdateAccessKey":
        if (key?.account === account) key.active = params.Status === "Active";
        break;
      case "DeleteAccessKey":
        if (key?.account === account) this.keys.delete(text(params.AccessKeyId)!);
        break;
      case "UpdateUser":
        for (const one of [...this.keys.values(), ...this.devices.values()])
          if (one.account === account && one.user === params.UserName)
            one.user = text(params.NewUserName) ?? one.user;
        break;
      case "DeleteUser":
        for (const [id, one] of this.keys)
          if (one.account === account && one.user === params.UserName) this.keys.delete(id);
        for (const one of this.devices.values())
          if (one.account === account && one.user === params.UserName) one.user = undefined;
        break;
      case "CreateVirtualMFADevice": {
        const made = (name: string) =>
          parseXml(answer.body).text("CreateVirtualMFADeviceResult", "VirtualMFADevice", name)!;
        const seed = Buffer.from(made("Base32StringSeed"), "base64").toString();
        this.devices.set(made("SerialNumber"), { account, seed, used: new Set() });
        break;
      }
      case "EnableMFADevice": {
        const device = this.devices.get(serial);
        if (device) device.user = text(params.UserName)!;
        break;
      }
      case "DeactivateMFADevice":
        delete this.devices.get(serial)?.user;
        break;
      case "DeleteVirtualMFADevice":
        this.devices.delete(serial);
        break;
    }
  }
}

/** The time step whose code this is, within `window` steps of now. */
function stepOf(device: Device, code: string, now: number, window: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = new TOTP({ secret: Secret.fromBase32(device.seed), period: PERIOD }).validate({
    token: code,
    timestamp: now,
    window,
  });
  return delta === null ? undefined : Math.floor(now / 1000 / PERIOD) + delta;
}

function take(device: Device, step: number): void {
  for (const old of device.used) if (old < step - 10) device.used.delete(old);
  device.used.add(step);
}

/** The condition keys that a principal brings to every request. */
export async function principalContext(
  principal: Principal,
  policies: Policies,
  now: number,
): Promise<Context> {
  const { users, roles } = await policies.account(principal.account);
  const { session } = principal;
  const owner = principal.type === "User" ? users.get(principal.name) : roles.get(principal.name);
  const context: Context = {
    // Of a role's session, the role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    "aws:PrincipalArn": owner?.arn ?? principal.arn,
    "aws:PrincipalAccount": principal.account,
    "aws:PrincipalType": principal.type,
    "aws:userid": session?.name ? `${principal.uniqueId}:${session.name}` : principal.uniqueId,
    "aws:PrincipalIsAWSService": "false",
    "aws:ViaAWSService": "false",
  };
  const organization = policies.organizationOf(principal.account);
  if (organization) {
    context["aws:PrincipalOrgID"] = organization;
    context["aws:PrincipalOrgPaths"] = [`${organization}/r-root/`];
  }
  if (principal.type === "User") context["aws:username"] = principal.name;
  for (const [key, value] of Object.entries({ ...owner?.tags, ...session?.tags }))
    context[`aws:PrincipalTag/${key}`] = value;
  if (!session) return context;
  context["aws:TokenIssueTime"] = new Date(session.issued).toISOString();
  if (session.sourceIdentity) context["aws:SourceIdentity"] = session.sourceIdentity;
  if (session.instance) {
    context["ec2:SourceInstanceArn"] = session.instance;
    context["ec2:RoleDelivery"] = "2.0";
  }
  if (session.mfaAt !== undefined) {
    context["aws:MultiFactorAuthPresent"] = String(session.mfaAt !== false);
    if (session.mfaAt !== false)
      context["aws:MultiFactorAuthAge"] = String(Math.floor((now - session.mfaAt) / 1000));
  }
  return context;
}
