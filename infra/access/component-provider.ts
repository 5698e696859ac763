/**
 * Offers the components to programs in Python, Go, C#, Java and YAML: Pulumi runs this file, the package's `main`, where
 * PulumiPlugin.yaml is. Its analyzer cannot make the schema: it takes no lists that must not be empty, and no unions.
 * https://www.pulumi.com/docs/iac/guides/building-extending/packages/source-based-plugin/
 */
import * as pulumi from "@pulumi/pulumi";
import { AssumeRoleGrant } from "./assume-role-grant";
import { componentSchema } from "./component-schema";
import { CrossAccountRole, type CrossAccountRoleArgs } from "./cross-account-role";
import type { Grantee } from "./grant";

type Options = pulumi.ComponentResourceOptions & { provider: pulumi.ProviderResource };

const { version } = require("@cross-account-access/access/package.json") as { version: string };

/** Other languages cannot say that a list holds at least one item, nor each of them that a value is no output. */
function checkPlain(path: string, value: unknown): void {
  if (pulumi.Output.isInstance(value))
    throw new Error(
      `${path} is an output. Give a value that is known at preview: build an ARN from an account's ID and a name.`,
    );
  if (Array.isArray(value) && value.length === 0) throw new Error(`${path} is empty. Give at least one.`);
  if (typeof value === "object" && value !== null)
    for (const [name, item] of Object.entries(value)) checkPlain(`${path}.${name}`, item);
}

/** The one of the three kinds of grantee that is given. */
function granteeOf(name: string, { group, role, user }: pulumi.Inputs): Grantee {
  const given = Object.entries({ group, role, user }).filter(([, value]) => value !== undefined);
  if (given.length !== 1)
    throw new Error(
      `${name} has ${given.map(([kind]) => kind).join(", ") || "none"} of group, role and user. Give exactly one.`,
    );
  return Object.fromEntries(given.map(([kind, value]) => [kind, { name: value }])) as unknown as Grantee;
}

function createRole(name: string, inputs: pulumi.Inputs, options: Options): CrossAccountRole {
  checkPlain(name, inputs);
  return new CrossAccountRole(name, inputs as CrossAccountRoleArgs, options);
}

function createGrant(name: string, inputs: pulumi.Inputs, options: Options): AssumeRoleGrant {
  const { roleArns, sessionTags, sourceIdentity } = inputs;
  const args = { grantee: granteeOf(name, inputs), roleArns, sessionTags, sourceIdentity };
  return new AssumeRoleGrant(name, args, options);
}

/** @throws {Error} where no AWS provider is given: the component would land in the ambient account. */
async function construct(
  name: string,
  type: string,
  inputs: pulumi.Inputs,
  options: pulumi.ComponentResourceOptions,
): Promise<pulumi.provider.ConstructResult> {
  const provider = (options.providers as Record<string, pulumi.ProviderResource> | undefined)?.aws;
  if (!provider) throw new Error(`${name} has no AWS provider. Give the account's in the option providers.`);
  const create = type.endsWith(":CrossAccountRole") ? createRole : createGrant;
  const component = create(name, inputs, { ...options, provider });
  return { urn: component.urn, state: "arn" in component ? { arn: component.arn } : {} };
}

const getSchema = async () => JSON.stringify(componentSchema(version));
void pulumi.provider.main({ version, getSchema, construct }, process.argv.slice(2));
