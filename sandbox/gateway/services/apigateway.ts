import { buildArn, partitionOf } from "../arn";
import { type Call, requestTagContext, requestTags, type ServiceAnswer, text, values } from "../call";
import { forwardToMoto } from "../forward-to-moto";
import type { Moto } from "../moto";
import type { Json } from "../xml";
import { passRoleCheck } from "./pass-role";
import type { RequestContext, Service } from "./service";

export const apigateway: Service = {
  prefix: "apigateway",
  protocol: "rest-json",

  async name({ call, callerAccount: account }) {
    const path = decodeURIComponent(call.path);
    const resource = `arn:${partitionOf(call.region)}:apigateway:${call.region}::${path}`;
    const context = requestTagContext(requestTags(call.params), values(call.params, "tagKeys"));
    const passed = rolesOf(call).map((role) => passRoleCheck(role, "apigateway.amazonaws.com"));
    return {
      account,
      checks: [{ action: `apigateway:${call.method}`, resource, account, context }, ...passed],
    };
  },

  async respond(context) {
    return withEscapedPolicies(context, await forwardToMoto(context));
  },
};

/** The roles that a request hands to API Gateway: for its logs, or for what an integration or authorizer calls. */
function rolesOf({ params }: Call): string[] {
  const operations = [params.patchOperations ?? []].flat() as ({ path?: string; value?: unknown } | null)[];
  const patched = operations.flatMap((operation) =>
    /^\/(cloudwatchRoleArn|credentials|authorizerCredentials)$/.test(operation?.path ?? "")
      ? operation?.value
      : [],
  );
  return [params.credentials, params.authorizerCredentials, ...patched].filter(
    (role): role is string => typeof role === "string" && /^arn:[\w-]+:iam::\d{12}:role\//.test(role),
  );
}

/** One GET of API Gateway's own API: its answer, or undefined where moto has no such resource. */
export async function getFromApiGateway(
  moto: Moto,
  account: string,
  region: string,
  url: string,
): Promise<Json | undefined> {
  const answer = await moto.get(account, "apigateway", region, url);
  return answer === undefined ? undefined : (JSON.parse(answer) as Json);
}

/** The policy of an API, in full: AWS writes the API's own ARN for `execute-api:` at the beginning of a resource. */
export async function apiPolicy(moto: Moto, account: string, region: string, id: string): Promise<unknown> {
  const policy = text((await getFromApiGateway(moto, account, region, `/restapis/${id}`))?.policy);
  const own = `"${buildArn("execute-api", region, account, id)}/`;
  return policy && JSON.parse(policy.replaceAll('"execute-api:/', own));
}

/** An answer about APIs with the quotes of each policy escaped, as AWS gives it. */
function withEscapedPolicies({ call }: RequestContext, answer: ServiceAnswer): ServiceAnswer {
  if (answer.status >= 300 || !/^\/restapis(\/\w+)?$/.test(call.path)) return answer;
  const found = JSON.parse(answer.body.toString() || "{}") as Json;
  for (const api of [found, ...((found.item as Json[] | undefined) ?? [])])
    if (typeof api.policy === "string") api.policy = JSON.stringify(api.policy).slice(1, -1);
  return { ...answer, body: JSON.stringify(found) };
}
