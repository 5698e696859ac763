import { setTimeout as sleep } from "node:timers/promises";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import type { AssumeRoleCommandOutput, Credentials } from "@aws-sdk/client-sts";
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import type { AwsCredentialIdentity } from "@aws-sdk/types";
import { contractUnder, type Person, people, type Role, type Row, type Target } from "./contract";
import { NotAsked } from "./not-asked";
import { type Caller, requests, type Subject, type Verdict, verdictOf } from "./requests";
import { retried, SETTLE_SECONDS } from "./settle";
import { type Deployment, Stage } from "./stage";

export interface Result {
  row: Row;
  verdict: Verdict | { answer: "not asked"; words: string };
}

/** The shortest session that AWS gives, so that its end can be waited for. */
const SESSION_SECONDS = 900;
/** Whom GitHub's tokens must be meant for, so that AWS takes them. */
const AUDIENCE = "sts.amazonaws.com";
/** The output that has the role's ARN, where a scenario has several roles. */
const ROLES: Partial<Record<Target, string>> = {
  "the preview role": "previewRoleArn",
  "the preview role of dev": "trustedPreviewRoleArn",
  "the deploy role": "deployRoleArn",
  "the deploy role of dev": "trustedDeployRoleArn",
};

/**
 * Asks every row of the access contract of the accounts themselves: real users, real MFA devices, real requests.
 * What it creates is removed afterwards, whatever happens.
 * @param patient waits up to 15 minutes for a session to end, where the endpoint offers no shorter way.
 * @throws {AggregateError} where the checks broke off, or something that they made could not be removed.
 */
export async function verify(deployment: Deployment, { patient = false } = {}): Promise<Result[]> {
  const { settings, outputs } = deployment;
  const rows = contractUnder(settings).filter(({ scenario }) => outputs[scenario]);
  const stage = await Stage.of(deployment);
  const [asked] = await Promise.allSettled([askAll(rows, deployment, stage, patient)]);
  const failures = [
    ...(asked.status === "rejected" ? [asked.reason as unknown] : []),
    ...(await stage.clear()),
  ];
  if (asked.status === "fulfilled" && failures.length === 0) return asked.value;
  throw new AggregateError(
    failures,
    `Check ${stage.run} broke off, or could not remove all it made:\n  ${failures.join("\n  ")}`,
  );
}

async function askAll(
  rows: readonly Row[],
  deployment: Deployment,
  stage: Stage,
  patient: boolean,
): Promise<Result[]> {
  await stage.build(rows);
  for (const who of stage.everyone()) {
    const caller = await stage.ownKeys(who);
    await retried(() => new STSClient(caller).send(new GetCallerIdentityCommand({})));
    // Whoever may do anything at home must do so first: a later refusal is then the other account's.
    const { rights = [] }: Role = people[who as keyof typeof people];
    if (rights.some(({ Action }) => Action === "*"))
      await retried(() => new S3Client(caller).send(new ListBucketsCommand({})));
  }
  if (stage.endpoint === undefined) await sleep(SETTLE_SECONDS.refused * 1000);

  /** The first session that a person got in a scenario's role: every later row of theirs uses it. */
  const sessions = new Map<string, Credentials>();
  const inRole = ({ scenario, who }: Row): Credentials => {
    const session = sessions.get(`${scenario} ${who}`);
    if (session) return session;
    throw new NotAsked(`the ${who} could not assume the role of ${scenario}`);
  };
  const asRole = (row: Row): Caller => ({
    ...stage.administrator("trusting"),
    credentials: identityOf(inRole(row)),
  });
  const signedIn = new Map<Person, Promise<Caller>>();
  /** Signing in must work: only then is a refusal that follows not about the code. */
  const signIn = async (who: Person): Promise<Caller> => {
    const caller = await stage.ownKeys(who);
    const user = stage.user(who);
    const { Credentials } = await retried(async () =>
      new STSClient(caller).send(
        new GetSessionTokenCommand({ SerialNumber: user.mfaSerial, TokenCode: await user.nextCode() }),
      ),
    );
    return { ...caller, credentials: identityOf(Credentials!) };
  };
  /** Who asks, and the MFA code that goes along with an AssumeRole. */
  const session = async (row: Row): Promise<{ caller: Caller } & Pick<Subject["role"], "mfa" | "token">> => {
    const { who } = row;
    switch (row.session) {
      case "own keys":
        return { caller: await stage.ownKeys(who) };
      case "own keys and an MFA code": {
        const user = stage.user(who);
        return {
          caller: await stage.ownKeys(who),
          mfa: { serial: user.mfaSerial, code: await user.nextCode() },
        };
      }
      case "own keys and a wrong MFA code": {
        const user = stage.user(who);
        return { caller: await stage.ownKeys(who), mfa: { serial: user.mfaSerial, code: user.wrongCode() } };
      }
      case "own keys and another person's MFA device": {
        const other = stage.user("colleague");
        return {
          caller: await stage.ownKeys(who),
          mfa: { serial: other.mfaSerial, code: other.unusedCode() },
        };
      }
      case "signed in with MFA":
        if (!signedIn.has(who)) signedIn.set(who, signIn(who));
        return { caller: await signedIn.get(who)! };
      case "own token":
        return { caller: stage.nobody(), token: await stage.token(who, AUDIENCE) };
      case "own token for another audience":
        return { caller: stage.nobody(), token: await stage.token(who, "https://example.com") };
      case "as the role":
        return { caller: asRole(row) };
      case "as the role, expired":
        await endOf(inRole(row), stage.endpoint, patient);
        return { caller: asRole(row) };
    }
  };
  const once = async (row: Row): Promise<Result["verdict"]> => {
    try {
      const { caller, mfa, token } = await session(row);
      const role = {
        arn: deployment.outputs[row.scenario]![ROLES[row.on] ?? "roleArn"] ?? "",
        sessionName: `check-${stage.run}`,
        durationSeconds: SESSION_SECONDS,
        ...(mfa && { mfa }),
        ...(token !== undefined && { token }),
      };
      const answer: unknown = await requests[row.action](caller, { ...stage.subject(row), role });
      const key = `${row.scenario} ${row.who}`;
      if (row.action.startsWith("sts:AssumeRole") && !sessions.has(key))
        sessions.set(key, (answer as AssumeRoleCommandOutput).Credentials!);
      return { answer: "allowed", words: "" };
    } catch (error) {
      if (error instanceof NotAsked) return { answer: "not asked", words: error.message };
      return verdictOf(error, row.session);
    }
  };
  const results: Result[] = [];
  for (const row of rows) {
    const seconds = stage.endpoint === undefined ? SETTLE_SECONDS[row.expected] : 0;
    const deadline = Date.now() + seconds * 1000;
    let verdict = await once(row);
    while (verdict.answer !== row.expected && verdict.answer !== "not asked" && Date.now() < deadline) {
      await sleep(2000);
      verdict = await once(row);
    }
    results.push({ row, verdict });
  }
  return results;
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
    throw new NotAsked(`the endpoint ${endpoint} does not end a session early (HTTP ${status})`);
  }
  if (!patient) throw new NotAsked("needs 15 minutes: ask for it with --patient");
  // A minute more than the lifetime: clocks differ.
  await sleep(Math.max(0, session.Expiration!.getTime() + 60_000 - Date.now()));
}
