import { userGroups } from "../../people";
import { defineScenario } from "../../scenario";
import { contract } from "./contract";
import { DEVELOPERS, ROLE_NAME, TESTERS } from "./names";
import { deploy } from "./resources";
import { rules, type UpdateAppSettings } from "./settings";

/** Scenario 1: a few people of the trusted account update the production application. */
export const updateApp = defineScenario<"UpdateApp", UpdateAppSettings>({
  name: "UpdateApp",
  output: "updateApp",
  rules,
  inventory: ({ settings }) => ({
    trusting: { roles: [ROLE_NAME], buckets: [{ label: "productionapp", name: settings.bucketName }] },
    trusted: { groups: userGroups(settings, DEVELOPERS, TESTERS) },
  }),
  deploy,
  deployerPermissions: () => ({}),
  contract,
});
