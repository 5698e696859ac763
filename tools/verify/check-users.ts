import { setTimeout as sleep } from "node:timers/promises";
import {
  AddUserToGroupCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DeleteVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListGroupsForUserCommand,
  ListMFADevicesCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
} from "@aws-sdk/client-iam";
import type { AwsCredentialIdentity } from "@aws-sdk/types";
import { Secret, TOTP } from "otpauth";
import { CHECK_PATH_NAME } from "../../infra/deployer";
import type { Caller } from "./caller";

/** Everything that a check creates in IAM carries this path, so that what a killed check left is found again. */
export const CHECK_PATH = `/${CHECK_PATH_NAME}/`;
const LEFT_OVER_AFTER_HOURS = 1;
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LONGEST_USER_NAME = 64;
const STEP_MS = 30_000;

/** A user made for the check, with a real virtual MFA device. */
export interface CheckUser {
  name: string;
  arn: string;
  credentials: AwsCredentialIdentity;
  mfaSerial: string;
  /** A code that this device has not shown yet; waits for the next one where it must (up to 60 s). */
  nextCode(): Promise<string>;
  /** The code that `nextCode` would give, for a request that will not get to use it up. */
  unusedCode(): string;
  /** A code that this device does not show around now. */
  wrongCode(): string;
}

/** The users of one check run in one account. */
export class CheckUsers {
  private readonly iam: IAMClient;
  private readonly names = new Set<string>();
  /** What undoes each thing that was created, the latest last. */
  private readonly undo: (() => Promise<unknown>)[][] = [];

  constructor(
    readonly caller: Caller,
    private readonly run: string,
  ) {
    this.iam = new IAMClient(caller);
  }

  /** A user in the given groups, with an inline policy of their own where one is given. */
  async create(role: string, groups: readonly string[], policy?: string): Promise<CheckUser> {
    const UserName = this.nameOf(role);
    const { iam } = this;
    const undo: (() => Promise<unknown>)[] = [];
    this.undo.push(undo);
    const { User } = await iam.send(new CreateUserCommand({ UserName, Path: CHECK_PATH }));
    undo.push(() => iam.send(new DeleteUserCommand({ UserName })));
    if (policy) {
      const PolicyName = "own-rights";
      await iam.send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument: policy }));
      undo.push(() => iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName })));
    }
    for (const GroupName of groups) {
      await iam.send(new AddUserToGroupCommand({ UserName, GroupName }));
      undo.push(() => iam.send(new RemoveUserFromGroupCommand({ UserName, GroupName })));
    }
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    const AccessKeyId = AccessKey!.AccessKeyId!;
    undo.push(() => iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId })));
    const { VirtualMFADevice } = await iam.send(
      new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: UserName, Path: CHECK_PATH }),
    );
    const mfaSerial = VirtualMFADevice!.SerialNumber!;
    undo.push(() => iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber: mfaSerial })));
    const seed = new TextDecoder().decode(VirtualMFADevice!.Base32StringSeed);
    const totp = new TOTP({ secret: Secret.fromBase32(seed) });
    const step = Math.floor(Date.now() / STEP_MS);
    const code = (of: number) => totp.generate({ timestamp: of * STEP_MS });
    await iam.send(
      new EnableMFADeviceCommand({
        UserName,
        SerialNumber: mfaSerial,
        AuthenticationCode1: code(step - 1),
        AuthenticationCode2: code(step),
      }),
    );
    undo.push(() => iam.send(new DeactivateMFADeviceCommand({ UserName, SerialNumber: mfaSerial })));
    let shown = step;
    const unused = () => Math.max(shown + 1, Math.floor(Date.now() / STEP_MS));
    return {
      name: UserName,
      arn: User!.Arn!,
      mfaSerial,
      credentials: { accessKeyId: AccessKeyId, secretAccessKey: AccessKey!.SecretAccessKey! },
      nextCode: async () => {
        const next = unused();
        // AWS takes the code after the present one too: a clock may be half a minute fast.
        await sleep(Math.max(0, (next - 1) * STEP_MS - Date.now()));
        shown = next;
        return code(next);
      },
      unusedCode: () => code(unused()),
      wrongCode: () => {
        const now = Math.floor(Date.now() / STEP_MS);
        const shownNow = new Set([-2, -1, 0, 1, 2].map((steps) => code(now + steps)));
        return ["000000", "111111", "222222", "333333", "444444", "555555"].find(
          (text) => !shownNow.has(text),
        )!;
      },
    };
  }

  /** A user's name that IAM takes, and takes for no other: its names are not distinguished by case. */
  private nameOf(role: string): string {
    const name = `check-${this.run}-${role.replaceAll(/\W+/g, "-")}`;
    const number = `-${this.names.size + 1}`;
    const isTaken = name.length > LONGEST_USER_NAME || this.names.has(name.toLowerCase());
    const own = isTaken ? `${name.slice(0, LONGEST_USER_NAME - number.length)}${number}` : name;
    this.names.add(own.toLowerCase());
    return own;
  }

  /** Removes the users of this run, and those that a killed run left behind an hour ago or earlier. */
  async remove(): Promise<void> {
    await Promise.all(
      this.undo.splice(0).map(async (steps) => {
        for (const step of steps.reverse()) await step();
      }),
    );
    const { Users = [] } = await this.iam.send(new ListUsersCommand({ PathPrefix: CHECK_PATH }));
    const old = Date.now() - LEFT_OVER_AFTER_HOURS * 3_600_000;
    for (const { UserName, CreateDate } of Users)
      if (CreateDate!.getTime() < old) await this.removeUser(UserName!);
  }

  private async removeUser(name: string): Promise<void> {
    const { iam } = this;
    const UserName = name;
    const { AccessKeyMetadata = [] } = await iam.send(new ListAccessKeysCommand({ UserName }));
    for (const { AccessKeyId } of AccessKeyMetadata)
      await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: AccessKeyId! }));
    const { MFADevices = [] } = await iam.send(new ListMFADevicesCommand({ UserName }));
    for (const { SerialNumber } of MFADevices) {
      await iam.send(new DeactivateMFADeviceCommand({ UserName, SerialNumber: SerialNumber! }));
      await iam.send(new DeleteVirtualMFADeviceCommand({ SerialNumber: SerialNumber! }));
    }
    const { Groups = [] } = await iam.send(new ListGroupsForUserCommand({ UserName }));
    for (const { GroupName } of Groups)
      await iam.send(new RemoveUserFromGroupCommand({ UserName, GroupName: GroupName! }));
    const { PolicyNames = [] } = await iam.send(new ListUserPoliciesCommand({ UserName }));
    for (const PolicyName of PolicyNames)
      await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName }));
    await iam.send(new DeleteUserCommand({ UserName }));
  }
}
