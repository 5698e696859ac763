import { parseArgs } from "node:util";
import type { Statement } from "../../../infra/access/policy";
import { deploymentOf } from "..";
import { DeployedPolicies, readOr } from "../deployed";
import { type Deployment, Stage } from "../stage";
import { explain, type Facts } from "./explanation";
import { type Kind, madeBy, targetOf } from "./made";
import { type Refusal, readMessage, readReason } from "./message";
import { accountOf, isFederated } from "./statements";

const sides = ["trusting", "trusted"] as const;

const USAGE = `npm run explain -- STACK --who ARN --action ACTION --on ARN [--message TEXT]
npm run explain -- STACK --message TEXT
npm run explain -- STACK --last [--who ARN] [--action ACTION] [--on ARN]
  Which side refuses a request, by which policy, and which line to change.
  --who      ARN of the user or role session that was refused (aws sts get-caller-identity)
  --action   such as s3:GetObject
  --on       ARN of what was asked for
  --message  the words of the refusal; whatever they say need not be given
  --last     the last refusal that the sandbox recorded, of this who, action and on where they are given`;

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
async function recorded(endpoint: string | undefined, asked: Refusal): Promise<Recorded | undefined> {
  if (endpoint === undefined) return undefined;
  const answer = await fetch(new URL("/_sandbox/decisions", endpoint)).catch(() => undefined);
  if (!answer?.ok) return undefined;
  const { decisions } = (await answer.json()) as { decisions: Recorded[] };
  const is = (wanted: string | undefined, found: string) => wanted === undefined || wanted === found;
  const about = decisions.filter(
    ({ who, action, resource }) => is(asked.who, who) && is(asked.action, action) && is(asked.on, resource),
  );
  // Without a name the last refusal is meant; with one, the last answer to exactly this.
  return asked.who && asked.action && asked.on ? about.at(-1) : about.filter((one) => !one.allowed).at(-1);
}

/** What the accounts hold that may refuse the request. */
async function factsOf(
  deployment: Deployment,
  stage: Stage,
  asked: Required<Omit<Refusal, "reason">>,
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
    // An API tells its policy to whoever may read all of it: the engine's state has the same.
    RestApi: async () => made.find((one) => one.type === "RestApi" && one.of === name)?.statements ?? [],
  };
  const policy = type && policies[type];
  const resource = policy && (await read(account, `${noun} ${name}`, policy));
  return { who, action, on, own, resource, made, settings };
}

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { who: text, action: text, on: text, message: text, last: { type: "boolean" } },
  });
  const [stack, ...more] = positionals;
  if (!stack || more.length > 0) throw new Error(`Which stack?\n${USAGE}`);
  const { who, action, on, message = "", last } = values;
  const given = {
    ...readMessage(message),
    ...(who && { who }),
    ...(action && { action }),
    ...(on && { on }),
  };
  const deployment = await deploymentOf(stack);
  const stage = await Stage.of(deployment);
  const found = message ? undefined : await recorded(stage.endpoint, given);
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
  const asked = {
    who: given.who ?? found?.who,
    action: given.action ?? found?.action,
    on: given.on ?? found?.resource,
  };
  const missing = (["who", "action", "on"] as const).filter((name) => !asked[name]);
  if (missing.length > 0)
    throw new Error(`Found no --${missing.join(", no --")}, and no message that says so.\n${USAGE}`);
  const facts = await factsOf(
    deployment,
    stage,
    asked as Required<typeof asked> & { who: string; action: string; on: string },
  );
  const reason = found ? readReason(found.because ?? "") : given.reason;
  for (const [label, line] of explain({ ...facts, reason })) console.log(`${label.padEnd(10)} ${line}`);
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
