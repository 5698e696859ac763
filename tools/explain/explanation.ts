import { nearest } from "../../infra/nearest";
import { isUnreadable } from "../deployed-policies";
import { type ManagedPolicy, targetOf } from "./managed-policies";
import type { PolicyType, StatedReason } from "./message";
import {
  deniedBy,
  findManaged,
  hasConditions,
  isAllow,
  needsBothSides,
  ownStatements,
  resourceAccount,
  resourceStatements,
  sideOf,
  wouldAllow,
} from "./places";
import { sentAlong, withoutMfa } from "./sessions";
import { findGroup, identity, resource } from "./sides";
import { accountOf, isFederated } from "./statements";
import type { Explanation, Facts } from "./types";

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

function boundary(facts: Facts, reason: StatedReason): Explanation {
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

/** Where the endpoint says nothing: the side of which no statement is about the request. */
function inferred(facts: Facts): StatedReason | undefined {
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
