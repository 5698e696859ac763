/**
 * What a request to S3 means to IAM.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
import { parseArn, partitionOf } from "../../arn";
import {
  AwsError,
  type Call,
  type ConditionContext,
  parseQuery,
  requestTagContext,
  tagKeys,
  text,
} from "../../call";
import type { Check } from "../../check";
import { timeOf } from "../../signature";
import { parseXml, type Xml } from "../../xml";
import { keyArn, keyUse } from "../kms";
import { passRoleCheck } from "../pass-role";
import type { Gateway, NamedRequest, RequestContext } from "../service";

type Verb = "get" | "put" | "delete" | "post";
const VERBS: Record<string, Verb> = { GET: "get", HEAD: "get", PUT: "put", DELETE: "delete", POST: "post" };

/** Sub-resource to the IAM name behind Get…, Put…, Delete…; a name in full where it follows no rule. */
type Subresources = Record<string, string | Partial<Record<Verb, string>>>;

const bucketSubresources: Subresources = {
  policy: "BucketPolicy",
  policyStatus: "BucketPolicyStatus",
  acl: "BucketAcl",
  versioning: "BucketVersioning",
  location: "BucketLocation",
  logging: "BucketLogging",
  notification: "BucketNotification",
  requestPayment: "BucketRequestPayment",
  website: "BucketWebsite",
  cors: { get: "GetBucketCORS", put: "PutBucketCORS", delete: "PutBucketCORS" },
  tagging: { get: "GetBucketTagging", put: "PutBucketTagging", delete: "PutBucketTagging" },
  encryption: {
    get: "GetEncryptionConfiguration",
    put: "PutEncryptionConfiguration",
    delete: "PutEncryptionConfiguration",
  },
  lifecycle: {
    get: "GetLifecycleConfiguration",
    put: "PutLifecycleConfiguration",
    delete: "PutLifecycleConfiguration",
  },
  replication: {
    get: "GetReplicationConfiguration",
    put: "PutReplicationConfiguration",
    delete: "PutReplicationConfiguration",
  },
  accelerate: { get: "GetAccelerateConfiguration", put: "PutAccelerateConfiguration" },
  publicAccessBlock: {
    get: "GetBucketPublicAccessBlock",
    put: "PutBucketPublicAccessBlock",
    delete: "PutBucketPublicAccessBlock",
  },
  ownershipControls: {
    get: "GetBucketOwnershipControls",
    put: "PutBucketOwnershipControls",
    delete: "PutBucketOwnershipControls",
  },
  "object-lock": { get: "GetBucketObjectLockConfiguration", put: "PutBucketObjectLockConfiguration" },
  "intelligent-tiering": {
    get: "GetIntelligentTieringConfiguration",
    put: "PutIntelligentTieringConfiguration",
    delete: "PutIntelligentTieringConfiguration",
  },
  inventory: {
    get: "GetInventoryConfiguration",
    put: "PutInventoryConfiguration",
    delete: "PutInventoryConfiguration",
  },
  metrics: {
    get: "GetMetricsConfiguration",
    put: "PutMetricsConfiguration",
    delete: "PutMetricsConfiguration",
  },
  analytics: {
    get: "GetAnalyticsConfiguration",
    put: "PutAnalyticsConfiguration",
    delete: "PutAnalyticsConfiguration",
  },
  versions: { get: "ListBucketVersions" },
  "list-type": { get: "ListBucket" },
  uploads: { get: "ListBucketMultipartUploads" },
  delete: { post: "DeleteObject" },
};
const objectSubresources: Subresources = {
  acl: { get: "GetObjectAcl", put: "PutObjectAcl" },
  tagging: { get: "GetObjectTagging", put: "PutObjectTagging", delete: "DeleteObjectTagging" },
  retention: { get: "GetObjectRetention", put: "PutObjectRetention" },
  "legal-hold": { get: "GetObjectLegalHold", put: "PutObjectLegalHold" },
  attributes: { get: "GetObjectAttributes" },
  restore: { post: "RestoreObject" },
  select: { post: "GetObject" },
  uploads: { post: "PutObject" },
  uploadId: {
    get: "ListMultipartUploadParts",
    put: "PutObject",
    post: "PutObject",
    delete: "AbortMultipartUpload",
  },
};
/** Parameters of a query that name no sub-resource. What is neither could be an operation that no table knows. */
const PLAIN =
  /^(prefix|delimiter|marker|max-(keys|uploads|parts|buckets)|encoding-type|continuation-token|start-after|fetch-owner|(key|version-id|upload-id|part-number)-marker|versionId|partNumber|response-.+|id|select-type|bucket-region|x-.+)$/i;
/** The actions of requests that name no sub-resource. */
const defaultActions: Record<"bucket" | "object", Partial<Record<Verb, string>>> = {
  bucket: { get: "ListBucket", put: "CreateBucket", delete: "DeleteBucket" },
  object: { get: "GetObject", put: "PutObject", delete: "DeleteObject" },
};
/** Object actions with a name of their own for a named version. */
const VERSIONED = /^(GetObject|DeleteObject|(Get|Put|Delete)Object(Tagging|Acl)|GetObjectAttributes)$/;
const versionName = (action: string): string => action.replace("Object", "ObjectVersion");

/** A header that asks for more than the request's action. */
interface FurtherAction {
  header: RegExp;
  action: string;
  /** The value that asks for nothing more. */
  exceptFor?: string;
}
const objectHeaders: FurtherAction[] = [
  { header: /^x-amz-tagging$/, action: "PutObjectTagging" },
  { header: /^x-amz-(acl|grant-.+)$/, action: "PutObjectAcl" },
  { header: /^x-amz-object-lock-(mode|retain-until-date)$/, action: "PutObjectRetention" },
  { header: /^x-amz-object-lock-legal-hold$/, action: "PutObjectLegalHold" },
];
const bucketHeaders: FurtherAction[] = [
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: a private ACL is what a bucket has anyway.
  { header: /^x-amz-(acl|grant-.+)$/, action: "PutBucketAcl", exceptFor: "private" },
  { header: /^x-amz-object-ownership$/, action: "PutBucketOwnershipControls" },
  { header: /^x-amz-bucket-object-lock-enabled$/, action: "PutBucketObjectLockConfiguration" },
];

/** The bucket and key of a path-style request. Throws where moto might read another bucket out of it. */
export function s3Path(path: string): { bucket: string; key: string } {
  const [, bucket = "", key = ""] = /^\/([^/]*)\/?([\s\S]*)$/.exec(path) ?? [];
  if (bucket.includes("%") || (key && !bucket))
    throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400);
  return { bucket, key: decodeURIComponent(key) };
}

/** The operation of a form's upload, which is then handled as a request to put its object. */
export const FORM_UPLOAD = "PostObject";

export const isFormUpload = ({ operation }: Call): boolean => operation === FORM_UPLOAD;

/** The XML in a request. Throws MalformedXML. */
export function requestXml(call: Call): Xml {
  try {
    return parseXml(call.body);
  } catch {
    throw new AwsError("MalformedXML", "The XML you provided was not well-formed", 400);
  }
}

/** The tags in the XML of a request to S3 or S3 Control. */
export function tagsInBody(call: Call): Record<string, string> {
  const tags = call.body.length ? requestXml(call).list("Tags", "Tag") : [];
  return Object.fromEntries(tags.map((tag) => [tag.text("Key") ?? "", tag.text("Value") ?? ""]));
}

/** The tags that a request gives to an object that exists. */
function objectTagsInBody(call: Call): Record<string, string> {
  if (call.method !== "PUT" || !("tagging" in call.query) || !s3Path(call.path).key) return {};
  const tags = requestXml(call).list("TagSet", "Tag");
  return Object.fromEntries(tags.map((tag) => [tag.text("Key") ?? "", tag.text("Value") ?? ""]));
}

/**
 * Takes what a signed URL says in place of headers as the headers that it stands for; checksums are of the body alone.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
function takeHeadersInUrl({ headers, query }: Call): void {
  if (!("X-Amz-Signature" in query)) return;
  for (const [name, value] of Object.entries(query))
    if (HEADER_IN_URL.test(name) && typeof value === "string") headers[name.toLowerCase()] ??= value;
}
const HEADER_IN_URL =
  /^x-amz-(?!(algorithm|credential|date|expires|signedheaders|signature|security-token|content-sha256|checksum-.+|sdk-.+)$)/i;

/** The objects that a DeleteObjects request names; undefined for any other request. */
export function deletedObjects(call: Call): Xml[] | undefined {
  const deletes = call.protocol === "s3" && "delete" in call.query && !s3Path(call.path).key;
  return deletes ? requestXml(call).list("Object") : undefined;
}

/** The action that a request's method and sub-resource name, or undefined where no table knows it. */
function actionOf(call: Call, key: string): string | undefined {
  const table = key ? objectSubresources : bucketSubresources;
  const named = Object.keys(table).filter((name) => name in call.query);
  if (named.length > 1)
    throw new AwsError("InvalidArgument", `Conflicting query parameters: ${named.join(", ")}`, 400);
  const unknown = Object.keys(call.query).find((name) => !Object.hasOwn(table, name) && !PLAIN.test(name));
  if (unknown !== undefined)
    throw new AwsError("NotImplemented", `The sandbox knows no sub-resource ${unknown} of S3`, 501);
  if (named[0] === "uploadId" && !call.query.uploadId)
    throw new AwsError("InvalidArgument", "uploadId is empty", 400);
  const verb = VERBS[call.method];
  if (!verb) return undefined;
  const entry = named[0] ? table[named[0]] : defaultActions[key ? "object" : "bucket"];
  // Only Get… is HEAD, too, and nothing without a sub-resource is POST.
  if (typeof entry === "string") return `${verb[0]?.toUpperCase()}${verb.slice(1)}${entry}`;
  return entry?.[verb];
}

function conditionKeys(
  { call, signature }: Pick<RequestContext, "call" | "signature">,
  account: string,
): ConditionContext {
  const { headers, query } = call;
  const inUrl = "X-Amz-Signature" in query ? "REST-QUERY-STRING" : "REST-HEADER";
  const context: ConditionContext = {
    "s3:authType": isFormUpload(call) ? "POST" : inUrl,
    "s3:signatureversion": "AWS4-HMAC-SHA256",
    "s3:TlsVersion": "1.3",
    "s3:ResourceAccount": account,
  };
  for (const name of ["prefix", "delimiter", "max-keys"]) {
    const value = query[name];
    if (typeof value === "string") context[`s3:${name}`] = value;
  }
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith("x-amz-")) context[`s3:${name}`] = value;
  for (const name of ["if-match", "if-none-match"]) {
    const value = headers[name];
    if (value) context[`s3:${name}`] = value;
  }
  if (signature) context["s3:signatureAge"] = String(call.now.getTime() - timeOf(signature));
  const version = text(query.versionId);
  if (version) context["s3:versionid"] = version;
  const source = headers["x-amz-copy-source"];
  if (source) context["s3:x-amz-copy-source"] = decodeURIComponent(source).replace(/^\//, "");
  const tags = { ...parseQuery(headers["x-amz-tagging"] ?? ""), ...objectTagsInBody(call) };
  for (const [tag, value] of Object.entries(tags)) context[`s3:RequestObjectTag/${tag}`] = value;
  if (Object.keys(tags).length) context["s3:RequestObjectTagKeys"] = Object.keys(tags);
  return context;
}

/** An object, or one version of it. */
interface S3Object {
  bucket: string;
  key: string;
  version?: string | undefined;
}

const objectUrl = ({ bucket, key, version }: S3Object, subresource = ""): string => {
  const query = [subresource, version && `versionId=${encodeURIComponent(version)}`]
    .filter(Boolean)
    .join("&");
  const path = `/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  return query ? `${path}?${query}` : path;
};

/** The tags of an object. */
async function tagsOf(object: S3Object, account: string, { moto, region }: Gateway) {
  const answer = await moto.get(account, "s3", region, objectUrl(object, "tagging"));
  const tags = answer ? parseXml(answer).list("TagSet", "Tag") : [];
  return Object.fromEntries(tags.map((tag) => [tag.text("Key") ?? "", tag.text("Value") ?? ""]));
}

const KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id";

/** What KMS must allow to read an object. */
async function decryptChecks(object: S3Object, account: string, context: RequestContext): Promise<Check[]> {
  const { gateway } = context;
  const { moto, region, buckets } = gateway;
  if (!buckets.mayBeEncrypted(object.bucket)) return [];
  const { headers } = await moto.send({
    account,
    service: "s3",
    region,
    method: "HEAD",
    url: objectUrl(object),
  });
  const key = text(headers[KEY_HEADER]);
  return key ? [await keyCheck("Decrypt", key, object, account, context)] : [];
}

/** What KMS must allow to write an object. */
async function encryptChecks(object: S3Object, account: string, context: RequestContext): Promise<Check[]> {
  const { call, gateway } = context;
  const algorithm = call.headers["x-amz-server-side-encryption"];
  const byDefault =
    algorithm === undefined ? await gateway.buckets.defaultKey(object.bucket, account) : undefined;
  const key = algorithm?.startsWith("aws:kms") ? call.headers[KEY_HEADER] : byDefault;
  if (!key) return [];
  gateway.buckets.noteEncryption(object.bucket);
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html: the parts are read again to make the object.
  const inParts = "uploads" in call.query || "uploadId" in call.query;
  const checks = [await keyCheck("GenerateDataKey", key, object, account, context)];
  if (inParts) checks.push(await keyCheck("Decrypt", key, object, account, context));
  return checks;
}

async function keyCheck(
  action: "Decrypt" | "GenerateDataKey",
  key: string,
  object: S3Object,
  account: string,
  context: RequestContext,
): Promise<Check> {
  const { call, gateway } = context;
  const arn = await keyArn(key, account, call.region, gateway);
  const owned = { arn, account: parseArn(arn).accountId || account };
  const resource = `arn:${partitionOf(call.region)}:s3:::${object.bucket}/${object.key}`;
  return keyUse(action, owned, context, "s3", ["aws:s3:arn", resource]);
}

/** The object that a copy reads. */
function copySource(call: Call): S3Object | undefined {
  const source = call.headers["x-amz-copy-source"];
  if (!source) return undefined;
  const [path = "", search = ""] = source.split("?", 2);
  const [bucket = "", ...key] = decodeURIComponent(path).replace(/^\//, "").split("/");
  return { bucket, key: key.join("/"), version: text(parseQuery(search).versionId) };
}

/** Refuses a request whose caller expects another account to own the bucket. */
function checkExpectedOwner(expected: string | undefined, owner: string | undefined): void {
  if (expected && owner && expected !== owner) throw new AwsError("AccessDenied", "Access Denied");
}

export async function nameS3(context: RequestContext): Promise<NamedRequest> {
  const { call, callerAccount, gateway } = context;
  const { bucket, key } = s3Path(call.path);
  takeHeadersInUrl(call);
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html: directory buckets alone.
  if (call.headers["x-amz-write-offset-bytes"])
    throw new AwsError("NotImplemented", "x-amz-write-offset-bytes is for directory buckets", 501);
  const owner = bucket ? await gateway.buckets.owner(bucket) : callerAccount;
  checkExpectedOwner(call.headers["x-amz-expected-bucket-owner"], owner);
  const account = owner ?? callerAccount;
  for (const [name, value] of Object.entries(call.query))
    if (Array.isArray(value)) throw new AwsError("InvalidArgument", `The query gives ${name} twice`, 400);
  if (!bucket && call.method === "GET")
    return { account, checks: [{ action: "s3:ListAllMyBuckets", resource: "*", account, context: {} }] };
  const keys = conditionKeys(context, account);
  const action = bucket ? actionOf(call, key) : undefined;
  if (!action) {
    const unknown = `${call.method} ${call.search || "without sub-resource"} is not in the table of s3`;
    return { account, checks: [{ action: "s3:Unknown", resource: "*", account, context: keys, unknown }] };
  }
  // The bucket's name may be taken in another account; that is then moto's answer.
  if (action === "CreateBucket")
    return { account: callerAccount, checks: createBucketChecks(context, bucket, keys) };
  const checks = deletedObjects(call)?.map((object) =>
    objectCheck(
      context,
      object.text("VersionId") ? "DeleteObjectVersion" : "DeleteObject",
      { bucket, key: object.text("Key") ?? "", version: object.text("VersionId") },
      account,
      keys,
    ),
  );
  if (checks) return { account, checks };
  if (!key)
    return {
      account,
      checks: [bucketCheck(call, action, bucket, account, keys), ...replicationChecks(call, action)],
    };
  const version = text(call.query.versionId);
  return { account, checks: await objectChecks(context, action, { bucket, key, version }, account, keys) };
}

const bucketCheck = (
  call: Call,
  action: string,
  resource: string,
  account: string,
  context: ConditionContext,
): Check => ({
  action: `s3:${action}`,
  resource: `arn:${partitionOf(call.region)}:s3:::${resource}`,
  account,
  context,
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html: the role is passed to S3. */
function replicationChecks(call: Call, action: string): Check[] {
  const sets = action === "PutReplicationConfiguration" && call.method === "PUT";
  const role = sets ? requestXml(call).text("Role") : undefined;
  return role ? [passRoleCheck(role, "s3.amazonaws.com")] : [];
}

/** Whether a request asks to overrule a retention in governance mode. */
export const bypassesRetention = ({ headers }: Call): boolean =>
  headers["x-amz-bypass-governance-retention"]?.toLowerCase() === "true";

/** A check about an object, whose tags count. */
const objectCheck = (
  { call, gateway }: RequestContext,
  action: string,
  object: S3Object,
  account: string,
  keys: ConditionContext,
): Check => ({
  ...bucketCheck(call, action, `${object.bucket}/${object.key}`, account, keys),
  more: async () => tagKeys("s3:ExistingObjectTag", await tagsOf(object, account, gateway)),
});

/** The actions that a request's headers ask for. */
const headerActions = ({ headers }: Call, table: FurtherAction[]): string[] =>
  table
    .filter(({ header, exceptFor }) =>
      Object.entries(headers).some(([name, value]) => header.test(name) && value !== exceptFor),
    )
    .map(({ action }) => action);

function createBucketChecks(
  { call, callerAccount }: RequestContext,
  bucket: string,
  keys: ConditionContext,
): Check[] {
  const tags = tagsInBody(call);
  const location = call.body.length ? requestXml(call).text("LocationConstraint") : undefined;
  const context = {
    ...keys,
    ...requestTagContext(tags),
    ...(location && { "s3:LocationConstraint": location }),
  };
  const tagging = Object.keys(tags).length ? ["TagResource"] : [];
  return ["CreateBucket", ...headerActions(call, bucketHeaders), ...tagging].map((action) =>
    bucketCheck(call, action, bucket, callerAccount, context),
  );
}

async function objectChecks(
  context: RequestContext,
  action: string,
  object: S3Object,
  account: string,
  keys: ConditionContext,
): Promise<Check[]> {
  const { call } = context;
  const check = (name: string) => objectCheck(context, name, object, account, keys);
  const checks = [check(object.version && VERSIONED.test(action) ? versionName(action) : action)];
  if (action === "GetObjectAttributes") checks.push(check(object.version ? "GetObjectVersion" : "GetObject"));
  if (/^(DeleteObject|PutObjectRetention)$/.test(action) && bypassesRetention(call))
    checks.push(check("BypassGovernanceRetention"));
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
  if (/^(Put|Delete)Object$/.test(action) && call.headers["if-match"]) checks.push(check("GetObject"));
  if (action === "GetObject" || action === "GetObjectAttributes")
    checks.push(...(await decryptChecks(object, account, context)));
  if (action !== "PutObject") return checks;
  checks.push(...headerActions(call, objectHeaders).map(check));
  checks.push(
    ...(await copyChecks(context, check, keys)),
    ...(await encryptChecks(object, account, context)),
  );
  return checks;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html: what a copy reads, and the tags that it takes along. */
async function copyChecks(
  context: RequestContext,
  check: (action: string) => Check,
  keys: ConditionContext,
): Promise<Check[]> {
  const { call, callerAccount, gateway } = context;
  const source = copySource(call);
  if (!source) return [];
  const owner = await gateway.buckets.owner(source.bucket);
  checkExpectedOwner(call.headers["x-amz-source-expected-bucket-owner"], owner);
  const account = owner ?? callerAccount;
  const read = (action: string) =>
    objectCheck(context, source.version ? versionName(action) : action, source, account, keys);
  const checks = [read("GetObject"), ...(await decryptChecks(source, account, context))];
  const keepsTags =
    call.headers["x-amz-tagging-directive"]?.toUpperCase() !== "REPLACE" && !("uploadId" in call.query);
  const tags = keepsTags && owner ? await tagsOf(source, account, gateway) : {};
  if (Object.keys(tags).length) checks.push(read("GetObjectTagging"), check("PutObjectTagging"));
  return checks;
}
