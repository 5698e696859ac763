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

/** What is refused before any policy is asked: an MFA code, or a session or key that is no more. */
const SHOWN = [
  ["mfa", /MultiFactorAuthentication failed/],
  [
    "session",
    /\b(ExpiredToken|RequestExpired|InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|InvalidToken)|security token included in the request is (expired|invalid)|provided token has expired/i,
  ],
] as const;

/** Words that name no one: what they most likely mean, the actions that they answer, and what to give besides. */
const LIKELY: readonly (Likely & { words: RegExp })[] = [
  {
    words: /ciphertext refers to a customer master key/i,
    action: /^kms:/,
    means:
      "the role that asks may not use the KMS key: the setting parameterKeyArn must be the key's ARN, and the key's own policy, which is not this stack's, must let the role's account kms:Decrypt. " +
      "Give --who with the ARN of the role's session, --action kms:Decrypt, --on with the key's ARN",
  },
  {
    words: /perform:? sts:AssumeRoleWithWebIdentity/i,
    action: /^sts:AssumeRoleWithWebIdentity$/,
    means:
      "the role does not exist, or its trust policy names another subject or audience than the job's token. " +
      "Give --who with the token's subject (repo:OWNER/NAME:…), --on with the role's ARN (role-to-assume)",
  },
  {
    words: /^(.*: ?)?Access Denied\.?$/i,
    action: /^s3:/,
    means:
      "S3 refuses, and does not say which side. Give --who (aws sts get-caller-identity), " +
      "--action such as s3:GetObject, or s3:ListBucket for the operations List…, --on arn:aws:s3:::BUCKET/KEY",
  },
];
export interface Likely {
  means: string;
  action: RegExp;
}

/** Why, in the endpoint's words. */
export interface Reason {
  type: PolicyType | (typeof SHOWN)[number][0];
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
  likely?: Likely;
  /** The API's operation, as the AWS CLI names it: often the action's name, and no more than often. */
  operation?: string;
}

/** An action with its service as IAM's reference spells it. */
export const lowerService = (action: string) => action.replace(/^[^:]+/, (service) => service.toLowerCase());

/** Reads an AccessDenied message, with or without its error code before it. */
export function readMessage(message: string): Refusal {
  const text = message.replace(/\s+/g, " ").trim();
  const [, who] = /User: (arn:\S+) is not authorized/.exec(text) ?? [];
  const [, action] = /not authorized to perform:? ([\w-]+:\w+)/i.exec(text) ?? [];
  const [, on] = /on resource: "?([^\s"]+)"?/.exec(text) ?? [];
  const [, operation] = /when calling the (\w+) operation/.exec(text) ?? [];
  const reason = readReason(text);
  const likely = LIKELY.find(({ words }) => words.test(text));
  return {
    ...(who && { who }),
    // SNS writes SNS:Publish.
    ...(action && { action: lowerService(action) }),
    ...(on && { on }),
    ...(reason && { reason }),
    ...(likely && { likely }),
    ...(operation && { operation }),
  };
}

/** Reads the end of a message, `because no … allows …` or `with an explicit deny in …`. */
export function readReason(text: string): Reason | undefined {
  const [shown] = SHOWN.find(([, words]) => words.test(text)) ?? [];
  if (shown) return { type: shown, explicit: false };
  const types = TYPES.join("|");
  const [, silent] = new RegExp(`because no (${types}) allows`, "i").exec(text) ?? [];
  const [, denying, arn] =
    new RegExp(`explicit deny in an? (${types})(?:: (arn:[^\\s]*[^\\s.]))?`, "i").exec(text) ?? [];
  const named = denying ?? silent;
  const type = TYPES.find((one) => one.toLowerCase() === named?.toLowerCase());
  return type && { type, explicit: denying !== undefined, ...(arn && { policyArn: arn }) };
}
