/** Access keys and sessions: who a request's key belongs to. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { AwsError, type Call, text } from "../call";
import type { CallerPrincipal, Session, SessionPrincipal } from "../caller";
import type { Signature } from "../signature";
import type { Xml } from "../xml";
import type { IamAccounts } from "./iam-accounts";

interface AccessKey {
  secret: string;
  account: string;
  user: string;
  active: boolean;
}

const MAX_SESSIONS = 10_000;
const HOUR = 3_600_000;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A random identifier as AWS makes them: `prefix` and 16 letters and digits. */
const newId = (prefix: string): string =>
  prefix + [...randomBytes(16)].map((byte) => LETTERS[byte & 31]).join("");

const INVALID_TOKEN = "The security token included in the request is invalid.";

export class Identities {
  private readonly keys = new Map<string, AccessKey>();
  private readonly sessions = new Map<string, SessionPrincipal>();

  constructor(private readonly iam: IamAccounts) {}

  /** The principal of an access key. Throws InvalidClientTokenId, InvalidToken or ExpiredToken as AWS does. */
  async principal(signature: Signature, now: number): Promise<CallerPrincipal> {
    const session = this.sessions.get(signature.accessKeyId);
    if (session) return this.sessionPrincipal(session, signature, now);
    const key = this.keys.get(signature.accessKeyId);
    if (!key?.active) throw new AwsError("InvalidClientTokenId", INVALID_TOKEN);
    if (signature.token) throw new AwsError("InvalidToken", INVALID_TOKEN);
    const user = (await this.iam.account(key.account)).users.get(key.user);
    if (!user) throw new AwsError("InvalidClientTokenId", INVALID_TOKEN);
    return {
      accessKeyId: signature.accessKeyId,
      secret: key.secret,
      account: key.account,
      arn: user.arn,
      type: "User",
      name: key.user,
      uniqueId: user.id,
    };
  }

  private async sessionPrincipal(
    principal: SessionPrincipal,
    signature: Signature,
    now: number,
  ): Promise<CallerPrincipal> {
    const given = Buffer.from(signature.token ?? "");
    const expected = Buffer.from(principal.session.token);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new AwsError("InvalidToken", INVALID_TOKEN);
    if (principal.session.expires <= now)
      throw new AwsError("ExpiredToken", "The security token included in the request is expired");
    const { users, roles } = await this.iam.account(principal.account);
    const owner = (principal.type === "AssumedRole" ? roles : users).get(principal.name);
    if (owner?.id !== principal.uniqueId) throw new AwsError("InvalidClientTokenId", INVALID_TOKEN);
    return principal;
  }

  /** The account that an access key belongs to, whether it is in use or not. */
  accountOf(accessKeyId: string): string | undefined {
    return this.keys.get(accessKeyId)?.account ?? this.sessions.get(accessKeyId)?.account;
  }

  /** Gives out temporary credentials. */
  issueSession(
    owner: Omit<CallerPrincipal, "accessKeyId" | "secret" | "session">,
    session: Omit<Session, "token">,
  ): SessionPrincipal {
    // Long-expired sessions go; should a caller flood the gateway, the oldest go first.
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

  /** What a call that IAM has done means for access keys. */
  applyIamChange(
    { operation, params }: Pick<Call, "operation" | "params">,
    account: string,
    answer: Xml,
  ): void {
    const id = text(params.AccessKeyId) ?? "";
    const named = this.keys.get(id);
    const key = named?.account === account ? named : undefined;
    switch (operation) {
      case "CreateAccessKey": {
        const created = (name: string) => answer.text("CreateAccessKeyResult", "AccessKey", name) ?? "";
        const secret = created("SecretAccessKey");
        this.keys.set(created("AccessKeyId"), { secret, account, user: created("UserName"), active: true });
        break;
      }
      case "UpdateAccessKey":
        if (key) key.active = params.Status === "Active";
        break;
      case "DeleteAccessKey":
        if (key) this.keys.delete(id);
        break;
      case "UpdateUser":
        for (const [, owned] of this.keysOf(account, params.UserName))
          owned.user = text(params.NewUserName) ?? owned.user;
        break;
      case "DeleteUser":
        for (const [owned] of this.keysOf(account, params.UserName)) this.keys.delete(owned);
        break;
    }
  }

  private keysOf(account: string, user: unknown): [string, AccessKey][] {
    return [...this.keys].filter(([, key]) => key.account === account && key.user === user);
  }
}
