import { arn } from "../../access/arn";
import { allow, colleague, devAdministrator, membersOfOtherGroups, outsider } from "../../contract/personas";
import { rows } from "../../contract/rows";
import { standardGroupContract, withChecks } from "../../contract/standard";
import { ownQueueInDev } from "../../contract/targets";
import type { Answer, Contract, ContractRow, Persona, Target, UserPersona } from "../../contract/types";
import type { ScenarioContext } from "../../scenario";
import { GROUP_NAME } from "./names";
import type { SharedServicesSettings } from "./settings";

// Own permissions for own queues: access to the shared one comes from the group.
const serviceSharer: UserPersona = {
  kind: "user",
  name: "service sharer",
  home: "trusted",
  groups: [GROUP_NAME],
  permissions: [allow("sqs:*", "arn:*:sqs:*:*:check-*")],
};
const sendAndReceive = ["sqs:SendMessage", "sqs:ReceiveMessage"] as const;

/** Who is expected to use the shared services, and who is not. */
export function contract({
  settings,
  locations,
  program,
}: ScenarioContext<SharedServicesSettings>): Contract {
  const name = settings.sharedServicesName;
  const topic: Target = { name: "the shared topic", topicArn: arn(locations.trusting, "sns", name) };
  const queue: Target = { name: "the shared queue", queueUrl: { output: "queueUrl" } };
  const repository: Target = { name: "the shared repository", repository: name };
  const api: Target = { name: "the shared API", apiUrl: { output: "apiUrl" } };
  const everyService = (check: number, who: Persona, expected: Answer): ContractRow[] => [
    ...rows(check, who, "own keys", "sns:Publish", topic, expected),
    ...rows(check, who, "own keys", sendAndReceive, queue, expected),
    ...rows(check, who, "own keys", "ecr:BatchGetImage", repository, expected),
    ...rows(check, who, "own keys", "execute-api:Invoke", api, expected),
  ];
  const own: Contract = {
    checks: [
      "A member of ServiceSharers publishes to the shared topic",
      "The same person sends and receives in the own queue in dev and in the shared one",
      "The same person signs in to the registry and pulls from the shared repository",
      "The same person calls the shared API",
      "A dev administrator: what the resources' own policies do not share",
      "A dev user outside ServiceSharers, and a member of every other group",
      "An administrator of a third account",
    ],
    rows: [
      ...rows(1, serviceSharer, "own keys", "sns:Publish", topic, "allowed"),
      // A message is sent before it is received.
      ...rows(2, serviceSharer, "own keys", sendAndReceive, ownQueueInDev, "allowed"),
      ...rows(2, serviceSharer, "own keys", sendAndReceive, queue, "allowed"),
      ...rows(
        3,
        serviceSharer,
        "own keys",
        ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"],
        repository,
        "allowed",
      ),
      ...rows(4, serviceSharer, "own keys", "execute-api:Invoke", api, "allowed"),
      ...rows(5, devAdministrator, "own keys", "sns:GetTopicAttributes", topic, "refused"),
      ...rows(5, devAdministrator, "own keys", "sqs:GetQueueAttributes", queue, "refused"),
      ...rows(5, devAdministrator, "own keys", "ecr:DescribeImages", repository, "refused"),
      ...everyService(6, colleague, "refused"),
      ...membersOfOtherGroups(program.groups, [GROUP_NAME]).flatMap((who) => everyService(6, who, "refused")),
      ...everyService(7, outsider, "refused"),
    ],
  };
  return withChecks(own, standardGroupContract(GROUP_NAME));
}
