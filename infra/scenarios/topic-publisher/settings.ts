import { matching, type SettingRules } from "../../setting-rules";

export interface TopicPublisherSettings {
  /** The topic, and the client ID that the device connects with. */
  topic: string;
  topicClientId: string;
}

export const rules: SettingRules<TopicPublisherSettings> = {
  topic: {
    expected:
      "a topic of AWS IoT without wildcards, such as topic/test: up to 8 levels parted by slashes, 256 bytes in all",
    // A policy would read * and ? as wildcards, and ${ as a variable.
    // https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
    read: (text) =>
      /^(?!\$)[^+#*?\p{Cc}]+$/u.test(text) &&
      !text.includes("${") &&
      text.split("/").length <= 8 &&
      Buffer.byteLength(text) <= 256
        ? text
        : undefined,
    default: () => "topic/test",
  },
  topicClientId: {
    expected: "a client ID of letters, digits and :_-",
    read: matching(/^[\w:-]{1,128}$/),
    default: () => "publisher",
  },
};
