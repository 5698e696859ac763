import * as sdk from "@aws-sdk/client-ec2";
import type * as aws from "@pulumi/aws/ec2";
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

const ec2 = (connection: AwsConnection, known: Regional) => connection.client(sdk.EC2Client, known.region);
const WAIT_SECONDS = 600;

const metadata = (options: ResourceInputs<aws.InstanceArgs>["metadataOptions"]) =>
  options && {
    HttpEndpoint: options.httpEndpoint as sdk.InstanceMetadataEndpointState,
    HttpTokens: options.httpTokens as sdk.HttpTokensState,
    HttpPutResponseHopLimit: options.httpPutResponseHopLimit,
    InstanceMetadataTags: options.instanceMetadataTags as sdk.InstanceMetadataTagsState,
  };

const named = (Name: string | undefined) => (Name?.startsWith("arn:") ? { Arn: Name } : { Name });

async function instanceAttributes(client: sdk.EC2Client, InstanceId: string) {
  const ask = (Attribute: sdk.InstanceAttributeName) =>
    client.send(new sdk.DescribeInstanceAttributeCommand({ InstanceId, Attribute }));
  const [stop, termination, shutdown, userData] = await Promise.all([
    ask("disableApiStop"),
    ask("disableApiTermination"),
    ask("instanceInitiatedShutdownBehavior"),
    ask("userData"),
  ]);
  const encoded = userData.UserData?.Value;
  return {
    disableApiStop: stop.DisableApiStop?.Value ?? false,
    disableApiTermination: termination.DisableApiTermination?.Value ?? false,
    instanceInitiatedShutdownBehavior: shutdown.InstanceInitiatedShutdownBehavior?.Value ?? "",
    userData: encoded ? Buffer.from(encoded, "base64").toString() : "",
    userDataBase64: "",
  };
}

async function blockDevicesOf(
  client: sdk.EC2Client,
  { BlockDeviceMappings = [], RootDeviceName }: sdk.Instance,
) {
  const VolumeIds = BlockDeviceMappings.flatMap(({ Ebs }) => Ebs?.VolumeId ?? []);
  const { Volumes = [] } = VolumeIds.length
    ? await client.send(new sdk.DescribeVolumesCommand({ VolumeIds }))
    : {};
  const devices = BlockDeviceMappings.map(({ DeviceName: deviceName, Ebs }) => {
    const volume = Volumes.find(({ VolumeId }) => VolumeId === Ebs?.VolumeId);
    return {
      deleteOnTermination: Ebs?.DeleteOnTermination ?? false,
      deviceName,
      encrypted: volume?.Encrypted ?? false,
      iops: volume?.Iops ?? 0,
      kmsKeyId: volume?.KmsKeyId ?? "",
      tags: fromKeyValues(volume?.Tags),
      throughput: volume?.Throughput ?? 0,
      volumeId: volume?.VolumeId,
      volumeSize: volume?.Size,
      volumeType: volume?.VolumeType,
    };
  });
  return {
    ebsBlockDevices: devices.filter(({ deviceName }) => deviceName !== RootDeviceName),
    // Read where the program gives them only, which the stand-in does not offer.
    ephemeralBlockDevices: [],
    rootBlockDevice: devices.find(({ deviceName }) => deviceName === RootDeviceName) ?? null,
  };
}

function networkOf(found: sdk.Instance) {
  const [primary] = found.NetworkInterfaces ?? [];
  const secondary = primary?.PrivateIpAddresses?.filter(({ Primary }) => !Primary) ?? [];
  const ipv6 = primary?.Ipv6Addresses ?? [];
  return {
    associatePublicIpAddress: primary?.Association?.PublicIp !== undefined,
    enablePrimaryIpv6: ipv6.some(({ IsPrimaryIpv6 }) => IsPrimaryIpv6),
    ipv6AddressCount: ipv6.length,
    ipv6Addresses: ipv6.map(({ Ipv6Address }) => Ipv6Address),
    networkInterfaces: [],
    primaryNetworkInterface: primary
      ? {
          deleteOnTermination: primary.Attachment?.DeleteOnTermination ?? false,
          networkInterfaceId: primary.NetworkInterfaceId,
        }
      : null,
    primaryNetworkInterfaceId: primary?.NetworkInterfaceId ?? "",
    privateDns: found.PrivateDnsName ?? "",
    privateIp: found.PrivateIpAddress ?? "",
    publicDns: found.PublicDnsName ?? "",
    publicIp: found.PublicIpAddress ?? "",
    secondaryNetworkInterfaces: [],
    secondaryPrivateIps: secondary.map(({ PrivateIpAddress }) => PrivateIpAddress),
    securityGroups: found.SecurityGroups?.map(({ GroupName }) => GroupName) ?? [],
    sourceDestCheck: found.SourceDestCheck ?? true,
    subnetId: found.SubnetId ?? "",
    vpcSecurityGroupIds: found.SecurityGroups?.map(({ GroupId }) => GroupId) ?? [],
  };
}

const placementOf = ({ Placement: placement, OutpostArn }: sdk.Instance) => ({
  availabilityZone: placement?.AvailabilityZone,
  hostId: placement?.HostId ?? "",
  hostResourceGroupArn: placement?.HostResourceGroupArn ?? "",
  outpostArn: OutpostArn ?? "",
  placementGroup: placement?.GroupName ?? "",
  placementGroupId: placement?.GroupId ?? "",
  placementPartitionNumber: placement?.PartitionNumber ?? 0,
  tenancy: placement?.Tenancy ?? "",
});

const optionsOf = (found: sdk.Instance) => ({
  capacityReservationSpecification: {
    capacityReservationPreference:
      found.CapacityReservationSpecification?.CapacityReservationPreference ?? "",
    capacityReservationTarget: null,
  },
  cpuOptions: {
    amdSevSnp: found.CpuOptions?.AmdSevSnp ?? "",
    coreCount: found.CpuOptions?.CoreCount ?? 0,
    threadsPerCore: found.CpuOptions?.ThreadsPerCore ?? 0,
  },
  ebsOptimized: found.EbsOptimized ?? false,
  enclaveOptions: { enabled: found.EnclaveOptions?.Enabled ?? false },
  instanceLifecycle: found.InstanceLifecycle ?? "",
  instanceMarketOptions: null,
  maintenanceOptions: { autoRecovery: found.MaintenanceOptions?.AutoRecovery ?? "" },
  passwordData: "",
  privateDnsNameOptions: {
    enableResourceNameDnsAaaaRecord: found.PrivateDnsNameOptions?.EnableResourceNameDnsAAAARecord ?? false,
    enableResourceNameDnsARecord: found.PrivateDnsNameOptions?.EnableResourceNameDnsARecord ?? false,
    hostnameType: found.PrivateDnsNameOptions?.HostnameType ?? "",
  },
  spotInstanceRequestId: found.SpotInstanceRequestId ?? "",
});

/** Outputs of what the stand-in does not offer to set. */
const OTHER_OUTPUTS = [
  "capacityReservationSpecification",
  "cpuOptions",
  "disableApiStop",
  "disableApiTermination",
  "ebsBlockDevices",
  "ebsOptimized",
  "enablePrimaryIpv6",
  "enclaveOptions",
  "ephemeralBlockDevices",
  "hostId",
  "hostResourceGroupArn",
  "instanceInitiatedShutdownBehavior",
  "instanceLifecycle",
  ...[
    "instanceMarketOptions",
    "ipv6AddressCount",
    "ipv6Addresses",
    "maintenanceOptions",
    "networkInterfaces",
  ],
  "outpostArn",
  "passwordData",
  "placementGroup",
  "placementGroupId",
  "placementPartitionNumber",
  "primaryNetworkInterface",
  "privateDnsNameOptions",
  "rootBlockDevice",
  "secondaryNetworkInterfaces",
  "secondaryPrivateIps",
  "securityGroups",
  "sourceDestCheck",
  "spotInstanceRequestId",
  "tenancy",
  "userDataBase64",
];

const instance = resource<aws.InstanceArgs>({
  title: "EC2 Instance",
  properties: {
    ami: { ...required, replace: true },
    associatePublicIpAddress: { computed: true, replace: true },
    availabilityZone: { computed: true, replace: true },
    iamInstanceProfile: { computed: true },
    instanceType: required,
    keyName: { computed: true, replace: true },
    metadataOptions: { computed: true, compare: "subset" },
    monitoring: { computed: true },
    privateIp: { computed: true, replace: true },
    region,
    subnetId: { computed: true, replace: true },
    tags: {},
    userData: { replace: (_have, _want, { userDataReplaceOnChange }) => userDataReplaceOnChange === true },
    userDataReplaceOnChange: providerOnly(false),
    vpcSecurityGroupIds: { computed: true, compare: "set" },
  },
  outputs: [
    "arn",
    "instanceState",
    "primaryNetworkInterfaceId",
    "privateDns",
    "publicDns",
    "publicIp",
    ...OTHER_OUTPUTS,
  ],
  schemaVersion: 2,
  async create(connection, inputs, created) {
    const client = ec2(connection, inputs);
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
  async read(connection, InstanceId, known) {
    const client = ec2(connection, known);
    const { Reservations: [reservation] = [] } = await client.send(
      new sdk.DescribeInstancesCommand({ InstanceIds: [InstanceId] }),
    );
    const [found] = reservation?.Instances ?? [];
    if (!found || ["terminated", "shutting-down"].includes(found.State?.Name ?? "")) return undefined;
    const [attributes, blockDevices] = await Promise.all([
      instanceAttributes(client, InstanceId),
      blockDevicesOf(client, found),
    ]);
    const options = found.MetadataOptions;
    return {
      ...attributes,
      ...blockDevices,
      ...networkOf(found),
      ...placementOf(found),
      ...optionsOf(found),
      ami: found.ImageId,
      arn: connection.arn("ec2", `instance/${InstanceId}`, known.region ?? connection.region),
      // EC2 answers with the profile's ARN; the program gave its name.
      iamInstanceProfile: found.IamInstanceProfile?.Arn?.split("/").at(-1) ?? "",
      instanceState: found.State?.Name,
      instanceType: found.InstanceType,
      keyName: found.KeyName ?? "",
      ...(options && {
        metadataOptions: {
          httpEndpoint: options.HttpEndpoint,
          httpTokens: options.HttpTokens,
          httpPutResponseHopLimit: options.HttpPutResponseHopLimit,
          instanceMetadataTags: options.InstanceMetadataTags,
        },
      }),
      monitoring: found.Monitoring?.State === "enabled",
      region: known.region ?? connection.region,
      tagsAll: fromKeyValues(found.Tags),
    };
  },
  async update(connection, InstanceId, inputs, old) {
    const client = ec2(connection, inputs);
    const ids = { InstanceIds: [InstanceId] };
    const wait = { client, maxWaitTime: WAIT_SECONDS };
    const typeChanged = inputs.instanceType !== old.instanceType;
    const userDataChanged = inputs.userData !== old.userData;
    if (typeChanged || userDataChanged) {
      // EC2 changes the type and the user data of a stopped instance only, one attribute a call.
      await client.send(new sdk.StopInstancesCommand(ids));
      await sdk.waitUntilInstanceStopped(wait, ids);
      if (typeChanged)
        await client.send(
          new sdk.ModifyInstanceAttributeCommand({
            InstanceId,
            InstanceType: { Value: inputs.instanceType },
          }),
        );
      if (userDataChanged)
        await client.send(
          new sdk.ModifyInstanceAttributeCommand({
            InstanceId,
            UserData: { Value: Buffer.from(inputs.userData ?? "") },
          }),
        );
      await client.send(new sdk.StartInstancesCommand(ids));
      await sdk.waitUntilInstanceRunning(wait, ids);
    }
    if (inputs.monitoring !== undefined && inputs.monitoring !== old.monitoring)
      await client.send(
        inputs.monitoring ? new sdk.MonitorInstancesCommand(ids) : new sdk.UnmonitorInstancesCommand(ids),
      );
    if (inputs.iamInstanceProfile !== undefined && inputs.iamInstanceProfile !== old.iamInstanceProfile) {
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
  async delete(connection, InstanceId, state) {
    const client = ec2(connection, state);
    await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    await sdk.waitUntilInstanceTerminated(
      { client, maxWaitTime: WAIT_SECONDS },
      { InstanceIds: [InstanceId] },
    );
  },
});

export default { "aws:ec2/instance:Instance": instance };
