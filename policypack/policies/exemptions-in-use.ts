import type { StackValidationPolicy } from "@pulumi/policy";
import { account, isOver } from "../exemptions";

/** Tells at the end of each preview and update which exemptions were used, for what, and which can go. */
export const exemptionsInUse: StackValidationPolicy = {
  name: "exemptions-in-use",
  description: "Every exemption is on record, and goes once nothing needs it.",
  enforcementLevel: "advisory",
  severity: "low",
  validateStack: (_, report) => {
    for (const { policy, exemption, used } of account()) {
      const { reason, expires, ...patterns } = exemption;
      const of = `The exemption from ${policy} for ${JSON.stringify(patterns)} ("${reason}")`;
      const over = isOver(exemption)
        ? `ended on ${expires} and no longer holds`
        : `holds${expires ? ` until ${expires}` : " without end"}`;
      if (used.length === 0)
        report(`${of} ${over}. Nothing in this stack needs it: remove it unless another stack does.`);
      else for (const urn of used) report(`${of} ${over}. It is used here.`, urn);
    }
  },
};
