import type { Statement } from "../../infra/access/policy";
import type { Scenario, Settings } from "../../infra/settings";
import type { Action } from "./requests";

/** The accounts that people of a check live in: the two of the stack, and two that are asked from if they are there. */
export type Home = "trusting" | "trusted" | "partner" | "outsider";

/** Where a person lives, and what they may do there. */
export interface Role {
  home: Home;
  /** Groups of the program that the person is a member of. */
  groups?: readonly string[];
  /** Rights of the person's own, besides those of the groups. */
  rights?: readonly Statement[];
}

const allow = (Action: string, Resource = "*"): Statement => ({ Effect: "Allow", Action, Resource });
const deny = (Action: string): Statement => ({ Effect: "Deny", Action, Resource: "*" });

/** Who asks. Each is made for the check, with keys and an MFA device, and removed afterwards. */
export const people = {
  // The developer's own side allows all of S3: what refuses productionapp then is the other account.
  developer: { home: "trusted", groups: ["Developers"], rights: [allow("s3:*")] },
  "developer and tester": { home: "trusted", groups: ["Developers", "Testers"] },
  tester: { home: "trusted", groups: ["Testers"] },
  colleague: { home: "trusted" },
  outsider: { home: "outsider", rights: [allow("*")] },
  "parameter reader": { home: "trusted", groups: ["ParameterReaders"] },
  "instance operator": { home: "trusted", groups: ["InstanceOperators"] },
  "partner's administrator": { home: "partner", rights: [allow("*")] },
  // Own rights for own buckets and queues: the shared ones are the group's to give.
  "bucket sharer": {
    home: "trusted",
    groups: ["BucketSharers"],
    rights: [allow("s3:*", "arn:*:s3:::check-*")],
  },
  "service sharer": {
    home: "trusted",
    groups: ["ServiceSharers"],
    rights: [allow("sqs:*", "arn:*:sqs:*:*:check-*")],
  },
  "dev administrator": { home: "trusted", rights: [allow("*")] },
  "prod user who is allowed": { home: "trusting", rights: [allow("s3:GetObject")] },
  "prod user of whom policies are silent": { home: "trusting" },
  "prod user who is denied": { home: "trusting", rights: [allow("s3:GetObject"), deny("s3:GetObject")] },
  "dev user who is allowed": { home: "trusted", rights: [allow("s3:GetObject")] },
  "dev user of whom policies are silent": { home: "trusted" },
  "dev user who is denied": { home: "trusted", rights: [allow("s3:GetObject"), deny("s3:GetObject")] },
} satisfies Record<string, Role>;

/** The jobs of GitHub Actions that ask, by the subject of their token. */
export const jobs = {
  "pull request": ({ githubRepository }) => `repo:${githubRepository}:pull_request`,
  "drift job on main": ({ githubRepository }) => `repo:${githubRepository}:ref:refs/heads/main`,
  "job on another branch": ({ githubRepository }) => `repo:${githubRepository}:ref:refs/heads/other`,
  "job in the stack's environment": ({ githubRepository, stack }) =>
    `repo:${githubRepository}:environment:${stack}`,
  "job in another environment": ({ githubRepository, stack }) =>
    `repo:${githubRepository}:environment:${stack}-other`,
  "another repository's pull request": ({ githubRepository }) =>
    `repo:${githubRepository}-other:pull_request`,
  "another repository's job in an environment of that name": ({ githubRepository, stack }) =>
    `repo:${githubRepository}-other:environment:${stack}`,
} satisfies Record<string, (settings: Settings) => string>;

/** A person made for the check, a job, or what the program itself deployed: the machine and the device. */
export type Person = keyof typeof people | keyof typeof jobs | "machine" | "device";

/** What credentials are asked with. The role is that of the row's scenario. */
export type Session =
  | "own keys"
  | "own keys and an MFA code"
  | "own keys and a wrong MFA code"
  | "own keys and another person's MFA device"
  | "signed in with MFA"
  | "own token"
  | "own token for another audience"
  | "as the role"
  | "as the role, expired";

/** What is asked for. */
export type Target =
  | "the role"
  | "the preview role"
  | "the preview role of dev"
  | "the deploy role"
  | "the deploy role of dev"
  | "prod"
  | "productionapp"
  | "another bucket of prod"
  | "own bucket in dev"
  | "the parameter"
  | "another parameter"
  | "an operated instance"
  | "another instance"
  | "the topic"
  | "another topic"
  | "another client ID"
  | "the shared bucket"
  | "own bucket in dev to the shared bucket"
  | "own bucket in dev to productionapp"
  | "the shared topic"
  | "the shared queue"
  | "own queue in dev"
  | "the shared repository"
  | "the shared API"
  | "a bucket whose policy allows"
  | "a bucket whose policy is silent"
  | "a bucket whose policy denies";

export type Answer = "allowed" | "refused";

/** One line of the access contract: who, with what session, may or may not do what, on what. */
export interface Row {
  scenario: Scenario;
  check: number;
  who: Person;
  session: Session;
  action: Action;
  on: Target;
  expected: Answer;
}

/** What each check of a scenario is about, in the words of whoever asked for it. */
export const checks: Readonly<Record<Scenario, readonly string[]>> = {
  UpdateApp: [
    "A Developers member with MFA assumes UpdateApp",
    "The same person without MFA",
    "A Developers member with a wrong code or another person's MFA device",
    "A Testers member with MFA",
    "A dev user in neither group, with MFA",
    "An administrator of a third account, with MFA",
    "As UpdateApp: list, put, get and delete in productionapp",
    "As UpdateApp: anything else in prod",
    "The person's own credentials directly on productionapp",
    "The person's own dev rights are suspended as UpdateApp, and back afterwards",
    "Temporary credentials past their lifetime",
  ],
  ParameterReader: [
    "A ParameterReaders member with MFA assumes ParameterReader",
    "The same person without MFA, and a Developers member with it",
    "As ParameterReader: EC2",
    "As ParameterReader: the parameter is listed",
    "As ParameterReader: its value is read",
    "As ParameterReader: another parameter's value, and writing this one's",
    "An administrator of a third account, with MFA",
  ],
  InstanceOperator: [
    "The machine assumes InstanceOperator with what its instance metadata gives",
    "An InstanceOperators member and a second trusted account's administrator, with MFA",
    "The same people without MFA, and a colleague with it",
    "An administrator of an account that is not trusted",
    "As InstanceOperator: look at, stop, start and reboot an instance",
    "As InstanceOperator: terminate, run and tag instances",
    "As InstanceOperator: an instance outside the restriction",
  ],
  TopicPublisher: [
    "The device assumes TopicPublisher with its key",
    "A Developers member and an administrator of dev, with MFA",
    "As TopicPublisher: publish to the topic, seen by a subscriber in prod",
    "As TopicPublisher: another topic, and connecting as another client",
    "The device's own key, without the role",
    "An administrator of a third account, with MFA",
  ],
  SharedBucket: [
    "Person allowed, bucket allows: in one account, and across",
    "Person allowed, bucket silent: in one account, but not across",
    "Person silent, bucket allows: in one account, but not across",
    "Person or bucket denies: nowhere, whatever the other says",
    "A BucketSharers member copies from the own bucket to the shared one in one call",
    "A dev user outside BucketSharers",
    "An administrator of a third account",
    "A dev administrator: what the bucket's policy does not share",
  ],
  SharedServices: [
    "A ServiceSharers member publishes to the shared topic",
    "The same person sends and receives in the own queue in dev and in the shared one",
    "The same person signs in to the registry and pulls from the shared repository",
    "The same person calls the shared API",
    "A dev administrator: what the resources' own policies do not share",
    "A dev user outside ServiceSharers",
    "An administrator of a third account",
  ],
  GitHubActions: [
    "A pull request, and the drift job, assume the preview role in both accounts",
    "Another repository's pull request, another branch, a token for another audience",
    "A pull request, and main outside the environment, assume the deploy role",
    "A job in the stack's environment assumes the deploy role in both accounts",
    "A job in another environment, or in another repository's of that name",
    "As the preview role: how prod's role and bucket are set up",
    "As the preview role: objects, other parameters, and anything written",
  ],
};

type Asked = Omit<Row, "scenario">;
const row = (
  check: number,
  who: Person,
  session: Session,
  action: Action,
  on: Target,
  expected: Answer,
): Asked => ({ check, who, session, action, on, expected });
const rows = (
  check: number,
  who: Person,
  session: Session,
  actions: readonly Action[],
  on: Target,
  expected: Answer,
): Asked[] => actions.map((action) => row(check, who, session, action, on, expected));
const assumes = (check: number, who: Person, session: Session, expected: Answer): Asked =>
  row(check, who, session, "sts:AssumeRole", "the role", expected);

const sendAndReceive = ["sqs:SendMessage", "sqs:ReceiveMessage"] as const;
const services = (check: number, who: Person, expected: Answer): Asked[] => [
  row(check, who, "own keys", "sns:Publish", "the shared topic", expected),
  ...rows(check, who, "own keys", sendAndReceive, "the shared queue", expected),
  row(check, who, "own keys", "ecr:BatchGetImage", "the shared repository", expected),
  row(check, who, "own keys", "execute-api:Invoke", "the shared API", expected),
];
const assumesByToken = (
  check: number,
  who: keyof typeof jobs,
  on: readonly Target[],
  expected: Answer,
  session: Session = "own token",
): Asked[] => on.map((role) => row(check, who, session, "sts:AssumeRoleWithWebIdentity", role, expected));
const PREVIEW = ["the preview role", "the preview role of dev"] as const;
const DEPLOY = ["the deploy role", "the deploy role of dev"] as const;

const asked: Readonly<Record<Scenario, readonly Asked[]>> = {
  UpdateApp: [
    assumes(1, "developer", "own keys and an MFA code", "allowed"),
    assumes(1, "developer and tester", "signed in with MFA", "allowed"),
    assumes(2, "developer", "own keys", "refused"),
    assumes(3, "developer", "own keys and a wrong MFA code", "refused"),
    assumes(3, "developer", "own keys and another person's MFA device", "refused"),
    assumes(4, "tester", "signed in with MFA", "refused"),
    assumes(5, "colleague", "signed in with MFA", "refused"),
    assumes(6, "outsider", "signed in with MFA", "refused"),
    // An object is put before it is read.
    ...rows(
      7,
      "developer",
      "as the role",
      ["s3:PutObject", "s3:ListBucket", "s3:GetObject", "s3:DeleteObject"],
      "productionapp",
      "allowed",
    ),
    ...rows(
      8,
      "developer",
      "as the role",
      ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
      "another bucket of prod",
      "refused",
    ),
    ...rows(
      8,
      "developer",
      "as the role",
      ["ec2:DescribeInstances", "iam:ListUsers", "iam:CreateUser"],
      "prod",
      "refused",
    ),
    ...rows(
      8,
      "developer",
      "as the role",
      ["ssm:DescribeParameters", "ssm:GetParameter"],
      "another parameter",
      "refused",
    ),
    ...rows(
      8,
      "developer",
      "as the role",
      ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucket"],
      "productionapp",
      "refused",
    ),
    ...rows(
      9,
      "developer",
      "own keys",
      ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
      "productionapp",
      "refused",
    ),
    ...rows(
      10,
      "developer",
      "as the role",
      ["s3:ListBucket", "s3:GetObject"],
      "own bucket in dev",
      "refused",
    ),
    row(10, "developer", "as the role", "s3:CopyObject", "own bucket in dev to productionapp", "refused"),
    ...rows(10, "developer", "own keys", ["s3:ListBucket", "s3:GetObject"], "own bucket in dev", "allowed"),
    row(11, "developer", "as the role, expired", "s3:ListBucket", "productionapp", "refused"),
  ],
  ParameterReader: [
    assumes(1, "parameter reader", "own keys and an MFA code", "allowed"),
    assumes(2, "parameter reader", "own keys", "refused"),
    assumes(2, "developer and tester", "signed in with MFA", "refused"),
    row(3, "parameter reader", "as the role", "ec2:DescribeInstances", "prod", "refused"),
    row(4, "parameter reader", "as the role", "ssm:DescribeParameters", "the parameter", "allowed"),
    row(5, "parameter reader", "as the role", "ssm:GetParameter", "the parameter", "allowed"),
    row(6, "parameter reader", "as the role", "ssm:GetParameter", "another parameter", "refused"),
    row(6, "parameter reader", "as the role", "ssm:PutParameter", "the parameter", "refused"),
    assumes(7, "outsider", "signed in with MFA", "refused"),
  ],
  InstanceOperator: [
    assumes(1, "machine", "own keys", "allowed"),
    assumes(2, "instance operator", "own keys and an MFA code", "allowed"),
    assumes(2, "partner's administrator", "own keys and an MFA code", "allowed"),
    assumes(3, "instance operator", "own keys", "refused"),
    assumes(3, "partner's administrator", "own keys", "refused"),
    assumes(3, "colleague", "signed in with MFA", "refused"),
    assumes(4, "outsider", "signed in with MFA", "refused"),
    ...rows(
      5,
      "machine",
      "as the role",
      ["ec2:DescribeInstanceStatus", "ec2:StopInstances", "ec2:StartInstances", "ec2:RebootInstances"],
      "an operated instance",
      "allowed",
    ),
    ...(["instance operator", "partner's administrator"] as const).map((who) =>
      row(5, who, "as the role", "ec2:RebootInstances", "an operated instance", "allowed"),
    ),
    row(6, "machine", "as the role", "ec2:TerminateInstances", "an operated instance", "refused"),
    row(6, "machine", "as the role", "ec2:RunInstances", "prod", "refused"),
    // Who may tag an instance could tag a way past the restriction.
    row(6, "machine", "as the role", "ec2:CreateTags", "another instance", "refused"),
    ...rows(
      7,
      "machine",
      "as the role",
      ["ec2:StopInstances", "ec2:StartInstances", "ec2:RebootInstances"],
      "another instance",
      "refused",
    ),
  ],
  TopicPublisher: [
    assumes(1, "device", "own keys", "allowed"),
    assumes(2, "developer and tester", "signed in with MFA", "refused"),
    assumes(2, "dev administrator", "signed in with MFA", "refused"),
    row(3, "device", "as the role", "iot:Publish", "the topic", "allowed"),
    row(4, "device", "as the role", "iot:Publish", "another topic", "refused"),
    row(4, "device", "as the role", "iot:Connect", "another client ID", "refused"),
    row(5, "device", "own keys", "iot:Publish", "the topic", "refused"),
    assumes(6, "outsider", "signed in with MFA", "refused"),
  ],
  SharedBucket: [
    row(1, "prod user who is allowed", "own keys", "s3:GetObject", "a bucket whose policy allows", "allowed"),
    row(1, "dev user who is allowed", "own keys", "s3:GetObject", "a bucket whose policy allows", "allowed"),
    row(
      2,
      "prod user who is allowed",
      "own keys",
      "s3:GetObject",
      "a bucket whose policy is silent",
      "allowed",
    ),
    row(
      2,
      "dev user who is allowed",
      "own keys",
      "s3:GetObject",
      "a bucket whose policy is silent",
      "refused",
    ),
    row(
      3,
      "prod user of whom policies are silent",
      "own keys",
      "s3:GetObject",
      "a bucket whose policy allows",
      "allowed",
    ),
    row(
      3,
      "dev user of whom policies are silent",
      "own keys",
      "s3:GetObject",
      "a bucket whose policy allows",
      "refused",
    ),
    row(4, "prod user who is denied", "own keys", "s3:GetObject", "a bucket whose policy allows", "refused"),
    row(
      4,
      "prod user who is denied",
      "own keys",
      "s3:GetObject",
      "a bucket whose policy is silent",
      "refused",
    ),
    row(4, "dev user who is denied", "own keys", "s3:GetObject", "a bucket whose policy allows", "refused"),
    row(
      4,
      "dev user who is denied",
      "own keys",
      "s3:GetObject",
      "a bucket whose policy is silent",
      "refused",
    ),
    row(4, "prod user who is allowed", "own keys", "s3:GetObject", "a bucket whose policy denies", "refused"),
    row(4, "dev user who is allowed", "own keys", "s3:GetObject", "a bucket whose policy denies", "refused"),
    row(5, "bucket sharer", "own keys", "s3:CopyObject", "own bucket in dev to the shared bucket", "allowed"),
    ...rows(
      5,
      "bucket sharer",
      "own keys",
      ["s3:ListBucket", "s3:GetObject"],
      "the shared bucket",
      "allowed",
    ),
    ...rows(6, "colleague", "own keys", ["s3:ListBucket", "s3:GetObject"], "the shared bucket", "refused"),
    ...rows(7, "outsider", "own keys", ["s3:ListBucket", "s3:GetObject"], "the shared bucket", "refused"),
    ...rows(
      8,
      "dev administrator",
      "own keys",
      ["s3:DeleteObject", "s3:GetBucketPolicy"],
      "the shared bucket",
      "refused",
    ),
  ],
  SharedServices: [
    row(1, "service sharer", "own keys", "sns:Publish", "the shared topic", "allowed"),
    // A message is sent before it is received.
    ...rows(2, "service sharer", "own keys", sendAndReceive, "own queue in dev", "allowed"),
    ...rows(2, "service sharer", "own keys", sendAndReceive, "the shared queue", "allowed"),
    row(3, "service sharer", "own keys", "ecr:GetAuthorizationToken", "the shared repository", "allowed"),
    row(3, "service sharer", "own keys", "ecr:BatchGetImage", "the shared repository", "allowed"),
    row(4, "service sharer", "own keys", "execute-api:Invoke", "the shared API", "allowed"),
    row(5, "dev administrator", "own keys", "sns:GetTopicAttributes", "the shared topic", "refused"),
    row(5, "dev administrator", "own keys", "sqs:GetQueueAttributes", "the shared queue", "refused"),
    row(5, "dev administrator", "own keys", "ecr:DescribeImages", "the shared repository", "refused"),
    ...services(6, "colleague", "refused"),
    ...services(7, "outsider", "refused"),
  ],
  GitHubActions: [
    ...assumesByToken(1, "pull request", PREVIEW, "allowed"),
    ...assumesByToken(1, "drift job on main", PREVIEW, "allowed"),
    ...assumesByToken(2, "another repository's pull request", PREVIEW, "refused"),
    ...assumesByToken(2, "job on another branch", PREVIEW, "refused"),
    ...assumesByToken(2, "pull request", PREVIEW, "refused", "own token for another audience"),
    ...assumesByToken(3, "pull request", DEPLOY, "refused"),
    ...assumesByToken(3, "drift job on main", DEPLOY, "refused"),
    ...assumesByToken(4, "job in the stack's environment", DEPLOY, "allowed"),
    ...assumesByToken(5, "job in another environment", DEPLOY, "refused"),
    ...assumesByToken(5, "another repository's job in an environment of that name", DEPLOY, "refused"),
    row(6, "pull request", "as the role", "iam:GetRole", "the preview role", "allowed"),
    row(6, "pull request", "as the role", "s3:GetBucketPolicy", "productionapp", "allowed"),
    ...rows(
      7,
      "pull request",
      "as the role",
      ["s3:GetObject", "s3:PutObject", "s3:PutBucketPolicy"],
      "productionapp",
      "refused",
    ),
    row(7, "pull request", "as the role", "s3:ListBucket", "another bucket of prod", "refused"),
    row(7, "pull request", "as the role", "ssm:GetParameter", "another parameter", "refused"),
    row(7, "pull request", "as the role", "iam:CreateUser", "prod", "refused"),
  ],
};

/** The access contract, in the order in which it is asked. */
export const contract: readonly Row[] = (Object.keys(asked) as Scenario[]).flatMap((scenario) =>
  asked[scenario].map((one) => ({ scenario, ...one })),
);

/** The contract under a stack's settings: what they leave unrestricted is expected to be allowed. */
export function contractUnder(settings: Settings): readonly Row[] {
  const { instanceFullAccess, instanceOperatorAccountIds, operatedInstanceIds, operatedInstanceTag } =
    settings;
  const every = instanceFullAccess || (!operatedInstanceTag && operatedInstanceIds.length === 0);
  const unrestricted = ({ scenario, check }: Row) =>
    scenario === "InstanceOperator" && ((check === 6 && instanceFullAccess) || (check === 7 && every));
  return contract
    .filter(({ scenario }) => settings.scenarios.includes(scenario))
    .filter(({ who }) => who !== "partner's administrator" || instanceOperatorAccountIds.length > 0)
    .filter(({ on }) => on !== "productionapp" || settings.scenarios.includes("UpdateApp"))
    .map((row) => (unrestricted(row) ? { ...row, expected: "allowed" } : row));
}
