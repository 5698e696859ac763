import type { Statement } from "../../infra/access/policy";
import { nearest, type Settings } from "../../infra/settings";
import { type DeployedPolicy, isRead, type Unread } from "../deployed";
import { conditionWords, statementWords } from "../report/words";
import { type Made, type Target, targetOf } from "./made";
import type { Reason } from "./message";
import { accountOf, isAbout, isFederated, meetsPrincipalArn, names } from "./statements";

/** What is known of a refused request: what the endpoint said of it, and what the accounts hold. */
export interface Facts {
  who: string;
  action: string;
  on: string;
  /** Undefined where the endpoint says no more than that it refuses. */
  reason: Reason | undefined;
  /** The caller's own policies, those of the groups included. */
  own: { groups: readonly string[]; policies: readonly DeployedPolicy[]; boundary?: DeployedPolicy } | Unread;
  /** The resource's own policy, such as a role's trust policy; undefined where it is of no kind that is read. */
  resource: readonly Statement[] | Unread | undefined;
  made: readonly Made[];
  settings: Pick<Settings, "trustingAccountId" | "trustedAccountId" | "trustingProfile" | "trustedProfile">;
}

/** Where to look, and what to do: lines of a label and a text. */
export type Explanation = readonly (readonly [label: string, text: string])[];

/** Which side refuses a request, by which policy, made where, and what lets it through. */
export function explain(facts: Facts): Explanation {
  const { who, action, on, own } = facts;
  const asked = ["refused", `${who}: ${action} on ${on}`] as const;
  const bare = beforeAnyPolicy(facts.reason);
  if (bare) return [asked, ...bare];
  const wrong = misnamed(facts);
  if (wrong) return [asked, ...wrong];
  const reason = facts.reason ?? inferred(facts);
  if (!reason) return [asked, ...unclear(facts)];
  const told = facts.reason ? "" : " (as the deployed policies read: the endpoint's words do not say)";
  const { type, explicit, policyArn } = reason;
  const says = explicit ? `an explicit deny in the ${type}` : `no ${type} allows it`;
  const by = (side: string) => ["by", `${side}: ${says}${told}`] as const;
  const named = policyArn ? [["policy", policyArn] as const] : [];
  switch (type) {
    case "identity-based policy":
      return [asked, by(sideOf(facts, accountOf(who))), ...named, ...identity(facts, explicit)];
    case "resource-based policy":
    case "role trust policy":
      return [asked, by(sideOf(facts, resourceAccount(facts))), ...named, ...resource(facts, explicit)];
    case "permissions boundary": {
      const boundary = isRead(own) ? own.boundary?.name : undefined;
      return [
        asked,
        by(sideOf(facts, accountOf(who))),
        ["policy", policyArn ?? boundary ?? "the caller's permissions boundary"],
        [
          "change",
          "The boundary caps the caller whatever other policies say: allow the action there (permissionsBoundary)",
        ],
      ];
    }
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

/** What AWS refuses whatever the policies say: who asked for what makes no difference. */
export function beforeAnyPolicy(reason: Reason | undefined): Explanation | undefined {
  if (reason?.type === "mfa")
    return [
      [
        "by",
        "AWS STS, before any policy: the MFA code, or the device that it belongs to, is not the caller's",
      ],
      ["change", "Nothing in the program. Ask again with a new code of the caller's own device (mfa_serial)"],
    ];
  if (reason?.type === "session")
    return [
      ["by", "the endpoint, before any policy: the session has ended, or the key that was shown is no more"],
      [
        "change",
        "Nothing in the program. Ask for the role again: in the console switch role anew; for the AWS CLI " +
          "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN, and ask with --profile, which gets a new session",
      ],
      [
        "still so?",
        "aws sts get-caller-identity --profile YOUR-PROFILE says whether the own key is still good",
      ],
    ];
  return undefined;
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
const takesBoth = (facts: Facts) =>
  facts.action.startsWith("sts:") || accountOf(facts.who) !== resourceAccount(facts);

interface Place {
  of: string;
  statement: Statement;
  number: number;
  made?: Made | undefined;
}

/** The caller's statements about the request. */
const ownStatements = ({ who, own, action, on, made }: Facts): Place[] =>
  (isRead(own) ? own.policies : []).flatMap(({ of, name, statements }) =>
    statements.flatMap((statement, index) =>
      isAbout(statement, action, on)
        ? [
            {
              of: `policy ${name} of ${of}`,
              statement,
              number: index + 1,
              made: made.find(
                (one) => one.account === accountOf(who) && one.name === name && of.endsWith(` ${one.of}`),
              ),
            },
          ]
        : [],
    ),
  );

/** The statements of the resource's own policy, where it has one that could be read. */
const written = ({ resource }: Facts): readonly Statement[] => (resource && isRead(resource) ? resource : []);
/** Those that are about the request and name the caller. */
const resourceStatements = (facts: Facts): Place[] =>
  written(facts).flatMap((statement, index) =>
    isAbout(statement, facts.action, facts.on) && names(statement, facts.who)
      ? [{ of: resourcePolicy(facts), statement, number: index + 1, made: madeResource(facts) }]
      : [],
  );

function resourcePolicy({ action, on }: Facts): string {
  const { type, noun, name } = targetOf(action, on) ?? {};
  return `${type === "Role" ? "trust " : ""}policy of ${noun ? `${noun} ${name}` : on}`;
}
const madeAs = (facts: Facts, { type, name }: Pick<Target, "type" | "name">, account: string) =>
  facts.made.find((one) => one.type === type && one.of === name && one.account === account);
function madeResource(facts: Facts): Made | undefined {
  const target = targetOf(facts.action, facts.on);
  return target && madeAs(facts, target, resourceAccount(facts));
}

const allows = (places: readonly Place[]) => places.some(({ statement }) => statement.Effect === "Allow");

/** Where the endpoint says nothing: the side of which no statement is about the request. */
function inferred(facts: Facts): Reason | undefined {
  const { who, action, own } = facts;
  const type = action.startsWith("sts:") ? "role trust policy" : "resource-based policy";
  const read = facts.resource === undefined || isRead(facts.resource);
  if (isRead(own) && !isFederated(who) && !allows(ownStatements(facts)))
    return { type: "identity-based policy", explicit: false };
  if (!takesBoth(facts) || !read || (!isRead(own) && own.gone)) return undefined;
  // Whatever the caller's own policies say: a side that is silent refuses.
  if (!allows(resourceStatements(facts))) return { type, explicit: false };
  if (!isRead(own)) return undefined;
  // Conditions of trust policies are what people meet: MFA above all.
  const conditional = resourceStatements(facts).every(
    ({ statement }) => conditionWords(statement).length > 0,
  );
  return conditional ? { type, explicit: false } : undefined;
}

/** Where neither the endpoint nor the policies that could be read say which side it is. */
function unclear(facts: Facts): Explanation {
  const { own, resource } = facts;
  const unread = [own, resource].flatMap((one) => (one && !isRead(one) ? [one] : []));
  const would = wouldAllow(facts, [...ownStatements(facts), ...resourceStatements(facts)]);
  if (unread.length === 0)
    return [
      [
        "by",
        "unclear: by the policies that were read it would be allowed, and the endpoint does not say more",
      ],
      ...would,
      [
        "change",
        "Meet the conditions above; or ask the account's administrator for service or resource control policies",
      ],
    ];
  return [
    ["by", "unclear: the endpoint gives no reason, and what may be the reason could not be read"],
    ...unread.map((one) => ["not read", one.unread] as const),
    ...(isRead(own) || own.gone ? [] : groupThatMay(facts).lines),
    ...would,
    [
      "change",
      unread.some(({ gone }) => gone)
        ? "Nothing yet: give --who and --on as they are now (aws sts get-caller-identity)"
        : "Nothing yet: let that profile read it, or have the account's administrator ask this",
    ],
  ];
}

/** A resource that the stack should have and has not by this name: most often a slip of the pen. */
function misnamed(facts: Facts): Explanation | undefined {
  const { action, on, resource, made, settings, reason } = facts;
  const target = targetOf(action, on);
  if (!target || resource === undefined || isRead(resource)) return undefined;
  if (reason && !/identity|resource-based|trust/.test(reason.type)) return undefined;
  const account = resourceAccount(facts);
  const ours = [settings.trustingAccountId, settings.trustedAccountId].includes(account);
  // Of a side that the stack does not manage its state tells nothing.
  if (madeAs(facts, target, account) || (ours && !made.some((one) => one.account === account)))
    return undefined;
  const { noun, name } = target;
  const called = (one: Pick<Made, "account" | "of">) => `${one.account} ${one.of}`;
  const others = made.filter(({ type }) => type === target.type);
  const close = nearest(called({ account, of: name }), others.map(called));
  const meant = others.find((one) => called(one) === close);
  return [
    ["by", `the name: this stack has no ${noun} ${name} in account ${account}`],
    ...(resource.gone ? [] : [["not read", resource.unread] as const]),
    ...(meant ? [["nearest", `${noun} ${meant.of} of account ${meant.account}`] as const] : []),
    ["change", `nothing in the program: ask for the ${noun} that is meant, by its name and account`],
  ];
}

const where = ({ of, statement, number }: Place) => `${of}, statement ${statement.Sid ?? number}`;
const madeWhere = (made: Made | undefined) =>
  made
    ? `${made.source ?? "the stack"}, resource ${made.resource}`
    : "not by this stack: made by hand or by another program";
/** Where the program writes what a resource's policy allows. */
const argumentOf = (made: Made | undefined) =>
  made?.shared
    ? "`use` in infra/access/shared-resource.ts"
    : made
      ? `${made.type === "Role" ? "trust" : "statements"}: there`
      : "that policy";

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
  const { who, action, on, own, settings } = facts;
  if (!isRead(own) && (explicit || own.gone))
    return [
      ["not read", own.unread],
      [
        "change",
        own.gone
          ? "nothing: whoever asked is not there any more"
          : "Have the account's administrator look for the deny in the caller's policies: it wins over every allow",
      ],
    ];
  const places = ownStatements(facts);
  if (explicit) return denials(places);
  const allowing = wouldAllow(facts, places);
  if (allowing.length > 0)
    return [...allowing, ["change", "Meet the conditions above, or take them out of that statement"]];
  const user = /:user\/(?:.+\/)?([^/]+)$/.exec(who)?.[1];
  const role = /:assumed-role\/([^/]+)\//.exec(who)?.[1];
  const held = isRead(own) ? own.policies.map(({ of, name }) => `${name} of ${of}`).join(", ") : "";
  const none = held ? `${held}: none is about ${action} on ${on}` : "the caller has none";
  const silent = isRead(own) ? (["policies", none] as const) : (["not read", own.unread] as const);
  const instead = roleInstead(facts);
  if (instead.length > 0)
    return [silent, ...instead, ["change", "nothing in the program: assume the role, and ask as it"]];
  // A right of the caller's own is in vain where the other side lets the caller in by no statement.
  const closed = isClosed(facts);
  if (closed)
    return [
      silent,
      ...othersLetIn(facts),
      [
        "change",
        `nothing, if this caller should not: the other side would refuse too. Otherwise ${argumentOf(madeResource(facts))} first, then a policy of the caller`,
      ],
    ];
  const permissions = madeAs(facts, { type: "RolePolicy", name: role ?? "" }, accountOf(who));
  if (role && permissions)
    return [
      silent,
      ["made by", madeWhere(permissions)],
      ["change", `permissions: there, if ${role} should do this; then everyone who may assume it can`],
    ];
  const { group, lines } = groupThatMay(facts);
  if (!group) {
    const elsewhere = takesBoth(facts) && facts.resource === undefined;
    return [
      silent,
      [
        "change",
        `allow ${action} on ${on} in a policy of the caller, by the account's administrator${elsewhere ? `; and account ${resourceAccount(facts)} must let the caller in, by a role or by the resource's own policy` : ""}`,
      ],
    ];
  }
  return [
    silent,
    ...lines,
    [
      "change",
      `nothing, if this person should not. Otherwise: ${
        user
          ? `aws iam add-user-to-group --group-name ${group} --user-name ${user} --profile ${settings.trustedProfile}`
          : `give role ${role} the same statement`
      }`,
    ],
  ];
}

/** The program's group in the caller's account whose members may do what was asked. */
function groupThatMay({ who, action, on, own, made }: Facts): { group?: string; lines: Explanation } {
  const grant = made.find(
    (one) =>
      one.type === "GroupPolicy" &&
      one.account === accountOf(who) &&
      one.statements.some((statement) => isAbout(statement, action, on)),
  );
  if (!grant) return { lines: [] };
  const groups = !isRead(own)
    ? "whether the caller is in it could not be read"
    : `the caller is in ${own.groups.join(", ") || "no group"}`;
  return {
    group: grant.of,
    lines: [
      ["would", `policy ${grant.name} of group ${grant.of}; ${groups}`],
      ["made by", madeWhere(grant)],
    ],
  };
}

/** Whether the resource's side is known to let this caller in by no statement, and must. */
const isClosed = (facts: Facts) =>
  takesBoth(facts) &&
  facts.resource !== undefined &&
  isRead(facts.resource) &&
  wouldAllow(facts, resourceStatements(facts)).length === 0;

/** Whom and what the resource's policy allows instead. */
function othersLetIn(facts: Facts): Explanation {
  const { resource } = facts;
  if (resource && !isRead(resource)) return [["not read", resource.unread]];
  const allowed = written(facts).filter(({ Effect }) => Effect === "Allow");
  if (!resource) return [["policy", `none of ${facts.on} that is read here`]];
  const only = allowed.map((one) => statementWords(one).replace(/^Arn:/, "arn:")).join(" ");
  return [
    ["policy", `${resourcePolicy(facts)} ${only ? `allows only: ${only}` : "allows nothing to anyone."}`],
    ["made by", madeWhere(madeResource(facts))],
  ];
}

function resource(facts: Facts, explicit: boolean): Explanation {
  const { who, action, on } = facts;
  const places = resourceStatements(facts);
  const there = argumentOf(madeResource(facts));
  if (explicit) return denials(places);
  const allowing = wouldAllow(facts, places);
  if (allowing.length > 0 && isFederated(who))
    return [
      ...allowing,
      [
        "change",
        `nothing, if this job should not. Otherwise ${there}: its subjects must name ${who.split(" ")[1] ?? "the token's subject"}, and its audience be the token's`,
      ],
    ];
  if (allowing.length > 0)
    return [
      ...allowing,
      [
        "change",
        `nothing in the program: ask again so that the condition holds${remedy(places)}. To drop it: ${there}`,
      ],
    ];
  const instead = roleInstead(facts);
  return [
    ...instead,
    ...othersLetIn(facts),
    [
      "change",
      instead.length > 0
        ? "nothing in the program: assume the role, and ask as it"
        : `nothing, if this caller should not. Otherwise ${there}: allow account ${accountOf(who)} ${action} on ${on}`,
    ],
  ];
}

/** A role of the trusting account that may do what was asked with the caller's own credentials. */
function roleInstead(facts: Facts): Explanation {
  const { who, action, on, made, settings } = facts;
  if (accountOf(who) !== settings.trustedAccountId || action.startsWith("sts:")) return [];
  const account = settings.trustingAccountId;
  const trusts = (role: string) =>
    madeAs(facts, { type: "Role", name: role }, account)?.statements.some(
      (one) =>
        [one.Action].flat().includes("sts:AssumeRole") && names(one, who) && meetsPrincipalArn(one, who),
    );
  return made
    .filter(
      (one) =>
        one.type === "RolePolicy" &&
        one.account === account &&
        trusts(one.of) &&
        one.statements.some((statement) => isAbout(statement, action, on)),
    )
    .map(({ of, source }) => {
      const arn = `arn:${who.split(":")[1]}:iam::${account}:role/${of}`;
      const assuming = { ...facts, action: "sts:AssumeRole", on: arn };
      const group = allows(ownStatements(assuming)) ? undefined : groupThatMay(assuming).group;
      const members = group ? ` (members of ${group} may)` : "";
      return [
        "would",
        `role ${of}, which may (${source}): assume it${members}, and ask as the role`,
      ] as const;
    });
}

/** What people do about the condition that they meet most. */
const remedy = (places: readonly Place[]) =>
  places.some(({ statement }) => conditionWords(statement).some((words) => words.includes("MFA")))
    ? ", with mfa_serial in the profile, or signed in to the console with MFA"
    : "";
