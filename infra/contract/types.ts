import type { Statement } from "../access/policy";
import type { Side } from "../stack-settings";

/** The accounts that personas live in: the two of the stack, and two more that are asked from where they are reachable. */
export type Home = Side | "partner" | "outsider";

/** An IAM user that is created for the check, with keys and an MFA device, and removed afterwards. */
export interface UserPersona {
  kind: "user";
  name: string;
  home: Home;
  /** Groups of the program that the user is a member of. */
  groups?: readonly string[];
  /** The user's own permissions, in addition to those of the groups. */
  permissions?: readonly Statement[];
}

/** A job of GitHub Actions, known by the subject of its token. */
export interface JobPersona {
  kind: "job";
  name: string;
  subject: string;
}

/** A machine of the trusted account that the program deploys an instance profile for. */
export interface MachinePersona {
  kind: "machine";
  name: string;
  instanceProfile: string;
}

/** A device of the trusted account whose access key the program deploys. */
export interface DevicePersona {
  kind: "device";
  name: string;
}

/**
 * A person of the trusted account who signed in by IAM Identity Center: a session of the role of a permission set,
 * which is created for the check where the endpoint is not AWS, and removed afterwards.
 */
export interface PermissionSetPersona {
  kind: "permission set";
  name: string;
  permissionSet: string;
  /** Path of the role; begins and ends with a slash. */
  path: string;
  /** The statements of the permission set's inline policy. */
  permissions: readonly Statement[];
}

/** Who makes a request. */
export type Persona = UserPersona | PermissionSetPersona | JobPersona | MachinePersona | DevicePersona;

/** The credentials that a request is made with. The role is the one that the persona assumed first in the scenario. */
export type SessionKind =
  | "own keys"
  | "own keys and an MFA code"
  | "own keys and a wrong MFA code"
  | "own keys and another person's MFA device"
  | "signed in with MFA"
  | "own token"
  | "own token for another audience"
  | "as the role"
  | "as the role, expired";

/** The IAM actions that the checks can request. A request for each stands in tools/verify/requests.ts. */
export type Action =
  | "sts:AssumeRole"
  | "sts:AssumeRoleWithWebIdentity"
  | "s3:ListAllMyBuckets"
  | "s3:ListBucket"
  | "s3:GetObject"
  | "s3:PutObject"
  | "s3:CopyObject"
  | "s3:DeleteObject"
  | "s3:GetBucketPolicy"
  | "s3:PutBucketPolicy"
  | "s3:DeleteBucket"
  | "ec2:DescribeInstances"
  | "ec2:DescribeInstanceStatus"
  | "ec2:StopInstances"
  | "ec2:StartInstances"
  | "ec2:RebootInstances"
  | "ec2:TerminateInstances"
  | "ec2:RunInstances"
  | "ec2:CreateTags"
  | "iam:GetRole"
  | "iam:ListUsers"
  | "iam:CreateUser"
  | "ssm:DescribeParameters"
  | "ssm:GetParameter"
  | "ssm:PutParameter"
  | "iot:Connect"
  | "iot:Publish"
  | "dynamodb:DescribeTable"
  | "dynamodb:Scan"
  | "dynamodb:PutItem"
  | "sns:Publish"
  | "sns:GetTopicAttributes"
  | "sqs:SendMessage"
  | "sqs:ReceiveMessage"
  | "sqs:GetQueueAttributes"
  | "ecr:GetAuthorizationToken"
  | "ecr:BatchGetImage"
  | "ecr:DescribeImages"
  | "execute-api:Invoke";

/** A bucket that is created for the check in one account, with one object in it. */
export interface BucketFixture {
  fixture: "bucket";
  side: Side;
  /** Ends the bucket's name. */
  name: string;
  /** The bucket's policy: what it says of reading its objects, user by user. Default: no policy. */
  policy?: { effects: readonly Statement["Effect"][]; users: readonly UserPersona[] };
}

/** A parameter of the trusting account that is created for the check. */
export interface ParameterFixture {
  fixture: "parameter";
}

/** A queue of the trusted account that is created for the check. */
export interface QueueFixture {
  fixture: "queue";
}

/** An instance of the trusting account that is launched for the check, where the endpoint is not AWS. */
export interface InstanceFixture {
  fixture: "instance";
  /** Tells it from the other instances of the check. */
  name: string;
  tag?: { key: string; value: string } | undefined;
}

/** What a check creates before it asks, and removes afterwards. */
export type Fixture = BucketFixture | ParameterFixture | QueueFixture | InstanceFixture;

/** A value that is known only once the stack is deployed: an output of the scenario. */
export interface OutputValue {
  output: string;
}

/** What a request is about. Each member is known from the settings, from an output, or from what the check creates. */
export interface Target {
  name: string;
  /** Where it is. Default: trusting. */
  side?: Side;
  /** ARN of a role, and what a session of it is asked for with. */
  role?: string;
  /** Seconds. Default: 900, the shortest session. */
  durationSeconds?: number;
  sessionTag?: { key: string; value: string };
  sourceIdentity?: string;
  bucket?: string | BucketFixture;
  /** Where a copy comes from, and the names of the two targets that it goes between. */
  sourceBucket?: BucketFixture;
  copy?: { from: string; to: string };
  parameter?: string | ParameterFixture;
  instance?: string | InstanceFixture;
  topic?: string;
  clientId?: string;
  /** ARN of a table of DynamoDB. */
  table?: string;
  topicArn?: string | OutputValue;
  queueUrl?: string | OutputValue | QueueFixture;
  repository?: string;
  apiUrl?: string | OutputValue;
}

export type Answer = "allowed" | "refused";

/** One line of the access contract: who, with which session, is allowed or refused which action, on what. */
export interface ContractRow {
  /** Number of the check that the row belongs to, counted from 1. */
  check: number;
  who: Persona;
  session: SessionKind;
  /** The role whose session is used. Default: the first that the persona assumed in the scenario. */
  as?: Target;
  action: Action;
  on: Target;
  expected: Answer;
}

/** What people expect of a scenario under a stack's settings. */
export interface Contract {
  /** What each check is about, in the words of the person who asked for it. */
  checks: readonly string[];
  /** In the order in which they are asked. */
  rows: readonly ContractRow[];
}
