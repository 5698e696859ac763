/** Asks the evaluator with all that applies to a check, and keeps a record of what was decided. */

import { parseArn } from "./arn";
import { AwsError, type Call, type ConditionContext } from "./call";
import { type AuthenticatedCaller, nameOf, principalOf } from "./caller";
import { callerContext } from "./caller-context";
import type { Check, Decision } from "./check";
import { accessDenied } from "./errors";
import { evaluate } from "./evaluate";
import { keysIn } from "./policy-keys";
import { serviceOf, serviceOfArn } from "./services";
import type { EvaluatedCall, Gateway } from "./services/service";
import { isFilled } from "./unjudged";

/** One decision, as `GET /_sandbox/decisions` gives it. */
export interface DecisionRecord {
  number: number;
  time: string;
  requestId: string;
  /** ARN, or `anonymous`. */
  who: string;
  action: string;
  resource: string;
  account: string;
  allowed: boolean;
  /** The statements that decided, and for a refusal AWS's reason. */
  by: string[];
  because?: string;
  note?: string;
}

const MAX_RECORDS = 2000;
/** Longer than any ARN of AWS. */
const MAX_RESOURCE = 4096;

export class Decisions {
  private readonly records: DecisionRecord[] = [];
  private count = 0;

  constructor(private readonly gateway: Gateway) {}

  /** The records after number `since`. */
  list(since: number): DecisionRecord[] {
    return this.records.filter(({ number }) => number > since);
  }

  async require(call: Call, caller: AuthenticatedCaller, checks: readonly Check[]): Promise<Decision[]> {
    const decisions: Decision[] = [];
    for (const check of checks) {
      if (check.resource.length > MAX_RESOURCE)
        throw new AwsError(
          "ValidationError",
          `A resource's name has at most ${MAX_RESOURCE} characters`,
          400,
        );
      const decision = await this.decide(call, caller, check);
      if (!decision.allowed) throw refusal(call, caller, check, decision);
      decisions.push(decision);
    }
    return decisions;
  }

  async decide(call: EvaluatedCall, caller: AuthenticatedCaller, check: Check): Promise<Decision> {
    const { iam, buckets, accounts } = this.gateway;
    const principal = principalOf(caller);
    const own = principal && (await iam.policiesOf(principal.account, principal.type, principal.name));
    const owned = check.resource !== "*" && accounts.includes(check.account);
    const resourcePolicy = owned ? await this.resourcePolicy(check) : undefined;
    const { service, resource } = parseArn(check.resource);
    const bucket = service === "s3" && resourcePolicy ? resource.split("/", 1)[0] : undefined;
    const identityPolicies = own?.identity ?? [];
    const sessionPolicies = principal?.session?.policies ?? [];
    const policies = [...identityPolicies, ...(own?.boundary ?? [])].map(({ policy }) => policy);
    const completed = await complete(check, [...policies, ...sessionPolicies, resourcePolicy]);
    const decision = await evaluate({
      caller,
      check: completed,
      region: call.region,
      context: {
        ...requestContext(call, check, iam.organizationOf(check.account)),
        ...(await callerContext(caller, iam, call.now.getTime())),
        ...completed.context,
      },
      identityPolicies,
      boundary: own?.boundary,
      sessionPolicies,
      resourcePolicy,
      blocksPublicAccess: bucket
        ? await buckets.blocks(bucket, check.account, "RestrictPublicBuckets")
        : undefined,
    });
    this.record(call, caller, check, decision);
    return decision;
  }

  /** The policy of a check's resource, as it means today. */
  private async resourcePolicy({ resource, account }: Check): Promise<unknown> {
    const policies = serviceOfArn(parseArn(resource).service)?.policies;
    const policy = await policies?.ofResource?.(resource, account, this.gateway);
    return this.gateway.principalIds.resolve(policies?.holder?.(resource) ?? resource, policy);
  }

  private record(call: EvaluatedCall, caller: AuthenticatedCaller, check: Check, decision: Decision): void {
    const { action, resource, account } = check;
    const { allowed, by, because, note } = decision;
    const who = nameOf(caller);
    this.records.push({
      number: ++this.count,
      time: call.now.toISOString(),
      requestId: call.requestId,
      who,
      action,
      resource,
      account,
      allowed,
      by,
      ...(because && { because }),
      ...(note && { note }),
    });
    if (this.records.length > MAX_RECORDS) this.records.shift();
    if (note || this.gateway.verbose)
      this.gateway.log(
        [call.requestId, who, action, resource, note, allowed ? "allowed" : "refused"]
          .filter(Boolean)
          .join(" "),
      );
  }
}

/** A check with the condition keys that its resource brings, where one of the policies uses them. */
async function complete(check: Check, policies: unknown[]): Promise<Check> {
  const given = Object.keys(check.context);
  const uses = check.more && policies.flatMap(keysIn).some((key) => !isFilled(key, given));
  return uses ? { ...check, context: { ...check.context, ...(await check.more?.()) } } : check;
}

/** The condition keys of every request, by any caller. */
function requestContext(
  call: EvaluatedCall,
  check: Check,
  resourceOrganization: string | undefined,
): ConditionContext {
  const { now, sourceIp, region, headers } = call;
  return {
    "aws:CurrentTime": now.toISOString(),
    "aws:EpochTime": String(Math.floor(now.getTime() / 1000)),
    "aws:SourceIp": sourceIp,
    // The loopback stands for TLS: deployed policies refuse plain HTTP, as they should.
    "aws:SecureTransport": "true",
    "aws:RequestedRegion": region,
    "aws:ResourceAccount": check.account,
    ...(headers["user-agent"] && { "aws:UserAgent": headers["user-agent"] }),
    ...(headers.referer && { "aws:Referer": headers.referer }),
    ...(resourceOrganization && {
      "aws:ResourceOrgID": resourceOrganization,
      "aws:ResourceOrgPaths": [`${resourceOrganization}/r-root/`],
    }),
  };
}

function refusal(
  call: Call,
  caller: AuthenticatedCaller,
  check: Check,
  { because, unjudged }: Decision,
): AwsError {
  if (unjudged) return new AwsError("AccessDenied", `Not allowed: ${unjudged}`);
  if (caller && "federated" in caller)
    return new AwsError("AccessDenied", `Not authorized to perform ${check.action}`);
  const principal = principalOf(caller);
  if (!principal) return new AwsError("AccessDenied", "Access Denied");
  const words = serviceOf(call).errors?.accessDenied ?? accessDenied;
  return new AwsError("AccessDenied", words(principal.arn, check, because));
}
