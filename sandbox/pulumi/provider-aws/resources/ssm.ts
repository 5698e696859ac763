import * as sdk from "@aws-sdk/client-ssm";
import type * as aws from "@pulumi/aws/ssm";
import type { Session } from "../session";
import { fromKeyValues, type Inputs, keyValues, ours, region, required, resource, retag } from "../table";

type Parameter = Inputs<aws.ParameterArgs>;

const ssm = (session: Session, known: { region?: string | undefined }) =>
  session.client(sdk.SSMClient, known.region);
const ResourceType = "Parameter";

const put = (session: Session, inputs: Parameter, more: Partial<sdk.PutParameterRequest>) =>
  ssm(session, inputs).send(
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
    dataType: { computed: true },
    description: {},
    insecureValue: { computed: true },
    keyId: { computed: true },
    name: { computed: true, replace: true },
    overwrite: ours(undefined),
    region,
    tags: {},
    tier: { computed: true },
    type: required,
    value: { computed: true },
  },
  outputs: ["version"],
  secrets: ["value"],
  autoname: { property: "name", longest: 1011 },
  id: ({ name = "" }) => name,
  async create(session, inputs) {
    const Overwrite = inputs.overwrite ?? false;
    // AWS takes tags with a new parameter only.
    await put(session, inputs, Overwrite ? { Overwrite } : { Tags: keyValues(inputs.tagsAll) });
    if (Overwrite && Object.keys(inputs.tagsAll).length)
      await ssm(session, inputs).send(
        new sdk.AddTagsToResourceCommand({
          ResourceType,
          ResourceId: inputs.name,
          Tags: keyValues(inputs.tagsAll),
        }),
      );
  },
  async read(session, Name, known) {
    const client = ssm(session, known);
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
    return {
      allowedPattern: about?.AllowedPattern,
      arn: Parameter?.ARN,
      dataType: Parameter?.DataType,
      description: about?.Description,
      ...(known.insecureValue !== undefined && { insecureValue: Parameter?.Value }),
      keyId: about?.KeyId,
      name: Parameter?.Name,
      region: known.region ?? session.region,
      tagsAll: fromKeyValues(TagList),
      tier: about?.Tier,
      type: Parameter?.Type,
      value: Parameter?.Value,
      version: Parameter?.Version,
    };
  },
  async update(session, ResourceId, inputs, old) {
    const client = ssm(session, inputs);
    await put(session, inputs, { Overwrite: true });
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) =>
        client.send(new sdk.AddTagsToResourceCommand({ ResourceType, ResourceId, Tags: keyValues(tags) })),
      (TagKeys) => client.send(new sdk.RemoveTagsFromResourceCommand({ ResourceType, ResourceId, TagKeys })),
    );
  },
  async delete(session, Name, state) {
    await ssm(session, state).send(new sdk.DeleteParameterCommand({ Name }));
  },
});

export default { "aws:ssm/parameter:Parameter": parameter };
