import { iamArn, oidcProviderArn, partitionOf } from "../../infra/access/arn";
import { GITHUB_ISSUER } from "../../infra/access/github-oidc";
import type { Statement } from "../../infra/access/policy";
import { DeployedPolicies, isRead, readOr } from "../deployed";
import { stackAndOptions } from "../usage";
import { deploymentOf } from "../verify";
import { type Deployment, Stage } from "../verify/stage";
import { beforeAnyPolicy, type Explanation, explain, type Facts } from "./explanation";
import { type Kind, madeBy, targetOf } from "./made";
import { lowerService, type Refusal, readMessage, readReason } from "./message";
import { accountOf, isFederated } from "./statements";

const sides = ["trusting", "trusted"] as const;

const USAGE = `npm run explain -- STACK --who WHO --action ACTION --on ARN [--message TEXT]
npm run explain -- STACK --message TEXT
npm run explain -- STACK --last [--who WHO] [--action ACTION] [--on ARN]
  Which side refuses a request, by which policy, and which line to change.
  --who      who was refused: ARN of the user or role session (aws sts get-caller-identity), name of an IAM user of
             the trusted account, or subject of a GitHub job's token (repo:OWNER/NAME:…)
  --action   such as s3:GetObject
  --on       ARN of what was asked for, or * for what belongs to no resource
  --message  the words of the refusal; whatever they say need not be given
  --last     the last refusal that the sandbox recorded, of this who, action and on where they are given`;

/** What each argument looks like. */
const EXPECTED = {
  who: [
    /^(arn:aws[\w-]*:(iam|sts)::\d{12}:\S+( \S+)?|[\w+=,.@-]{1,64}|repo:\S+)$/,
    "an ARN of IAM or STS, the name of an IAM user, or the subject of a GitHub job's token (repo:OWNER/NAME:…)",
  ],
  action: [/^[a-z][\w-]*:\w+$/i, "service:Action, such as s3:GetObject"],
  on: [/^(arn:aws[\w-]*:[\w-]+:[^:]*:[^:]*:.+|\*)$/, "an ARN, such as arn:aws:s3:::BUCKET/KEY, or *"],
} as const;
const NOT_OURS = { unread: "the policy of an API that this stack did not make", gone: false };
const PARTS = ["who", "action", "on"] as const;

/** What the sandbox keeps of each decision. */
interface Recorded {
  time: string;
  who: string;
  action: string;
  resource: string;
  allowed: boolean;
  because?: string;
}

/** The recorded decision about a request, where the endpoint keeps one: none does but a rehearsal's. */
async function recorded(
  endpoint: string | undefined,
  asked: Refusal,
  refused: boolean,
): Promise<Recorded | undefined> {
  if (endpoint === undefined) return undefined;
  const answer = await fetch(new URL("/_sandbox/decisions", endpoint)).catch(() => undefined);
  if (!answer?.ok) return undefined;
  const { decisions } = (await answer.json()) as { decisions: Recorded[] };
  const is = (wanted: string | undefined, found: string) => wanted === undefined || wanted === found;
  const fitting = decisions
    .filter(({ allowed }) => !(refused && allowed))
    .filter(
      ({ who, action, resource }) =>
        is(asked.who, who) &&
        is(asked.on, resource) &&
        (asked.action ? action === asked.action : (asked.likely?.action.test(action) ?? true)),
    );
  const named = fitting.filter(({ action }) => action.endsWith(`:${asked.operation}`));
  return (named.length > 0 ? named : fitting).at(-1);
}

/** What the accounts hold that may refuse the request. */
async function factsOf(
  deployment: Deployment,
  stage: Stage,
  asked: Pick<Facts, "who" | "action" | "on">,
): Promise<Omit<Facts, "reason">> {
  const { settings } = deployment;
  const { who, action, on } = asked;
  const made = await madeBy(settings.stack);
  /** Reads in an account by the stack's profile for it, where the account is one of the stack's. */
  const read = async <Held>(
    accountId: string,
    what: string,
    ask: (there: DeployedPolicies) => Promise<Held>,
  ) => {
    const side = sides.find((one) => settings[`${one}AccountId`] === accountId);
    if (!side) return { unread: `${what}: account ${accountId} is not this stack's`, gone: false };
    const profile = settings[`${side}Profile`];
    return readOr(ask(new DeployedPolicies(stage.administrator(side))), what, { profile, accountId });
  };
  const user = /:user\/(?:.+\/)?([^/]+)$/.exec(who)?.[1];
  const role = /:(?:assumed-role\/|role\/(?:.+\/)?)([^/]+)/.exec(who)?.[1];
  const own = isFederated(who)
    ? { groups: [], policies: [] }
    : user
      ? await read(accountOf(who), `user ${user}`, (there) => there.user(user))
      : role
        ? await read(accountOf(who), `role ${role}`, async (there) => ({
            groups: [],
            ...(await there.role(role)),
          }))
        : { unread: `${who} is no user and no role: no policies are its own`, gone: false };
  const target = targetOf(action, on);
  const { type, noun, name = "" } = target ?? {};
  const account = accountOf(on) || settings.trustingAccountId;
  const policies: Partial<Record<Kind, (there: DeployedPolicies) => Promise<readonly Statement[]>>> = {
    Role: async (there) => (await there.role(name)).trust,
    BucketPolicy: (there) => there.bucket(name),
    TopicPolicy: (there) => there.topic(on),
    QueuePolicy: (there) => there.queue(name),
    RepositoryPolicy: (there) => there.repository(name),
  };
  const policy = type && policies[type];
  const resource = policy
    ? await read(account, `${noun} ${name}`, policy)
    : // Of an API there is no client here: the engine's state has the policy too.
      type && (made.find((one) => one.type === type && one.of === name)?.statements ?? NOT_OURS);
  return { who, action, on, own, resource, made, settings };
}

/** An IAM user's name as the ARN, and a job's subject as the token's bearer. @throws {Error} where there is no such user. */
async function bearerOf(
  who: string,
  on: string | undefined,
  { settings }: Deployment,
  stage: Stage,
): Promise<string> {
  if (who.startsWith("arn:")) return who;
  const { trustedAccountId: accountId, trustedProfile: profile, trustingAccountId, region } = settings;
  const place = (account: string) => ({ accountId: account, region, partition: partitionOf(region) });
  if (who.startsWith("repo:"))
    return `${oidcProviderArn(place(accountOf(on ?? "") || trustingAccountId), GITHUB_ISSUER)} ${who}`;
  const there = new DeployedPolicies(stage.administrator("trusted"));
  const user = await readOr(there.user(who), `user ${who}`, { profile, accountId });
  if (isRead(user)) return user.arn;
  if (user.gone)
    throw new Error(
      `--who ${who}: ${user.unread}; expected one that is there: aws iam list-users --profile ${profile}`,
    );
  return iamArn(place(accountId), `user/${who}`);
}

const print = (explanation: Explanation) => {
  for (const [label, line] of explanation) console.log(`${label.padEnd(10)} ${line}`);
};

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const options = { who: text, action: text, on: text, message: text, last: { type: "boolean" } } as const;
  const parsed = stackAndOptions(USAGE, options);
  if (!parsed) return 0;
  const { stack, values } = parsed;
  const { message = "", last } = values;
  const wrong = PARTS.flatMap((name) => {
    const [form, expected] = EXPECTED[name];
    const found = values[name];
    if (found === undefined || form.test(found)) return [];
    return [`--${name}: found ${found || "nothing"}; expected ${expected}.`];
  });
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  const written = Object.fromEntries(PARTS.flatMap((name) => (values[name] ? [[name, values[name]]] : [])));
  const given: Refusal = { ...readMessage(message), ...written };
  const missing = () => PARTS.filter((name) => !given[name]);
  const lacks = () => missing().map((name) => `--${name}`);
  if (!last && !message && missing().length > 0)
    throw new Error(
      `Found no ${lacks().join(", no ")}; expected --last, --message TEXT, or all of --who, --action and --on.\n${USAGE}`,
    );
  const bare = beforeAnyPolicy(given.reason);
  if (bare) {
    print(bare);
    return 0;
  }
  if (Object.keys(given).every((name) => name === "operation") && message)
    throw new Error(
      `--message: found no refusal of AWS's in it; expected the words of one, such as "User: ARN is not authorized to perform: ACTION on resource: ARN". ` +
        `Or give --who, --action and --on.\n${USAGE}`,
    );
  if (given.action) given.action = lowerService(given.action);
  const deployment = await deploymentOf(stack);
  const stage = await Stage.of(deployment);
  if (given.who) given.who = await bearerOf(given.who, given.on, deployment, stage);
  const found = await recorded(stage.endpoint, given, !!last || !!message);
  if (last && !found)
    throw new Error(
      `--last: found no recorded refusal at ${stage.endpoint ?? "AWS, which records none"}; expected one. Give --message TEXT.`,
    );
  if (found?.allowed) {
    console.log(
      `allowed    ${found.who}: ${found.action} on ${found.resource}, at ${found.time}: nothing refuses it now`,
    );
    return 0;
  }
  const { who = found?.who, action = found?.action, on = found?.resource, likely } = given;
  if (!who || !action || !on)
    throw new Error(
      likely
        ? `Most likely ${likely.means}.`
        : `Found no ${lacks().join(", no ")}, and no message that says so.\n${USAGE}`,
    );
  if (message && missing().length > 0)
    print([["recorded", `${found!.time}. If another refusal is meant, give ${lacks().join(", ")}`]]);
  const facts = await factsOf(deployment, stage, { who, action, on });
  print(explain({ ...facts, reason: given.reason ?? readReason(found?.because ?? "") }));
  return 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 2;
  },
);
