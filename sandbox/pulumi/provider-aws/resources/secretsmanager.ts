import * as sdk from "@aws-sdk/client-secrets-manager";
import type * as aws from "@pulumi/aws/secretsmanager";
import { UserError } from "../../../../infra/user-error";
import { AwsCallError, type AwsConnection } from "../connection";
import {
  document,
  fixed,
  fromKeyValues,
  keyValues,
  named,
  providerOnly,
  type Regional,
  region,
  resource,
  retag,
} from "../table";

const secretsManager = (connection: AwsConnection, known: Regional) =>
  connection.client(sdk.SecretsManagerClient, known.region);

/** A secret that is scheduled for deletion answers as if the request were wrong. */
function unlessDeleted(error: unknown): undefined {
  const isDeleted =
    error instanceof AwsCallError &&
    error.code === "InvalidRequestException" &&
    /because it was (deleted|marked for deletion)/.test(error.message);
  if (!isDeleted) throw error;
  return undefined;
}

const putPolicy = (
  connection: AwsConnection,
  SecretId: string,
  {
    region,
    policy,
    blockPublicPolicy,
  }: Regional & { policy: string; blockPublicPolicy?: boolean | undefined },
) =>
  secretsManager(connection, { region }).send(
    new sdk.PutResourcePolicyCommand({
      SecretId,
      ResourcePolicy: policy,
      BlockPublicPolicy: blockPublicPolicy,
    }),
  );

const isPolicy = (policy: string | undefined): policy is string => Boolean(policy) && policy !== "{}";

const secret = resource<aws.SecretArgs>({
  title: "Secrets Manager Secret",
  properties: {
    description: {},
    forceOverwriteReplicaSecret: providerOnly(false),
    kmsKeyId: {},
    name: named,
    namePrefix: named,
    policy: { computed: true, compare: "document" },
    recoveryWindowInDays: providerOnly(30),
    region,
    tags: {},
  },
  outputs: ["arn", "replicas"],
  autoname: { property: "name", longest: 512 },
  async create(connection, inputs, created) {
    const { ARN = "" } = await secretsManager(connection, inputs).send(
      new sdk.CreateSecretCommand({
        Name: inputs.name,
        Description: inputs.description,
        KmsKeyId: inputs.kmsKeyId,
        Tags: keyValues(inputs.tagsAll),
      }),
    );
    created(ARN);
    const { policy, region } = inputs;
    if (isPolicy(policy)) await putPolicy(connection, ARN, { policy, region });
  },
  async read(connection, SecretId, known) {
    const client = secretsManager(connection, known);
    const found = await client.send(new sdk.DescribeSecretCommand({ SecretId }));
    if (found.DeletedDate) return undefined;
    const { ResourcePolicy } = await client.send(new sdk.GetResourcePolicyCommand({ SecretId }));
    return {
      arn: found.ARN,
      description: found.Description ?? "",
      kmsKeyId: found.KmsKeyId ?? "",
      name: found.Name,
      policy: ResourcePolicy ?? "",
      region: known.region ?? connection.region,
      replicas: (found.ReplicationStatus ?? []).map((replica) => ({
        kmsKeyId: replica.KmsKeyId ?? "",
        lastAccessedDate: replica.LastAccessedDate?.toISOString() ?? "",
        region: replica.Region,
        status: replica.Status,
        statusMessage: replica.StatusMessage ?? "",
      })),
      tagsAll: fromKeyValues(found.Tags),
    };
  },
  async update(connection, SecretId, inputs, old) {
    const client = secretsManager(connection, inputs);
    const { description, kmsKeyId, policy, region } = inputs;
    if (description !== old.description || kmsKeyId !== old.kmsKeyId)
      await client.send(
        new sdk.UpdateSecretCommand({ SecretId, Description: description ?? "", KmsKeyId: kmsKeyId }),
      );
    if (policy !== undefined && policy !== old.policy)
      await (isPolicy(policy)
        ? putPolicy(connection, SecretId, { policy, region })
        : client.send(new sdk.DeleteResourcePolicyCommand({ SecretId })));
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ SecretId, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.UntagResourceCommand({ SecretId, TagKeys })),
    );
  },
  async delete(connection, SecretId, state) {
    const { recoveryWindowInDays: days = 30 } = state;
    await secretsManager(connection, state).send(
      new sdk.DeleteSecretCommand({
        SecretId,
        ...(days === 0 ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: days }),
      }),
    );
  },
});

const CURRENT = "AWSCURRENT";

/** The secret's ID and the version's, of an ID of the form SECRET|VERSION. */
function versionParts(id: string): { SecretId: string; VersionId: string } {
  const [SecretId, VersionId] = id.split("|", 2);
  if (!SecretId || !VersionId)
    throw new UserError(`unexpected format of ID (${id}), expected SECRET-ID|VERSION-ID`);
  return { SecretId, VersionId };
}

async function versionWithStage(
  client: sdk.SecretsManagerClient,
  SecretId: string,
  stage: string,
): Promise<string | undefined> {
  for await (const { Versions = [] } of sdk.paginateListSecretVersionIds({ client }, { SecretId })) {
    const version = Versions.find(({ VersionStages }) => VersionStages?.includes(stage));
    if (version) return version.VersionId;
  }
  return undefined;
}

const secretVersion = resource<aws.SecretVersionArgs>({
  title: "Secrets Manager Secret Version",
  properties: {
    region,
    secretBinary: { replace: true },
    secretId: fixed,
    secretString: { replace: true },
    versionStages: { computed: true, compare: "set" },
  },
  outputs: ["arn", "hasSecretStringWo", "secretArn", "versionId"],
  secrets: ["secretBinary", "secretString"],
  async create(connection, inputs, created) {
    const { secretId: SecretId, secretBinary, secretString } = inputs;
    const { VersionId } = await secretsManager(connection, inputs).send(
      new sdk.PutSecretValueCommand({
        SecretId,
        SecretBinary: secretBinary ? Buffer.from(secretBinary, "base64") : undefined,
        SecretString: secretString,
        VersionStages: inputs.versionStages as string[] | undefined,
      }),
    );
    created(`${SecretId}|${VersionId}`);
  },
  async read(connection, id, known) {
    const { SecretId, VersionId } = versionParts(id);
    const found = await secretsManager(connection, known)
      .send(new sdk.GetSecretValueCommand({ SecretId, VersionId }))
      .catch(unlessDeleted);
    if (!found) return undefined;
    return {
      arn: found.ARN,
      hasSecretStringWo: false,
      region: known.region ?? connection.region,
      secretArn: found.ARN,
      secretBinary: found.SecretBinary ? Buffer.from(found.SecretBinary).toString("base64") : "",
      secretId: SecretId,
      secretString: found.SecretString ?? "",
      versionId: found.VersionId,
      versionStages: found.VersionStages,
    };
  },
  async update(connection, id, inputs, old) {
    const client = secretsManager(connection, inputs);
    const { SecretId, VersionId } = versionParts(id);
    const [now, before] = [(inputs.versionStages ?? []) as string[], (old.versionStages ?? []) as string[]];
    for (const VersionStage of now.filter((stage) => !before.includes(stage))) {
      const RemoveFromVersionId = await versionWithStage(client, SecretId, VersionStage);
      await client.send(
        new sdk.UpdateSecretVersionStageCommand({
          SecretId,
          VersionStage,
          MoveToVersionId: VersionId,
          RemoveFromVersionId,
        }),
      );
    }
    // A secret always has a current version: its stage can only be moved.
    for (const VersionStage of before.filter((stage) => stage !== CURRENT && !now.includes(stage)))
      await client.send(
        new sdk.UpdateSecretVersionStageCommand({ SecretId, VersionStage, RemoveFromVersionId: VersionId }),
      );
  },
  async delete(connection, id, state) {
    const { SecretId, VersionId } = versionParts(id);
    const stages = (state.versionStages ?? []) as string[];
    for (const VersionStage of stages.filter((stage) => stage !== CURRENT))
      await secretsManager(connection, state)
        .send(
          new sdk.UpdateSecretVersionStageCommand({ SecretId, VersionStage, RemoveFromVersionId: VersionId }),
        )
        .catch(unlessDeleted);
  },
});

const secretPolicy = resource<aws.SecretPolicyArgs>({
  title: "Secrets Manager Secret Policy",
  properties: { blockPublicPolicy: {}, policy: document, region, secretArn: fixed },
  id: ({ secretArn }) => secretArn,
  async create(connection, inputs) {
    await putPolicy(connection, inputs.secretArn, inputs);
  },
  async read(connection, SecretId, known) {
    const found = await secretsManager(connection, known)
      .send(new sdk.GetResourcePolicyCommand({ SecretId }))
      .catch(unlessDeleted);
    if (!found) return undefined;
    return {
      policy: found.ResourcePolicy ?? "",
      region: known.region ?? connection.region,
      secretArn: SecretId,
    };
  },
  async update(connection, SecretId, inputs) {
    await putPolicy(connection, SecretId, inputs);
  },
  async delete(connection, SecretId, state) {
    await secretsManager(connection, state).send(new sdk.DeleteResourcePolicyCommand({ SecretId }));
  },
});

export default {
  "aws:secretsmanager/secret:Secret": secret,
  "aws:secretsmanager/secretPolicy:SecretPolicy": secretPolicy,
  "aws:secretsmanager/secretVersion:SecretVersion": secretVersion,
};
