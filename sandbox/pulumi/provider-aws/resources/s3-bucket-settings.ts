/**
 * What a bucket's other resource types set. The official plugin shows it among the bucket's outputs too, though deprecated.
 */
import * as sdk from "@aws-sdk/client-s3";
import { AwsCallError } from "../connection";

/** Codes of S3 for a setting that a bucket does not have, or that its region does not know. */
const MISSING = [
  "NoSuchBucketPolicy",
  "NoSuchCORSConfiguration",
  "NoSuchLifecycleConfiguration",
  "NoSuchTagSet",
  "NoSuchWebsiteConfiguration",
  "ObjectLockConfigurationNotFoundError",
  "ReplicationConfigurationNotFoundError",
  "ServerSideEncryptionConfigurationNotFoundError",
  "MethodNotAllowed",
  "NotImplemented",
  "UnsupportedOperation",
];

export function unlessMissing(error: unknown): undefined {
  if (!(error instanceof AwsCallError) || !MISSING.includes(error.code)) throw error;
  return undefined;
}

export const encryptionRule = (rule: sdk.ServerSideEncryptionRule) => ({
  applyServerSideEncryptionByDefault: {
    kmsMasterKeyId: rule.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID ?? "",
    sseAlgorithm: rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
  },
  blockedEncryptionTypes: rule.BlockedEncryptionTypes?.EncryptionType ?? [],
  bucketKeyEnabled: rule.BucketKeyEnabled ?? false,
});

/** S3's own words, with the first letter of each key in the form of @pulumi/aws. */
function inCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inCamelCase);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      inCamelCase(part),
    ]),
  );
}

type SettingReader = (client: sdk.S3Client, Bucket: string) => Promise<unknown>;

/** Each setting by its output's name, as @pulumi/aws has it; null or empty where a bucket does not have it. */
export const BUCKET_SETTINGS = {
  accelerationStatus: async (client, Bucket) => {
    const found = await client
      .send(new sdk.GetBucketAccelerateConfigurationCommand({ Bucket }))
      .catch(unlessMissing);
    return found?.Status ?? "";
  },
  // A canned ACL is never read back.
  acl: async () => "",
  bucketNamespace: async () => "global",
  corsRules: async (client, Bucket) => {
    const found = await client.send(new sdk.GetBucketCorsCommand({ Bucket })).catch(unlessMissing);
    return (found?.CORSRules ?? []).map(inCamelCase);
  },
  grants: async (client, Bucket) => {
    const { Grants = [] } = await client.send(new sdk.GetBucketAclCommand({ Bucket }));
    const permissions = new Map<string, { id: string; type: string; uri: string; permissions: string[] }>();
    for (const { Grantee, Permission } of Grants) {
      const { ID: id = "", Type: type = "", URI: uri = "" } = Grantee ?? {};
      const grant = permissions.get(id + uri) ?? { id, type, uri, permissions: [] };
      grant.permissions.push(Permission ?? "");
      permissions.set(id + uri, grant);
    }
    return [...permissions.values()];
  },
  lifecycleRules: async (client, Bucket) => {
    const found = await client
      .send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket }))
      .catch(unlessMissing);
    return (found?.Rules ?? []).map((rule) => ({
      ...(inCamelCase(rule) as object),
      enabled: rule.Status === "Enabled",
    }));
  },
  logging: async (client, Bucket) => {
    const { LoggingEnabled } = await client.send(new sdk.GetBucketLoggingCommand({ Bucket }));
    if (!LoggingEnabled) return null;
    return { targetBucket: LoggingEnabled.TargetBucket, targetPrefix: LoggingEnabled.TargetPrefix };
  },
  objectLockConfiguration: async (client, Bucket) => {
    const found = await client
      .send(new sdk.GetObjectLockConfigurationCommand({ Bucket }))
      .catch(unlessMissing);
    return inCamelCase(found?.ObjectLockConfiguration ?? null);
  },
  policy: async (client, Bucket) => {
    const found = await client.send(new sdk.GetBucketPolicyCommand({ Bucket })).catch(unlessMissing);
    return found?.Policy ?? "";
  },
  replicationConfiguration: async (client, Bucket) => {
    const found = await client.send(new sdk.GetBucketReplicationCommand({ Bucket })).catch(unlessMissing);
    return inCamelCase(found?.ReplicationConfiguration ?? null);
  },
  requestPayer: async (client, Bucket) => {
    const found = await client.send(new sdk.GetBucketRequestPaymentCommand({ Bucket })).catch(unlessMissing);
    return found?.Payer ?? "BucketOwner";
  },
  serverSideEncryptionConfiguration: async (client, Bucket) => {
    const found = await client.send(new sdk.GetBucketEncryptionCommand({ Bucket })).catch(unlessMissing);
    const [rule] = found?.ServerSideEncryptionConfiguration?.Rules ?? [];
    return rule ? { rule: encryptionRule(rule) } : null;
  },
  versioning: async (client, Bucket) => {
    const { Status, MFADelete } = await client.send(new sdk.GetBucketVersioningCommand({ Bucket }));
    return { enabled: Status === "Enabled", mfaDelete: MFADelete === "Enabled" };
  },
  website: async (client, Bucket) => {
    const found = await client.send(new sdk.GetBucketWebsiteCommand({ Bucket })).catch(unlessMissing);
    if (!found) return null;
    return {
      errorDocument: found.ErrorDocument?.Key ?? "",
      indexDocument: found.IndexDocument?.Suffix ?? "",
      redirectAllRequestsTo: found.RedirectAllRequestsTo?.HostName ?? "",
      routingRules: found.RoutingRules ? JSON.stringify(found.RoutingRules) : "",
    };
  },
} satisfies Record<string, SettingReader>;

/** All of them, asked at once. */
export async function readBucketSettings(
  client: sdk.S3Client,
  Bucket: string,
): Promise<Record<keyof typeof BUCKET_SETTINGS, unknown>> {
  const readers = Object.entries(BUCKET_SETTINGS) as [keyof typeof BUCKET_SETTINGS, SettingReader][];
  const values = await Promise.all(readers.map(async ([name, read]) => [name, await read(client, Bucket)]));
  return Object.fromEntries(values);
}
