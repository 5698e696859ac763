import {
  AssumeRoleGrant,
  CrossAccountRole,
  partitionOf,
  roleInstructions,
} from "@cross-account-access/access";
import * as iam from "@pulumi/aws/iam";
import { Provider } from "@pulumi/aws/provider";
import type { Region } from "@pulumi/aws/types/enums";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const region = config.require("region") as Region;

/** An account by its ID, and the provider that deploys there and nowhere else. */
function account(side: string) {
  const accountId = config.require(`${side}AccountId`);
  const profile = config.require(`${side}Profile`);
  return {
    location: { accountId, region, partition: partitionOf(region) },
    provider: new Provider(side, { region, profile, allowedAccountIds: [accountId] }),
  };
}

const trusting = account("trusting");
const trusted = account("trusted");

const auditor = new CrossAccountRole(
  "Auditor",
  {
    account: trusting.location,
    roleName: "Auditor",
    description: "Lists buckets and users",
    trust: { people: { accounts: [trusted.location], maxMfaAge: 3600 } },
    permissions: [{ Effect: "Allow", Action: ["s3:ListAllMyBuckets", "iam:ListUsers"], Resource: "*" }],
  },
  { provider: trusting.provider },
);
const group = new iam.Group("Auditors", { name: "Auditors" }, { provider: trusted.provider });
new AssumeRoleGrant(
  "Auditors-may-assume-Auditor",
  { grantee: { group }, roleArns: [auditor.arn] },
  { provider: trusted.provider },
);

/** The link and the profile for the members of Auditors. */
export const instructions = roleInstructions(trusting.location, trusted.location, {
  roleName: "Auditor",
  sessionDuration: 3600,
});
