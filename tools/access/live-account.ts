import { ECRClient, GetRepositoryPolicyCommand, paginateDescribeRepositories } from "@aws-sdk/client-ecr";
import {
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  type GroupDetail,
  IAMClient,
  ListAccessKeysCommand,
  type ManagedPolicyDetail,
  paginateGetAccountAuthorizationDetails,
  type RoleDetail,
  type UserDetail,
} from "@aws-sdk/client-iam";
import {
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  paginateListBuckets,
  S3Client,
} from "@aws-sdk/client-s3";
import { GetTopicAttributesCommand, paginateListTopics, SNSClient } from "@aws-sdk/client-sns";
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  paginateListQueues,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { CHECK_PATH_NAME } from "../../infra/deployer";
import { areDetailsShown, requestLogger } from "../details";
import type { Caller } from "../verify/caller";

/** Users, groups, roles and customer managed policies of an account, as one call gives them. */
export interface IamDetails {
  UserDetailList: UserDetail[];
  GroupDetailList: GroupDetail[];
  RoleDetailList: RoleDetail[];
  Policies: ManagedPolicyDetail[];
}

/** IAM gives documents percent-encoded. */
export const decoded = (document = "{}"): string =>
  document.trimStart().startsWith("{") ? document : decodeURIComponent(document);

/** What npm run verify makes for its checks is no one's access. */
export const isOfChecks = (path = "/", name = ""): boolean =>
  path.startsWith(`/${CHECK_PATH_NAME}/`) || /^check-[0-9a-f]{8}/.test(name);

/** Reads one account, with operations that a security audit role may call. */
export class LiveAccount {
  readonly #caller: Caller & { logger?: typeof requestLogger };
  readonly #iam: IAMClient;
  readonly #s3: S3Client;
  #details: Promise<IamDetails> | undefined;

  constructor(
    caller: Caller,
    readonly profile: string,
    readonly accountId: string,
  ) {
    this.#caller = areDetailsShown() ? { ...caller, logger: requestLogger } : caller;
    this.#iam = new IAMClient(this.#caller);
    // An account's buckets are in several regions.
    this.#s3 = new S3Client({ ...this.#caller, followRegionRedirects: true });
  }

  details(): Promise<IamDetails> {
    this.#details ??= this.#readDetails();
    return this.#details;
  }

  async #readDetails(): Promise<IamDetails> {
    const all: IamDetails = { UserDetailList: [], GroupDetailList: [], RoleDetailList: [], Policies: [] };
    const pages = paginateGetAccountAuthorizationDetails(
      { client: this.#iam },
      { Filter: ["User", "Group", "Role", "LocalManagedPolicy"] },
    );
    for await (const page of pages)
      for (const list of Object.keys(all) as (keyof IamDetails)[])
        (all[list] as unknown[]).push(...(page[list] ?? []));
    return all;
  }

  /** Seconds: the one thing of a role that the call for all of IAM does not give. */
  async longestSession(RoleName: string): Promise<number> {
    const { Role } = await this.#iam.send(new GetRoleCommand({ RoleName }));
    return Role?.MaxSessionDuration ?? 3600;
  }

  async accessKeys(UserName: string): Promise<{ id: string; status: string }[]> {
    const { AccessKeyMetadata = [] } = await this.#iam.send(new ListAccessKeysCommand({ UserName }));
    return AccessKeyMetadata.map(({ AccessKeyId = "", Status = "" }) => ({
      id: AccessKeyId,
      status: Status,
    }));
  }

  async audiences(OpenIDConnectProviderArn: string): Promise<string[]> {
    const provider = await this.#iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
    return provider.ClientIDList ?? [];
  }

  async bucketPolicy(Bucket: string): Promise<string | undefined> {
    const answer = this.#s3.send(new GetBucketPolicyCommand({ Bucket }));
    return (await unlessNone(answer, "NoSuchBucketPolicy"))?.Policy;
  }

  async publicAccessBlock(Bucket: string): Promise<Record<string, boolean> | undefined> {
    const answer = this.#s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    const block = (await unlessNone(answer, "NoSuchPublicAccessBlockConfiguration"))
      ?.PublicAccessBlockConfiguration;
    return (
      block && {
        blockPublicAcls: block.BlockPublicAcls ?? false,
        blockPublicPolicy: block.BlockPublicPolicy ?? false,
        ignorePublicAcls: block.IgnorePublicAcls ?? false,
        restrictPublicBuckets: block.RestrictPublicBuckets ?? false,
      }
    );
  }

  async objectOwnership(Bucket: string): Promise<string | undefined> {
    const answer = this.#s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    const controls = await unlessNone(answer, "OwnershipControlsNotFoundError");
    return controls?.OwnershipControls?.Rules?.[0]?.ObjectOwnership;
  }

  async topicPolicy(TopicArn: string): Promise<string | undefined> {
    const { Attributes } = await new SNSClient(this.#caller).send(
      new GetTopicAttributesCommand({ TopicArn }),
    );
    return Attributes?.Policy;
  }

  async queuePolicy(QueueName: string): Promise<string | undefined> {
    const sqs = new SQSClient(this.#caller);
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] }),
    );
    return Attributes?.Policy;
  }

  async repositoryPolicy(repositoryName: string): Promise<string | undefined> {
    const answer = new ECRClient(this.#caller).send(new GetRepositoryPolicyCommand({ repositoryName }));
    return (await unlessNone(answer, "RepositoryPolicyNotFoundException"))?.policyText;
  }

  async bucketNames(): Promise<string[]> {
    // Without a size, one answer has them all up to 10,000; more come in pages only.
    const pages = paginateListBuckets({ client: this.#s3, pageSize: 10_000 }, {});
    return namesIn(pages, ({ Buckets = [] }) => Buckets.map(({ Name = "" }) => Name));
  }

  async topicArns(): Promise<string[]> {
    const pages = paginateListTopics({ client: new SNSClient(this.#caller) }, {});
    return namesIn(pages, ({ Topics = [] }) => Topics.map(({ TopicArn = "" }) => TopicArn));
  }

  async queueNames(): Promise<string[]> {
    // Without a size, SQS gives a thousand and does not say that there are more.
    const pages = paginateListQueues({ client: new SQSClient(this.#caller), pageSize: 1000 }, {});
    return namesIn(pages, ({ QueueUrls = [] }) => QueueUrls.map((url) => url.split("/").at(-1)!));
  }

  async repositoryNames(): Promise<string[]> {
    const pages = paginateDescribeRepositories({ client: new ECRClient(this.#caller) }, {});
    return namesIn(pages, ({ repositories = [] }) =>
      repositories.map(({ repositoryName = "" }) => repositoryName),
    );
  }
}

async function namesIn<Page>(
  pages: AsyncIterable<Page>,
  namesOf: (page: Page) => string[],
): Promise<string[]> {
  const names: string[] = [];
  for await (const page of pages) names.push(...namesOf(page));
  return names;
}

async function unlessNone<Answer>(answer: Promise<Answer>, none: string): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if ((error as Error).name === none) return undefined;
    throw error;
  }
}
