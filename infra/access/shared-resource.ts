import * as apigateway from "@pulumi/aws/apigateway";
import * as ecr from "@pulumi/aws/ecr";
import * as sns from "@pulumi/aws/sns";
import * as sqs from "@pulumi/aws/sqs";
import * as pulumi from "@pulumi/pulumi";
import { type AccountLocation, arn, bucketArn, dnsSuffix } from "./arn";
import { policyDocument, type Statement, tlsOnly } from "./policy";
import { PrivateBucket, type PrivateBucketArgs } from "./private-bucket";

interface Use {
  Sid: string;
  Action: string[];
  Resource: string | string[];
}
type Share = Statement & Use;
type ResourceOptions = pulumi.CustomResourceOptions & { provider: pulumi.ProviderResource };

/**
 * A resource that other accounts may be let into by its own policy. What may be done with one of each service stands
 * here and nowhere else.
 */
export interface SharedResource {
  /** What both sides allow. */
  use: Use;
  /** What only the trusted side can allow, because it belongs to no resource. */
  trustedSideOnly?: Use;
  /** Where it is reached, if that is known before it exists. */
  address?: string;
  /** Creates it with a policy that makes the statement `share`. Gives the address, if that is known only then. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most have nothing to give
  create(name: string, share: Share, opts: ResourceOptions): pulumi.Output<string> | void;
}

/** A bucket: list it, read and write its objects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html */
export function bucket(
  owner: AccountLocation,
  args: Omit<PrivateBucketArgs, "account" | "statements">,
): SharedResource {
  const bucketOf = bucketArn(owner, args.bucketName);
  return {
    use: {
      Sid: "Share",
      Action: ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
      Resource: [bucketOf, `${bucketOf}/*`],
    },
    address: args.bucketName,
    create: (name, share, opts) => {
      // The bucket of a stack that was deployed before this component existed is the same bucket.
      const aliases = [{ parent: pulumi.rootStackResource }];
      new PrivateBucket(name, { ...args, account: owner, statements: [share] }, { ...opts, aliases });
    },
  };
}

/** A topic of SNS: publish to it. https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html */
export function topic(owner: AccountLocation, topicName: string): SharedResource {
  const Resource = arn(owner, "sns", topicName);
  return {
    use: { Sid: "Publish", Action: ["sns:Publish"], Resource },
    address: Resource,
    create: (name, share, opts) => {
      const { arn } = new sns.Topic(name, { name: topicName }, opts);
      // SNS takes no wildcard for an action.
      const policy = policyDocument([tlsOnly(share.Action, Resource), share]);
      new sns.TopicPolicy(`${name}-policy`, { arn, policy }, opts);
    },
  };
}

/** A queue of SQS: send, receive and delete messages. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-basic-examples-of-sqs-policies.html */
export function queue(owner: AccountLocation, queueName: string): SharedResource {
  const Resource = arn(owner, "sqs", queueName);
  return {
    use: {
      Sid: "UseQueue",
      Action: ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
      Resource,
    },
    address: `https://sqs.${owner.region}.${dnsSuffix(owner)}/${owner.accountId}/${queueName}`,
    create: (name, share, opts) => {
      const { url } = new sqs.Queue(name, { name: queueName, sqsManagedSseEnabled: true }, opts);
      const policy = policyDocument([tlsOnly("sqs:*", Resource), share]);
      new sqs.QueuePolicy(`${name}-policy`, { queueUrl: url, policy }, opts);
    },
  };
}

/**
 * A repository of container images (ECR): pull from it. Tags cannot be overwritten, images are scanned on push.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
 * @param protect true: `pulumi destroy` refuses it; false: it is destroyed with its images.
 */
export function repository(owner: AccountLocation, repositoryName: string, protect: boolean): SharedResource {
  return {
    use: {
      Sid: "Pull",
      Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      Resource: arn(owner, "ecr", `repository/${repositoryName}`),
    },
    trustedSideOnly: { Sid: "SignInToEcr", Action: ["ecr:GetAuthorizationToken"], Resource: "*" },
    address: `${owner.accountId}.dkr.ecr.${owner.region}.${dnsSuffix(owner)}/${repositoryName}`,
    create: (name, { Resource: _, ...share }, opts) => {
      const { name: repository } = new ecr.Repository(
        name,
        {
          name: repositoryName,
          imageTagMutability: "IMMUTABLE",
          imageScanningConfiguration: { scanOnPush: true },
          forceDelete: !protect,
        },
        { ...opts, protect },
      );
      // A repository's policy names no resource: it is about its own.
      const policy = policyDocument([share]);
      new ecr.RepositoryPolicy(`${name}-policy`, { repository, policy }, opts);
    },
  };
}

/**
 * A REST API of API Gateway with IAM authorization: call one of its methods. Its ID is known only after its creation,
 * so both policies say which method of which stage; which API is said by the one that carries the policy.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
 * @param openApi the API as OpenAPI text, each method with a security scheme of type `awsSigv4`.
 * @param method a method of it, such as `GET /greeting`.
 */
export function restApi(
  owner: AccountLocation,
  { apiName, stageName, method, openApi }: Record<"apiName" | "stageName" | "method" | "openApi", string>,
): SharedResource {
  const [verb, path] = method.split(" ") as [string, string];
  return {
    use: {
      Sid: "Call",
      Action: ["execute-api:Invoke"],
      Resource: arn(owner, "execute-api", `*/${stageName}/${verb}${path}`),
    },
    create: (name, share, opts) => {
      const policy = policyDocument([share]);
      const endpointConfiguration = { types: "REGIONAL" };
      const api = new apigateway.RestApi(
        name,
        { name: apiName, body: openApi, policy, endpointConfiguration },
        opts,
      );
      // Neither the methods nor the policy count before they are deployed.
      const deployment = new apigateway.Deployment(
        `${name}-deployment`,
        { restApi: api.id, triggers: { openApi, policy } },
        opts,
      );
      new apigateway.Stage(`${name}-stage`, { restApi: api.id, deployment: deployment.id, stageName }, opts);
      return api.id.apply(
        (id) => `https://${id}.execute-api.${owner.region}.${dnsSuffix(owner)}/${stageName}${path}`,
      );
    },
  };
}
