import { roleArn } from "../../access/arn";
import { githubSubjects } from "../../access/github-oidc";
import { devAdministrator, outsider } from "../../contract/personas";
import { rows } from "../../contract/rows";
import { anotherBucket, anotherParameter, dev, ownBucketInDev, prod } from "../../contract/targets";
import type {
  Action,
  Answer,
  Contract,
  ContractRow,
  JobPersona,
  SessionKind,
  Target,
} from "../../contract/types";
import type { ScenarioContext } from "../../scenario";
import { DEPLOY_ROLE_NAME, PREVIEW_ROLE_NAME } from "./names";
import type { GitHubActionsSettings } from "./settings";

const job = (name: string, subject: string): JobPersona => ({ kind: "job", name, subject });

/** Which jobs are expected to preview and deploy, and which are not. */
export function contract({
  settings,
  locations: { trusting, trusted },
  program,
}: ScenarioContext<GitHubActionsSettings>): Contract {
  const { githubRepository: repository = "", stack } = settings;
  const subjects = githubSubjects(repository);
  const others = githubSubjects(`${repository}-other`);
  const pullRequest = job("pull request", subjects.pullRequest);
  const driftJob = job("drift job on main", subjects.branch("main"));
  const otherBranch = job("job on another branch", subjects.branch("other"));
  const environment = job("job in the stack's environment", subjects.environment(stack));
  const otherEnvironment = job("job in another environment", subjects.environment(`${stack}-other`));
  const otherPullRequest = job("another repository's pull request", others.pullRequest);
  const sameEnvironment = job(
    "another repository's job in an environment of that name",
    others.environment(stack),
  );

  const previewRole: Target = { name: "the preview role", role: roleArn(trusting, PREVIEW_ROLE_NAME) };
  const previewRoles: Target[] = [
    previewRole,
    { name: "the preview role of dev", side: "trusted", role: roleArn(trusted, PREVIEW_ROLE_NAME) },
  ];
  const deployRoles: Target[] = [
    { name: "the deploy role", role: roleArn(trusting, DEPLOY_ROLE_NAME) },
    { name: "the deploy role of dev", side: "trusted", role: roleArn(trusted, DEPLOY_ROLE_NAME) },
  ];
  const assumes = (
    check: number,
    who: JobPersona,
    roles: readonly Target[],
    expected: Answer,
    session: SessionKind = "own token",
  ): ContractRow[] =>
    roles.flatMap((role) => rows(check, who, session, "sts:AssumeRoleWithWebIdentity", role, expected));
  /** Rows asked in the session of one of the roles. */
  const as = (
    check: number,
    who: JobPersona,
    role: Target,
    actions: readonly Action[],
    on: Target,
  ): ContractRow[] =>
    rows(check, who, "as the role", actions, on, "refused").map((row) => ({ ...row, as: role }));
  return {
    checks: [
      "A pull request, and the drift job, assume the preview role in both accounts",
      "Another repository's pull request, another branch, a token for another audience",
      "A pull request, and main outside the environment, assume the deploy role",
      "A job in the stack's environment assumes the deploy role in both accounts",
      "A job in another environment, or in another repository's of that name",
      "As the preview role: how prod's role and bucket are set up",
      "As the preview role: objects, other parameters, and anything written",
      "Administrators of dev and of a third account assume the pipeline's roles",
      "As the preview role of dev, and as the deploy roles: what no deployment needs",
      ...(program.otherRoles.length > 0 ? ["A pull request assumes any other role of the program"] : []),
    ],
    rows: [
      ...assumes(1, pullRequest, previewRoles, "allowed"),
      ...assumes(1, driftJob, previewRoles, "allowed"),
      ...assumes(2, otherPullRequest, previewRoles, "refused"),
      ...assumes(2, otherBranch, previewRoles, "refused"),
      ...assumes(2, pullRequest, previewRoles, "refused", "own token for another audience"),
      ...assumes(3, pullRequest, deployRoles, "refused"),
      ...assumes(3, driftJob, deployRoles, "refused"),
      ...assumes(4, environment, deployRoles, "allowed"),
      ...assumes(5, otherEnvironment, deployRoles, "refused"),
      ...assumes(5, sameEnvironment, deployRoles, "refused"),
      ...rows(6, pullRequest, "as the role", "iam:GetRole", previewRole, "allowed"),
      ...program.otherBuckets.flatMap((bucket) => [
        ...rows(6, pullRequest, "as the role", "s3:GetBucketPolicy", bucket, "allowed"),
        ...rows(
          7,
          pullRequest,
          "as the role",
          ["s3:GetObject", "s3:PutObject", "s3:PutBucketPolicy"],
          bucket,
          "refused",
        ),
      ]),
      ...rows(7, pullRequest, "as the role", "s3:ListBucket", anotherBucket, "refused"),
      ...rows(7, pullRequest, "as the role", "ssm:GetParameter", anotherParameter, "refused"),
      ...rows(7, pullRequest, "as the role", "iam:CreateUser", prod, "refused"),
      ...[devAdministrator, outsider].flatMap((who) =>
        [...previewRoles, ...deployRoles].flatMap((role) =>
          rows(8, who, "signed in with MFA", "sts:AssumeRole", role, "refused"),
        ),
      ),
      ...as(9, pullRequest, previewRoles[1]!, ["iam:CreateUser", "ec2:RunInstances"], dev),
      ...as(9, pullRequest, previewRoles[1]!, ["s3:GetObject"], ownBucketInDev),
      ...as(9, environment, deployRoles[0]!, ["ec2:RunInstances"], prod),
      ...as(9, environment, deployRoles[1]!, ["ec2:DescribeInstances", "ec2:RunInstances"], dev),
      ...assumes(10, pullRequest, program.otherRoles, "refused"),
    ],
  };
}
