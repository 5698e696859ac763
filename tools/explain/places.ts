import type { Statement } from "../../infra/access/policy";
import { PROJECT } from "../../infra/stack-settings";
import { isUnreadable } from "../deployed-policies";
import { conditionText, conditionWords } from "../report/words";
import { type ManagedPolicy, type PolicyTarget, targetOf } from "./managed-policies";
import type { StatedReason } from "./message";
import { accountOf, isAbout, meetsPrincipalArn, names, readSession } from "./statements";
import type { Explanation, Facts } from "./types";

/** The side that an account is, in the stack's words. */
export function sideOf({ settings }: Facts, account: string): string {
  if (account === settings.trustingAccountId) return `the trusting account ${account}`;
  if (account === settings.trustedAccountId) return `the trusted account ${account}`;
  return `account ${account}, which this stack does not know`;
}

/** A bucket's ARN names no account: the stack's are the trusting account's. What belongs to no resource is asked at home. */
export const resourceAccount = ({ who, on, settings }: Facts) =>
  accountOf(on) || (on === "*" ? accountOf(who) : settings.trustingAccountId);

/** Whether both sides must allow it: always where they are two accounts, and where a role is assumed. */
export const needsBothSides = (facts: Facts) =>
  facts.action.startsWith("sts:") || accountOf(facts.who) !== resourceAccount(facts);

export interface StatementPlace {
  of: string;
  statement: Statement;
  number: number;
  managed?: ManagedPolicy | undefined;
}

/** The caller's statements about the request. */
export const ownStatements = ({ who, own, action, on, managed }: Facts): StatementPlace[] =>
  (isUnreadable(own) ? [] : own.policies).flatMap(({ of, name, statements }) =>
    statements.flatMap((statement, index) =>
      isAbout(statement, action, on)
        ? [
            {
              of: `policy ${name} of ${of}`,
              statement,
              number: index + 1,
              managed: managed.find(
                (policy) =>
                  policy.account === accountOf(who) && policy.name === name && of.endsWith(` ${policy.of}`),
              ),
            },
          ]
        : [],
    ),
  );

/** The statements of the resource's own policy, where it has one that could be read. */
export const resourcePolicyStatements = ({ resource }: Facts): readonly Statement[] =>
  resource && !isUnreadable(resource) ? resource : [];
/** Those that are about the request and name the caller. */
export const resourceStatements = (facts: Facts): StatementPlace[] =>
  resourcePolicyStatements(facts).flatMap((statement, index) =>
    isAbout(statement, facts.action, facts.on) && names(statement, facts.who)
      ? [{ of: resourcePolicy(facts), statement, number: index + 1, managed: managedResource(facts) }]
      : [],
  );

export function resourcePolicy({ action, on }: Facts): string {
  const { type, noun, name } = targetOf(action, on) ?? {};
  return `${type === "Role" ? "trust " : ""}policy of ${noun ? `${noun} ${name}` : on}`;
}
export const findManaged = (
  facts: Facts,
  { type, name }: Pick<PolicyTarget, "type" | "name">,
  account: string,
) => facts.managed.find((policy) => policy.type === type && policy.of === name && policy.account === account);
export function managedResource(facts: Facts): ManagedPolicy | undefined {
  const target = targetOf(facts.action, facts.on);
  return target && findManaged(facts, target, resourceAccount(facts));
}

export const isAllow = ({ statement }: StatementPlace) => statement.Effect === "Allow";
export const hasConditions = ({ statement }: StatementPlace) => conditionWords(statement).length > 0;
/** The statements that allow the request to this caller, under their conditions. */
export const allowing = (facts: Facts, places: readonly StatementPlace[]) =>
  places.filter((place) => isAllow(place) && meetsPrincipalArn(place.statement, facts.who));
/** Those whose only condition, where there is one, is on who the caller is. */
export const allowingNow = (facts: Facts, places: readonly StatementPlace[]) =>
  allowing(facts, places).filter(({ statement }) =>
    Object.values(statement.Condition ?? {}).every((keys) =>
      Object.keys(keys).every((key) => key === "aws:PrincipalArn"),
    ),
  );
/** Whether a statement denies it under no condition: one with conditions, such as plain HTTP, may not apply. */
export const isDenied = (places: readonly StatementPlace[]) =>
  places.some((place) => place.statement.Effect === "Deny" && !hasConditions(place));

export const requiresMfa = ({ Condition = {} }: Statement) =>
  Object.values(Condition).some((keys) =>
    Object.keys(keys).some((key) => key.startsWith("aws:MultiFactorAuth")),
  );

export const where = ({ of, statement, number }: StatementPlace) =>
  `${of}, statement ${statement.Sid ?? number}`;
export const definedIn = (managed: ManagedPolicy | undefined) =>
  managed
    ? `${managed.source ?? "the stack"}, resource ${managed.resource}`
    : "not in this stack: made by hand or by another program";
/** The argument in the program that becomes a resource's policy. */
export function argumentOf(managed: ManagedPolicy | undefined): string {
  if (!managed) return "that policy";
  if (managed.shared) return "`use` in infra/access/shared-resource.ts";
  return `${managed.type === "Role" ? "trust" : "statements"}: there`;
}

/** The statements that would allow the request, each with its conditions. */
export const wouldAllow = (facts: Facts, places: readonly StatementPlace[]): Explanation =>
  allowing(facts, places).flatMap((place) => {
    const conditions = conditionText(place.statement);
    return [
      ["would be allowed by", `${where(place)}${conditions && `, if ${conditions}`}`],
      ["defined in", definedIn(place.managed)],
    ] as const;
  });

export const denials = (places: readonly StatementPlace[]): Explanation => [
  ...places
    .filter(({ statement }) => statement.Effect === "Deny")
    .flatMap((place) => {
      const conditions = conditionText(place.statement);
      return [
        ["policy", `${where(place)}${conditions && `, which denies if ${conditions}`}`],
        ["defined in", definedIn(place.managed)],
      ] as const;
    }),
  ["fix", "A deny wins over every allow: remove that statement, or meet its conditions"],
];

export function deniedBy(facts: Facts, side: string, { type, explicit }: StatedReason) {
  const inference = facts.reason ? "" : " (as the deployed policies read: the endpoint's words do not say)";
  const says = explicit ? `an explicit deny in the ${type}` : `no ${type} allows it`;
  return ["denied by", `${side}: ${says}${inference}`] as const;
}

/** The name of the permission set that a session of IAM Identity Center has. */
export const permissionSetOf = (who: string) =>
  readSession(who)?.permissionSetRole?.replace(/^AWSReservedSSO_/, "");

/** How a role of the stack lets in people of a permission set of the trusted account; undefined for any other caller. */
export function namePermissionSet(facts: Facts): string | undefined {
  const { who, action, settings } = facts;
  const { stack, trustedAccountId, trustedPermissionSets } = settings;
  const set = permissionSetOf(who);
  if (!set || action !== "sts:AssumeRole" || accountOf(who) !== trustedAccountId) return undefined;
  if (!managedResource(facts)) return undefined;
  return (
    "name the permission set, for which Identity Center itself requires MFA at sign-in: " +
    `pulumi config set --stack ${stack} --path '${PROJECT}:trustedPermissionSets[${trustedPermissionSets.length}]' ${set} ` +
    "(with trustIamUsers true, if IAM users are to keep their access), and deploy"
  );
}

/** The permissions of a role that IAM Identity Center made are changed there, in its permission set. */
export function forRole({ who }: Facts, role: string | undefined): string {
  const set = permissionSetOf(who);
  return `give role ${role} the same statement${set ? `, in the inline policy of permission set ${set} of IAM Identity Center` : ""}`;
}
