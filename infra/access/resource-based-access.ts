import * as pulumi from "@pulumi/pulumi";
import { type AccountLocation, iamArn } from "./arn";
import { type Grantee, grant } from "./grant";
import { policyDocument } from "./policy";
import type { SharedResource } from "./shared-resource";

interface ManagedAccount extends AccountLocation {
  /** Undefined: the stack does not manage this side. */
  provider: pulumi.ProviderResource | undefined;
}

export interface ResourceBasedAccessArgs<Name extends string> {
  /** The account that owns the resources, and the one whose principals get in. */
  accounts: { trusting: ManagedAccount; trusted: ManagedAccount };
  /** Who of the trusted account gets in. Undefined where the stack does not manage that side. */
  grantee: Grantee | undefined;
  /** The resources, by their names in the program. */
  resources: Readonly<Record<Name, SharedResource>>;
}

/**
 * Both sides of access by resource-based policy: in the trusting account each resource, whose policy lets the trusted
 * account in; in the trusted account the grant. The person keeps the own permissions; across accounts both sides must allow.
 * CodeCommit has no resource-based policy: its repositories are reached by role, as ParameterReader reaches its
 * parameter. So are Systems Manager's parameters and AWS IoT's topics.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
 *
 * @example
 * new ResourceBasedAccess("Sharers-may-use-shared", {
 *   accounts: { trusting, trusted },
 *   grantee: { group },
 *   resources: { "shared-topic": topic(trusting, "shared") },
 * });
 */
export class ResourceBasedAccess<Name extends string> extends pulumi.ComponentResource {
  /** Where each resource is reached; undefined where only AWS knows, and the stack does not manage that side. */
  readonly addresses: Readonly<Record<Name, pulumi.Input<string> | undefined>>;

  constructor(
    name: string,
    { accounts: { trusting, trusted }, grantee, resources }: ResourceBasedAccessArgs<Name>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("cross-account-access:access:ResourceBasedAccess", name, {}, opts);
    const shared = Object.entries<SharedResource>(resources);
    this.addresses = Object.fromEntries(
      shared.map(([child, { use, address, create }]) => {
        if (!trusting.provider) return [child, address];
        // The account, never a group or user: its own policies then decide who of its principals gets in.
        const share = { ...use, Effect: "Allow" as const, Principal: { AWS: iamArn(trusted, "root") } };
        return [child, create(child, share, { parent: this, provider: trusting.provider }) ?? address];
      }),
    ) as typeof this.addresses;
    if (grantee && trusted.provider) {
      const rights = shared.flatMap(([, { use, trustedSideOnly }]) => [
        { ...use, Effect: "Allow" as const },
        ...(trustedSideOnly ? [{ ...trustedSideOnly, Effect: "Allow" as const }] : []),
      ]);
      grant(name, grantee, policyDocument(rights), { parent: this, provider: trusted.provider });
    }
    this.registerOutputs({ addresses: this.addresses });
  }
}
