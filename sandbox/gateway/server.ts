/**
 * The gateway: an AWS endpoint on the loopback that knows who calls and what is asked, has the evaluator decide, and
 * lets moto do it. It never decides.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { partitionOf } from "./arn";
import { AwsError, type Call, type ServiceAnswer } from "./call";
import { CONTROL_PATH, control } from "./control";
import { Decisions } from "./decisions";
import { errorAnswer } from "./errors";
import { handle, readRequest } from "./handle";
import { awsErrorOf, BodyReader, failure, requestHeaders } from "./http";
import { IdentityCenter } from "./identity-center";
import { InstanceProfiles } from "./instance-profiles";
import { Moto, type MotoEndpoint } from "./moto";
import { refusedProxy, refuseTunnel, targetOf } from "./proxy";
import { MessageBroker } from "./services/iot/broker";
import type { Gateway, RequestContext } from "./services/service";
import { Buckets } from "./state/buckets";
import { IamAccounts } from "./state/iam-accounts";
import { Identities } from "./state/identities";
import { MfaDevices } from "./state/mfa-devices";
import { PrincipalIds } from "./state/principal-ids";
import { WebIdentities } from "./web-identity";

export interface GatewayOptions {
  /** Profile name to 12-digit account ID. */
  accounts: Record<string, string>;
  region: string;
  moto: MotoEndpoint;
  /** The organization that some of the accounts are in, by profile name: `aws:PrincipalOrgID`. */
  organization?: { id: string; profiles: string[] } | undefined;
  /** Milliseconds since 1970; for tests. */
  clock?: () => number;
  /** Receives one line per event worth keeping. */
  log?: (line: string) => void;
  /** Whether every decision is logged. */
  verbose?: boolean;
}

export interface AccessKeyPair {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface RunningGateway {
  url: string;
  /** Random, new for each life of the accounts. */
  instance: string;
  /** The administrator's long-term key of each profile. */
  administrators: Record<string, AccessKeyPair>;
  /** Answers every request from now on with ServiceUnavailable and these words: moto ended. */
  lose(message: string): void;
  close(): Promise<void>;
}

const ADMINISTRATOR = "sandbox-administrator";
/** moto would take these paths for its own. */
const MOTO_PATHS = /^\/(moto-api|latest\/meta-data\/|latest\/api\/|favicon\.ico$)/;

/** Starts the gateway on a free loopback port, with an administrator in each account. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const server = new GatewayServer(options);
  const administrators: Record<string, AccessKeyPair> = {};
  for (const [profile, account] of Object.entries(options.accounts))
    administrators[profile] = await createAdministrator(account, server.gateway);
  await server.listen();
  return {
    url: `http://127.0.0.1:${server.gateway.port}`,
    instance: server.instance,
    administrators,
    lose: (message) => server.lose(message),
    close: () => server.close(),
  };
}

/** Creates an account's administrator straight in moto, before any client can call. */
async function createAdministrator(account: string, gateway: Gateway): Promise<AccessKeyPair> {
  const { moto, region } = gateway;
  const UserName = ADMINISTRATOR;
  const PolicyArn = `arn:${partitionOf(region)}:iam::aws:policy/AdministratorAccess`;
  await moto.iam(account, "CreateUser", { UserName });
  await moto.iam(account, "AttachUserPolicy", { UserName, PolicyArn });
  const created = await moto.iam(account, "CreateAccessKey", { UserName });
  if (!created) throw new Error(`moto created no administrator in account ${account}`);
  gateway.identities.applyIamChange({ operation: "CreateAccessKey", params: {} }, account, created);
  const key = (name: string) => created.text("CreateAccessKeyResult", "AccessKey", name) ?? "";
  return { accessKeyId: key("AccessKeyId"), secretAccessKey: key("SecretAccessKey") };
}

class GatewayServer {
  readonly instance = randomUUID();
  readonly gateway: Gateway & { port: number };
  private readonly decisions: Decisions;
  private readonly instanceProfiles: InstanceProfiles;
  private readonly identityCenter: IdentityCenter;
  private readonly broker: MessageBroker;
  private readonly bodies = new BodyReader();
  /** Why the accounts are gone. */
  private lost: string | undefined;
  private readonly http = createServer(
    { maxHeaderSize: 32 * 1024, requestTimeout: 60_000, headersTimeout: 20_000 },
    (request, response) => void this.serve(request, response),
  );

  constructor(private readonly options: GatewayOptions) {
    const { accounts, region, organization, moto: endpoint, clock = Date.now, log = () => {} } = options;
    const ids = [...new Set(Object.values(accounts))];
    const moto = new Moto(endpoint, region);
    const members = organization?.profiles.map((profile) => accounts[profile] ?? "");
    const iam = new IamAccounts(moto, ids, organization && { id: organization.id, accounts: members ?? [] });
    this.gateway = {
      accounts: ids,
      region,
      port: 0,
      moto,
      iam,
      buckets: new Buckets(moto, ids, region),
      principalIds: new PrincipalIds(iam),
      identities: new Identities(iam),
      mfaDevices: new MfaDevices(),
      webIdentities: new WebIdentities(clock),
      clock,
      log,
      verbose: options.verbose ?? false,
      decide: (...asked) => this.decisions.decide(...asked),
      require: (...asked) => this.decisions.require(...asked),
      publish: (...message) => this.broker.publish(...message),
    };
    this.decisions = new Decisions(this.gateway);
    this.instanceProfiles = new InstanceProfiles(this.gateway);
    this.identityCenter = new IdentityCenter(this.gateway);
    this.broker = new MessageBroker(this.gateway);
  }

  async listen(): Promise<void> {
    this.http.on("connect", refuseTunnel);
    this.http.on("upgrade", (request, socket, head) => this.broker.upgrade(request, socket, head));
    await new Promise<void>((resolve, reject) =>
      this.http.once("error", reject).listen(0, "127.0.0.1", resolve),
    );
    this.gateway.port = (this.http.address() as AddressInfo).port;
  }

  lose(message: string): void {
    this.lost = message;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.http.close(() => {
        this.gateway.moto.close();
        this.instanceProfiles.close();
        resolve();
      });
      this.http.closeAllConnections();
      this.broker.close().catch(() => {});
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.send(request, response, await this.answer(request));
    } catch (error) {
      this.gateway.log(failure(error));
      response.destroy();
    }
  }

  private send(request: IncomingMessage, response: ServerResponse, answer: ServiceAnswer): void {
    // The client may still be sending a body that is too large.
    if (answer.status === 413) response.setHeader("connection", "close");
    response.writeHead(answer.status, {
      ...answer.headers,
      // SDKs set their clocks by the answer's date.
      date: new Date(this.gateway.clock()).toUTCString(),
      "content-length": contentLength(request, answer),
    });
    response.end(request.method === "HEAD" ? undefined : answer.body);
  }

  private async answer(request: IncomingMessage): Promise<ServiceAnswer> {
    const target = targetOf(request, this.gateway.port);
    if (target === undefined) {
      request.resume();
      return refusedProxy;
    }
    const at = target.indexOf("?");
    const [path, search] = at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at)];
    const headers = requestHeaders(request);
    const method = request.method ?? "GET";
    let body: Buffer = Buffer.alloc(0);
    let context: RequestContext | undefined;
    try {
      body = await this.bodies.read(request);
      if (CONTROL_PATH.test(path)) return await control(this.controlled(), request, path, search);
      if (!path.startsWith("/") || MOTO_PATHS.test(decodeURI(path)))
        throw new AwsError("AccessDenied", "Access Denied");
      const now = new Date(this.gateway.clock());
      const read = { method, path, search, headers, body, sourceIp: "127.0.0.1", now };
      context = readRequest(this.gateway, read);
      if (this.lost) throw accountsLost(this.lost);
      return await handle(context);
    } catch (error) {
      if (!(error instanceof AwsError || error instanceof URIError)) this.gateway.log(failure(error));
      const unread = { ...protocolOf(headers), requestId: randomUUID(), method, path };
      const answered = this.lost ? accountsLost(this.lost) : awsErrorOf(error);
      return errorAnswer(context?.call ?? unread, answered, context?.service);
    } finally {
      this.bodies.release(body);
    }
  }

  private controlled() {
    const { accounts, region } = this.options;
    const { gateway, decisions, instanceProfiles, identityCenter, instance } = this;
    return {
      gateway,
      decisions,
      instanceProfiles,
      identityCenter,
      health: { instance, accounts, region, pid: process.pid, lost: this.lost },
    };
  }
}

const accountsLost = (message: string) => new AwsError("ServiceUnavailable", message, 503);

/** The protocol to answer in, of a request that cannot be read further. */
function protocolOf(headers: Record<string, string>): Pick<Call, "protocol" | "service"> {
  if (/form/.test(headers["content-type"] ?? "")) return { protocol: "query", service: "sts" };
  return headers["x-amz-target"] ? { protocol: "json", service: "" } : { protocol: "s3", service: "s3" };
}

const contentLength = (request: IncomingMessage, answer: ServiceAnswer): string | number =>
  request.method === "HEAD"
    ? ([answer.headers["content-length"] ?? 0].flat()[0] ?? 0)
    : Buffer.byteLength(answer.body);
