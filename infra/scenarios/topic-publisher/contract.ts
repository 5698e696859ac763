import { devAdministrator, outsider } from "../../contract/personas";
import { assumes, roleTarget, rows } from "../../contract/rows";
import {
  everythingElse,
  standardHomeContract,
  standardRoleContract,
  withChecks,
} from "../../contract/standard";
import type { Contract, DevicePersona, Target } from "../../contract/types";
import type { ScenarioContext } from "../../scenario";
import { ROLE_NAME } from "./names";
import type { TopicPublisherSettings } from "./settings";

const device: DevicePersona = { kind: "device", name: "device" };

/** A topic that the role does not reach. */
export const otherTopic = (topic: string): string => `${topic}-other`;

/** Who is expected to publish to the topic, and who is not. */
export function contract(context: ScenarioContext<TopicPublisherSettings>): Contract {
  const { settings, locations } = context;
  const { topic, topicClientId: clientId } = settings;
  const theTopic: Target = { name: "the topic", topic, clientId };
  const another: Target = { name: "another topic", topic: otherTopic(topic), clientId };
  const anotherClient: Target = { name: "another client ID", topic, clientId: `${clientId}-other` };
  const role = roleTarget(locations.trusting, ROLE_NAME);
  const assumesRole = assumes(role);
  const own: Contract = {
    checks: [
      "The device assumes TopicPublisher with its key",
      "An administrator of dev, with MFA",
      "As TopicPublisher: publish to the topic, seen by a subscriber in prod",
      "As TopicPublisher: another topic, and connecting as another client",
      "The device's own key, without the role",
      "An administrator of a third account, with MFA",
    ],
    rows: [
      ...assumesRole(1, device, "own keys", "allowed"),
      ...assumesRole(2, devAdministrator, "signed in with MFA", "refused"),
      ...rows(3, device, "as the role", "iot:Publish", theTopic, "allowed"),
      ...rows(4, device, "as the role", "iot:Publish", another, "refused"),
      ...rows(4, device, "as the role", "iot:Connect", anotherClient, "refused"),
      ...rows(5, device, "own keys", "iot:Publish", theTopic, "refused"),
      ...assumesRole(6, outsider, "signed in with MFA", "refused"),
    ],
  };
  return withChecks(
    own,
    { checks: ["As TopicPublisher: everything else in prod"], rows: everythingElse(1, device, [], context) },
    standardRoleContract(
      {
        role,
        roleName: ROLE_NAME,
        candidate: { who: device, session: "own keys" },
        maxSessionDuration: 3600,
      },
      context,
    ),
    standardHomeContract(device, "The device"),
  );
}
