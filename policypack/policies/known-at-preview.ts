import { explore, mayAwait, whereOf } from "../documents";
import { policy } from "../policy";
import { undecided } from "../principals";

/** Says what the preview cannot judge, since a value is known only once another resource exists. */
export const knownAtPreview = policy({
  name: "known-at-preview",
  description: "Who is let in can be read in the preview.",
  level: "advisory",
  severity: "medium",
  settings: ["endpointPolicies"],
  judge: ({ type, props }, settings) => {
    if (!mayAwait(props)) return [];
    const { statements, unknown } = explore(type, props, settings.endpointPolicies === "judge");
    const places = [
      ...statements.flatMap((one) => undecided(one).map((what) => `${one.where}, ${what}`)),
      ...unknown.map((place) => whereOf(place)),
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
