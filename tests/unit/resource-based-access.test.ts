import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type AccountLocation, partitionOf } from "../../infra/access/arn";
import type { Statement } from "../../infra/access/policy";
import { ResourceBasedAccess } from "../../infra/access/resource-based-access";
import {
  bucket,
  queue,
  repository,
  restApi,
  type SharedResource,
  topic,
} from "../../infra/access/shared-resource";

const place = (accountId: string, region = "ap-northeast-1"): AccountLocation => ({
  accountId,
  region,
  partition: partitionOf(region),
});
const api = { apiName: "shared", stageName: "v1", method: "GET /greeting", openApi: "{}" };

interface Case {
  of: (owner: AccountLocation) => SharedResource;
  policy: [type: string, name: string];
  /** Undefined: the service's own policies name none. */
  resource: string | string[] | undefined;
  actions: string[];
}
/** What each service's resource and grant must allow; a mock gives no ARN, so none of it can come from an output. */
const cases: Record<string, Case> = {
  S3: {
    of: (owner) => bucket(owner, { bucketName: "shared", protect: true }),
    policy: ["aws:s3/bucketPolicy:BucketPolicy", "it-policy"],
    resource: ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"],
    actions: ["s3:ListBucket", "s3:GetObject", "s3:PutObject"],
  },
  SNS: {
    of: (owner) => topic(owner, "shared"),
    policy: ["aws:sns/topicPolicy:TopicPolicy", "it-policy"],
    resource: "arn:aws:sns:ap-northeast-1:000000000002:shared",
    actions: ["sns:Publish"],
  },
  SQS: {
    of: (owner) => queue(owner, "shared"),
    policy: ["aws:sqs/queuePolicy:QueuePolicy", "it-policy"],
    resource: "arn:aws:sqs:ap-northeast-1:000000000002:shared",
    actions: ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
  },
  ECR: {
    of: (owner) => repository(owner, "shared", true),
    policy: ["aws:ecr/repositoryPolicy:RepositoryPolicy", "it-policy"],
    resource: undefined,
    actions: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
  },
  "API Gateway": {
    of: (owner) => restApi(owner, api),
    policy: ["aws:apigateway/restApi:RestApi", "it"],
    resource: "arn:aws:execute-api:ap-northeast-1:000000000002:*/v1/GET/greeting",
    actions: ["execute-api:Invoke"],
  },
};

interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** What the component registers, on the sides that are managed, and where it says the resource is reached. */
async function registered(of: Case["of"], sides = ["trusting", "trusted"], region = "ap-northeast-1") {
  const all: Registered[] = [];
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      all.push({ type, name, inputs });
      return { id: `${name}-id`, state: { ...inputs } };
    },
    call: ({ token }) => {
      throw new Error(`The component asked for ${token}, which no test expects.`);
    },
  });
  const side = (name: string, accountId: string) => ({
    ...place(accountId, region),
    provider: sides.includes(name) ? new aws.Provider(name, { region: region as aws.Region }) : undefined,
  });
  const trusting = side("trusting", "000000000002");
  const trusted = side("trusted", "000000000001");
  const { provider } = trusted;
  const group = provider && new aws.iam.Group("Sharers", { name: "Sharers" }, { provider });
  const access = new ResourceBasedAccess("Sharers-may-use-it", {
    accounts: { trusting, trusted },
    grantee: group && { group },
    resources: { it: of(trusting) },
  });
  const address = await new Promise((resolve) => pulumi.output(access.addresses.it).apply(resolve));
  await pulumi.runtime.disconnect();
  const statements = (type: string, name: string): Statement[] => {
    const found = all.find((one) => one.type === type && one.name === name);
    return found ? JSON.parse(String(found.inputs.policy)).Statement : [];
  };
  return { all, address, statements };
}
const GRANT = ["aws:iam/groupPolicy:GroupPolicy", "Sharers-may-use-it"] as const;

describe("access by resource-based policy", () => {
  for (const [service, { of, policy, resource, actions }] of Object.entries(cases))
    it(`of ${service} lets the trusted account in, and grants the same to the group, known before it exists`, async () => {
      const { statements } = await registered(of);
      const [share, ...more] = statements(...policy).filter(({ Effect }) => Effect === "Allow");
      assert.deepEqual(more, []);
      assert.deepEqual(share!.Principal, { AWS: "arn:aws:iam::000000000001:root" });
      assert.deepEqual(share!.Action, actions);
      assert.deepEqual(share!.Resource, resource);
      const [right, ...trustedSideOnly] = statements(...GRANT);
      assert.deepEqual(right!.Action, actions);
      assert.deepEqual(
        right!.Resource,
        resource ?? "arn:aws:ecr:ap-northeast-1:000000000002:repository/shared",
      );
      // Signing in to ECR is about no repository.
      const signIn = service === "ECR" ? [["ecr:GetAuthorizationToken"]] : [];
      assert.deepEqual(
        trustedSideOnly.map(({ Action }) => Action),
        signIn,
      );
    });

  for (const [service, { of }] of Object.entries(cases))
    it(`of ${service} leaves a side alone that the stack does not manage`, async () => {
      const types = async (side: string) =>
        (await registered(of, [side])).all.map(({ type }) => type).filter((type) => type.startsWith("aws:"));
      assert.deepEqual((await types("trusted")).sort(), ["aws:iam/group:Group", GRANT[0]]);
      assert.deepEqual(
        (await types("trusting")).filter((type) => type.startsWith("aws:iam/")),
        [],
      );
    });

  it("refuses plain HTTP wherever a service would take it", async () => {
    for (const service of ["S3", "SNS", "SQS"]) {
      const { of, policy } = cases[service]!;
      const [refusal] = (await registered(of))
        .statements(...policy)
        .filter(({ Effect }) => Effect === "Deny");
      assert.deepEqual(refusal!.Condition, { Bool: { "aws:SecureTransport": "false" } }, service);
    }
  });

  it("deploys an API anew whenever its methods or its policy change", async () => {
    const triggers = async (change: Partial<typeof api>) => {
      const { all } = await registered((owner) => restApi(owner, { ...api, ...change }));
      const found = all.find(({ type }) => type === "aws:apigateway/deployment:Deployment");
      return JSON.stringify(found!.inputs.triggers);
    };
    const three = [
      await triggers({}),
      await triggers({ openApi: "{ }" }),
      await triggers({ stageName: "v2" }),
    ];
    assert.equal(new Set(three).size, 3);
  });

  it("says where each is reached, in every partition", async () => {
    const address = async (service: string, region?: string) =>
      (await registered(cases[service]!.of, ["trusting"], region)).address;
    assert.equal(await address("SNS", "cn-north-1"), "arn:aws-cn:sns:cn-north-1:000000000002:shared");
    assert.equal(await address("SQS"), "https://sqs.ap-northeast-1.amazonaws.com/000000000002/shared");
    assert.equal(
      await address("ECR", "cn-north-1"),
      "000000000002.dkr.ecr.cn-north-1.amazonaws.com.cn/shared",
    );
    assert.equal(
      await address("API Gateway"),
      "https://it-id.execute-api.ap-northeast-1.amazonaws.com/v1/greeting",
    );
  });

  it("never empties a repository that is protected", async () => {
    for (const protect of [true, false]) {
      const { all } = await registered((owner) => repository(owner, "shared", protect));
      const found = all.find(({ type }) => type === "aws:ecr/repository:Repository");
      assert.equal(found!.inputs.forceDelete, !protect);
    }
  });
});
