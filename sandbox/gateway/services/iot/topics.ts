// https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
export const MAX_PAYLOAD = 128 * 1024;
const MAX_NAME = 256;
const MAX_SLASHES = 7;

/** Why AWS IoT would not take a topic or filter, or undefined. */
export function topicError(topic: string, qos: number, retain: boolean): string | undefined {
  // https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences
  if (qos !== 0 && qos !== 1) return `QoS ${qos} is not supported; expected 0 or 1`;
  if (retain) return "the sandbox keeps no retained messages";
  if (topic.includes("\0")) return "a topic has no null character";
  if (Buffer.byteLength(topic) > MAX_NAME) return `a topic has at most ${MAX_NAME} bytes`;
  if (topic.split("/").length - 1 > MAX_SLASHES) return `a topic has at most ${MAX_SLASHES} slashes`;
  // https://docs.aws.amazon.com/iot/latest/developerguide/reserved-topics.html
  return /^\$(?!aws\/)/.test(topic) ? "topics that begin with $ are reserved" : undefined;
}
