/**
 * AWS Security Token Service: sessions are issued here, once the evaluator has allowed them.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */

import { validateIdentityPolicy } from "@cloud-copilot/iam-policy";
import { buildArn, lastName, parseArn } from "../arn";
import {
  AwsError,
  type Call,
  type ConditionContext,
  requestTagContext,
  requestTags,
  type ServiceAnswer,
  tagKeys,
  text,
  values,
  valuesMatching,
} from "../call";
import { type CallerPrincipal, principalOf, type Session, type SessionPrincipal, userIdOf } from "../caller";
import { mistakeIn } from "../carried-policy";
import type { Check } from "../check";
import { parseDocument } from "../policy-documents";
import type { IamAccounts, IamEntity } from "../state/iam-accounts";
import { buildXml, type Json } from "../xml";
import type { Gateway, NamedRequest, RequestContext, Service } from "./service";

const HOUR = 3600;
const API_VERSION = "2011-06-15";
/**
 * The operations that take the credentials of a session.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
 */
const WITH_SESSION: Record<CallerPrincipal["type"], readonly string[]> = {
  User: ["AssumeRole", "GetCallerIdentity"],
  FederatedUser: ["GetCallerIdentity"],
  AssumedRole: ["AssumeRole", "GetCallerIdentity", "GetAccessKeyInfo"],
};

export const sts: Service = {
  prefix: "sts",
  protocol: "query",
  global: true,

  conditionKeys: {
    fills: [
      "sts:RoleSessionName",
      "sts:ExternalId",
      "sts:SourceIdentity",
      "sts:TransitiveTagKeys",
      "iam:ResourceTag/*",
      "aws:ResourceTag/*",
      "token.actions.githubusercontent.com:*",
    ],
  },
  async name(context) {
    const { call, callerAccount: account } = context;
    switch (call.operation) {
      case "AssumeRole":
        return nameAssumeRole(context);
      case "AssumeRoleWithWebIdentity": {
        const { arn, name, account: owner } = await askedRole(call, context.gateway.iam);
        const check = {
          action: "sts:AssumeRoleWithWebIdentity",
          resource: arn,
          account: owner,
          context: { "sts:RoleSessionName": name },
        };
        return { account: owner, checks: [check] };
      }
      case "GetFederationToken":
        return nameFederation(context);
      default:
        // What needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        return { account, checks: call.operation === "GetAccessKeyInfo" ? [accessKeyInfo(account)] : [] };
    }
  },

  unsigned: true,
  async authenticate(context) {
    const { call, gateway } = context;
    if (call.operation === "AssumeRoleWithSAML")
      throw new AwsError("InvalidIdentityToken", "The sandbox knows no SAML provider", 400);
    if (call.operation === "AssumeRoleWithWebIdentity") {
      context.caller = await verifyWebIdentity(call, gateway);
      return;
    }
    const principal = principalOf(context.caller);
    if (!principal)
      throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token");
    if (principal.session && !WITH_SESSION[principal.type].includes(call.operation))
      throw new AwsError("AccessDenied", `Cannot call ${call.operation} with session credentials`);
  },
  async respond(context) {
    const { call, caller } = context;
    if (call.operation === "AssumeRoleWithWebIdentity") return assumeRoleWithWebIdentity(context);
    const principal = principalOf(caller);
    if (!principal)
      throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token");
    switch (call.operation) {
      case "GetCallerIdentity": {
        const { arn, account } = principal;
        return result(call, { Arn: arn, UserId: userIdOf(principal), Account: account });
      }
      case "GetAccessKeyInfo": {
        const account = context.gateway.identities.accountOf(text(call.params.AccessKeyId) ?? "");
        if (!account) throw invalid("The sandbox knows no access key with this ID.");
        return result(call, { Account: account });
      }
      case "GetSessionToken":
        return getSessionToken(context, principal);
      case "GetFederationToken":
        return getFederationToken(context, principal);
      case "AssumeRole":
        return assumeRole(context, principal);
      default:
        throw new AwsError(
          "InvalidAction",
          `The sandbox does not answer sts:${call.operation}: it knows AssumeRole, AssumeRoleWithWebIdentity, GetSessionToken, GetFederationToken, GetAccessKeyInfo and GetCallerIdentity`,
          400,
        );
    }
  },
};

const accessKeyInfo = (account: string): Check => ({
  action: "sts:GetAccessKeyInfo",
  resource: "*",
  account,
  context: {},
});

/** An answer of the query protocol: the operation's result. */
function result(call: Call, content: Json): ServiceAnswer {
  const { operation, requestId: RequestId } = call;
  const response = {
    "@xmlns": `https://sts.amazonaws.com/doc/${API_VERSION}/`,
    [`${operation}Result`]: content,
    ResponseMetadata: { RequestId },
  };
  return {
    status: 200,
    headers: { "content-type": "text/xml", "x-amzn-requestid": RequestId },
    body: buildXml({ [`${operation}Response`]: response }),
  };
}

const invalid = (message: string) => new AwsError("ValidationError", message, 400);
const violated = (value: string, name: string, rule: string) =>
  invalid(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must ${rule}`,
  );
const missing = (name: string) =>
  invalid(
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );

/** The duration asked for, in seconds, or `otherwise`. Throws ValidationError outside 900 to `max`. */
function duration(call: Call, otherwise: number, max: number): number {
  const asked = text(call.params.DurationSeconds);
  if (!asked) return otherwise;
  const seconds = Number(asked);
  if (!Number.isInteger(seconds)) throw invalid("DurationSeconds is not an integer");
  if (seconds < 900) throw violated(asked, "durationSeconds", "have value greater than or equal to 900");
  if (seconds > max) throw violated(asked, "durationSeconds", `have value less than or equal to ${max}`);
  return seconds;
}

interface Constraint {
  pattern: RegExp;
  min: number;
  max: number;
}
const ROLE_ARN = { pattern: /^arn:[\w-]+:iam::\d{12}:role\/[\u0021-\u007e]+$/, min: 20, max: 2048 };
const FEDERATED_NAME = { pattern: /^[\w+=,.@-]*$/, min: 2, max: 32 };
const SESSION_NAME = { pattern: /^[\w+=,.@-]*$/, min: 2, max: 64 };
const EXTERNAL_ID = { pattern: /^[\w+=,.@:/-]*$/, min: 2, max: 1224 };
const WEB_IDENTITY_TOKEN = { pattern: /./s, min: 4, max: 20_000 };

/** A parameter, or undefined. Throws ValidationError where it violates its constraint. */
function checked(call: Call, name: string, { pattern, min, max }: Constraint): string | undefined {
  const value = text(call.params[name]);
  if (value === undefined) return undefined;
  const member = name[0]?.toLowerCase() + name.slice(1);
  if (value.length < min) throw violated(value, member, `have length greater than or equal to ${min}`);
  if (value.length > max) throw violated(value, member, `have length less than or equal to ${max}`);
  if (!pattern.test(value))
    throw violated(value, member, `satisfy regular expression pattern: ${pattern.source}`);
  return value;
}

const credentials = ({ accessKeyId, secret, session }: SessionPrincipal) => ({
  AccessKeyId: accessKeyId,
  SecretAccessKey: secret,
  SessionToken: session.token,
  Expiration: new Date(session.expires).toISOString().replace(/\.\d+Z$/, "Z"),
});

const usesMfa = (call: Call): boolean =>
  ["SerialNumber", "TokenCode"].some((name) => text(call.params[name]) !== undefined);

function getSessionToken({ call, gateway }: RequestContext, principal: CallerPrincipal): ServiceAnswer {
  const seconds = duration(call, 12 * HOUR, 36 * HOUR);
  const now = call.now.getTime();
  const mfa = usesMfa(call);
  if (mfa) gateway.mfaDevices.useCode(principal, call);
  const { accessKeyId: _key, secret: _secret, ...owner } = principal;
  const issued = gateway.identities.issueSession(owner, {
    issued: now,
    expires: now + seconds * 1000,
    mfaAt: mfa && now,
    tags: {},
    transitive: [],
    policies: [],
  });
  return result(call, { Credentials: credentials(issued) });
}

/** The federated user that a request asks for. Throws ValidationError where it names none. */
function askedUser(call: Call, account: string): { name: string; arn: string; tags: Record<string, string> } {
  const name = checked(call, "Name", FEDERATED_NAME);
  if (!name) throw missing("name");
  const arn = buildArn("sts", "", account, `federated-user/${name}`, call.region);
  return { name, arn, tags: sessionTags(call) };
}

function nameFederation({ call, callerAccount: account }: RequestContext): NamedRequest {
  const { arn: resource, tags } = askedUser(call, account);
  const actions = ["GetFederationToken", ...(Object.keys(tags).length ? ["TagSession"] : [])];
  const context = requestTagContext(tags);
  return {
    account,
    checks: actions.map((action) => ({ action: `sts:${action}`, resource, account, context })),
  };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html */
async function getFederationToken(
  { call, gateway }: RequestContext,
  principal: CallerPrincipal,
): Promise<ServiceAnswer> {
  const { account, name: owner, uniqueId, arn: user } = principal;
  const { name, arn, tags } = askedUser(call, account);
  const seconds = duration(call, 12 * HOUR, 36 * HOUR);
  const passed = await sessionPolicies(call, account, gateway.iam);
  const now = call.now.getTime();
  const issued = gateway.identities.issueSession(
    { account, arn, type: "FederatedUser", name: owner, uniqueId },
    {
      issued: now,
      expires: now + seconds * 1000,
      name,
      user,
      mfaAt: false,
      tags,
      transitive: [],
      // Without a session policy only policies that name it permit anything.
      policies: passed.length ? passed : [{ Version: "2012-10-17", Statement: [] }],
    },
  );
  return result(call, {
    Credentials: credentials(issued),
    FederatedUser: { FederatedUserId: userIdOf(issued), Arn: arn },
    PackedPolicySize: passed.length || Object.keys(tags).length ? 6 : undefined,
  });
}

interface AskedRole {
  arn: string;
  /** Of the session. */
  name: string;
  account: string;
  /** Undefined where there is no such role. */
  role: IamEntity | undefined;
}

/** The role and session name that a request asks for. Throws ValidationError where it names none. */
async function askedRole(call: Call, iam: IamAccounts): Promise<AskedRole> {
  const arn = checked(call, "RoleArn", ROLE_ARN);
  const name = checked(call, "RoleSessionName", SESSION_NAME);
  if (!arn) throw missing("roleArn");
  if (!name) throw missing("roleSessionName");
  return { arn, name, account: parseArn(arn).accountId, role: await iam.entity(arn) };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules */
function checkTagKeys(keys: string[]): void {
  const reserved = keys.find((key) => /^aws:/i.test(key));
  if (reserved) throw invalid(`Tag keys must not begin with aws:, found ${reserved}`);
  if (new Set(keys.map((key) => key.toLowerCase())).size < keys.length)
    throw invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
}

/** The tags that a request gives its session. Throws ValidationError where they are too many, or their keys wrong. */
function sessionTags(call: Call): Record<string, string> {
  const tags = requestTags(call.params);
  if (Object.keys(tags).length > 50) throw invalid("A session has at most 50 tags");
  checkTagKeys(valuesMatching(call.params, /^Tags\.member\.\d+\.Key$/));
  for (const [key, value] of Object.entries(tags)) {
    if (!key || key.length > 128 || !TAG_TEXT.test(key))
      throw violated(key, "tags.member.key", `have 1 to 128 characters, and satisfy ${TAG_TEXT.source}`);
    if (value.length > 256 || !TAG_TEXT.test(value))
      throw violated(
        value,
        "tags.member.value",
        `have at most 256 characters, and satisfy ${TAG_TEXT.source}`,
      );
  }
  return tags;
}

/** The session policies that a request passes. Throws MalformedPolicyDocument. */
async function sessionPolicies(call: Call, account: string, iam: IamAccounts): Promise<unknown[]> {
  const inline = text(call.params.Policy);
  const arns = valuesMatching(call.params, /^PolicyArns\.member\.\d+\.arn$/);
  if (arns.length > MAX_POLICY_ARNS)
    throw violated(arns.join(", "), "policyArns", `have length less than or equal to ${MAX_POLICY_ARNS}`);
  const managed = arns.map(async (arn) => {
    const owner = /^arn:[\w-]+:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/.exec(arn)?.[1];
    if (!owner) throw invalid(`Invalid ARN in PolicyArns: ${arn}`);
    const policy = [account, "aws"].includes(owner) && (await iam.policyByArn(account, arn));
    if (!policy)
      throw new AwsError("MalformedPolicyDocument", `No policy of account ${account} is ${arn}`, 400);
    return policy;
  });
  return [...(inline ? [sessionPolicy(inline)] : []), ...(await Promise.all(managed))];
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const MAX_POLICY_ARNS = 10;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** What AssumeRole passes on to the session. */
function sessionAttributes(call: Call, session: Session | undefined) {
  const asked = checked(call, "SourceIdentity", SESSION_NAME);
  // Once set, it goes along every chain of roles: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
  const sourceIdentity = session?.sourceIdentity ?? asked;
  if (asked && asked !== sourceIdentity)
    throw new AwsError("AccessDenied", "The source identity of a session cannot be changed once it is set");
  const tags = sessionTags(call);
  const transitive = values(call.params, "TransitiveTagKeys");
  for (const key of transitive)
    if (!(key in tags))
      throw invalid(`Specified transitive tag key is not found in the session tags: ${key}`);
  const inherited = Object.fromEntries(
    (session?.transitive ?? []).map((key) => [key, session?.tags[key] ?? ""]),
  );
  const inheritedKeys = Object.keys(inherited).map((key) => key.toLowerCase());
  for (const key of Object.keys(tags))
    if (inheritedKeys.includes(key.toLowerCase()))
      throw invalid(
        `One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: ${key}`,
      );
  return { sourceIdentity, tags, transitive, inherited };
}

async function nameAssumeRole({ call, caller, gateway }: RequestContext): Promise<NamedRequest> {
  const principal = principalOf(caller);
  const { arn, name, account, role } = await askedRole(call, gateway.iam);
  const externalId = checked(call, "ExternalId", EXTERNAL_ID);
  const { sourceIdentity, tags, transitive, inherited } = sessionAttributes(call, principal?.session);
  const context: ConditionContext = {
    "sts:RoleSessionName": name,
    ...tagKeys("aws:RequestTag", tags),
    ...tagKeys("aws:ResourceTag", role?.tags ?? {}),
    ...tagKeys("iam:ResourceTag", role?.tags ?? {}),
  };
  if (externalId) context["sts:ExternalId"] = externalId;
  if (sourceIdentity) context["sts:SourceIdentity"] = sourceIdentity;
  if (Object.keys(tags).length) context["aws:TagKeys"] = Object.keys(tags);
  if (transitive.length) context["sts:TransitiveTagKeys"] = transitive;
  // A code in this very call counts for this call, not for the credentials that it gives.
  if (usesMfa(call) && principal) {
    gateway.mfaDevices.useCode(principal, call);
    context["aws:MultiFactorAuthPresent"] = "true";
    context["aws:MultiFactorAuthAge"] = "0";
  }
  const check = (action: string): Check => ({ action: `sts:${action}`, resource: arn, account, context });
  const checks = [check("AssumeRole")];
  if (Object.keys(tags).length || Object.keys(inherited).length) checks.push(check("TagSession"));
  if (sourceIdentity) checks.push(check("SetSourceIdentity"));
  return { account, checks };
}

async function assumeRole(
  { call, gateway }: RequestContext,
  principal: CallerPrincipal,
): Promise<ServiceAnswer> {
  const asked = await askedRole(call, gateway.iam);
  if (!asked.role)
    throw new AwsError(
      "AccessDenied",
      `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${asked.arn}`,
    );
  const chained = principal.type === "AssumedRole" && !principal.session?.instance;
  if (chained && duration(call, HOUR, 12 * HOUR) > HOUR)
    throw invalid(
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  const { sourceIdentity, tags, transitive, inherited } = sessionAttributes(call, principal.session);
  const issued = await issueRoleSession(call, asked, gateway, {
    tags: { ...inherited, ...tags },
    transitive: [...Object.keys(inherited), ...transitive],
    ...(sourceIdentity ? { sourceIdentity } : {}),
  });
  return result(call, { ...issued, SourceIdentity: sourceIdentity });
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: it has no signature, a token proves the caller. */
async function verifyWebIdentity(call: Call, gateway: Gateway) {
  const { account } = await askedRole(call, gateway.iam);
  const token = checked(call, "WebIdentityToken", WEB_IDENTITY_TOKEN);
  if (!token) throw missing("webIdentityToken");
  return gateway.webIdentities.verify(token, account, call.region, gateway.moto);
}

async function assumeRoleWithWebIdentity({ call, caller, gateway }: RequestContext): Promise<ServiceAnswer> {
  const asked = await askedRole(call, gateway.iam);
  const token = caller && "federated" in caller ? caller : undefined;
  const issued = await issueRoleSession(call, asked, gateway, {
    tags: {},
    transitive: [],
    ...(token && { federatedProvider: token.federated }),
  });
  return result(call, {
    ...issued,
    Provider: token?.federated,
    SubjectFromWebIdentityToken: token?.subject,
    Audience: token?.audience,
  });
}

/** The session of a role that the evaluator has let the caller assume. Throws ValidationError where it would be too long. */
async function issueRoleSession(
  call: Call,
  { arn, name, account, role }: AskedRole,
  { identities, iam, moto }: Gateway,
  attributes: Pick<Session, "tags" | "transitive" | "sourceIdentity" | "federatedProvider">,
): Promise<Json> {
  const roleName = lastName(arn);
  const details = await moto.iam(account, "GetRole", { RoleName: roleName });
  const longest = Number(details?.text("GetRoleResult", "Role", "MaxSessionDuration") ?? HOUR);
  const seconds = duration(call, HOUR, 12 * HOUR);
  if (seconds > longest)
    throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  const policies = await sessionPolicies(call, account, iam);
  const now = call.now.getTime();
  const uniqueId = role?.id ?? "";
  const issued = identities.issueSession(
    {
      account,
      arn: buildArn("sts", "", account, `assumed-role/${roleName}/${name}`, call.region),
      type: "AssumedRole",
      name: roleName,
      uniqueId,
    },
    {
      issued: now,
      expires: now + seconds * 1000,
      name,
      policies,
      ...attributes,
    },
  );
  return {
    AssumedRoleUser: { AssumedRoleId: `${uniqueId}:${name}`, Arn: issued.arn },
    Credentials: credentials(issued),
    PackedPolicySize: policies.length || Object.keys(attributes.tags).length ? 6 : undefined,
  };
}

function sessionPolicy(document: string): unknown {
  const malformed = (why: string) => new AwsError("MalformedPolicyDocument", why, 400);
  if (document.length > 2048) throw malformed("A session policy has at most 2048 characters.");
  const policy = parseDocument(document);
  if (policy === undefined) throw malformed("Syntax errors in policy.");
  const wrong = mistakeIn(policy, validateIdentityPolicy);
  if (wrong) throw malformed(wrong);
  return policy;
}
