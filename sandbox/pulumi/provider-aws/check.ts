import type { CheckRequest } from "@pulumi/pulumi/proto/provider_pb";
import { automaticName } from "./names";
import type { ResourceType } from "./table";
import { OFFICIAL } from "./types";
import { DEFAULTS, hasUnknown, type Tags, type Values } from "./values";

interface CheckedInputs {
  inputs: Values;
  failures: { property: string; reason: string }[];
}

/** Inputs as the program gives them: documents as text, without what is null; mistakes by property. */
function readInputs(type: ResourceType, news: Values, token: string): CheckedInputs {
  const inputs: Values = {};
  const failures: CheckedInputs["failures"] = [];
  const known = Object.keys(type.properties).join(", ");
  for (const [name, given] of Object.entries(news)) {
    if (name === DEFAULTS) continue;
    const property = type.properties[name];
    if (!property) {
      const reason = `the stand-in AWS plugin does not know property '${name}' of ${token}; it knows ${known}. ${OFFICIAL}`;
      failures.push({ property: name, reason });
    }
    const isDocument = property?.compare === "document" && !hasUnknown(given);
    const value = isDocument && typeof given === "object" ? JSON.stringify(given) : given;
    if (isDocument) {
      try {
        JSON.parse(String(value));
      } catch (error) {
        const reason = `"${name}" contains an invalid JSON policy: ${(error as Error).message}`;
        failures.push({ property: name, reason });
      }
    }
    inputs[name] = value;
  }
  return { inputs, failures };
}

/** Inputs as Check returns them: defaults, the provider's default tags and the name filled in, mistakes by property. */
export function check(
  type: ResourceType,
  news: Values,
  olds: Values,
  request: CheckRequest,
  defaultTags: Tags | undefined,
): CheckedInputs {
  const { inputs, failures } = readInputs(type, news, request.getType());
  const filled: string[] = [];
  for (const [name, property] of Object.entries(type.properties))
    if (inputs[name] === undefined && property?.default !== undefined) {
      inputs[name] = property.default;
      filled.push(name);
    }
  // As the official plugin does, the provider's default tags become the resource's own, which win.
  if ("tags" in type.properties && defaultTags && !hasUnknown(inputs.tags))
    inputs.tags = { ...defaultTags, ...(inputs.tags as Tags | undefined) };
  const name = automaticName(type, inputs, olds, request);
  if (type.autoname && name !== undefined) {
    inputs[type.autoname.property] = name;
    filled.push(type.autoname.property);
  }
  for (const [property, { required } = {}] of Object.entries(type.properties))
    if (required && inputs[property] === undefined)
      failures.push({ property, reason: `Missing required property '${property}'` });
  if (filled.length) inputs[DEFAULTS] = filled.sort();
  return { inputs, failures };
}
