import { isUnreadable } from "../deployed-policies";
import { statementWords } from "../report/words";
import type { StatedReason } from "./message";
import {
  allowing,
  allowingNow,
  argumentOf,
  definedIn,
  denials,
  deniedBy,
  findManaged,
  forRole,
  isAllow,
  isDenied,
  managedResource,
  namePermissionSet,
  needsBothSides,
  ownStatements,
  permissionSetOf,
  requiresMfa,
  resourceAccount,
  resourcePolicy,
  resourceStatements,
  type StatementPlace,
  sideOf,
  where,
  wouldAllow,
} from "./places";
import { accountOf, isAbout, isFederated, meetsPrincipalArn, names, readSession } from "./statements";
import type { Explanation, Facts } from "./types";

/** Where the policy that the endpoint names allows the request now: whatever else refuses it, or nothing does. */
function allowedNow(
  facts: Facts,
  places: readonly StatementPlace[],
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

export function identity(facts: Facts, reason: StatedReason): Explanation {
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
    [
      "fix",
      `Nothing, if this caller should not. Otherwise ${namePermissionSet(facts) ?? argumentOf(managedResource(facts))}`,
    ],
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
        `Nothing, if this caller should not: the other side would refuse too. Otherwise ${namePermissionSet(facts) ?? argumentOf(managedResource(facts))} first, then ${ownPolicy(facts)}`,
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
      ["fix", `Allow ${action} on ${on} in ${ownPolicy(facts)}${isElsewhere ? otherSide : ""}`],
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

/** Where the caller's own permissions are written. */
function ownPolicy({ who }: Facts): string {
  const set = permissionSetOf(who);
  return set
    ? `the inline policy of permission set ${set} of IAM Identity Center, by its administrator`
    : "a policy of the caller, by the account's administrator";
}

function silentPolicies({ own, action, on }: Facts) {
  if (isUnreadable(own)) return ["not read", own.reason] as const;
  const held = own.policies.map(({ of, name }) => `${name} of ${of}`).join(", ");
  return ["policies", held ? `${held}: none is about ${action} on ${on}` : "the caller has none"] as const;
}

/** The program's group in the caller's account whose members have the permission. */
export function findGroup({ who, action, on, own, managed }: Facts): { group?: string; lines: Explanation } {
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

export function resource(facts: Facts, reason: StatedReason): Explanation {
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
        : `Nothing, if this caller should not. Otherwise ${namePermissionSet(facts) ?? `${there}: allow account ${accountOf(who)} ${action} on ${on}`}`,
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
function remedy({ who }: Facts, places: readonly StatementPlace[]): string {
  if (!places.some(({ statement }) => requiresMfa(statement)) || readSession(who)) return "";
  return ", with mfa_serial in the profile, or signed in to the console with MFA";
}
