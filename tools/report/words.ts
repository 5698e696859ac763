import type { Statement } from "../../infra/access/policy";

/** Conditions that this program's policies make, in words that follow "if the caller" or "if the request". */
const KNOWN: Readonly<Record<string, (value: string) => string>> = {
  "Bool aws:MultiFactorAuthPresent": (value) =>
    `the caller signed in ${value === "true" ? "with" : "without"} multi-factor authentication (MFA)`,
  "NumericLessThanEquals aws:MultiFactorAuthAge": (value) =>
    `the caller showed MFA at most ${duration(Number(value))} ago`,
  "StringEquals sts:ExternalId": (value) => `the caller sends the external ID ${value}`,
  "StringEquals aws:PrincipalOrgID": (value) => `the caller belongs to the organisation ${value}`,
  "ArnLike aws:PrincipalArn": (value) => `the caller is ${value}`,
  "IpAddress aws:SourceIp": (value) => `the request comes from the IP addresses ${value}`,
  "StringEquals token.actions.githubusercontent.com:sub": (value) =>
    `the caller is the GitHub workflow with the subject ${value}`,
  "StringEquals token.actions.githubusercontent.com:aud": (value) => `GitHub's token is meant for ${value}`,
  "Bool aws:SecureTransport": (value) =>
    `the request is ${value === "true" ? "encrypted (TLS)" : "not encrypted (plain HTTP)"}`,
};

/** The conditions of a statement, each in plain words; all of them must hold. */
export function conditionWords({ Condition = {} }: Statement): string[] {
  return Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => {
      const value = either([values].flat());
      const [, tag] = /^aws:ResourceTag\/(.+)$/.exec(key) ?? [];
      if (tag && operator === "StringEquals") return `the resource has the tag ${tag} = ${value}`;
      return KNOWN[`${operator} ${key}`]?.(value) ?? `${key} fulfils ${operator} ${value}`;
    }),
  );
}

/** Who a statement names, in words: `account 000000000001`, or the principal as it is written. */
export function principalWords({ Principal }: Statement): string {
  if (Principal === "*") return "everyone";
  const named = Object.values(Principal ?? {}).flat();
  return either(
    named.map((one) => (one === "*" ? "everyone" : one.replace(/^arn:.*:(\d{12}):root$/, "account $1"))),
  );
}

/** One statement as a sentence: who may or may not do what, on what, and under which conditions. */
export function statementWords(statement: Statement): string {
  const { Effect, Principal, Action, Resource } = statement;
  const conditions = conditionWords(statement);
  return [
    Principal ? principalWords(statement) : "",
    Effect === "Allow" ? "may" : "may never",
    Principal ? "do" : "",
    [Action].flat().join(", "),
    Resource ? `on ${[Resource].flat().join(", ")}` : "",
    conditions.length > 0 ? `, if ${conditions.join(", and ")}` : "",
  ]
    .filter(Boolean)
    .join(" ")
    .replace(" , ", ", ")
    .replace(/^./, (letter) => letter.toUpperCase())
    .concat(".");
}

/** Seconds in the largest unit that takes them whole. */
export function duration(seconds: number): string {
  for (const [unit, length] of [
    ["hour", 3600],
    ["minute", 60],
  ] as const)
    if (seconds >= length && seconds % length === 0)
      return `${seconds / length} ${unit}${seconds === length ? "" : "s"}`;
  return `${seconds} seconds`;
}

const either = (values: readonly string[]) => values.join(" or ");
