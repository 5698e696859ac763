/**
 * Random policies and requests, decided by the gateway's evaluation and by an oracle that is written from AWS's pages
 * alone. `FUZZ_REQUESTS` asks for more than the 2,000 of every run, `FUZZ_SEED` for others.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
 */
import assert from "node:assert/strict";
import type { CallerPrincipal } from "../gateway/caller";
import { evaluate } from "../gateway/evaluate";

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 2000);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_126);
const [OWN, OTHER] = ["111111111111", "222222222222"];

/** A generator of numbers from 0 to 1 that a seed repeats (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface FuzzStatement {
  Effect: "Allow" | "Deny";
  Action: string[];
  Resource: string[];
  Principal?: "*" | { AWS: string };
  Condition?: Record<string, Record<string, string>>;
}
type FuzzPolicy = FuzzStatement[];

interface FuzzRequest {
  caller: "user" | "session";
  action: string;
  key: string;
  account: string;
  context: Record<string, string>;
  identity: FuzzPolicy[];
  boundary: FuzzPolicy | undefined;
  session: FuzzPolicy | undefined;
  resource: FuzzPolicy | undefined;
}

const ARNS = {
  user: `arn:aws:iam::${OWN}:user/person`,
  role: `arn:aws:iam::${OWN}:role/worker`,
  session: `arn:aws:sts::${OWN}:assumed-role/worker/now`,
  root: `arn:aws:iam::${OWN}:root`,
};
const ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectTagging"];
const ACTION_PATTERNS = [
  ...ACTIONS,
  "s3:*",
  "*",
  "s3:Get*",
  "s3:?etObject",
  "S3:getobject",
  "s3:*Object",
  "sqs:*",
];
const KEYS = ["a", "b", "team/a", "team/b/a", "A"];
const RESOURCE_PATTERNS = ["*", "a", "team/*", "team/?", "*a", "t*m/*a", "team/b/*", "?"];
const AGENTS = ["curl/8", "aws-cli/2", "boto"];

function generate(next: () => number): FuzzRequest {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  const chance = (share: number) => next() < share;
  const some = <T>(from: readonly T[]): T[] =>
    Array.from({ length: 1 + Math.floor(next() * 2) }, () => pick(from));
  const condition = (): Record<string, Record<string, string>> => {
    const [operator, value] = pick([
      ["StringEquals", pick(AGENTS)],
      ["StringNotEquals", pick(AGENTS)],
      ["StringLike", pick(["aws-*", "*o*", "curl/?"])],
      ["StringNotLike", "*b*"],
      ["StringEqualsIfExists", pick(AGENTS)],
      ["StringNotEqualsIfExists", pick(AGENTS)],
      ["Null", pick(["true", "false"])],
    ] as const);
    return { [operator]: { "aws:UserAgent": value } };
  };
  const statement = (principals: readonly ("*" | string)[] = []): FuzzStatement => {
    const principal = principals.length ? pick(principals) : undefined;
    return {
      Effect: chance(0.12) ? "Deny" : "Allow",
      Action: some(ACTION_PATTERNS),
      Resource: some(RESOURCE_PATTERNS).map((pattern) => `arn:aws:s3:::bucket/${pattern}`),
      ...(principal && { Principal: principal === "*" ? principal : { AWS: principal } }),
      ...(chance(0.3) && { Condition: condition() }),
    };
  };
  const policy = (principals?: readonly string[]) =>
    Array.from({ length: 1 + Math.floor(next() * 3) }, () => statement(principals));
  const caller = chance(0.5) ? "user" : "session";
  const principals = [
    ...(caller === "user" ? [ARNS.user] : [ARNS.role, ARNS.session]),
    ARNS.root,
    ARNS.root,
    OTHER,
  ];
  return {
    caller,
    action: pick(ACTIONS),
    key: pick(KEYS),
    account: chance(0.5) ? OWN : OTHER,
    context: chance(0.8) ? { "aws:UserAgent": pick(AGENTS) } : {},
    identity: Array.from({ length: Math.floor(next() * 4) }, () => policy()),
    boundary: chance(0.3) ? policy() : undefined,
    session: caller === "session" && chance(0.4) ? policy() : undefined,
    resource: chance(0.6) ? policy(principals) : undefined,
  };
}

// The oracle. It shares no code with the gateway.

const matches = (pattern: string, value: string): boolean => {
  const [head, ...rest] = pattern;
  if (head === undefined) return value === "";
  if (head === "*")
    return Array.from({ length: value.length + 1 }, (_, i) => value.slice(i)).some((tail) =>
      matches(rest.join(""), tail),
    );
  return value !== "" && (head === "?" || head === value[0]) && matches(rest.join(""), value.slice(1));
};

function holds({ Condition = {} }: FuzzStatement, context: Record<string, string>): boolean {
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const value = context[key];
      if (operator === "Null") return (value === undefined) === (wanted === "true");
      if (value === undefined) return operator.endsWith("IfExists") || operator.includes("Not");
      const name = operator.replace("IfExists", "");
      const same = name.endsWith("Like") ? matches(wanted, value) : wanted === value;
      return name.includes("Not") ? !same : same;
    }),
  );
}

/** Who a statement of a resource's policy is about, from the closest to the farthest; undefined for another principal. */
function grantee({ Principal }: FuzzStatement, caller: FuzzRequest["caller"]) {
  const arn = typeof Principal === "object" ? Principal.AWS : Principal;
  if (caller === "user" && arn === ARNS.user) return "caller";
  if (caller === "session" && arn === ARNS.session) return "caller";
  if (caller === "session" && arn === ARNS.role) return "role";
  return arn === ARNS.root ? "account" : undefined;
}

function decide(request: FuzzRequest): boolean {
  const resource = `arn:aws:s3:::bucket/${request.key}`;
  const about = (statement: FuzzStatement) =>
    statement.Action.some((pattern) => matches(pattern.toLowerCase(), request.action.toLowerCase())) &&
    statement.Resource.some((pattern) => matches(pattern, resource)) &&
    holds(statement, request.context);
  const own = [...request.identity.flat(), ...(request.boundary ?? []), ...(request.session ?? [])].filter(
    about,
  );
  const shared = (request.resource ?? []).filter(
    (statement) => about(statement) && grantee(statement, request.caller),
  );
  if ([...own, ...shared].some(({ Effect }) => Effect === "Deny")) return false;
  const allows = (policy: FuzzPolicy | undefined) => policy === undefined || policy.some(about);
  const byIdentity = request.identity.flat().some(about);
  const grants = new Set(shared.map((statement) => grantee(statement, request.caller)));
  const limits = allows(request.boundary) && allows(request.session);
  if (request.account !== OWN) return byIdentity && limits && grants.size > 0;
  // Within an account, a grant to a user or a session itself is enough; one to a role stays within boundary and session.
  return grants.has("caller") || ((grants.has("role") || byIdentity) && limits);
}

async function decideByGateway(request: FuzzRequest): Promise<boolean> {
  const document = (statements: FuzzPolicy) => ({ Version: "2012-10-17", Statement: statements });
  const named = (statements: FuzzPolicy, i = 0) => ({ name: `policy-${i}`, policy: document(statements) });
  const sessionPolicies = request.session ? [document(request.session)] : [];
  const caller: CallerPrincipal = {
    accessKeyId: "",
    secret: "",
    account: OWN,
    arn: ARNS[request.caller],
    type: request.caller === "user" ? "User" : "AssumedRole",
    name: request.caller === "user" ? "person" : "worker",
    uniqueId: "",
  };
  const context = {
    ...request.context,
    "aws:PrincipalArn": request.caller === "user" ? ARNS.user : ARNS.role,
    "aws:PrincipalAccount": OWN,
  };
  const { allowed } = await evaluate({
    caller,
    check: {
      action: request.action,
      resource: `arn:aws:s3:::bucket/${request.key}`,
      account: request.account,
      context: {},
    },
    region: "eu-west-1",
    context,
    identityPolicies: request.identity.map(named),
    boundary: request.boundary && [named(request.boundary)],
    sessionPolicies,
    resourcePolicy: request.resource && document(request.resource),
    blocksPublicAccess: undefined,
  });
  return allowed;
}

describe("gateway: random requests", function () {
  this.timeout(30_000 + 50 * REQUESTS);

  it(`${REQUESTS} of seed ${SEED} are decided as an oracle decides them`, async () => {
    const next = random(SEED);
    const counts = { allowed: 0, refused: 0 };
    for (let i = 0; i < REQUESTS; i++) {
      const request = generate(next);
      const expected = decide(request);
      counts[expected ? "allowed" : "refused"]++;
      assert.equal(
        await decideByGateway(request),
        expected,
        `request ${i}: ${JSON.stringify(request, null, 1)}`,
      );
    }
    // A generator that only refuses proves nothing.
    assert.ok(counts.allowed > REQUESTS / 10 && counts.refused > REQUESTS / 10, JSON.stringify(counts));
  });
});
