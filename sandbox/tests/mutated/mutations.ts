import * as aws from "@pulumi/aws";
import { AssumeRoleGrant } from "../../../infra/access/assume-role-grant";
import type { Accounts } from "../../../infra/account";

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
const trustOf = (name: string) => ({ ...trustPolicy, name });
const permissionsOf = (role: string) => ({
  type: "aws:iam/rolePolicy:RolePolicy",
  name: `${role}-permissions`,
  property: "policy",
});
const sharedBucketPolicy = {
  type: "aws:s3/bucketPolicy:BucketPolicy",
  name: "shared-policy",
  property: "policy",
};
const allow = (Action: string, Resource = "*") => ({ Effect: "Allow", Action, Resource }) as Statement;
/** Lets a third account in, wherever the trusted account is. */
const opened = (all: Statement[]): Statement[] =>
  all.map((one) =>
    typeof one.Principal === "object" && "AWS" in one.Principal
      ? { ...one, Principal: { AWS: [one.Principal.AWS, "arn:aws:iam::000000000003:root"].flat() } }
      : one,
  );
/** Drops what has to be so. */
const unconditioned = (all: Statement[]): Statement[] => all.map(({ Condition: _, ...rest }) => rest);
/** Changes the statement of that Sid alone. */
const only = (sid: string, changed: Partial<Statement>) => (all: Statement[]) =>
  all.map((one) => (one.Sid === sid ? { ...one, ...changed } : one));

/** The scenario whose checks catch it. */
const scenarioOf = ({ caughtBy }: Pick<Mutation, "caughtBy">) => caughtBy[0]?.split(" ")[0];

export const mutations: Readonly<Record<string, Mutation>> = {
  "the MFA condition is removed": {
    policy: {
      ...trustPolicy,
      change: (all) => all.map((one) => (one.Sid === "People" ? unconditioned([one])[0]! : one)),
    },
    // Any role of dev that may assume it gets in as well.
    caughtBy: ["UpdateApp 2", "UpdateApp 17", "UpdateApp 18"],
  },
  "Testers are granted": {
    add: ({ trusted, trusting }) => {
      const { provider } = trusted;
      const group = aws.iam.Group.get("Testers-found", "Testers", {}, { provider: provider! });
      const roleArns = [`arn:aws:iam::${trusting.accountId}:role/UpdateApp`] as const;
      new AssumeRoleGrant("Testers-may-too", { grantee: { group }, roleArns }, { provider: provider! });
    },
    caughtBy: ["UpdateApp 4", "UpdateApp 13"],
  },
  "the role may do s3:* on *": {
    policy: { ...permissionsOf("UpdateApp"), change: (all) => [...all, allow("s3:*")] },
    caughtBy: ["UpdateApp 8"],
  },
  "the trust is opened to a third account": {
    policy: { ...trustPolicy, change: opened },
    caughtBy: ["UpdateApp 6"],
  },
  "permission sets are trusted whose names only begin like the one named": {
    policy: {
      ...trustPolicy,
      change: only("PermissionSets", {
        Condition: {
          ArnLike: {
            "aws:PrincipalArn": "arn:aws:iam::000000000001:role/aws-reserved/*/AWSReservedSSO_Appl*",
          },
        },
      }),
    },
    caughtBy: ["UpdateApp 17"],
  },
  "the reader's trust is opened to a third account": {
    policy: { ...trustOf("ParameterReader"), change: opened },
    caughtBy: ["ParameterReader 7"],
  },
  "the reader may read every parameter": {
    policy: { ...permissionsOf("ParameterReader"), change: only("ReadOne", { Resource: "*" }) },
    caughtBy: ["ParameterReader 6"],
  },
  "the reader may write parameters": {
    policy: { ...permissionsOf("ParameterReader"), change: (all) => [...all, allow("ssm:PutParameter")] },
    caughtBy: ["ParameterReader 6"],
  },
  "the operator's restriction to a tag is removed": {
    policy: { ...permissionsOf("InstanceOperator"), change: unconditioned },
    caughtBy: ["InstanceOperator 7"],
  },
  "the operator may tag its way past the restriction": {
    policy: { ...permissionsOf("InstanceOperator"), change: (all) => [...all, allow("ec2:CreateTags")] },
    caughtBy: ["InstanceOperator 6"],
  },
  "the publisher's trust is opened to a third account": {
    policy: { ...trustOf("TopicPublisher"), change: (all) => opened(unconditioned(all)) },
    caughtBy: ["TopicPublisher 2", "TopicPublisher 6"],
  },
  "every principal of dev may publish": {
    policy: { ...trustOf("TopicPublisher"), change: unconditioned },
    caughtBy: ["TopicPublisher 2"],
  },
  "the publisher may publish to every topic": {
    policy: { ...permissionsOf("TopicPublisher"), change: only("Publish", { Resource: "*" }) },
    caughtBy: ["TopicPublisher 4"],
  },
  "the publisher may connect as any client": {
    policy: { ...permissionsOf("TopicPublisher"), change: only("Connect", { Resource: "*" }) },
    caughtBy: ["TopicPublisher 4"],
  },
  "the shared bucket's own side is silent": {
    policy: { ...sharedBucketPolicy, change: (all) => all.filter(({ Sid }) => Sid !== "Share") },
    caughtBy: ["SharedBucket 5"],
  },
  "the sharers' own side is about another bucket": {
    policy: {
      type: "aws:iam/groupPolicy:GroupPolicy",
      name: "BucketSharers-may-use-shared",
      property: "policy",
      change: only("Share", { Resource: "arn:aws:s3:::other" }),
    },
    caughtBy: ["SharedBucket 5"],
  },
  "the shared bucket is opened to a third account": {
    policy: { ...sharedBucketPolicy, change: opened },
    caughtBy: ["SharedBucket 7"],
  },
  "the shared bucket shares all that can be done with it": {
    policy: { ...sharedBucketPolicy, change: only("Share", { Action: "s3:*" }) },
    caughtBy: ["SharedBucket 8"],
  },
  "the shared queue is opened to a third account": {
    policy: {
      type: "aws:sqs/queuePolicy:QueuePolicy",
      name: "shared-queue-policy",
      property: "policy",
      change: opened,
    },
    caughtBy: ["SharedServices 7"],
  },
  "every job of GitHub's may preview": {
    policy: { ...trustOf("trusting-GitHubActionsPreview"), change: unconditioned },
    caughtBy: ["GitHubActions 2"],
  },
  "pull requests may deploy": {
    policy: {
      ...trustOf("trusting-GitHubActionsDeploy"),
      change: (all) => JSON.parse(JSON.stringify(all).replace("environment:dev", "pull_request")),
    },
    caughtBy: ["GitHubActions 3", "GitHubActions 4"],
  },
};

/**
 * The mistakes in groups that are deployed together: no two of a group are of the same scenario, so that each check
 * that fails belongs to one mistake.
 */
export const mutationGroups: readonly (readonly string[])[] = Object.entries(mutations).reduce<string[][]>(
  (groups, [name, { caughtBy }]) => {
    const free = groups.find(
      (group) => !group.some((other) => scenarioOf(mutations[other]!) === scenarioOf({ caughtBy })),
    );
    if (free) free.push(name);
    else groups.push([name]);
    return groups;
  },
  [],
);
