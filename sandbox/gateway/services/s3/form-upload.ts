/**
 * An object that a browser's form uploads: the form carries the signature, and a policy of what the form may say.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
import { AwsError, type Call, type ServiceAnswer, text } from "../../call";
import { checkDigests, readSignature, timeOf, verifyText } from "../../signature";
import { buildXml, parseXml } from "../../xml";
import type { RequestContext } from "../service";
import { FORM_UPLOAD, s3Path } from "./requests";

/** By name in small letters. */
type Fields = Record<string, string>;

const WEEK = 7 * 24 * 3_600_000;
const SKEW = 15 * 60_000;
/** Fields that are headers of the object; the others say how to sign and how to answer. */
const HEADERS =
  /^(cache-control|content-(type|disposition|encoding)|expires|x-amz-(meta-.+|checksum-.+|server-side-encryption.*|storage-class|website-redirect-location))$/;
/** Fields that a policy need not name. */
const UNNAMED = /^(x-amz-signature|policy|file|x-ignore-.*)$/;
/** What a client's own request keeps of its headers: all that is about the object stands in the form. */
const KEPT_HEADERS = ["host", "user-agent", "referer"];

const invalid = (message: string) => new AwsError("InvalidArgument", message, 400);
const required = (name: string) => invalid(`Bucket POST must contain a field named '${name}'.`);
const refused = (why: string) => new AwsError("AccessDenied", `Invalid according to Policy: ${why}`);
const malformed = (why: string) => new AwsError("InvalidPolicyDocument", `Invalid Policy: ${why}`, 400);

/**
 * Finds the caller of a form's upload, holds the form to its policy, and turns the request into one to put the object.
 * Does nothing to another request.
 */
export async function readForm(context: RequestContext): Promise<void> {
  const { call, gateway } = context;
  const { bucket, key } = s3Path(call.path);
  const isForm = /^multipart\/form-data/i.test(call.headers["content-type"] ?? "");
  if (call.method !== "POST" || key || context.signature || !isForm) return;
  const { fields, file, fileName } = await parseForm(call);
  if (!fields.key) throw required("key");
  fields.key = fields.key.replaceAll("\u0024{filename}", fileName);
  if (fields.policy !== undefined) {
    const signature = signatureOf(fields);
    const now = call.now.getTime();
    const principal = await gateway.identities.principal(signature, now);
    await verifyText(fields.policy, signature, principal.secret);
    const age = now - timeOf(signature);
    if (age > WEEK || age < -SKEW) throw refused("Policy expired.");
    checkPolicy(fields.policy, { ...fields, bucket }, file.length, now);
    Object.assign(context, { caller: principal, signature });
  } else if (fields["x-amz-signature"] || fields["x-amz-credential"]) throw required("policy");
  Object.assign(call, {
    method: "PUT",
    operation: FORM_UPLOAD,
    path: `/${bucket}/${fields.key.split("/").map(encodeURIComponent).join("/")}`,
    search: "",
    query: {},
    headers: headersOf(call, fields),
    body: file,
    params: fields,
  });
  checkDigests(call);
}

async function parseForm(call: Call): Promise<{ fields: Fields; file: Buffer; fileName: string }> {
  const headers = { "content-type": call.headers["content-type"] ?? "" };
  const form = await new Response(new Uint8Array(call.body), { headers }).formData().catch(() => {
    throw new AwsError(
      "MalformedPOSTRequest",
      "The body of your POST request is not well-formed multipart/form-data.",
      400,
    );
  });
  const fields: Fields = {};
  for (const [name, value] of form) {
    const field = name.toLowerCase();
    if (field === "file") {
      // What comes after the file is ignored.
      const content = typeof value === "string" ? Buffer.from(value) : Buffer.from(await value.arrayBuffer());
      const fileName = typeof value === "string" ? "" : (value.name.split(/[\\/]/).at(-1) ?? "");
      return { fields, file: content, fileName };
    }
    if (typeof value !== "string" || field in fields)
      throw invalid(`The form gives ${name} twice, or as a file`);
    fields[field] = value;
  }
  throw invalid("POST requires exactly one file upload per request.");
}

/** The signature in a form. Throws InvalidArgument where a part of it is missing. */
function signatureOf(fields: Fields) {
  const value = (name: string) => {
    const found = text(fields[`x-amz-${name.toLowerCase()}`]);
    if (found === undefined) throw required(`X-Amz-${name}`);
    return found;
  };
  const query: Record<string, string> = { "X-Amz-SignedHeaders": "host", "X-Amz-Expires": "1" };
  for (const name of ["Algorithm", "Credential", "Date", "Signature"]) query[`X-Amz-${name}`] = value(name);
  const token = fields["x-amz-security-token"];
  const signature = readSignature({}, { ...query, ...(token && { "X-Amz-Security-Token": token }) })!;
  if (signature.service !== "s3")
    throw new AwsError(
      "AuthorizationQueryParametersError",
      "Credential should be scoped to service: s3",
      400,
    );
  return signature;
}

/** Throws AccessDenied where a form is not as its policy says, or the policy has expired. */
function checkPolicy(encoded: string, fields: Fields, size: number, now: number): void {
  let policy: { expiration?: unknown; conditions?: unknown };
  try {
    policy = JSON.parse(Buffer.from(encoded, "base64").toString());
  } catch {
    throw malformed("Invalid JSON.");
  }
  const expires = Date.parse(String(policy?.expiration));
  if (!Number.isFinite(expires)) throw malformed("Policy missing expiration.");
  if (!Array.isArray(policy.conditions)) throw malformed("Policy missing conditions.");
  if (expires <= now) throw refused("Policy expired.");
  const named = new Set<string>();
  for (const condition of policy.conditions as unknown[]) {
    const [operator, ...operands] = matchOf(condition);
    if (operator === "content-length-range") checkSize(operands.map(Number), size);
    else {
      const name = String(operands[0]).replace(/^\$/, "").toLowerCase();
      named.add(name);
      if (!matches(operator, name, fields[name], String(operands[1])))
        throw refused(`Policy Condition failed: ${JSON.stringify([operator, `$${name}`, operands[1]])}`);
    }
  }
  const extra = Object.keys(fields).filter((name) => !named.has(name) && !UNNAMED.test(name));
  if (extra.length) throw refused(`Extra input fields: ${extra.join(", ")}`);
}

/** A condition of a form's policy as operator and operands. */
function matchOf(condition: unknown): [operator: string, ...operands: unknown[]] {
  const isList = Array.isArray(condition);
  if (isList && condition.length === 3 && typeof condition[0] === "string")
    return [condition[0].toLowerCase(), condition[1], condition[2]];
  const entries = isList ? [] : Object.entries((condition ?? {}) as object);
  const [entry] = entries;
  if (entries.length !== 1 || !entry)
    throw malformed("Invalid condition: expected an object with one name, or a list of three.");
  return ["eq", ...entry];
}

function matches(operator: string, name: string, value: string | undefined, wanted: string): boolean {
  if (operator === "eq") return value === wanted;
  if (operator !== "starts-with") throw malformed(`Invalid condition operator ${operator}.`);
  const values = name === "content-type" ? (value ?? "").split(",") : [value ?? ""];
  return values.every((one) => one.startsWith(wanted));
}

function checkSize([least = Number.NaN, most = Number.NaN]: number[], size: number): void {
  if (!(least <= most)) throw malformed("Invalid content-length-range.");
  if (size > most)
    throw new AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400);
  if (size < least)
    throw new AwsError(
      "EntityTooSmall",
      "Your proposed upload is smaller than the minimum allowed size",
      400,
    );
}

function headersOf({ headers }: Call, fields: Fields): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => KEPT_HEADERS.includes(name));
  const ofObject = Object.entries(fields).filter(([name]) => HEADERS.test(name));
  return {
    ...Object.fromEntries([...kept, ...ofObject]),
    ...(fields.acl && { "x-amz-acl": fields.acl }),
    ...(fields.tagging && { "x-amz-tagging": tagsOf(fields.tagging) }),
  };
}

/** Tags as a header has them, from the XML that a form has. */
function tagsOf(document: string): string {
  try {
    const tags = parseXml(document).list("TagSet", "Tag");
    const pairs = tags.map((tag): [string, string] => [tag.text("Key") ?? "", tag.text("Value") ?? ""]);
    return new URLSearchParams(pairs).toString();
  } catch {
    throw new AwsError("MalformedXML", "The XML you provided was not well-formed", 400);
  }
}

/** What a form asks to be answered where its object is put. */
export function answerForm({ call, gateway }: RequestContext, answer: ServiceAnswer): ServiceAnswer {
  if (answer.status >= 300) return answer;
  const { bucket, key } = s3Path(call.path);
  const etag = [answer.headers.etag ?? ""].flat()[0] ?? "";
  const headers = { ...answer.headers, location: `http://127.0.0.1:${gateway.port}${call.path}` };
  const redirect = text(call.params.success_action_redirect) ?? text(call.params.redirect);
  if (redirect && URL.canParse(redirect)) {
    const to = new URL(redirect);
    for (const [name, value] of Object.entries({ bucket, key, etag })) to.searchParams.append(name, value);
    return { status: 303, headers: { ...headers, location: to.href }, body: "" };
  }
  const asked = text(call.params.success_action_status);
  if (asked !== "201") return { status: asked === "200" ? 200 : 204, headers, body: "" };
  const body = buildXml({
    PostResponse: { Location: headers.location, Bucket: bucket, Key: key, ETag: etag },
  });
  return { status: 201, headers: { ...headers, "content-type": "application/xml" }, body };
}
