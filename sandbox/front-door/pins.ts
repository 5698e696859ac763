/**
 * A user or role named in a policy's Principal means the one that had this name when the policy was written: AWS keeps
 * its unique ID, so one made anew under the same name is a stranger, and one that does not exist is refused.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
import { AwsError, type Call, type Params, text } from "./call";
import type { Policies } from "./policies";

interface Statement {
  Principal?: unknown;
  NotPrincipal?: unknown;
}

/** Where a request carries a policy with principals, and how its service refuses one who does not exist. */
const carriers: Record<
  string,
  { document: (params: Params, call: Call) => unknown; error: [kind: string, message: string] }
> = {
  iam: {
    document: (params, { operation }) =>
      operation === "CreateRole"
        ? params.AssumeRolePolicyDocument
        : operation === "UpdateAssumeRolePolicy" && params.PolicyDocument,
    error: ["MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"%"'],
  },
  s3: {
    document: (_, call) => call.method === "PUT" && "policy" in call.query && call.body.toString(),
    error: ["MalformedPolicy", "Invalid principal in policy"],
  },
  sns: {
    document: (params) => params.AttributeName === "Policy" && params.AttributeValue,
    error: ["InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"],
  },
  sqs: {
    document: (params) => (params.Attributes as Params | undefined)?.Policy,
    error: ["InvalidAttributeValue", "Invalid value for the parameter Policy."],
  },
  ecr: {
    document: (params) => params.policyText,
    error: [
      "InvalidParameterException",
      "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
    ],
  },
  kms: {
    document: (params) => params.Policy,
    error: [
      "MalformedPolicyDocumentException",
      "Policy contains a statement with one or more invalid principals.",
    ],
  },
};

const statementsOf = (policy: unknown): Statement[] =>
  [(policy as { Statement?: Statement | Statement[] } | undefined)?.Statement ?? []].flat();
const principalsOf = (element: unknown): string[] =>
  element && typeof element === "object" ? [(element as { AWS?: string | string[] }).AWS ?? []].flat() : [];
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
   * Throws what the service does for one unknown.
   */
  async pin(call: Call, resource: string): Promise<() => void> {
    const nothing = () => {};
    const carrier = carriers[call.service];
    const document = text(carrier?.document(call.params, call));
    if (!carrier || !document) return nothing;
    let policy: unknown;
    try {
      policy = JSON.parse(document);
    } catch {
      return nothing; // Not a policy: moto says so.
    }
    const pins = new Map<string, string>();
    for (const { Principal, NotPrincipal } of statementsOf(policy))
      for (const arn of [...principalsOf(Principal), ...principalsOf(NotPrincipal)]) {
        const id = await this.idOf(arn);
        if (id === null) throw new AwsError(carrier.error[0], carrier.error[1].replace("%", arn), 400);
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
