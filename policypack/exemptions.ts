import type { PolicySetting } from "./settings";
import { truncate } from "./text";

/** A resource that a policy does not judge, on record. Patterns take `*` for any text; all that are given must match. */
export interface Exemption {
  type?: string;
  name?: string;
  urn?: string;
  reason: string;
  /** Last day that it holds, in UTC: 2026-12-31. */
  expires?: string;
}

interface Resource {
  type: string;
  name: string;
  urn: string;
}

const pattern = { type: "string", minLength: 1 } as const;

/** Setting of every policy: the resources that it does not judge. */
export const exemptionsSetting: PolicySetting<Exemption[]> = {
  schema: {
    description:
      "Resources that this policy does not judge, by type, name or URN pattern, each with a reason and an optional last day.",
    type: "array",
    default: [],
    items: {
      type: "object",
      properties: {
        type: pattern,
        name: pattern,
        urn: pattern,
        reason: pattern,
        expires: { type: "string" },
      },
      required: ["reason"],
      additionalProperties: false,
    },
  },
  findMistakes: (exemptions) => {
    const mistakes: string[] = [];
    for (const [i, { type, name, urn, expires }] of exemptions.entries()) {
      if (!(type ?? name ?? urn)) mistakes.push(`[${i}]: give a type, name or urn pattern`);
      if (expires !== undefined && new Date(`${expires}T00:00:00Z`).toJSON()?.slice(0, 10) !== expires)
        mistakes.push(`[${i}].expires: "${truncate(expires)}" is no day; write one as 2026-12-31`);
    }
    return mistakes;
  },
};

/** Resources that each exemption was used for, since the pack started: by policy, then as written in the settings. */
const usage = new Map<string, { policy: string; exemption: Exemption; used: Set<string> }>();

/** True if text matches a pattern whose `*` is any text; linear in the text, whatever the pattern. */
export function matches(pattern: string, text: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return text === pattern;
  if (!text.startsWith(head)) return false;
  let at = head.length;
  for (const part of rest) {
    const next = text.indexOf(part, at);
    if (next < 0) return false;
    at = next + part.length;
  }
  return text.length - at >= tail.length && text.endsWith(tail);
}

/** True once the last day of an exemption is over. @param now Milliseconds since 1970. */
export const hasExpired = ({ expires }: Exemption, now = Date.now()): boolean =>
  expires !== undefined && now >= Date.parse(`${expires}T00:00:00Z`) + 86_400_000;

const usageKey = (policy: string, exemption: Exemption): string => `${policy} ${JSON.stringify(exemption)}`;

/** Puts exemptions on record, so that those never used are reported. */
export function recordExemptions(policy: string, exemptions: Exemption[]): void {
  for (const exemption of exemptions) {
    const key = usageKey(policy, exemption);
    if (!usage.has(key)) usage.set(key, { policy, exemption, used: new Set() });
  }
}

/** Finds the exemption of a resource that breaks the policy, one in force before one that has expired; its use is recorded. */
export function findExemption(
  policy: string,
  exemptions: Exemption[],
  resource: Resource,
): Exemption | undefined {
  const matching = exemptions.filter(({ type, name, urn }) =>
    [
      [type, resource.type],
      [name, resource.name],
      [urn, resource.urn],
    ].every(([pattern, text]) => pattern === undefined || matches(pattern, text as string)),
  );
  const exemption = matching.find((candidate) => !hasExpired(candidate)) ?? matching[0];
  if (exemption) usage.get(usageKey(policy, exemption))?.used.add(resource.urn);
  return exemption;
}

/** Every exemption with the URNs that it was used for; none for one that can be removed. */
export const exemptionUsage = (): { policy: string; exemption: Exemption; used: string[] }[] =>
  [...usage.values()].map(({ used, ...rest }) => ({ ...rest, used: [...used] }));
