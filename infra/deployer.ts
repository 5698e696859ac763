import { arn, bucketArn, iamArn, roleArn } from "./access/arn";
import type { Statement } from "./access/policy";
import type { DeployerPermission, Scenario, SharedResourceName } from "./scenario";
import { type ScenarioSettings, scenarios } from "./scenarios/registry";
import { locationsOf, type Side, type StackSettings } from "./stack-settings";

type AllSettings = StackSettings & ScenarioSettings;
type Enabled = Scenario<ScenarioSettings>;

/** The path of the users, devices and parameters that live checks create. */
export const CHECK_PATH_NAME = "cross-account-access-check";

/**
 * The least that the deployer of a stack needs in one of its accounts: to create, read, change and delete what the
 * scenarios create there, by name, and nothing else. Anyone who can edit a role's policies and its trust can grant it
 * anything: a deployer is as powerful as an administrator of the account.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
 */
export const deployerStatements = (settings: AllSettings, side: Side): Statement[] =>
  statementsOf(deployerPermissions(settings, side), ({ read = [], write = [] }) => [...read, ...write]);

/**
 * What `pulumi preview --refresh` reads in one of the accounts: how the program's resources are set up. Objects can be
 * listed, never read. Of parameters it reads the value of a String, and none that a KMS key protects.
 */
export const previewerStatements = (settings: AllSettings, side: Side): Statement[] =>
  statementsOf(deployerPermissions(settings, side), ({ read = [] }) => read);

/**
 * What `npm run verify`, `handover` and `explain` also need, in one of the accounts: to create users, buckets, a queue
 * and a parameter, whose names tell them apart, to add the users to the program's groups, to remove it all, and to
 * read the policies that are deployed.
 */
export const checkerStatements = (settings: AllSettings, side: Side): Statement[] =>
  statementsOf(checkerPermissions(settings, side), ({ read = [], write = [] }) => [...read, ...write]);

function statementsOf(
  permissions: readonly DeployerPermission[],
  actionsOf: (permission: DeployerPermission) => readonly string[],
): Statement[] {
  return permissions.flatMap((permission) => {
    const { sid: Sid, resources, condition: Condition } = permission;
    const Action = [...actionsOf(permission)];
    if (Action.length === 0 || resources.length === 0) return [];
    return [{ Sid, Effect: "Allow", Action, Resource: [...resources], ...(Condition && { Condition }) }];
  });
}

const enabledIn = (settings: AllSettings): readonly Enabled[] =>
  scenarios.filter(({ name }) => settings.scenarios.includes(name));

/** The names of what the enabled scenarios create in one of the accounts. */
function namesOf(settings: AllSettings, side: Side) {
  const context = { settings, locations: locationsOf(settings) };
  const inventories = enabledIn(settings).map(({ inventory }) => inventory(context)[side] ?? {});
  return {
    roles: inventories.flatMap(({ roles = [] }) => roles),
    groups: inventories.flatMap(({ groups = [] }) => groups),
    existingGroups: inventories.flatMap(({ existingGroups = [] }) => existingGroups),
    buckets: inventories.flatMap(({ buckets = [] }) => buckets.map(({ name }) => name)),
    sharedResources: inventories.flatMap(({ sharedResources = [] }) => sharedResources),
  };
}

function deployerPermissions(settings: AllSettings, side: Side): DeployerPermission[] {
  const context = { settings, locations: locationsOf(settings) };
  const location = context.locations[side];
  const { roles, groups, existingGroups, buckets, sharedResources } = namesOf(settings, side);
  return [
    {
      sid: "Roles",
      resources: roles.map((name) => roleArn(location, name)),
      read: [
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListRolePolicies",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRoleTags",
      ],
      write: [
        "iam:CreateRole",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
        "iam:UpdateAssumeRolePolicy",
        "iam:DeleteRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:PutRolePolicy",
        "iam:DeleteRolePolicy",
      ],
    },
    {
      sid: "Groups",
      resources: groups.map((name) => iamArn(location, `group/${name}`)),
      read: ["iam:GetGroup", "iam:GetGroupPolicy"],
      write: [
        "iam:CreateGroup",
        "iam:UpdateGroup",
        "iam:DeleteGroup",
        "iam:PutGroupPolicy",
        "iam:DeleteGroupPolicy",
      ],
    },
    {
      sid: "ExistingGroups",
      resources: existingGroups.map((name) => iamArn(location, `group/${name}`)),
      read: ["iam:GetGroupPolicy"],
      write: ["iam:PutGroupPolicy", "iam:DeleteGroupPolicy"],
    },
    ...bucketPermissions(
      buckets.map((name) => bucketArn(location, name)),
      settings.protect,
    ),
    ...sharedResourcePermissions(sharedResources),
    ...enabledIn(settings).flatMap(({ deployerPermissions }) => deployerPermissions(context)[side] ?? []),
  ];
}

function bucketPermissions(buckets: readonly string[], protect: boolean): DeployerPermission[] {
  return [
    {
      sid: "Buckets",
      resources: buckets,
      read: ["s3:ListBucket", "s3:GetBucket*", "s3:Get*Configuration", "s3:ListTagsForResource"],
      write: [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketOwnershipControls",
        "s3:PutEncryptionConfiguration",
        "s3:PutBucketVersioning",
        "s3:PutBucketTagging",
        "s3:TagResource",
        "s3:UntagResource",
      ],
    },
    // Only where `protect` is off does destroying a bucket empty it.
    { sid: "ListToEmpty", resources: protect ? [] : buckets, write: ["s3:ListBucketVersions"] },
    {
      sid: "Empty",
      resources: protect ? [] : buckets.map((bucket) => `${bucket}/*`),
      write: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    },
  ];
}

function sharedResourcePermissions(sharedResources: readonly SharedResourceName[]): DeployerPermission[] {
  const arnsOf = (kind: SharedResourceName["kind"]) =>
    sharedResources.filter((resource) => resource.kind === kind).map(({ arn }) => arn);
  return [
    {
      sid: "Topic",
      resources: arnsOf("topic"),
      read: ["sns:GetTopicAttributes", "sns:ListTagsForResource"],
      write: [
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:SetTopicAttributes",
        "sns:TagResource",
        "sns:UntagResource",
      ],
    },
    {
      sid: "Queue",
      resources: arnsOf("queue"),
      read: ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"],
      write: [
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
      ],
    },
    {
      sid: "Repository",
      resources: arnsOf("repository"),
      read: ["ecr:DescribeRepositories", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource"],
      write: [
        "ecr:CreateRepository",
        "ecr:DeleteRepository",
        "ecr:SetRepositoryPolicy",
        "ecr:DeleteRepositoryPolicy",
        "ecr:PutImageTagMutability",
        "ecr:PutImageScanningConfiguration",
        "ecr:TagResource",
        "ecr:UntagResource",
      ],
    },
  ];
}

function checkerPermissions(settings: AllSettings, side: Side): DeployerPermission[] {
  const context = { settings, locations: locationsOf(settings) };
  const location = context.locations[side];
  const { groups, existingGroups, buckets } = namesOf(settings, side);
  // Eight hexadecimal digits tell one run from another.
  const ownBuckets = bucketArn(location, "check-????????-*");
  return [
    {
      sid: "CheckUsers",
      resources: [`user/${CHECK_PATH_NAME}/*`, `mfa/${CHECK_PATH_NAME}/*`].map((name) =>
        iamArn(location, name),
      ),
      write: ["iam:*"],
    },
    { sid: "CheckLeftovers", resources: ["*"], read: ["iam:ListUsers"] },
    {
      // What npm run report, handover and explain show of the policies that are deployed, for every principal.
      sid: "ReadPolicies",
      resources: ["*"],
      read: [
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListUserPolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:GetGroup",
        "iam:GetGroupPolicy",
        "iam:ListGroupPolicies",
        "iam:ListAttachedGroupPolicies",
        "iam:ListMFADevices",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListRolePolicies",
        "iam:ListAttachedRolePolicies",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        // What npm run verify compares the account's users, groups and roles with.
        "iam:GetAccountAuthorizationDetails",
        "iam:ListAccessKeys",
      ],
    },
    {
      // Who else gets in from outside: by resources of the account that are not of this program.
      sid: "ReadResourcePolicies",
      resources: side === "trusting" ? ["*"] : [],
      read: [
        "s3:ListAllMyBuckets",
        "s3:GetBucketPolicy",
        "sns:ListTopics",
        "sns:GetTopicAttributes",
        "sqs:ListQueues",
        "sqs:GetQueueUrl",
        "sqs:GetQueueAttributes",
        "ecr:DescribeRepositories",
        "ecr:GetRepositoryPolicy",
      ],
    },
    {
      sid: "CheckBuckets",
      resources: [
        ownBuckets,
        `${ownBuckets}/*`,
        ...buckets.map((name) => bucketArn(location, name, "/check-*")),
      ],
      write: ["s3:*"],
    },
    {
      sid: "CheckObjects",
      resources: buckets.map((name) => bucketArn(location, name)),
      read: ["s3:ListBucketVersions"],
    },
    {
      sid: "CheckGroups",
      resources: [...groups, ...existingGroups].map((name) => iamArn(location, `group/${name}`)),
      write: ["iam:AddUserToGroup", "iam:RemoveUserFromGroup"],
    },
    side === "trusting"
      ? {
          sid: "CheckParameter",
          resources: [arn(location, "ssm", `parameter/${CHECK_PATH_NAME}/*`)],
          write: ["ssm:*"],
        }
      : { sid: "CheckQueue", resources: [arn(location, "sqs", "check-*")], write: ["sqs:*"] },
    ...enabledIn(settings).flatMap(({ checkerPermissions }) => checkerPermissions?.(context)[side] ?? []),
  ];
}
