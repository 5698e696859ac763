import * as sdk from "@aws-sdk/client-kms";
import type * as aws from "@pulumi/aws/kms";
import type { AwsConnection } from "../connection";
import { named, providerOnly, type Regional, type ResourceInputs, region, resource, retag } from "../table";
import type { Tags } from "../values";

const kms = (connection: AwsConnection, known: Regional) => connection.client(sdk.KMSClient, known.region);
const tagList = (tags: Tags) => Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));

const setRotation = (
  client: sdk.KMSClient,
  KeyId: string,
  { enableKeyRotation, rotationPeriodInDays }: Partial<ResourceInputs<aws.KeyArgs>>,
): Promise<unknown> =>
  enableKeyRotation
    ? client.send(new sdk.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: rotationPeriodInDays }))
    : client.send(new sdk.DisableKeyRotationCommand({ KeyId }));

const key = resource<aws.KeyArgs>({
  title: "KMS Key",
  properties: {
    bypassPolicyLockoutSafetyCheck: providerOnly(false),
    customerMasterKeySpec: { default: "SYMMETRIC_DEFAULT", replace: true },
    deletionWindowInDays: providerOnly(undefined),
    description: { computed: true },
    enableKeyRotation: { default: false },
    isEnabled: { default: true },
    keyUsage: { default: "ENCRYPT_DECRYPT", replace: true },
    multiRegion: { computed: true, replace: true },
    policy: { computed: true, compare: "document" },
    rotationPeriodInDays: { computed: true },
    region,
    tags: {},
  },
  outputs: ["arn", "keyId"],
  async create(connection, inputs, created) {
    const client = kms(connection, inputs);
    const { KeyMetadata: { KeyId = "" } = {} } = await client.send(
      new sdk.CreateKeyCommand({
        BypassPolicyLockoutSafetyCheck: inputs.bypassPolicyLockoutSafetyCheck,
        Description: inputs.description,
        KeySpec: inputs.customerMasterKeySpec as sdk.KeySpec,
        KeyUsage: inputs.keyUsage as sdk.KeyUsageType,
        MultiRegion: inputs.multiRegion,
        Policy: inputs.policy,
        Tags: tagList(inputs.tagsAll),
      }),
    );
    created(KeyId);
    if (inputs.enableKeyRotation) await setRotation(client, KeyId, inputs);
    if (inputs.isEnabled === false) await client.send(new sdk.DisableKeyCommand({ KeyId }));
  },
  async read(connection, KeyId, known) {
    const client = kms(connection, known);
    const { KeyMetadata: found } = await client.send(new sdk.DescribeKeyCommand({ KeyId }));
    if (found?.KeyState === "PendingDeletion") return undefined;
    const { Policy } = await client.send(new sdk.GetKeyPolicyCommand({ KeyId, PolicyName: "default" }));
    const { Tags = [] } = await client.send(new sdk.ListResourceTagsCommand({ KeyId }));
    const symmetric = found?.KeySpec === "SYMMETRIC_DEFAULT";
    const rotation = symmetric
      ? await client.send(new sdk.GetKeyRotationStatusCommand({ KeyId }))
      : undefined;
    return {
      arn: found?.Arn,
      customerMasterKeySpec: found?.KeySpec,
      description: found?.Description ?? "",
      enableKeyRotation: rotation?.KeyRotationEnabled ?? false,
      isEnabled: found?.Enabled,
      keyId: found?.KeyId,
      keyUsage: found?.KeyUsage,
      multiRegion: found?.MultiRegion ?? false,
      policy: Policy,
      rotationPeriodInDays: rotation?.RotationPeriodInDays ?? 0,
      region: known.region ?? connection.region,
      tagsAll: Object.fromEntries(Tags.map(({ TagKey, TagValue }) => [TagKey, TagValue])),
    };
  },
  async update(connection, KeyId, inputs, old) {
    const client = kms(connection, inputs);
    const isEnabled = inputs.isEnabled === true;
    // A disabled key cannot be changed.
    if (isEnabled && old.isEnabled !== true) await client.send(new sdk.EnableKeyCommand({ KeyId }));
    const rotationChanged = inputs.enableKeyRotation !== old.enableKeyRotation;
    const { rotationPeriodInDays: period } = inputs;
    const periodChanged = period !== undefined && period !== old.rotationPeriodInDays;
    if (rotationChanged || (inputs.enableKeyRotation && periodChanged))
      await setRotation(client, KeyId, inputs);
    if (inputs.description !== undefined && inputs.description !== old.description)
      await client.send(new sdk.UpdateKeyDescriptionCommand({ KeyId, Description: inputs.description }));
    if (inputs.policy && inputs.policy !== old.policy)
      await client.send(
        new sdk.PutKeyPolicyCommand({
          KeyId,
          PolicyName: "default",
          Policy: inputs.policy,
          BypassPolicyLockoutSafetyCheck: inputs.bypassPolicyLockoutSafetyCheck,
        }),
      );
    if (!isEnabled && old.isEnabled === true) await client.send(new sdk.DisableKeyCommand({ KeyId }));
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ KeyId, Tags: tagList(tags) })),
      (TagKeys) => client.send(new sdk.UntagResourceCommand({ KeyId, TagKeys })),
    );
  },
  async delete(connection, KeyId, state) {
    await kms(connection, state).send(
      new sdk.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: state.deletionWindowInDays }),
    );
  },
});

/** The ID of a key that is given by its ID or its ARN. */
const keyIdOf = (key: unknown) => String(key).replace(/^arn:[^/]*\//, "");

const alias = resource<aws.AliasArgs>({
  title: "KMS Alias",
  properties: {
    name: named,
    namePrefix: named,
    region,
    targetKeyId: { required: true, compare: (have, want) => keyIdOf(have) === keyIdOf(want) },
  },
  outputs: ["arn", "targetKeyArn"],
  autoname: { property: "name", longest: 250, complete: (name) => `alias/${name}` },
  id: ({ name = "" }) => name,
  async create(connection, { name: AliasName, targetKeyId: TargetKeyId, region }) {
    await kms(connection, { region }).send(new sdk.CreateAliasCommand({ AliasName, TargetKeyId }));
  },
  async read(connection, AliasName, known) {
    const client = kms(connection, known);
    for await (const { Aliases = [] } of sdk.paginateListAliases({ client }, {}))
      for (const found of Aliases.filter((alias) => alias.AliasName === AliasName)) {
        const { TargetKeyId = "", AliasArn: arn } = found;
        const region = known.region ?? connection.region;
        return {
          arn,
          name: AliasName,
          region,
          targetKeyArn: connection.arn("kms", `key/${TargetKeyId}`, region),
          targetKeyId: TargetKeyId,
        };
      }
    return undefined;
  },
  async update(connection, AliasName, { targetKeyId: TargetKeyId, region }) {
    await kms(connection, { region }).send(new sdk.UpdateAliasCommand({ AliasName, TargetKeyId }));
  },
  async delete(connection, AliasName, state) {
    await kms(connection, state).send(new sdk.DeleteAliasCommand({ AliasName }));
  },
});

export default { "aws:kms/key:Key": key, "aws:kms/alias:Alias": alias };
