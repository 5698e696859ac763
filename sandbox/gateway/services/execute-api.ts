/**
 * The APIs that are created with API Gateway: a request to an API's own host name, answered by its mock integration.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
 */

import { buildArn, parseArn } from "../arn";
import { AwsError, type Call, type ServiceAnswer } from "../call";
import { apiPolicy, getFromApiGateway } from "./apigateway";
import type { RequestContext, Service } from "./service";

/** The host name of an API: its ID and Region. */
export const API_HOST = /^(\w+)\.execute-api\.([\w-]+)\.amazonaws\.com(?:\.cn)?(?::\d+)?$/;

export const executeApi: Service = {
  prefix: "execute-api",
  protocol: "rest-json",
  opaqueBodies: /^/,

  /** What must be allowed: `execute-api:Invoke` on `API/STAGE/METHOD/path`. */
  async name({ call, gateway }) {
    const { id, stage, path } = partsOf(call);
    const { region } = call;
    for (const account of gateway.accounts) {
      const url = `/restapis/${id}/stages/${stage}`;
      if (!(await getFromApiGateway(gateway.moto, account, region, url))) continue;
      const resource = buildArn("execute-api", region, account, `${id}/${stage}/${call.method}${path}`);
      return { account, checks: [{ action: "execute-api:Invoke", resource, account, context: {} }] };
    }
    throw new AwsError("ForbiddenException", "Forbidden");
  },

  policies: {
    ofResource(arn, account, { moto }) {
      const { region, resource } = parseArn(arn);
      return apiPolicy(moto, account, region, resource.split("/", 1)[0] ?? "");
    },
  },

  respond,
};

/** The API, stage and path that a call names. Throws what AWS answers where there is none. */
function partsOf(call: Call): { id: string; stage: string; path: string } {
  const [, id, region] = API_HOST.exec(call.headers.host ?? "") ?? [];
  const [, stage, path] = /^\/([\w-]+)(\/.*)?$/.exec(call.path) ?? [];
  if (!id || !stage || region !== call.region) throw new AwsError("ForbiddenException", "Forbidden");
  return { id, stage, path: path ?? "/" };
}

/** Answers with what the mock integration of an API's method says. */
async function respond({ call, account, gateway }: RequestContext): Promise<ServiceAnswer> {
  const { id, path } = partsOf(call);
  const get = (url: string) => getFromApiGateway(gateway.moto, account, call.region, url);
  const url = `/restapis/${id}/resources`;
  const resources = (await get(url))?.item as { id: string; path: string }[] | undefined;
  const found = resources?.find((resource) => resource.path === path);
  const method = found && (await get(`${url}/${found.id}/methods/${call.method}`));
  // AWS's own words for a method that the API lacks.
  if (!method) throw new AwsError("MissingAuthenticationToken", "Missing Authentication Token");
  // Without it AWS would not authenticate, and the policy would be asked about an anonymous caller.
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
