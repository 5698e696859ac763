import { defineScenario } from "../../scenario";
import { contract } from "./contract";
import { GROUP_NAME } from "./names";
import { rules, type SharedBucketSettings } from "./settings";

/** Scenario 5: people of the trusted account use a bucket of the trusting account and keep their own permissions. */
export const sharedBucket = defineScenario<"SharedBucket", SharedBucketSettings>({
  name: "SharedBucket",
  output: "sharedBucket",
  rules,
  inventory: ({ settings }) => ({
    trusting: { buckets: [{ label: "the shared bucket", name: settings.sharedBucketName }] },
    trusted: { groups: [GROUP_NAME] },
  }),
  resources: (): typeof import("./resources") => require("./resources"),
  deployerPermissions: () => ({}),
  contract,
});
