import { partitionOf } from "../../infra/access/arn";
import { UserError } from "../../infra/user-error";
import { readStackFacts } from "../stack-settings";
import type { Deployment } from "../verify/check-environment";
import { findDecision, type RecordedDecision, readDecisions } from "./decisions";
import { answer, isWholeAnswer, type Recognized, recognize } from "./known-message";
import { lowerService, type Refusal, readMessage, readReason, unmask } from "./message";
import { readSession } from "./statements";
import type { Explanation, Label } from "./types";

/** The options of `npm run explain`. */
export interface ExplainOptions {
  who?: string;
  action?: string;
  on?: string;
  message?: string;
  last?: true;
}

const PARTS = ["who", "action", "on"] as const;
type Part = (typeof PARTS)[number];

/** The form of each argument; a masked account ID is taken from the settings. */
const EXPECTED: Readonly<Record<Part, { form: RegExp; words: string }>> = {
  who: {
    form: /^(arn:\S+:(iam|sts)::\S+:\S+( \S+)?|[\w+=,.@-]{1,64}|repo:\S+)$/,
    words:
      "an ARN of IAM or STS, the name of an IAM user, or the subject of a GitHub job's token (repo:OWNER/NAME:…)",
  },
  action: { form: /^[a-z][\w-]*:\w+$/i, words: "service:Action, such as s3:GetObject" },
  on: {
    form: /^(arn:\S+:[\w-]+:[^:]*:[^:]*:.+|\*)$/,
    words: "an ARN, such as arn:aws:s3:::BUCKET/KEY, or *",
  },
};
const HOW_TO_ASK =
  "give the whole message as --message, or who was refused what: --who ARN --action SERVICE:ACTION --on ARN";

/** Explains a refusal, from its words, from the sandbox's record, or from who, what and on what. */
export async function runExplain(stack: string, options: ExplainOptions): Promise<void> {
  checkForms(options);
  const { message = "", last } = options;
  const refusal = requestOf(options);
  const recognized = message ? recognize(message) : undefined;
  if (recognized && isWholeAnswer(recognized, refusal)) return print(answer(recognized, factsOfStack(stack)));
  const missing = PARTS.filter((part) => !refusal[part]);
  if (!last && missing.length > 0 && !recognized) {
    if (!message)
      throw new UserError(
        `Found no ${missing.map((part) => `--${part}`).join(", no ")}; ${HOW_TO_ASK}, or --last.`,
      );
    if (missing.length === PARTS.length)
      throw new UserError(
        `--message: found no message of AWS's or of its tools that is known here; ${HOW_TO_ASK}.`,
      );
  }
  await explainByPolicies(stack, options, refusal, recognized);
}

/** Everything that must be asked of the accounts is loaded here: an answer of the catalogue does not wait for it. */
async function explainByPolicies(
  stack: string,
  { message, last }: ExplainOptions,
  stated: Refusal,
  recognized: Recognized | undefined,
): Promise<void> {
  const { readDeployment } = require("../deployment") as typeof import("../deployment");
  const { explain } = require("./explanation") as typeof import("./explanation");
  const { completeCaller, readFacts } = require("./facts") as typeof import("./facts");
  const { CheckEnvironment } =
    require("../verify/check-environment") as typeof import("../verify/check-environment");
  const { checkCallers } = require("./check-callers") as typeof import("./check-callers");
  const { readManagedPolicies } = require("./managed-policies") as typeof import("./managed-policies");
  const deployment = await readDeployment(stack).catch((error: unknown) => {
    // The message's own answer holds without the stack too.
    if (recognized && error instanceof UserError) return undefined;
    throw error;
  });
  if (!deployment) return print(answer(recognized!, factsOfStack(stack)));
  const environment = await CheckEnvironment.of(deployment);
  const { refusal, lines } = unmaskRefusal(stated, deployment);
  print(lines);
  if (refusal.who) refusal.who = await completeCaller(refusal.who, refusal.on, deployment, environment);
  const [managed, decisions] = await Promise.all([
    readManagedPolicies(stack),
    readDecisions(environment.endpoint),
  ]);
  const decision = findDecision(decisions, refusal, {
    actions: recognized?.message.actions,
    onlyRefused: last === true || message !== undefined,
    isOfChecks: checkCallers(deployment.settings, managed),
  });
  if (last && !decision)
    throw new UserError(
      `--last: found no recorded refusal at ${environment.endpoint ?? "AWS, which records none"}, those of the checks' own callers aside; ${HOW_TO_ASK}.`,
    );
  if (decision?.allowed)
    return console.log(
      `allowed: ${decision.who}: ${decision.action} on ${decision.resource}, at ${decision.time}: nothing refuses it now`,
    );
  const because = decision?.because ? recognize(decision.because) : undefined;
  if (last && decision && because && !because.message.actions)
    return print(answer(because, factsOfStack(stack)));
  const request = completeRequest(refusal, decision);
  if (!request) {
    if (recognized) return print(answer(recognized, factsOfStack(stack)));
    const missing = PARTS.filter((part) => !refusal[part]).map((part) => `--${part}`);
    throw new UserError(`The message does not say everything: give ${missing.join(" and ")} too.`);
  }
  const missing = PARTS.filter((part) => !stated[part]).map((part) => `--${part}`);
  if (message && decision && missing.length > 0)
    print([["recorded", `${decision.time}. If another refusal is meant, give ${missing.join(", ")}`]]);
  const facts = await readFacts(deployment, environment, request, managed);
  print(explain({ ...facts, reason: refusal.reason ?? readReason(decision?.because ?? "") }));
}

function checkForms(options: ExplainOptions): void {
  const wrong = PARTS.flatMap((part) => {
    const found = options[part];
    const { form, words } = EXPECTED[part];
    if (found === undefined || form.test(found)) return [];
    return [`--${part}: found ${found || "nothing"}; expected ${words}.`];
  });
  if (wrong.length > 0) throw new UserError(wrong.join("\n"));
}

/** The request that the message describes; what is given as an option counts more. */
function requestOf(options: ExplainOptions): Refusal {
  const given = Object.fromEntries(PARTS.flatMap((part) => (options[part] ? [[part, options[part]]] : [])));
  const refusal: Refusal = { ...readMessage(options.message ?? ""), ...given };
  if (refusal.action) refusal.action = lowerService(refusal.action);
  return refusal;
}

/** A request whose parts are all known, from the message, the options or the record. */
function completeRequest(refusal: Refusal, decision: RecordedDecision | undefined) {
  const who = refusal.who ?? decision?.who;
  const action = refusal.action ?? decision?.action;
  const on = refusal.on ?? decision?.resource;
  return who && action && on ? { who, action, on } : undefined;
}

/**
 * Account IDs that a log masks are the stack's: a role of the stack says which, otherwise the caller is of the trusted
 * account, and what is asked for of the trusting one.
 */
function unmaskRefusal(
  refusal: Refusal,
  { settings, outputs }: Deployment,
): { refusal: Refusal; lines: Explanation } {
  const { trustingAccountId, trustedAccountId, region } = settings;
  const partition = partitionOf(region);
  const roles = Object.values(outputs).flatMap((output) =>
    Object.values(output).filter(
      (value) => typeof value === "string" && /^arn:[^:]+:iam::\d+:role\//.test(value),
    ),
  );
  const accountOfRole = (arn: string) => {
    const role = readSession(arn)?.role ?? /:role\/(?:.+\/)?([^/]+)$/.exec(arn)?.[1];
    return roles.find((roleArn) => roleArn.endsWith(`/${role}`))?.split(":")[4];
  };
  const complete = (arn: string | undefined, account: string) =>
    arn === undefined ? undefined : unmask(arn, accountOfRole(arn) ?? account, partition);
  const who = complete(refusal.who, trustedAccountId);
  const on = complete(refusal.on, trustingAccountId);
  const lines: Explanation =
    who?.isMasked || on?.isMasked
      ? [
          [
            "masked",
            `The message hides account IDs. Taken from the stack: ${[who?.arn, on?.arn].filter(Boolean).join(" and ")}. If they are others, give --who and --on`,
          ],
        ]
      : [];
  return { refusal: { ...refusal, ...(who && { who: who.arn }), ...(on && { on: on.arn }) }, lines };
}

/** The settings of a stack, for an answer to name them; nothing where they cannot be read, for the answer holds anyway. */
function factsOfStack(stack: string): Readonly<Record<string, unknown>> {
  try {
    return readStackFacts(stack);
  } catch {
    return { stack };
  }
}

function print(explanation: Explanation): void {
  for (const [label, text] of explanation) console.log(`${label.padEnd(LABEL_WIDTH)} ${text}`);
}
const LONGEST: Label = "would be allowed by";
const LABEL_WIDTH = LONGEST.length;
