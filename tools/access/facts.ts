/** What one element of a statement names, or everything except what it names. */
export interface Selection {
  readonly except: boolean;
  /** None: the holder itself, as in an identity policy, which names no principal. */
  readonly values: readonly string[];
}

/** One test of a condition. All tests of a condition must pass. */
export interface ConditionTest {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** Permission or refusal: who may or may not do what, on what, under which condition. */
export interface Grant {
  /** `trusting`, `trusted`, or the ID of another account. */
  readonly account: string;
  /** What holds the policy: `role UpdateApp`, `bucket productionapp`. */
  readonly holder: string;
  /** `trusts`: an Allow of a role's trust policy. */
  readonly effect: "trusts" | "allows" | "refuses";
  readonly who: Selection;
  readonly actions: Selection;
  readonly resources: Selection;
  readonly condition: readonly ConditionTest[];
}

/** Anything else that decides about access: an attached policy, a boundary, the longest session. */
export interface SettingFact {
  readonly account: string;
  readonly holder: string;
  readonly effect: "sets";
  readonly name: string;
  readonly value: string;
}

export type Fact = Grant | SettingFact;
export const isGrant = (fact: Fact): fact is Grant => fact.effect !== "sets";

/** Name of the setting that every resource has, so that its removal differs from that of its policies. */
export const EXISTS = "exists";

/** Value of a setting that is secret or unknown: nobody can say whether it has changed. */
export const UNREADABLE = "(cannot be read)";

export const selection = (values: readonly string[], except = false): Selection => ({ except, values });
/** An identity policy's principal, or the resource of a policy that belongs to one. */
export const ITSELF: Selection = selection([]);

export const unique = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** Groups by a key, in the order of first appearance. */
export function groupBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
