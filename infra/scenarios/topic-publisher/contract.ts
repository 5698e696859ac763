import { devAdministrator, memberOfOtherGroups, outsider } from "../../contract/personas";
import { assumes, roleTarget, rows } from "../../contract/rows";
import type { Contract, DevicePersona, Target } from "../../contract/types";
import type { ScenarioContext } from "../../scenario";
import { ROLE_NAME } from "./names";
import type { TopicPublisherSettings } from "./settings";

const device: DevicePersona = { kind: "device", name: "device" };

/** A topic that the role does not reach. */
export const otherTopic = (topic: string): string => `${topic}-other`;

/** Who is expected to publish to the topic, and who is not. */
export function contract({
  settings,
  locations,
  program,
}: ScenarioContext<TopicPublisherSettings>): Contract {
  const { topic, topicClientId: clientId } = settings;
  const theTopic: Target = { name: "the topic", topic, clientId };
  const another: Target = { name: "another topic", topic: otherTopic(topic), clientId };
  const anotherClient: Target = { name: "another client ID", topic, clientId: `${clientId}-other` };
  const assumesRole = assumes(roleTarget(locations.trusting, ROLE_NAME));
  return {
    checks: [
      "The device assumes TopicPublisher with its key",
      "A member of every group and an administrator of dev, with MFA",
      "As TopicPublisher: publish to the topic, seen by a subscriber in prod",
      "As TopicPublisher: another topic, and connecting as another client",
      "The device's own key, without the role",
      "An administrator of a third account, with MFA",
    ],
    rows: [
      ...assumesRole(1, device, "own keys", "allowed"),
      ...assumesRole(2, memberOfOtherGroups(program.groups), "signed in with MFA", "refused"),
      ...assumesRole(2, devAdministrator, "signed in with MFA", "refused"),
      ...rows(3, device, "as the role", "iot:Publish", theTopic, "allowed"),
      ...rows(4, device, "as the role", "iot:Publish", another, "refused"),
      ...rows(4, device, "as the role", "iot:Connect", anotherClient, "refused"),
      ...rows(5, device, "own keys", "iot:Publish", theTopic, "refused"),
      ...assumesRole(6, outsider, "signed in with MFA", "refused"),
    ],
  };
}
