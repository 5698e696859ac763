import type { Statement } from "../../../infra/access/policy";
import type { Settings } from "../../../infra/settings";
import type { DeployedPolicy } from "../deployed";
import { conditionWords, principalWords } from "../report/words";
import type { Made } from "./made";
import type { Reason } from "./message";
import { accountOf, isAbout, meetsPrincipalArn, names } from "./statements";

/** What is known of a refused request: what the endpoint said of it, and what the accounts hold. */
export interface Facts {
  who: string;
  action: string;
  on: string;
  /** Undefined where the endpoint says no more than that it refuses. */
  reason: Reason | undefined;
  /** The caller's own policies, those of the groups included; undefined where they could not be read. */
  own:
    | { groups: readonly string[]; policies: readonly DeployedPolicy[]; boundary?: DeployedPolicy }
    | undefined;
  /** The trust policy of a role, or the policy of a bucket: undefined where the resource has none. */
  resource: readonly Statement[] | undefined;
  made: readonly Made[];
  settings: Pick<Settings, "trustingAccountId" | "trustedAccountId" | "trustingProfile" | "trustedProfile">;
}

/** Where to look, and what to do: lines of a label and a text. */
export type Explanation = readonly (readonly [label: string, text: string])[];

/** Which side refuses a request, by which policy, made where, and what lets it through. */
export function explain(facts: Facts): Explanation {
  const { who, action, on, reason = inferred(facts) } = facts;
  const told = facts.reason ? "" : " (as the deployed policies read: the endpoint's words do not say)";
  const asked = ["refused", `${who}: ${action} on ${on}`] as const;
  if (!reason)
    return [
      asked,
      ["by", "unclear: both sides have a statement that would allow it, and the endpoint does not say more"],
      ...wouldAllow(facts, [...ownStatements(facts), ...resourceStatements(facts)]),
      [
        "change",
        "Meet the conditions above; or ask the account's administrator for service or resource control policies",
      ],
    ];
  const { type, explicit, policyArn } = reason;
  const says =
    type === "mfa" ? "the MFA code" : explicit ? `an explicit deny in the ${type}` : `no ${type} allows it`;
  const by = (side: string) => ["by", `${side}: ${says}${told}`] as const;
  const named = policyArn ? [["policy", policyArn] as const] : [];
  switch (type) {
    case "mfa":
      return [
        asked,
        [
          "by",
          "AWS STS, before any policy: the MFA code, or the device that it belongs to, is not the caller's",
        ],
        [
          "change",
          "Nothing in the program. Ask again with a new code of the caller's own device (mfa_serial)",
        ],
      ];
    case "identity-based policy":
      return [asked, by(sideOf(facts, accountOf(who))), ...named, ...identity(facts, explicit)];
    case "resource-based policy":
    case "role trust policy":
      return [
        asked,
        by(sideOf(facts, accountOf(on) || facts.settings.trustingAccountId)),
        ...named,
        ...resource(facts, explicit),
      ];
    case "permissions boundary":
      return [
        asked,
        by(sideOf(facts, accountOf(who))),
        ["policy", policyArn ?? facts.own?.boundary?.name ?? "the caller's permissions boundary"],
        [
          "change",
          "The boundary caps the caller whatever other policies say: allow the action there (permissionsBoundary)",
        ],
      ];
    case "session policy":
      return [
        asked,
        by("the caller's own session"),
        [
          "change",
          "Ask for the role without a session policy (Policy, PolicyArns), or with one that allows the action",
        ],
      ];
    default:
      return [
        asked,
        by(type === "VPC endpoint policy" ? "the network" : "the organisation"),
        ...named,
        ["change", `Nothing in the program: the ${type} is another team's. Send them this message`],
      ];
  }
}

/** The side that an account is, in the stack's words. */
function sideOf({ settings }: Facts, account: string): string {
  if (account === settings.trustingAccountId) return `the trusting account ${account}`;
  if (account === settings.trustedAccountId) return `the trusted account ${account}`;
  return `the caller's account ${account}, which this stack does not know`;
}

interface Place {
  of: string;
  statement: Statement;
  number: number;
  made?: Made | undefined;
}

/** The caller's statements about the request. */
const ownStatements = ({ own, action, on, made }: Facts): Place[] =>
  (own?.policies ?? []).flatMap(({ of, name, statements }) =>
    statements.flatMap((statement, index) =>
      isAbout(statement, action, on)
        ? [
            {
              of: `policy ${name} of ${of}`,
              statement,
              number: index + 1,
              made: made.find((one) => one.name === name && of.endsWith(` ${one.of}`)),
            },
          ]
        : [],
    ),
  );

/** The statements of the role's trust policy or of the bucket's that are about the request and name the caller. */
const resourceStatements = (facts: Facts): Place[] =>
  (facts.resource ?? []).flatMap((statement, index) =>
    isAbout(statement, facts.action, facts.on) && names(statement, facts.who)
      ? [{ of: resourcePolicy(facts), statement, number: index + 1, made: madeResource(facts) }]
      : [],
  );

const resourceName = ({ on }: Facts) =>
  /:s3:::([^/]+)/.exec(on)?.[1] ?? /:role\/(?:.+\/)?([^/]+)$/.exec(on)?.[1] ?? on;
const resourcePolicy = (facts: Facts) =>
  facts.action.startsWith("sts:")
    ? `trust policy of role ${resourceName(facts)}`
    : `policy of ${resourceName(facts)}`;
const madeResource = (facts: Facts) =>
  facts.made.find(
    ({ type, of }) =>
      type === (facts.action.startsWith("sts:") ? "Role" : "BucketPolicy") && of === resourceName(facts),
  );

/** Where the endpoint says nothing: the side of which no statement is about the request. */
function inferred(facts: Facts): Reason | undefined {
  const allows = (places: Place[]) => places.some(({ statement }) => statement.Effect === "Allow");
  const type = facts.action.startsWith("sts:") ? "role trust policy" : "resource-based policy";
  if (facts.own && !allows(ownStatements(facts))) return { type: "identity-based policy", explicit: false };
  if (!allows(resourceStatements(facts))) return { type, explicit: false };
  // Conditions of trust policies are what people meet: MFA above all.
  const conditional = resourceStatements(facts).every(
    ({ statement }) => conditionWords(statement).length > 0,
  );
  return conditional ? { type, explicit: false } : undefined;
}

const where = ({ of, statement, number }: Place) => `${of}, statement ${statement.Sid ?? number}`;
const madeWhere = (made: Made | undefined) =>
  made
    ? `${made.source ?? "the stack"}, resource ${made.resource}`
    : "not by this stack: made by hand or by another program";

/** The statements that would allow the request, each with what it asks for. */
function wouldAllow(facts: Facts, places: readonly Place[]): Explanation {
  return places
    .filter(({ statement }) => statement.Effect === "Allow" && meetsPrincipalArn(statement, facts.who))
    .flatMap((place) => {
      const conditions = conditionWords(place.statement);
      return [
        ["would", `${where(place)}${conditions.length > 0 ? `, if ${conditions.join(", and ")}` : ""}`],
        ["made by", madeWhere(place.made)],
      ] as const;
    });
}

const denials = (places: readonly Place[]): Explanation => [
  ...places
    .filter(({ statement }) => statement.Effect === "Deny")
    .flatMap((place) => {
      const conditions = conditionWords(place.statement);
      return [
        [
          "policy",
          `${where(place)}${conditions.length > 0 ? `, which denies if ${conditions.join(", and ")}` : ""}`,
        ],
        ["made by", madeWhere(place.made)],
      ] as const;
    }),
  ["change", "A deny wins over every allow: take that statement away, or meet what it asks for"],
];

function identity(facts: Facts, explicit: boolean): Explanation {
  const { who, action, on, own, made, settings } = facts;
  const places = ownStatements(facts);
  if (explicit) return denials(places);
  const allowing = wouldAllow(facts, places);
  if (allowing.length > 0)
    return [...allowing, ["change", "Meet the conditions above, or take them out of that statement"]];
  const user = /:user\/(?:.+\/)?([^/]+)$/.exec(who)?.[1];
  const role = /:assumed-role\/([^/]+)\//.exec(who)?.[1];
  const held = own ? own.policies.map(({ of, name }) => `${name} of ${of}`).join(", ") : undefined;
  const none = held ? `${held}: none is about ${action} on ${on}` : "the caller has none";
  const silent = ["policies", own ? none : "not read: the caller is gone, or of another account"] as const;
  const permissions = made.find((one) => one.type === "RolePolicy" && one.of === role);
  if (role && permissions)
    return [
      silent,
      ["made by", madeWhere(permissions)],
      ["change", `permissions: there, if ${role} should do this; then everyone who may assume it can`],
    ];
  const grant = made.find(
    (one) => one.type === "GroupPolicy" && one.statements.some((statement) => isAbout(statement, action, on)),
  );
  if (!grant || accountOf(who) !== settings.trustedAccountId)
    return [
      silent,
      ...roleInstead(facts),
      ["change", `allow ${action} on ${on} in a policy of the caller, by the account's administrator`],
    ];
  const groups = own?.groups.length ? `in ${own.groups.join(", ")}` : "in no group";
  return [
    silent,
    ["would", `policy ${grant.name} of group ${grant.of}; the caller is ${groups}`],
    ["made by", madeWhere(grant)],
    [
      "change",
      `nothing, if this person should not. Otherwise: ${
        user
          ? `aws iam add-user-to-group --group-name ${grant.of} --user-name ${user} --profile ${settings.trustedProfile}`
          : `give role ${role} the same statement`
      }`,
    ],
  ];
}

function resource(facts: Facts, explicit: boolean): Explanation {
  const places = resourceStatements(facts);
  if (explicit) return denials(places);
  const allowing = wouldAllow(facts, places);
  const made = madeResource(facts);
  const argument = facts.action.startsWith("sts:") ? "trust:" : "statements:";
  if (allowing.length > 0)
    return [
      ...allowing,
      [
        "change",
        `nothing in the program: ask again so that the condition holds${remedy(places)}. To drop it: ${argument} there`,
      ],
    ];
  const named = (facts.resource ?? [])
    .filter((statement) => statement.Effect === "Allow" && isAbout(statement, facts.action, facts.on))
    .map(principalWords);
  return [
    ...roleInstead(facts),
    [
      "policy",
      facts.resource
        ? `${resourcePolicy(facts)} names ${named.join("; ") || "nobody for this action"}, and not the caller`
        : `${resourcePolicy(facts)} could not be read`,
    ],
    ["made by", madeWhere(made)],
    [
      "change",
      `nothing, if this caller should not. Otherwise: ${argument} there, for account ${accountOf(facts.who)}`,
    ],
  ];
}

/** A role of the trusting account that may do what was asked with the caller's own credentials. */
function roleInstead({ who, action, on, made, settings }: Facts): Explanation {
  if (accountOf(who) !== settings.trustedAccountId || action.startsWith("sts:")) return [];
  const trusts = (role: string) =>
    made.some(
      ({ type, of, statements }) =>
        type === "Role" &&
        of === role &&
        statements.some((one) => [one.Action].flat().includes("sts:AssumeRole") && names(one, who)),
    );
  return made
    .filter(
      ({ type, of, statements }) =>
        type === "RolePolicy" && trusts(of) && statements.some((one) => isAbout(one, action, on)),
    )
    .map(
      ({ of, source }) =>
        ["would", `role ${of}, which may (${source}): assume it, and ask as the role`] as const,
    );
}

/** What people do about the condition that they meet most. */
const remedy = (places: readonly Place[]) =>
  places.some(({ statement }) => conditionWords(statement).some((words) => words.includes("MFA")))
    ? ", with mfa_serial in the profile, or signed in to the console with MFA"
    : "";
