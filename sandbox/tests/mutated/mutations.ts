import * as aws from "@pulumi/aws";
import { AssumeRoleGrant } from "../../../infra/access/assume-role-grant";
import type { Accounts } from "../../../infra/accounts";

interface Statement {
  Sid?: string;
  Principal?: { AWS: string[] };
  Action?: string | string[];
  Resource?: string | string[];
  Condition?: unknown;
}

/** One deliberate mistake: what it changes of a policy in the program, or adds to it. */
interface Mutation {
  /** Which policy: a resource's type and the property that holds the document. */
  policy?: { type: string; property: string; change(statements: Statement[]): Statement[] };
  add?(accounts: Accounts): void;
  /** The checks that must fail, and no others. */
  caughtBy: readonly number[];
}

const trustPolicy = { type: "aws:iam/role:Role", property: "assumeRolePolicy" };

export const mutations: Readonly<Record<string, Mutation>> = {
  "the MFA condition is removed": {
    policy: { ...trustPolicy, change: (all) => all.map(({ Condition: _, ...rest }) => rest) },
    caughtBy: [2],
  },
  "Testers are granted": {
    add: ({ trusted, trusting }) => {
      const { provider } = trusted;
      const group = aws.iam.Group.get("Testers-found", "Testers", {}, { provider: provider! });
      const roleArns = [`arn:aws:iam::${trusting.accountId}:role/UpdateApp`] as const;
      new AssumeRoleGrant("Testers-may-too", { grantee: { group }, roleArns }, { provider: provider! });
    },
    caughtBy: [4],
  },
  "the role may do s3:* on *": {
    policy: {
      type: "aws:iam/rolePolicy:RolePolicy",
      property: "policy",
      change: (all) => [...all, { Sid: "All", Effect: "Allow", Action: "s3:*", Resource: "*" } as Statement],
    },
    caughtBy: [8],
  },
  "the trust is opened to a third account": {
    policy: {
      ...trustPolicy,
      change: (all) =>
        all.map((one) => ({
          ...one,
          Principal: { AWS: [...one.Principal!.AWS, "arn:aws:iam::000000000003:root"] },
        })),
    },
    caughtBy: [6],
  },
};
