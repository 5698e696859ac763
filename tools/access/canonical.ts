import { type ConditionTest, type Grant, groupBy, type Selection, unique } from "./facts";

/** The parts of a selection that can be looked at one by one: each value, or all that it excepts together. */
export const partsOf = ({ except, values }: Selection): Selection[] =>
  except || values.length === 0
    ? [{ except, values: unique(values) }]
    : unique(values).map((value) => ({ except, values: [value] }));

const keyOf = ({ except, values }: Selection): string => JSON.stringify([except, ...values]);

/** Parts as as few selections as possible: one of all plain values, and each of the others. */
function join(parts: readonly Selection[]): Selection[] {
  const plain = parts.filter(({ except, values }) => !except && values.length > 0);
  const values = unique(plain.flatMap((part) => part.values));
  const others = parts.filter((part) => !plain.includes(part));
  return [...(values.length > 0 ? [{ except: false, values }] : []), ...others];
}

/** One principal, one action and one resource of a grant, with its whole condition. */
export const atomsOf = (grant: Grant): Grant[] =>
  partsOf(grant.who).flatMap((who) =>
    partsOf(grant.actions).flatMap((actions) =>
      partsOf(grant.resources).map((resources) => ({ ...grant, who, actions, resources })),
    ),
  );

/**
 * The same permissions and refusals, written in the one way that depends on nothing but what they say: not on the order,
 * the number or the names of statements, nor on their spelling.
 */
export function canonical(grants: readonly Grant[]): Grant[] {
  const spelled = oneSpelling(grants);
  const atoms = spelled.flatMap(atomsOf);
  const alike = groupBy(atoms, ({ account, holder, effect, condition }) =>
    JSON.stringify([account, holder, effect, condition]),
  );
  return [...alike.values()].flatMap(regroup);
}

/** Atoms that differ in principal, action and resource alone: those of the same resources together, then those of the same actions. */
function regroup(atoms: readonly Grant[]): Grant[] {
  const once = [...groupBy(atoms, atomKey).values()].map(([atom]) => atom!);
  const byResources = merge(once, "resources", ["who", "actions"]);
  const byActions = merge(byResources, "actions", ["who", "resources"]);
  return merge(byActions, "who", ["actions", "resources"]);
}

const atomKey = ({ who, actions, resources }: Grant) => [who, actions, resources].map(keyOf).join();

type StatementElement = "who" | "actions" | "resources";
function merge(
  grants: readonly Grant[],
  element: StatementElement,
  same: readonly StatementElement[],
): Grant[] {
  const groups = groupBy(grants, (grant) => same.map((name) => keyOf(grant[name])).join());
  return [...groups.values()].flatMap((group) =>
    join(group.map((grant) => grant[element])).map((joined) => ({ ...group[0]!, [element]: joined })),
  );
}

/** Actions, operators and condition keys are the same in any case: each is written as its first spelling by the alphabet. */
function oneSpelling(grants: readonly Grant[]): Grant[] {
  const spellings = new Map<string, string>();
  const learn = (text: string) => {
    const known = spellings.get(text.toLowerCase());
    if (known === undefined || text < known) spellings.set(text.toLowerCase(), text);
  };
  for (const { actions, condition } of grants) {
    for (const action of actions.values) learn(action);
    for (const { operator, key } of condition) for (const text of [operator, key]) learn(text);
  }
  const spell = (text: string) => spellings.get(text.toLowerCase())!;
  return grants.map((grant) => ({
    ...grant,
    who: { ...grant.who, values: unique(grant.who.values) },
    actions: { ...grant.actions, values: unique(grant.actions.values.map(spell)) },
    resources: { ...grant.resources, values: unique(grant.resources.values) },
    condition: grant.condition
      .map(({ operator, key, values }) => ({
        operator: spell(operator),
        key: spell(key),
        values: unique(values),
      }))
      .sort(byText),
  }));
}

const byText = (left: ConditionTest, right: ConditionTest): number =>
  JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
