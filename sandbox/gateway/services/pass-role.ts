/** A role that a request hands to an AWS service. */
import { buildArn, lastName, parseArn } from "../arn";
import { AwsError } from "../call";
import type { Check } from "../check";
import type { RequestContext } from "./service";

/**
 * What it needs to hand a role to a service, named as `lambda.amazonaws.com`. Throws ValidationException where it is no role.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
export function passRoleCheck(role: string, service: string): Check {
  if (!/^arn:[\w-]+:iam::\d{12}:role\/./.test(role))
    throw new AwsError("ValidationException", `${role} is not the ARN of a role`, 400);
  return {
    action: "iam:PassRole",
    resource: role,
    account: parseArn(role).accountId,
    context: { "iam:PassedToService": service },
  };
}

/** Whether the policies of a role of the request's account allow it an action. */
export async function roleIsAllowed(
  { call, gateway }: RequestContext,
  role: string,
  action: string,
  resource: string,
): Promise<boolean> {
  const { accountId: account, resourcePath } = parseArn(role);
  const name = lastName(resourcePath);
  const uniqueId = (await gateway.iam.entity(role))?.id ?? "";
  const arn = buildArn("sts", "", account, `assumed-role/${name}/service`, call.region);
  const caller = { accessKeyId: "", secret: "", account, arn, type: "AssumedRole" as const, name, uniqueId };
  const check = { action, resource, account: parseArn(resource).accountId, context: {} };
  return (await gateway.decide(call, caller, check)).allowed;
}

/** Throws `refusal` where the trust policy of a role does not let a service assume it for a resource of the request's account. */
export async function requireTrust(
  { call, account, gateway }: RequestContext,
  role: string,
  service: string,
  resource: string,
  refusal: AwsError,
): Promise<void> {
  const { allowed } = await gateway.decide(
    call,
    { service },
    {
      action: "sts:AssumeRole",
      resource: role,
      account: parseArn(role).accountId,
      context: { "aws:SourceArn": resource, "aws:SourceAccount": account },
    },
  );
  if (!allowed) throw refusal;
}
