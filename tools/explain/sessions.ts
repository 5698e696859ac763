import { isUnreadable } from "../deployed-policies";
import {
  allowing,
  argumentOf,
  definedIn,
  forRole,
  isAllow,
  managedResource,
  namePermissionSet,
  ownStatements,
  permissionSetOf,
  requiresMfa,
  resourceAccount,
  resourceStatements,
  sideOf,
  wouldAllow,
} from "./places";
import { accountOf, isAbout, readSession } from "./statements";
import type { Explanation, Facts } from "./types";

const IAM_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide";
const IDENTITY_CENTER_PAGE =
  "https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html";
const SESSION_TAGS_PAGE = `${IAM_GUIDE}/id_session-tags.html`;
const MFA_PAGE = `${IAM_GUIDE}/id_credentials_mfa_configure-api-require.html`;

/** A role's session that assumes a role which requires MFA: a session never shows any. */
export function withoutMfa(facts: Facts): Explanation | undefined {
  const { who, action, on, reason } = facts;
  const session = readSession(who);
  if (!session || action !== "sts:AssumeRole") return undefined;
  if (reason && !/identity|trust/.test(reason.type)) return undefined;
  const candidates = allowing(facts, resourceStatements(facts));
  if (candidates.length === 0 || !candidates.every(({ statement }) => requiresMfa(statement)))
    return undefined;
  const { permissionSetRole, partition, account, role } = session;
  const trust = argumentOf(managedResource(facts));
  const set = permissionSetOf(who);
  const denied = [
    "denied by",
    `${sideOf(facts, resourceAccount(facts))}: the role trust policy requires MFA, and a role's session shows none to sts:AssumeRole, ` +
      "whatever its user showed at sign-in: mfa_serial does not help",
  ] as const;
  const principals = `principalArns: ["arn:${partition}:iam::${account}:role/${permissionSetRole ? `aws-reserved/sso.amazonaws.com*/${permissionSetRole}_${"?".repeat(16)}` : role}"]`;
  if (!set)
    return [
      denied,
      ...wouldAllow(facts, candidates),
      ["fix", `Assume ${on} as the IAM user, with mfa_serial, and not from the session of role ${role}`],
      [
        "fix",
        `Or, if that role should, ${trust}: a statement for machines, without MFA: machines: { accounts: […], ${principals} }`,
      ],
      ["see", MFA_PAGE],
    ];
  const otherwise = namePermissionSet(facts);
  return [
    denied,
    ...wouldAllow(facts, candidates),
    ...(otherwise ? [["fix", `Nothing, if this caller should not. Otherwise ${otherwise}`] as const] : []),
    [
      "fix",
      `In a component of your own, ${trust}: permissionSets: { accounts: […], names: ${JSON.stringify([set])} }, or people: { accounts: […], ${principals}, mfa: false }`,
    ],
    ["fix", `And ${forRole(facts, role)}: sts:AssumeRole on ${on}`],
    ["see", IDENTITY_CENTER_PAGE],
  ];
}

/** Session tags and a source identity go along with AssumeRole, and both sides must allow them by name. */
const SENT_ALONG: Readonly<Record<string, { option: string; without: string }>> = {
  "sts:TagSession": {
    option: "sessionTags",
    without: "send no session tags (aws-actions/configure-aws-credentials: role-skip-session-tagging: true)",
  },
  "sts:SetSourceIdentity": { option: "sourceIdentity", without: "send no source identity" },
};
export function sentAlong(facts: Facts): Explanation | undefined {
  const { action, who, on, managed, reason } = facts;
  const right = SENT_ALONG[action];
  if (!right || (reason && (reason.explicit || !/identity|trust/.test(reason.type)))) return undefined;
  const isGranted = ownStatements(facts).some(isAllow);
  const isTrusted = resourceStatements(facts).some(isAllow);
  const grant = managed.find(
    ({ account, type, statements }) =>
      account === accountOf(who) &&
      type !== "Role" &&
      statements.some((statement) => isAbout(statement, "sts:AssumeRole", on)),
  );
  const silent = [
    ...(isTrusted ? [] : [sideOf(facts, resourceAccount(facts))]),
    ...(isGranted || isUnreadable(facts.own) ? [] : [sideOf(facts, accountOf(who))]),
  ];
  const lines: Explanation = [
    ...(silent.length > 0
      ? [
          [
            "denied by",
            `${silent.join(" and ")}: no policy allows ${action}, which is asked along with sts:AssumeRole`,
          ] as const,
        ]
      : [["denied by", `unclear: the policies that were read allow ${action} now`] as const]),
    ...(isUnreadable(facts.own) ? [["not read", facts.own.reason] as const] : []),
    ["defined in", `${definedIn(managedResource(facts))} (trust), and ${definedIn(grant)} (grant)`],
    [
      "fix",
      `Set ${right.option}: true on both sides: in the role's trust, and in the AssumeRoleGrant of the caller. Or ${right.without}`,
    ],
    ["see", SESSION_TAGS_PAGE],
  ];
  return lines;
}
