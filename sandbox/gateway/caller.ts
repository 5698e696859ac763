/** Who makes a request. */
import type { ConditionContext } from "./call";

/** A caller whose signature is to be checked with `secret`. */
export interface CallerPrincipal {
  accessKeyId: string;
  secret: string;
  account: string;
  arn: string;
  type: "User" | "AssumedRole" | "FederatedUser";
  /** The name of the role, or of the user; of a federated user, that of the IAM user who asked for the session. */
  name: string;
  /** AWS's unique ID of the user or role: sessions of one that was created again under the same name are void. */
  uniqueId: string;
  session?: Session;
}

/** What temporary credentials carry. Times in milliseconds since 1970. */
export interface Session {
  token: string;
  issued: number;
  expires: number;
  /** The name of the role session or of the federated user; absent for GetSessionToken. */
  name?: string;
  /** The ARN of the IAM user behind a federated user. */
  user?: string;
  /** When MFA was done, for GetSessionToken; `false` when it was not. Credentials of AssumeRole carry neither. */
  mfaAt?: number | false;
  tags: Record<string, string>;
  transitive: string[];
  sourceIdentity?: string;
  /** The ARN of the provider whose token the credentials were given for. */
  federatedProvider?: string;
  /** Credentials of an EC2 instance profile: to assume a role with them is no role chaining. */
  instance?: string;
  policies: unknown[];
}

export type SessionPrincipal = CallerPrincipal & { session: Session };

/** An AWS service that acts for itself, such as `ec2.amazonaws.com` handing out an instance profile's role. */
export interface ServicePrincipal {
  service: string;
}

/** A caller without AWS credentials whose token was accepted by a provider of the account. */
export interface FederatedPrincipal {
  /** ARN of the OpenID Connect provider. */
  federated: string;
  subject: string;
  audience: string;
  /** The condition keys that the token gives. */
  context: ConditionContext;
}

/** Undefined where a request is anonymous. */
export type AuthenticatedCaller = CallerPrincipal | ServicePrincipal | FederatedPrincipal | undefined;

/** The caller as an IAM user or role, or undefined for any other. */
export const principalOf = (caller: AuthenticatedCaller): CallerPrincipal | undefined =>
  caller && "arn" in caller ? caller : undefined;

/** AWS's user ID of a caller, as GetCallerIdentity and `aws:userid` give it. */
export const userIdOf = ({ type, account, uniqueId, session }: CallerPrincipal): string =>
  session?.name ? `${type === "FederatedUser" ? account : uniqueId}:${session.name}` : uniqueId;

/** The caller's ARN, a job's subject, a service's name, or `anonymous`. */
export const nameOf = (caller: AuthenticatedCaller): string => {
  if (!caller) return "anonymous";
  if ("arn" in caller) return caller.arn;
  return "service" in caller ? caller.service : `${caller.federated} ${caller.subject}`;
};
