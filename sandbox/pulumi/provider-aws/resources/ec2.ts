import * as sdk from "@aws-sdk/client-ec2";
import type * as aws from "@pulumi/aws/ec2";
import type { Session } from "../session";
import { fromKeyValues, type Inputs, keyValues, ours, region, required, resource, retag } from "../table";

const ec2 = (session: Session, known: { region?: string | undefined }) =>
  session.client(sdk.EC2Client, known.region);
const WAIT_SECONDS = 600;

const metadata = (options: Inputs<aws.InstanceArgs>["metadataOptions"]) =>
  options && {
    HttpEndpoint: options.httpEndpoint as sdk.InstanceMetadataEndpointState,
    HttpTokens: options.httpTokens as sdk.HttpTokensState,
    HttpPutResponseHopLimit: options.httpPutResponseHopLimit,
    InstanceMetadataTags: options.instanceMetadataTags as sdk.InstanceMetadataTagsState,
  };

const named = (Name: string | undefined) => (Name?.startsWith("arn:") ? { Arn: Name } : { Name });

const instance = resource<aws.InstanceArgs>({
  title: "EC2 Instance",
  properties: {
    ami: { ...required, replace: true },
    associatePublicIpAddress: { computed: true, replace: true },
    availabilityZone: { computed: true, replace: true },
    iamInstanceProfile: {},
    instanceType: required,
    keyName: { computed: true, replace: true },
    metadataOptions: { computed: true, compare: "subset" },
    monitoring: { default: false, replace: true },
    privateIp: { computed: true, replace: true },
    region,
    subnetId: { computed: true, replace: true },
    tags: {},
    userData: { replace: true },
    userDataReplaceOnChange: ours(undefined),
    vpcSecurityGroupIds: { computed: true, compare: "set" },
  },
  outputs: ["arn", "instanceState", "primaryNetworkInterfaceId", "privateDns", "publicDns", "publicIp"],
  async create(session, inputs, created) {
    const client = ec2(session, inputs);
    const {
      associatePublicIpAddress: AssociatePublicIpAddress,
      vpcSecurityGroupIds,
      subnetId,
      privateIp,
    } = inputs;
    const Groups = vpcSecurityGroupIds as string[] | undefined;
    const { Instances: [launched] = [] } = await client.send(
      new sdk.RunInstancesCommand({
        MinCount: 1,
        MaxCount: 1,
        ImageId: inputs.ami,
        InstanceType: inputs.instanceType as sdk._InstanceType,
        ...(inputs.iamInstanceProfile && { IamInstanceProfile: named(inputs.iamInstanceProfile) }),
        KeyName: inputs.keyName,
        MetadataOptions: metadata(inputs.metadataOptions),
        Monitoring: { Enabled: inputs.monitoring === true },
        ...(inputs.availabilityZone && { Placement: { AvailabilityZone: inputs.availabilityZone } }),
        // A public address is asked for on the network interface, which then carries the rest of the network too.
        ...(AssociatePublicIpAddress === undefined
          ? { SubnetId: subnetId, PrivateIpAddress: privateIp, SecurityGroupIds: Groups }
          : {
              NetworkInterfaces: [
                {
                  DeviceIndex: 0,
                  AssociatePublicIpAddress,
                  SubnetId: subnetId,
                  PrivateIpAddress: privateIp,
                  Groups,
                },
              ],
            }),
        TagSpecifications: Object.keys(inputs.tagsAll).length
          ? [{ ResourceType: "instance", Tags: keyValues(inputs.tagsAll) }]
          : undefined,
        UserData: inputs.userData && Buffer.from(inputs.userData).toString("base64"),
      }),
    );
    created(launched?.InstanceId);
    await sdk.waitUntilInstanceRunning(
      { client, maxWaitTime: WAIT_SECONDS },
      { InstanceIds: [launched?.InstanceId ?? ""] },
    );
  },
  async read(session, InstanceId, known) {
    const { Reservations: [reservation] = [] } = await ec2(session, known).send(
      new sdk.DescribeInstancesCommand({ InstanceIds: [InstanceId] }),
    );
    const [found] = reservation?.Instances ?? [];
    if (!found || ["terminated", "shutting-down"].includes(found.State?.Name ?? "")) return undefined;
    const options = found.MetadataOptions;
    return {
      ami: found.ImageId,
      arn: session.arn("ec2", `instance/${InstanceId}`, known.region ?? session.region),
      availabilityZone: found.Placement?.AvailabilityZone,
      // EC2 tells the profile's ARN, the program gave its name.
      iamInstanceProfile: found.IamInstanceProfile?.Arn?.split("/").at(-1),
      instanceState: found.State?.Name,
      instanceType: found.InstanceType,
      keyName: found.KeyName,
      ...(options && {
        metadataOptions: {
          httpEndpoint: options.HttpEndpoint,
          httpTokens: options.HttpTokens,
          httpPutResponseHopLimit: options.HttpPutResponseHopLimit,
          instanceMetadataTags: options.InstanceMetadataTags,
        },
      }),
      monitoring: found.Monitoring?.State === "enabled",
      primaryNetworkInterfaceId: found.NetworkInterfaces?.[0]?.NetworkInterfaceId,
      privateDns: found.PrivateDnsName,
      privateIp: found.PrivateIpAddress,
      publicDns: found.PublicDnsName,
      publicIp: found.PublicIpAddress,
      region: known.region ?? session.region,
      subnetId: found.SubnetId,
      tagsAll: fromKeyValues(found.Tags),
      vpcSecurityGroupIds: found.SecurityGroups?.map(({ GroupId }) => GroupId),
    };
  },
  async update(session, InstanceId, inputs, old) {
    const client = ec2(session, inputs);
    const ids = { InstanceIds: [InstanceId] };
    const wait = { client, maxWaitTime: WAIT_SECONDS };
    if (inputs.instanceType !== old.instanceType) {
      // EC2 changes the type of a stopped instance only.
      await client.send(new sdk.StopInstancesCommand(ids));
      await sdk.waitUntilInstanceStopped(wait, ids);
      await client.send(
        new sdk.ModifyInstanceAttributeCommand({ InstanceId, InstanceType: { Value: inputs.instanceType } }),
      );
      await client.send(new sdk.StartInstancesCommand(ids));
      await sdk.waitUntilInstanceRunning(wait, ids);
    }
    if (inputs.iamInstanceProfile !== old.iamInstanceProfile) {
      const Filters = [{ Name: "instance-id", Values: [InstanceId] }];
      const { IamInstanceProfileAssociations: [association] = [] } = await client.send(
        new sdk.DescribeIamInstanceProfileAssociationsCommand({ Filters }),
      );
      const AssociationId = association?.AssociationId;
      const IamInstanceProfile = named(inputs.iamInstanceProfile);
      if (!inputs.iamInstanceProfile)
        await client.send(new sdk.DisassociateIamInstanceProfileCommand({ AssociationId }));
      else if (AssociationId)
        await client.send(
          new sdk.ReplaceIamInstanceProfileAssociationCommand({ AssociationId, IamInstanceProfile }),
        );
      else await client.send(new sdk.AssociateIamInstanceProfileCommand({ InstanceId, IamInstanceProfile }));
    }
    if (inputs.vpcSecurityGroupIds && String(inputs.vpcSecurityGroupIds) !== String(old.vpcSecurityGroupIds))
      await client.send(
        new sdk.ModifyInstanceAttributeCommand({
          InstanceId,
          Groups: inputs.vpcSecurityGroupIds as string[],
        }),
      );
    if (JSON.stringify(inputs.metadataOptions) !== JSON.stringify(old.metadataOptions))
      await client.send(
        new sdk.ModifyInstanceMetadataOptionsCommand({ InstanceId, ...metadata(inputs.metadataOptions) }),
      );
    await retag(
      old.tagsAll,
      inputs.tagsAll,
      (tags) => client.send(new sdk.CreateTagsCommand({ Resources: [InstanceId], Tags: keyValues(tags) })),
      (keys) =>
        client.send(
          new sdk.DeleteTagsCommand({ Resources: [InstanceId], Tags: keys.map((Key) => ({ Key })) }),
        ),
    );
  },
  async delete(session, InstanceId, state) {
    const client = ec2(session, state);
    await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    await sdk.waitUntilInstanceTerminated(
      { client, maxWaitTime: WAIT_SECONDS },
      { InstanceIds: [InstanceId] },
    );
  },
});

export default { "aws:ec2/instance:Instance": instance };
