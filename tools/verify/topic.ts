import { randomUUID } from "node:crypto";
import { Sha256 } from "@aws-crypto/sha256-js";
import { DescribeEndpointCommand, IoTClient } from "@aws-sdk/client-iot";
import { IoTDataPlaneClient, PublishCommand } from "@aws-sdk/client-iot-data-plane";
import { SignatureV4 } from "@smithy/signature-v4";
import { connectAsync, type MqttClient } from "mqtt";
import type { Caller, Subject } from "./caller";

const SEEN_SECONDS = 10;

/** Where an account's message broker is: each account has an address of its own. */
export async function brokerOf(owner: Caller): Promise<string> {
  const { endpointAddress } = await new IoTClient(owner).send(
    new DescribeEndpointCommand({ endpointType: "iot:Data-ATS" }),
  );
  return `${owner.endpoint?.startsWith("http:") ? "ws" : "wss"}://${endpointAddress}`;
}

/**
 * Connects to AWS IoT's message broker as its device SDKs do: MQTT over a WebSocket with a signed URL.
 * https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html
 */
export async function connect(
  { credentials, region }: Caller,
  clientId: string,
  broker: string,
): Promise<MqttClient> {
  const { sessionToken, ...key } = typeof credentials === "function" ? await credentials() : credentials;
  const { host } = new URL(broker);
  const signer = new SignatureV4({ credentials: key, region, service: "iotdevicegateway", sha256: Sha256 });
  const { query = {} } = await signer.presign(
    { method: "GET", protocol: "wss:", hostname: host, path: "/mqtt", query: {}, headers: { host } },
    { expiresIn: 300 },
  );
  // AWS IoT wants the session's token added after signing.
  const signed = new URLSearchParams({
    ...(query as Record<string, string>),
    ...(sessionToken && { "X-Amz-Security-Token": sessionToken }),
  });
  return connectAsync(`${broker}/mqtt?${signed}`, { clientId, reconnectPeriod: 0 }, false);
}

/**
 * Connects under a client ID, and leaves again.
 * @throws {Error} named ForbiddenException where the broker refuses the client.
 */
export async function connectAs(
  caller: Caller,
  { clientId, watcher }: Pick<Subject, "clientId" | "watcher">,
): Promise<void> {
  const broker = await brokerOf(watcher);
  // A broker that nobody could reach would say nothing about the client.
  await (await connect(watcher, `watcher-${randomUUID()}`, broker)).endAsync(true);
  try {
    await (await connect(caller, clientId, broker)).endAsync(true);
  } catch (error) {
    // AWS closes the connection without a word, or with the code that says "not authorized".
    const { code, message } = error as { code?: number; message: string };
    if (code !== 5 && !/Couldn't connect/.test(message)) throw error;
    throw Object.assign(new Error(message), { name: "ForbiddenException" });
  }
}

/**
 * Publishes to a topic over HTTPS and over a WebSocket, and waits until the watcher has seen both.
 * @throws {Error} with the endpoint's words where it refuses, or where a message was not seen in 10 s.
 */
export async function publish(
  caller: Caller,
  { topic, clientId, watcher }: Pick<Subject, "topic" | "clientId" | "watcher">,
): Promise<void> {
  const payloads = { https: `https ${randomUUID()}`, webSocket: `web socket ${randomUUID()}` };
  const seen = new Set<string>();
  const broker = await brokerOf(watcher);
  const subscriber = await connect(watcher, `watcher-${randomUUID()}`, broker);
  try {
    subscriber.on("message", (_, payload) => seen.add(payload.toString()));
    await subscriber.subscribeAsync(topic, { qos: 1 });
    await new IoTDataPlaneClient(caller).send(
      new PublishCommand({ topic, qos: 1, payload: Buffer.from(payloads.https) }),
    );
    const device = await connect(caller, clientId, broker);
    try {
      await device.publishAsync(topic, payloads.webSocket, { qos: 1 });
    } finally {
      await device.endAsync(true);
    }
    const deadline = Date.now() + SEEN_SECONDS * 1000;
    for (const payload of Object.values(payloads))
      while (!seen.has(payload)) {
        if (Date.now() > deadline)
          throw new Error(`"${payload}" was published to ${topic} but not seen in prod`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
  } finally {
    await subscriber.endAsync(true);
  }
}
