import { arn, bucketArn, iamArn, type Place, partitionOf, roleArn } from "./access/arn";
import type { Statement } from "./access/policy";
import type { Scenario, Settings, Side } from "./settings";

type Named = Partial<Record<Scenario, readonly string[]>>;

/** The roles that scenarios make in each account; a deployer may touch no other. */
const ROLES: Record<Side, Named> = {
  trusting: {
    UpdateApp: ["UpdateApp"],
    ParameterReader: ["ParameterReader"],
    InstanceOperator: ["InstanceOperator"],
    TopicPublisher: ["TopicPublisher"],
  },
  trusted: { InstanceOperator: ["InstanceOperatorMachine"] },
};

/** The groups that scenarios make in the trusted account. */
const GROUPS: Named = {
  UpdateApp: ["Developers", "Testers"],
  ParameterReader: ["ParameterReaders"],
  InstanceOperator: ["InstanceOperators"],
  SharedBucket: ["BucketSharers"],
};

/**
 * The least that whoever deploys a stack needs in one of its accounts: to create, read, change and delete what the
 * scenarios make there, by name, and nothing else. It can rewrite those roles' permissions and therefore must be
 * held like an administrator's right over them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
 */
export function deployerStatements(settings: Settings, side: Side): Statement[] {
  const on = (scenario: Scenario) => settings.scenarios.includes(scenario);
  const of = (named: Named) => settings.scenarios.flatMap((scenario) => named[scenario] ?? []);
  const place: Place = {
    partition: partitionOf(settings.region),
    region: settings.region,
    accountId: settings[`${side}AccountId`],
  };
  const allow = (Sid: string, Action: string[], Resource: string[]): Statement[] =>
    Resource.length > 0 ? [{ Sid, Effect: "Allow", Action, Resource }] : [];
  const roles = of(ROLES[side]).map((name) => roleArn(place, name));
  return [
    ...allow("Roles", ROLE_ACTIONS, roles),
    ...(side === "trusting" ? trusting(settings, place, on, allow) : trusted(place, on, of, allow)),
  ];
}

type Allow = (sid: string, actions: string[], resources: string[]) => Statement[];

const ROLE_ACTIONS = [
  ..."CreateRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole TagRole UntagRole".split(
    " ",
  ),
  ..."PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies ListAttachedRolePolicies".split(" "),
  "ListInstanceProfilesForRole",
].map((action) => `iam:${action}`);

function trusting(
  settings: Settings,
  place: Place,
  on: (scenario: Scenario) => boolean,
  allow: Allow,
): Statement[] {
  const buckets = [
    ...(on("UpdateApp") ? [settings.bucketName] : []),
    ...(on("SharedBucket") ? [settings.sharedBucketName] : []),
  ].map((name) => bucketArn(place, name));
  const { parameterName, parameterKeyArn, instanceFullAccess, protect } = settings;
  const fullAccess: Statement = {
    Sid: "FullAccess",
    Effect: "Allow",
    Action: ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
    Resource: roleArn(place, "InstanceOperator"),
    Condition: {
      ArnEquals: { "iam:PolicyARN": `arn:${place.partition}:iam::aws:policy/AmazonEC2FullAccess` },
    },
  };
  return [
    ...allow(
      "Buckets",
      [
        ..."CreateBucket DeleteBucket ListBucket GetBucket* Get*Configuration PutBucketPolicy DeleteBucketPolicy".split(
          " ",
        ),
        ..."PutBucketPublicAccessBlock PutBucketOwnershipControls PutEncryptionConfiguration PutBucketVersioning".split(
          " ",
        ),
        ..."PutBucketTagging ListTagsForResource TagResource UntagResource".split(" "),
      ].map((action) => `s3:${action}`),
      buckets,
    ),
    // Only where `protect` is off does destroying a bucket empty it.
    ...(protect
      ? []
      : [
          ...allow("ListToEmpty", ["s3:ListBucketVersions"], buckets),
          ...allow(
            "Empty",
            ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            buckets.map((bucket) => `${bucket}/*`),
          ),
        ]),
    ...(on("ParameterReader")
      ? [
          ...allow(
            "Parameter",
            "PutParameter GetParameter GetParameters DeleteParameter AddTagsToResource RemoveTagsFromResource ListTagsForResource"
              .split(" ")
              .map((action) => `ssm:${action}`),
            [arn(place, "ssm", `parameter/${parameterName.replace(/^\//, "")}`)],
          ),
          // Describing knows no single parameter in IAM.
          ...allow("ListParameters", ["ssm:DescribeParameters"], ["*"]),
          ...allow("ParameterKey", ["kms:Encrypt", "kms:Decrypt"], parameterKeyArn ? [parameterKeyArn] : []),
        ]
      : []),
    ...(on("InstanceOperator") && instanceFullAccess ? [fullAccess] : []),
  ];
}

function trusted(
  place: Place,
  on: (scenario: Scenario) => boolean,
  of: (named: Named) => string[],
  allow: Allow,
): Statement[] {
  const iam = (actions: string) => actions.split(" ").map((action) => `iam:${action}`);
  const machine = "InstanceOperatorMachine";
  const passMachine: Statement = {
    Sid: "PassMachineRole",
    Effect: "Allow",
    Action: "iam:PassRole",
    Resource: roleArn(place, machine),
    Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
  };
  return [
    ...allow(
      "Groups",
      iam("CreateGroup GetGroup UpdateGroup DeleteGroup PutGroupPolicy GetGroupPolicy DeleteGroupPolicy"),
      of(GROUPS).map((name) => iamArn(place, `group/${name}`)),
    ),
    ...(on("InstanceOperator")
      ? [
          ...allow(
            "MachineProfile",
            iam(
              "CreateInstanceProfile GetInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile DeleteInstanceProfile TagInstanceProfile UntagInstanceProfile",
            ),
            [iamArn(place, `instance-profile/${machine}`)],
          ),
          passMachine,
        ]
      : []),
    ...(on("TopicPublisher")
      ? allow(
          "Device",
          iam(
            "CreateUser GetUser UpdateUser DeleteUser TagUser UntagUser ListGroupsForUser PutUserPolicy GetUserPolicy DeleteUserPolicy CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey",
          ),
          [iamArn(place, "user/topic-publisher")],
        )
      : []),
  ];
}
