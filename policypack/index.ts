import { PolicyPack } from "@pulumi/policy";
import {
  federatedTrustNeedsSubject,
  onlyListedAccounts,
  servicePrincipalNeedsSource,
  trustNeedsMfaOrExternalId,
} from "./policies/companions";
import { exemptionsInUse } from "./policies/exemptions-in-use";
import { knownAtPreview } from "./policies/known-at-preview";
import { noWildcardPrincipals } from "./policies/no-wildcard-principals";

new PolicyPack("cross-account-access", {
  displayName: "Cross-account access",
  description: "No wildcard principal gets past a preview, in any stack of the organisation.",
  policies: [
    noWildcardPrincipals,
    knownAtPreview,
    trustNeedsMfaOrExternalId,
    onlyListedAccounts,
    servicePrincipalNeedsSource,
    federatedTrustNeedsSubject,
    exemptionsInUse,
  ],
});
