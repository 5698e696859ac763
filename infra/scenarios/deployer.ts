import { arn, bucketArn, iamArn, oidcProviderArn } from "../access/arn";
import type { Statement } from "../access/policy";
import type { Account } from "../accounts";
import type { Settings, Side } from "../settings";

/** The issuer of the tokens of GitHub's jobs: https://docs.github.com/actions/concepts/security/openid-connect */
export const GITHUB = "token.actions.githubusercontent.com";
/** Users, devices and parameters that `npm run verify` makes and removes carry this path, its buckets this prefix. */
const CHECKS = { path: "cross-account-access-check", bucketPrefix: "check-" };

/** ARNs of everything that this program makes in IAM, in one of the accounts. */
function identities(account: Account, side: Side): string[] {
  const names = {
    trusting: ["UpdateApp", "ParameterReader", "InstanceOperator", "TopicPublisher"].map((n) => `role/${n}`),
    trusted: [
      ...["Developers", "Testers", "ParameterReaders", "InstanceOperators", "BucketSharers"].map(
        (name) => `group/${name}`,
      ),
      "role/InstanceOperatorMachine",
      "instance-profile/InstanceOperatorMachine",
      "user/topic-publisher",
    ],
  }[side];
  return [
    ...[...names, "role/GitHubActionsPreview", "role/GitHubActionsDeploy"].map((name) =>
      iamArn(account, name),
    ),
    oidcProviderArn(account, GITHUB),
  ];
}

const buckets = ({ bucketName, sharedBucketName }: Settings, account: Account) =>
  [bucketName, sharedBucketName].map((name) => bucketArn(account, name));
const parameter = ({ parameterName }: Settings, account: Account) =>
  arn(account, "ssm", `parameter${parameterName}`);

/**
 * What `pulumi preview --refresh` reads in one of the accounts: how the program's resources are set up. No object of a
 * bucket is among it. Of parameters it reads the value of a String, and none that a KMS key protects.
 */
export function readProgram(settings: Settings, account: Account, side: Side): [Statement, ...Statement[]] {
  const ofPeople: Statement = {
    Sid: "ReadIdentities",
    Effect: "Allow",
    Action: ["iam:Get*", "iam:List*"],
    Resource: identities(account, side),
  };
  if (side === "trusted") return [ofPeople];
  return [
    ofPeople,
    // On a bucket's own ARN: s3:Get* then covers how it is set up, s3:ListBucket whether it is there.
    {
      Sid: "ReadBuckets",
      Effect: "Allow",
      Action: ["s3:Get*", "s3:ListBucket", "s3:ListTagsForResource"],
      Resource: buckets(settings, account),
    },
    { Sid: "ListParameters", Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" },
    {
      Sid: "ReadParameter",
      Effect: "Allow",
      Action: ["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"],
      Resource: parameter(settings, account),
    },
  ];
}

/** What `pulumi up`, and `npm run verify` after it, do in one of the accounts. Who may write roles may give rights. */
export function manageProgram(settings: Settings, account: Account, side: Side): [Statement, ...Statement[]] {
  const checked = [bucketArn(account, `${CHECKS.bucketPrefix}*`)];
  const managed = side === "trusting" ? [...checked, ...buckets(settings, account)] : checked;
  return [
    {
      Sid: "ManageIdentities",
      Effect: "Allow",
      Action: "iam:*",
      Resource: [
        ...identities(account, side),
        ...["user", "mfa"].map((type) => iamArn(account, `${type}/${CHECKS.path}/*`)),
      ],
    },
    {
      Sid: "FindLeftovers",
      Effect: "Allow",
      Action: ["iam:ListUsers", "iam:ListVirtualMFADevices"],
      Resource: "*",
    },
    {
      Sid: "ManageBuckets",
      Effect: "Allow",
      Action: "s3:*",
      Resource: managed.flatMap((bucket) => [bucket, `${bucket}/*`]),
    },
    ...(side === "trusting"
      ? ([
          { Sid: "ListParameters", Effect: "Allow", Action: "ssm:DescribeParameters", Resource: "*" },
          {
            Sid: "ManageParameters",
            Effect: "Allow",
            Action: "ssm:*",
            Resource: [parameter(settings, account), arn(account, "ssm", `parameter/${CHECKS.path}/*`)],
          },
        ] satisfies Statement[])
      : []),
  ];
}
