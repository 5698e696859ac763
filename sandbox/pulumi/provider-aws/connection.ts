import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { type fromEnv, fromIni, fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import * as grpc from "@grpc/grpc-js";
import { type AccountLocation, arn, dnsSuffix, partitionOf } from "../../../infra/access/arn";
import { UserError } from "../../../infra/user-error";
import { RpcError } from "../rpc";
import type { Tags, Values } from "./values";

/** What every client of the AWS SDK for JavaScript v3 has, as far as it is needed here. */
interface SdkClient {
  middlewareStack: { add(middleware: unknown, options: { step: "initialize"; name: string }): void };
}

interface AssumeRole {
  roleArn?: string;
  sessionName?: string;
  externalId?: string;
  duration?: string;
  policy?: string;
  policyArns?: string[];
  sourceIdentity?: string;
  tags?: Tags;
  transitiveTagKeys?: string[];
}

/** The provider's configuration, as @pulumi/aws's ProviderArgs has it. */
export interface Configuration {
  region?: string;
  profile?: string;
  accessKey?: string;
  secretKey?: string;
  token?: string;
  allowedAccountIds?: string[];
  forbiddenAccountIds?: string[];
  assumeRoles?: AssumeRole[];
  endpoints?: Record<string, string>[];
  sharedConfigFiles?: string[];
  sharedCredentialsFiles?: string[];
  defaultTags?: { tags?: Tags };
  maxRetries?: number;
  s3UsePathStyle?: boolean;
  skipCredentialsValidation?: boolean;
  skipRequestingAccountId?: boolean;
}

/** Settings that change nothing here: what they skip is never done, or AWS's SDK does it by itself. */
const IGNORED_SETTINGS = [
  "skipRegionValidation",
  "skipMetadataApiCheck",
  "retryMode",
  "stsRegion",
  "version",
  "userAgents",
];
const KNOWN_SETTINGS = [
  "region",
  "profile",
  "accessKey",
  "secretKey",
  "token",
  "allowedAccountIds",
  "forbiddenAccountIds",
  "assumeRoles",
  "endpoints",
  "sharedConfigFiles",
  "sharedCredentialsFiles",
  "defaultTags",
  "maxRetries",
  "s3UsePathStyle",
  "skipCredentialsValidation",
  "skipRequestingAccountId",
];

export const PROVIDER_SETTINGS = [...KNOWN_SETTINGS, ...IGNORED_SETTINGS];

/** Names of provider settings that the stand-in would have to ignore. */
export const unknownSettings = (values: Values): string[] =>
  Object.keys(values).filter((name) => !PROVIDER_SETTINGS.includes(name) && !name.startsWith("__"));

/** The engine sends provider settings as text; whatever is not text is JSON in it. */
export function parseConfiguration(values: Values): Configuration {
  const parse = (value: unknown) => {
    try {
      return typeof value === "string" && /^(true$|false$|[[{])/.test(value) ? JSON.parse(value) : value;
    } catch {
      return value;
    }
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, parse(value)]),
  ) as Configuration;
}

/** An error of AWS with all that finds it again: service, operation, status, request ID, code. */
export class AwsCallError extends UserError {
  /** The code, by which waiters of the AWS SDK know an error. */
  override readonly name: string;

  constructor(
    readonly code: string,
    readonly status: number | undefined,
    text: string,
  ) {
    super(text);
    this.name = code;
  }
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof AwsCallError &&
  (error.status === 404 || /NotFound|NoSuch|DoesNotExist|NonExistent/.test(error.code));

/** What errors of the AWS SDK carry, as far as it is needed here; `Error` where the protocol is AWS Query. */
interface SdkError extends Error {
  $metadata?: { httpStatusCode?: number; requestId?: string };
  Error?: { Code?: string };
}

function describe(error: SdkError, service: string, operation: string): AwsCallError {
  const { httpStatusCode: status, requestId } = error.$metadata ?? {};
  const code = error.Error?.Code ?? error.name;
  const answer = status
    ? `https response error StatusCode: ${status}, RequestID: ${requestId ?? "none"}, `
    : "";
  const message = /Deserialization error/.test(error.message)
    ? "the answer is none of AWS's"
    : error.message || error.cause || "no message";
  return new AwsCallError(
    code,
    status,
    `operation error ${service}: ${operation}, ${answer}${code}: ${message}`,
  );
}

type Credentials = ReturnType<typeof fromEnv>;

const keyPair =
  (accessKeyId: string, secretAccessKey: string, sessionToken: string | undefined): Credentials =>
  async () => ({ accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) });

/** None: the AWS SDK finds credentials by itself. */
const profileCredentials = (profile: string | undefined): Credentials | undefined =>
  profile ? (fromIni({ profile }) as Credentials) : undefined;

/** The AWS account that a provider works in: its identity, its region and a client for each service. */
export class AwsConnection {
  readonly #clients = new Map<string, unknown>();
  #identity = { Account: "", Arn: "", UserId: "" };
  region = "";

  constructor(readonly configuration: Configuration) {
    // Each provider is a separate process, so its profile can be the process's: endpoint_url follows only AWS_PROFILE.
    if (configuration.profile) process.env.AWS_PROFILE = configuration.profile;
    const [config] = configuration.sharedConfigFiles ?? [];
    const [credentials] = configuration.sharedCredentialsFiles ?? [];
    if (config) process.env.AWS_CONFIG_FILE = config;
    if (credentials) process.env.AWS_SHARED_CREDENTIALS_FILE = credentials;
  }

  get account(): string {
    return this.#identity.Account;
  }

  get identity() {
    return this.#identity;
  }

  get partition(): string {
    return partitionOf(this.region);
  }

  get dnsSuffix(): string {
    return dnsSuffix(this.#location());
  }

  arn(service: string, resource: string, region = this.region): string {
    return arn(this.#location(region), service, resource);
  }

  #location(region = this.region): AccountLocation {
    return { partition: partitionOf(region), region, accountId: this.account };
  }

  #credentials() {
    const { accessKey, secretKey, token, profile, assumeRoles = [] } = this.configuration;
    const own = accessKey && secretKey ? keyPair(accessKey, secretKey, token) : profileCredentials(profile);
    return assumeRoles.reduce(
      (masterCredentials, role) =>
        fromTemporaryCredentials({
          ...(masterCredentials && { masterCredentials }),
          params: {
            RoleArn: role.roleArn ?? "",
            RoleSessionName: role.sessionName ?? `pulumi-${process.pid}`,
            ExternalId: role.externalId,
            DurationSeconds: role.duration ? seconds(role.duration) : undefined,
            Policy: role.policy,
            PolicyArns: role.policyArns?.map((arn) => ({ arn })),
            SourceIdentity: role.sourceIdentity,
            Tags: role.tags && Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })),
            TransitiveTagKeys: role.transitiveTagKeys,
          },
        }),
      own,
    );
  }

  /** The client of a service, made once for each region. Its errors are AwsCallErrors. */
  client<C extends SdkClient>(Service: new (configuration: never) => C, region = this.region): C {
    const name = Service.name.replace(/Client$/, "");
    const key = `${name} ${region}`;
    let client = this.#clients.get(key) as C | undefined;
    if (!client) {
      const { endpoints = [], maxRetries, s3UsePathStyle, profile } = this.configuration;
      const endpoint = endpoints.map((services) => services[name.toLowerCase()]).find(Boolean);
      const credentials = this.#credentials();
      client = new Service({
        ...(region && { region }),
        ...(profile && { profile }),
        ...(credentials && { credentials }),
        ...(endpoint && { endpoint }),
        ...(maxRetries !== undefined && { maxAttempts: Number(maxRetries) + 1 }),
        ...(s3UsePathStyle && { forcePathStyle: true }),
      } as never);
      const middleware =
        (next: (request: unknown) => Promise<unknown>, context: { commandName: string }) =>
        (request: unknown) =>
          next(request).catch((error) => {
            throw error instanceof AwsCallError
              ? error
              : describe(error, name, context.commandName.replace(/Command$/, ""));
          });
      client.middlewareStack.add(middleware, { step: "initialize", name: "describeErrors" });
      this.#clients.set(key, client);
    }
    return client;
  }

  /** Learns who the credentials belong to, in previews too, and refuses accounts that the provider is not meant for. */
  async open(): Promise<this> {
    const {
      region,
      allowedAccountIds,
      forbiddenAccountIds,
      skipCredentialsValidation,
      skipRequestingAccountId,
    } = this.configuration;
    const sts = new STSClient({
      ...(region && { region }),
      ...(this.configuration.profile && { profile: this.configuration.profile }),
    });
    this.region = region ?? (await sts.config.region().catch(() => ""));
    sts.destroy();
    if (!this.region)
      throw new RpcError(
        grpc.status.INVALID_ARGUMENT,
        "missing region information: set it on the provider, as `aws:region`, in AWS_REGION, or in the profile",
      );
    if (skipCredentialsValidation && skipRequestingAccountId && !allowedAccountIds && !forbiddenAccountIds)
      return this;
    try {
      const {
        Account = "",
        Arn = "",
        UserId = "",
      } = await this.client(STSClient).send(new GetCallerIdentityCommand({}));
      this.#identity = { Account, Arn, UserId };
    } catch (error) {
      throw new RpcError(
        grpc.status.FAILED_PRECONDITION,
        `unable to validate AWS credentials. Details: ${(error as Error).message}`,
      );
    }
    if (
      forbiddenAccountIds?.includes(this.account) ||
      (allowedAccountIds?.length && !allowedAccountIds.includes(this.account))
    )
      throw new RpcError(grpc.status.FAILED_PRECONDITION, `AWS account ID not allowed: ${this.account}`);
    return this;
  }
}

/** Seconds of a duration as Go writes it: "1h", "45m", "1h30m", "900s". */
export function seconds(duration: string): number {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1 };
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * (units[unit ?? ""] ?? 0),
    0,
  );
}
