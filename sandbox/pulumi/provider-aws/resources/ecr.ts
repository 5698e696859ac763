import * as sdk from "@aws-sdk/client-ecr";
import type * as aws from "@pulumi/aws/ecr";
import { isEmpty, same } from "../compare";
import type { AwsConnection } from "../connection";
import {
  document,
  fixed,
  fromKeyValues,
  keyValues,
  providerOnly,
  type Regional,
  region,
  resource,
  retag,
} from "../table";

const ecr = (connection: AwsConnection, known: Regional) => connection.client(sdk.ECRClient, known.region);

/** What ECR has set by itself is no difference where the program says nothing of it. */
const suppressMissing = (have: unknown, want: unknown) =>
  isEmpty(want) || same({ compare: "subset" }, have, want);

const repository = resource<aws.RepositoryArgs>({
  title: "ECR Repository",
  properties: {
    encryptionConfigurations: { replace: true, compare: suppressMissing },
    forceDelete: providerOnly(undefined),
    imageScanningConfiguration: { compare: suppressMissing },
    imageTagMutability: { default: "MUTABLE" },
    name: { computed: true, replace: true },
    region,
    tags: {},
  },
  outputs: ["arn", "registryId", "repositoryUrl"],
  autoname: { property: "name", longest: 256 },
  id: ({ name = "" }) => name,
  async create(connection, inputs) {
    await ecr(connection, inputs).send(
      new sdk.CreateRepositoryCommand({
        repositoryName: inputs.name,
        encryptionConfiguration: inputs.encryptionConfigurations?.[0] as sdk.EncryptionConfiguration,
        imageScanningConfiguration: inputs.imageScanningConfiguration,
        imageTagMutability: inputs.imageTagMutability as sdk.ImageTagMutability,
        tags: keyValues(inputs.tagsAll),
      }),
    );
  },
  async read(connection, name, known) {
    const client = ecr(connection, known);
    const { repositories: [found] = [] } = await client.send(
      new sdk.DescribeRepositoriesCommand({ repositoryNames: [name] }),
    );
    const { tags } = await client.send(
      new sdk.ListTagsForResourceCommand({ resourceArn: found?.repositoryArn }),
    );
    return {
      arn: found?.repositoryArn,
      encryptionConfigurations: [
        {
          encryptionType: found?.encryptionConfiguration?.encryptionType ?? "AES256",
          kmsKey: found?.encryptionConfiguration?.kmsKey ?? "",
        },
      ],
      imageScanningConfiguration: found?.imageScanningConfiguration,
      imageTagMutability: found?.imageTagMutability,
      name: found?.repositoryName,
      region: known.region ?? connection.region,
      registryId: found?.registryId,
      repositoryUrl: found?.repositoryUri,
      tagsAll: fromKeyValues(tags),
    };
  },
  async update(connection, repositoryName, inputs, old) {
    const client = ecr(connection, inputs);
    const resourceArn = connection.arn(
      "ecr",
      `repository/${repositoryName}`,
      inputs.region ?? connection.region,
    );
    const { imageTagMutability, imageScanningConfiguration } = inputs;
    if (imageTagMutability !== old.imageTagMutability)
      await client.send(
        new sdk.PutImageTagMutabilityCommand({
          repositoryName,
          imageTagMutability: imageTagMutability as sdk.ImageTagMutability,
        }),
      );
    if (
      imageScanningConfiguration &&
      imageScanningConfiguration.scanOnPush !== old.imageScanningConfiguration?.scanOnPush
    )
      await client.send(
        new sdk.PutImageScanningConfigurationCommand({
          repositoryName,
          imageScanningConfiguration,
        }),
      );
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ resourceArn, tags: keyValues(tags) })),
      (tagKeys) => client.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys })),
    );
  },
  async delete(connection, repositoryName, state) {
    await ecr(connection, state).send(
      new sdk.DeleteRepositoryCommand({ repositoryName, force: state.forceDelete }),
    );
  },
});

const setPolicy = (
  connection: AwsConnection,
  repositoryName: string,
  { region, policy }: Regional & { policy: string },
) =>
  ecr(connection, { region }).send(
    new sdk.SetRepositoryPolicyCommand({ repositoryName, policyText: policy }),
  );

const repositoryPolicy = resource<aws.RepositoryPolicyArgs>({
  title: "ECR Repository Policy",
  properties: { policy: document, region, repository: fixed },
  outputs: ["registryId"],
  id: ({ repository }) => repository,
  async create(connection, inputs) {
    await setPolicy(connection, inputs.repository, inputs);
  },
  async read(connection, repositoryName, known) {
    const found = await ecr(connection, known).send(new sdk.GetRepositoryPolicyCommand({ repositoryName }));
    return {
      policy: found.policyText,
      region: known.region ?? connection.region,
      registryId: found.registryId,
      repository: repositoryName,
    };
  },
  async update(connection, repositoryName, inputs) {
    await setPolicy(connection, repositoryName, inputs);
  },
  async delete(connection, repositoryName, state) {
    await ecr(connection, state).send(new sdk.DeleteRepositoryPolicyCommand({ repositoryName }));
  },
});

export default {
  "aws:ecr/repository:Repository": repository,
  "aws:ecr/repositoryPolicy:RepositoryPolicy": repositoryPolicy,
};
