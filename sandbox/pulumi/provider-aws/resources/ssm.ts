import * as sdk from "@aws-sdk/client-ssm";
import type * as aws from "@pulumi/aws/ssm";
import type { AwsConnection } from "../connection";
import {
  fromKeyValues,
  keyValues,
  providerOnly,
  type Regional,
  type ResourceInputs,
  region,
  required,
  resource,
  retag,
} from "../table";

type Parameter = ResourceInputs<aws.ParameterArgs>;

const ssm = (connection: AwsConnection, known: Regional) => connection.client(sdk.SSMClient, known.region);
const ResourceType = "Parameter";

const put = (connection: AwsConnection, inputs: Parameter, more: Partial<sdk.PutParameterRequest>) =>
  ssm(connection, inputs).send(
    new sdk.PutParameterCommand({
      Name: inputs.name,
      Value: inputs.value ?? inputs.insecureValue,
      Type: inputs.type as sdk.ParameterType,
      KeyId: inputs.keyId,
      Description: inputs.description ?? "",
      AllowedPattern: inputs.allowedPattern,
      DataType: inputs.dataType,
      Tier: inputs.tier as sdk.ParameterTier | undefined,
      ...more,
    }),
  );

const parameter = resource<aws.ParameterArgs>({
  title: "SSM Parameter",
  properties: {
    allowedPattern: {},
    arn: { computed: true },
    dataType: { computed: true, replace: true },
    description: {},
    insecureValue: { computed: true },
    keyId: { computed: true },
    name: { computed: true, replace: true },
    overwrite: providerOnly(undefined),
    region,
    tags: {},
    tier: {
      computed: true,
      // An advanced parameter cannot become a standard one.
      replace: (have, want) => have === "Advanced" && want === "Standard",
      // Intelligent tiering chooses one of the others.
      compare: (have, want) => have === want || (Boolean(have) && want === "Intelligent-Tiering"),
    },
    type: required,
    value: { computed: true },
  },
  outputs: ["hasValueWo", "version"],
  secrets: ["value"],
  autoname: { property: "name", longest: 1011 },
  id: ({ name = "" }) => name,
  async create(connection, inputs) {
    const Overwrite = inputs.overwrite ?? false;
    // AWS takes tags with a new parameter only.
    await put(connection, inputs, Overwrite ? { Overwrite } : { Tags: keyValues(inputs.tagsAll) });
    if (Overwrite && Object.keys(inputs.tagsAll).length)
      await ssm(connection, inputs).send(
        new sdk.AddTagsToResourceCommand({
          ResourceType,
          ResourceId: inputs.name,
          Tags: keyValues(inputs.tagsAll),
        }),
      );
  },
  async read(connection, Name, known) {
    const client = ssm(connection, known);
    const { Parameter } = await client.send(new sdk.GetParameterCommand({ Name, WithDecryption: true }));
    const Filters = [{ Key: "Name", Values: [Name] }];
    const { Parameters: [about] = [] } = await client.send(
      new sdk.DescribeParametersCommand({
        ParameterFilters: Filters.map(({ Key, Values }) => ({ Key, Option: "Equals", Values })),
      }),
    );
    const { TagList } = await client.send(
      new sdk.ListTagsForResourceCommand({ ResourceType, ResourceId: Name }),
    );
    const isInsecure = Boolean(known.insecureValue) && Parameter?.Type !== "SecureString";
    return {
      allowedPattern: about?.AllowedPattern ?? "",
      arn: Parameter?.ARN,
      dataType: Parameter?.DataType,
      description: about?.Description ?? "",
      hasValueWo: false,
      insecureValue: isInsecure ? Parameter?.Value : "",
      keyId: about?.KeyId ?? "",
      name: Parameter?.Name,
      region: known.region ?? connection.region,
      tagsAll: fromKeyValues(TagList),
      tier: about?.Tier,
      type: Parameter?.Type,
      value: isInsecure ? "" : Parameter?.Value,
      version: Parameter?.Version,
    };
  },
  async update(connection, ResourceId, inputs, old) {
    const client = ssm(connection, inputs);
    const { tags: _, tagsAll: __, overwrite, ...settings } = inputs;
    const changed = Object.entries(settings).some(([name, value]) => value !== old[name as keyof Parameter]);
    const removed = (["allowedPattern", "description"] as const).some((name) => old[name] && !inputs[name]);
    if (changed || removed) await put(connection, inputs, { Overwrite: overwrite ?? true });
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) =>
        client.send(new sdk.AddTagsToResourceCommand({ ResourceType, ResourceId, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.RemoveTagsFromResourceCommand({ ResourceType, ResourceId, TagKeys })),
    );
  },
  async delete(connection, id, state) {
    const Name = state.name ?? id;
    await ssm(connection, state).send(new sdk.DeleteParameterCommand({ Name }));
  },
});

export default { "aws:ssm/parameter:Parameter": parameter };
