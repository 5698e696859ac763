import { arn } from "../../access/arn";
import { defineScenario } from "../../scenario";
import { contract } from "./contract";
import { GROUP_NAME } from "./names";
import { rules, type SharedServicesSettings } from "./settings";

/** Scenario 5 for further services with resource-based policies: a topic, a queue, a repository and an API. */
export const sharedServices = defineScenario<"SharedServices", SharedServicesSettings>({
  name: "SharedServices",
  output: "sharedServices",
  rules,
  inventory: ({ settings: { sharedServicesName: name }, locations: { trusting } }) => ({
    trusting: {
      sharedResources: [
        { kind: "topic", name, arn: arn(trusting, "sns", name) },
        { kind: "queue", name, arn: arn(trusting, "sqs", name) },
        { kind: "repository", name, arn: arn(trusting, "ecr", `repository/${name}`) },
      ],
    },
    trusted: { groups: [GROUP_NAME] },
  }),
  resources: (): typeof import("./resources") => require("./resources"),
  deployerPermissions: ({ locations: { trusting } }) => ({
    trusting: [
      {
        sid: "Apis",
        // An API's ID is known only once it exists: these are all APIs of the account in the region.
        resources: ["/restapis", "/restapis/*"].map((path) =>
          arn({ ...trusting, accountId: "" }, "apigateway", path),
        ),
        read: ["apigateway:GET"],
        write: [
          "apigateway:POST",
          "apigateway:PUT",
          "apigateway:PATCH",
          "apigateway:DELETE",
          "apigateway:UpdateRestApiPolicy",
        ],
      },
    ],
  }),
  contract,
});
