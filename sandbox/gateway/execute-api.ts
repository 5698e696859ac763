/**
 * The APIs that are made with API Gateway: a request to an API's own host name, answered by its mock integration.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
 */
import { API_HOST, AwsError, type Call, text } from "./call";
import type { Answer } from "./errors";
import { answered, type Json, type Moto } from "./moto";
import { type Plan, partition, type World } from "./requests";

/** One GET of API Gateway's own API: its answer, or undefined where moto has no such thing. */
async function get(moto: Moto, account: string, region: string, url: string): Promise<Json | undefined> {
  const answer = await moto.send({ account, service: "apigateway", region, method: "GET", url });
  return answered(answer) ? (JSON.parse(answer.body.toString()) as Json) : undefined;
}

/** The policy of an API, in full: AWS writes the API's own ARN for `execute-api:` at the beginning of a resource. */
export async function apiPolicy(moto: Moto, account: string, region: string, id: string): Promise<unknown> {
  const policy = text((await get(moto, account, region, `/restapis/${id}`))?.policy);
  const own = `"arn:${partition(region)}:execute-api:${region}:${account}:${id}/`;
  return policy && JSON.parse(policy.replaceAll('"execute-api:/', own));
}

/** API Gateway's answer about APIs, with the quotes of each policy escaped, as AWS gives it. */
export function escapedPolicy(call: Call, answer: Answer): Answer {
  if (answer.status >= 300 || !/^\/restapis(\/\w+)?$/.test(call.path)) return answer;
  const found = JSON.parse(answer.body.toString() || "{}") as Json;
  for (const api of [found, ...((found.item as Json[] | undefined) ?? [])])
    if (typeof api.policy === "string") api.policy = JSON.stringify(api.policy).slice(1, -1);
  return { ...answer, body: JSON.stringify(found) };
}

/** The API, stage and path that a call names. Throws what AWS answers where there is none. */
function partsOf(call: Call): { id: string; stage: string; path: string } {
  const [, id, region] = API_HOST.exec(call.headers.host ?? "") ?? [];
  const [, stage, path] = /^\/([\w-]+)(\/.*)?$/.exec(call.path) ?? [];
  if (!id || !stage || region !== call.region) throw new AwsError("ForbiddenException", "Forbidden");
  return { id, stage, path: path ?? "/" };
}

/** What must be allowed for a call of an API: `execute-api:Invoke` on `API/STAGE/METHOD/path`. */
export async function planApi(call: Call, { moto, policies }: World): Promise<Plan> {
  const { id, stage, path } = partsOf(call);
  const { region } = call;
  for (const account of policies.ids) {
    if (!(await get(moto, account, region, `/restapis/${id}/stages/${stage}`))) continue;
    const resource = `arn:${partition(region)}:execute-api:${region}:${account}:${id}/${stage}/${call.method}${path}`;
    return { account, checks: [{ action: "execute-api:Invoke", resource, account, context: {} }] };
  }
  throw new AwsError("ForbiddenException", "Forbidden");
}

/** Answers an allowed call of an API with what its mock integration says; undefined for a call of anything else. */
export async function answerApi(call: Call, account: string, moto: Moto): Promise<Answer | undefined> {
  if (call.service !== "execute-api") return undefined;
  const { id, path } = partsOf(call);
  const at = `/restapis/${id}/resources`;
  const all = (await get(moto, account, call.region, at))?.item as { id: string; path: string }[] | undefined;
  const found = all?.find((resource) => resource.path === path);
  const method = found && (await get(moto, account, call.region, `${at}/${found.id}/methods/${call.method}`));
  // AWS's own words for a method that the API lacks.
  if (!method) throw new AwsError("MissingAuthenticationToken", "Missing Authentication Token");
  // Without it AWS would not authenticate, and the policy would be asked about a stranger.
  if (method.authorizationType !== "AWS_IAM")
    throw new AwsError(
      "InternalServerErrorException",
      "The sandbox serves methods with IAM authorization only",
      500,
    );
  const { type, integrationResponses = {} } = (method.methodIntegration ?? {}) as {
    type?: string;
    integrationResponses?: Record<string, { responseTemplates?: Record<string, string> }>;
  };
  const [status, response] = Object.entries(integrationResponses)[0] ?? [];
  if (type?.toUpperCase() !== "MOCK" || !status)
    throw new AwsError("InternalServerErrorException", "The sandbox answers mock integrations only", 500);
  const [contentType = "application/json", body = ""] =
    Object.entries(response?.responseTemplates ?? {})[0] ?? [];
  return {
    status: Number(status),
    headers: { "content-type": contentType, "x-amzn-requestid": call.requestId },
    body,
  };
}
