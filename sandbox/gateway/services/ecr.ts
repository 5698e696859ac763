import { parseArn } from "../arn";
import { tagKeys, text } from "../call";
import { parseDocument } from "../policy-documents";
import { arnIn, parameters, tagsAtCreation } from "./parameters";
import type { Service } from "./service";

const API = "AmazonEC2ContainerRegistry_V20150921";

export const ecr: Service = {
  prefix: "ecr",
  protocol: "json",
  targets: [API],

  resources: {
    repository: (context) =>
      parameters(context, "repositoryName", "repositoryNames", "resourceArn").map((name) =>
        name.startsWith("arn:")
          ? name
          : arnIn(
              context,
              text(context.call.params.registryId) ?? context.callerAccount,
              `repository/${name}`,
            ),
      ),
  },

  furtherChecks: async (context, checks) => tagsAtCreation(context, checks, "TagResource"),

  conditionKeys: {
    fills: ["aws:ResourceTag/*", "ecr:ResourceTag/*"],
    async ofResource(resourceArn, account, { gateway }) {
      const { region } = parseArn(resourceArn);
      const answer = await gateway.moto.json(account, "ecr", region, `${API}.ListTagsForResource`, {
        resourceArn,
      });
      const listed = (answer?.tags ?? []) as { Key: string; Value: string }[];
      const tags = Object.fromEntries(listed.map(({ Key, Value }) => [Key, Value]));
      return { ...tagKeys("aws:ResourceTag", tags), ...tagKeys("ecr:ResourceTag", tags) };
    },
  },

  policies: {
    async ofResource(arn, account, { moto }) {
      const { region, resourcePath } = parseArn(arn);
      const asked = { repositoryName: resourcePath };
      const answer = await moto.json(account, "ecr", region, `${API}.GetRepositoryPolicy`, asked);
      return parseDocument(answer?.policyText);
    },
    carriers: [
      {
        document: ({ params }) => params.policyText,
        malformed: "InvalidParameterException",
        unknownPrincipal: [
          "InvalidParameterException",
          "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
        ],
      },
    ],
  },
};
