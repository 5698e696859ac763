import { findAccess } from "../find/find-access";
import { whereOf } from "../find/place";
import { CALLER_KEYS, isFixed } from "../judge/conditions";
import { Denials } from "../judge/denials";
import { judgePrincipals } from "../judge/principals";
import { registerPolicy } from "../policy";
import { endpointPolicies, type PolicySetting } from "../settings";
import { toShortJson } from "../text";

const acceptedConditions: PolicySetting<Record<string, string[]>> = {
  schema: {
    description:
      "Condition keys that narrow a wildcard, each with the values that count; an empty list counts any fixed value.",
    type: "object",
    default: {},
    additionalProperties: { type: "array", items: { type: "string", minLength: 1 } },
  },
  findMistakes: (accepted) =>
    Object.entries(accepted).flatMap(([key, values]) => {
      if (!CALLER_KEYS.some((known) => known.toLowerCase() === key.toLowerCase()))
        return [`.${key}: this key cannot narrow a wildcard; the README lists those that can`];
      return values
        .filter((value) => !isFixed(value, key.toLowerCase()))
        .map((value) => `.${key}: "${value}" never counts, since it is no single value or too wide`);
    }),
};

/** Nothing may be open to everyone: no wildcard principal, no public ACL or share, in any property of any resource. */
export const noWildcardPrincipals = registerPolicy({
  name: "no-wildcard-principals",
  description: "Access is given to named principals, never to everyone.",
  level: "mandatory",
  severity: "critical",
  settings: { acceptedConditions, endpointPolicies },
  judge: ({ type, props }, settings) => {
    const { statements, openValues, malformed } = findAccess(
      type,
      props,
      settings.endpointPolicies === "judge",
    );
    const accepted = new Map(
      Object.entries(settings.acceptedConditions).map(([key, values]) => [key.toLowerCase(), values]),
    );
    const denials = new Denials(statements);
    return [
      ...statements.flatMap((statement) => judgePrincipals(statement, accepted, denials)),
      ...openValues.map(({ place, rule: { why, write } }) => ({
        where: whereOf(place),
        found: toShortJson(place.value),
        why,
        write,
      })),
      ...malformed.map(({ place, problem }) => ({
        where: whereOf(place),
        found: `a policy document that cannot be read: ${problem}`,
        why: "No one can say who it lets in.",
        write: /YAML/.test(problem)
          ? "a template in valid YAML or JSON"
          : "valid JSON, best built by JSON.stringify or pulumi.jsonStringify",
      })),
    ];
  },
});
