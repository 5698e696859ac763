import { parseArn } from "../arn";
import { type ConditionContext, type Params, type ServiceAnswer, tagKeys, text } from "../call";
import type { Check } from "../check";
import { type PolicyStatement, parseDocument, statementsOf } from "../policy-documents";
import { namedBy, parameters } from "./parameters";
import type { Gateway, RequestContext, Service } from "./service";

/** The ARN of a KMS key, given its ID, alias or ARN; `key/ID` where no account has it. */
export async function keyArn(
  id: string,
  account: string,
  region: string,
  { moto, accounts }: Gateway,
): Promise<string> {
  const { accountId, resourceType } = parseArn(id);
  if (resourceType === "key") return id;
  for (const owner of accountId ? [accountId] : [account, ...accounts]) {
    const found = await moto.json(owner, "kms", region, "TrentService.DescribeKey", { KeyId: id });
    const arn = (found?.KeyMetadata as { Arn?: string } | undefined)?.Arn;
    if (arn) return arn;
  }
  return `key/${id}`;
}

interface KeyGrant {
  GranteePrincipal: string;
  Operations: string[];
  Constraints?: {
    EncryptionContextEquals?: Record<string, string>;
    EncryptionContextSubset?: Record<string, string>;
  } | null;
}

/** A grant as the statement that it amounts to: https://docs.aws.amazon.com/kms/latest/developerguide/grants.html */
function grantStatement({ GranteePrincipal, Operations, Constraints }: KeyGrant): PolicyStatement {
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints ?? {};
  const pairs = Object.entries({ ...EncryptionContextSubset, ...EncryptionContextEquals });
  const exact = EncryptionContextEquals && Object.keys(EncryptionContextEquals);
  const keys = Object.fromEntries(pairs.map(([name, value]) => [`kms:EncryptionContext:${name}`, value]));
  const Condition: NonNullable<PolicyStatement["Condition"]> = {
    ...(pairs.length && { StringEquals: keys }),
    ...(exact?.length && { "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": exact } }),
  };
  return {
    Effect: "Allow",
    Principal: { AWS: GranteePrincipal },
    Action: Operations.map((operation) => `kms:${operation}`),
    Resource: "*",
    ...(pairs.length && { Condition }),
  };
}

/** Actions on the key that encrypted; the others of the same request are on the key that it names. */
const OF_CIPHERTEXT = ["Decrypt", "ReEncryptFrom"];

export const kms: Service = {
  prefix: "kms",
  protocol: "json",

  actions: { ReEncrypt: ["ReEncryptFrom", "ReEncryptTo"] },
  resources: {
    async key(context, action) {
      const { call, callerAccount, gateway } = context;
      const arnOf = (id: string) => keyArn(id, callerAccount, call.region, gateway);
      const [source, destination] = [text(call.params.SourceKeyId), text(call.params.DestinationKeyId)];
      if (action === "ReEncryptTo") return destination ? [await arnOf(destination)] : [];
      const ids =
        action === "ReEncryptFrom" ? [source ?? []].flat() : parameters(context, "KeyId", "TargetKeyId");
      const ciphertext = text(call.params.CiphertextBlob);
      // A ciphertext begins with the ID of its key, with moto as with AWS.
      if (!ids.length && ciphertext && OF_CIPHERTEXT.includes(action))
        ids.push(Buffer.from(ciphertext, "base64").toString("latin1", 0, 36));
      return Promise.all(ids.map(arnOf));
    },
    alias: namedBy("", "AliasName"),
  },

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
    async ofResource(arn, account, { moto }) {
      const { region, resourceType, resourcePath: KeyId } = parseArn(arn);
      // Aliases have no policy, and what is only now created has none yet.
      if (resourceType !== "key" || KeyId === "new") return undefined;
      const ask = (operation: string, more: object) =>
        moto.json(account, "kms", region, `TrentService.${operation}`, { KeyId, ...more });
      const [answer, listed] = await Promise.all([
        ask("GetKeyPolicy", { PolicyName: "default" }),
        ask("ListGrants", {}),
      ]);
      const policy = parseDocument(answer?.Policy);
      const grants = ((listed?.Grants ?? []) as KeyGrant[]).map(grantStatement);
      return policy && { ...policy, Statement: [...statementsOf(policy), ...grants] };
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

/** A check about the use of a key by a service for its caller. */
export const keyUse = (
  action: "CreateGrant" | "Decrypt" | "Encrypt" | "GenerateDataKey",
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
    [`kms:EncryptionContext:${encryptionContext[0]}`]: encryptionContext[1],
  },
  more: () => keyContext(key.arn, key.account, context),
});
