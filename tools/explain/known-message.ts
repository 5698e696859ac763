import { CATALOGUE, type KnownMessage } from "./catalogue";
import { normalizeMessage, type Refusal } from "./message";
import type { Explanation } from "./types";

/** A message of the catalogue that a text contains, and the parts of the text that its answer names. */
export interface Recognized {
  message: KnownMessage;
  parts: Readonly<Record<string, string | undefined>>;
}

/** The first entry of the catalogue that a text matches. */
export function recognize(text: string): Recognized | undefined {
  const line = normalizeMessage(text);
  for (const message of CATALOGUE) {
    const match = message.pattern.exec(line);
    if (match) return { message, parts: partsOf(match.groups ?? {}) };
  }
  return undefined;
}

/** A pattern of several alternatives numbers its groups: profile, profile2. */
function partsOf(groups: Record<string, string | undefined>): Record<string, string | undefined> {
  const found = Object.entries(groups).filter(([, value]) => value !== undefined);
  return Object.fromEntries(found.map(([name, value]) => [name.replace(/\d+$/, ""), value]));
}

/** Whether a recognized message is the answer, and no policy need be looked at. */
export function isWholeAnswer({ message }: Recognized, { who, action }: Refusal): boolean {
  if (message.overridesPolicies) return true;
  if (who && action) return false;
  return message.actions === undefined;
}

/** The answer of a recognized message, with what is known of the stack. */
export function answer(
  { message, parts }: Recognized,
  stack: Readonly<Record<string, unknown>>,
): Explanation {
  const known: Record<string, unknown> = { ...stack, ...parts };
  const fill = (text: string) =>
    text.replace(/\{(\w+)(?:\|([^}]*))?\}/g, (_, name, unknown) =>
      String(known[name] || unknown || placeholder(name)),
    );
  return [
    ["cause", fill(message.cause)],
    ["fix", fill(message.fix)],
    ["see", message.page],
  ];
}

/** sessionDuration as SESSION-DURATION. */
const placeholder = (name: string) => name.replace(/(?=[A-Z])/g, "-").toUpperCase();
