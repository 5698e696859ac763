/**
 * What a request to S3 means to IAM.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
import { partitionOf } from "../../arn";
import { AwsError, type Call, type ConditionContext, parseQuery, requestTagContext, text } from "../../call";
import type { Check } from "../../check";
import { parseXml, type Xml } from "../../xml";
import type { Named, RequestContext } from "../service";

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
  retention: { put: "PutObjectRetention" },
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
  if (named[0] === "uploadId" && !call.query.uploadId)
    throw new AwsError("InvalidArgument", "uploadId is empty", 400);
  const verb = VERBS[call.method];
  if (!verb) return undefined;
  const entry = named[0] ? table[named[0]] : defaultActions[key ? "object" : "bucket"];
  // Only Get… is HEAD, too, and nothing without a sub-resource is POST.
  if (typeof entry === "string") return `${verb[0]?.toUpperCase()}${verb.slice(1)}${entry}`;
  return entry?.[verb];
}

function conditionKeys(call: Call, account: string): ConditionContext {
  const { headers, query } = call;
  const context: ConditionContext = {
    "s3:authType": "X-Amz-Signature" in query ? "REST-QUERY-STRING" : "REST-HEADER",
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
  const version = text(query.versionId);
  if (version) context["s3:versionid"] = version;
  for (const [tag, value] of Object.entries(parseQuery(headers["x-amz-tagging"] ?? "")))
    context[`s3:RequestObjectTag/${tag}`] = value;
  return context;
}

/** The object that a copy reads, and the action for that. */
function copySource(call: Call): { bucket: string; key: string; action: string } | undefined {
  const source = call.headers["x-amz-copy-source"];
  if (!source) return undefined;
  const [path = "", search = ""] = source.split("?", 2);
  const [bucket = "", ...key] = decodeURIComponent(path).replace(/^\//, "").split("/");
  const action = search.startsWith("versionId=") ? "GetObjectVersion" : "GetObject";
  return { bucket, key: key.join("/"), action };
}

export async function nameS3({ call, callerAccount, gateway }: RequestContext): Promise<Named> {
  const { bucket, key } = s3Path(call.path);
  const ownerOf = async (name: string) => (await gateway.buckets.owner(name)) ?? callerAccount;
  const account = bucket ? await ownerOf(bucket) : callerAccount;
  for (const [name, value] of Object.entries(call.query))
    if (Array.isArray(value)) throw new AwsError("InvalidArgument", `The query gives ${name} twice`, 400);
  if (!bucket && call.method === "GET")
    return { account, checks: [{ action: "s3:ListAllMyBuckets", resource: "*", account, context: {} }] };
  const context = conditionKeys(call, account);
  const action = bucket ? actionOf(call, key) : undefined;
  if (!action) {
    const unknown = `${call.method} ${call.search || "without sub-resource"} is not in the table of s3`;
    return { account, checks: [{ action: "s3:Unknown", resource: "*", account, context, unknown }] };
  }
  const check = (name: string, resource: string, owner = account): Check => ({
    action: `s3:${name}`,
    resource: `arn:${partitionOf(call.region)}:s3:::${resource}`,
    account: owner,
    context,
  });
  const further = (table: FurtherAction[], resource: string, owner: string) =>
    table
      .filter(({ header, exceptFor }) =>
        Object.entries(call.headers).some(([name, value]) => header.test(name) && value !== exceptFor),
      )
      .map((entry) => check(entry.action, resource, owner));
  const deleted = deletedObjects(call);
  if (deleted) {
    const checks = deleted.map((object) =>
      check(
        object.text("VersionId") ? "DeleteObjectVersion" : "DeleteObject",
        `${bucket}/${object.text("Key") ?? ""}`,
      ),
    );
    return { account, checks };
  }
  // The bucket's name may be taken in another account; that is then moto's answer.
  if (action === "CreateBucket") {
    const tags = tagsInBody(call);
    Object.assign(context, requestTagContext(tags));
    const tagging = Object.keys(tags).length ? [check("TagResource", bucket, callerAccount)] : [];
    const own = [check(action, bucket, callerAccount), ...further(bucketHeaders, bucket, callerAccount)];
    return { account: callerAccount, checks: [...own, ...tagging] };
  }
  const resource = key ? `${bucket}/${key}` : bucket;
  const versioned = text(call.query.versionId) && VERSIONED.test(action);
  const checks = [check(versioned ? versionName(action) : action, resource)];
  if (action === "GetObjectAttributes") checks.push(check("GetObject", resource));
  if (action === "PutObject") checks.push(...further(objectHeaders, resource, account));
  if (action === "DeleteObject" && call.headers["x-amz-bypass-governance-retention"])
    checks.push(check("BypassGovernanceRetention", resource));
  const source = action === "PutObject" ? copySource(call) : undefined;
  if (source)
    checks.push(check(source.action, `${source.bucket}/${source.key}`, await ownerOf(source.bucket)));
  return { account, checks };
}
