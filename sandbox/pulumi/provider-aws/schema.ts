import { PROVIDER_SETTINGS } from "./connection";
import { resourceTypes, SERVICES } from "./types";

const anyOf = (names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: "pulumi.json#/Any" }]));

/**
 * The names of all that the stand-in knows, each of any type: enough for programs in YAML, whose language host knows no
 * resource without a schema. https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/
 */
export const schema = (version: string) => ({
  name: "aws",
  version,
  // The token of a type, aws:iam/group:Group, names its module, aws:iam.
  meta: { moduleFormat: "(.*)(?:/[^/]*)" },
  // The version is the engine's own setting, and no property of a schema.
  provider: { inputProperties: anyOf(PROVIDER_SETTINGS.filter((name) => name !== "version")) },
  resources: Object.fromEntries(
    SERVICES.flatMap((service) => Object.entries(resourceTypes(service))).map(([token, type]) => {
      const inputs = Object.keys(type.properties);
      const properties = anyOf([...inputs, ...(type.outputs ?? [])]);
      return [token, { inputProperties: anyOf(inputs), properties }];
    }),
  ),
});
