import type { ConditionContext } from "./call";
import { type AuthenticatedCaller, type CallerPrincipal, principalOf, userIdOf } from "./caller";
import type { IamAccounts } from "./state/iam-accounts";

/** The condition keys that a caller brings to every request. `now` in milliseconds since 1970. */
export async function callerContext(
  caller: AuthenticatedCaller,
  iam: IamAccounts,
  now: number,
): Promise<ConditionContext> {
  const principal = principalOf(caller);
  if (principal) return principalContext(principal, iam, now);
  const service = caller && "service" in caller;
  return {
    "aws:PrincipalType": service ? "Service" : "Anonymous",
    "aws:PrincipalIsAWSService": String(service === true),
    "aws:ViaAWSService": "false",
    ...(caller && "federated" in caller ? caller.context : {}),
  };
}

async function principalContext(
  principal: CallerPrincipal,
  iam: IamAccounts,
  now: number,
): Promise<ConditionContext> {
  const { users, roles } = await iam.account(principal.account);
  const { session } = principal;
  const isFederated = principal.type === "FederatedUser";
  const owner = (principal.type === "AssumedRole" ? roles : users).get(principal.name);
  const context: ConditionContext = {
    // Of a role's session, the role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    "aws:PrincipalArn": (isFederated ? undefined : owner?.arn) ?? principal.arn,
    "aws:PrincipalAccount": principal.account,
    "aws:PrincipalType": principal.type,
    "aws:userid": userIdOf(principal),
    "aws:PrincipalIsAWSService": "false",
    "aws:ViaAWSService": "false",
  };
  const organization = iam.organizationOf(principal.account);
  if (organization) {
    context["aws:PrincipalOrgID"] = organization;
    context["aws:PrincipalOrgPaths"] = [`${organization}/r-root/`];
  }
  if (principal.type === "User") context["aws:username"] = principal.name;
  for (const [key, value] of Object.entries({ ...owner?.tags, ...session?.tags }))
    context[`aws:PrincipalTag/${key}`] = value;
  if (!session) return context;
  context["aws:TokenIssueTime"] = new Date(session.issued).toISOString();
  if (session.federatedProvider) context["aws:FederatedProvider"] = session.federatedProvider;
  if (session.sourceIdentity) context["aws:SourceIdentity"] = session.sourceIdentity;
  if (session.instance) {
    context["ec2:SourceInstanceArn"] = session.instance;
    context["ec2:RoleDelivery"] = "2.0";
  }
  if (session.mfaAt !== undefined) {
    context["aws:MultiFactorAuthPresent"] = String(session.mfaAt !== false);
    if (session.mfaAt !== false)
      context["aws:MultiFactorAuthAge"] = String(Math.floor((now - session.mfaAt) / 1000));
  }
  return context;
}
