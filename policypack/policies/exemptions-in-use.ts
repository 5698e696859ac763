import type { StackValidationPolicy } from "@pulumi/policy";
import { account, isOver } from "../exemptions";

/** Tells at the end of each preview and update which exemptions were used, for what, and which can go. */
export const exemptionsInUse: StackValidationPolicy = {
  name: "exemptions-in-use",
  description: "Every exemption is on record, and goes once nothing needs it.",
  enforcementLevel: "advisory",
  severity: "low",
  validateStack: (_, report) => {
    const unused: string[] = [];
    for (const { policy, exemption, used } of account()) {
      const { reason, expires, ...patterns } = exemption;
      const of = `${policy} for ${JSON.stringify(patterns)} ("${reason}")`;
      const over = isOver(exemption)
        ? `ended on ${expires} and no longer holds`
        : `holds${expires ? ` until ${expires}` : " without end"}`;
      if (used.length === 0) unused.push(`from ${of}`);
      for (const urn of used) report(`The exemption from ${of} ${over}. It is used here.`, urn);
    }
    if (unused.length > 0)
      report(
        `This stack needs none of these exemptions, which can go unless another stack needs them: ${unused.join("; ")}.`,
      );
  },
};
