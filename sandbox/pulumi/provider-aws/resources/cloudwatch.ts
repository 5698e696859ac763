import * as sdk from "@aws-sdk/client-cloudwatch-logs";
import type * as aws from "@pulumi/aws/cloudwatch";
import type { AwsConnection } from "../connection";
import { collectPages, named, providerOnly, type Regional, region, resource, retag } from "../table";

const logs = (connection: AwsConnection, known: Regional) =>
  connection.client(sdk.CloudWatchLogsClient, known.region);

const logGroup = resource<aws.LogGroupArgs>({
  title: "CloudWatch Logs Log Group",
  properties: {
    deletionProtectionEnabled: { computed: true },
    kmsKeyId: {},
    logGroupClass: { computed: true, replace: true },
    name: named,
    namePrefix: named,
    region,
    retentionInDays: { default: 0 },
    skipDestroy: providerOnly(false),
    tags: {},
  },
  outputs: ["arn"],
  autoname: { property: "name", longest: 512 },
  id: ({ name = "" }) => name,
  async create(connection, inputs, created) {
    const client = logs(connection, inputs);
    const { name: logGroupName = "", kmsKeyId, retentionInDays, tagsAll: tags } = inputs;
    await client.send(
      new sdk.CreateLogGroupCommand({
        logGroupName,
        kmsKeyId,
        logGroupClass: inputs.logGroupClass as sdk.LogGroupClass | undefined,
        deletionProtectionEnabled: inputs.deletionProtectionEnabled,
        tags: Object.keys(tags).length ? tags : undefined,
      }),
    );
    created();
    if (retentionInDays)
      await client.send(new sdk.PutRetentionPolicyCommand({ logGroupName, retentionInDays }));
  },
  async read(connection, logGroupName, known) {
    const client = logs(connection, known);
    const groups = await collectPages(
      sdk.paginateDescribeLogGroups({ client }, { logGroupNamePrefix: logGroupName }),
      ({ logGroups }) => logGroups,
    );
    const found = groups.find((group) => group.logGroupName === logGroupName);
    if (!found) return undefined;
    const arn = found.logGroupArn ?? found.arn?.replace(/:\*$/, "");
    const { tags } = await client.send(new sdk.ListTagsForResourceCommand({ resourceArn: arn }));
    return {
      arn,
      deletionProtectionEnabled: found.deletionProtectionEnabled ?? false,
      kmsKeyId: found.kmsKeyId ?? "",
      logGroupClass: found.logGroupClass ?? "STANDARD",
      name: logGroupName,
      region: known.region ?? connection.region,
      retentionInDays: found.retentionInDays ?? 0,
      tagsAll: tags ?? {},
    };
  },
  async update(connection, logGroupName, inputs, old) {
    const client = logs(connection, inputs);
    const { retentionInDays, kmsKeyId, deletionProtectionEnabled } = inputs;
    if (retentionInDays !== old.retentionInDays)
      await (retentionInDays
        ? client.send(new sdk.PutRetentionPolicyCommand({ logGroupName, retentionInDays }))
        : client.send(new sdk.DeleteRetentionPolicyCommand({ logGroupName })));
    if (kmsKeyId !== old.kmsKeyId)
      await (kmsKeyId
        ? client.send(new sdk.AssociateKmsKeyCommand({ logGroupName, kmsKeyId }))
        : client.send(new sdk.DisassociateKmsKeyCommand({ logGroupName })));
    if (
      deletionProtectionEnabled !== undefined &&
      deletionProtectionEnabled !== old.deletionProtectionEnabled
    )
      await client.send(
        new sdk.PutLogGroupDeletionProtectionCommand({
          logGroupIdentifier: logGroupName,
          deletionProtectionEnabled,
        }),
      );
    const resourceArn = connection.arn(
      "logs",
      `log-group:${logGroupName}`,
      inputs.region ?? connection.region,
    );
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.TagResourceCommand({ resourceArn, tags })),
      (tagKeys) => client.send(new sdk.UntagResourceCommand({ resourceArn, tagKeys })),
    );
  },
  async delete(connection, logGroupName, state) {
    if (!state.skipDestroy)
      await logs(connection, state).send(new sdk.DeleteLogGroupCommand({ logGroupName }));
  },
});

export default { "aws:cloudwatch/logGroup:LogGroup": logGroup };
