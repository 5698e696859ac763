import { truncate } from "../text";
import type { DocumentPlace } from "./types";

/** A place in words: `property templateBody.Resources.Site.Properties.PolicyDocument`. */
export function whereOf(place: DocumentPlace): string {
  const steps: string[] = [];
  for (let at: DocumentPlace | undefined = place; at; at = at.parent) steps.push(at.step);
  return `property ${truncate(steps.reverse().join("").replace(/^\./, ""), 300)}`;
}

/** The properties of the resource that declares a place. */
export function declaringProperties(place: DocumentPlace): unknown {
  let at: DocumentPlace | undefined = place.parent;
  while (at && at.property !== "") at = at.parent;
  return at?.value;
}
