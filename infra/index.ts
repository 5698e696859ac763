import * as pulumi from "@pulumi/pulumi";
import { openAccounts } from "./accounts";
import { deployScenarios } from "./program";
import { readSettings } from "./settings";

/** The whole program: settings, the two accounts, the scenarios, and what the stack publishes. */
export = async () => {
  const settings = readSettings(pulumi.getStack(), pulumi.runtime.allConfig());
  const accounts = await openAccounts(settings);
  const { stack, region, trustingAccountId, trustedAccountId } = settings;
  return { stack, region, trustingAccountId, trustedAccountId, ...deployScenarios(settings, accounts) };
};
