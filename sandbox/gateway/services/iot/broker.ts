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
import { buildArn } from "../../arn";
import { AwsError, parseQuery } from "../../call";
import { errorAnswer } from "../../errors";
import { failure, internalFailure, requestHeaders } from "../../http";
import { readCall } from "../../read-call";
import { readSignature, verifySignature } from "../../signature";
import type { Gateway, RequestContext, TopicMessage } from "../service";
import { iotdata } from "./iot-data";
import { MAX_PAYLOAD, topicError } from "./topics";

/** aedes is an ECMAScript module, so is loaded when first needed. */
const aedes = () => import("aedes");
type Aedes = InstanceType<Awaited<ReturnType<typeof aedes>>["Aedes"]>;
type Client = ReturnType<Aedes["handle"]>;
type PublishPacket = Parameters<Aedes["publish"]>[0];

/** The far end of a connection: the signed request that opened it, and what it listens to. */
interface Subscriber extends Pick<RequestContext, "call"> {
  signature: NonNullable<RequestContext["signature"]>;
  filters: Set<string>;
  /** Decisions of one connection are made in turn: MQTT promises the order of its messages. */
  turn: Promise<unknown>;
}

const MAX_PACKET = MAX_PAYLOAD + 4096;
const MAX_FILTERS = 50;
const MAX_CLIENT_ID = 128;
const MAX_KEEP_ALIVE = 1200;
const MAX_CONNECTIONS = 100;
const MAX_BROKERS = 32;
const CONNECT_MILLISECONDS = 10_000;
const DRAIN_MILLISECONDS = 5000;
/** Seconds that a signed URL is valid for when it does not say, as the device SDKs write it. */
const EXPIRES = "300";

export class MessageBroker {
  private readonly brokers = new Map<string, Promise<Aedes>>();
  private readonly subscribers = new WeakMap<IncomingMessage, Subscriber>();
  private readonly sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 2 * MAX_PACKET,
    handleProtocols: (offered) => ["mqtt", "mqttv3.1"].find((name) => offered.has(name)) ?? false,
  });

  constructor(private readonly gateway: Gateway) {}

  /** Delivers a message to the subscribers of an account's topic. */
  async publish(account: string, region: string, message: TopicMessage): Promise<void> {
    const broker = await this.brokers.get(`${account} ${region}`);
    const packet: PublishPacket = { cmd: "publish", retain: false, dup: false, ...message };
    if (broker)
      await new Promise<void>((resolve) => setImmediate(() => broker.publish(packet, () => resolve())));
  }

  /** Takes an HTTP upgrade: a WebSocket at /mqtt whose signature is valid, or AWS's refusal. Never rejects. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    try {
      const subscriber = await this.authenticate(request);
      const account = (await this.principal(subscriber)).account;
      const broker = await this.broker(`${account} ${subscriber.call.region}`);
      if (this.sockets.clients.size >= MAX_CONNECTIONS) throw busy(`${MAX_CONNECTIONS} connections`);
      this.subscribers.set(request, subscriber);
      this.sockets.handleUpgrade(request, socket, head, (ws) =>
        this.connect(ws, request, subscriber, broker),
      );
    } catch (error) {
      this.refuse(request, socket, error);
    }
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    for (const ws of this.sockets.clients) ws.terminate();
    for (const broker of this.brokers.values()) (await broker).close();
  }

  private async authenticate(request: IncomingMessage): Promise<Subscriber> {
    const [path = "", search = ""] = (request.url ?? "").split(/(?=\?)/, 2);
    if (path !== "/mqtt" || request.headers.upgrade?.toLowerCase() !== "websocket")
      throw new AwsError("InvalidRequestException", `Expected a WebSocket at /mqtt; found ${path}`, 400);
    const headers = requestHeaders(request);
    const query = parseQuery(search.slice(1));
    const signature = readSignature(headers, { "X-Amz-Expires": EXPIRES, ...query });
    if (!signature)
      throw new AwsError("MissingAuthenticationToken", "Request is missing Authentication Token");
    if (!["iotdevicegateway", "iotdata"].includes(signature.service))
      throw new AwsError(
        "SignatureDoesNotMatch",
        "Credential should be scoped to correct service: 'iotdevicegateway'.",
      );
    const raw = { method: "GET", path, search, headers, body: Buffer.alloc(0), sourceIp: "127.0.0.1" };
    const call = readCall({ ...raw, now: new Date(this.gateway.clock()) }, signature);
    const { secret } = await this.gateway.identities.principal(signature, call.now.getTime());
    // IoT alone leaves the token out of what is signed, and has it appended:
    // https://docs.aws.amazon.com/iot/latest/developerguide/iam-users-groups-roles.html
    const { "X-Amz-Security-Token": _token, ...canonical } = call.query;
    await verifySignature(
      { ...call, query: signature.presigned ? canonical : call.query },
      signature,
      secret,
    );
    return { call, signature, filters: new Set(), turn: Promise.resolve() };
  }

  private refuse(request: IncomingMessage, socket: Duplex, error: unknown): void {
    if (!(error instanceof AwsError)) this.gateway.log(failure(error));
    const known = error instanceof AwsError ? error : internalFailure();
    const { method = "GET", url: path = "/" } = request;
    const about = { protocol: "rest-json", service: "iotdata", method, path } as const;
    const { status, headers, body } = errorAnswer({ ...about, requestId: randomUUID() }, known, iotdata);
    const all = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
  }

  private connect(ws: WebSocket, request: IncomingMessage, subscriber: Subscriber, broker: Aedes): void {
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
        this.inTurn(subscriber, "Receive", `topic/${packet.topic}`, (allowed) =>
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
    const subscriberOf = (client: Client) => this.subscribers.get(client.req!)!;
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
        this.inTurn(subscriberOf(client), "Connect", `client/${client.id}`, (allowed) =>
          done(allowed ? null : Object.assign(new Error("not authorized"), { returnCode: 5 }), allowed),
        ),
      authorizePublish: (client, packet, done) => {
        const { topic, qos, retain, payload } = packet;
        const error =
          Buffer.byteLength(payload) > MAX_PAYLOAD
            ? "the payload exceeds 128 KB"
            : topicError(topic, qos, retain);
        if (error || !client) done(new Error(error));
        else
          this.inTurn(subscriberOf(client), "Publish", `topic/${topic}`, (allowed) =>
            done(allowed ? null : new Error("not authorized")),
          );
      },
      authorizeSubscribe: (client, subscription, done) => {
        const { topic, qos } = subscription;
        const { filters } = subscriberOf(client);
        const error = topicError(topic, qos, false);
        if (error) return done(new Error(error));
        return this.inTurn(subscriberOf(client), "Subscribe", `topicfilter/${topic}`, (allowed) => {
          const taken = allowed && (filters.has(topic) || filters.size < MAX_FILTERS);
          if (taken) filters.add(topic);
          done(null, taken ? subscription : null);
        });
      },
    });
    broker.on("error" as "closed", (error?: Error) => this.gateway.log(`message broker: ${error?.stack}`));
    broker.on("unsubscribe", (filters, client) => {
      for (const filter of filters) subscriberOf(client).filters.delete(filter);
    });
    return broker;
  }

  private principal({ signature }: Subscriber) {
    return this.gateway.identities.principal(signature, this.gateway.clock());
  }

  /** Decides about a packet, after those before it; gives the result when nothing else is at work. */
  private inTurn(
    subscriber: Subscriber,
    action: string,
    resource: string,
    then: (allowed: boolean) => void,
  ): void {
    subscriber.turn = subscriber.turn
      .then(() => this.isAllowed(subscriber, action, resource))
      .then((allowed) => setImmediate(then, allowed));
  }

  /** Whether a subscriber may do this now: as with any request, only while its credentials are valid. */
  private async isAllowed(subscriber: Subscriber, action: string, resource: string): Promise<boolean> {
    try {
      const principal = await this.principal(subscriber);
      const { account } = principal;
      const { region } = subscriber.call;
      const arn = buildArn("iot", region, account, resource);
      const call = { ...subscriber.call, now: new Date(this.gateway.clock()), requestId: randomUUID() };
      await this.gateway.require(call, principal, [
        { action: `iot:${action}`, resource: arn, account, context: {} },
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof AwsError)) this.gateway.log(failure(error));
      return false;
    }
  }
}

const busy = (what: string) =>
  new AwsError("ThrottlingException", `The sandbox's message broker takes at most ${what}`, 429);

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
