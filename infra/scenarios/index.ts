import type { Accounts } from "../accounts";
import type { Scenario, Settings } from "../settings";
import { gitHubActions } from "./github-actions";
import { instanceOperator } from "./instance-operator";
import { parameterReader } from "./parameter-reader";
import { sharedBucket } from "./shared-bucket";
import { sharedServices } from "./shared-services";
import { topicPublisher } from "./topic-publisher";
import { updateApp } from "./update-app";

/** The scenarios that the settings turn on, and what each tells people. */
export function deployScenarios(settings: Settings, accounts: Accounts) {
  const on = (scenario: Scenario) => settings.scenarios.includes(scenario);
  return {
    ...(on("UpdateApp") && { updateApp: updateApp(settings, accounts) }),
    ...(on("ParameterReader") && { parameterReader: parameterReader(settings, accounts) }),
    ...(on("InstanceOperator") && { instanceOperator: instanceOperator(settings, accounts) }),
    ...(on("TopicPublisher") && { topicPublisher: topicPublisher(settings, accounts) }),
    ...(on("SharedBucket") && { sharedBucket: sharedBucket(settings, accounts) }),
    ...(on("SharedServices") && { sharedServices: sharedServices(settings, accounts) }),
    ...(on("GitHubActions") && { gitHubActions: gitHubActions(settings, accounts) }),
  };
}
