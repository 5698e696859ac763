/**
 * AWS IoT's message broker: one topic space per account and region, reached by MQTT 3.1.1 over a WebSocket with a signed
 * URL and by HTTPS publish. Every packet is decided as every request is. It keeps nothing: no retained message, and no
 * session beyond its connection.
 * https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html
 */
import { randomUUID } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";
import { AwsError, type Call, parseQuery, readCall, text } from "./call";
import { type Answer, errorAnswer } from "./errors";
import { partition } from "./requests";
import type { Sts } from "./sessions";
import { readSignature, type Signed, verifySignature } from "./signature";

/** aedes is an ECMAScript module, so is loaded when first needed. */
const aedes = () => import("aedes");
type Aedes = InstanceType<Awaited<ReturnType<typeof aedes>>["Aedes"]>;
type Client = ReturnType<Aedes["handle"]>;
type PublishPacket = Parameters<Aedes["publish"]>[0];

/** What the broker needs of the front door. */
export interface IotDoor extends Sts {
  readonly clock: () => number;
  readonly log: (line: string) => void;
  readonly port: number;
}

/** The far end of a connection: whose URL it was, and what it listens to. */
interface Caller {
  call: Call;
  signed: Signed;
  filters: Set<string>;
  /** Decisions of one connection are made in turn: MQTT promises the order of its messages. */
  turn: Promise<unknown>;
}

// https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
const MAX_PAYLOAD = 128 * 1024;
const MAX_PACKET = MAX_PAYLOAD + 4096;
const MAX_NAME = 256;
const MAX_SLASHES = 7;
const MAX_FILTERS = 50;
const MAX_CLIENT_ID = 128;
const MAX_KEEP_ALIVE = 1200;
const MAX_CONNECTIONS = 100;
const MAX_BROKERS = 32;
const CONNECT_MILLISECONDS = 10_000;
const DRAIN_MILLISECONDS = 5000;
/** A signed URL that does not say how long it is good for, as the device SDKs write it: seconds. */
const EXPIRES = "300";

export class Iot {
  private readonly brokers = new Map<string, Promise<Aedes>>();
  private readonly callers = new WeakMap<IncomingMessage, Caller>();
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 2 * MAX_PACKET,
    handleProtocols: (offered) => ["mqtt", "mqttv3.1"].find((name) => offered.has(name)) ?? false,
  });

  constructor(private readonly door: IotDoor) {}

  /**
   * Answers an allowed call that is the broker's, or gives undefined: `iot-data:Publish`, delivered in the caller's own
   * account, and `iot:DescribeEndpoint`, whose address is the front door's. Throws AwsError as AWS answers.
   */
  async answer(call: Call, account: string): Promise<Answer | undefined> {
    const json = (body: object): Answer => ({
      status: 200,
      headers: { "content-type": "application/json", "x-amzn-requestid": call.requestId },
      body: JSON.stringify(body),
    });
    const wrong = (message: string) => new AwsError("InvalidRequestException", message, 400);
    if (call.service === "iot" && call.operation === "DescribeEndpoint") {
      const type = text(call.query.endpointType) ?? "iot:Data";
      if (!/^iot:Data(-ATS)?$/.test(type))
        throw wrong(`The sandbox has no endpoint of type ${type}; expected iot:Data-ATS`);
      return json({ endpointAddress: `127.0.0.1:${this.door.port}` });
    }
    if (call.service !== "iotdata" || call.operation !== "Publish") return undefined;
    const topic = String(call.params.topic);
    const qos = Number(call.query.qos ?? 0);
    const retain = call.query.retain === "true";
    if (call.body.length > MAX_PAYLOAD)
      throw new AwsError("RequestEntityTooLargeException", "The payload exceeds 128 KB", 413);
    const mistake = /[#+]/.test(topic)
      ? "a topic to publish to has no wildcard"
      : mistakeIn(topic, qos, retain);
    if (mistake) throw wrong(mistake);
    const broker = await this.brokers.get(`${account} ${call.region}`);
    const packet: PublishPacket = {
      cmd: "publish",
      topic,
      payload: call.body,
      qos: qos as 0 | 1,
      retain,
      dup: false,
    };
    if (broker)
      await new Promise<void>((resolve) => setImmediate(() => broker.publish(packet, () => resolve())));
    return json({ message: "OK", traceId: call.requestId });
  }

  /** Takes an HTTP upgrade: a WebSocket at /mqtt whose signature is good, or AWS's refusal. Never rejects. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    try {
      const caller = await this.authenticate(request);
      const account = (await this.principal(caller)).account;
      const broker = await this.broker(`${account} ${caller.call.region}`);
      if (this.sockets.clients.size >= MAX_CONNECTIONS) throw busy(`${MAX_CONNECTIONS} connections`);
      this.callers.set(request, caller);
      this.sockets.handleUpgrade(request, socket, head, (ws) => this.connect(ws, request, caller, broker));
    } catch (error) {
      this.refuse(request, socket, error);
    }
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    for (const ws of this.sockets.clients) ws.terminate();
    for (const broker of this.brokers.values()) (await broker).close();
  }

  private async authenticate(request: IncomingMessage): Promise<Caller> {
    const [path = "", search = ""] = (request.url ?? "").split(/(?=\?)/, 2);
    if (path !== "/mqtt" || request.headers.upgrade?.toLowerCase() !== "websocket")
      throw new AwsError("InvalidRequestException", `Expected a WebSocket at /mqtt; found ${path}`, 400);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(",")]),
    );
    const query = parseQuery(search.slice(1));
    const signed = readSignature(headers, { "X-Amz-Expires": EXPIRES, ...query });
    if (!signed) throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token");
    if (!["iotdevicegateway", "iotdata"].includes(signed.service))
      throw new AwsError(
        "SignatureDoesNotMatch",
        "Credential should be scoped to correct service: 'iotdevicegateway'.",
      );
    const raw = { method: "GET", path, search, headers, body: Buffer.alloc(0), sourceIp: "127.0.0.1" };
    const call = readCall({ ...raw, now: new Date(this.door.clock()) }, signed);
    const { secret } = await this.door.identities.principal(signed, call.now.getTime());
    // IoT alone leaves the token out of what is signed, and has it appended:
    // https://docs.aws.amazon.com/iot/latest/developerguide/iam-users-groups-roles.html
    const { "X-Amz-Security-Token": _token, ...canonical } = call.query;
    await verifySignature({ ...call, query: signed.presigned ? canonical : call.query }, signed, secret);
    return { call, signed, filters: new Set(), turn: Promise.resolve() };
  }

  private refuse(request: IncomingMessage, socket: Duplex, error: unknown): void {
    if (!(error instanceof AwsError))
      this.door.log(`failed: ${error instanceof Error ? error.stack : error}`);
    const known =
      error instanceof AwsError
        ? error
        : new AwsError("InternalFailure", "The sandbox failed; its log tells why.", 500);
    const { method = "GET", url: path = "/" } = request;
    const about = { protocol: "rest-json", service: "iotdata", operation: "", method, path } as const;
    const { status, headers, body } = errorAnswer({ ...about, requestId: randomUUID() }, known);
    const all = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
  }

  private connect(ws: WebSocket, request: IncomingMessage, caller: Caller, broker: Aedes): void {
    const fits = packetLengths();
    ws.on("error", () => ws.terminate());
    ws.on("message", (data: Buffer) => {
      if (!fits(data)) ws.terminate();
    });
    type Deliver = (packet: PublishPacket, done: () => void) => void;
    const client = broker.handle(createWebSocketStream(ws), request) as Client &
      Record<"deliver0" | "deliverQoS", Deliver>;
    // iot:Receive is decided at each delivery; aedes' own hook for that, authorizeForward, cannot wait for a decision.
    const { deliver0, deliverQoS } = client;
    const guard =
      (deliver: Deliver): Deliver =>
      (packet, done) =>
        this.inTurn(caller, "Receive", `topic/${packet.topic}`, (allowed) =>
          allowed ? deliver(packet, done) : done(),
        );
    client.deliver0 = guard(deliver0);
    // aedes gives a packet of QoS 0 to deliver0 itself.
    client.deliverQoS = (packet, done) => (packet.qos ? guard(deliverQoS) : deliverQoS)(packet, done);
  }

  private broker(key: string): Promise<Aedes> {
    let found = this.brokers.get(key);
    if (!found) {
      if (this.brokers.size >= MAX_BROKERS) throw busy(`${MAX_BROKERS} accounts and Regions`);
      found = this.newBroker();
      this.brokers.set(key, found);
    }
    return found;
  }

  private async newBroker(): Promise<Aedes> {
    const { Aedes } = await aedes();
    const callerOf = (client: Client) => this.callers.get(client.req!)!;
    const broker = await Aedes.createBroker({
      connectTimeout: CONNECT_MILLISECONDS,
      drainTimeout: DRAIN_MILLISECONDS,
      maxClientsIdLength: MAX_CLIENT_ID,
      preConnect: (_client, packet, done) => {
        const keepalive = Math.min(packet.keepalive || MAX_KEEP_ALIVE, MAX_KEEP_ALIVE);
        Object.assign(packet, { clean: true, keepalive });
        const long = Buffer.byteLength(packet.clientId) > MAX_CLIENT_ID;
        done(long ? new Error(`a client ID has at most ${MAX_CLIENT_ID} bytes`) : null, !long);
      },
      authenticate: (client, _name, _password, done) =>
        this.inTurn(callerOf(client), "Connect", `client/${client.id}`, (allowed) =>
          done(allowed ? null : Object.assign(new Error("not authorized"), { returnCode: 5 }), allowed),
        ),
      authorizePublish: (client, packet, done) => {
        const { topic, qos, retain, payload } = packet;
        const mistake =
          Buffer.byteLength(payload) > MAX_PAYLOAD
            ? "the payload exceeds 128 KB"
            : mistakeIn(topic, qos, retain);
        if (mistake || !client) done(new Error(mistake));
        else
          this.inTurn(callerOf(client), "Publish", `topic/${topic}`, (allowed) =>
            done(allowed ? null : new Error("not authorized")),
          );
      },
      authorizeSubscribe: (client, subscription, done) => {
        const { topic, qos } = subscription;
        const { filters } = callerOf(client);
        const mistake = mistakeIn(topic, qos, false);
        if (mistake) return done(new Error(mistake));
        return this.inTurn(callerOf(client), "Subscribe", `topicfilter/${topic}`, (allowed) => {
          const taken = allowed && (filters.has(topic) || filters.size < MAX_FILTERS);
          if (taken) filters.add(topic);
          done(null, taken ? subscription : null);
        });
      },
    });
    broker.on("error" as "closed", (error?: Error) => this.door.log(`message broker: ${error?.stack}`));
    broker.on("unsubscribe", (filters, client) => {
      for (const filter of filters) callerOf(client).filters.delete(filter);
    });
    return broker;
  }

  private principal({ signed }: Caller) {
    return this.door.identities.principal(signed, this.door.clock());
  }

  /** Decides about a packet, after those before it; tells the result when nothing else is at work. */
  private inTurn(caller: Caller, action: string, resource: string, then: (allowed: boolean) => void): void {
    caller.turn = caller.turn
      .then(() => this.may(caller, action, resource))
      .then((allowed) => setImmediate(then, allowed));
  }

  /** Whether a connection's caller may do this now: as with any request, only while its credentials are good. */
  private async may(caller: Caller, action: string, resource: string): Promise<boolean> {
    try {
      const principal = await this.principal(caller);
      const { account } = principal;
      const { region } = caller.call;
      const arn = `arn:${partition(region)}:iot:${region}:${account}:${resource}`;
      const call = { ...caller.call, now: new Date(this.door.clock()), requestId: randomUUID() };
      await this.door.require(call, principal, [
        { action: `iot:${action}`, resource: arn, account, context: {} },
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof AwsError))
        this.door.log(`failed: ${error instanceof Error ? error.stack : error}`);
      return false;
    }
  }
}

const busy = (what: string) =>
  new AwsError("ThrottlingException", `The sandbox's message broker takes at most ${what}`, 429);

/** What AWS IoT would not take of a topic or filter, or undefined. */
function mistakeIn(topic: string, qos: number, retain: boolean): string | undefined {
  // https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences
  if (qos !== 0 && qos !== 1) return `QoS ${qos} is not supported; expected 0 or 1`;
  if (retain) return "the sandbox keeps no retained messages";
  if (topic.includes("\0")) return "a topic has no null character";
  if (Buffer.byteLength(topic) > MAX_NAME) return `a topic has at most ${MAX_NAME} bytes`;
  if (topic.split("/").length - 1 > MAX_SLASHES) return `a topic has at most ${MAX_SLASHES} slashes`;
  // https://docs.aws.amazon.com/iot/latest/developerguide/reserved-topics.html
  return /^\$(?!aws\/)/.test(topic) ? "topics that begin with $ are reserved" : undefined;
}

/** Follows the lengths of the MQTT packets in a stream: false for a chunk in which one is longer than AWS takes. */
function packetLengths(): (chunk: Buffer) => boolean {
  let rest = 0;
  let length = 0;
  let shift = -1;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (rest) {
        const inside = Math.min(rest, chunk.length - at);
        rest -= inside;
        at += inside;
        continue;
      }
      const byte = chunk[at++]!;
      if (shift < 0) {
        // The packet's type; its length follows, seven bits a byte.
        length = 0;
        shift = 0;
        continue;
      }
      length += (byte & 127) * 2 ** shift;
      shift += 7;
      if (length > MAX_PACKET || shift > 28) return false;
      if (byte < 128) {
        rest = length;
        shift = -1;
      }
    }
    return true;
  };
}
