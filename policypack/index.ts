import { PolicyPack } from "@pulumi/policy";
import "./policies";
import { registeredPolicies } from "./policy";

new PolicyPack("cross-account-access", {
  displayName: "Cross-account access",
  description: "No wildcard principal gets past a preview, in any stack of the organisation.",
  policies: registeredPolicies,
});
