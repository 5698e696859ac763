import { isEmpty, same } from "./compare";
import { type AwsConnection, isNotFound } from "./connection";
import { prefixOf } from "./names";
import type { Property, ResourceInputs, ResourceType } from "./table";
import { DEFAULTS, type Tags, type Values } from "./values";

export const withAllTags = (values: Values) =>
  ({ ...values, tagsAll: (values.tags ?? {}) as Tags }) as ResourceInputs<Values>;

/** Values that may be written in several ways: the state keeps the way that was used last, where it still holds. */
const keepsItsForm = ({ compare }: Property) => compare === "document" || compare === "set";

/** The resource as AWS has it. Undefined when it no longer exists. */
export async function read(
  connection: AwsConnection,
  type: ResourceType,
  id: string,
  known: Values,
): Promise<Values | undefined> {
  let found: Values | undefined;
  try {
    found = await type.read(connection, id, withAllTags(known));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  if (!found) return undefined;
  const state: Values = { ...known, ...found, id };
  for (const [name, property = {}] of Object.entries(type.properties))
    if (keepsItsForm(property) && known[name] !== undefined && same(property, state[name], known[name]))
      state[name] = known[name];
  if (found.tagsAll) state.tags = isEmpty(found.tagsAll) && !known.tags ? undefined : found.tagsAll;
  const { property, prefix = "namePrefix" } = type.autoname ?? {};
  if (property && prefix in type.properties) state[prefix] = prefixOf(state[property]);
  if (type.schemaVersion) state.__meta = JSON.stringify({ schema_version: String(type.schemaVersion) });
  delete state[DEFAULTS];
  return state;
}

/** The inputs that a program would give for a resource in this state, the old ones where they still hold. */
export function inputsOf(type: ResourceType, state: Values, old: Values | undefined): Values {
  const inputs: Values = {};
  const defaults: string[] = old ? ((old[DEFAULTS] as string[] | undefined) ?? []) : [];
  for (const [name, property = {}] of Object.entries(type.properties)) {
    const value = state[name];
    if (old && name in old) inputs[name] = same(property, value, old[name]) ? old[name] : value;
    else if (
      !isEmpty(value) &&
      !same(property, value, property.default) &&
      (!old || !property.computed || name === "tags")
    )
      inputs[name] = value;
  }
  const kept = defaults.filter((name) => same(type.properties[name] ?? {}, inputs[name], old?.[name]));
  return kept.length ? { ...inputs, [DEFAULTS]: kept } : inputs;
}
