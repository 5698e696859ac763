import type { Case } from "../case";
import { carriers } from "./carriers";
import { catalogue } from "./catalogue";
import { conditions } from "./conditions";
import { exemptions } from "./exemptions";
import { federatedTrustNeedsSubject } from "./federated-trust-needs-subject";
import { onlyListedAccounts } from "./only-listed-accounts";
import { others } from "./others";
import { previews } from "./previews";
import { principals } from "./principals";
import { servicePrincipalNeedsSource } from "./service-principal-needs-source";
import { templates } from "./templates";
import { trustNeedsMfaOrExternalId } from "./trust-needs-mfa-or-external-id";

/** All cases, by what they are about. */
export const groups: Record<string, Case[]> = {
  principals,
  conditions,
  carriers,
  templates,
  others,
  previews,
  exemptions,
  trustNeedsMfaOrExternalId,
  onlyListedAccounts,
  servicePrincipalNeedsSource,
  federatedTrustNeedsSubject,
  ...catalogue,
};
