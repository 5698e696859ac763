import type { Exemption } from "./settings";

interface Subject {
  type: string;
  name: string;
  urn: string;
}

/** What each exemption was used for, since the pack started: by policy, then as written in the settings. */
const record = new Map<string, { exemption: Exemption; used: Set<string> }>();

/** Whether text matches a pattern whose `*` stands for any text; linear in the text, whatever the pattern. */
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

/** Whether the last day of an exemption is over. @param now Milliseconds since 1970. */
export const isOver = ({ expires }: Exemption, now = Date.now()): boolean =>
  expires !== undefined && now >= Date.parse(`${expires}T00:00:00Z`) + 86_400_000;

/** Puts exemptions on record, so that those never used can be told. */
export function register(policy: string, exemptions: Exemption[]): void {
  for (const exemption of exemptions) {
    const key = `${policy} ${JSON.stringify(exemption)}`;
    if (!record.has(key)) record.set(key, { exemption, used: new Set() });
  }
}

/** The exemption that covers a resource which the policy would fail, one in force before one that is over; put on record. */
export function exempting(policy: string, exemptions: Exemption[], subject: Subject): Exemption | undefined {
  const fits = exemptions.filter(({ type, name, urn }) =>
    [
      [type, subject.type],
      [name, subject.name],
      [urn, subject.urn],
    ].every(([pattern, text]) => pattern === undefined || matches(pattern, text as string)),
  );
  const exemption = fits.find((one) => !isOver(one)) ?? fits[0];
  if (exemption) record.get(`${policy} ${JSON.stringify(exemption)}`)?.used.add(subject.urn);
  return exemption;
}

/** What became of every exemption: for whom each was used, with none for those to be removed. */
export const account = (): { policy: string; exemption: Exemption; used: string[] }[] =>
  [...record].map(([key, { exemption, used }]) => ({
    policy: key.slice(0, key.indexOf(" ")),
    exemption,
    used: [...used],
  }));
