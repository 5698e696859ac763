import { createReadStream } from "node:fs";
import * as sdk from "@aws-sdk/client-s3";
import type * as aws from "@pulumi/aws/s3";
import type { Session } from "../session";
import {
  collect,
  document,
  fixed,
  fromKeyValues,
  keyValues,
  ours,
  region,
  required,
  resource,
} from "../table";

type Regional = { region?: string | undefined };
const s3 = (session: Session, known: Regional) => session.client(sdk.S3Client, known.region);
const where = (session: Session, known: Regional) => ({ region: known.region ?? session.region });

/** Deletes every version of one object or of all, markers of deletions too: S3 deletes no bucket that holds any. */
async function empty(client: sdk.S3Client, Bucket: string, key?: string): Promise<void> {
  const all = await collect(paginateVersions(client, Bucket, key), (page) => [
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
      throw new Error(
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
    bucket: { computed: true, replace: true },
    forceDestroy: ours(false),
    objectLockEnabled: { default: false, replace: true },
    region,
    tags: {},
  },
  outputs: ["arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName"],
  autoname: { property: "bucket", longest: 63 },
  id: ({ bucket = "" }) => bucket,
  async create(session, inputs, created) {
    const { bucket: Bucket, objectLockEnabled: ObjectLockEnabledForBucket, tagsAll } = inputs;
    const LocationConstraint = (inputs.region ?? session.region) as sdk.BucketLocationConstraint;
    const Tags = keyValues(tagsAll);
    await s3(session, inputs).send(
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
      await s3(session, inputs).send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: Tags } }));
  },
  async read(session, Bucket, known) {
    const client = s3(session, known);
    const { BucketRegion = session.region } = await client.send(new sdk.HeadBucketCommand({ Bucket }));
    const { TagSet } = await client.send(new sdk.GetBucketTaggingCommand({ Bucket })).catch((error) => {
      if (error.code !== "NoSuchTagSet") throw error;
      return { TagSet: [] };
    });
    return {
      arn: `arn:${session.partition}:s3:::${Bucket}`,
      bucket: Bucket,
      bucketDomainName: `${Bucket}.s3.${session.dnsSuffix}`,
      bucketRegion: BucketRegion,
      bucketRegionalDomainName: `${Bucket}.s3.${BucketRegion}.${session.dnsSuffix}`,
      region: BucketRegion,
      tagsAll: fromKeyValues(TagSet),
    };
  },
  async update(session, Bucket, inputs, old) {
    const TagSet = keyValues(inputs.tagsAll);
    if (JSON.stringify(TagSet) === JSON.stringify(keyValues(old.tagsAll))) return;
    await (TagSet.length
      ? s3(session, inputs).send(new sdk.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
      : s3(session, inputs).send(new sdk.DeleteBucketTaggingCommand({ Bucket })));
  },
  async delete(session, Bucket, state) {
    if (state.forceDestroy) await empty(s3(session, state), Bucket);
    await s3(session, state).send(new sdk.DeleteBucketCommand({ Bucket }));
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
    skipDestroy: ours(undefined),
  },
  id: ({ bucket }) => bucket,
  async create(session, inputs) {
    await putPublicAccessBlock(session, inputs);
  },
  async read(session, Bucket, known) {
    const { PublicAccessBlockConfiguration: block } = await s3(session, known).send(
      new sdk.GetPublicAccessBlockCommand({ Bucket }),
    );
    return {
      ...where(session, known),
      blockPublicAcls: block?.BlockPublicAcls ?? false,
      blockPublicPolicy: block?.BlockPublicPolicy ?? false,
      bucket: Bucket,
      ignorePublicAcls: block?.IgnorePublicAcls ?? false,
      restrictPublicBuckets: block?.RestrictPublicBuckets ?? false,
    };
  },
  update: (session, _id, inputs) => putPublicAccessBlock(session, inputs),
  async delete(session, Bucket, state) {
    if (!state.skipDestroy) await s3(session, state).send(new sdk.DeletePublicAccessBlockCommand({ Bucket }));
  },
});

async function putPublicAccessBlock(
  session: Session,
  inputs: { bucket: string; region?: string | undefined; [flag: string]: unknown },
): Promise<void> {
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: inputs.blockPublicAcls === true,
    BlockPublicPolicy: inputs.blockPublicPolicy === true,
    IgnorePublicAcls: inputs.ignorePublicAcls === true,
    RestrictPublicBuckets: inputs.restrictPublicBuckets === true,
  };
  await s3(session, inputs).send(
    new sdk.PutPublicAccessBlockCommand({ Bucket: inputs.bucket, PublicAccessBlockConfiguration }),
  );
}

const bucketOwnershipControls = resource<aws.BucketOwnershipControlsArgs>({
  title: "S3 Bucket Ownership Controls",
  properties: { bucket: fixed, region, rule: required },
  id: ({ bucket }) => bucket,
  async create(session, inputs) {
    await putOwnership(session, inputs.bucket, inputs);
  },
  async read(session, Bucket, known) {
    const { OwnershipControls } = await s3(session, known).send(
      new sdk.GetBucketOwnershipControlsCommand({ Bucket }),
    );
    return {
      ...where(session, known),
      bucket: Bucket,
      rule: { objectOwnership: OwnershipControls?.Rules?.[0]?.ObjectOwnership },
    };
  },
  update: putOwnership,
  async delete(session, Bucket, state) {
    await s3(session, state).send(new sdk.DeleteBucketOwnershipControlsCommand({ Bucket }));
  },
});

async function putOwnership(
  session: Session,
  Bucket: string,
  inputs: { rule: { objectOwnership: string }; region?: string | undefined },
) {
  const Rules = [{ ObjectOwnership: inputs.rule.objectOwnership as sdk.ObjectOwnership }];
  await s3(session, inputs).send(
    new sdk.PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules } }),
  );
}

interface EncryptionRule {
  applyServerSideEncryptionByDefault?: { sseAlgorithm?: string; kmsMasterKeyId?: string };
  bucketKeyEnabled?: boolean;
}

const bucketEncryption = resource<aws.BucketServerSideEncryptionConfigurationArgs>({
  title: "S3 Bucket Server-side Encryption Configuration",
  properties: { bucket: fixed, region, rules: required },
  id: ({ bucket }) => bucket,
  async create(session, inputs) {
    await putEncryption(session, inputs.bucket, inputs);
  },
  async read(session, Bucket, known) {
    const { ServerSideEncryptionConfiguration } = await s3(session, known).send(
      new sdk.GetBucketEncryptionCommand({ Bucket }),
    );
    const rules = ServerSideEncryptionConfiguration?.Rules?.map((rule) => ({
      applyServerSideEncryptionByDefault: {
        sseAlgorithm: rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
        kmsMasterKeyId: rule.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID,
      },
      bucketKeyEnabled: rule.BucketKeyEnabled ?? false,
    }));
    return { ...where(session, known), bucket: Bucket, rules };
  },
  update: putEncryption,
  async delete(session, Bucket, state) {
    await s3(session, state).send(new sdk.DeleteBucketEncryptionCommand({ Bucket }));
  },
});

async function putEncryption(
  session: Session,
  Bucket: string,
  inputs: { rules: unknown; region?: string | undefined },
) {
  const Rules = (inputs.rules as EncryptionRule[]).map(
    ({ applyServerSideEncryptionByDefault: byDefault, bucketKeyEnabled }) => ({
      ...(byDefault && {
        ApplyServerSideEncryptionByDefault: {
          SSEAlgorithm: byDefault.sseAlgorithm as sdk.ServerSideEncryption,
          KMSMasterKeyID: byDefault.kmsMasterKeyId,
        },
      }),
      BucketKeyEnabled: bucketKeyEnabled,
    }),
  );
  await s3(session, inputs).send(
    new sdk.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }),
  );
}

const bucketVersioning = resource<aws.BucketVersioningArgs>({
  title: "S3 Bucket Versioning",
  properties: { bucket: fixed, region, versioningConfiguration: required },
  id: ({ bucket }) => bucket,
  async create(session, inputs) {
    await putVersioning(session, inputs.bucket, inputs);
  },
  async read(session, Bucket, known) {
    const { Status = "Disabled" } = await s3(session, known).send(
      new sdk.GetBucketVersioningCommand({ Bucket }),
    );
    return { ...where(session, known), bucket: Bucket, versioningConfiguration: { status: Status } };
  },
  update: putVersioning,
  async delete(session, Bucket, state) {
    // Versioning that was ever on can only be suspended.
    if (state.versioningConfiguration.status === "Enabled")
      await putVersioning(session, Bucket, { ...state, versioningConfiguration: { status: "Suspended" } });
  },
});

async function putVersioning(
  session: Session,
  Bucket: string,
  inputs: { versioningConfiguration: { status: string }; region?: string | undefined },
) {
  const Status = inputs.versioningConfiguration.status as sdk.BucketVersioningStatus | "Disabled";
  if (Status !== "Disabled")
    await s3(session, inputs).send(
      new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }),
    );
}

const bucketPolicy = resource<aws.BucketPolicyArgs>({
  title: "S3 Bucket Policy",
  properties: { bucket: fixed, policy: document, region },
  id: ({ bucket }) => bucket,
  async create(session, inputs) {
    await putPolicy(session, inputs.bucket, inputs);
  },
  async read(session, Bucket, known) {
    const { Policy } = await s3(session, known).send(new sdk.GetBucketPolicyCommand({ Bucket }));
    return { ...where(session, known), bucket: Bucket, policy: Policy };
  },
  update: putPolicy,
  async delete(session, Bucket, state) {
    await s3(session, state).send(new sdk.DeleteBucketPolicyCommand({ Bucket }));
  },
});

async function putPolicy(
  session: Session,
  Bucket: string,
  inputs: { policy: string; region?: string | undefined },
) {
  await s3(session, inputs).send(new sdk.PutBucketPolicyCommand({ Bucket, Policy: inputs.policy }));
}

const object = resource<aws.BucketObjectv2Args>({
  title: "S3 Object",
  properties: {
    bucket: fixed,
    cacheControl: {},
    content: {},
    contentBase64: {},
    contentType: { computed: true },
    forceDestroy: ours(false),
    key: { computed: true, replace: true },
    metadata: {},
    region,
    source: {},
    sourceHash: {},
    tags: {},
  },
  outputs: ["arn", "etag", "versionId"],
  autoname: { property: "key", longest: 1024 },
  id: ({ bucket, key }) => `${bucket}/${key}`,
  async create(session, inputs) {
    await putObject(session, inputs as unknown as ObjectInputs);
  },
  async read(session, id, known) {
    const [Bucket = "", ...key] = id.split("/");
    const Key = key.join("/");
    const client = s3(session, known);
    const head = await client.send(new sdk.HeadObjectCommand({ Bucket, Key }));
    const { TagSet } = await client.send(new sdk.GetObjectTaggingCommand({ Bucket, Key }));
    // The text is read back only where the program gave text: an object may be large.
    const content =
      known.content === undefined ? undefined : await client.send(new sdk.GetObjectCommand({ Bucket, Key }));
    return {
      ...where(session, known),
      arn: `arn:${session.partition}:s3:::${Bucket}/${Key}`,
      bucket: Bucket,
      cacheControl: head.CacheControl,
      ...(content && { content: await content.Body?.transformToString() }),
      contentType: head.ContentType,
      etag: head.ETag?.replaceAll('"', ""),
      key: Key,
      metadata: head.Metadata,
      tagsAll: fromKeyValues(TagSet),
      versionId: head.VersionId,
    };
  },
  update: (session, _id, inputs) => putObject(session, inputs as unknown as ObjectInputs),
  async delete(session, id, state) {
    const [Bucket = "", ...key] = id.split("/");
    await empty(s3(session, state), Bucket, key.join("/"));
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

async function putObject(session: Session, inputs: ObjectInputs) {
  const { source } = inputs;
  if (source && !source.path && source.text === undefined)
    throw new Error(
      "source: the stand-in AWS plugin reads assets of a file or of text, not archives or URLs",
    );
  await s3(session, inputs).send(
    new sdk.PutObjectCommand({
      Bucket: inputs.bucket,
      Key: inputs.key,
      Body: source?.path
        ? createReadStream(source.path)
        : inputs.contentBase64
          ? Buffer.from(inputs.contentBase64, "base64")
          : (source?.text ?? inputs.content ?? ""),
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
