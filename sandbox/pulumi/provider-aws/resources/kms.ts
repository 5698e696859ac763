import * as sdk from "@aws-sdk/client-kms";
import type * as aws from "@pulumi/aws/kms";
import type { Session } from "../session";
import { named, ours, region, required, resource, retag, type Tags } from "../table";

const kms = (session: Session, known: { region?: string | undefined }) =>
  session.client(sdk.KMSClient, known.region);
const tagList = (tags: Tags) => Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));

const key = resource<aws.KeyArgs>({
  title: "KMS Key",
  properties: {
    bypassPolicyLockoutSafetyCheck: ours(false),
    customerMasterKeySpec: { default: "SYMMETRIC_DEFAULT", replace: true },
    deletionWindowInDays: ours(undefined),
    description: { computed: true },
    enableKeyRotation: { default: false },
    isEnabled: { default: true },
    keyUsage: { default: "ENCRYPT_DECRYPT", replace: true },
    multiRegion: { default: false, replace: true },
    policy: { computed: true, compare: "document" },
    region,
    tags: {},
  },
  outputs: ["arn", "keyId"],
  async create(session, inputs, created) {
    const client = kms(session, inputs);
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
    if (inputs.enableKeyRotation) await client.send(new sdk.EnableKeyRotationCommand({ KeyId }));
    if (inputs.isEnabled === false) await client.send(new sdk.DisableKeyCommand({ KeyId }));
  },
  async read(session, KeyId, known) {
    const client = kms(session, known);
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
      description: found?.Description,
      enableKeyRotation: rotation?.KeyRotationEnabled ?? false,
      isEnabled: found?.Enabled,
      keyId: found?.KeyId,
      keyUsage: found?.KeyUsage,
      multiRegion: found?.MultiRegion ?? false,
      policy: Policy,
      region: known.region ?? session.region,
      tagsAll: Object.fromEntries(Tags.map(({ TagKey, TagValue }) => [TagKey, TagValue])),
    };
  },
  async update(session, KeyId, inputs, old) {
    const client = kms(session, inputs);
    if (inputs.description !== old.description)
      await client.send(
        new sdk.UpdateKeyDescriptionCommand({ KeyId, Description: inputs.description ?? "" }),
      );
    if (inputs.policy && inputs.policy !== old.policy)
      await client.send(
        new sdk.PutKeyPolicyCommand({
          KeyId,
          PolicyName: "default",
          Policy: inputs.policy,
          BypassPolicyLockoutSafetyCheck: inputs.bypassPolicyLockoutSafetyCheck,
        }),
      );
    if (inputs.enableKeyRotation !== old.enableKeyRotation)
      await client.send(
        inputs.enableKeyRotation
          ? new sdk.EnableKeyRotationCommand({ KeyId })
          : new sdk.DisableKeyRotationCommand({ KeyId }),
      );
    if (inputs.isEnabled !== old.isEnabled)
      await client.send(
        inputs.isEnabled ? new sdk.EnableKeyCommand({ KeyId }) : new sdk.DisableKeyCommand({ KeyId }),
      );
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ KeyId, Tags: tagList(tags) })),
      (TagKeys) => client.send(new sdk.UntagResourceCommand({ KeyId, TagKeys })),
    );
  },
  async delete(session, KeyId, state) {
    await kms(session, state).send(
      new sdk.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: state.deletionWindowInDays }),
    );
  },
});

const alias = resource<aws.AliasArgs>({
  title: "KMS Alias",
  properties: { name: named, region, targetKeyId: required },
  outputs: ["arn", "targetKeyArn"],
  id: ({ name = "" }) => name,
  async create(session, { name: AliasName, targetKeyId: TargetKeyId, region }) {
    await kms(session, { region }).send(new sdk.CreateAliasCommand({ AliasName, TargetKeyId }));
  },
  async read(session, AliasName, known) {
    const client = kms(session, known);
    for await (const { Aliases = [] } of sdk.paginateListAliases({ client }, {}))
      for (const found of Aliases.filter((one) => one.AliasName === AliasName)) {
        const { TargetKeyId = "", AliasArn: arn } = found;
        const region = known.region ?? session.region;
        // The program may have given the key by its ARN.
        const targetKeyId = known.targetKeyId?.endsWith(`/${TargetKeyId}`) ? known.targetKeyId : TargetKeyId;
        return {
          arn,
          name: AliasName,
          region,
          targetKeyArn: session.arn("kms", `key/${TargetKeyId}`, region),
          targetKeyId,
        };
      }
    return undefined;
  },
  async update(session, AliasName, { targetKeyId: TargetKeyId, region }) {
    await kms(session, { region }).send(new sdk.UpdateAliasCommand({ AliasName, TargetKeyId }));
  },
  async delete(session, AliasName, state) {
    await kms(session, state).send(new sdk.DeleteAliasCommand({ AliasName }));
  },
});

export default { "aws:kms/key:Key": key, "aws:kms/alias:Alias": alias };
