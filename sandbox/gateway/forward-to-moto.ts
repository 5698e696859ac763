import { AwsError, type ServiceAnswer } from "./call";
import { principalOf } from "./caller";
import type { RequestContext } from "./services/service";

/** Of the signature, and of the connection: moto does not need them. */
const NOT_FORWARDED = [
  "authorization",
  "x-amz-security-token",
  "x-amz-content-sha256",
  "transfer-encoding",
  "connection",
  "expect",
];

/** Has moto do a request in its account. Throws InternalFailure where moto fails, and NotImplemented where it cannot. */
export async function forwardToMoto({
  call,
  caller,
  account,
  gateway,
}: RequestContext): Promise<ServiceAnswer> {
  const principal = principalOf(caller);
  const answer = await gateway.moto.send({
    account,
    service: call.service,
    region: call.region,
    method: call.method,
    url: call.path + call.search,
    headers: forwardedHeaders(call, gateway.port),
    body: call.body,
    ...(principal ? { accessKeyId: principal.accessKeyId } : {}),
  });
  // An HTML page, or words of Flask's, are moto's own failure; no client of AWS can read them. S3's objects may be pages.
  const { status } = answer;
  const isPage = !/xml|json/.test(String(answer.headers["content-type"]));
  const isUnknown = isPage && (status === 501 || (status === 404 && call.protocol.endsWith("json")));
  if (!isUnknown && !(isPage && status >= 500)) return answer;
  const what = `${call.service}:${call.operation || `${call.method} ${call.path}`}`;
  gateway.log(`${call.requestId} moto failed on ${what}: ${answer.body.toString().slice(0, MAX_LOGGED)}`);
  if (isUnknown) throw new AwsError("NotImplemented", `The sandbox's moto does not implement ${what}`, 501);
  throw new AwsError(
    "InternalFailure",
    `The sandbox's moto failed on ${what}; the sandbox's log says why`,
    500,
  );
}

const MAX_LOGGED = 1000;

function forwardedHeaders(
  call: Pick<RequestContext["call"], "headers" | "protocol">,
  port: number,
): Record<string, string> {
  const headers = { ...call.headers };
  const chunked = headers["x-amz-content-sha256"]?.startsWith("STREAMING-");
  for (const name of NOT_FORWARDED) delete headers[name];
  // A host of another name would make moto read another bucket out of the request.
  headers.host = `127.0.0.1:${port}`;
  if (call.protocol !== "json") delete headers["x-amz-target"];
  if (!chunked) return headers;
  const encodings = (headers["content-encoding"] ?? "")
    .split(",")
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding && encoding !== "aws-chunked");
  delete headers["content-encoding"];
  if (encodings.length) headers["content-encoding"] = encodings.join(",");
  delete headers["x-amz-trailer"];
  delete headers["x-amz-decoded-content-length"];
  return headers;
}
