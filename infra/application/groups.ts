import * as iam from "@pulumi/aws/iam";
import type * as pulumi from "@pulumi/pulumi";

/** The groups of an account by the name that it has for them, each with its name in the program. */
type Groups = Map<string, { logicalName: string; group: iam.Group }>;

const created = new WeakMap<pulumi.ProviderResource, Groups>();

/** A group of the provider's account. Scenarios of one stack can share it: it is created once. */
export function createGroup(logicalName: string, name: string, provider: pulumi.ProviderResource): iam.Group {
  const groups = created.get(provider) ?? (new Map() as Groups);
  created.set(provider, groups);
  const existing = groups.get(name);
  if (existing) return existing.group;
  // A stack can give the name that another group has in the program to a second group.
  const isTaken = [...groups.values()].some((other) => other.logicalName === logicalName);
  const ownName = isTaken ? `${name}-group` : logicalName;
  const group = new iam.Group(ownName, { name }, { provider });
  groups.set(name, { logicalName: ownName, group });
  return group;
}
