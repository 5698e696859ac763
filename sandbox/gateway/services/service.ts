/** What the gateway knows of one AWS service, always in the same parts, and what its parts are given. */
import type { ValidationError } from "@cloud-copilot/iam-policy";
import type { AwsError, Call, ConditionContext, Protocol, ServiceAnswer } from "../call";
import type { AuthenticatedCaller } from "../caller";
import type { Check, Decision } from "../check";
import type { Moto } from "../moto";
import type { Router } from "../router";
import type { Signature } from "../signature";
import type { Buckets } from "../state/buckets";
import type { IamAccounts } from "../state/iam-accounts";
import type { Identities } from "../state/identities";
import type { MfaDevices } from "../state/mfa-devices";
import type { PrincipalIds } from "../state/principal-ids";
import type { WebIdentities } from "../web-identity";

/** A message to the subscribers of a topic of AWS IoT. */
export interface TopicMessage {
  topic: string;
  payload: Buffer;
  qos: 0 | 1;
}

/** What all requests share. */
export interface Gateway {
  /** The sandbox's account IDs. */
  readonly accounts: readonly string[];
  /** Where the sandbox's accounts are at home. */
  readonly region: string;
  /** Where the gateway listens on the loopback. */
  readonly port: number;
  readonly moto: Moto;
  readonly iam: IamAccounts;
  readonly buckets: Buckets;
  readonly principalIds: PrincipalIds;
  readonly identities: Identities;
  readonly mfaDevices: MfaDevices;
  readonly webIdentities: WebIdentities;
  /** Milliseconds since 1970. */
  clock(): number;
  /** Receives one line per event worth keeping. */
  log(line: string): void;
  /** Whether every decision is such an event. */
  readonly verbose: boolean;
  /** Asks the evaluator about one check, and records its decision. */
  decide(call: EvaluatedCall, caller: AuthenticatedCaller, check: Check): Promise<Decision>;
  /** Asks the evaluator about all checks. Throws AWS's refusal unless all is allowed. */
  require(call: Call, caller: AuthenticatedCaller, checks: readonly Check[]): Promise<Decision[]>;
  /** Delivers a message to the subscribers of an account's topic. */
  publish(account: string, region: string, message: TopicMessage): Promise<void>;
}

/** What the evaluator needs of a request. */
export type EvaluatedCall = Pick<Call, "now" | "region" | "sourceIp" | "headers" | "requestId">;

/** One request on its way. Each step reads it and adds to it. */
export interface RequestContext {
  readonly gateway: Gateway;
  readonly call: Call;
  /** In the request's headers or URL; of a form's upload, in the form, read by step authenticate. */
  signature: Signature | undefined;
  readonly service: Service;
  /** Step authenticate. */
  caller: AuthenticatedCaller;
  /** The caller's account, or the first of the sandbox where the caller has none. */
  callerAccount: string;
  /** Step name: what must be allowed. */
  checks: Check[];
  /** Step name: the account that the request is done in. */
  account: string;
  /** Step authorize: one for each check. */
  decisions: Decision[];
  /** Step forward. */
  answer: ServiceAnswer | undefined;
}

/** What a request means to IAM. */
export interface NamedRequest {
  checks: Check[];
  account: string;
}

/** Names the resources of a type in a request: ARNs, or what comes after the account in one. */
export type ResourceNames = (context: RequestContext, action: string) => string[] | Promise<string[]>;

/** Where a request of a service carries a policy, and how the service refuses it. */
export interface PolicyCarrier {
  /** The policy that a request carries, if it does. */
  document(call: Call): unknown;
  /** The kind of error for a document that is not a policy. */
  malformed: string;
  validate?: (policy: unknown) => ValidationError[];
  /** Characters. @default 32,768 */
  longest?: number;
  /** The error for a principal who does not exist; `%` stands for it. */
  unknownPrincipal: [kind: string, message: string];
  /** Whether the policy belongs to a user, role or group, so names no principals. */
  ofIdentity?: boolean;
  /** Whether the policy is one statement more in the policy of the resource. */
  isAddition?: boolean;
  /** The ARN of the resource that has the policy from then on, where the request is not decided on it. */
  holder?(answer: ServiceAnswer, context: RequestContext): string | undefined;
}

export interface Service {
  /** The service's name in IAM actions. */
  prefix: string;
  /** Undefined where a request's form says it. */
  protocol?: Protocol;
  /** Of the JSON protocol: what stands before the operation in X-Amz-Target. */
  targets?: readonly string[];
  /** Whether an account has it once, not in each Region. */
  global?: boolean;

  /** Of a REST API: the operation for a method and path. */
  routes?: Router<string>;
  /** Of a REST API: the paths whose bodies are their users' data, not parameters. */
  opaqueBodies?: RegExp;
  /** Operations whose IAM actions have other names; the rest have their own. */
  actions?: Record<string, readonly string[]>;
  /** The IAM actions of a request whose parts need different ones; undefined for another, or where they cannot be read. */
  actionsOf?(context: RequestContext): readonly string[] | undefined;
  /** How a request names resources, by IAM's resource type. */
  resources?: Record<string, ResourceNames>;
  /** Names a request as a whole, where `routes`, `actions` and `resources` cannot; undefined where they can. */
  name?(context: RequestContext): Promise<NamedRequest | undefined>;
  /** What a request needs beyond its own action. */
  furtherChecks?(context: RequestContext, checks: readonly Check[]): Promise<Check[]>;
  /** Whether a request about a resource of another account is still done in the caller's. */
  ownAccountOnly?: boolean;

  conditionKeys?: {
    /** Those that the gateway fills where AWS does; `*` for any ending. A policy that tests another is not judged. */
    fills?: readonly string[];
    /** Those that stand in the request. */
    ofRequest?(context: RequestContext): ConditionContext;
    /** Those of the request that count for this resource. @default all */
    ofCheck?(keys: ConditionContext, resource: string, context: RequestContext): ConditionContext;
    /** Those that a resource brings. */
    ofResource?(arn: string, account: string, context: RequestContext): Promise<ConditionContext>;
  };

  policies?: {
    /** The policy of the resource that an ARN names, or undefined when it has none. */
    ofResource?(arn: string, account: string, gateway: Gateway): Promise<unknown>;
    /** The ARN of what has the policy for this resource, where it is another. */
    holder?(arn: string): string;
    carriers?: readonly PolicyCarrier[];
    /** AWS's error for a policy in a request to change `resource`, beyond its grammar; undefined where AWS takes it. */
    refuse?(
      context: RequestContext,
      resource: string,
      policy: unknown,
    ): Promise<AwsError | undefined> | AwsError | undefined;
    /** Actions that a resource's own policy cannot open to another account, and how AWS refuses them. */
    ownerOnly?: readonly { actions: RegExp; error: AwsError }[];
  };

  errors?: {
    /** Codes of its own, by the kind of failure. */
    codes?: Record<string, string>;
    /** The version in the namespace of the query protocol's errors. */
    apiVersion?: string;
    /** AWS's refusal, where its words are the service's own. */
    accessDenied?(arn: string, check: Check, because: string): string;
  };

  /** Whether a request may come without a signature. */
  unsigned?: boolean;
  /** Finds or refuses the caller further than its signature does, and completes what the request leaves to that. */
  authenticate?(context: RequestContext): Promise<void> | void;
  /** Decides in place of `require`. */
  authorize?(context: RequestContext): Promise<Decision[]>;
  /** Answers an allowed request in place of moto. */
  respond?(context: RequestContext): Promise<ServiceAnswer>;
}
