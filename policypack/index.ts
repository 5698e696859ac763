import { PolicyPack } from "@pulumi/policy";
import "./policies";
import { checkConfiguration } from "./configuration";
import { registeredPolicies, registeredSettings } from "./policy";

checkConfiguration(registeredSettings);
new PolicyPack("cross-account-access", {
  displayName: "Cross-account access",
  description: "No wildcard principal gets past a preview, in any stack of the organisation.",
  policies: registeredPolicies,
});
