import { setTimeout as sleep } from "node:timers/promises";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import type { AssumeRoleCommandOutput, Credentials } from "@aws-sdk/client-sts";
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import type { AwsCredentialIdentity } from "@aws-sdk/types";
import { AWS_AUDIENCE } from "../../infra/access/github-oidc";
import { colleague } from "../../infra/contract/personas";
import type { Target, UserPersona } from "../../infra/contract/types";
import { contractOf } from "../../infra/program";
import { showDetail } from "../details";
import type { Caller, Subject } from "./caller";
import { CheckEnvironment, type Deployment, type Row } from "./check-environment";
import { requests, type Verdict, verdictOf } from "./requests";
import { retried, SETTLE_SECONDS } from "./settle";
import { SkippedCheck } from "./skipped-check";

/** A row, and what was answered. */
export interface Result {
  row: Row;
  verdict: Verdict | { answer: "skipped"; words: string };
}

/** The shortest session that AWS gives, so that its end can be waited for. */
const SESSION_SECONDS = 900;
/** An audience of GitHub's tokens that AWS does not take. */
const OTHER_AUDIENCE = "https://example.com";

/**
 * Asks every row of the access contract of the accounts themselves: real users, real MFA devices, real requests.
 * What it creates is removed afterwards, whatever happens.
 * @param patient waits up to 15 minutes for a session to end, where the endpoint offers no shorter way.
 * @throws {AggregateError} where the checks broke off, or something that they created could not be removed.
 */
export async function verify(deployment: Deployment, { patient = false } = {}): Promise<Result[]> {
  const { settings, outputs } = deployment;
  const rows = contractOf(settings)
    .filter(({ scenario }) => outputs[scenario])
    .flatMap(({ scenario, rows }) => rows.map((row): Row => ({ scenario, ...row })));
  const environment = await CheckEnvironment.of(deployment);
  const [asked] = await Promise.allSettled([new Verification(environment, patient).askAll(rows)]);
  const failures = [
    ...(asked.status === "rejected" ? [asked.reason as unknown] : []),
    ...(await environment.remove()),
  ];
  if (asked.status === "fulfilled" && failures.length === 0) return asked.value;
  throw new AggregateError(
    failures,
    `Check ${environment.run} broke off, or could not remove all it created:\n  ${failures.join("\n  ")}`,
  );
}

/** One run over the contract, and the sessions that it holds. */
class Verification {
  /** The first session that a persona got in a scenario's role: every later row of that persona uses it. */
  private readonly roleSessions = new Map<string, Credentials>();
  private readonly mfaSessions = new Map<string, Promise<Caller>>();

  constructor(
    private readonly environment: CheckEnvironment,
    private readonly patient: boolean,
  ) {}

  async askAll(rows: readonly Row[]): Promise<Result[]> {
    const { environment } = this;
    await environment.create(needsAnotherDevice(rows) ? [...rows, ...anotherDevice(rows)] : rows);
    await this.waitForUsers(rows);
    if (environment.endpoint === undefined) await sleep(SETTLE_SECONDS.refused * 1000);
    // Scenarios do not depend on each other; the rows of one are asked in their order.
    const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
    const results = await Promise.all(
      scenarios.map((scenario) => this.askInOrder(rows.filter((row) => row.scenario === scenario))),
    );
    return results.flat();
  }

  private async askInOrder(rows: readonly Row[]): Promise<Result[]> {
    const results: Result[] = [];
    for (const row of rows) {
      const verdict = await this.ask(row);
      showDetail(
        "decision",
        `${row.scenario} ${row.check}: ${row.who.name}, ${row.session}: ${row.action} on ${row.on.name} → ${verdict.answer}`,
      );
      results.push({ row, verdict });
    }
    return results;
  }

  /** Waits until AWS knows the users. A user who is allowed everything at home must succeed there first: a later
   * refusal then comes from the other account. */
  private async waitForUsers(rows: readonly Row[]): Promise<void> {
    const users = new Map<string, Row & { who: UserPersona }>();
    for (const row of rows)
      if (isUserRow(row) && this.environment.hasUser(row.who)) users.set(row.who.name, row);
    for (const { who, scenario } of users.values()) {
      const caller = await this.environment.ownKeys(who, scenario);
      await retried(() => new STSClient(caller).send(new GetCallerIdentityCommand({})));
      if (who.permissions?.some(({ Action }) => Action === "*"))
        await retried(() => new S3Client(caller).send(new ListBucketsCommand({})));
    }
  }

  /** Asks once; on AWS until the answer is as expected, for as long as a change there can take. */
  private async ask(row: Row): Promise<Result["verdict"]> {
    const seconds = this.environment.endpoint === undefined ? SETTLE_SECONDS[row.expected] : 0;
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const verdict = await this.askOnce(row);
      if (verdict.answer === row.expected || verdict.answer === "skipped" || Date.now() >= deadline)
        return verdict;
      await sleep(2000);
    }
  }

  private async askOnce(row: Row): Promise<Result["verdict"]> {
    try {
      const { caller, mfa, token } = await this.session(row);
      const role = {
        arn: row.on.role ?? "",
        sessionName: `check-${this.environment.run}`,
        durationSeconds: row.on.durationSeconds ?? SESSION_SECONDS,
        ...(row.on.sessionTag && { sessionTag: row.on.sessionTag }),
        ...(row.on.sourceIdentity && { sourceIdentity: row.on.sourceIdentity }),
        ...(mfa && { mfa }),
        ...(token !== undefined && { token }),
      };
      const answer: unknown = await requests[row.action](caller, { ...this.environment.subject(row), role });
      if (row.action.startsWith("sts:AssumeRole"))
        this.keepSession(row, (answer as AssumeRoleCommandOutput).Credentials!);
      return { answer: "allowed", words: "" };
    } catch (error) {
      if (error instanceof SkippedCheck) return { answer: "skipped", words: error.message };
      return verdictOf(error, row.session);
    }
  }

  /** Who asks, and the MFA code that goes along with an AssumeRole. */
  private async session(row: Row): Promise<{ caller: Caller } & Pick<Subject["role"], "mfa" | "token">> {
    const { environment } = this;
    const { who, scenario } = row;
    switch (row.session) {
      case "own keys":
        return { caller: await environment.ownKeys(who, scenario) };
      case "own keys and an MFA code": {
        const { mfaSerial: serial, nextCode } = environment.user(userOf(row));
        return { caller: await environment.ownKeys(who, scenario), mfa: { serial, code: await nextCode() } };
      }
      case "own keys and a wrong MFA code": {
        const { mfaSerial: serial, wrongCode } = environment.user(userOf(row));
        return { caller: await environment.ownKeys(who, scenario), mfa: { serial, code: wrongCode() } };
      }
      case "own keys and another person's MFA device": {
        const { mfaSerial: serial, unusedCode } = environment.user(colleague);
        return { caller: await environment.ownKeys(who, scenario), mfa: { serial, code: unusedCode() } };
      }
      case "signed in with MFA": {
        const session = this.mfaSessions.get(who.name) ?? this.signIn(row);
        this.mfaSessions.set(who.name, session);
        return { caller: await session };
      }
      case "own token":
        return { caller: environment.anonymousCaller(), token: await this.token(row, AWS_AUDIENCE) };
      case "own token for another audience":
        return { caller: environment.anonymousCaller(), token: await this.token(row, OTHER_AUDIENCE) };
      case "as the role":
        return { caller: this.roleCaller(row) };
      case "as the role, expired":
        await endOf(this.roleSession(row), environment.endpoint, this.patient);
        return { caller: this.roleCaller(row) };
    }
  }

  /** Signing in must work: only then is a refusal that follows not about the code. */
  private async signIn(row: Row): Promise<Caller> {
    const caller = await this.environment.ownKeys(row.who, row.scenario);
    const { mfaSerial, nextCode } = this.environment.user(userOf(row));
    const { Credentials } = await retried(async () =>
      new STSClient(caller).send(
        new GetSessionTokenCommand({ SerialNumber: mfaSerial, TokenCode: await nextCode() }),
      ),
    );
    return { ...caller, credentials: identityOf(Credentials!) };
  }

  private async token({ who }: Row, audience: string): Promise<string> {
    if (who.kind === "job") return this.environment.token(who, audience);
    throw new Error(`A ${who.name} has no token of GitHub's: ask with their keys.`);
  }

  private keepSession(row: Row, credentials: Credentials): void {
    for (const key of [sessionKey(row), sessionKey(row, row.on)])
      if (!this.roleSessions.has(key)) this.roleSessions.set(key, credentials);
  }

  private roleSession(row: Row): Credentials {
    const session = this.roleSessions.get(sessionKey(row, row.as));
    if (session) return session;
    throw new SkippedCheck(
      `the ${row.who.name} could not assume ${row.as?.name ?? "the role"} of ${row.scenario}`,
    );
  }

  private roleCaller(row: Row): Caller {
    const credentials = identityOf(this.roleSession(row));
    return { ...this.environment.administrator("trusting"), credentials };
  }
}

/** Of the first role that a persona assumed in a scenario, or of a certain one. */
const sessionKey = ({ scenario, who }: Row, role?: Target) =>
  [scenario, who.name, role?.role].filter((part) => part !== undefined).join(" ");
const isUserRow = (row: Row): row is Row & { who: UserPersona } => row.who.kind === "user";
const needsAnotherDevice = (rows: readonly Row[]) =>
  rows.some(({ session }) => session === "own keys and another person's MFA device");
/** A row that is not asked: its user must exist. */
const anotherDevice = (rows: readonly Row[]): Row[] =>
  rows.slice(0, 1).map((row) => ({ ...row, who: colleague }));

function userOf({ who }: Row): UserPersona {
  if (who.kind === "user") return who;
  throw new Error(`A ${who.name} has no MFA device.`);
}

const identityOf = (credentials: Credentials): AwsCredentialIdentity => ({
  accessKeyId: credentials.AccessKeyId!,
  secretAccessKey: credentials.SecretAccessKey!,
  sessionToken: credentials.SessionToken!,
});

/** Returns once a session has ended: an endpoint that can end it at once is asked to, AWS is waited for. */
async function endOf(session: Credentials, endpoint: string | undefined, patient: boolean): Promise<void> {
  if (endpoint !== undefined) {
    const url = new URL(`/_sandbox/expire?accessKeyId=${session.AccessKeyId}`, endpoint);
    const { ok, status } = await fetch(url, { method: "POST" });
    if (ok) return;
    throw new SkippedCheck(`the endpoint ${endpoint} does not end a session early (HTTP ${status})`);
  }
  if (!patient) throw new SkippedCheck("needs 15 minutes: ask for it with --patient");
  // A minute more than the lifetime: clocks differ.
  await sleep(Math.max(0, session.Expiration!.getTime() + 60_000 - Date.now()));
}
