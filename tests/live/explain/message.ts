/** The policy types that a refusal may name. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
const TYPES = [
  "identity-based policy",
  "resource-based policy",
  "role trust policy",
  "permissions boundary",
  "session policy",
  "service control policy",
  "resource control policy",
  "VPC endpoint policy",
] as const;
export type PolicyType = (typeof TYPES)[number];

/** Why, in the endpoint's words: `mfa` where the MFA code itself was not accepted. */
export interface Reason {
  type: PolicyType | "mfa";
  /** True: a Deny statement. False: no statement allows. */
  explicit: boolean;
  /** The policy, where the endpoint names it. */
  policyArn?: string;
}

/** What an endpoint's refusal says; what it does not say is left out. */
export interface Refusal {
  who?: string;
  action?: string;
  on?: string;
  reason?: Reason;
}

/** Reads an AccessDenied message, with or without its error code before it. */
export function readMessage(message: string): Refusal {
  const text = message.replace(/\s+/g, " ");
  const [, who] = /User: (arn:\S+) is not authorized/.exec(text) ?? [];
  const [, action] = /not authorized to perform: ([\w-]+:\w+)/i.exec(text) ?? [];
  const [, on] = /on resource: "?([^\s"]+)"?/.exec(text) ?? [];
  const reason = readReason(text);
  return {
    ...(who && { who }),
    // SNS writes SNS:Publish.
    ...(action && { action: action.replace(/^[^:]+/, (service) => service.toLowerCase()) }),
    ...(on && { on }),
    ...(reason && { reason }),
  };
}

/** Reads the end of a message, `because no … allows …` or `with an explicit deny in …`. */
export function readReason(text: string): Reason | undefined {
  if (/^(\w+: )?MultiFactorAuthentication failed/.test(text)) return { type: "mfa", explicit: false };
  const types = TYPES.join("|");
  const [, silent] = new RegExp(`because no (${types}) allows`, "i").exec(text) ?? [];
  const [, denying, arn] =
    new RegExp(`explicit deny in an? (${types})(?:: (arn:[^\\s]*[^\\s.]))?`, "i").exec(text) ?? [];
  const named = denying ?? silent;
  const type = TYPES.find((one) => one.toLowerCase() === named?.toLowerCase());
  return type && { type, explicit: denying !== undefined, ...(arn && { policyArn: arn }) };
}
