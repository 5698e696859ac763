import { existsSync, readFileSync } from "node:fs";
import type { Settings } from "../../infra/settings";
import { formatBaseline, holderWords } from "./baseline";
import { type Change, compareAccess, sayersOf, WIDENING } from "./difference";
import { type Fact, isGrant } from "./facts";
import type { LiveAccount } from "./live-account";
import { LiveStateReader } from "./live-state";
import { findOutsideAccess, type OutsideAccess } from "./outside-access";
import { accountNames, baselineFile } from "./run";
import { readState, type StateResource } from "./state";
import { whoWords } from "./words";

/** A difference between an account and what the program deployed into it. */
export interface Drift {
  change: Change;
  /** Who can use what is newly allowed. */
  who: string;
  /** The command that puts it back. */
  restore: string;
}

/** How the accounts compare with what the stack deployed, and with the committed baseline. */
export interface LiveComparison {
  /** What the accounts hold now. */
  held: Fact[];
  drift: Drift[];
  /** What an account did not show. */
  refused: string[];
  notRead: string[];
  /** Who else gets into the trusting account from outside; undefined where the stack does not manage it. */
  outside: OutsideAccess | undefined;
  /** Whether the committed baseline is what the stack deployed. */
  isAsCommitted: boolean;
}

/** 1: an account, or what is deployed, differs. 3: nothing differs, but something could not be read. */
export function liveExitCode(
  { drift, refused, isAsCommitted }: LiveComparison,
  isRehearsal: boolean,
): 0 | 1 | 3 {
  // The program is being changed in a rehearsal: that its baseline must follow is for the pull request to say.
  if (drift.length > 0 || !(isAsCommitted || isRehearsal)) return 1;
  return refused.length > 0 ? 3 : 0;
}

/** Reads the accounts of a stack, and compares them with the engine's state of it. */
export async function compareLive(
  settings: Settings,
  state: readonly StateResource[],
  accounts: readonly LiveAccount[],
): Promise<LiveComparison> {
  const names = accountNames(settings);
  const deployed = readState(state, names);
  const own = (accountId: string) => resourcesIn(state, accountId);
  const trusting = accounts.find(({ accountId }) => accountId === settings.trustingAccountId);
  const [outside, ...read] = await Promise.all([
    trusting && findOutsideAccess(trusting, namesIn(own(trusting.accountId)), names),
    ...accounts.map((account) => new LiveStateReader(account, own(account.accountId)).read()),
  ]);
  const readIds = new Set(accounts.flatMap(({ accountId }) => own(accountId).map(({ urn }) => urn)));
  const others = state.filter(({ urn }) => !readIds.has(urn));
  const live = readState([...others, ...read.flatMap(({ resources }) => resources)], names);
  const removals = new Map(read.flatMap((part) => [...part.removals]));
  const changes = compareAccess(deployed.facts, live.facts, {
    accounts: names,
    statements: [...deployed.statements, ...live.statements],
  });
  const drift = changes.map((change): Drift => {
    const added = WIDENING.includes(change.kind)
      ? sayersOf(change.fact, live.statements).flatMap(({ resource }) => removals.get(resource) ?? [])
      : [];
    return {
      change,
      who: usersOf(change.fact, live.facts, names),
      restore: added[0] ?? `pulumi up --refresh --stack ${settings.stack}`,
    };
  });
  const file = baselineFile(settings.stack);
  const committed = existsSync(file) ? readFileSync(file, "utf8") : "";
  return {
    held: live.facts,
    drift,
    refused: read.flatMap(({ refused }) => refused),
    notRead: read.flatMap(({ notRead }) => notRead),
    outside,
    isAsCommitted: committed === formatBaseline(settings.stack, deployed.facts),
  };
}

/** The resources of a state that one provider's account holds. */
function resourcesIn(state: readonly StateResource[], accountId: string): StateResource[] {
  const providers = new Set(
    state
      .filter(
        ({ type, inputs }) => type === "pulumi:providers:aws" && JSON.stringify(inputs).includes(accountId),
      )
      .map(({ urn, id }) => `${urn}::${id}`),
  );
  return state.filter(
    ({ type, custom, external, provider = "" }) =>
      type.startsWith("aws:") && custom !== false && !external && providers.has(provider),
  );
}

const namesIn = (resources: readonly StateResource[]): ReadonlySet<string> =>
  new Set(
    resources.flatMap(({ id, inputs = {} }) =>
      [id, inputs.name, inputs.bucket].filter((name) => typeof name === "string"),
    ),
  );

/** Who can use what a fact allows. */
function usersOf(fact: Fact, facts: readonly Fact[], accounts: Readonly<Record<string, string>>): string {
  if (isGrant(fact) && (fact.who.values.length > 0 || fact.who.except)) return whoWords(fact.who, accounts);
  const [noun] = fact.holder.split(" ");
  if (noun === "group") return `members of ${holderWords(fact.holder)}`;
  if (noun !== "role") return fact.holder;
  const trusted = facts
    .filter(isGrant)
    .filter(({ account, holder, effect }) => {
      return account === fact.account && holder === fact.holder && effect === "trusts";
    })
    .map(({ who }) => whoWords(who, accounts));
  return `sessions of ${holderWords(fact.holder)}, which trusts ${[...new Set(trusted)].join("; ") || "no one"}`;
}

/** The comparison as lines for people. */
export function liveLines(
  { drift, refused, notRead, outside, isAsCommitted }: LiveComparison,
  stack: string,
  isRehearsal = true,
): string[] {
  const lines =
    drift.length === 0
      ? [`The accounts hold what the program of stack ${stack} deployed.`]
      : [`The accounts differ from what the program of stack ${stack} deployed: ${drift.length}`];
  for (const { change, who, restore } of drift)
    lines.push(`✘ ${change.kind}: ${change.sentence}`, `    who: ${who}`, `    put it back: ${restore}`);
  if (!isAsCommitted)
    lines.push(
      `${isRehearsal ? "–" : "✘"} access/${stack}.txt is not what stack ${stack} deployed. See the difference: npm run access -- ${stack} --check`,
    );
  lines.push(...refused.map((reason) => `– not read: ${reason}`));
  if (notRead.length > 0) lines.push(`– compared by the checks alone: ${notRead.join(", ")}`);
  if (!outside) return lines;
  lines.push(
    "",
    outside.sentences.length > 0
      ? "Who else gets into the trusting account from outside, by what is not of this stack:"
      : "Nothing else that could be read lets anyone into the trusting account from outside.",
    ...outside.sentences.map((sentence) => `  ${sentence}`),
    ...outside.notRead.map((reason) => `– not read: ${reason}`),
  );
  return lines;
}
