import { exemptionUsage, hasExpired } from "../exemptions";
import { registerStackPolicy } from "../policy";

/** Reports at the end of each preview and update which exemptions were used, for what, and which can go. */
export const exemptionsInUse = registerStackPolicy({
  name: "exemptions-in-use",
  description: "Every exemption is on record, and goes once nothing needs it.",
  enforcementLevel: "advisory",
  severity: "low",
  validateStack: (_, report) => {
    const unused: string[] = [];
    for (const { policy, exemption, used } of exemptionUsage()) {
      const { reason, expires, ...patterns } = exemption;
      const label = `${policy} for ${JSON.stringify(patterns)} ("${reason}")`;
      const end = expires ? ` until ${expires}` : " without end";
      const state = hasExpired(exemption) ? `ended on ${expires} and no longer holds` : `holds${end}`;
      if (used.length === 0) unused.push(`from ${label}`);
      for (const urn of used) report(`The exemption from ${label} ${state}. It is used here.`, urn);
    }
    if (unused.length > 0)
      report(
        `This stack needs none of these exemptions, which can go unless another stack needs them: ${unused.join("; ")}.`,
      );
  },
});
