/** One character, a wildcard, or a policy variable, whose value nobody knows before the request. */
type Token = string;

/** `*` and `?` are wildcards; `${*}`, `${?}` and `${$}` are the characters themselves; other `${…}` are variables. */
function tokensOf(text: string): Token[] {
  return [...text.matchAll(/\$\{([^}]*)\}|[\s\S]/gu)].map(([token, variable]) => {
    if (variable === undefined) return token === "*" || token === "?" ? `wild ${token}` : token;
    return ["*", "?", "$"].includes(variable) ? variable : `variable ${variable.toLowerCase()}`;
  });
}

/** Whether a pattern matches all that another one matches: the other's wildcards and variables can stand for anything. */
export function containsPattern(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  const [pattern, text] = [tokensOf(wide), tokensOf(narrow)];
  // matched[i]: the pattern up to here matches the first i tokens of the text.
  let matched = text.map(() => false);
  matched = [true, ...matched];
  for (const token of pattern) {
    const next: boolean[] = [];
    for (const [index, before] of matched.entries()) {
      const last = text[index - 1];
      if (token === "wild *") next.push(before || (next[index - 1] ?? false));
      else next.push(last !== undefined && matched[index - 1] === true && matchesOne(token, last));
    }
    matched = next;
  }
  return matched.at(-1) === true;
}

const matchesOne = (token: Token, of: Token): boolean =>
  token === of || (token === "wild ?" && of !== "wild *" && !of.startsWith("variable "));

/** Whether anything at all could match both patterns. */
export function overlaps(left: string, right: string): boolean {
  const [a, b] = [tokensOf(left), tokensOf(right)];
  const isAny = (token: Token | undefined) => token === "wild *" || token?.startsWith("variable ") === true;
  // reachable[i][j]: what a's first i and b's first j tokens match has something in common.
  const reachable = Array.from({ length: a.length + 1 }, () => new Array<boolean>(b.length + 1).fill(false));
  reachable[0]![0] = true;
  for (let i = 0; i <= a.length; i++)
    for (let j = 0; j <= b.length; j++) {
      if (!reachable[i]![j]) continue;
      const [left, right] = [a[i], b[j]];
      if (isAny(left)) reachable[i + 1]![j] = true;
      if (isAny(right)) reachable[i]![j + 1] = true;
      if (left === undefined || right === undefined) continue;
      if (isAny(left)) reachable[i]![j + 1] = true;
      if (isAny(right)) reachable[i + 1]![j] = true;
      if (left === right || left === "wild ?" || right === "wild ?") reachable[i + 1]![j + 1] = true;
    }
  return reachable[a.length]![b.length]!;
}

/** As {@link containsPattern} for ARNs, which AWS also compares part by part: a wildcard may end at a colon. */
export function containsArn(wide: string, narrow: string): boolean {
  if (!containsPattern(wide, narrow)) return false;
  const [wideParts, narrowParts] = [partsOf(wide), partsOf(narrow)];
  if (wide === "*" || wide === narrow) return true;
  if (!wideParts || !narrowParts) return !wideParts && !narrowParts;
  return wideParts.every((part, index) => containsPattern(part, narrowParts[index]!));
}

/** The six parts of an ARN. */
function partsOf(arn: string): string[] | undefined {
  if (!arn.startsWith("arn:")) return undefined;
  // Colons in a variable's name part nothing.
  const parts = arn.replace(/\$\{[^}]*\}/g, (variable) => variable.replaceAll(":", "\0")).split(":");
  if (parts.length < 6) return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(":")].map((part) => part.replaceAll("\0", ":"));
}
