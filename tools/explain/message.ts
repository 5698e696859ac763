/** The policy types that a refusal may name. https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
const POLICY_TYPES = [
  "identity-based policy",
  "resource-based policy",
  "role trust policy",
  "permissions boundary",
  "session policy",
  "service control policy",
  "resource control policy",
  "VPC endpoint policy",
] as const;
export type PolicyType = (typeof POLICY_TYPES)[number];

/** Why, in the endpoint's words. */
export interface StatedReason {
  type: PolicyType;
  /** True: a Deny statement. False: no statement allows. */
  explicit: boolean;
  /** The policy, where the endpoint names it. */
  policyArn?: string;
}

/** A refused request, as far as the endpoint's message describes it. */
export interface Refusal {
  who?: string;
  action?: string;
  on?: string;
  reason?: StatedReason;
  /** The API's operation, as the AWS CLI names it: often, but not always, the action's name. */
  operation?: string;
}

/** An action with its service as IAM's reference spells it. */
export const lowerService = (action: string) => action.replace(/^[^:]+/, (service) => service.toLowerCase());

/**
 * A message as one line, without what mail, terminals and logs add: marks of quotation, colours, times, typographic
 * quotes, and line breaks inside an ARN.
 */
export function normalizeMessage(message: string): string {
  return (
    message
      // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals colour their text with them
      .replace(/\u001b\[[\d;]*m/g, "")
      .replace(/&(?:gt|#62);/g, ">")
      .replace(/&(?:quot|#34);/g, '"')
      .replace(/[“”„]/g, '"')
      .replace(/[‘’]/g, "'")
      .replace(/\\(["'])/g, "$1")
      .replace(/(?:\r?\n|^)(?:[ \t]*[>|])+/g, "\n")
      .replace(/(?:\n|^)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z /g, "\n")
      .replace(/(\barn:\S*[:/-])\s*\n\s*(?=[\w*])/g, "$1")
      .replace(/\s+/g, " ")
      .trim()
  );
}

/** What follows an ARN or an action in a sentence, a JSON text or a quotation, and is no part of it. */
const withoutPunctuation = (text: string | undefined) => text?.replace(/[.,;:)\]}'"`]+$/, "");

/** Reads an AccessDenied message, with or without its error code before it. */
export function readMessage(message: string): Refusal {
  const text = normalizeMessage(message);
  const [, caller] = /User: "?((?:arn:|anonymous)[^\s"]*)"? is not authorized/.exec(text) ?? [];
  const [, action] = /not authorized to perform:? "?([\w-]+:\w+)/i.exec(text) ?? [];
  const [, resource] = /on (?:the )?resource:? "?((?:arn:|\*)[^\s"]*)/.exec(text) ?? [];
  const [, operation] = /when calling the (\w+) operation/.exec(text) ?? [];
  const who = withoutPunctuation(caller);
  // A log that hides the whole resource leaves asterisks.
  const on = resource?.startsWith("arn:") ? withoutPunctuation(resource) : resource?.match(/^\*(?!\*)/)?.[0];
  const reason = readReason(text);
  return {
    ...(who && { who }),
    // SNS writes SNS:Publish.
    ...(action && { action: lowerService(action) }),
    ...(on && { on }),
    ...(reason && { reason }),
    ...(operation && { operation }),
  };
}

/** Reads the end of a message, `because no … allows …` or `with an explicit deny in …`. */
export function readReason(text: string): StatedReason | undefined {
  const types = POLICY_TYPES.join("|");
  const [, silent] = new RegExp(`because no (${types}) allows`, "i").exec(text) ?? [];
  const [, denying, arn] =
    new RegExp(`explicit deny in an? (${types})(?:: (arn:[^\\s]*[^\\s.]))?`, "i").exec(text) ?? [];
  const named = denying ?? silent;
  const type = POLICY_TYPES.find((each) => each.toLowerCase() === named?.toLowerCase());
  return type && { type, explicit: denying !== undefined, ...(arn && { policyArn: arn }) };
}

/** An account ID that a log does not show: GitHub writes asterisks for what it takes for a secret. */
const MASKED_ARN =
  /^arn:(aws[\w-]*|\*+):(\w[\w-]*):([^:]*):(\*{3,}|[*xX]{4,}\d*|[xX]{12}|<[^>]*>|\[[^\]]*\]|\{[^}]*\}):(.+)$/;

/** An ARN with an account ID in the place of a masked one; the ARN as it is where its ID is shown. */
export function unmask(
  arn: string,
  accountId: string,
  partition: string,
): { arn: string; isMasked: boolean } {
  const [, shownPartition, service, region, , resource] = MASKED_ARN.exec(arn) ?? [];
  if (!service) return { arn, isMasked: false };
  const known = shownPartition?.startsWith("aws") ? shownPartition : partition;
  return { arn: `arn:${known}:${service}:${region}:${accountId}:${resource}`, isMasked: true };
}
