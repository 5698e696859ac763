import { randomUUID } from "node:crypto";
import { Sha256 } from "@aws-crypto/sha256-js";
import { IoTDataPlaneClient, PublishCommand } from "@aws-sdk/client-iot-data-plane";
import { SignatureV4 } from "@smithy/signature-v4";
import { connectAsync, type MqttClient } from "mqtt";
import type { Caller } from "./requests";

const SEEN_SECONDS = 10;

/**
 * Connects to AWS IoT's message broker as its device SDKs do: MQTT over a WebSocket with a signed URL.
 * https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html
 */
export async function connect(caller: Caller, clientId: string): Promise<MqttClient> {
  const { credentials, region, endpoint } = caller;
  const { sessionToken, ...key } = typeof credentials === "function" ? await credentials() : credentials;
  if (!endpoint)
    throw new Error("The message broker's address of an account is its own: this check knows none of AWS.");
  const { host, protocol } = new URL(endpoint);
  const signer = new SignatureV4({ credentials: key, region, service: "iotdevicegateway", sha256: Sha256 });
  const { query = {} } = await signer.presign(
    { method: "GET", protocol: "ws:", hostname: host, path: "/mqtt", query: {}, headers: { host } },
    { expiresIn: 300 },
  );
  // AWS IoT wants the session's token added after signing.
  const signed = new URLSearchParams({
    ...(query as Record<string, string>),
    ...(sessionToken && { "X-Amz-Security-Token": sessionToken }),
  });
  const scheme = protocol === "https:" ? "wss" : "ws";
  return connectAsync(`${scheme}://${host}/mqtt?${signed}`, { clientId, reconnectPeriod: 0 }, false);
}

/**
 * Publishes to a topic over HTTPS and, where a watcher is given, over a WebSocket too, and waits until both were seen.
 * @throws {Error} with the endpoint's words where it refuses, or where a message was not seen in 10 s.
 */
export async function publish(
  caller: Caller,
  { topic, clientId, watcher }: { topic: string; clientId: string; watcher: Caller },
): Promise<void> {
  const payloads = { https: `https ${randomUUID()}`, webSocket: `web socket ${randomUUID()}` };
  const overHttps = () =>
    new IoTDataPlaneClient(caller).send(
      new PublishCommand({ topic, qos: 1, payload: Buffer.from(payloads.https) }),
    );
  if (caller.endpoint === undefined) {
    await overHttps();
    return;
  }
  const seen = new Set<string>();
  const subscriber = await connect(watcher, `watcher-${randomUUID()}`);
  try {
    subscriber.on("message", (_, payload) => seen.add(payload.toString()));
    await subscriber.subscribeAsync(topic, { qos: 1 });
    await overHttps();
    const device = await connect(caller, clientId);
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
