import * as aws from "@pulumi/aws";
import { AssumeRoleGrant } from "../../../infra/access/assume-role-grant";
import type { Accounts } from "../../../infra/accounts";

interface Statement {
  Sid?: string;
  Principal?: { AWS: string | string[] };
  Action?: string | string[];
  Resource?: string | string[];
  Condition?: unknown;
}

/** One deliberate mistake: what it changes of a policy in the program, or adds to it. */
interface Mutation {
  /** Which policy: a resource's type and name, and the property that holds the document. */
  policy?: { type: string; name: string; property: string; change(statements: Statement[]): Statement[] };
  add?(accounts: Accounts): void;
  /** The checks that must fail, and no others. */
  caughtBy: readonly string[];
}

const trustPolicy = { type: "aws:iam/role:Role", name: "UpdateApp", property: "assumeRolePolicy" };
const permissionsOf = (role: string) => ({
  type: "aws:iam/rolePolicy:RolePolicy",
  name: `${role}-permissions`,
  property: "policy",
});

export const mutations: Readonly<Record<string, Mutation>> = {
  "the MFA condition is removed": {
    policy: { ...trustPolicy, change: (all) => all.map(({ Condition: _, ...rest }) => rest) },
    caughtBy: ["UpdateApp 2"],
  },
  "Testers are granted": {
    add: ({ trusted, trusting }) => {
      const { provider } = trusted;
      const group = aws.iam.Group.get("Testers-found", "Testers", {}, { provider: provider! });
      const roleArns = [`arn:aws:iam::${trusting.accountId}:role/UpdateApp`] as const;
      new AssumeRoleGrant("Testers-may-too", { grantee: { group }, roleArns }, { provider: provider! });
    },
    caughtBy: ["UpdateApp 4"],
  },
  "the role may do s3:* on *": {
    policy: {
      ...permissionsOf("UpdateApp"),
      change: (all) => [...all, { Sid: "All", Effect: "Allow", Action: "s3:*", Resource: "*" } as Statement],
    },
    caughtBy: ["UpdateApp 8"],
  },
  "the trust is opened to a third account": {
    policy: {
      ...trustPolicy,
      change: (all) =>
        all.map((one) => ({
          ...one,
          Principal: { AWS: [one.Principal!.AWS, "arn:aws:iam::000000000003:root"].flat() },
        })),
    },
    caughtBy: ["UpdateApp 6"],
  },
  "the reader may read every parameter": {
    policy: {
      ...permissionsOf("ParameterReader"),
      change: (all) => all.map((one) => (one.Sid === "ReadOne" ? { ...one, Resource: "*" } : one)),
    },
    caughtBy: ["ParameterReader 6"],
  },
  "the operator's restriction to a tag is removed": {
    policy: {
      ...permissionsOf("InstanceOperator"),
      change: (all) => all.map(({ Condition: _, ...rest }) => rest),
    },
    caughtBy: ["InstanceOperator 7"],
  },
  "the publisher may publish to every topic": {
    policy: {
      ...permissionsOf("TopicPublisher"),
      change: (all) => all.map((one) => (one.Sid === "Publish" ? { ...one, Resource: "*" } : one)),
    },
    caughtBy: ["TopicPublisher 4"],
  },
  "the shared bucket's own side is silent": {
    policy: {
      type: "aws:s3/bucketPolicy:BucketPolicy",
      name: "shared-policy",
      property: "policy",
      change: (all) => all.filter(({ Sid }) => Sid !== "Share"),
    },
    caughtBy: ["SharedBucket 5"],
  },
  "the shared queue is opened to a third account": {
    policy: {
      type: "aws:sqs/queuePolicy:QueuePolicy",
      name: "shared-queue-policy",
      property: "policy",
      change: (all) =>
        all.map((one) =>
          one.Sid === "UseQueue"
            ? { ...one, Principal: { AWS: [one.Principal!.AWS, "arn:aws:iam::000000000003:root"].flat() } }
            : one,
        ),
    },
    caughtBy: ["SharedServices 7"],
  },
  "every job of GitHub's may preview": {
    policy: {
      ...trustPolicy,
      name: "trusting-GitHubActionsPreview",
      change: (all) => all.map(({ Condition: _, ...rest }) => rest),
    },
    caughtBy: ["GitHubActions 2"],
  },
  "pull requests may deploy": {
    policy: {
      ...trustPolicy,
      name: "trusting-GitHubActionsDeploy",
      change: (all) => JSON.parse(JSON.stringify(all).replace("environment:dev", "pull_request")),
    },
    caughtBy: ["GitHubActions 3", "GitHubActions 4"],
  },
};
