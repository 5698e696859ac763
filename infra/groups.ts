import * as iam from "@pulumi/aws/iam";
import type * as pulumi from "@pulumi/pulumi";

const created = new WeakMap<pulumi.ProviderResource, Map<string, iam.Group>>();

/**
 * A group of the provider's account. Scenarios of one stack can share it: it is created once. The program names it as
 * the account does, so that it stays the same group when one of those scenarios is added or removed.
 */
export function createGroup(name: string, provider: pulumi.ProviderResource): iam.Group {
  const groups = created.get(provider) ?? new Map<string, iam.Group>();
  const group = groups.get(name) ?? new iam.Group(name, { name }, { provider });
  created.set(provider, groups.set(name, group));
  return group;
}
