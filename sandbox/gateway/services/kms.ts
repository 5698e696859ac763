import { parseArn } from "../arn";
import {
  AwsError,
  type Call,
  type ConditionContext,
  type Params,
  type ServiceAnswer,
  tagKeys,
  text,
} from "../call";
import type { Check } from "../check";
import { type PolicyStatement, parseDocument, statementsOf } from "../policy-documents";
import { namedBy, parameters, tagsAtCreation } from "./parameters";
import type { Gateway, RequestContext, Service } from "./service";

/** The ARN of a KMS key, given its ID, alias or ARN; `key/ID` where no account has it. */
export async function keyArn(
  id: string,
  account: string,
  region: string,
  { moto }: Gateway,
): Promise<string> {
  const { accountId, resourceType } = parseArn(id);
  if (resourceType === "key") return id;
  // Without an account, an ID or alias is of the caller's.
  const owner = accountId || account;
  const found = await moto.json(owner, "kms", region, "TrentService.DescribeKey", { KeyId: id });
  return (found?.KeyMetadata as { Arn?: string } | undefined)?.Arn ?? `key/${id}`;
}

interface KeyGrant {
  GranteePrincipal: string;
  Operations: string[];
  Constraints?: {
    EncryptionContextEquals?: Record<string, string>;
    EncryptionContextSubset?: Record<string, string>;
  } | null;
}

/** A grant as the statements that it amounts to: https://docs.aws.amazon.com/kms/latest/developerguide/grants.html */
function grantStatements({ GranteePrincipal, Operations, Constraints }: KeyGrant): PolicyStatement[] {
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints ?? {};
  const pairs = Object.entries({ ...EncryptionContextSubset, ...EncryptionContextEquals });
  const exact = EncryptionContextEquals && Object.keys(EncryptionContextEquals);
  const keys = Object.fromEntries(pairs.map(([name, value]) => [`kms:EncryptionContext:${name}`, value]));
  const Condition: NonNullable<PolicyStatement["Condition"]> = {
    ...(pairs.length && { StringEquals: keys }),
    ...(exact?.length && { "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": exact } }),
  };
  const statement = (operations: string[], condition: NonNullable<PolicyStatement["Condition"]>) => ({
    Effect: "Allow",
    Principal: { AWS: GranteePrincipal },
    Action: operations.map((operation) => `kms:${operation}`),
    Resource: "*",
    ...(Object.keys(condition).length && { Condition: condition }),
  });
  const others = Operations.filter((operation) => operation !== "CreateGrant");
  const listed: keyof typeof Condition = "ForAllValues:StringEquals";
  // Who has CreateGrant by a grant grants no more than that: https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
  const further = { ...Condition, [listed]: { ...Condition[listed], "kms:GrantOperations": Operations } };
  return [
    ...(others.length ? [statement(others, pairs.length ? Condition : {})] : []),
    ...(others.length < Operations.length ? [statement(["CreateGrant"], further)] : []),
  ];
}

/** The grant that a request asks for, as far as its principal needs it. */
const grantIn = ({ GranteePrincipal }: Params): KeyGrant => ({
  GranteePrincipal: String(GranteePrincipal),
  Operations: ["Decrypt"],
});

/** The policy that a grant in a request amounts to. */
const grantedPolicy = ({ operation, params }: Call): string | undefined =>
  operation === "CreateGrant"
    ? JSON.stringify({ Version: "2012-10-17", Statement: grantStatements(grantIn(params)) })
    : undefined;

/** What remembers the principals of a key's grants: its policy is written without them. */
const grantsOf = (key: string): string => `${key}/grants`;

/** The key of an alias; none where there is no such alias. */
async function keyOfAlias({ call, callerAccount, gateway }: RequestContext): Promise<string[]> {
  const alias = text(call.params.AliasName);
  const arn = alias && (await keyArn(alias, callerAccount, call.region, gateway));
  return arn?.startsWith("arn:") ? [arn] : [];
}

/** The condition keys that stand in a request's parameters, with what AWS takes where one is left out. */
function parameterKeys({ operation, params }: Call): ConditionContext {
  const given = (name: string, absent: string) => String(params[name] ?? absent);
  switch (operation) {
    case "CreateKey":
      return {
        "kms:BypassPolicyLockoutSafetyCheck": given("BypassPolicyLockoutSafetyCheck", "false"),
        "kms:KeyOrigin": given("Origin", "AWS_KMS"),
        "kms:KeySpec": String(params.KeySpec ?? params.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT"),
        "kms:KeyUsage": given("KeyUsage", "ENCRYPT_DECRYPT"),
        "kms:MultiRegion": given("MultiRegion", "false"),
      };
    case "PutKeyPolicy":
      return { "kms:BypassPolicyLockoutSafetyCheck": given("BypassPolicyLockoutSafetyCheck", "false") };
    case "Encrypt":
    case "Decrypt":
      return { "kms:EncryptionAlgorithm": given("EncryptionAlgorithm", "SYMMETRIC_DEFAULT") };
    case "Sign":
    case "Verify":
      return {
        "kms:MessageType": given("MessageType", "RAW"),
        "kms:SigningAlgorithm": given("SigningAlgorithm", ""),
      };
    case "ScheduleKeyDeletion":
      return { "kms:ScheduleKeyDeletionPendingWindowInDays": given("PendingWindowInDays", "30") };
    case "CreateGrant":
      return {
        "kms:GrantIsForAWSResource": "false",
        "kms:GrantOperations": [params.Operations ?? []].flat().map(String),
        "kms:GranteePrincipal": given("GranteePrincipal", ""),
        ...(params.RetiringPrincipal !== undefined && {
          "kms:RetiringPrincipal": String(params.RetiringPrincipal),
        }),
      };
    default:
      return {};
  }
}

/**
 * What other accounts can do with a key; a key policy that allows them more has no effect.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
 */
const ACROSS_ACCOUNTS =
  "CreateGrant|De(crypt|riveSharedSecret|scribeKey)|Encrypt|Generate\\w+|Get(KeyRotationStatus|PublicKey)|ListGrants|ReEncrypt(From|To)|Re(tire|voke)Grant|Sign|Verify(Mac)?";

/** Actions on the key that encrypted; the others of the same request are on the key that it names. */
const OF_CIPHERTEXT = ["Decrypt", "ReEncryptFrom"];

export const kms: Service = {
  prefix: "kms",
  protocol: "json",
  targets: ["TrentService"],

  actions: { ReEncrypt: ["ReEncryptFrom", "ReEncryptTo"] },
  resources: {
    async key(context, action) {
      const { call, callerAccount, gateway } = context;
      const arnOf = (id: string) => keyArn(id, callerAccount, call.region, gateway);
      const [source, destination] = [text(call.params.SourceKeyId), text(call.params.DestinationKeyId)];
      if (action === "ReEncryptTo") return destination ? [await arnOf(destination)] : [];
      if (action === "DeleteAlias") return keyOfAlias(context);
      const ids =
        action === "ReEncryptFrom" ? [source ?? []].flat() : parameters(context, "KeyId", "TargetKeyId");
      const arns = await Promise.all(ids.map(arnOf));
      const missing = arns.find((arn) => !arn.startsWith("arn:"));
      if (missing) throw new AwsError("NotFoundException", `There is no ${missing}`, 400);
      // https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html: on the alias, its key and its new key.
      if (action === "UpdateAlias") arns.push(...(await keyOfAlias(context)));
      const ciphertext = text(call.params.CiphertextBlob);
      if (!ciphertext || !OF_CIPHERTEXT.includes(action)) return arns;
      // A ciphertext begins with the ID of its key, with moto as with AWS.
      const id = Buffer.from(ciphertext, "base64").toString("latin1", 0, 36);
      const owners = [...new Set([callerAccount, ...gateway.accounts])];
      const found = await Promise.all(owners.map((owner) => keyArn(id, owner, call.region, gateway)));
      const used = found.find((arn) => arn.startsWith("arn:")) ?? `key/${id}`;
      if (used.startsWith("arn:") && arns.some((arn) => arn !== used))
        throw new AwsError(
          "IncorrectKeyException",
          "The key ID in the request does not identify a CMK that can perform this operation.",
          400,
        );
      return arns.length ? arns : [used];
    },
    alias: namedBy("", "AliasName"),
  },
  /** https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html */
  furtherChecks: async (context, checks) => tagsAtCreation(context, checks, "TagResource"),

  conditionKeys: {
    fills: [
      "kms:CallerAccount",
      "kms:EncryptionContext:*",
      "kms:EncryptionContextKeys",
      "kms:RequestAlias",
      "kms:ResourceAliases",
      "kms:ViaService",
      "kms:KeyOrigin",
      "kms:KeySpec",
      "kms:KeyUsage",
      "kms:MultiRegion",
      "aws:ResourceTag/*",
    ],
    ofRequest({ call, callerAccount }) {
      const encryption = Object.entries((call.params.EncryptionContext ?? {}) as Params);
      const alias = /(?:^|:)(alias\/.+)$/.exec(text(call.params.KeyId) ?? "")?.[1];
      return {
        "kms:CallerAccount": callerAccount,
        ...parameterKeys(call),
        ...(alias && { "kms:RequestAlias": alias }),
        ...(encryption.length && { "kms:EncryptionContextKeys": encryption.map(([name]) => name) }),
        ...Object.fromEntries(
          encryption.map(([name, value]) => [`kms:EncryptionContext:${name}`, String(value)]),
        ),
      };
    },
    ofResource: keyContext,
  },

  policies: {
    async ofResource(arn, account, { moto, principalIds }) {
      const { region, resourceType, resourcePath: KeyId } = parseArn(arn);
      // Aliases have no policy, and what is only now created has none yet.
      if (resourceType !== "key" || KeyId === "new") return undefined;
      const ask = (operation: string, more: object) =>
        moto.json(account, "kms", region, `TrentService.${operation}`, { KeyId, ...more });
      const answer = await ask("GetKeyPolicy", { PolicyName: "default" });
      if (!answer) return undefined;
      const listed = await ask("ListGrants", {});
      const policy = parseDocument(answer?.Policy);
      const grants = ((listed?.Grants ?? []) as KeyGrant[]).flatMap(grantStatements);
      const resolved = await principalIds.resolve(grantsOf(arn), { Statement: grants });
      return policy && { ...policy, Statement: [...statementsOf(policy), ...statementsOf(resolved)] };
    },
    carriers: [
      {
        document: ({ params }) => params.Policy,
        holder: createdKey,
        malformed: "MalformedPolicyDocumentException",
        unknownPrincipal: [
          "MalformedPolicyDocumentException",
          "Policy contains a statement with one or more invalid principals.",
        ],
      },
      {
        document: grantedPolicy,
        isAddition: true,
        holder: (_answer, { checks }) => grantsOf(checks[0]?.resource ?? ""),
        malformed: "InvalidArnException",
        unknownPrincipal: ["InvalidArnException", "ARN does not refer to a valid principal: %"],
      },
    ],
    refuse: ({ call: { operation, params } }) =>
      operation === "CreateGrant" && !/^arn:/.test(String(params.GranteePrincipal))
        ? new AwsError("InvalidArnException", `Invalid ARN: ${params.GranteePrincipal}`, 400)
        : undefined,
    ownerOnly: [
      {
        actions: new RegExp(`^kms:(?!(${ACROSS_ACCOUNTS})$)`),
        error: new AwsError("AccessDenied", "The key belongs to another account, which alone can do this."),
      },
    ],
  },
};

/** The condition keys that a key brings: its tags, its aliases and what it is. */
async function keyContext(
  arn: string,
  account: string,
  { gateway }: Pick<RequestContext, "gateway">,
): Promise<ConditionContext> {
  const { region, resourceType, resourcePath: KeyId } = parseArn(arn);
  if (resourceType !== "key" || KeyId === "new") return {};
  const ask = (operation: string) =>
    gateway.moto.json(account, "kms", region, `TrentService.${operation}`, { KeyId });
  const [described, tagged, aliased] = await Promise.all([
    ask("DescribeKey"),
    ask("ListResourceTags"),
    ask("ListAliases"),
  ]);
  const key = (described?.KeyMetadata ?? {}) as Record<string, unknown>;
  const tags = (tagged?.Tags ?? []) as { TagKey: string; TagValue: string }[];
  const aliases = ((aliased?.Aliases ?? []) as { AliasName: string; TargetKeyId?: string }[])
    .filter(({ TargetKeyId }) => TargetKeyId === KeyId)
    .map(({ AliasName }) => AliasName);
  return {
    "kms:KeyOrigin": String(key.Origin),
    "kms:KeySpec": String(key.KeySpec ?? key.CustomerMasterKeySpec),
    "kms:KeyUsage": String(key.KeyUsage),
    "kms:MultiRegion": String(key.MultiRegion ?? false),
    ...(aliases.length && { "kms:ResourceAliases": aliases }),
    ...tagKeys("aws:ResourceTag", Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))),
  };
}

/** The key that CreateKey answers with; PutKeyPolicy answers with nothing. */
function createdKey({ body }: ServiceAnswer): string | undefined {
  const answer = JSON.parse(body.toString() || "null") as { KeyMetadata?: { Arn?: string } } | null;
  return answer?.KeyMetadata?.Arn;
}

/** The checks about the uses of a resource's key, given by ID, alias or ARN, by a service for its caller; none for AWS's own key. */
export async function keyUses(
  actions: readonly KeyAction[],
  key: string | undefined,
  account: string,
  context: RequestContext,
  service: string,
  encryptionContext: [name: string, value: string],
): Promise<Check[]> {
  if (!key || /(^|:)alias\/aws\//.test(key)) return [];
  const arn = await keyArn(key, account, context.call.region, context.gateway);
  const owned = { arn, account: parseArn(arn).accountId || account };
  return actions.map((action) => keyUse(action, owned, context, service, encryptionContext));
}

type KeyAction = "CreateGrant" | "Decrypt" | "Encrypt" | "GenerateDataKey";

/** A check about the use of a key by a service for its caller. */
export const keyUse = (
  action: KeyAction,
  key: { arn: string; account: string },
  context: RequestContext,
  service: string,
  encryptionContext: [name: string, value: string],
): Check => ({
  action: `kms:${action}`,
  resource: key.arn,
  account: key.account,
  context: {
    "kms:CallerAccount": context.callerAccount,
    "kms:ViaService": `${service}.${context.call.region}.amazonaws.com`,
    ...(action === "CreateGrant" && { "kms:GrantIsForAWSResource": "true" }),
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia
    "aws:ViaAWSService": "true",
    [`kms:EncryptionContext:${encryptionContext[0]}`]: encryptionContext[1],
  },
  more: () => keyContext(key.arn, key.account, context),
});
