import {
  arn,
  bucketArn,
  dnsSuffix,
  iamArn,
  oidcProviderArn,
  type Place,
  partitionOf,
  roleArn,
} from "./access/arn";
import type { Statement } from "./access/policy";
import type { Scenario, Settings, Side } from "./settings";

/** The issuer of the tokens of GitHub's jobs. https://docs.github.com/actions/concepts/security/openid-connect */
export const GITHUB = "token.actions.githubusercontent.com";
/** The roles of GitHub's jobs: one reads, the other writes. */
export const GITHUB_ROLES = ["GitHubActionsPreview", "GitHubActionsDeploy"] as const;
const MACHINE = "InstanceOperatorMachine";

type Named = Partial<Record<Scenario, readonly string[]>>;

/** The roles that scenarios make in each account; a deployer may touch no other. */
const ROLES: Record<Side, Named> = {
  trusting: {
    UpdateApp: ["UpdateApp"],
    ParameterReader: ["ParameterReader"],
    InstanceOperator: ["InstanceOperator"],
    TopicPublisher: ["TopicPublisher"],
    GitHubActions: GITHUB_ROLES,
  },
  trusted: { InstanceOperator: [MACHINE], GitHubActions: GITHUB_ROLES },
};

/** The groups that scenarios make in the trusted account. */
const GROUPS: Named = {
  UpdateApp: ["Developers", "Testers"],
  ParameterReader: ["ParameterReaders"],
  InstanceOperator: ["InstanceOperators"],
  SharedBucket: ["BucketSharers"],
  SharedServices: ["ServiceSharers"],
};

/** One kind of thing that a stack makes in an account: the statement's name, its ARNs, and what is done with them. */
interface Kind {
  sid: string;
  resources: readonly string[];
  /** To see it as it is: what a preview with refresh does. */
  read?: readonly string[];
  /** To create, change and delete it. */
  write?: readonly string[];
  condition?: Statement["Condition"];
}

/** Actions of one service, from their names parted by spaces. */
const actions = (service: string, names: string): string[] =>
  names.split(/\s+/).map((name) => `${service}:${name}`);

const placeOf = (settings: Settings, side: Side): Place => ({
  partition: partitionOf(settings.region),
  region: settings.region,
  accountId: settings[`${side}AccountId`],
});
const named = ({ scenarios }: Settings, names: Named) =>
  scenarios.flatMap((scenario) => names[scenario] ?? []);
/** The groups that the stack makes in the trusted account. */
export const groupsOf = (settings: Settings): string[] => named(settings, GROUPS);
const bucketsOf = (settings: Settings) => {
  const { scenarios, bucketName, sharedBucketName } = settings;
  return [
    ...(scenarios.includes("UpdateApp") ? [bucketName] : []),
    ...(scenarios.includes("SharedBucket") ? [sharedBucketName] : []),
  ].map((name) => bucketArn(placeOf(settings, "trusting"), name));
};

/**
 * The least that whoever deploys a stack needs in one of its accounts: to create, read, change and delete what the
 * scenarios make there, by name, and nothing else. Who may write a role's permissions and
 * its trust may give that role anything: it is as powerful as an administrator of the account.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
 */
export const deployerStatements = (settings: Settings, side: Side): Statement[] =>
  statements(settings, side, ({ read = [], write = [] }) => [...read, ...write]);

/**
 * What `pulumi preview --refresh` reads in one of the accounts: how the program's resources are set up. Objects can be
 * listed, never read. Of parameters it reads the value of a String, and none that a KMS key protects.
 */
export const previewerStatements = (settings: Settings, side: Side): Statement[] =>
  statements(settings, side, ({ read = [] }) => read);

function statements(settings: Settings, side: Side, chosen: (kind: Kind) => readonly string[]): Statement[] {
  const kinds = side === "trusting" ? trustingKinds(settings) : trustedKinds(settings);
  return [...identityKinds(settings, side), ...kinds].flatMap((kind) => {
    const Action = [...chosen(kind)];
    const { sid: Sid, resources, condition: Condition } = kind;
    if (Action.length === 0 || resources.length === 0) return [];
    return [{ Sid, Effect: "Allow", Action, Resource: [...resources], ...(Condition && { Condition }) }];
  });
}

/** Roles in both accounts, and the provider of GitHub's tokens. */
function identityKinds(settings: Settings, side: Side): Kind[] {
  const place = placeOf(settings, side);
  const github = settings.scenarios.includes("GitHubActions") && settings.createGithubProvider;
  return [
    {
      sid: "Roles",
      resources: named(settings, ROLES[side]).map((name) => roleArn(place, name)),
      read: actions(
        "iam",
        "GetRole GetRolePolicy ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole ListRoleTags",
      ),
      write: actions(
        "iam",
        `CreateRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole TagRole UntagRole
        PutRolePolicy DeleteRolePolicy`.trim(),
      ),
    },
    {
      sid: "TokenProvider",
      resources: github ? [oidcProviderArn(place, GITHUB)] : [],
      read: actions("iam", "GetOpenIDConnectProvider ListOpenIDConnectProviderTags"),
      write: actions(
        "iam",
        `CreateOpenIDConnectProvider DeleteOpenIDConnectProvider AddClientIDToOpenIDConnectProvider
        RemoveClientIDFromOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint TagOpenIDConnectProvider
        UntagOpenIDConnectProvider`,
      ),
    },
  ];
}

function trustingKinds(settings: Settings): Kind[] {
  const { scenarios, parameterName, parameterKeyArn, instanceFullAccess, protect } = settings;
  const { sharedServicesName: shared } = settings;
  const on = (scenario: Scenario, ...resources: string[]) => (scenarios.includes(scenario) ? resources : []);
  const place = placeOf(settings, "trusting");
  const buckets = bucketsOf(settings);
  return [
    {
      sid: "Buckets",
      resources: buckets,
      read: actions("s3", "ListBucket GetBucket* Get*Configuration ListTagsForResource"),
      write: actions(
        "s3",
        `CreateBucket DeleteBucket PutBucketPolicy DeleteBucketPolicy PutBucketPublicAccessBlock
        PutBucketOwnershipControls PutEncryptionConfiguration PutBucketVersioning PutBucketTagging TagResource UntagResource`,
      ),
    },
    // Only where `protect` is off does destroying a bucket empty it.
    { sid: "ListToEmpty", resources: protect ? [] : buckets, write: ["s3:ListBucketVersions"] },
    {
      sid: "Empty",
      resources: protect ? [] : buckets.map((bucket) => `${bucket}/*`),
      write: actions("s3", "DeleteObject DeleteObjectVersion"),
    },
    {
      sid: "Parameter",
      resources: on("ParameterReader", arn(place, "ssm", `parameter/${parameterName.replace(/^\//, "")}`)),
      read: actions("ssm", "GetParameter GetParameters ListTagsForResource"),
      write: actions("ssm", "PutParameter DeleteParameter AddTagsToResource RemoveTagsFromResource"),
    },
    // Describing knows no single parameter in IAM.
    { sid: "ListParameters", resources: on("ParameterReader", "*"), read: ["ssm:DescribeParameters"] },
    {
      sid: "ParameterKey",
      resources: parameterKeyArn === undefined ? [] : on("ParameterReader", parameterKeyArn),
      write: actions("kms", "Encrypt Decrypt"),
    },
    {
      sid: "FullAccess",
      resources: instanceFullAccess ? on("InstanceOperator", roleArn(place, "InstanceOperator")) : [],
      write: actions("iam", "AttachRolePolicy DetachRolePolicy"),
      condition: {
        ArnEquals: { "iam:PolicyARN": `arn:${place.partition}:iam::aws:policy/AmazonEC2FullAccess` },
      },
    },
    {
      sid: "Topic",
      resources: on("SharedServices", arn(place, "sns", shared)),
      read: actions("sns", "GetTopicAttributes ListTagsForResource"),
      write: actions("sns", "CreateTopic DeleteTopic SetTopicAttributes TagResource UntagResource"),
    },
    {
      sid: "Queue",
      resources: on("SharedServices", arn(place, "sqs", shared)),
      read: actions("sqs", "GetQueueAttributes GetQueueUrl ListQueueTags"),
      write: actions("sqs", "CreateQueue DeleteQueue SetQueueAttributes TagQueue UntagQueue"),
    },
    {
      sid: "Repository",
      resources: on("SharedServices", arn(place, "ecr", `repository/${shared}`)),
      read: actions("ecr", "DescribeRepositories GetRepositoryPolicy ListTagsForResource"),
      write: actions(
        "ecr",
        `CreateRepository DeleteRepository SetRepositoryPolicy DeleteRepositoryPolicy PutImageTagMutability
        PutImageScanningConfiguration TagResource UntagResource`,
      ),
    },
    {
      sid: "Apis",
      // An API's ID is known only once it exists: these are all APIs of the account in the region.
      resources: on(
        "SharedServices",
        ...["/restapis", "/restapis/*"].map((path) => arn({ ...place, accountId: "" }, "apigateway", path)),
      ),
      read: ["apigateway:GET"],
      write: actions("apigateway", "POST PUT PATCH DELETE UpdateRestApiPolicy"),
    },
  ];
}

function trustedKinds(settings: Settings): Kind[] {
  const place = placeOf(settings, "trusted");
  const on = (scenario: Scenario, resource: string) =>
    settings.scenarios.includes(scenario) ? [iamArn(place, resource)] : [];
  return [
    {
      sid: "Groups",
      resources: groupsOf(settings).map((name) => iamArn(place, `group/${name}`)),
      read: actions("iam", "GetGroup GetGroupPolicy"),
      write: actions("iam", "CreateGroup UpdateGroup DeleteGroup PutGroupPolicy DeleteGroupPolicy"),
    },
    {
      sid: "MachineProfile",
      resources: on("InstanceOperator", `instance-profile/${MACHINE}`),
      read: actions("iam", "GetInstanceProfile ListInstanceProfileTags"),
      write: actions(
        "iam",
        `CreateInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
        TagInstanceProfile UntagInstanceProfile`,
      ),
    },
    {
      sid: "PassMachineRole",
      resources: on("InstanceOperator", `role/${MACHINE}`),
      write: ["iam:PassRole"],
      condition: { StringEquals: { "iam:PassedToService": `ec2.${dnsSuffix(place)}` } },
    },
    {
      sid: "Device",
      resources: on("TopicPublisher", "user/topic-publisher"),
      read: actions("iam", "GetUser GetUserPolicy ListAccessKeys ListUserTags ListGroupsForUser"),
      write: actions(
        "iam",
        `CreateUser UpdateUser DeleteUser TagUser UntagUser PutUserPolicy DeleteUserPolicy CreateAccessKey
        UpdateAccessKey DeleteAccessKey`,
      ),
    },
  ];
}

/**
 * What `npm run verify`, `handover` and `explain` need besides, in one of the accounts: to make people, buckets, a queue
 * and a parameter, which carry names of their own, to put the people into the program's groups, to remove it all, and to
 * read the policies that are deployed.
 */
export function checkerStatements(settings: Settings, side: Side): Statement[] {
  const place = placeOf(settings, side);
  const path = "cross-account-access-check";
  const { scenarios, topic, operatedInstanceIds } = settings;
  const on = (scenario: Scenario, ...resources: string[]) => (scenarios.includes(scenario) ? resources : []);
  // Eight hexadecimal digits tell one run from another.
  const own = bucketArn(place, "check-????????-*");
  const objects = [
    own,
    `${own}/*`,
    ...(side === "trusting" ? bucketsOf(settings).map((one) => `${one}/check-*`) : []),
  ];
  const groups = groupsOf(settings).map((name) => iamArn(place, `group/${name}`));
  const allow = (Sid: string, Action: string | string[], Resource: string | string[]): Statement[] =>
    Resource.length > 0 ? [{ Sid, Effect: "Allow", Action, Resource }] : [];
  return [
    ...allow("CheckPeople", "iam:*", [iamArn(place, `user/${path}/*`), iamArn(place, `mfa/${path}/*`)]),
    ...allow("CheckLeftovers", actions("iam", "ListUsers ListVirtualMFADevices"), "*"),
    // What npm run report, handover and explain tell of the policies that are deployed, whoever carries them.
    ...allow(
      "ReadPolicies",
      actions(
        "iam",
        `GetUser GetUserPolicy ListUserPolicies ListAttachedUserPolicies ListGroupsForUser GetGroup GetGroupPolicy
        ListGroupPolicies ListAttachedGroupPolicies ListMFADevices GetRole GetRolePolicy ListRolePolicies ListAttachedRolePolicies
        GetPolicy GetPolicyVersion`,
      ),
      "*",
    ),
    ...allow("CheckBuckets", "s3:*", objects),
    ...(side === "trusting"
      ? [
          ...allow("CheckObjects", ["s3:ListBucketVersions"], bucketsOf(settings)),
          ...allow("CheckParameter", "ssm:*", arn(place, "ssm", `parameter/${path}/*`)),
          ...allow("CheckBroker", "iot:DescribeEndpoint", on("TopicPublisher", "*")),
          ...allow(
            "CheckTopic",
            actions("iot", "Connect Subscribe Receive"),
            on(
              "TopicPublisher",
              ...[
                "client/watcher-*",
                ...[topic, `${topic}-other`].flatMap((one) => [`topicfilter/${one}`, `topic/${one}`]),
              ].map((one) => arn(place, "iot", one)),
            ),
          ),
          ...allow(
            "CheckInstance",
            "ec2:DescribeInstances",
            operatedInstanceIds.length > 0 ? on("InstanceOperator", "*") : [],
          ),
        ]
      : [
          ...allow("CheckGroups", actions("iam", "AddUserToGroup RemoveUserFromGroup"), groups),
          ...allow("CheckQueue", "sqs:*", arn(place, "sqs", "check-*")),
        ]),
  ];
}
