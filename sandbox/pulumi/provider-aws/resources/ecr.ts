import * as sdk from "@aws-sdk/client-ecr";
import type * as aws from "@pulumi/aws/ecr";
import type { Session } from "../session";
import { document, fixed, fromKeyValues, keyValues, ours, region, resource, retag } from "../table";

const ecr = (session: Session, known: { region?: string | undefined }) =>
  session.client(sdk.ECRClient, known.region);

const repository = resource<aws.RepositoryArgs>({
  title: "ECR Repository",
  properties: {
    forceDelete: ours(undefined),
    imageScanningConfiguration: {},
    imageTagMutability: { default: "MUTABLE" },
    name: { computed: true, replace: true },
    region,
    tags: {},
  },
  outputs: ["arn", "registryId", "repositoryUrl"],
  autoname: { property: "name", longest: 256 },
  id: ({ name = "" }) => name,
  async create(session, inputs) {
    await ecr(session, inputs).send(
      new sdk.CreateRepositoryCommand({
        repositoryName: inputs.name,
        imageScanningConfiguration: inputs.imageScanningConfiguration,
        imageTagMutability: inputs.imageTagMutability as sdk.ImageTagMutability,
        tags: keyValues(inputs.tagsAll),
      }),
    );
  },
  async read(session, name, known) {
    const client = ecr(session, known);
    const { repositories: [found] = [] } = await client.send(
      new sdk.DescribeRepositoriesCommand({ repositoryNames: [name] }),
    );
    const { tags } = await client.send(
      new sdk.ListTagsForResourceCommand({ resourceArn: found?.repositoryArn }),
    );
    return {
      arn: found?.repositoryArn,
      imageScanningConfiguration: found?.imageScanningConfiguration,
      imageTagMutability: found?.imageTagMutability,
      name: found?.repositoryName,
      region: known.region ?? session.region,
      registryId: found?.registryId,
      repositoryUrl: found?.repositoryUri,
      tagsAll: fromKeyValues(tags),
    };
  },
  async update(session, repositoryName, inputs, old) {
    const client = ecr(session, inputs);
    const resourceArn = session.arn("ecr", `repository/${repositoryName}`, inputs.region ?? session.region);
    const { imageTagMutability, imageScanningConfiguration } = inputs;
    if (imageTagMutability !== old.imageTagMutability)
      await client.send(
        new sdk.PutImageTagMutabilityCommand({
          repositoryName,
          imageTagMutability: imageTagMutability as sdk.ImageTagMutability,
        }),
      );
    if (imageScanningConfiguration?.scanOnPush !== old.imageScanningConfiguration?.scanOnPush)
      await client.send(
        new sdk.PutImageScanningConfigurationCommand({
          repositoryName,
          imageScanningConfiguration: imageScanningConfiguration ?? { scanOnPush: false },
        }),
      );
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ resourceArn, tags: keyValues(tags) })),
      (tagKeys) => client.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys })),
    );
  },
  async delete(session, repositoryName, state) {
    await ecr(session, state).send(
      new sdk.DeleteRepositoryCommand({ repositoryName, force: state.forceDelete }),
    );
  },
});

const setPolicy = (
  session: Session,
  repositoryName: string,
  { region, policy }: { region?: string | undefined; policy: string },
) =>
  ecr(session, { region }).send(new sdk.SetRepositoryPolicyCommand({ repositoryName, policyText: policy }));

const repositoryPolicy = resource<aws.RepositoryPolicyArgs>({
  title: "ECR Repository Policy",
  properties: { policy: document, region, repository: fixed },
  outputs: ["registryId"],
  id: ({ repository }) => repository,
  async create(session, inputs) {
    await setPolicy(session, inputs.repository, inputs);
  },
  async read(session, repositoryName, known) {
    const found = await ecr(session, known).send(new sdk.GetRepositoryPolicyCommand({ repositoryName }));
    return {
      policy: found.policyText,
      region: known.region ?? session.region,
      registryId: found.registryId,
      repository: repositoryName,
    };
  },
  async update(session, repositoryName, inputs) {
    await setPolicy(session, repositoryName, inputs);
  },
  async delete(session, repositoryName, state) {
    await ecr(session, state).send(new sdk.DeleteRepositoryPolicyCommand({ repositoryName }));
  },
});

export default {
  "aws:ecr/repository:Repository": repository,
  "aws:ecr/repositoryPolicy:RepositoryPolicy": repositoryPolicy,
};
