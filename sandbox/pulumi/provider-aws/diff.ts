import { PropertyDiff } from "@pulumi/pulumi/proto/provider_pb";
import { isEmpty, same } from "./compare";
import type { Property, ResourceType } from "./table";
import type { Values } from "./values";

const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = PropertyDiff.Kind;

export interface PropertyChange {
  kind: PropertyDiff.Kind;
  replace: boolean;
}

function changeKind(have: unknown, want: unknown, replace: boolean): PropertyDiff.Kind {
  if (isEmpty(have)) return replace ? ADD_REPLACE : ADD;
  if (isEmpty(want)) return replace ? DELETE_REPLACE : DELETE;
  return replace ? UPDATE_REPLACE : UPDATE;
}

function needsReplacement({ replace }: Property, have: unknown, want: unknown, inputs: Values): boolean {
  return typeof replace === "function" ? replace(have, want, inputs) : replace === true;
}

/** What would have to change for a resource that is as `state` says to be as `inputs` say. */
export function diff(type: ResourceType, state: Values, inputs: Values): Map<string, PropertyChange> {
  const changes = new Map<string, PropertyChange>();
  for (const [name, property = {}] of Object.entries(type.properties)) {
    const [have, want] = [state[name], inputs[name]];
    if ((want === undefined && property.computed) || same(property, have, want)) continue;
    const replace = !type.update || needsReplacement(property, have, want, inputs);
    changes.set(name, { kind: changeKind(have, want, replace), replace });
  }
  return changes;
}
