import { canHoldUnknown, findAccess } from "../find/find-access";
import { whereOf } from "../find/place";
import { unknownParts } from "../judge/principals";
import { registerPolicy } from "../policy";
import { endpointPolicies } from "../settings";

/** Reports what the preview cannot judge, since a value is known only once another resource exists. */
export const knownAtPreview = registerPolicy({
  name: "known-at-preview",
  description: "Who is let in can be read in the preview.",
  level: "advisory",
  severity: "medium",
  settings: { endpointPolicies },
  judge: ({ type, props }, settings) => {
    if (!canHoldUnknown(props)) return [];
    const { statements, unknown } = findAccess(type, props, settings.endpointPolicies === "judge");
    const places = [
      ...statements.flatMap((statement) =>
        unknownParts(statement).map((part) => `${statement.where}, ${part}`),
      ),
      ...unknown.map(whereOf),
    ];
    return places.map((where) => ({
      where,
      found: "not known before the update",
      why: "Reviewers cannot read who is let in. Another resource's output is judged while the update runs; what a template takes from elsewhere (a parameter without value, an import) is never judged.",
      write:
        "names and ARNs built from settings (account ID and name) rather than from another resource's outputs; in a template the value itself",
    }));
  },
});
