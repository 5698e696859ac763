import { openAccounts } from "./accounts";
import { updateApp } from "./scenarios/update-app";
import { readSettings } from "./settings";

/** The whole program: settings, the two accounts, the scenarios, and what people are told. */
export = async () => {
  const settings = readSettings();
  const accounts = await openAccounts(settings);
  return {
    stack: settings.stack,
    region: settings.region,
    trustingAccountId: settings.trustingAccountId,
    trustedAccountId: settings.trustedAccountId,
    updateApp: updateApp(settings, accounts),
  };
};
