import { explore, show, whereOf } from "../documents";
import { policy } from "../policy";
import { judge } from "../principals";

/** Nothing may be open to everyone: no wildcard principal, no public ACL or share, in any property of any resource. */
export const noWildcardPrincipals = policy({
  name: "no-wildcard-principals",
  description: "Access is given to named principals, never to everyone.",
  level: "mandatory",
  severity: "critical",
  settings: ["acceptedConditions", "endpointPolicies"],
  judge: ({ type, props }, settings) => {
    const { statements, values, malformed } = explore(type, props, settings.endpointPolicies === "judge");
    const accepted = new Map(
      Object.entries(settings.acceptedConditions).map(([key, list]) => [key.toLowerCase(), list]),
    );
    return [
      ...statements.flatMap((statement) => judge(statement, accepted)),
      ...values.map(({ place, rule: { why, write } }) => ({
        where: whereOf(place),
        found: show(place.value),
        why,
        write,
      })),
      ...malformed.map(({ place, problem }) => ({
        where: whereOf(place),
        found: `a policy document that cannot be read: ${problem}`,
        why: "Nobody can say whom it lets in.",
        write: /YAML/.test(problem)
          ? "a template in valid YAML or JSON"
          : "valid JSON, best built by JSON.stringify or pulumi.jsonStringify",
      })),
    ];
  },
});
