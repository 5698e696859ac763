import { bucketLabel, groupsOf } from "../../application/application";
import { checkGroups } from "../../application/settings";
import { defineScenario } from "../../scenario";
import { contract } from "./contract";
import { rules, type UpdateAppSettings } from "./settings";

/** Scenario 1: a few people of the trusted account update the production application. */
export const updateApp = defineScenario<"UpdateApp", UpdateAppSettings>({
  name: "UpdateApp",
  output: "updateApp",
  rules,
  checkSettings: (settings, _config, report) => checkGroups(settings, report),
  inventory: ({ settings }) => ({
    trusting: {
      roles: [settings.roleName],
      buckets: [{ label: bucketLabel(settings), name: settings.bucketName }],
    },
    trusted: groupsOf(settings),
  }),
  resources: (): typeof import("./resources") => require("./resources"),
  deployerPermissions: () => ({}),
  contract,
});
