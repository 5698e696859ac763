/**
 * The front door: an AWS endpoint on the loopback that knows who calls and what is asked, has the evaluator
 * decide, and lets moto do it. It never decides.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AwsError, type Call, parseQuery, readCall, text } from "./call";
import { type Decision, decide } from "./decide";
import { type Answer, errorAnswer, escapeXml } from "./errors";
import { answerApi, escapedPolicy } from "./execute-api";
import { Identities, type Principal, type ServicePrincipal } from "./identities";
import { Iot } from "./iot";
import { type Instance, type RoleCredentials, startMetadata, urlOf } from "./metadata";
import { Moto, parseXml, type Xml } from "./moto";
import { bucketPolicyAsWritten, bucketPolicyForMoto, Policies } from "./policies";
import { type Check, deletedObjects, partition, plan, s3Path, type World } from "./requests";
import { answerSts, type Sts } from "./sessions";
import { checkDigests, readSignature, verifySignature } from "./signature";
import { type FederatedPrincipal, WebIdentities } from "./web-identity";

export interface FrontDoorOptions {
  /** Profile name to 12-digit account ID. */
  accounts: Record<string, string>;
  region: string;
  motoPort: number;
  /** The organization that some of the accounts are in, by profile name: what `aws:PrincipalOrgID` tells. */
  organization?: { id: string; profiles: string[] } | undefined;
  /** Milliseconds since 1970; for tests. */
  clock?: () => number;
  /** Receives one line per event worth keeping. */
  log?: (line: string) => void;
}

/** One decision, as `GET /_sandbox/decisions` tells it. */
export interface DecisionRecord {
  number: number;
  time: string;
  requestId: string;
  /** ARN, or `anonymous`. */
  who: string;
  action: string;
  resource: string;
  account: string;
  allowed: boolean;
  /** The statements that decided, and for a refusal AWS's reason. */
  by: string[];
  because?: string;
  note?: string;
}

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface FrontDoor {
  url: string;
  /** Random, new for each life of the accounts. */
  instance: string;
  /** The administrator's long-term key of each profile. */
  administrators: Record<string, Keys>;
  close(): Promise<void>;
}

const MAX_BODY = 16 * 1024 * 1024;
const MAX_BUFFERED = 8 * MAX_BODY;
const MAX_DECISIONS = 2000;
const MAX_INSTANCES = 64;
const ADMINISTRATOR = "sandbox-administrator";
/** IAM operations whose user is the caller when none is named. */
const OWN_USER =
  /^(GetUser|(Create|List|Update|Delete)AccessKeys?|ListMFADevices|DeactivateMFADevice|ListSigningCertificates|ListSSHPublicKeys)$/;
/** moto would take these paths for its own. */
const MOTO_OWN = /^\/(moto-api|latest\/meta-data\/|latest\/api\/|favicon\.ico$)/;

/** Starts the front door on a free loopback port, with an administrator in each account. */
export async function startFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const moto = new Moto(options.motoPort);
  const ids = [...new Set(Object.values(options.accounts))];
  const organization = options.organization && {
    id: options.organization.id,
    accounts: options.organization.profiles.map((profile) => options.accounts[profile] ?? ""),
  };
  const policies = new Policies(moto, ids, options.region, organization);
  const identities = new Identities(policies);
  const door = new Door(options, { policies, moto }, identities);
  const administrators: Record<string, Keys> = {};
  for (const [profile, account] of Object.entries(options.accounts))
    administrators[profile] = await door.administrator(account);
  const server = createServer(
    { maxHeaderSize: 32 * 1024, requestTimeout: 60_000, headersTimeout: 20_000 },
    (request, response) => {
      door.serve(request, response).catch((error: unknown) => {
        door.log(`failed: ${error instanceof Error ? error.stack : error}`);
        response.destroy();
      });
    },
  );
  server.on("connect", (_request, socket) => {
    socket.on("error", () => socket.destroy());
    const { status, headers, body } = refusedProxy();
    const lines = Object.entries({ ...headers, "content-length": body.length, connection: "close" });
    socket.end(
      `HTTP/1.1 ${status} Forbidden\r\n${lines.map((line) => `${line.join(": ")}\r\n`).join("")}\r\n${body}`,
    );
  });
  const iot = door.iot;
  server.on("upgrade", (request, socket, head) => iot.upgrade(request, socket, head));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  door.port = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${door.port}`,
    instance: door.instance,
    administrators,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          moto.close();
          door.close();
          resolve();
        });
        server.closeAllConnections();
        iot.close().catch(() => {});
      }),
  };
}

class Door implements Sts {
  readonly instance = randomUUID();
  readonly clock: () => number;
  readonly log: (line: string) => void;
  readonly iot = new Iot(this);
  readonly webIdentities: WebIdentities;
  port = 0;
  private readonly decisions: DecisionRecord[] = [];
  private readonly instances = new Map<string, Server>();
  private count = 0;
  private buffered = 0;

  constructor(
    private readonly options: FrontDoorOptions,
    readonly world: World,
    readonly identities: Identities,
  ) {
    this.clock = options.clock ?? Date.now;
    this.webIdentities = new WebIdentities(this.clock);
    this.log = options.log ?? (() => {});
  }

  /** Makes an account's administrator straight in moto, before anyone can call. */
  async administrator(account: string): Promise<Keys> {
    const region = this.options.region;
    const ask = (Action: string, more: Record<string, string>): Promise<Answer> =>
      this.world.moto.send({
        account,
        service: "iam",
        region,
        method: "POST",
        url: "/",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({
          Action,
          Version: "2010-05-08",
          UserName: ADMINISTRATOR,
          ...more,
        }).toString(),
      });
    await ask("CreateUser", {});
    await ask("AttachUserPolicy", {
      PolicyArn: `arn:${partition(region)}:iam::aws:policy/AdministratorAccess`,
    });
    const answer = await ask("CreateAccessKey", {});
    if (answer.status !== 200)
      throw new Error(`moto made no administrator in account ${account}: ${answer.body}`);
    this.identities.learn({ operation: "CreateAccessKey", params: {} } as Call, account, answer);
    const made = (name: string) => parseXml(answer.body).text("CreateAccessKeyResult", "AccessKey", name)!;
    return { accessKeyId: made("AccessKeyId"), secretAccessKey: made("SecretAccessKey") };
  }

  /**
   * Path and query of a request. A proxy's request, whose line names the host as well, counts only for the gateway's own
   * names: the AWS SDKs put an account's ID before the host of S3 Control, and no resolver knows that name.
   */
  private target({ url = "/", headers }: IncomingMessage): string | undefined {
    const [, host, path] = /^[a-z]+:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
    if (host === undefined) return url;
    const own = new RegExp(`^(\\d{12}\\.)?127\\.0\\.0\\.1:${this.port}$`);
    if (!own.test(host) || host !== headers.host || !url.startsWith("http://")) return undefined;
    return path?.startsWith("/") ? path : `/${path}`;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = this.target(request);
    if (url === undefined) {
      const { status, headers, body } = refusedProxy();
      request.resume();
      response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
      return;
    }
    const at = url.indexOf("?");
    const [path, search] = at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at)];
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(",")]),
    );
    // Enough to answer in AWS's shape should the request not even be readable.
    const fallback = {
      ...guess(headers),
      requestId: randomUUID(),
      method: request.method ?? "GET",
      path,
      operation: "",
    };
    let body: Buffer = Buffer.alloc(0);
    let answer: Answer;
    let call: Call | undefined;
    try {
      body = await this.body(request);
      if (path.startsWith("/_sandbox/"))
        answer = await this.control(request, path, new URLSearchParams(search));
      else {
        if (!path.startsWith("/") || MOTO_OWN.test(decodeURI(path)))
          throw new AwsError("AccessDenied", "Access Denied");
        const now = new Date(this.clock());
        const raw = { method: fallback.method, path, search, headers, body, sourceIp: "127.0.0.1", now };
        const signed = readSignature(headers, search ? parseQuery(search.slice(1)) : {});
        call = readCall(raw, signed);
        answer = await this.answer(call, signed);
      }
    } catch (error) {
      if (!(error instanceof AwsError) && !(error instanceof URIError))
        this.log(`failed: ${error instanceof Error ? error.stack : error}`);
      const known =
        error instanceof AwsError
          ? error
          : error instanceof URIError
            ? new AwsError("InvalidURI", "Couldn't parse the specified URI.", 400)
            : new AwsError("InternalFailure", "The sandbox failed; its log tells why.", 500);
      answer = errorAnswer(call ?? fallback, known);
      if (known.status === 413) response.setHeader("connection", "close");
    } finally {
      this.buffered -= body.length;
    }
    response.writeHead(answer.status, {
      ...answer.headers,
      // SDKs set their clocks by the answer's date.
      date: new Date(this.clock()).toUTCString(),
      "content-length": contentLength(request, answer),
    });
    response.end(request.method === "HEAD" ? undefined : answer.body);
  }

  private body(request: IncomingMessage): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const stop = (error: Error) => {
        this.buffered -= size;
        size = 0;
        request.removeAllListeners("data").resume();
        reject(error);
      };
      if (Number(request.headers["content-length"] ?? 0) > MAX_BODY) {
        reject(tooLarge());
        return;
      }
      request.on("data", (chunk: Buffer) => {
        size += chunk.length;
        this.buffered += chunk.length;
        chunks.push(chunk);
        if (size > MAX_BODY) stop(tooLarge());
        else if (this.buffered > MAX_BUFFERED)
          stop(new AwsError("SlowDown", "Please reduce your request rate.", 503));
      });
      request.on("end", () => resolve(Buffer.concat(chunks)));
      request.on("error", stop);
      request.on("aborted", () => stop(new Error("the client went away")));
    });
  }

  private async answer(call: Call, signed: ReturnType<typeof readSignature>): Promise<Answer> {
    let principal: Principal | undefined;
    if (signed) {
      principal = await this.identities.principal(signed, call.now.getTime());
      const { body, trailers } = await verifySignature(call, signed, principal.secret);
      call.body = body;
      Object.assign(call.headers, trailers);
      checkDigests(call);
    } else if (call.service !== "s3" && call.service !== "sts")
      throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token");
    if (call.service === "sts") return answerSts(call, principal, this);
    if (call.service === "iam") {
      const { session } = principal!;
      // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
      if (session && principal!.type === "User" && !session.mfaAt)
        throw new AwsError("InvalidClientTokenId", "The security token included in the request is invalid.");
      if (OWN_USER.test(call.operation) && !text(call.params.UserName) && principal!.type === "User")
        call.params.UserName = principal!.name;
    }
    const { checks, account } = await plan(call, principal, this.world);
    if (call.protocol === "s3" && "delete" in call.query && !s3Path(call.path).key)
      return this.deleteObjects(call, principal, checks, account);
    await this.require(call, principal, checks).catch((error) => this.withRegion(call, error));
    refuseOtherAccounts(checks, principal);
    const done = (await this.iot.answer(call, account)) ?? (await answerApi(call, account, this.world.moto));
    if (done) return done;
    const remember = await this.world.policies.pins.pin(call, checks[0]!.resource, account);
    const answer = await (call.service === "iam"
      ? this.iam(call, principal!, account)
      : call.protocol === "s3"
        ? this.s3(call, principal, account)
        : this.forward(call, principal, account).then((found) =>
            call.service === "apigateway" ? escapedPolicy(call, found) : found,
          ));
    if (answer.status < 300) remember();
    return answer;
  }

  /** A refused HEAD of a bucket still says where it is: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
  private async withRegion(call: Call, error: unknown): Promise<never> {
    const { bucket, key } = call.protocol === "s3" ? s3Path(call.path) : { bucket: "", key: "" };
    if (!(error instanceof AwsError) || call.method !== "HEAD" || !bucket || key) throw error;
    const region = await this.world.policies.bucketRegion(bucket);
    const headers: Record<string, string> = region ? { "x-amz-bucket-region": region } : {};
    throw new AwsError(error.kind, error.message, error.status, headers);
  }

  async require(
    call: Call,
    principal: Principal | FederatedPrincipal | undefined,
    checks: Check[],
  ): Promise<Decision[]> {
    const decisions: Decision[] = [];
    for (const check of checks) {
      const decision = await this.decide(call, principal, check);
      if (!decision.allowed) throw refusal(call, principal, check, decision);
      decisions.push(decision);
    }
    return decisions;
  }

  private async decide(
    call: Pick<Call, "now" | "region" | "sourceIp" | "headers" | "requestId">,
    caller: Principal | ServicePrincipal | FederatedPrincipal | undefined,
    check: Check,
  ): Promise<Decision> {
    const decision = await decide(call, caller, check, this.world.policies);
    const { action, resource, account } = check;
    const who = nameOf(caller);
    this.decisions.push({
      number: ++this.count,
      time: call.now.toISOString(),
      requestId: call.requestId,
      who,
      action,
      resource,
      account,
      allowed: decision.allowed,
      by: decision.by,
      ...(decision.because ? { because: decision.because } : {}),
      ...(decision.note ? { note: decision.note } : {}),
    });
    if (this.decisions.length > MAX_DECISIONS) this.decisions.shift();
    if (decision.note)
      this.log(
        `${call.requestId} ${who} ${action}: ${decision.note}: ${decision.allowed ? "allowed" : "refused"}`,
      );
    return decision;
  }

  private forward(call: Call, principal: Principal | undefined, account: string): Promise<Answer> {
    const headers = { ...call.headers };
    const chunked = headers["x-amz-content-sha256"]?.startsWith("STREAMING-");
    for (const name of [
      "authorization",
      "x-amz-security-token",
      "x-amz-content-sha256",
      "transfer-encoding",
      "connection",
      "expect",
    ])
      delete headers[name];
    // A host of another name would make moto read another bucket out of the request.
    headers.host = `127.0.0.1:${this.port}`;
    if (call.protocol !== "json") delete headers["x-amz-target"];
    if (chunked) {
      const encodings = (headers["content-encoding"] ?? "")
        .split(",")
        .map((one) => one.trim())
        .filter((one) => one && one !== "aws-chunked");
      delete headers["content-encoding"];
      if (encodings.length) headers["content-encoding"] = encodings.join(",");
      delete headers["x-amz-trailer"];
      delete headers["x-amz-decoded-content-length"];
    }
    return this.world.moto.send({
      account,
      service: call.service,
      region: call.region,
      method: call.method,
      url: call.path + call.search,
      headers,
      body: call.body,
      ...(principal ? { accessKeyId: principal.accessKeyId } : {}),
    });
  }

  private async iam(call: Call, principal: Principal, account: string): Promise<Answer> {
    const { params, operation } = call;
    const { policies } = this.world;
    if (/^(Get|List|Simulate|Generate)/.test(operation)) {
      const answer = await this.forward(rewritten(call), principal, account);
      if (operation !== "GetUser" || answer.status !== 200) return answer;
      const user = (await policies.account(account)).users.get(text(params.UserName) ?? "");
      if (!user?.boundary) return answer;
      // moto 5.2 keeps no boundary of a user; the door does.
      const boundary = `<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType><PermissionsBoundaryArn>${user.boundary}</PermissionsBoundaryArn></PermissionsBoundary>`;
      return { ...answer, body: answer.body.toString().replace("</User>", `${boundary}</User>`) };
    }
    if (/^(Put|Delete)UserPermissionsBoundary$/.test(operation)) {
      const user = (await policies.account(account)).users.get(text(params.UserName) ?? "");
      if (!user)
        throw new AwsError("NoSuchEntity", `The user with name ${params.UserName} cannot be found.`, 404);
      policies.setUserBoundary(
        account,
        user.arn,
        operation.startsWith("Put") ? text(params.PermissionsBoundary) : undefined,
      );
      return {
        status: 200,
        headers: { "content-type": "text/xml" },
        body: `<${operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>${call.requestId}</RequestId></ResponseMetadata></${operation}Response>`,
      };
    }
    this.identities.check(call, account);
    policies.changed(account);
    const answer = await this.forward(rewritten(call), principal, account);
    policies.changed(account);
    if (answer.status === 200) {
      this.identities.learn(call, account, answer);
      const arn =
        operation === "CreateUser"
          ? parseXml(answer.body).text("CreateUserResult", "User", "Arn")
          : undefined;
      if (arn) policies.setUserBoundary(account, arn, text(params.PermissionsBoundary));
    }
    return answer;
  }

  private async s3(call: Call, principal: Principal | undefined, account: string): Promise<Answer> {
    const { bucket, key } = s3Path(call.path);
    const aboutPolicy = !key && "policy" in call.query;
    if (aboutPolicy && call.method === "PUT")
      call.body = Buffer.from(bucketPolicyForMoto(call.body.toString()));
    const changing = !key && (call.method === "PUT" || call.method === "DELETE");
    if (changing) this.world.policies.bucketChanged(bucket);
    const answer = await this.forward(call, principal, account);
    if (changing) this.world.policies.bucketChanged(bucket);
    if (aboutPolicy && call.method === "GET" && answer.status === 200)
      return { ...answer, body: bucketPolicyAsWritten(answer.body.toString()) };
    // Who may not list is not told that a key does not exist:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    if (
      answer.status === 404 &&
      key &&
      (call.method === "GET" || call.method === "HEAD") &&
      (await this.world.policies.bucketOwner(bucket))
    ) {
      const check: Check = {
        action: "s3:ListBucket",
        resource: `arn:${partition(call.region)}:s3:::${bucket}`,
        account,
        context: {},
      };
      const decision = await this.decide(call, principal, check);
      if (!decision.allowed) throw refusal(call, principal, check, decision);
    }
    return answer;
  }

  /** DeleteObjects answers for each key: what is refused stays, the rest goes. */
  private async deleteObjects(
    call: Call,
    principal: Principal | undefined,
    checks: Check[],
    account: string,
  ): Promise<Answer> {
    if (!checks.length)
      throw new AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
        400,
      );
    if (checks.length > 1000)
      throw new AwsError("MalformedXML", "At most 1000 keys can be deleted in one request", 400);
    const allowed: boolean[] = [];
    for (const check of checks) allowed.push((await this.decide(call, principal, check)).allowed);
    // moto reads what was decided on: XML has many ways to write one key.
    const element = (object: Xml, ...names: string[]) =>
      names
        .map((name) => (object.text(name) ? `<${name}>${escapeXml(object.text(name)!)}</${name}>` : ""))
        .join("");
    const objects = deletedObjects(call);
    const kept = objects
      .filter((_, i) => allowed[i])
      .map((one) => `<Object>${element(one, "Key", "VersionId")}</Object>`);
    const errors = objects
      .filter((_, i) => !allowed[i])
      .map(
        (one) =>
          `<Error>${element(one, "Key", "VersionId")}<Code>AccessDenied</Code><Message>Access Denied</Message></Error>`,
      );
    const quiet = parseXml(call.body).text("Quiet") === "true" ? "<Quiet>true</Quiet>" : "";
    const body = Buffer.from(`<Delete>${quiet}${kept.join("")}</Delete>`);
    const answer = kept.length ? await this.forward({ ...call, body }, principal, account) : undefined;
    if (answer && (answer.status !== 200 || !errors.length)) return answer;
    const done = answer?.body.toString().match(/<(Deleted|Error)>[\s\S]*?<\/\1>/g) ?? [];
    return {
      status: 200,
      headers: { "content-type": "application/xml" },
      body: `<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${done.join("")}${errors.join("")}</DeleteResult>`,
    };
  }

  /** The address of an instance's metadata service, started when first asked for. Undefined for an unknown instance. */
  private async metadata(id: string): Promise<string | undefined> {
    const { moto, policies } = this.world;
    const { region } = this.options;
    const known = this.instances.get(id);
    if (known) return urlOf(known);
    if (!/^i-[0-9a-f]+$/.test(id) || this.instances.size >= MAX_INSTANCES) return undefined;
    for (const account of policies.ids) {
      const describe = { Action: "DescribeInstances", Version: "2016-11-15", "InstanceId.1": id };
      const answer = await moto.query(account, "ec2", region, describe);
      const [details] = answer?.list("reservationSet", "item")[0]?.list("instancesSet", "item") ?? [];
      if (details?.text("instanceState", "name") !== "running") continue;
      const instance = { id, account, region, details };
      const server = await startMetadata(instance, this.roleOf(instance), this.clock);
      this.instances.set(id, server);
      return urlOf(server);
    }
    return undefined;
  }

  /** What gives an instance the credentials of its profile's role, anew when an hour or less is left of them. */
  private roleOf({ id, account, region, details }: Instance): () => Promise<RoleCredentials | undefined> {
    let vended: ReturnType<Identities["vend"]> | undefined;
    return async () => {
      const { moto } = this.world;
      const name = details.text("iamInstanceProfile", "arn")?.split("/").at(-1);
      if (!name) return undefined;
      const ask = { Action: "GetInstanceProfile", Version: "2010-05-08", InstanceProfileName: name };
      const found = await moto.query(account, "iam", region, ask);
      const at = (...path: string[]) =>
        found?.text("GetInstanceProfileResult", "InstanceProfile", ...path) ?? "";
      const [role] = found?.list("GetInstanceProfileResult", "InstanceProfile", "Roles", "member") ?? [];
      if (!role) return undefined;
      const [roleName, uniqueId, arn] = ["RoleName", "RoleId", "Arn"].map(
        (part) => role.text(part) ?? "",
      ) as [string, string, string];
      const profile = { role: roleName, profileArn: at("Arn"), profileId: at("InstanceProfileId") };
      const now = this.clock();
      const call = {
        now: new Date(now),
        region,
        sourceIp: "127.0.0.1",
        headers: {},
        requestId: randomUUID(),
      };
      const check: Check = { action: "sts:AssumeRole", resource: arn, account, context: {} };
      if (!(await this.decide(call, { service: "ec2.amazonaws.com" }, check)).allowed) return profile;
      if (vended?.uniqueId !== uniqueId || vended.session.expires < now + 3_600_000)
        vended = this.identities.vend(
          {
            account,
            arn: `arn:${partition(region)}:sts::${account}:assumed-role/${roleName}/${id}`,
            type: "AssumedRole",
            name: roleName,
            uniqueId,
          },
          {
            issued: now,
            expires: now + 6 * 3_600_000,
            name: id,
            tags: {},
            transitive: [],
            policies: [],
            instance: `arn:${partition(region)}:ec2:${region}:${account}:instance/${id}`,
          },
        );
      const { accessKeyId, secret, session } = vended;
      const { token, issued, expires } = session;
      return { ...profile, credentials: { accessKeyId, secret, token, issued, expires } };
    };
  }

  close(): void {
    for (const server of this.instances.values()) server.close();
  }

  private async control(request: IncomingMessage, path: string, query: URLSearchParams): Promise<Answer> {
    const json = (status: number, body: object): Answer => ({
      status,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    // A web page must not reach this, neither from its own origin nor under a name that resolves to the loopback.
    if (request.headers.origin || request.headers.host !== `127.0.0.1:${this.port}`)
      return json(403, { error: "not for browsers" });
    switch (`${request.method} ${path.slice("/_sandbox/".length)}`) {
      case "GET health":
        return json(200, {
          instance: this.instance,
          accounts: this.options.accounts,
          region: this.options.region,
          pid: process.pid,
        });
      case "GET decisions": {
        const since = Number(query.get("since") ?? 0);
        return json(200, { decisions: this.decisions.filter((one) => one.number > since) });
      }
      case "POST expire": {
        const id = query.get("accessKeyId") ?? "";
        const found = this.identities.expire(id, this.clock());
        return found
          ? json(200, { expired: id })
          : json(404, { error: `no session has the access key ID ${id}` });
      }
      case "POST token": {
        const [subject, audience] = [query.get("subject"), query.get("audience")];
        return subject && audience
          ? json(200, { value: await this.webIdentities.mint(subject, audience) })
          : json(400, { error: "expected POST token?subject=repo:OWNER/NAME:pull_request&audience=…" });
      }
      case "POST metadata": {
        const id = query.get("instanceId") ?? "";
        const url = await this.metadata(id);
        return url ? json(200, { url }) : json(404, { error: `no running instance is named ${id}` });
      }
      default:
        return json(404, {
          error:
            "expected GET health, GET decisions?since=N, POST expire?accessKeyId=ASIA…, POST token?subject=…&audience=… or POST metadata?instanceId=i-…",
        });
    }
  }
}

/** The answer to a client that takes the gateway for a proxy to anywhere else. */
const refusedProxy = (): Answer => ({
  status: 403,
  headers: { "content-type": "text/plain" },
  body: "The sandbox is a proxy for its own accounts only. Unset HTTP_PROXY and http_proxy to reach other hosts by http.\n",
});

/** The protocol of a request that cannot be read further. */
const guess = (headers: Record<string, string>): Pick<Call, "protocol" | "service"> =>
  /form/.test(headers["content-type"] ?? "")
    ? { protocol: "query", service: "sts" }
    : headers["x-amz-target"]
      ? { protocol: "json", service: "" }
      : { protocol: "s3", service: "s3" };

const tooLarge = () =>
  new AwsError("EntityTooLarge", `The sandbox takes bodies of at most ${MAX_BODY} bytes`, 413);

/** A call to IAM with its body written from the parameters: the user may have been implied. */
const rewritten = (call: Call): Call => ({
  ...call,
  method: "POST",
  search: "",
  headers: { ...call.headers, "content-type": "application/x-www-form-urlencoded" },
  body: Buffer.from(new URLSearchParams(call.params as Record<string, string>).toString()),
});

const contentLength = (request: IncomingMessage, answer: Answer): string | number =>
  request.method === "HEAD"
    ? ([answer.headers["content-length"] ?? 0].flat()[0] ?? 0)
    : Buffer.byteLength(answer.body);

/** The ARN of who asks, a job's subject, a service's name, or `anonymous`. */
const nameOf = (caller: Principal | ServicePrincipal | FederatedPrincipal | undefined): string => {
  if (!caller) return "anonymous";
  if ("arn" in caller) return caller.arn;
  return "service" in caller ? caller.service : `${caller.federated} ${caller.subject}`;
};

/** What a resource's own policy can open to no other account, whatever it says, and how AWS refuses it. */
const OF_OWNING_ACCOUNT: [actions: RegExp, ...error: ConstructorParameters<typeof AwsError>][] = [
  // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
  [
    /^s3:(Get|Put|Delete)BucketPolicy$/,
    "MethodNotAllowed",
    "The specified method is not allowed against this resource.",
    405,
  ],
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-customer-managed-policy-examples.html
  [
    /^sqs:(AddPermission|RemovePermission|SetQueueAttributes|(Delete|Tag|Untag)Queue|ListQueueTags|(Cancel|List|Start)MessageMoveTasks?)$/,
    "AccessDenied",
    "Access to the resource is denied.",
  ],
];

function refuseOtherAccounts(checks: Check[], principal: Principal | undefined): void {
  for (const { action, account } of checks)
    for (const [actions, ...error] of OF_OWNING_ACCOUNT)
      if (principal && account !== principal.account && actions.test(action)) throw new AwsError(...error);
}

function refusal(
  call: Call,
  principal: Principal | FederatedPrincipal | undefined,
  check: Check,
  decision: Decision,
): AwsError {
  if (principal && "federated" in principal)
    return new AwsError("AccessDenied", `Not authorized to perform ${check.action}`);
  if (!principal || (call.protocol === "s3" && principal.account !== check.account))
    return new AwsError("AccessDenied", "Access Denied");
  const resource = call.protocol === "s3" ? `"${check.resource}"` : check.resource;
  const action = call.service === "sns" ? check.action.replace("sns:", "SNS:") : check.action;
  const lead = call.protocol === "ec2" ? "You are not authorized to perform this operation. " : "";
  return new AwsError(
    "AccessDenied",
    `${lead}User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${decision.because}`,
  );
}
