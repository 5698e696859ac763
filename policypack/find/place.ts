import { truncate } from "../text";
import type { Place } from "./types";

/** A place in words: `property templateBody.Resources.Site.Properties.PolicyDocument`. */
export function whereOf(place: Place): string {
  const steps: string[] = [];
  for (let at: Place | undefined = place; at; at = at.parent) steps.push(at.step);
  return `property ${truncate(steps.reverse().join("").replace(/^\./, ""), 300)}`;
}

/** The properties of the resource that declares a place. */
export function declaringProperties(place: Place): unknown {
  let at: Place | undefined = place.parent;
  while (at && at.property !== "") at = at.parent;
  return at?.value;
}
