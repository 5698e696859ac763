/** A role that a request hands to an AWS service. */
import { parseArn } from "../arn";
import type { AwsError } from "../call";
import type { Check } from "../check";
import type { RequestContext } from "./service";

/**
 * What it needs to hand a role to a service, named as `lambda.amazonaws.com`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
export const passRoleCheck = (role: string, service: string): Check => ({
  action: "iam:PassRole",
  resource: role,
  account: parseArn(role).accountId,
  context: { "iam:PassedToService": service },
});

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
