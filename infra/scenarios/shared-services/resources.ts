import { ResourceBasedAccess } from "../../access/resource-based-access";
import { queue, repository, restApi, topic } from "../../access/shared-resource";
import type { Accounts } from "../../account";
import { createGroup } from "../../groups";
import type { ScenarioContext } from "../../scenario";
import { GROUP_NAME } from "./names";
import type { SharedServicesSettings } from "./settings";

/** What stands in for an application: one method that only a signed request may call, and a fixed answer. */
const openApi = JSON.stringify({
  openapi: "3.0.1",
  info: { title: "greeting", version: "1" },
  components: {
    securitySchemes: {
      // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html
      iam: {
        type: "apiKey",
        name: "Authorization",
        in: "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
      },
    },
  },
  paths: {
    "/greeting": {
      get: {
        security: [{ iam: [] }],
        responses: { 200: { description: "A greeting" } },
        "x-amazon-apigateway-integration": {
          type: "mock",
          requestTemplates: { "application/json": '{"statusCode": 200}' },
          responses: {
            default: { statusCode: "200", responseTemplates: { "application/json": '{"message":"hello"}' } },
          },
        },
      },
    },
  },
});

/**
 * Scenario 5 for further services that have resource-based policies: people of the trusted account publish to a topic,
 * use a queue, pull from a repository of container images and call an API of the trusting account with their own keys.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html
 */
export function deploy({ settings }: ScenarioContext<SharedServicesSettings>, accounts: Accounts) {
  const { sharedServicesName: name, protect } = settings;
  const { trusting, trusted } = accounts;
  const { provider } = trusted;
  const group = provider && createGroup(GROUP_NAME, provider);
  const { addresses } = new ResourceBasedAccess("ServiceSharers-may-use-services", {
    accounts,
    grantee: group && { group },
    resources: {
      "shared-topic": topic(trusting, name),
      "shared-queue": queue(trusting, name),
      "shared-repository": repository(trusting, name, protect),
      "shared-api": restApi(trusting, { apiName: name, stageName: "v1", method: "GET /greeting", openApi }),
    },
  });
  return {
    topicArn: addresses["shared-topic"],
    queueUrl: addresses["shared-queue"],
    repositoryUri: addresses["shared-repository"],
    apiUrl: addresses["shared-api"],
  };
}
