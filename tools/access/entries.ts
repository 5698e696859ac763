import { selects } from "./coverage";
import {
  type ConditionTest,
  type Fact,
  type Grant,
  groupBy,
  isGrant,
  type SettingFact,
  unique,
} from "./facts";
import { containsArn } from "./patterns";
import { LONGEST_SESSION } from "./types";
import { actionWords, conditionWords, listWords, principalWords } from "./words";

/** A way into the trusting account for someone outside it. */
export interface Entry {
  /** `group Developers`, `role InstanceOperatorMachine`, `jobs of repo:owner/name:environment:prod`. */
  who: string;
  /** What they must show in addition to their own credentials; empty: nothing. */
  shows: string;
  /** The role, or the resource whose policy lets them in. */
  via: string;
  /** What that allows, one line for each kind of resource. */
  to: readonly string[];
  ends: string;
}

/** Condition keys that say who it is, rather than what they show. */
const IDENTITY_KEYS = /^(aws:PrincipalArn|.*:(sub|aud))$/i;
const ASSUMES = /^sts:(\*|assumerole|\*role)/i;

/** Everyone from outside who can get into the trusting account, from its access model. */
export function entriesOf(facts: readonly Fact[], accounts: Readonly<Record<string, string>>): Entry[] {
  const grants = facts.filter(isGrant);
  const home = Object.keys(accounts).find((id) => accounts[id] === "trusting");
  const entries = grants
    .filter(({ account, effect, who }) => {
      return account === "trusting" && effect !== "refuses" && (who.values.length > 0 || who.except);
    })
    .flatMap((grant) => callersOf(grant, grants, { accounts, home }).map((who) => ({ grant, who })))
    // A role's session never carries MFA.
    .filter(({ grant, who }) => !(who.startsWith("role ") && grant.condition.some(asksForMfa)))
    .map(({ grant, who }): Entry => {
      const shows = grant.condition.filter(({ key }) => !IDENTITY_KEYS.test(key));
      return {
        who,
        shows: shows.length > 0 ? shownWords(shows) : "",
        via: grant.holder,
        to: grant.effect === "trusts" ? permissionsOf(grant, grants) : [actionWords(grant.actions)],
        ends: grant.effect === "trusts" ? sessionOf(grant, facts) : "the policy changes",
      };
    });
  const alike = groupBy(entries, ({ who, via, shows }) => JSON.stringify([who, via, shows]));
  return [...alike.values()]
    .map((group) => ({ ...group[0]!, to: unique(group.flatMap(({ to }) => to)) }))
    .sort((left, right) => (`${left.via} ${left.who}` < `${right.via} ${right.who}` ? -1 : 1));
}

const asksForMfa = ({ operator, key, values }: ConditionTest): boolean =>
  operator === "Bool" && /^aws:MultiFactorAuthPresent$/i.test(key) && values.join() === "true";

const shownWords = (tests: readonly ConditionTest[]): string =>
  tests.map((test) => (asksForMfa(test) ? "MFA" : conditionWords([test]).replace(/^if /, ""))).join(" and ");

interface Context {
  accounts: Readonly<Record<string, string>>;
  home: string | undefined;
}

/** Whom a grant lets in from outside: by the condition that names them, else by what their own account grants. */
function callersOf(grant: Grant, grants: readonly Grant[], { accounts, home }: Context): string[] {
  if (grant.who.except) return [`everyone except ${grant.who.values.join(", ")}`];
  return grant.who.values.flatMap((principal): string[] => {
    if (principal === home || principal.startsWith("Service:")) return [];
    const names = grant.condition.filter(({ key }) => IDENTITY_KEYS.test(key));
    const named = names.filter(({ key, operator }) => !/:aud$/i.test(key) && !/not/i.test(operator));
    if (named.length > 0) return named.flatMap((test) => namedBy(test, principal));
    if (accounts[principal] !== "trusted") return [principalWords(principal, accounts)];
    const granted = grants.filter((other) => other.account === "trusted" && allowsUse(other, grant, home));
    const holders = unique(granted.map(({ holder }) => holder));
    return holders.length > 0 ? holders : [`no one of ${principalWords(principal, accounts)} yet`];
  });
}

/** The ARNs of this account, or the jobs, that a test of a condition names. */
function namedBy({ key, values }: ConditionTest, principal: string): string[] {
  if (/:sub$/i.test(key)) return values.map((value) => `jobs of ${value}`);
  return values
    .filter((value) => !/^\d{12}$/.test(principal) || value.split(":")[4] === principal)
    .map((value) => {
      const [, permissionSet] = /AWSReservedSSO_([^/_*]+)/.exec(value) ?? [];
      return permissionSet ? `people of permission set ${permissionSet}` : value;
    });
}

/** Whether a grant of the trusted account allows what a grant of the trusting account lets it do. */
function allowsUse(own: Grant, other: Grant, home: string | undefined): boolean {
  if (own.effect !== "allows" || own.who.values.length > 0) return false;
  if (other.effect === "trusts") {
    const [noun, name] = other.holder.split(" ");
    const arn = `arn:aws:iam::${home}:${noun}/${name}`;
    const isThere = own.resources.values.some((pattern) =>
      containsArn(pattern.replace(/^arn:aws[\w-]*:/, "arn:aws:"), arn),
    );
    return own.actions.values.some((action) => ASSUMES.test(action)) && isThere !== own.resources.except;
  }
  const shared = other.actions.values.filter((action) =>
    selects(own.actions, { except: false, values: [action] }, (wide, narrow) =>
      containsArn(wide.toLowerCase(), narrow.toLowerCase()),
    ),
  );
  if (shared.length === 0) return false;
  // A repository's policy names no resource: it is about its own.
  if (other.resources.values.length === 0) return true;
  return other.resources.values.some((resource) =>
    own.resources.values.some((pattern) => containsArn(pattern, resource)),
  );
}

/** The most lines that say what a role may do; more are summed up by service. */
const MOST_LINES = 4;

function permissionsOf(trust: Grant, grants: readonly Grant[]): string[] {
  const own = grants.filter(
    ({ account, holder, effect }) =>
      account === trust.account && holder === trust.holder && effect === "allows",
  );
  const lines = own.map(({ actions, resources }) => {
    return `${actionWords(actions)} on ${resources.except ? "everything except " : ""}${shortNames(resources.values)}`;
  });
  if (lines.length <= MOST_LINES) return unique(lines);
  const actions = unique(own.flatMap((grant) => grant.actions.values));
  const services = unique(actions.map((action) => action.split(":")[0]!));
  const widest = own.some((grant) => grant.actions.except) ? ["everything except what is named"] : [];
  return [...widest, `${actions.length} actions of ${listWords(services)}`];
}

/** The last parts of ARNs, as people call them. */
function shortNames(arns: readonly string[]): string {
  const names = unique(
    arns.map((arn) => (arn === "*" ? "every resource" : arn.split(":").slice(5).join(":") || arn)),
  );
  return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
}

function sessionOf({ account, holder }: Grant, facts: readonly Fact[]): string {
  const setting = facts.find(
    (fact): fact is SettingFact =>
      !isGrant(fact) && fact.account === account && fact.holder === holder && fact.name === LONGEST_SESSION,
  );
  const hours = Number(setting?.value ?? 3600) / 3600;
  return `${Number.isInteger(hours) ? hours : hours.toFixed(1)} h after assuming it`;
}
