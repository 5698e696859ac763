/**
 * AWS Signature Version 4, verified: header, presigned URL, and chunked uploads. The canonical request is
 * written by AWS's own signer library.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { HttpRequest } from "@smithy/protocol-http";
import {
  getCanonicalHeaders,
  getSigningKey,
  SignatureV4Base,
  type SignatureV4CryptoInit,
  type SignatureV4Init,
} from "@smithy/signature-v4";
import type { Checksum, SourceData } from "@smithy/types";
import { AwsError, type Call, text } from "./call";

const ALGORITHM = "AWS4-HMAC-SHA256";
const EMPTY = createHash("sha256").digest("hex");
const WEEK = 7 * 24 * 3600;

export interface Signature {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  time: string;
  signedHeaders: string[];
  signature: string;
  presigned: boolean;
  /** Seconds; of a presigned URL only. */
  expires?: number;
  token?: string;
}

/** The signature that a request carries, or undefined when it carries none. Throws IncompleteSignature. */
export function readSignature(
  headers: Record<string, string>,
  query: Record<string, string | string[]>,
): Signature | undefined {
  const header = headers.authorization;
  const presigned = !header && "X-Amz-Signature" in query;
  if (!header && !presigned) return undefined;
  const fields: Record<string, string | undefined> = {};
  if (presigned)
    for (const name of [
      "Algorithm",
      "Credential",
      "SignedHeaders",
      "Signature",
      "Date",
      "Expires",
      "Security-Token",
    ])
      fields[name] = text(query[`X-Amz-${name}`]);
  else {
    fields.Algorithm = header!.split(" ", 1)[0];
    for (const part of header!.slice(header!.indexOf(" ") + 1).split(",")) {
      const [name, ...value] = part.trim().split("=");
      fields[name!] = value.join("=");
    }
    fields.Date = headers["x-amz-date"] ?? headers.date;
    fields["Security-Token"] = headers["x-amz-security-token"];
  }
  const wrong = (what: string) =>
    new AwsError(
      "IncompleteSignature",
      `${what} See https://docs.aws.amazon.com/general/latest/gr/signing_aws_api_requests.html`,
      400,
    );
  if (fields.Algorithm !== ALGORITHM)
    throw wrong(
      `Authorization header requires the algorithm ${ALGORITHM}; found '${fields.Algorithm?.slice(0, 40)}'.`,
    );
  for (const name of ["Credential", "Signature", "SignedHeaders"])
    if (!fields[name]) throw wrong(`Authorization header requires '${name}' parameter.`);
  const [accessKeyId, date, region, service, end, ...more] = fields.Credential!.split("/");
  if (
    !accessKeyId ||
    !/^\d{8}$/.test(date ?? "") ||
    !region ||
    !service ||
    end !== "aws4_request" ||
    more.length
  )
    throw wrong(
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
    );
  if (!/^[\w-]+$/.test(region) || !/^[\w.-]+$/.test(service))
    throw wrong("Credential names no region or service.");
  const time = fields.Date ?? "";
  if (!/^\d{8}T\d{6}Z$/.test(time))
    throw wrong("Date must be in ISO-8601 'basic format' (YYYYMMDDTHHMMSSZ).");
  if (!time.startsWith(date!))
    throw wrong(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${time.slice(0, 8)}'.`,
    );
  const expires = Number(fields.Expires);
  if (presigned && !(expires >= 1 && expires <= WEEK))
    throw new AwsError(
      "AuthorizationQueryParametersError",
      "X-Amz-Expires must be between 1 and 604800 seconds",
      400,
    );
  return {
    accessKeyId,
    date: date!,
    region,
    service,
    time,
    signedHeaders: fields.SignedHeaders!.toLowerCase().split(";"),
    signature: fields.Signature!,
    presigned,
    ...(presigned ? { expires } : {}),
    ...(fields["Security-Token"] ? { token: fields["Security-Token"] } : {}),
  };
}

/** Node.js's own SHA-256, or HMAC with a secret, as the signer library takes it. */
class Sha256 implements Checksum {
  private readonly hash: Hash | Hmac;

  constructor(secret?: SourceData) {
    const key = secret as string | Uint8Array | undefined;
    this.hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }

  update(data: Uint8Array): void {
    this.hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }

  reset(): void {
    throw new Error("a hash serves once");
  }
}

class Verifier extends SignatureV4Base {
  constructor(init: SignatureV4Init & SignatureV4CryptoInit) {
    super(init);
  }

  async signature(
    request: HttpRequest,
    signature: Signature,
    secret: string,
    payloadHash: string,
  ): Promise<Buffer> {
    const canonicalHeaders = getCanonicalHeaders(request, undefined, new Set(signature.signedHeaders));
    const scope = `${signature.date}/${signature.region}/${signature.service}/aws4_request`;
    const canonical = this.createCanonicalRequest(request, canonicalHeaders, payloadHash);
    const key = await signingKey(signature, secret);
    return hmac(key, await this.createStringToSign(signature.time, scope, canonical, ALGORITHM));
  }
}

const signingKey = (signature: Signature, secret: string): Promise<Uint8Array> =>
  getSigningKey(
    Sha256,
    { accessKeyId: signature.accessKeyId, secretAccessKey: secret },
    signature.date,
    signature.region,
    signature.service,
  );

const hmac = (key: Uint8Array, value: string): Buffer => createHmac("sha256", key).update(value).digest();
const hash = (value: Buffer | string): string => createHash("sha256").update(value).digest("hex");
const isSame = (expected: Buffer, found: string): boolean => {
  const given = Buffer.from(/^[0-9a-f]{64}$/.test(found) ? found : "", "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
};

/** When a request was signed: milliseconds since 1970. */
export const timeOf = ({ time }: Signature): number =>
  Date.parse(time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));

/**
 * Checks a request against its signature with the caller's secret; gives the body as the caller meant it
 * (chunked uploads unpacked) and the headers that came behind it. Throws AwsError as AWS answers.
 */
export async function verifySignature(
  call: Call,
  signature: Signature,
  secret: string,
): Promise<{ body: Buffer; trailers: Record<string, string> }> {
  const s3 = call.service === "s3";
  const mismatch = (message: string) => new AwsError("SignatureDoesNotMatch", message);
  const age = call.now.getTime() - timeOf(signature);
  // AWS allows 5 minutes, S3 15; a presigned URL lives as long as it says.
  const skew = (s3 ? 15 : 5) * 60_000;
  if (signature.presigned && age > signature.expires! * 1000)
    throw s3
      ? new AwsError("AccessDenied", "Request has expired")
      : new AwsError("RequestExpired", `Signature expired: ${signature.time}`);
  if (-age > skew || (!signature.presigned && age > skew))
    throw new AwsError(
      "RequestExpired",
      age > 0
        ? `Signature expired: ${signature.time} is now earlier than the current time by more than ${skew / 60_000} min.`
        : `Signature not yet current: ${signature.time} is still later than the current time by more than ${skew / 60_000} min.`,
    );
  if (!signature.signedHeaders.includes("host"))
    throw mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  const unsigned = Object.keys(call.headers).filter(
    (name) =>
      name.startsWith("x-amz-") &&
      !signature.signedHeaders.includes(name) &&
      !(signature.presigned && name === "x-amz-content-sha256"),
  );
  if (unsigned.length)
    throw new AwsError(
      s3 ? "AccessDenied" : "SignatureDoesNotMatch",
      `There were headers present in the request which were not signed: ${unsigned.join(", ")}`,
    );

  const claimed = call.headers["x-amz-content-sha256"] ?? text(call.query["X-Amz-Content-Sha256"]);
  const actual = call.body.length ? hash(call.body) : EMPTY;
  const open = s3 && (claimed === "UNSIGNED-PAYLOAD" || claimed?.startsWith("STREAMING-"));
  const payloadHash = open ? claimed! : s3 && signature.presigned && !claimed ? "UNSIGNED-PAYLOAD" : actual;
  if (claimed && !open && claimed !== actual) {
    if (s3)
      throw new AwsError(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        400,
      );
    throw mismatch("The request signature we calculated does not match the signature you provided.");
  }
  if (s3 && !claimed && !signature.presigned)
    throw new AwsError(
      "InvalidRequest",
      "Missing required header for this request: x-amz-content-sha256",
      400,
    );

  const request = new HttpRequest({
    method: call.method,
    path: call.path,
    query: call.query,
    headers: Object.fromEntries(signature.signedHeaders.map((name) => [name, call.headers[name] ?? ""])),
  });
  const verifier = new Verifier({
    credentials: { accessKeyId: signature.accessKeyId, secretAccessKey: secret },
    region: signature.region,
    service: signature.service,
    sha256: Sha256,
    uriEscapePath: !s3,
  });
  if (!isSame(await verifier.signature(request, signature, secret, payloadHash), signature.signature))
    throw mismatch(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
  if (!payloadHash.startsWith("STREAMING-")) return { body: call.body, trailers: {} };
  return unchunk(call.body, payloadHash, signature, await signingKey(signature, secret));
}

/** Checks a text against its signature, as a form's policy is signed. Throws SignatureDoesNotMatch. */
export async function verifyText(signed: string, signature: Signature, secret: string): Promise<void> {
  if (!isSame(hmac(await signingKey(signature, secret), signed), signature.signature))
    throw new AwsError(
      "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    );
}

/** Unpacks an `aws-chunked` body and checks each chunk's signature, and the trailer's. */
function unchunk(
  body: Buffer,
  kind: string,
  signature: Signature,
  key: Uint8Array,
): { body: Buffer; trailers: Record<string, string> } {
  const bad = (what: string) =>
    new AwsError("IncompleteBody", `The chunked upload is malformed: ${what}`, 400);
  const mismatch = () =>
    new AwsError("SignatureDoesNotMatch", "A chunk's signature does not match its content.");
  const isSigned = kind.startsWith(`STREAMING-${ALGORITHM}-PAYLOAD`);
  if (!isSigned && kind !== "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    throw bad(`unknown kind ${kind.slice(0, 60)}`);
  const prefix = `${signature.time}\n${signature.date}/${signature.region}/${signature.service}/aws4_request\n`;
  let previous = signature.signature;
  let at = 0;
  const line = (): string => {
    const end = body.indexOf("\r\n", at);
    if (end < 0 || end - at > 16_384) throw bad("a line has no end");
    const found = body.toString("latin1", at, end);
    at = end + 2;
    return found;
  };
  const parts: Buffer[] = [];
  for (;;) {
    const [size, extension = ""] = line().split(";", 2) as [string, string?];
    if (!/^[0-9a-f]{1,8}$/i.test(size)) throw bad("a chunk has no size");
    const length = Number.parseInt(size, 16);
    if (at + length > body.length) throw bad("a chunk is shorter than it says");
    const chunk = body.subarray(at, at + length);
    if (isSigned) {
      const found = /^chunk-signature=([0-9a-f]{64})$/.exec(extension)?.[1] ?? "";
      if (!isSame(hmac(key, `${ALGORITHM}-PAYLOAD\n${prefix}${previous}\n${EMPTY}\n${hash(chunk)}`), found))
        throw mismatch();
      previous = found;
    }
    at += length;
    if (!length) break;
    parts.push(chunk);
    if (line()) throw bad("a chunk is longer than it says");
  }
  const trailers: Record<string, string> = {};
  if (kind.endsWith("-TRAILER")) {
    let signedText = "";
    for (let found = line(); found; found = at < body.length ? line() : "") {
      const [name, ...value] = found.split(":");
      const content = value.join(":").trim();
      if (name === "x-amz-trailer-signature") {
        if (!isSame(hmac(key, `${ALGORITHM}-TRAILER\n${prefix}${previous}\n${hash(signedText)}`), content))
          throw mismatch();
        signedText = "";
      } else {
        trailers[name!.toLowerCase()] = content;
        signedText += `${name!.toLowerCase()}:${content}\n`;
      }
    }
    if (isSigned && signedText) throw mismatch();
  }
  return { body: Buffer.concat(parts), trailers };
}

/** A body's checksums, in headers or in a trailer, that are checked here; CRC-32C and CRC-64/NVME are taken as they are. */
const digests: Record<string, (body: Buffer) => Buffer> = {
  "content-md5": (body) => createHash("md5").update(body).digest(),
  "x-amz-checksum-sha1": (body) => createHash("sha1").update(body).digest(),
  "x-amz-checksum-sha256": (body) => createHash("sha256").update(body).digest(),
  "x-amz-checksum-crc32": (body) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return sum;
  },
};

/** Throws BadDigest where an upload's body is not what its checksum says. */
export function checkDigests(call: Call): void {
  if (call.service !== "s3") return;
  for (const [name, digest] of Object.entries(digests)) {
    const claimed = call.headers[name];
    if (claimed && digest(call.body).toString("base64") !== claimed)
      throw new AwsError(
        "BadDigest",
        `The ${name} you specified did not match the calculated checksum.`,
        400,
      );
  }
}
