/** Reads a request's service, operation and parameters, by the service's protocol. */
import { randomUUID } from "node:crypto";
import { AwsError, type Call, type HttpRequest, type Params, type Protocol, parseQuery, text } from "./call";
import { serviceOf } from "./services";
import { API_HOST } from "./services/execute-api";
import type { Signature } from "./signature";

const MAX_OPERATION = 64;
const MAX_REGION = 24;

/**
 * The operation that a request names, and its parameters. Throws AwsError where the body is not what the protocol says.
 */
export function readCall(request: HttpRequest, signature: Signature | undefined): Call {
  const query = parseQuery(request.search.slice(1));
  const service = signature ? signedService(signature) : unsignedService(request, query);
  const call: Call = {
    ...request,
    query,
    service,
    region: signature?.region ?? "us-east-1",
    protocol: protocolOf(request, service),
    operation: "",
    params: {},
    requestId: randomUUID(),
  };
  if (call.protocol === "query" || call.protocol === "ec2") readForm(call);
  else if (call.protocol === "json") readJson(call);
  else if (
    call.protocol === "rest-json" &&
    call.body.length &&
    !serviceOf(call).opaqueBodies?.test(call.path)
  )
    call.params = parseJson(call.body);
  // What a policy's wildcards cost grows with what they are compared to.
  if (call.operation.length > MAX_OPERATION || call.region.length > MAX_REGION)
    throw new AwsError("InvalidAction", "The request's operation or Region has too long a name", 400);
  return call;
}

const signedService = ({ service }: Signature): string =>
  service === "iotdevicegateway" ? "iotdata" : service;

/** Without a signature there is no service name: a form is STS (web identity, SAML), the rest is an API or public S3. */
function unsignedService(request: HttpRequest, query: Call["query"]): string {
  if (API_HOST.test(request.headers.host ?? "")) return "execute-api";
  return hasForm(request) || "Action" in query ? "sts" : "s3";
}

const hasForm = ({ headers }: Pick<HttpRequest, "headers">): boolean =>
  /^application\/x-www-form-urlencoded/.test(headers["content-type"] ?? "");

function protocolOf(request: HttpRequest, service: string): Protocol {
  const target = request.headers["x-amz-target"];
  const guessed = hasForm(request) ? "query" : "rest-json";
  const protocol = serviceOf({ service, path: request.path }).protocol ?? (target ? "json" : guessed);
  // SQS, and a few more, still take the query protocol from old clients.
  return protocol === "json" && !target ? "query" : protocol;
}

// What is read here must be what moto reads behind the gateway: one place for parameters, each given once.
export const ambiguous = (why: string) => new AwsError("MalformedQueryString", `The request ${why}`, 400);

function readForm(call: Call): void {
  const { query, search, body } = call;
  const form = hasForm(call);
  call.params = form ? parseQuery(body.toString()) : query;
  if (form ? search.length > 1 && !("X-Amz-Signature" in query) : body.length)
    throw ambiguous("has parameters in its URL and in its body");
  if (form && "Action" in query) throw ambiguous("names an Action in its URL and in its body");
  for (const [name, value] of Object.entries(call.params))
    if (Array.isArray(value)) throw ambiguous(`gives ${name} twice`);
  call.operation = text(call.params.Action) ?? "";
  if (!/^\w+$/.test(call.operation))
    throw new AwsError("MissingAction", "Could not find operation in the request: expected Action=…", 400);
}

function readJson(call: Call): void {
  if (hasForm(call) || call.search.length > 1)
    throw ambiguous("is no JSON request: it has form content or parameters in its URL");
  const target = call.headers["x-amz-target"] ?? "";
  const { targets } = serviceOf(call);
  const [prefix = "", operation = "", ...more] = target.split(".");
  if (more.length || !/^\w+$/.test(operation) || (targets && !targets.includes(prefix)))
    throw new AwsError(
      "UnknownOperationException",
      `${call.service} has no operation ${target.slice(0, 100)}`,
      400,
    );
  call.operation = operation;
  call.params = parseJson(call.body);
}

function parseJson(body: Buffer): Params {
  try {
    const value: unknown = JSON.parse(body.toString() || "{}");
    if (value && typeof value === "object" && !Array.isArray(value)) return value as Params;
  } catch {}
  throw new AwsError("SerializationException", "The body is not a JSON object", 400);
}
