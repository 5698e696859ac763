import type { Statement } from "../../infra/access/policy";
import { nearest, type Settings } from "../../infra/settings";
import { type DeployedPolicy, isUnreadable, type Unreadable } from "../deployed-policies";
import { conditionText, conditionWords, statementWords } from "../report/words";
import { type ManagedPolicy, type Target, targetOf } from "./managed-policies";
import type { PolicyType, Reason } from "./message";
import { accountOf, isAbout, isFederated, meetsPrincipalArn, names, readSession } from "./statements";

/** What is known of a refused request: what the endpoint said of it, and what the accounts hold. */
export interface Facts {
  who: string;
  action: string;
  on: string;
  /** Undefined where the endpoint says no more than that it refuses. */
  reason: Reason | undefined;
  /** The caller's own policies, those of the groups included. */
  own:
    | { groups: readonly string[]; policies: readonly DeployedPolicy[]; boundary?: DeployedPolicy }
    | Unreadable;
  /** The resource's own policy, such as a role's trust policy; undefined where it is of no kind that is read. */
  resource: readonly Statement[] | Unreadable | undefined;
  managed: readonly ManagedPolicy[];
  settings: Pick<
    Settings,
    | "stack"
    | "trustingAccountId"
    | "trustedAccountId"
    | "trustingProfile"
    | "trustedProfile"
    | "trustedPermissionSets"
  >;
}

export type Label =
  | "refused"
  | "recorded"
  | "masked"
  | "cause"
  | "denied by"
  | "policy"
  | "policies"
  | "would be allowed by"
  | "allowed by"
  | "defined in"
  | "not read"
  | "nearest"
  | "fix"
  | "see";

/** Where to look, and what to do: lines of a label and a text. */
export type Explanation = readonly (readonly [label: Label, text: string])[];

const IAM_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide";
const PAGES: Readonly<Record<PolicyType, string>> = {
  "identity-based policy": `${IAM_GUIDE}/troubleshoot_access-denied.html`,
  "resource-based policy": `${IAM_GUIDE}/reference_policies_evaluation-logic-cross-account.html`,
  "role trust policy": `${IAM_GUIDE}/troubleshoot_roles.html`,
  "permissions boundary": `${IAM_GUIDE}/access_policies_boundaries.html`,
  "session policy": `${IAM_GUIDE}/access_policies.html#policies_session`,
  "service control policy":
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
  "resource control policy":
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html",
  "VPC endpoint policy": "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
};
const IDENTITY_CENTER_PAGE =
  "https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html";
const SESSION_TAGS_PAGE = `${IAM_GUIDE}/id_session-tags.html`;
const MFA_PAGE = `${IAM_GUIDE}/id_credentials_mfa_configure-api-require.html`;

/** Which side refuses a request, by which policy, defined where, and what lets it through. */
export function explain(facts: Facts): Explanation {
  const { who, action, on } = facts;
  const request = ["refused", `${who}: ${action} on ${on}`] as const;
  return [request, ...(misnamed(facts) ?? withoutMfa(facts) ?? sentAlong(facts) ?? byPolicy(facts))];
}

/** The explanation by the type of policy that refuses, which the endpoint names or the deployed policies show. */
function byPolicy(facts: Facts): Explanation {
  const reason = facts.reason ?? inferred(facts);
  if (!reason) return unclear(facts);
  const see = ["see", PAGES[reason.type]] as const;
  const named = reason.policyArn ? [["policy", reason.policyArn] as const] : [];
  switch (reason.type) {
    case "identity-based policy":
      return [...named, ...identity(facts, reason), see];
    case "resource-based policy":
    case "role trust policy":
      return [...named, ...resource(facts, reason), see];
    case "permissions boundary":
      return [...boundary(facts, reason), see];
    case "session policy":
      return [
        deniedBy(facts, "the caller's own session", reason),
        [
          "fix",
          "Ask for the role without a session policy (Policy, PolicyArns), or with one that allows the action",
        ],
        see,
      ];
    default:
      return [
        deniedBy(facts, reason.type === "VPC endpoint policy" ? "the network" : "the organisation", reason),
        ...named,
        ["fix", `Nothing in the program: the ${reason.type} is another team's. Send them this message`],
        see,
      ];
  }
}

function boundary(facts: Facts, reason: Reason): Explanation {
  const { own, who } = facts;
  const attached = isUnreadable(own) ? undefined : own.boundary?.name;
  return [
    deniedBy(facts, sideOf(facts, accountOf(who)), reason),
    ["policy", reason.policyArn ?? attached ?? "the caller's permissions boundary"],
    [
      "fix",
      "The boundary caps the caller whatever other policies say: allow the action there (permissionsBoundary)",
    ],
  ];
}

function deniedBy(facts: Facts, side: string, { type, explicit }: Reason) {
  const inference = facts.reason ? "" : " (as the deployed policies read: the endpoint's words do not say)";
  const says = explicit ? `an explicit deny in the ${type}` : `no ${type} allows it`;
  return ["denied by", `${side}: ${says}${inference}`] as const;
}

/** The side that an account is, in the stack's words. */
function sideOf({ settings }: Facts, account: string): string {
  if (account === settings.trustingAccountId) return `the trusting account ${account}`;
  if (account === settings.trustedAccountId) return `the trusted account ${account}`;
  return `account ${account}, which this stack does not know`;
}

/** A bucket's ARN names no account: the stack's are the trusting account's. What belongs to no resource is asked at home. */
const resourceAccount = ({ who, on, settings }: Facts) =>
  accountOf(on) || (on === "*" ? accountOf(who) : settings.trustingAccountId);

/** Whether both sides must allow it: always where they are two accounts, and where a role is assumed. */
const needsBothSides = (facts: Facts) =>
  facts.action.startsWith("sts:") || accountOf(facts.who) !== resourceAccount(facts);

interface Place {
  of: string;
  statement: Statement;
  number: number;
  managed?: ManagedPolicy | undefined;
}

/** The caller's statements about the request. */
const ownStatements = ({ who, own, action, on, managed }: Facts): Place[] =>
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
const resourcePolicyStatements = ({ resource }: Facts): readonly Statement[] =>
  resource && !isUnreadable(resource) ? resource : [];
/** Those that are about the request and name the caller. */
const resourceStatements = (facts: Facts): Place[] =>
  resourcePolicyStatements(facts).flatMap((statement, index) =>
    isAbout(statement, facts.action, facts.on) && names(statement, facts.who)
      ? [{ of: resourcePolicy(facts), statement, number: index + 1, managed: managedResource(facts) }]
      : [],
  );

function resourcePolicy({ action, on }: Facts): string {
  const { type, noun, name } = targetOf(action, on) ?? {};
  return `${type === "Role" ? "trust " : ""}policy of ${noun ? `${noun} ${name}` : on}`;
}
const findManaged = (facts: Facts, { type, name }: Pick<Target, "type" | "name">, account: string) =>
  facts.managed.find((policy) => policy.type === type && policy.of === name && policy.account === account);
function managedResource(facts: Facts): ManagedPolicy | undefined {
  const target = targetOf(facts.action, facts.on);
  return target && findManaged(facts, target, resourceAccount(facts));
}

const isAllow = ({ statement }: Place) => statement.Effect === "Allow";
const hasConditions = ({ statement }: Place) => conditionWords(statement).length > 0;
/** The statements that allow the request to this caller, under their conditions. */
const allowing = (facts: Facts, places: readonly Place[]) =>
  places.filter((place) => isAllow(place) && meetsPrincipalArn(place.statement, facts.who));
/** Those whose only condition, where there is one, is on who the caller is. */
const allowingNow = (facts: Facts, places: readonly Place[]) =>
  allowing(facts, places).filter(({ statement }) =>
    Object.values(statement.Condition ?? {}).every((keys) =>
      Object.keys(keys).every((key) => key === "aws:PrincipalArn"),
    ),
  );
/** Whether a statement denies it under no condition: one with conditions, such as plain HTTP, may not apply. */
const isDenied = (places: readonly Place[]) =>
  places.some((place) => place.statement.Effect === "Deny" && !hasConditions(place));

/** Where the endpoint says nothing: the side of which no statement is about the request. */
function inferred(facts: Facts): Reason | undefined {
  const { who, action, own } = facts;
  const type = action.startsWith("sts:") ? "role trust policy" : "resource-based policy";
  if (!isUnreadable(own) && !isFederated(who) && !ownStatements(facts).some(isAllow))
    return { type: "identity-based policy", explicit: false };
  const isMissing = isUnreadable(own) && own.missing;
  if (!needsBothSides(facts) || isUnreadable(facts.resource) || isMissing) return undefined;
  // Whatever the caller's own policies say: a side that is silent refuses.
  if (!resourceStatements(facts).some(isAllow)) return { type, explicit: false };
  if (isUnreadable(own)) return undefined;
  // Conditions of trust policies are what people meet: MFA above all.
  return resourceStatements(facts).every(hasConditions) ? { type, explicit: false } : undefined;
}

/** Where neither the endpoint nor the policies that could be read say which side it is. */
function unclear(facts: Facts): Explanation {
  const { own, resource } = facts;
  const unreadable = [own, resource].filter(isUnreadable);
  const would = wouldAllow(facts, [...ownStatements(facts), ...resourceStatements(facts)]);
  if (unreadable.length === 0)
    return [
      [
        "denied by",
        "unclear: by the policies that were read it would be allowed, and the endpoint does not say more",
      ],
      ...would,
      [
        "fix",
        "Meet the conditions above; or ask the account's administrator for service or resource control policies",
      ],
    ];
  const hasUnknownPolicies = isUnreadable(own) && !own.missing;
  return [
    ["denied by", "unclear: the endpoint gives no reason, and what may be the reason could not be read"],
    ...unreadable.map(({ reason }) => ["not read", reason] as const),
    ...(hasUnknownPolicies ? findGroup(facts).lines : []),
    ...would,
    [
      "fix",
      unreadable.some(({ missing }) => missing)
        ? "Nothing yet: give --who and --on as they are now (aws sts get-caller-identity)"
        : "Nothing yet: let that profile read it, or have the account's administrator run this",
    ],
  ];
}

/** A resource that the stack should have and has not by this name: most often a typing error. */
function misnamed(facts: Facts): Explanation | undefined {
  const { action, on, resource, managed, settings, reason } = facts;
  const target = targetOf(action, on);
  if (!target || resource === undefined || !isUnreadable(resource)) return undefined;
  if (reason && !/identity|resource-based|trust/.test(reason.type)) return undefined;
  const account = resourceAccount(facts);
  const isStackAccount = [settings.trustingAccountId, settings.trustedAccountId].includes(account);
  // The state says nothing of a side that the stack does not manage.
  const isUnmanaged = isStackAccount && !managed.some((policy) => policy.account === account);
  if (findManaged(facts, target, account) || isUnmanaged) return undefined;
  const { noun, name } = target;
  const key = (policy: Pick<ManagedPolicy, "account" | "of">) => `${policy.account} ${policy.of}`;
  const others = managed.filter(({ type }) => type === target.type);
  const nearestKey = nearest(key({ account, of: name }), others.map(key));
  const meant = others.find((policy) => key(policy) === nearestKey);
  return [
    ["denied by", `the name: this stack has no ${noun} ${name} in account ${account}`],
    ...(resource.missing ? [] : [["not read", resource.reason] as const]),
    ...(meant ? [["nearest", `${noun} ${meant.of} of account ${meant.account}`] as const] : []),
    ["fix", `Nothing in the program: ask for the ${noun} that is meant, by its name and account`],
  ];
}

/** A role's session that assumes a role which requires MFA: a session never shows any. */
function withoutMfa(facts: Facts): Explanation | undefined {
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
  const principals = `principalArns: ["arn:${partition}:iam::${account}:role/${permissionSetRole ? `aws-reserved/sso.amazonaws.com/*/${permissionSetRole}_*` : role}"]`;
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
  const { stack, trustedPermissionSets } = facts.settings;
  const sets = JSON.stringify([...trustedPermissionSets, set]);
  return [
    denied,
    ...wouldAllow(facts, candidates),
    [
      "fix",
      `Nothing, if this caller should not. Otherwise name the permission set, for which Identity Center itself requires MFA at sign-in: ` +
        `pulumi config set --stack ${stack} cross-account-access:trustedPermissionSets '${sets}' (with trustIamUsers true, if IAM users are to keep their access), and deploy`,
    ],
    [
      "fix",
      `In a component of your own, ${trust}: permissionSets: { accounts: […], names: ${JSON.stringify([set])} }, or people: { accounts: […], ${principals}, mfa: false }`,
    ],
    ["fix", `And ${forRole(facts, role)}: sts:AssumeRole on ${on}`],
    ["see", IDENTITY_CENTER_PAGE],
  ];
}

const requiresMfa = ({ Condition = {} }: Statement) =>
  Object.values(Condition).some((keys) =>
    Object.keys(keys).some((key) => key.startsWith("aws:MultiFactorAuth")),
  );

/** Session tags and a source identity go along with AssumeRole, and both sides must allow them by name. */
const SENT_ALONG: Readonly<Record<string, { option: string; without: string }>> = {
  "sts:TagSession": {
    option: "sessionTags",
    without: "send no session tags (aws-actions/configure-aws-credentials: role-skip-session-tagging: true)",
  },
  "sts:SetSourceIdentity": { option: "sourceIdentity", without: "send no source identity" },
};
function sentAlong(facts: Facts): Explanation | undefined {
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

const where = ({ of, statement, number }: Place) => `${of}, statement ${statement.Sid ?? number}`;
const definedIn = (managed: ManagedPolicy | undefined) =>
  managed
    ? `${managed.source ?? "the stack"}, resource ${managed.resource}`
    : "not in this stack: made by hand or by another program";
/** The argument in the program that becomes a resource's policy. */
function argumentOf(managed: ManagedPolicy | undefined): string {
  if (!managed) return "that policy";
  if (managed.shared) return "`use` in infra/access/shared-resource.ts";
  return `${managed.type === "Role" ? "trust" : "statements"}: there`;
}

/** The statements that would allow the request, each with its conditions. */
const wouldAllow = (facts: Facts, places: readonly Place[]): Explanation =>
  allowing(facts, places).flatMap((place) => {
    const conditions = conditionText(place.statement);
    return [
      ["would be allowed by", `${where(place)}${conditions && `, if ${conditions}`}`],
      ["defined in", definedIn(place.managed)],
    ] as const;
  });

const denials = (places: readonly Place[]): Explanation => [
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

/** Where the policy that the endpoint names allows the request now: whatever else refuses it, or nothing does. */
function allowedNow(
  facts: Facts,
  places: readonly Place[],
  otherSide: () => Explanation | undefined,
): Explanation {
  const lines: Explanation = allowingNow(facts, places).flatMap((place) => [
    ["allowed by", `${where(place)}: as it reads now, this side allows it`] as const,
    ["defined in", definedIn(place.managed)] as const,
  ]);
  return [
    ...lines,
    ...(otherSide() ?? [
      [
        "fix",
        "Ask again: both sides allow it now, and a changed policy takes effect within seconds, at most minutes",
      ],
    ]),
  ];
}

function identity(facts: Facts, reason: Reason): Explanation {
  const { who, own } = facts;
  const denied = deniedBy(facts, sideOf(facts, accountOf(who)), reason);
  if (isUnreadable(own) && (reason.explicit || own.missing))
    return [
      denied,
      ["not read", own.reason],
      [
        "fix",
        own.missing
          ? "Nothing: the caller no longer exists"
          : "Have the account's administrator look for the deny in the caller's policies: it wins over every allow",
      ],
    ];
  const places = ownStatements(facts);
  if (reason.explicit) return [denied, ...denials(places)];
  if (allowingNow(facts, places).length > 0 && !isDenied(places))
    return [denied, ...allowedNow(facts, places, () => closedResource(facts))];
  const would = wouldAllow(facts, places);
  if (would.length > 0)
    return [denied, ...would, ["fix", "Meet the conditions above, or remove them from that statement"]];
  return [denied, ...missingPermission(facts)];
}

/** The explanation of the resource's side, where that is known to refuse. */
function closedResource(facts: Facts): Explanation | undefined {
  if (!isClosed(facts)) return undefined;
  return [
    ["denied by", `${sideOf(facts, resourceAccount(facts))}: its side does not let this caller in`],
    ...othersLetIn(facts),
    ["fix", `Nothing, if this caller should not. Otherwise ${argumentOf(managedResource(facts))}`],
  ];
}

/** What gives the caller a permission that no policy of theirs is about. */
function missingPermission(facts: Facts): Explanation {
  const { who, action, on, own, settings } = facts;
  const user = /:user\/(?:.+\/)?([^/]+)$/.exec(who)?.[1];
  const role = readSession(who)?.role;
  const silent = silentPolicies(facts);
  const instead = roleInstead(facts);
  if (instead.length > 0)
    return [silent, ...instead, ["fix", "Nothing in the program: assume the role, and ask with its session"]];
  // A permission of the caller's own is in vain where the other side lets the caller in by no statement.
  if (isClosed(facts))
    return [
      silent,
      ...othersLetIn(facts),
      [
        "fix",
        `Nothing, if this caller should not: the other side would refuse too. Otherwise ${argumentOf(managedResource(facts))} first, then a policy of the caller`,
      ],
    ];
  const permissions = findManaged(facts, { type: "RolePolicy", name: role ?? "" }, accountOf(who));
  if (role && permissions)
    return [
      silent,
      ["defined in", definedIn(permissions)],
      ["fix", `permissions: there, if ${role} should do this; then everyone who can assume it can`],
    ];
  const { group, lines } = findGroup(facts);
  if (!group) {
    const isElsewhere = needsBothSides(facts) && facts.resource === undefined;
    const otherSide = `; and account ${resourceAccount(facts)} must let the caller in, by a role or by the resource's own policy`;
    return [
      silent,
      [
        "fix",
        `Allow ${action} on ${on} in a policy of the caller, by the account's administrator${isElsewhere ? otherSide : ""}`,
      ],
    ];
  }
  if (!user)
    return [
      silent,
      ...lines,
      ["fix", `Nothing, if this person should not. Otherwise: ${forRole(facts, role)}`],
    ];
  if (!isUnreadable(own) && own.groups.includes(group))
    return [
      silent,
      ...lines,
      ["fix", `Deploy the stack again: the caller is in group ${group}, whose policy has changed by hand`],
    ];
  const add = `aws iam add-user-to-group --group-name ${group} --user-name ${user} --profile ${settings.trustedProfile}`;
  return [silent, ...lines, ["fix", `Nothing, if this person should not. Otherwise: ${add}`]];
}

function silentPolicies({ own, action, on }: Facts) {
  if (isUnreadable(own)) return ["not read", own.reason] as const;
  const held = own.policies.map(({ of, name }) => `${name} of ${of}`).join(", ");
  return ["policies", held ? `${held}: none is about ${action} on ${on}` : "the caller has none"] as const;
}

/** The name of the permission set that a session of IAM Identity Center has. */
const permissionSetOf = (who: string) => readSession(who)?.permissionSetRole?.replace(/^AWSReservedSSO_/, "");

/** The permissions of a role that IAM Identity Center made are changed there, in its permission set. */
function forRole({ who }: Facts, role: string | undefined): string {
  const set = permissionSetOf(who);
  return `give role ${role} the same statement${set ? `, in the inline policy of permission set ${set} of IAM Identity Center` : ""}`;
}

/** The program's group in the caller's account whose members have the permission. */
function findGroup({ who, action, on, own, managed }: Facts): { group?: string; lines: Explanation } {
  const grant = managed.find(
    (policy) =>
      policy.type === "GroupPolicy" &&
      policy.account === accountOf(who) &&
      policy.statements.some((statement) => isAbout(statement, action, on)),
  );
  if (!grant) return { lines: [] };
  const groups = isUnreadable(own)
    ? "whether the caller is in it could not be read"
    : `the caller is in ${own.groups.join(", ") || "no group"}`;
  return {
    group: grant.of,
    lines: [
      ["would be allowed by", `policy ${grant.name} of group ${grant.of}; ${groups}`],
      ["defined in", definedIn(grant)],
    ],
  };
}

/** Whether the resource's side is known to let this caller in by no statement, and must. */
const isClosed = (facts: Facts) =>
  needsBothSides(facts) &&
  facts.resource !== undefined &&
  !isUnreadable(facts.resource) &&
  allowing(facts, resourceStatements(facts)).length === 0;

/** Whom and what the resource's policy allows instead. */
function othersLetIn(facts: Facts): Explanation {
  const { resource } = facts;
  if (isUnreadable(resource)) return [["not read", resource.reason]];
  if (!resource) return [["policy", `none of ${facts.on} that is read here`]];
  const allowed = resource.filter(({ Effect }) => Effect === "Allow").map(statementWords);
  const says = allowed.length > 0 ? `allows only: ${allowed.join(" ")}` : "allows nothing to anyone.";
  return [
    ["policy", `${resourcePolicy(facts)} ${says}`],
    ["defined in", definedIn(managedResource(facts))],
  ];
}

function resource(facts: Facts, reason: Reason): Explanation {
  const { who, action, on } = facts;
  const denied = deniedBy(facts, sideOf(facts, resourceAccount(facts)), reason);
  const places = resourceStatements(facts);
  const there = argumentOf(managedResource(facts));
  if (reason.explicit) return [denied, ...denials(places)];
  if (allowingNow(facts, places).length > 0 && !isDenied(places) && !isFederated(who))
    return allowedNow(facts, places, () => closedCaller(facts));
  const would = wouldAllow(facts, places);
  if (would.length > 0 && isFederated(who))
    return [
      denied,
      ...would,
      [
        "fix",
        `Nothing, if this job should not. Otherwise ${there}: its subjects must name ${who.split(" ")[1] ?? "the token's subject"}, and its audience be the token's`,
      ],
    ];
  if (would.length > 0)
    return [
      denied,
      ...would,
      [
        "fix",
        `Nothing in the program: ask again so that the condition holds${remedy(facts, places)}. To drop it: ${there}`,
      ],
    ];
  const instead = roleInstead(facts);
  return [
    denied,
    ...instead,
    ...othersLetIn(facts),
    [
      "fix",
      instead.length > 0
        ? "Nothing in the program: assume the role, and ask with its session"
        : `Nothing, if this caller should not. Otherwise ${there}: allow account ${accountOf(who)} ${action} on ${on}`,
    ],
  ];
}

/** The explanation of the caller's side, where both must allow and it does not, or may not. */
function closedCaller(facts: Facts): Explanation | undefined {
  const { who, own } = facts;
  if (!needsBothSides(facts)) return undefined;
  if (!isUnreadable(own) && allowing(facts, ownStatements(facts)).length > 0) return undefined;
  const side = sideOf(facts, accountOf(who));
  if (!isUnreadable(own))
    return [["denied by", `${side}: no identity-based policy allows it`], ...missingPermission(facts)];
  if (own.missing)
    return [
      ["not read", own.reason],
      ["fix", "Nothing: the caller no longer exists"],
    ];
  return [
    ["denied by", `most likely ${side}: the caller's policies could not be read`],
    ...missingPermission(facts),
  ];
}

/** A role of the trusting account that has the permission which was asked for with the caller's own credentials. */
function roleInstead(facts: Facts): Explanation {
  const { who, action, on, managed, settings } = facts;
  if (accountOf(who) !== settings.trustedAccountId || action.startsWith("sts:")) return [];
  const account = settings.trustingAccountId;
  const trusts = (role: string) =>
    findManaged(facts, { type: "Role", name: role }, account)?.statements.some(
      (statement) =>
        [statement.Action].flat().includes("sts:AssumeRole") &&
        names(statement, who) &&
        meetsPrincipalArn(statement, who),
    );
  return managed
    .filter(
      (policy) =>
        policy.type === "RolePolicy" &&
        policy.account === account &&
        trusts(policy.of) &&
        policy.statements.some((statement) => isAbout(statement, action, on)),
    )
    .map(({ of, source }) => {
      const arn = `arn:${who.split(":")[1]}:iam::${account}:role/${of}`;
      const assuming = { ...facts, action: "sts:AssumeRole", on: arn };
      const group = ownStatements(assuming).some(isAllow) ? undefined : findGroup(assuming).group;
      const members = group ? ` (members of ${group} can)` : "";
      return [
        "would be allowed by",
        `role ${of}, which has this permission (${source}): assume it${members}, and ask with its session`,
      ] as const;
    });
}

/** What people do about the condition that they meet most. */
function remedy({ who }: Facts, places: readonly Place[]): string {
  if (!places.some(({ statement }) => requiresMfa(statement)) || readSession(who)) return "";
  return ", with mfa_serial in the profile, or signed in to the console with MFA";
}
