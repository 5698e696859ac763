import { CALLER_KEYS } from "../conditions";
import { explore, pathOf } from "../documents";
import { policy } from "../policy";
import { judge } from "../principals";

// One key at a time, so that a condition that is known does not hide one that is not.
const ACCEPTED = CALLER_KEYS.map((key) => new Map([[key.toLowerCase(), []]]));

/** Says what the preview cannot judge, since a value is known only once another resource exists. */
export const knownAtPreview = policy({
  name: "known-at-preview",
  description: "Who is let in can be read in the preview.",
  level: "advisory",
  severity: "medium",
  settings: ["endpointPolicies"],
  judge: ({ type, props }, settings) => {
    const { statements, unknown } = explore(type, props, settings.endpointPolicies === "judge");
    const places = [
      ...new Set(statements.flatMap((one) => ACCEPTED.flatMap((accepted) => judge(one, accepted).unknown))),
      ...unknown.map((place) => `property ${pathOf(place)}`),
    ];
    return places.map((where) => ({
      where,
      found: "not known before the update",
      why: "It is judged only while the update runs, when reviewers no longer can.",
      write:
        "names and ARNs built from settings (account ID and name) rather than from another resource's outputs",
    }));
  },
});
