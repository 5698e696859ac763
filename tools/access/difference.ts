import { holderWords } from "./baseline";
import { atomsOf, canonical } from "./canonical";
import { covers } from "./coverage";
import { EXISTS, type Fact, type Grant, groupBy, isGrant, type SettingFact, UNREADABLE } from "./facts";
import type { AccountNames, StateStatement } from "./state";
import * as types from "./types";
import { actionWords, conditionWords, resourceWords, whoWords } from "./words";

/** Kinds of change, in the order in which people want to know of them. */
export const KINDS = [
  "newly allowed",
  "newly trusted",
  "no longer refused",
  "no longer allowed",
  "changed otherwise",
] as const;
export type Kind = (typeof KINDS)[number];

/** The kinds that let someone do more than before. */
export const WIDENING: readonly Kind[] = ["newly allowed", "newly trusted", "no longer refused"];

export interface Change {
  kind: Kind;
  sentence: string;
  /** Lines of the program that say it. */
  places: readonly string[];
  /** What is said on one side alone. */
  fact: Fact;
}

export interface CompareOptions {
  /** The stack's accounts: words by ID. */
  accounts?: AccountNames;
  /** What each resource says, to name the line of the program. */
  statements?: readonly StateStatement[];
}

/** What changes for people from one access model to another. Rewording is no change. */
export function compareAccess(
  base: readonly Fact[],
  branch: readonly Fact[],
  { accounts = {}, statements = [] }: CompareOptions = {},
): Change[] {
  const removed = removedHolders(base, branch);
  const grants = new GrantComparison(base.filter(isGrant), branch.filter(isGrant), accounts, removed);
  const settings = compareSettings(base, branch, removed);
  const changes = [...grants.compare(), ...settings].map((change) => ({
    ...change,
    places: placesOf(change.fact, statements),
  }));
  return [...groupBy(changes, ({ kind, sentence }) => `${kind} ${sentence}`).values()]
    .map(([change]) => change!)
    .sort((left, right) => KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind));
}

export const widens = (changes: readonly Change[]): boolean =>
  changes.some(({ kind }) => WIDENING.includes(kind));

type FactChange = Omit<Change, "places">;

const holderKey = ({ account, holder }: Fact): string => `${account} | ${holder}`;
const nameOf = ({ account, holder }: Fact): string => `${holderWords(holder)} (${account} account)`;

/** Holders that existed, and of which nothing is left. */
function removedHolders(base: readonly Fact[], branch: readonly Fact[]): ReadonlySet<string> {
  const left = new Set(branch.map(holderKey));
  const existed = base.filter((fact) => !isGrant(fact) && fact.name === EXISTS).map(holderKey);
  return new Set(existed.filter((key) => !left.has(key)));
}

class GrantComparison {
  readonly #base: Map<string, Grant[]>;
  readonly #branch: Map<string, Grant[]>;

  constructor(
    base: readonly Grant[],
    branch: readonly Grant[],
    private readonly accounts: AccountNames,
    private readonly removed: ReadonlySet<string>,
  ) {
    this.#base = groupBy(canonical(base), decidesAs);
    this.#branch = groupBy(canonical(branch), decidesAs);
  }

  compare(): FactChange[] {
    const added = this.#uncovered(this.#branch, this.#base).map((grant): FactChange => {
      const before = conditionsOf(grant, this.#base.get(decidesAs(grant)) ?? []);
      const sentence = `${this.#words(grant, "newly")}${before}`;
      return { kind: addedKind(grant), sentence, fact: grant };
    });
    const dropped = this.#uncovered(this.#base, this.#branch)
      .filter((grant) => grant.effect !== "refuses" || !this.removed.has(holderKey(grant)))
      .map((grant): FactChange => {
        const now = conditionsOf(grant, this.#branch.get(decidesAs(grant)) ?? [], "now");
        const kind = grant.effect === "refuses" ? "no longer refused" : "no longer allowed";
        return { kind, sentence: `${this.#words(grant, "no longer")}${now}`, fact: grant };
      });
    return [...added, ...dropped];
  }

  /** What one side says and the other does not, as few grants. */
  #uncovered(one: Map<string, Grant[]>, other: Map<string, Grant[]>): Grant[] {
    const uncovered = [...one].flatMap(([key, grants]) => {
      const others = other.get(key) ?? [];
      // Most of what both sides say they say in the same words: that is found without comparing patterns.
      const same = new Set(others.flatMap(atomsOf).map(wordsOf));
      return grants.flatMap(atomsOf).filter((atom) => {
        if (same.has(wordsOf(atom))) return false;
        const home = Object.keys(this.accounts).find((id) => this.accounts[id] === atom.account);
        return !others.some((grant) => covers(grant, atom, home));
      });
    });
    return canonical(uncovered);
  }

  #words(grant: Grant, change: "newly" | "no longer"): string {
    const { effect, who, actions, resources, condition } = grant;
    const what = `${actionWords(actions)}${resourceWords(resources)}`;
    const people = whoWords(who, this.accounts);
    const name = nameOf(grant);
    const ending = `, ${conditionWords(condition)}`;
    const isIdentity = who.values.length === 0 && !who.except;
    if (effect === "trusts") return `${name} ${change} trusts ${people} for ${what}${ending}`;
    if (effect === "refuses") {
      const whom = isIdentity ? "its holder" : people;
      return `${name} ${change} refuses ${whom} ${what}${ending}`;
    }
    if (isIdentity)
      return `${name} ${change === "newly" ? "newly may use" : "may no longer use"} ${what}${ending}`;
    return `${name} ${change} lets ${people} use ${what}${ending}`;
  }
}

const wordsOf = ({ who, actions, resources, condition }: Grant): string =>
  JSON.stringify([who, actions, resources, condition]);

/** Grants that decide the same question: only these can replace each other. */
const decidesAs = (grant: Grant): string => `${holderKey(grant)} | ${grant.effect}`;

function addedKind({ effect }: Grant): Kind {
  if (effect === "refuses") return "no longer allowed";
  return effect === "trusts" ? "newly trusted" : "newly allowed";
}

/** Where only the condition differs: what the condition was, or is now. */
function conditionsOf(grant: Grant, others: readonly Grant[], when: "before" | "now" = "before"): string {
  const { condition: _, ...rest } = grant;
  const atoms = atomsOf({ ...rest, condition: [] });
  const alike = others.filter(({ condition: _, ...other }) =>
    atoms.every((atom) => covers({ ...other, condition: [] }, atom)),
  );
  const conditions = alike.map(({ condition }) => conditionWords(condition)).filter((words) => words);
  return conditions.length > 0 ? ` (${when}: ${[...new Set(conditions)].join("; or ")})` : "";
}

/** What each setting allows: added, it gives something; removed, it takes that away. */
const GIVES: Readonly<Record<string, { kind: Kind; verb: string }>> = {
  [types.ATTACHED]: { kind: "newly allowed", verb: "has the attached policy" },
  [types.MEMBER]: { kind: "newly allowed", verb: "has the member" },
  [types.MEMBER_OF]: { kind: "newly allowed", verb: "is a member of the group" },
  [types.IN_PROFILE]: { kind: "newly allowed", verb: "gives instances the role" },
  [types.ACCESS_KEY]: { kind: "newly allowed", verb: "has the access key" },
  [types.AUDIENCE]: { kind: "newly trusted", verb: "accepts the audience" },
};

interface SettingChange {
  fact: SettingFact;
  name: string;
  added: string[];
  dropped: string[];
}

function compareSettings(
  base: readonly Fact[],
  branch: readonly Fact[],
  removed: ReadonlySet<string>,
): FactChange[] {
  const settingKey = (fact: SettingFact) => `${holderKey(fact)} | ${fact.name}`;
  const [before, after] = [base, branch].map((facts) =>
    groupBy(
      facts.filter((fact) => !isGrant(fact)),
      settingKey,
    ),
  ) as [Map<string, SettingFact[]>, Map<string, SettingFact[]>];
  const known = new Set(
    [...before.values()]
      .flat()
      .filter(({ name }) => name === EXISTS)
      .map(holderKey),
  );
  const refusing = new Set(base.filter(({ effect }) => effect === "refuses").map(holderKey));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key): FactChange[] => {
    const [old, now] = [before.get(key) ?? [], after.get(key) ?? []];
    const fact = (now[0] ?? old[0])!;
    const isIn = (settings: SettingFact[], value: string) =>
      settings.some((setting) => setting.value === value);
    const added = now
      .filter(({ value }) => !isIn(old, value) || value === UNREADABLE)
      .map(({ value }) => value);
    const dropped = old.filter(({ value }) => !isIn(now, value)).map(({ value }) => value);
    if (added.length + dropped.length === 0) return [];
    const change: SettingChange = { fact, name: fact.name, added, dropped };
    if (removed.has(holderKey(fact))) return describeRemoval(change);
    const isNew = !known.has(holderKey(fact)) && old.length === 0;
    return describeSetting(change, { isNew, mayRefuse: refusing.has(holderKey(fact)) });
  });
}

function describeRemoval({ fact, name }: SettingChange): FactChange[] {
  return name === EXISTS
    ? [{ kind: "no longer allowed", sentence: `${nameOf(fact)} is removed, with its policies`, fact }]
    : [];
}

function describeSetting(
  { fact, name, added, dropped }: SettingChange,
  { isNew, mayRefuse }: { isNew: boolean; mayRefuse: boolean },
): FactChange[] {
  const holder = nameOf(fact);
  const say = (kind: Kind, sentence: string, value = fact.value): FactChange => ({
    kind,
    sentence: `${holder} ${sentence}`,
    fact: { ...fact, value },
  });
  if (name === EXISTS) return [say("changed otherwise", added.length > 0 ? "is new" : "is removed")];
  if (added.includes(UNREADABLE))
    return [
      say("newly allowed", `has a secret ${name}: what it allows cannot be read, and counts as changed`),
    ];
  const gives = Object.hasOwn(GIVES, name) ? GIVES[name] : undefined;
  if (gives)
    return [
      ...added.map((value) => say(gives.kind, `newly ${gives.verb} ${value}`, value)),
      // A policy, or a group's policies, may have refused something.
      ...dropped.map((value) =>
        say(
          mayRefuse || /deny|quarantine|block|restrict|guard/i.test(value)
            ? "no longer refused"
            : "no longer allowed",
          `no longer ${gives.verb} ${value}`,
          value,
        ),
      ),
    ];
  const [before, now] = [dropped.join(", "), added.join(", ")];
  if (name === types.BOUNDARY) {
    if (before === "")
      return isNew ? [] : [say("no longer allowed", `is newly limited by the boundary ${now}`)];
    const instead = now === "" ? "" : `, but by ${now}`;
    return [say("newly allowed", `is no longer limited by the permissions boundary ${before}${instead}`)];
  }
  if (isNew && HARMLESS_AT_FIRST.includes(name)) return [];
  if (name === types.LONGEST_SESSION) {
    const kind = Number(now) > Number(before) ? "newly allowed" : "no longer allowed";
    return [say(kind, `allows sessions of ${now} seconds instead of ${before}`)];
  }
  if ((types.BLOCKS as readonly string[]).includes(name)) {
    const isOn = now === "true";
    return [say(isOn ? "no longer allowed" : "no longer refused", `${isOn ? "newly" : "no longer"} ${name}`)];
  }
  if (name === types.OWNERSHIP && now === "BucketOwnerEnforced")
    return [say("no longer allowed", "newly ignores every ACL")];
  return [say("newly allowed", settingWords(name, before, now))];
}

/** Settings that a new resource has anyway, and that allow nothing alone. */
const HARMLESS_AT_FIRST: readonly string[] = [
  types.LONGEST_SESSION,
  types.OWNERSHIP,
  "path",
  ...types.BLOCKS,
];

function settingWords(name: string, before: string, now: string): string {
  if (before === "") return `newly sets ${name} to ${now}: what that allows is not known here`;
  if (now === "") return `no longer sets ${name}, which was ${before}: what that allows is not known here`;
  return `sets ${name} to ${now} instead of ${before}: what that allows is not known here`;
}

/** The resources that say a fact, or a part of it; where none does, all that say anything about its holder. */
export function sayersOf(fact: Fact, statements: readonly StateStatement[]): StateStatement[] {
  const ofHolder = statements.filter(({ fact: other }) => holderKey(other) === holderKey(fact));
  const says = ({ fact: other }: StateStatement): boolean => {
    if (!isGrant(fact)) return !isGrant(other) && other.name === fact.name && other.value === fact.value;
    if (!isGrant(other) || other.effect !== fact.effect) return false;
    return fact.actions.values.some((action) => other.actions.values.includes(action));
  };
  const exact = ofHolder.filter(says);
  return exact.length > 0 ? exact : ofHolder;
}

const placesOf = (fact: Fact, statements: readonly StateStatement[]): string[] =>
  [...new Set(sayersOf(fact, statements).flatMap(({ place }) => place ?? []))].slice(0, 3);
