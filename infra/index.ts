import { openAccounts } from "./accounts";
import { instanceOperator } from "./scenarios/instance-operator";
import { parameterReader } from "./scenarios/parameter-reader";
import { sharedBucket } from "./scenarios/shared-bucket";
import { topicPublisher } from "./scenarios/topic-publisher";
import { updateApp } from "./scenarios/update-app";
import { readSettings } from "./settings";

/** The whole program: settings, the two accounts, the scenarios, and what people are told. */
export = async () => {
  const settings = readSettings();
  const accounts = await openAccounts(settings);
  const on = (scenario: (typeof settings.scenarios)[number]) => settings.scenarios.includes(scenario);
  return {
    stack: settings.stack,
    region: settings.region,
    trustingAccountId: settings.trustingAccountId,
    trustedAccountId: settings.trustedAccountId,
    ...(on("UpdateApp") && { updateApp: updateApp(settings, accounts) }),
    ...(on("ParameterReader") && { parameterReader: parameterReader(settings, accounts) }),
    ...(on("InstanceOperator") && { instanceOperator: instanceOperator(settings, accounts) }),
    ...(on("TopicPublisher") && { topicPublisher: topicPublisher(settings, accounts) }),
    ...(on("SharedBucket") && { sharedBucket: sharedBucket(settings, accounts) }),
  };
};
