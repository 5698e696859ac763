/**
 * AWS Security Token Service: sessions are vended here, once the evaluator has said yes.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
import { AwsError, type Call, type Context, requestTags, text, values } from "./call";
import type { Decision } from "./decide";
import { type Answer, queryAnswer } from "./errors";
import type { Identities, Principal, Session } from "./identities";
import type { Entity } from "./policies";
import type { Check, World } from "./requests";
import type { FederatedPrincipal, WebIdentities } from "./web-identity";

export interface Sts {
  identities: Identities;
  world: World;
  /** Asks the evaluator and logs; throws AccessDenied in AWS's words unless all is allowed. */
  require(
    call: Call,
    principal: Principal | FederatedPrincipal | undefined,
    checks: Check[],
  ): Promise<Decision[]>;
  webIdentities: WebIdentities;
}

const HOUR = 3600;
const invalid = (message: string) => new AwsError("ValidationError", message, 400);
const constraint = (value: string, name: string, rule: string) =>
  invalid(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must ${rule}`,
  );

/** The duration asked for, in seconds, or `fallback`. Throws ValidationError outside 900 to `max`. */
function duration(call: Call, fallback: number, max: number): number {
  const asked = text(call.params.DurationSeconds);
  if (!asked) return fallback;
  const seconds = Number(asked);
  if (!Number.isInteger(seconds)) throw invalid("DurationSeconds is not an integer");
  if (seconds < 900) throw constraint(asked, "durationSeconds", "have value greater than or equal to 900");
  if (seconds > max) throw constraint(asked, "durationSeconds", `have value less than or equal to ${max}`);
  return seconds;
}

function checked(call: Call, name: string, pattern: RegExp, min: number, max: number): string | undefined {
  const value = text(call.params[name]);
  const member = name[0]!.toLowerCase() + name.slice(1);
  if (value === undefined) return undefined;
  if (value.length < min) throw constraint(value, member, `have length greater than or equal to ${min}`);
  if (value.length > max) throw constraint(value, member, `have length less than or equal to ${max}`);
  if (!pattern.test(value))
    throw constraint(value, member, `satisfy regular expression pattern: ${pattern.source}`);
  return value;
}
const missing = (name: string) =>
  invalid(
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );

const credentials = (principal: Awaited<ReturnType<Identities["vend"]>>) => ({
  AccessKeyId: principal.accessKeyId,
  SecretAccessKey: principal.secret,
  SessionToken: principal.session.token,
  Expiration: new Date(principal.session.expires).toISOString().replace(/\.\d+Z$/, "Z"),
});

/** Answers a call to STS. Throws AwsError in AWS's words. */
export async function answerSts(call: Call, principal: Principal | undefined, sts: Sts): Promise<Answer> {
  if (call.operation === "AssumeRoleWithSAML")
    throw new AwsError("InvalidIdentityToken", "The sandbox knows no SAML provider", 400);
  if (call.operation === "AssumeRoleWithWebIdentity") return assumeRoleWithWebIdentity(call, sts);
  if (!principal) throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token");
  const { session } = principal;
  // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html: no other STS operation with these.
  if (session && principal.type === "User" && !["AssumeRole", "GetCallerIdentity"].includes(call.operation))
    throw new AwsError("AccessDenied", `Cannot call ${call.operation} with session credentials`);
  switch (call.operation) {
    case "GetCallerIdentity":
      return queryAnswer(call, {
        Arn: principal.arn,
        UserId: session?.name ? `${principal.uniqueId}:${session.name}` : principal.uniqueId,
        Account: principal.account,
      });
    case "GetSessionToken":
      return getSessionToken(call, principal, sts);
    case "AssumeRole":
      return assumeRole(call, principal, sts);
    default:
      throw new AwsError(
        "InvalidAction",
        `The sandbox does not answer sts:${call.operation}: it knows AssumeRole, AssumeRoleWithWebIdentity, GetSessionToken and GetCallerIdentity`,
        400,
      );
  }
}

function getSessionToken(call: Call, principal: Principal, { identities }: Sts): Answer {
  if (principal.session)
    throw new AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials");
  const seconds = duration(call, 12 * HOUR, 36 * HOUR);
  const now = call.now.getTime();
  const mfa = usesMfa(call);
  if (mfa) identities.useCode(principal, text(call.params.SerialNumber), text(call.params.TokenCode), now);
  const { accessKeyId: _key, secret: _secret, ...owner } = principal;
  const vended = identities.vend(owner, {
    issued: now,
    expires: now + seconds * 1000,
    mfaAt: mfa && now,
    tags: {},
    transitive: [],
    policies: [],
  });
  return queryAnswer(call, { Credentials: credentials(vended) });
}

const usesMfa = (call: Call): boolean =>
  ["SerialNumber", "TokenCode"].some((name) => text(call.params[name]) !== undefined);

async function assumeRole(call: Call, principal: Principal, door: Sts): Promise<Answer> {
  const { identities, world } = door;
  const { arn, name, account, role } = await askedRole(call, world);
  const externalId = checked(call, "ExternalId", /^[\w+=,.@:/-]*$/, 2, 1224);
  const asked = checked(call, "SourceIdentity", /^[\w+=,.@-]*$/, 2, 64);
  // Once set, it goes along every chain of roles: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
  const sourceIdentity = principal.session?.sourceIdentity ?? asked;
  if (asked && asked !== sourceIdentity)
    throw new AwsError("AccessDenied", "The source identity of a session cannot be changed once it is set");
  const tags = requestTags(call.params);
  const transitive = values(call.params, "TransitiveTagKeys");
  if (Object.keys(tags).length > 50) throw invalid("A session has at most 50 tags");
  for (const key of transitive)
    if (!(key in tags))
      throw invalid(`Specified transitive tag key is not found in the session tags: ${key}`);
  const inherited = Object.fromEntries(
    (principal.session?.transitive ?? []).map((key) => [key, principal.session!.tags[key] ?? ""]),
  );
  for (const key of Object.keys(tags))
    if (key in inherited)
      throw invalid(
        `One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: ${key}`,
      );

  const now = call.now.getTime();
  const context: Context = { "sts:RoleSessionName": name };
  if (externalId) context["sts:ExternalId"] = externalId;
  if (sourceIdentity) context["sts:SourceIdentity"] = sourceIdentity;
  for (const [key, value] of Object.entries(tags)) context[`aws:RequestTag/${key}`] = value;
  if (Object.keys(tags).length) context["aws:TagKeys"] = Object.keys(tags);
  if (transitive.length) context["sts:TransitiveTagKeys"] = transitive;
  for (const [key, value] of Object.entries(role?.tags ?? {}))
    context[`iam:ResourceTag/${key}`] = context[`aws:ResourceTag/${key}`] = value;
  // A code in this very call counts for this call, not for the credentials that it gives.
  if (usesMfa(call)) {
    identities.useCode(principal, text(call.params.SerialNumber), text(call.params.TokenCode), now);
    context["aws:MultiFactorAuthPresent"] = "true";
    context["aws:MultiFactorAuthAge"] = "0";
  }
  const check = (action: string): Check => ({ action: `sts:${action}`, resource: arn, account, context });
  const checks = [check("AssumeRole")];
  if (Object.keys(tags).length || Object.keys(inherited).length) checks.push(check("TagSession"));
  if (sourceIdentity) checks.push(check("SetSourceIdentity"));
  await door.require(call, principal, checks);
  if (!role)
    throw new AwsError(
      "AccessDenied",
      `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    );

  const chained = principal.type === "AssumedRole" && !principal.session?.instance;
  if (chained && duration(call, HOUR, 12 * HOUR) > HOUR)
    throw invalid(
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  return queryAnswer(call, {
    ...(await vendRole(call, { arn, name, account, role }, door, {
      tags: { ...inherited, ...tags },
      transitive: [...Object.keys(inherited), ...transitive],
      ...(sourceIdentity ? { sourceIdentity } : {}),
    })),
    SourceIdentity: sourceIdentity,
  });
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: nobody signs it, a token proves the caller. */
async function assumeRoleWithWebIdentity(call: Call, door: Sts): Promise<Answer> {
  const asked = await askedRole(call, door.world);
  const token = checked(call, "WebIdentityToken", /./s, 4, 20_000);
  if (!token) throw missing("webIdentityToken");
  const { account, arn, name } = asked;
  const who = await door.webIdentities.verify(token, account, call.region, door.world);
  const context = { "sts:RoleSessionName": name };
  await door.require(call, who, [
    { action: "sts:AssumeRoleWithWebIdentity", resource: arn, account, context },
  ]);
  return queryAnswer(call, {
    ...(await vendRole(call, asked, door, { tags: {}, transitive: [] })),
    Provider: who.federated,
    SubjectFromWebIdentityToken: who.subject,
    Audience: who.audience,
  });
}

interface AskedRole {
  arn: string;
  /** Of the session. */
  name: string;
  account: string;
  /** Undefined where there is no such role. */
  role: Entity | undefined;
}

/** The role and session name that a request asks for. Throws ValidationError where it names none. */
async function askedRole(call: Call, { policies }: World): Promise<AskedRole> {
  const arn = checked(call, "RoleArn", /^arn:[\w-]+:iam::\d{12}:role\/[\u0021-\u007e]+$/, 20, 2048);
  const name = checked(call, "RoleSessionName", /^[\w+=,.@-]*$/, 2, 64);
  if (!arn) throw missing("roleArn");
  if (!name) throw missing("roleSessionName");
  const account = arn.split(":")[4]!;
  const known = policies.ids.includes(account) ? await policies.account(account) : undefined;
  return { arn, name, account, role: [...(known?.roles.values() ?? [])].find((one) => one.arn === arn) };
}

/** The session of a role that the evaluator has let the caller assume. Throws ValidationError where it would be too long. */
async function vendRole(
  call: Call,
  { arn, name, account, role }: AskedRole,
  { identities, world }: Sts,
  more: Pick<Session, "tags" | "transitive" | "sourceIdentity">,
) {
  const roleName = arn.split("/").at(-1)!;
  const details = await world.moto.query(account, "iam", call.region, {
    Action: "GetRole",
    Version: "2010-05-08",
    RoleName: roleName,
  });
  const longest = Number(details?.text("GetRoleResult", "Role", "MaxSessionDuration") ?? HOUR);
  const seconds = duration(call, HOUR, 12 * HOUR);
  if (seconds > longest)
    throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  const inline = text(call.params.Policy);
  const arns = Object.keys(call.params)
    .filter((key) => /^PolicyArns\.member\.\d+\.arn$/.test(key))
    .map((key) => String(call.params[key]));
  const issued = call.now.getTime();
  const uniqueId = role!.id;
  const vended = identities.vend(
    {
      account,
      arn: `${arn.replace(/:iam:.*$/, "")}:sts::${account}:assumed-role/${roleName}/${name}`,
      type: "AssumedRole",
      name: roleName,
      uniqueId,
    },
    {
      issued,
      expires: issued + seconds * 1000,
      name,
      policies: [...(inline ? [sessionPolicy(inline)] : []), ...(await world.policies.byArn(account, arns))],
      ...more,
    },
  );
  return {
    AssumedRoleUser: { AssumedRoleId: `${uniqueId}:${name}`, Arn: vended.arn },
    Credentials: credentials(vended),
    PackedPolicySize: inline || arns.length || Object.keys(more.tags).length ? 6 : undefined,
  };
}

function sessionPolicy(document: string): unknown {
  try {
    const policy: unknown = JSON.parse(document);
    if (document.length <= 2048 && policy && typeof policy === "object" && "Statement" in policy)
      return policy;
  } catch {}
  throw new AwsError(
    "MalformedPolicyDocument",
    "The session policy is not a policy document of at most 2048 characters.",
    400,
  );
}
