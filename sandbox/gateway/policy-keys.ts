/** The condition keys that a policy uses: in its conditions, and as variables in its texts. */
import { statementsOf } from "./policy-documents";

const known = new WeakMap<object, readonly string[]>();

export function keysIn(policy: unknown): readonly string[] {
  if (!policy || typeof policy !== "object") return [];
  const found = known.get(policy);
  if (found) return found;
  const tested = statementsOf(policy).flatMap(({ Condition = {} }) =>
    Object.values(Condition).flatMap(Object.keys),
  );
  const variables = [...JSON.stringify(policy).matchAll(/\$\{([^},]+)/g)].map(([, name = ""]) => name.trim());
  const keys = [...new Set([...tested, ...variables])];
  known.set(policy, keys);
  return keys;
}
