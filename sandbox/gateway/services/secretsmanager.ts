import { parseArn } from "../arn";
import { type ConditionContext, tagKeys, text } from "../call";
import { parseDocument } from "../policy-documents";
import { parameters } from "./parameters";
import type { Gateway, Service } from "./service";

const ask = ({ moto }: Gateway, account: string, region: string, operation: string, SecretId: string) =>
  moto.json(account, "secretsmanager", region, `secretsmanager.${operation}`, { SecretId });

export const secretsmanager: Service = {
  prefix: "secretsmanager",
  protocol: "json",

  resources: {
    /** A secret's ARN ends with letters of its own, which only Secrets Manager knows. */
    Secret: (context) =>
      Promise.all(
        parameters(context, "SecretId").map(async (id) => {
          if (id.startsWith("arn:")) return id;
          const { call, callerAccount, gateway } = context;
          const found = await ask(gateway, callerAccount, call.region, "DescribeSecret", id);
          return text(found?.ARN) ?? `secret:${id}`;
        }),
      ),
  },

  conditionKeys: {
    fills: [
      "secretsmanager:Name",
      "secretsmanager:SecretId",
      "secretsmanager:VersionStage",
      "secretsmanager:VersionId",
      "secretsmanager:ResourceTag/*",
      "secretsmanager:resource/*",
      "aws:ResourceTag/*",
    ],
    ofRequest({ call: { params } }): ConditionContext {
      const keys = ["Name", "SecretId", "VersionStage", "VersionId"];
      return Object.fromEntries(
        keys.flatMap((key) => {
          const value = text(params[key]);
          return value ? [[`secretsmanager:${key}`, value]] : [];
        }),
      );
    },
    async ofResource(arn, account, { gateway }) {
      const found = await ask(gateway, account, parseArn(arn).region, "DescribeSecret", arn);
      const listed = (found?.Tags ?? []) as { Key: string; Value: string }[];
      const tags = Object.fromEntries(listed.map(({ Key, Value }) => [Key, Value]));
      return { ...tagKeys("aws:ResourceTag", tags), ...tagKeys("secretsmanager:ResourceTag", tags) };
    },
  },

  policies: {
    async ofResource(arn, account, gateway) {
      const found = await ask(gateway, account, parseArn(arn).region, "GetResourcePolicy", arn);
      return parseDocument(found?.ResourcePolicy);
    },
    carriers: [
      {
        document: ({ params }) => params.ResourcePolicy,
        malformed: "MalformedPolicyDocumentException",
        unknownPrincipal: [
          "MalformedPolicyDocumentException",
          "This resource policy contains an unsupported principal.",
        ],
      },
    ],
  },
};
