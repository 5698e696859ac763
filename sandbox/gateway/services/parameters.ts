/** How requests name resources: readers that the services share. */
import { buildArn, parseArn } from "../arn";
import { AwsError, requestTags, values } from "../call";
import type { Check } from "../check";
import type { RequestContext, ResourceNames } from "./service";

/** All values of these parameters. */
export const parameters = ({ call }: RequestContext, ...names: string[]): string[] =>
  names.flatMap((name) => values(call.params, name));

/** Resources named in these parameters by an ARN, or by what follows `prefix` in one. */
export const namedBy =
  (prefix: string, ...names: string[]): ResourceNames =>
  (context) =>
    parameters(context, ...names).map((name) => (name.startsWith("arn:") ? name : prefix + name));

/** An ARN of the service in the request's Region. */
export const arnIn = (
  { call, service }: RequestContext,
  account: string,
  resource: string,
  prefix = service.prefix,
): string =>
  buildArn(
    prefix,
    service.global && prefix === service.prefix ? "" : call.region,
    account,
    resource,
    call.region,
  );

/** What it needs to tag what a request creates: the service's action for tags, on the same resources. */
export const tagsAtCreation = (
  { call, service }: RequestContext,
  checks: readonly Check[],
  action: string,
): Check[] =>
  /^(Create|Put|Register|Upload)/.test(call.operation) && Object.keys(requestTags(call.params)).length
    ? checks.map((check) => ({ ...check, action: `${service.prefix}:${action}` }))
    : [];

/** In the ARNs that a request of a service of the JSON protocol names. */
const REGIONAL = /^arn:[\w-]+:([\w-]+):[\w-]+:(\d{12})?:./;
/** SSM names instances of EC2. */
const NAMED_ALSO = "ec2";

/** Refuses what is no ARN of the service, or one in another Region: moto would take the one of its name in the request's. */
export function requireRegion(resource: string, { call, service }: RequestContext): void {
  const { region, service: prefix } = parseArn(resource);
  const isOther = ![service.prefix, NAMED_ALSO].includes(REGIONAL.exec(resource)?.[1] ?? "");
  if (call.protocol === "json" && isOther)
    throw new AwsError("ValidationException", `${resource} is not an ARN of ${service.prefix}`, 400);
  if (prefix === service.prefix && region && region !== call.region)
    throw new AwsError("ValidationException", `${resource} is not in Region ${call.region}`, 400);
}
