/** Virtual MFA devices, as IAM creates, enables and removes them. A code counts once. */
import { Secret, TOTP } from "otpauth";
import { AwsError, type Call, text } from "../call";
import type { CallerPrincipal } from "../caller";
import type { Xml } from "../xml";

interface MfaDevice {
  account: string;
  seed: string;
  user?: string | undefined;
  /** Steps whose code was used. */
  used: Set<number>;
}

const PERIOD = 30;

export class MfaDevices {
  private readonly devices = new Map<string, MfaDevice>();

  /**
   * Uses a one-time code for a principal. Throws AccessDenied in AWS's words when the device is not the caller's
   * own enabled one, or the code is wrong or was used.
   */
  useCode(principal: CallerPrincipal, call: Call): void {
    const serial = text(call.params.SerialNumber);
    const code = text(call.params.TokenCode);
    const failed = (why: string) => new AwsError("AccessDenied", `MultiFactorAuthentication failed${why}`);
    if (!serial || !code) throw failed(", must provide both MFA serial number and one time pass code.");
    const device = this.devices.get(serial);
    const own =
      principal.type === "User" && device?.account === principal.account && device.user === principal.name;
    if (!device || !own)
      throw failed(
        ", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
      );
    const step = stepOf(device, code, call.now.getTime(), 1);
    if (step === undefined || device.used.has(step)) throw failed(" with invalid MFA one time pass code. ");
    use(device, step);
  }

  /** Checks the two consecutive codes of EnableMFADevice, for a device that has no user yet, before IAM sees the call. */
  checkCodes(call: Call, account: string): void {
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
    use(device, first);
    use(device, second);
  }

  /** What a call that IAM has done means for the devices. */
  applyIamChange(
    { operation, params }: Pick<Call, "operation" | "params">,
    account: string,
    answer: Xml,
  ): void {
    const serial = text(params.SerialNumber) ?? "";
    switch (operation) {
      case "CreateVirtualMFADevice": {
        const created = (name: string) =>
          answer.text("CreateVirtualMFADeviceResult", "VirtualMFADevice", name) ?? "";
        const seed = Buffer.from(created("Base32StringSeed"), "base64").toString();
        this.devices.set(created("SerialNumber"), { account, seed, used: new Set() });
        break;
      }
      case "EnableMFADevice": {
        const device = this.devices.get(serial);
        if (device) device.user = text(params.UserName);
        break;
      }
      case "DeactivateMFADevice":
        delete this.devices.get(serial)?.user;
        break;
      case "DeleteVirtualMFADevice":
        this.devices.delete(serial);
        break;
      case "UpdateUser":
        for (const device of this.devicesOf(account, params.UserName))
          device.user = text(params.NewUserName) ?? device.user;
        break;
      case "DeleteUser":
        for (const device of this.devicesOf(account, params.UserName)) device.user = undefined;
        break;
    }
  }

  private devicesOf(account: string, user: unknown): MfaDevice[] {
    return [...this.devices.values()].filter((device) => device.account === account && device.user === user);
  }
}

/** The time step whose code this is, within `window` steps of now. */
function stepOf(device: MfaDevice, code: string, now: number, window: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = new TOTP({ secret: Secret.fromBase32(device.seed), period: PERIOD }).validate({
    token: code,
    timestamp: now,
    window,
  });
  return delta === null ? undefined : Math.floor(now / 1000 / PERIOD) + delta;
}

function use(device: MfaDevice, step: number): void {
  for (const old of device.used) if (old < step - 10) device.used.delete(old);
  device.used.add(step);
}
