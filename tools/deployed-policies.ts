import { ECRClient, GetRepositoryPolicyCommand } from "@aws-sdk/client-ecr";
import {
  GetGroupPolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAttachedGroupPoliciesCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsForUserCommand,
  ListRolePoliciesCommand,
  ListUserPoliciesCommand,
} from "@aws-sdk/client-iam";
import { GetBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import { GetTopicAttributesCommand, SNSClient } from "@aws-sdk/client-sns";
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Statement } from "../infra/access/policy";
import type { Caller } from "./verify/caller";

/** A policy as an account holds it, and whose it is: `group Developers`, `role UpdateApp`. */
export interface DeployedPolicy {
  of: string;
  name: string;
  statements: Statement[];
}

export interface DeployedRole {
  arn: string;
  description: string;
  /** Seconds. */
  maxSessionDuration: number;
  trust: Statement[];
  policies: DeployedPolicy[];
  boundary?: DeployedPolicy;
}

export interface DeployedUser {
  arn: string;
  groups: string[];
  /** The user's own, and those of their groups. */
  policies: DeployedPolicy[];
  boundary?: DeployedPolicy;
}

/** Something of an account that could not be read. */
export interface Unreadable {
  reason: string;
  /** True: the account says that there is no such thing. False: it may be there, and is not shown. */
  missing: boolean;
}

export const isUnreadable = (value: unknown): value is Unreadable =>
  typeof value === "object" && value !== null && "missing" in value && "reason" in value;

/**
 * What an account holds, or why it could not be read.
 * @param name such as `user jane`
 * @param account the account, and the profile that reads it
 */
export async function readOrReason<Value>(
  value: Promise<Value>,
  name: string,
  account: { profile: string; accountId: string },
): Promise<Value | Unreadable> {
  const { profile, accountId } = account;
  try {
    return await value;
  } catch (error) {
    const { name: code, message } = error as Error;
    if (/NoSuch|NotFound|DoesNotExist|NonExistent/.test(code))
      return { reason: `account ${accountId} has no ${name}`, missing: true };
    const isRefused = /AccessDenied|NotAuthorized|AuthorizationError|Forbidden/.test(code);
    const [, action = "read it"] = /not authorized to perform: ([\w-]+:\w+)/i.exec(message) ?? [];
    return {
      reason: isRefused
        ? `${name} of account ${accountId}: profile ${profile} may not ${action}. AWS's managed policy SecurityAudit lets it`
        : `${name} of account ${accountId}, by profile ${profile} (${code}: ${message})`,
      missing: false,
    };
  }
}

/** The policies that an account holds, read with operations that a security audit role may call. */
export class DeployedPolicies {
  private readonly iam: IAMClient;

  constructor(private readonly caller: Caller) {
    this.iam = new IAMClient(caller);
  }

  /** @throws {NoSuchEntityException} where there is no such role. */
  async role(RoleName: string): Promise<DeployedRole> {
    const { iam } = this;
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    const [{ PolicyNames = [] }, { AttachedPolicies = [] }] = await Promise.all([
      iam.send(new ListRolePoliciesCommand({ RoleName })),
      iam.send(new ListAttachedRolePoliciesCommand({ RoleName })),
    ]);
    const of = `role ${RoleName}`;
    const boundary = Role!.PermissionsBoundary?.PermissionsBoundaryArn;
    return {
      arn: Role!.Arn!,
      description: Role!.Description ?? "",
      maxSessionDuration: Role!.MaxSessionDuration ?? 3600,
      trust: statementsOf(Role!.AssumeRolePolicyDocument),
      policies: await Promise.all([
        ...PolicyNames.map(async (PolicyName) => {
          const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
          return { of, name: PolicyName, statements: statementsOf(PolicyDocument) };
        }),
        ...AttachedPolicies.map(({ PolicyArn }) => this.managed(of, PolicyArn!)),
      ]),
      ...(boundary && { boundary: await this.managed(`boundary of ${of}`, boundary) }),
    };
  }

  async group(GroupName: string): Promise<DeployedPolicy[]> {
    const { iam } = this;
    const [{ PolicyNames = [] }, { AttachedPolicies = [] }] = await Promise.all([
      iam.send(new ListGroupPoliciesCommand({ GroupName })),
      iam.send(new ListAttachedGroupPoliciesCommand({ GroupName })),
    ]);
    const of = `group ${GroupName}`;
    return Promise.all([
      ...PolicyNames.map(async (PolicyName) => {
        const { PolicyDocument } = await iam.send(new GetGroupPolicyCommand({ GroupName, PolicyName }));
        return { of, name: PolicyName, statements: statementsOf(PolicyDocument) };
      }),
      ...AttachedPolicies.map(({ PolicyArn }) => this.managed(of, PolicyArn!)),
    ]);
  }

  /** A user's own policies and those of their groups. @throws {NoSuchEntityException} where there is no such user. */
  async user(UserName: string): Promise<DeployedUser> {
    const { iam } = this;
    const { User } = await iam.send(new GetUserCommand({ UserName }));
    const [{ PolicyNames = [] }, { AttachedPolicies = [] }, { Groups = [] }] = await Promise.all([
      iam.send(new ListUserPoliciesCommand({ UserName })),
      iam.send(new ListAttachedUserPoliciesCommand({ UserName })),
      iam.send(new ListGroupsForUserCommand({ UserName })),
    ]);
    const of = `user ${UserName}`;
    const groups = Groups.map(({ GroupName }) => GroupName!);
    const boundary = User!.PermissionsBoundary?.PermissionsBoundaryArn;
    const own = await Promise.all([
      ...PolicyNames.map(async (PolicyName) => {
        const { PolicyDocument } = await iam.send(new GetUserPolicyCommand({ UserName, PolicyName }));
        return { of, name: PolicyName, statements: statementsOf(PolicyDocument) };
      }),
      ...AttachedPolicies.map(({ PolicyArn }) => this.managed(of, PolicyArn!)),
    ]);
    const inherited = await Promise.all(groups.map((group) => this.group(group)));
    return {
      arn: User!.Arn!,
      groups,
      policies: [...own, ...inherited.flat()],
      ...(boundary && { boundary: await this.managed(`boundary of ${of}`, boundary) }),
    };
  }

  /** The statements of a bucket's policy; none where it has none. */
  async bucket(Bucket: string): Promise<Statement[]> {
    try {
      return statementsOf(
        (await new S3Client(this.caller).send(new GetBucketPolicyCommand({ Bucket }))).Policy,
      );
    } catch (error) {
      if ((error as Error).name === "NoSuchBucketPolicy") return [];
      throw error;
    }
  }

  /** The statements of a topic's policy. */
  async topic(TopicArn: string): Promise<Statement[]> {
    const { Attributes } = await new SNSClient(this.caller).send(new GetTopicAttributesCommand({ TopicArn }));
    return statementsOf(Attributes?.Policy);
  }

  /** The statements of a queue's policy; none where it has none. */
  async queue(QueueName: string): Promise<Statement[]> {
    const sqs = new SQSClient(this.caller);
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] }),
    );
    return statementsOf(Attributes?.Policy);
  }

  /** The statements of a repository's policy; none where it has none. */
  async repository(repositoryName: string): Promise<Statement[]> {
    try {
      return statementsOf(
        (await new ECRClient(this.caller).send(new GetRepositoryPolicyCommand({ repositoryName })))
          .policyText,
      );
    } catch (error) {
      if ((error as Error).name === "RepositoryPolicyNotFoundException") return [];
      throw error;
    }
  }

  private async managed(of: string, PolicyArn: string): Promise<DeployedPolicy> {
    const { Policy } = await this.iam.send(new GetPolicyCommand({ PolicyArn }));
    const VersionId = Policy!.DefaultVersionId!;
    const { PolicyVersion } = await this.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
    return { of, name: PolicyArn, statements: statementsOf(PolicyVersion!.Document) };
  }
}

/** The statements of a document, which IAM gives percent-encoded and S3 as it is. */
function statementsOf(document = '{"Statement":[]}'): Statement[] {
  const text = document.trimStart().startsWith("{") ? document : decodeURIComponent(document);
  return [JSON.parse(text).Statement].flat();
}
