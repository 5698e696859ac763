import { arn, iamArn } from "../../access/arn";
import { defineScenario } from "../../scenario";
import { contract, otherTopic } from "./contract";
import { ROLE_NAME, USER_NAME } from "./names";
import { rules, type TopicPublisherSettings } from "./settings";

/** Scenario 4: a device of the trusted account publishes to one topic of the trusting account's AWS IoT. */
export const topicPublisher = defineScenario<"TopicPublisher", TopicPublisherSettings>({
  name: "TopicPublisher",
  output: "topicPublisher",
  rules,
  inventory: () => ({ trusting: { roles: [ROLE_NAME] } }),
  resources: (): typeof import("./resources") => require("./resources"),
  deployerPermissions: ({ locations: { trusted } }) => ({
    trusted: [
      {
        sid: "Device",
        resources: [iamArn(trusted, `user/${USER_NAME}`)],
        read: [
          "iam:GetUser",
          "iam:GetUserPolicy",
          "iam:ListAccessKeys",
          "iam:ListUserTags",
          "iam:ListGroupsForUser",
        ],
        write: [
          "iam:CreateUser",
          "iam:UpdateUser",
          "iam:DeleteUser",
          "iam:TagUser",
          "iam:UntagUser",
          "iam:PutUserPolicy",
          "iam:DeleteUserPolicy",
          "iam:CreateAccessKey",
          "iam:UpdateAccessKey",
          "iam:DeleteAccessKey",
        ],
      },
    ],
  }),
  // A watcher in the topic's account sees whether a message arrives.
  checkerPermissions: ({ settings: { topic }, locations: { trusting } }) => ({
    trusting: [
      { sid: "CheckBroker", resources: ["*"], read: ["iot:DescribeEndpoint"] },
      {
        sid: "CheckTopic",
        resources: [
          "client/watcher-*",
          ...[topic, otherTopic(topic)].flatMap((name) => [`topicfilter/${name}`, `topic/${name}`]),
        ].map((name) => arn(trusting, "iot", name)),
        write: ["iot:Connect", "iot:Subscribe", "iot:Receive"],
      },
    ],
  }),
  contract,
});
