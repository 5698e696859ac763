import { createReadStream } from "node:fs";
import * as sdk from "@aws-sdk/client-s3";
import type * as aws from "@pulumi/aws/s3";
import { UserError } from "../../../../infra/user-error";
import { same } from "../compare";
import type { AwsConnection } from "../connection";
import {
  collectPages,
  document,
  fixed,
  fromKeyValues,
  keyValues,
  named,
  providerOnly,
  type Regional,
  region,
  required,
  resource,
} from "../table";
import type { Values } from "../values";
import { BUCKET_SETTINGS, encryptionRule, readBucketSettings, unlessMissing } from "./s3-bucket-settings";
import { WEBSITE_HOSTED_ZONES, websiteDomain } from "./s3-websites";

const s3 = (connection: AwsConnection, known: Regional) => connection.client(sdk.S3Client, known.region);
const where = (connection: AwsConnection, known: Regional) => ({ region: known.region ?? connection.region });

/** Deletes every version of one object or of all, markers of deletions too: S3 deletes no bucket that holds any. */
async function empty(client: sdk.S3Client, Bucket: string, key?: string): Promise<void> {
  const all = await collectPages(paginateVersions(client, Bucket, key), (page) => [
    ...(page.Versions ?? []),
    ...(page.DeleteMarkers ?? []),
  ]);
  const versions = all.filter(({ Key }) => key === undefined || Key === key);
  for (let i = 0; i < versions.length; i += 1000) {
    const Objects = versions.slice(i, i + 1000).map(({ Key, VersionId }) => ({ Key, VersionId }));
    const { Errors: [first] = [] } = await client.send(
      new sdk.DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
    );
    if (first)
      throw new UserError(
        `S3 could not delete ${first.Key} of bucket ${Bucket}: ${first.Code}: ${first.Message}`,
      );
  }
}

async function* paginateVersions(client: sdk.S3Client, Bucket: string, Prefix?: string) {
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (next) {
    const page: sdk.ListObjectVersionsCommandOutput = await client.send(
      new sdk.ListObjectVersionsCommand({ Bucket, Prefix, ...next }),
    );
    yield page;
    next = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }
}

const bucket = resource<aws.BucketArgs>({
  title: "S3 Bucket",
  properties: {
    bucket: named,
    bucketPrefix: named,
    forceDestroy: providerOnly(false),
    objectLockEnabled: { computed: true, replace: true },
    region,
    tags: {},
  },
  outputs: [
    "arn",
    "bucketDomainName",
    "bucketRegion",
    "bucketRegionalDomainName",
    "hostedZoneId",
    ...["websiteDomain", "websiteEndpoint", ...Object.keys(BUCKET_SETTINGS)],
  ],
  autoname: { property: "bucket", prefix: "bucketPrefix", longest: 63 },
  id: ({ bucket = "" }) => bucket,
  async create(connection, inputs, created) {
    const { bucket: Bucket, objectLockEnabled: ObjectLockEnabledForBucket, tagsAll } = inputs;
    const LocationConstraint = (inputs.region ?? connection.region) as sdk.BucketLocationConstraint;
    const Tags = keyValues(tagsAll);
    await s3(connection, inputs).send(
      new sdk.CreateBucketCommand({
        Bucket,
        ...(ObjectLockEnabledForBucket && { ObjectLockEnabledForBucket }),
        // us-east-1 is the region that must not be named.
        ...((LocationConstraint as string) !== "us-east-1" && {
          CreateBucketConfiguration: { LocationConstraint },
        }),
      }),
    );
    created();
    if (Tags.length)
      await s3(connection, inputs).send(
        new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: Tags } }),
      );
  },
  async read(connection, Bucket, known) {
    const client = s3(connection, known);
    const { BucketRegion = connection.region } = await client.send(new sdk.HeadBucketCommand({ Bucket }));
    const [tagging, settings] = await Promise.all([
      client.send(new sdk.GetBucketTaggingCommand({ Bucket })).catch(unlessMissing),
      readBucketSettings(client, Bucket),
    ]);
    const website = settings.website && websiteDomain(connection, BucketRegion);
    return {
      ...settings,
      arn: `arn:${connection.partition}:s3:::${Bucket}`,
      bucket: Bucket,
      bucketDomainName: `${Bucket}.s3.${connection.dnsSuffix}`,
      bucketRegion: BucketRegion,
      bucketRegionalDomainName: `${Bucket}.s3.${BucketRegion}.${connection.dnsSuffix}`,
      hostedZoneId: WEBSITE_HOSTED_ZONES[BucketRegion] ?? "",
      objectLockEnabled: settings.objectLockConfiguration !== null,
      region: BucketRegion,
      tagsAll: fromKeyValues(tagging?.TagSet),
      websiteDomain: website || "",
      websiteEndpoint: website ? `${Bucket}.${website}` : "",
    };
  },
  async update(connection, Bucket, inputs, old) {
    const TagSet = keyValues(inputs.tagsAll);
    if (JSON.stringify(TagSet) === JSON.stringify(keyValues(old.tagsAll))) return;
    await (TagSet.length
      ? s3(connection, inputs).send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
      : s3(connection, inputs).send(new sdk.DeleteBucketTaggingCommand({ Bucket })));
  },
  async delete(connection, Bucket, state) {
    if (state.forceDestroy) await empty(s3(connection, state), Bucket);
    await s3(connection, state).send(new sdk.DeleteBucketCommand({ Bucket }));
  },
});

const bucketPublicAccessBlock = resource<aws.BucketPublicAccessBlockArgs>({
  title: "S3 Bucket Public Access Block",
  properties: {
    blockPublicAcls: { default: false },
    blockPublicPolicy: { default: false },
    bucket: fixed,
    ignorePublicAcls: { default: false },
    region,
    restrictPublicBuckets: { default: false },
    skipDestroy: providerOnly(undefined),
  },
  id: ({ bucket }) => bucket,
  async create(connection, inputs) {
    await putPublicAccessBlock(connection, inputs);
  },
  async read(connection, Bucket, known) {
    const { PublicAccessBlockConfiguration: block } = await s3(connection, known).send(
      new sdk.GetPublicAccessBlockCommand({ Bucket }),
    );
    return {
      ...where(connection, known),
      blockPublicAcls: block?.BlockPublicAcls ?? false,
      blockPublicPolicy: block?.BlockPublicPolicy ?? false,
      bucket: Bucket,
      ignorePublicAcls: block?.IgnorePublicAcls ?? false,
      restrictPublicBuckets: block?.RestrictPublicBuckets ?? false,
    };
  },
  update: (connection, _id, inputs) => putPublicAccessBlock(connection, inputs),
  async delete(connection, Bucket, state) {
    if (!state.skipDestroy)
      await s3(connection, state).send(new sdk.DeletePublicAccessBlockCommand({ Bucket }));
  },
});

async function putPublicAccessBlock(
  connection: AwsConnection,
  inputs: { bucket: string; region?: string | undefined; [flag: string]: unknown },
): Promise<void> {
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: inputs.blockPublicAcls === true,
    BlockPublicPolicy: inputs.blockPublicPolicy === true,
    IgnorePublicAcls: inputs.ignorePublicAcls === true,
    RestrictPublicBuckets: inputs.restrictPublicBuckets === true,
  };
  await s3(connection, inputs).send(
    new sdk.PutPublicAccessBlockCommand({ Bucket: inputs.bucket, PublicAccessBlockConfiguration }),
  );
}

const bucketOwnershipControls = resource<aws.BucketOwnershipControlsArgs>({
  title: "S3 Bucket Ownership Controls",
  properties: { bucket: fixed, region, rule: required },
  id: ({ bucket }) => bucket,
  async create(connection, inputs) {
    await putOwnership(connection, inputs.bucket, inputs);
  },
  async read(connection, Bucket, known) {
    const { OwnershipControls } = await s3(connection, known).send(
      new sdk.GetBucketOwnershipControlsCommand({ Bucket }),
    );
    return {
      ...where(connection, known),
      bucket: Bucket,
      rule: { objectOwnership: OwnershipControls?.Rules?.[0]?.ObjectOwnership },
    };
  },
  update: putOwnership,
  async delete(connection, Bucket, state) {
    await s3(connection, state).send(new sdk.DeleteBucketOwnershipControlsCommand({ Bucket }));
  },
});

async function putOwnership(
  connection: AwsConnection,
  Bucket: string,
  inputs: { rule: { objectOwnership: string }; region?: string | undefined },
) {
  const Rules = [{ ObjectOwnership: inputs.rule.objectOwnership as sdk.ObjectOwnership }];
  await s3(connection, inputs).send(
    new sdk.PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules } }),
  );
}

interface EncryptionRule {
  applyServerSideEncryptionByDefault?: { sseAlgorithm?: string; kmsMasterKeyId?: string };
  blockedEncryptionTypes?: string[];
  bucketKeyEnabled?: boolean;
}

const bucketEncryption = resource<aws.BucketServerSideEncryptionConfigurationArgs>({
  title: "S3 Bucket Server-side Encryption Configuration",
  properties: { bucket: fixed, region, rules: { required: true, compare: "subset" } },
  id: ({ bucket }) => bucket,
  async create(connection, inputs) {
    await putEncryption(connection, inputs.bucket, inputs);
  },
  async read(connection, Bucket, known) {
    const { ServerSideEncryptionConfiguration } = await s3(connection, known).send(
      new sdk.GetBucketEncryptionCommand({ Bucket }),
    );
    const rules = ServerSideEncryptionConfiguration?.Rules?.map(encryptionRule);
    return { ...where(connection, known), bucket: Bucket, rules };
  },
  update: putEncryption,
  async delete(connection, Bucket, state) {
    await s3(connection, state).send(new sdk.DeleteBucketEncryptionCommand({ Bucket }));
  },
});

async function putEncryption(
  connection: AwsConnection,
  Bucket: string,
  inputs: { rules: unknown; region?: string | undefined },
) {
  const Rules = (inputs.rules as EncryptionRule[]).map(
    ({ applyServerSideEncryptionByDefault: byDefault, blockedEncryptionTypes, bucketKeyEnabled }) => ({
      ...(byDefault && {
        ApplyServerSideEncryptionByDefault: {
          SSEAlgorithm: byDefault.sseAlgorithm as sdk.ServerSideEncryption,
          KMSMasterKeyID: byDefault.kmsMasterKeyId,
        },
      }),
      ...(blockedEncryptionTypes && {
        BlockedEncryptionTypes: { EncryptionType: blockedEncryptionTypes as sdk.EncryptionType[] },
      }),
      BucketKeyEnabled: bucketKeyEnabled,
    }),
  );
  await s3(connection, inputs).send(
    new sdk.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }),
  );
}

interface Versioning {
  status: string;
  mfaDelete?: string | undefined;
}

/** S3 says nothing of deletion with MFA until it has been on; that is as much as "Disabled". */
const sameVersioning = (have: unknown, want: unknown) => {
  const { mfaDelete: hasMfaDelete, ...found } = (have ?? {}) as Versioning;
  const { mfaDelete, ...given } = want as Versioning;
  if (mfaDelete && mfaDelete !== (hasMfaDelete || "Disabled")) return false;
  return same({ compare: "subset" }, found, given);
};

const bucketVersioning = resource<aws.BucketVersioningArgs>({
  title: "S3 Bucket Versioning",
  properties: {
    bucket: fixed,
    mfa: providerOnly(undefined),
    region,
    versioningConfiguration: { required: true, compare: sameVersioning },
  },
  id: ({ bucket }) => bucket,
  async create(connection, inputs) {
    await putVersioning(connection, inputs.bucket, inputs);
  },
  async read(connection, Bucket, known) {
    const { Status = "Disabled", MFADelete } = await s3(connection, known).send(
      new sdk.GetBucketVersioningCommand({ Bucket }),
    );
    const versioningConfiguration = { mfaDelete: MFADelete ?? "", status: Status };
    return { ...where(connection, known), bucket: Bucket, versioningConfiguration };
  },
  update: putVersioning,
  async delete(connection, Bucket, state) {
    // Versioning that was ever on can only be suspended.
    if (state.versioningConfiguration.status !== "Disabled")
      await putVersioning(connection, Bucket, { ...state, versioningConfiguration: { status: "Suspended" } });
  },
});

async function putVersioning(
  connection: AwsConnection,
  Bucket: string,
  inputs: { versioningConfiguration: Versioning; mfa?: string | undefined; region?: string | undefined },
) {
  const { status, mfaDelete } = inputs.versioningConfiguration;
  if (status === "Disabled") return;
  const VersioningConfiguration: sdk.VersioningConfiguration = {
    Status: status as sdk.BucketVersioningStatus,
    ...(mfaDelete && { MFADelete: mfaDelete as sdk.MFADelete }),
  };
  await s3(connection, inputs).send(
    new sdk.PutBucketVersioningCommand({ Bucket, MFA: inputs.mfa, VersioningConfiguration }),
  );
}

const bucketPolicy = resource<aws.BucketPolicyArgs>({
  title: "S3 Bucket Policy",
  properties: { bucket: fixed, policy: document, region },
  id: ({ bucket }) => bucket,
  async create(connection, inputs) {
    await putPolicy(connection, inputs.bucket, inputs);
  },
  async read(connection, Bucket, known) {
    const { Policy } = await s3(connection, known).send(new sdk.GetBucketPolicyCommand({ Bucket }));
    return { ...where(connection, known), bucket: Bucket, policy: Policy };
  },
  update: putPolicy,
  async delete(connection, Bucket, state) {
    await s3(connection, state).send(new sdk.DeleteBucketPolicyCommand({ Bucket }));
  },
});

async function putPolicy(
  connection: AwsConnection,
  Bucket: string,
  inputs: { policy: string; region?: string | undefined },
) {
  await s3(connection, inputs).send(new sdk.PutBucketPolicyCommand({ Bucket, Policy: inputs.policy }));
}

/** Properties of an object whose change needs no new upload. */
const KEPT_BESIDE_CONTENT = ["bucket", "forceDestroy", "key", "region", "tags"];

const object = resource<aws.BucketObjectv2Args>({
  title: "S3 Object",
  properties: {
    bucket: fixed,
    cacheControl: {},
    content: {},
    contentBase64: {},
    contentType: { computed: true },
    forceDestroy: providerOnly(false),
    key: { computed: true, replace: true },
    metadata: {},
    region,
    source: {},
    sourceHash: {},
    tags: {},
  },
  outputs: [
    "acl",
    "arn",
    "bucketKeyEnabled",
    "checksumCrc32",
    "checksumCrc32c",
    "checksumCrc64nvme",
    "checksumSha1",
    "checksumSha256",
    "etag",
    "kmsKeyId",
    "serverSideEncryption",
    "storageClass",
    "versionId",
  ],
  autoname: { property: "key", longest: 1024 },
  id: ({ bucket, key }) => `${bucket}/${key}`,
  async create(connection, inputs) {
    await putObject(connection, inputs as unknown as ObjectInputs);
  },
  import(_, imported) {
    const id = imported.replace(/^s3:\/\//, "");
    const [bucket = "", ...key] = id.split("/");
    if (!key.length)
      throw new UserError(
        `unexpected format of ID (${imported}), expected <bucket>/<key> or s3://<bucket>/<key>`,
      );
    return { id, properties: { bucket, key: key.join("/") } };
  },
  // The content is not read back: the official plugin trusts its state for it, and an object may be large.
  async read(connection, _, known) {
    const { bucket: Bucket, key: Key } = known;
    const client = s3(connection, known);
    const [head, { TagSet }] = await Promise.all([
      client.send(new sdk.HeadObjectCommand({ Bucket, Key })),
      client.send(new sdk.GetObjectTaggingCommand({ Bucket, Key })),
    ]);
    return {
      ...where(connection, known),
      acl: "",
      arn: `arn:${connection.partition}:s3:::${Bucket}/${Key}`,
      bucket: Bucket,
      bucketKeyEnabled: head.BucketKeyEnabled ?? false,
      cacheControl: head.CacheControl ?? "",
      checksumCrc32: head.ChecksumCRC32 ?? "",
      checksumCrc32c: head.ChecksumCRC32C ?? "",
      checksumCrc64nvme: head.ChecksumCRC64NVME ?? "",
      checksumSha1: head.ChecksumSHA1 ?? "",
      checksumSha256: head.ChecksumSHA256 ?? "",
      contentType: head.ContentType,
      etag: head.ETag?.replaceAll('"', ""),
      key: Key,
      kmsKeyId: head.SSEKMSKeyId ?? "",
      metadata: head.Metadata ?? {},
      serverSideEncryption: head.ServerSideEncryption ?? "",
      storageClass: head.StorageClass ?? "STANDARD",
      tagsAll: fromKeyValues(TagSet),
      versionId: head.VersionId ?? "",
    };
  },
  async update(connection, _, inputs, old) {
    const uploaded = Object.keys(object.properties).filter((name) => !KEPT_BESIDE_CONTENT.includes(name));
    const [have, want]: Values[] = [old, inputs];
    const isChanged = uploaded.some(
      (name) =>
        (want?.[name] !== undefined || !object.properties[name]?.computed) &&
        !same(object.properties[name] ?? {}, have?.[name], want?.[name]),
    );
    if (isChanged) await putObject(connection, inputs as unknown as ObjectInputs);
    else {
      const { bucket: Bucket, key: Key } = old;
      const Tagging = { TagSet: keyValues(inputs.tagsAll) };
      await s3(connection, inputs).send(
        new sdk.PutObjectTaggingCommand({ Bucket: String(Bucket), Key, Tagging }),
      );
    }
  },
  async delete(connection, _, { bucket: Bucket, key, ...state }) {
    await empty(s3(connection, state), String(Bucket), key);
  },
});

interface ObjectInputs {
  bucket: string;
  key: string;
  content?: string;
  contentBase64?: string;
  source?: { path?: string; text?: string };
  contentType?: string;
  cacheControl?: string;
  metadata?: Record<string, string>;
  tagsAll: Record<string, string>;
  region?: string;
}

function contentOf({ source, content = "", contentBase64 }: ObjectInputs) {
  if (source?.path) return createReadStream(source.path);
  if (source && source.text === undefined)
    throw new UserError(
      "source: the stand-in AWS plugin reads assets of a file or of text, not archives or URLs",
    );
  return contentBase64 ? Buffer.from(contentBase64, "base64") : (source?.text ?? content);
}

async function putObject(connection: AwsConnection, inputs: ObjectInputs) {
  await s3(connection, inputs).send(
    new sdk.PutObjectCommand({
      Bucket: inputs.bucket,
      Key: inputs.key,
      Body: contentOf(inputs),
      ContentType: inputs.contentType,
      CacheControl: inputs.cacheControl,
      Metadata: inputs.metadata,
      Tagging: new URLSearchParams(inputs.tagsAll).toString() || undefined,
    }),
  );
}

export default {
  "aws:s3/bucket:Bucket": bucket,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucketPublicAccessBlock,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": bucketOwnershipControls,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucketEncryption,
  "aws:s3/bucketVersioning:BucketVersioning": bucketVersioning,
  "aws:s3/bucketPolicy:BucketPolicy": bucketPolicy,
  "aws:s3/bucketObjectv2:BucketObjectv2": object,
};
