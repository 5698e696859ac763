/** One request as the front door sees it, and the small readers that its other parts share. */
import { randomUUID } from "node:crypto";

export type Params = Record<string, unknown>;
export type Context = Record<string, string | string[]>;
export type Protocol = "query" | "ec2" | "json" | "rest-json" | "s3" | "s3control";

/** A request, with its service, region and operation already read; its caller is not known yet. */
export interface Call {
  method: string;
  /** Percent-encoded, as sent, without the query. */
  path: string;
  query: Record<string, string | string[]>;
  /** The query as sent, with its question mark, or empty. */
  search: string;
  headers: Record<string, string>;
  body: Buffer;
  service: string;
  region: string;
  protocol: Protocol;
  operation: string;
  params: Params;
  sourceIp: string;
  requestId: string;
  now: Date;
}

/** What AWS answers when it refuses: `kind` is the failure's name in the query protocol, translated per protocol. */
export class AwsError extends Error {
  constructor(
    readonly kind: string,
    message: string,
    readonly status = 403,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

const protocols: Record<string, Protocol> = {
  sts: "query",
  iam: "query",
  sns: "query",
  ec2: "ec2",
  s3: "s3",
  ssm: "json",
  sqs: "json",
  ecr: "json",
  kms: "json",
  iot: "rest-json",
  iotdata: "rest-json",
  apigateway: "rest-json",
  "execute-api": "rest-json",
};

/** The host name of an API made with API Gateway: its ID and region. */
export const API_HOST = /^(\w+)\.execute-api\.([\w-]+)\.amazonaws\.com(?:\.cn)?(?::\d+)?$/;

export const S3_CONTROL = /^\/v20180820\//;

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError("MalformedQueryString", `Not a percent-encoded string: ${text.slice(0, 100)}`, 400);
  }
};

/** A query string or form as names and values; a name given twice has an array. Throws on bad encoding. */
export function parseQuery(text: string): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = Object.create(null);
  for (const pair of text.split("&").filter(Boolean)) {
    const at = pair.indexOf("=");
    const [name, value] = (at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)]).map((part) =>
      decode(part.replaceAll("+", " ")),
    ) as [string, string];
    const known = out[name];
    out[name] = known === undefined ? value : [known, value].flat();
  }
  return out;
}

/**
 * The operation that a request names, and its parameters, by the service's protocol.
 * Throws AwsError where the body is not what the protocol says.
 */
export function readCall(
  raw: Pick<Call, "method" | "path" | "search" | "headers" | "body" | "sourceIp" | "now">,
  scope: { service: string; region: string } | undefined,
): Call {
  const query = parseQuery(raw.search.slice(1));
  const form = /^application\/x-www-form-urlencoded/.test(raw.headers["content-type"] ?? "");
  const target = raw.headers["x-amz-target"];
  // Without a signature there is no service name: a form is STS (web identity, SAML), the rest is an API or public S3.
  const named = scope?.service === "iotdevicegateway" ? "iotdata" : scope?.service;
  const unsigned = API_HOST.test(raw.headers.host ?? "")
    ? "execute-api"
    : form || "Action" in query
      ? "sts"
      : "s3";
  const service = named ?? unsigned;
  const call: Call = {
    ...raw,
    query,
    service,
    region: scope?.region ?? "us-east-1",
    protocol: protocols[service] ?? (target ? "json" : form ? "query" : "rest-json"),
    operation: "",
    params: {},
    requestId: randomUUID(),
  };
  // S3 Control shares S3's signing name; its paths begin with its version.
  if (service === "s3" && S3_CONTROL.test(raw.path)) call.protocol = "s3control";
  // SQS, and a few more, still take the query protocol from old clients.
  if (call.protocol === "json" && !target) call.protocol = "query";
  // What is read here must be what moto reads behind the door: one place for parameters, each given once.
  const twice = (what: string) => new AwsError("MalformedQueryString", `The request ${what}`, 400);
  if (call.protocol === "query" || call.protocol === "ec2") {
    call.params = form ? parseQuery(raw.body.toString()) : query;
    if (form ? raw.search.length > 1 && !("X-Amz-Signature" in query) : raw.body.length)
      throw twice("has parameters in its URL and in its body");
    if (form && "Action" in query) throw twice("names an Action in its URL and in its body");
    for (const [name, value] of Object.entries(call.params))
      if (Array.isArray(value)) throw twice(`gives ${name} twice`);
    call.operation = text(call.params.Action) ?? "";
    if (!/^\w+$/.test(call.operation))
      throw new AwsError("MissingAction", "Could not find operation in the request: expected Action=…", 400);
  } else if (call.protocol === "json") {
    if (form || raw.search.length > 1)
      throw twice("is no JSON request: it has form content or parameters in its URL");
    call.operation = target?.split(".").at(-1) ?? "";
    call.params = parseJson(raw.body);
  } else if (
    call.protocol === "rest-json" &&
    raw.body.length &&
    !["iotdata", "execute-api"].includes(service)
  ) {
    call.params = parseJson(raw.body);
  }
  return call;
}

function parseJson(body: Buffer): Params {
  try {
    const value: unknown = JSON.parse(body.toString() || "{}");
    if (value && typeof value === "object" && !Array.isArray(value)) return value as Params;
  } catch {}
  throw new AwsError("SerializationException", "The body is not a JSON object", 400);
}

/** The text of a parameter, or undefined when it is absent, empty or not text. */
export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value ? value : undefined;

/** Every value of a list parameter in any protocol: `Name`, `Name.1`, `Name.member.1`, or a JSON array. */
export function values(params: Params, name: string): string[] {
  const direct = params[name];
  if (direct !== undefined) return [direct].flat().filter((value) => typeof value === "string");
  const numbered = new RegExp(`^${name}\\.(?:member\\.)?\\d+$`);
  return Object.keys(params)
    .filter((key) => numbered.test(key))
    .map((key) => String(params[key]));
}

/** The tags that a request carries, in any protocol: tag key to value. */
export function requestTags(params: Params): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [key, value] of Object.entries(params)) {
    const entry = /^(.*\.)?Tags?\.(member\.|entry\.)?\d+\.Key$/.test(key);
    if (entry) tags[String(value)] = String(params[key.replace(/Key$/, "Value")] ?? "");
  }
  const list = params.Tags ?? params.tags;
  if (Array.isArray(list))
    for (const tag of list as Record<string, string>[]) {
      const key = tag.Key ?? tag.TagKey ?? tag.key;
      if (key) tags[key] = tag.Value ?? tag.TagValue ?? tag.value ?? "";
    }
  else if (list && typeof list === "object") Object.assign(tags, list);
  return tags;
}
