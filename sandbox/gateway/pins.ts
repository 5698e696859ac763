/**
 * Policies on their way to moto: what AWS refuses is refused, and whom they name is remembered.
 *
 * A user or role named in a policy's Principal means the one that had this name when the policy was written: AWS keeps
 * its unique ID, so one made anew under the same name is a stranger, and one that does not exist is refused.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
import {
  type ValidationError,
  validateIdentityPolicy,
  validateResourcePolicy,
  validateTrustPolicy,
} from "@cloud-copilot/iam-policy";
import { AwsError, type Call, type Params, text } from "./call";
import type { Policies } from "./policies";
import { refusedPolicy, statementsOf } from "./refused-policies";

interface Carrier {
  /** The policy that a request carries, if it does. */
  document: (params: Params, call: Call) => unknown;
  /** The error for a document that is no policy. */
  malformed: string;
  validate?: (policy: unknown) => ValidationError[];
  /** The error for a principal who does not exist. */
  stranger: [kind: string, message: string];
}

const trusts: Record<string, string> = {
  CreateRole: "AssumeRolePolicyDocument",
  UpdateAssumeRolePolicy: "PolicyDocument",
};
const identityPolicies = /^(Put(User|Role|Group)Policy|CreatePolicy(Version)?)$/;

/** Where a request of each service carries a policy, and how the service refuses it. */
const carriers: Record<string, Carrier[]> = {
  iam: [
    {
      document: (params, { operation }) => params[trusts[operation] ?? ""],
      malformed: "MalformedPolicyDocument",
      validate: validateTrustPolicy,
      stranger: ["MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"%"'],
    },
    {
      document: (params, { operation }) => identityPolicies.test(operation) && params.PolicyDocument,
      malformed: "MalformedPolicyDocument",
      validate: validateIdentityPolicy,
      stranger: ["MalformedPolicyDocument", "Policy document should not specify a principal."],
    },
  ],
  s3: [
    {
      document: (_, call) => call.method === "PUT" && "policy" in call.query && call.body.toString(),
      malformed: "MalformedPolicy",
      stranger: ["MalformedPolicy", "Invalid principal in policy"],
    },
  ],
  sns: [
    {
      document: (params) => params.AttributeName === "Policy" && params.AttributeValue,
      malformed: "InvalidParameter",
      stranger: ["InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"],
    },
  ],
  sqs: [
    {
      document: (params) => (params.Attributes as Params | undefined)?.Policy,
      malformed: "InvalidAttributeValue",
      stranger: ["InvalidAttributeValue", "Invalid value for the parameter Policy."],
    },
  ],
  ecr: [
    {
      document: (params) => params.policyText,
      malformed: "InvalidParameterException",
      stranger: [
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
      ],
    },
  ],
  kms: [
    {
      document: (params) => params.Policy,
      malformed: "MalformedPolicyDocumentException",
      stranger: [
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
      ],
    },
  ],
};

const principalsOf = (element: unknown): string[] =>
  element && typeof element === "object" ? [(element as { AWS?: string | string[] }).AWS ?? []].flat() : [];
/** No part of a principal may be a wildcard, only the whole. */
const wellFormed =
  /^(\*|\d{12}|A(IDA|ROA)\w+|arn:[\w-]+:iam::(\d{12}:(root|(user|role)\/[^*?]+)|cloudfront:user\/.+)|arn:[\w-]+:sts::\d{12}:(assumed-role|federated-user)\/[^*?]+)$/;
const ofOne = /^arn:[^:]*:iam::(\d{12}):(user|role)\/(?:.*\/)?([^/]+)$/;

export class Pins {
  /** Resource ARN to principal ARN to unique ID. */
  private readonly pins = new Map<string, Map<string, string>>();

  constructor(private readonly policies: Policies) {}

  /** The unique ID of the user or role that has this ARN now; undefined where the sandbox cannot know. */
  private async idOf(arn: string): Promise<string | null | undefined> {
    const [, account, kind, name] = ofOne.exec(arn) ?? [];
    if (!account || !this.policies.ids.includes(account)) return undefined;
    const { users, roles } = await this.policies.account(account);
    const found = (kind === "user" ? users : roles).get(name!);
    return found?.arn === arn ? found.id : null;
  }

  /**
   * Finds whom the policy in a request to change `resource` means; gives what remembers it once the request is done.
   * Throws what the service does for one unknown,
   * and for a document that is no policy.
   */
  async pin(call: Call, resource: string, account: string): Promise<() => void> {
    const carrier = carriers[call.service]?.find((one) => text(one.document(call.params, call)));
    const document = carrier && text(carrier.document(call.params, call));
    if (!document) return () => {};
    let policy: unknown;
    try {
      policy = JSON.parse(document);
    } catch {
      throw new AwsError(carrier.malformed, "Syntax errors in policy.", 400);
    }
    const [wrong] = (carrier.validate ?? validateResourcePolicy)(policy);
    if (wrong) throw new AwsError(carrier.malformed, `${wrong.path}: ${wrong.message}`, 400);
    const refused = await refusedPolicy(call, resource, account, policy, this.policies);
    if (refused) throw refused;
    const pins = new Map<string, string>();
    for (const { Principal, NotPrincipal } of statementsOf(policy))
      for (const arn of [...principalsOf(Principal), ...principalsOf(NotPrincipal)]) {
        const id = wellFormed.test(arn) ? await this.idOf(arn) : null;
        if (id === null) throw new AwsError(carrier.stranger[0], carrier.stranger[1].replace("%", arn), 400);
        if (id) pins.set(arn, id);
      }
    return () => void this.pins.set(resource, pins);
  }

  /** The policy as it means today: who is no more stands there as a unique ID, which nobody has. */
  async resolve(resource: string, policy: unknown): Promise<unknown> {
    if (!policy) return policy;
    const strangers = new Map<string, string>();
    for (const [arn, id] of this.pins.get(resource) ?? [])
      if ((await this.idOf(arn)) !== id) strangers.set(arn, id);
    if (!strangers.size) return policy;
    const renamed = (element: unknown) =>
      element && typeof element === "object" && "AWS" in element
        ? { ...element, AWS: principalsOf(element).map((arn) => strangers.get(arn) ?? arn) }
        : element;
    return {
      ...(policy as object),
      Statement: statementsOf(policy).map((one) => ({
        ...one,
        ...("Principal" in one ? { Principal: renamed(one.Principal) } : {}),
        ...("NotPrincipal" in one ? { NotPrincipal: renamed(one.NotPrincipal) } : {}),
      })),
    };
  }
}
