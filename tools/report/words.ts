import type { Statement } from "../../infra/access/policy";

/** A condition that must hold, in words that follow "if", and as an instruction to the person who asks. */
export interface ConditionWords {
  condition: string;
  instruction: string;
}

/** A condition about the caller, by its verb: they "sign in" and "must sign in". */
const caller = (third: string, must: string, rest: string): ConditionWords => ({
  condition: `the caller ${third} ${rest}`,
  instruction: `you must ${must} ${rest}`,
});
const other = (condition: string): ConditionWords => ({
  condition,
  instruction: `it must hold that ${condition}`,
});

const signedIn = (value: string) =>
  caller(
    "signed in",
    "have signed in",
    `${value === "true" ? "with" : "without"} multi-factor authentication (MFA)`,
  );

/** The conditions that this program's policies make, by operator and key. */
const KNOWN: Readonly<Record<string, (value: string) => ConditionWords>> = {
  "Bool aws:MultiFactorAuthPresent": signedIn,
  // What AWS's own examples deny people without MFA by.
  "BoolIfExists aws:MultiFactorAuthPresent": signedIn,
  "NumericLessThanEquals aws:MultiFactorAuthAge": (value) =>
    caller("showed", "have shown", `MFA at most ${duration(Number(value))} ago`),
  "StringEquals sts:ExternalId": (value) => caller("sends", "send", `the external ID ${value}`),
  "StringEquals aws:PrincipalOrgID": (value) => caller("belongs", "belong", `to the organisation ${value}`),
  "ArnLike aws:PrincipalArn": (value) => caller("is", "be", value),
  "IpAddress aws:SourceIp": (value) => ({
    condition: `the request comes from the IP addresses ${value}`,
    instruction: `your request must come from the IP addresses ${value}`,
  }),
  "StringEquals token.actions.githubusercontent.com:sub": (value) =>
    caller("is", "be", `the GitHub workflow with the subject ${value}`),
  "StringEquals token.actions.githubusercontent.com:aud": (value) =>
    other(`GitHub's token is meant for ${value}`),
  "Bool aws:SecureTransport": (value) =>
    other(`the request is ${value === "true" ? "encrypted (TLS)" : "not encrypted (plain HTTP)"}`),
};

/** The conditions of a statement, each in plain words; all of them must hold. */
export function conditionWords({ Condition = {} }: Statement): ConditionWords[] {
  return Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => {
      const value = either([values].flat());
      const [, tag] = /^aws:ResourceTag\/(.+)$/.exec(key) ?? [];
      if (tag && operator === "StringEquals") return other(`the resource has the tag ${tag} = ${value}`);
      return KNOWN[`${operator} ${key}`]?.(value) ?? other(`${key} fulfils ${operator} ${value}`);
    }),
  );
}

/** The conditions of a statement in one text, joined by "and"; empty where it has none. */
export const conditionText = (statement: Statement): string =>
  conditionWords(statement)
    .map(({ condition }) => condition)
    .join(", and ");

/** The principals of a statement: `account 000000000001`, or as they are written. */
export function principalWords({ Principal }: Statement): string {
  if (Principal === "*") return "everyone";
  const named = Object.values(Principal ?? {}).flat();
  return either(
    named.map((arn) => (arn === "*" ? "everyone" : arn.replace(/^arn:.*:(\d{12}):root$/, "account $1"))),
  );
}

/** One statement as a sentence: who may or may not do what, on what, and under which conditions. */
export function statementWords(statement: Statement): string {
  const { Effect, Principal, Action, Resource } = statement;
  const verb = Effect === "Allow" ? "may" : "may never";
  const conditions = conditionText(statement);
  const sentence = [
    ...(Principal ? [principalWords(statement), verb, "do"] : [verb]),
    [Action].flat().join(", "),
    ...(Resource ? ["on", [Resource].flat().join(", ")] : []),
  ].join(" ");
  return `${capitalized(sentence)}${conditions && `, if ${conditions}`}.`;
}

/** An ARN begins with a small letter wherever it stands. */
const capitalized = (sentence: string) =>
  sentence.startsWith("arn:") ? sentence : sentence.replace(/^./, (letter) => letter.toUpperCase());

/** Seconds in the largest unit that divides them. */
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
