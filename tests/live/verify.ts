import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "@aws-sdk/client-sts";
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity } from "@aws-sdk/types";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import { policyDocument } from "../../infra/access/policy";
import { CheckBuckets } from "./buckets";
import { contract, type Person, type Row, type Target } from "./contract";
import { type CheckUser, CheckUsers } from "./people";
import { type Caller, requests, type Subject, type Verdict, verdictOf } from "./requests";

/** A deployed stack, as the checks need to know it. */
export interface Deployment {
  stack: string;
  region: string;
  trustingProfile: string;
  trustedProfile: string;
  /** Profile of an administrator of a third account; where there is none its rows cannot be asked. */
  outsiderProfile: string;
  roleArn: string;
  bucketName: string;
}

export interface Result {
  row: Row;
  verdict: Verdict | { answer: "not asked"; words: string };
}

/** The shortest session that AWS gives, so that its end can be waited for. */
const SESSION_SECONDS = 900;
/** IAM is eventually consistent: how long AWS may take to allow, and to refuse, what was just set up. */
const SETTLE_SECONDS = { allowed: 60, refused: 10 };

/** A row that cannot be asked, and why. */
class NotAsked extends Error {}

/**
 * Asks every row of the access contract of the accounts themselves: real users, real MFA devices, real requests.
 * What it creates is removed afterwards, whatever happens.
 * @param patient waits up to 15 minutes for a session to end, where the endpoint offers no shorter way.
 * @throws {AggregateError} where something that the checks created could not be removed.
 */
export async function verify(deployment: Deployment, { patient = false } = {}): Promise<Result[]> {
  const { region, roleArn, bucketName, trustingProfile, trustedProfile, outsiderProfile } = deployment;
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const endpointOf = (profile: string) => configFile[profile]?.endpoint_url ?? process.env.AWS_ENDPOINT_URL;
  const endpoint = endpointOf(trustingProfile);
  const hasOutsider = outsiderProfile in { ...configFile, ...credentialsFile };

  const run = randomBytes(4).toString("hex");
  const key = `check-${run}/hello.txt`;
  const callerOf = (profile: string): Caller => {
    const endpoint = endpointOf(profile);
    return { region, credentials: fromIni({ profile }), ...(endpoint !== undefined && { endpoint }) };
  };
  const trustingBuckets = new CheckBuckets(callerOf(trustingProfile));
  const trustedBuckets = new CheckBuckets(callerOf(trustedProfile));
  const people = new CheckUsers(callerOf(trustedProfile), run);
  const outsiders = new CheckUsers(callerOf(outsiderProfile), run);
  const askAll = async (): Promise<Result[]> => {
    const otherBucket = await trustingBuckets.create(`check-${run}-other`, key);
    const ownBucket = await trustedBuckets.create(`check-${run}-own`, key);
    // Keeps the bucket from ever being empty, whatever is wrongly allowed.
    await trustingBuckets.put(bucketName, `check-${run}/kept.txt`);
    const bucketPolicy = await trustingBuckets.policy(bucketName);
    const all = (Action: string) => policyDocument([{ Effect: "Allow", Action, Resource: "*" }]);
    const users = new Map<Person, CheckUser>(
      await Promise.all([
        // The developer's own side allows all of S3: what refuses productionapp then is the other account.
        people.create("developer", ["Developers"], all("s3:*")).then((user) => ["developer", user] as const),
        people
          .create("both", ["Developers", "Testers"])
          .then((user) => ["developer and tester", user] as const),
        people.create("tester", ["Testers"]).then((user) => ["tester", user] as const),
        people.create("colleague", []).then((user) => ["colleague", user] as const),
        ...(hasOutsider
          ? [outsiders.create("outsider", [], all("*")).then((user) => ["outsider", user] as const)]
          : []),
      ]),
    );
    const userOf = (who: Person) => {
      const user = users.get(who);
      if (user) return user;
      throw new NotAsked(`needs a profile named ${outsiderProfile}: an administrator of a third account`);
    };
    const ownKeys = (who: Person): Caller => ({
      ...callerOf(who === "outsider" ? outsiderProfile : trustedProfile),
      credentials: userOf(who).credentials,
    });
    for (const who of users.keys())
      await retried(() => new STSClient(ownKeys(who)).send(new GetCallerIdentityCommand({})));
    if (endpoint === undefined) await sleep(SETTLE_SECONDS.refused * 1000);

    let asUpdateApp: Credentials | undefined;
    const updateApp = (): Caller => {
      if (!asUpdateApp) throw new NotAsked("the developer could not become UpdateApp");
      return { ...callerOf(trustingProfile), credentials: identityOf(asUpdateApp) };
    };
    /** Who asks, and the MFA code that goes along with an AssumeRole. */
    const session = async ({
      who,
      session,
    }: Row): Promise<{ caller: Caller; mfa?: Subject["role"]["mfa"] }> => {
      switch (session) {
        case "own keys":
          return { caller: ownKeys(who) };
        case "own keys and an MFA code":
          return {
            caller: ownKeys(who),
            mfa: { serial: userOf(who).mfaSerial, code: await userOf(who).nextCode() },
          };
        case "own keys and a wrong MFA code":
          return {
            caller: ownKeys(who),
            mfa: { serial: userOf(who).mfaSerial, code: userOf(who).wrongCode() },
          };
        case "own keys and another person's MFA device": {
          const other = userOf("colleague");
          return { caller: ownKeys(who), mfa: { serial: other.mfaSerial, code: other.unusedCode() } };
        }
        case "signed in with MFA": {
          // Signing in must work: only then is a refusal that follows not about the code.
          const signIn = async () =>
            new STSClient(ownKeys(who)).send(
              new GetSessionTokenCommand({
                SerialNumber: userOf(who).mfaSerial,
                TokenCode: await userOf(who).nextCode(),
              }),
            );
          const { Credentials } = await retried(signIn);
          return { caller: { ...ownKeys(who), credentials: identityOf(Credentials!) } };
        }
        case "as UpdateApp":
          return { caller: updateApp() };
        case "as UpdateApp, expired":
          updateApp();
          await endOf(asUpdateApp!, endpoint, patient);
          return { caller: updateApp() };
      }
    };
    const bucketOf: Record<Target, string> = {
      UpdateApp: bucketName,
      productionapp: bucketName,
      prod: bucketName,
      "another bucket of prod": otherBucket,
      "own bucket in dev": ownBucket,
    };
    const ask = async (row: Row): Promise<Result> => {
      const once = async (): Promise<Result["verdict"]> => {
        try {
          const { caller, mfa } = await session(row);
          const role = { arn: roleArn, sessionName: `check-${run}`, durationSeconds: SESSION_SECONDS };
          const subject: Subject = {
            bucket: bucketOf[row.on],
            key,
            bucketPolicy,
            unusedName: `check-${run}-unused`,
            role: { ...role, ...(mfa && { mfa }) },
          };
          const answer: { Credentials?: Credentials } = (await requests[row.action](
            caller,
            subject,
          )) as object;
          if (row.action === "sts:AssumeRole" && row.who === "developer") asUpdateApp ??= answer.Credentials;
          return { answer: "allowed", words: "" };
        } catch (error) {
          if (error instanceof NotAsked) return { answer: "not asked", words: error.message };
          return verdictOf(error);
        }
      };
      const deadline = Date.now() + (endpoint === undefined ? SETTLE_SECONDS[row.expected] * 1000 : 0);
      let verdict = await once();
      while (verdict.answer !== row.expected && verdict.answer !== "not asked" && Date.now() < deadline) {
        await sleep(2000);
        verdict = await once();
      }
      return { row, verdict };
    };
    const results: Result[] = [];
    for (const row of contract) results.push(await ask(row));
    return results;
  };
  const [asked] = await Promise.allSettled([askAll()]);
  const removed = await Promise.allSettled([
    people.remove(),
    hasOutsider ? outsiders.remove() : undefined,
    new CheckUsers(callerOf(trustingProfile), run).remove(),
    trustingBuckets.empty(bucketName, `check-${run}/`),
    trustingBuckets.remove(),
    trustedBuckets.remove(),
  ]);
  const failures = [asked, ...removed].flatMap((end) =>
    end.status === "rejected" ? [end.reason as unknown] : [],
  );
  if (asked.status === "fulfilled" && failures.length === 0) return asked.value;
  throw new AggregateError(
    failures,
    `Check ${run} broke off, or could not remove all it made:\n  ${failures.join("\n  ")}`,
  );
}

const identityOf = (credentials: Credentials): AwsCredentialIdentity => ({
  accessKeyId: credentials.AccessKeyId!,
  secretAccessKey: credentials.SecretAccessKey!,
  sessionToken: credentials.SessionToken!,
});

/** The answer, as soon as the accounts know what was just created (at most a minute). */
async function retried<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + SETTLE_SECONDS.allowed * 1000;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(1000);
    }
  }
}

/** Returns once a session has ended: an endpoint that can end it at once is asked to, AWS is waited for. */
async function endOf(session: Credentials, endpoint: string | undefined, patient: boolean): Promise<void> {
  if (endpoint !== undefined) {
    const url = new URL(`/_sandbox/expire?accessKeyId=${session.AccessKeyId}`, endpoint);
    const { ok, status } = await fetch(url, { method: "POST" });
    if (ok) return;
    throw new NotAsked(`the endpoint ${endpoint} does not end a session early (HTTP ${status})`);
  }
  if (!patient) throw new NotAsked(`needs 15 minutes: ask for it with --patient`);
  // A minute more than the lifetime: clocks differ.
  await sleep(Math.max(0, session.Expiration!.getTime() + 60_000 - Date.now()));
}
