import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  CreateRepositoryCommand,
  ECRClient,
  GetRepositoryPolicyCommand,
  SetRepositoryPolicyCommand,
} from "@aws-sdk/client-ecr";
import {
  AddClientIDToOpenIDConnectProviderCommand,
  AttachGroupPolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  DeleteGroupPolicyCommand,
  IAMClient,
  PutGroupPolicyCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateTopicCommand,
  GetTopicAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { fromIni } from "@aws-sdk/credential-providers";
import { compareLive, type LiveComparison, liveLines } from "../../tools/access/live";
import { LiveAccount } from "../../tools/access/live-account";
import type { StateResource } from "../../tools/access/state";
import { stopSandbox } from "../accounts";
import { confined, type Rehearsal } from "../rehearsal";
import { rehearseCopy } from "./project";
import { DEPLOYMENT_TIMEOUT } from "./shell";

const UPDATE_APP = "arn:aws:iam::000000000002:role/UpdateApp";
const OTHER_ACCOUNT = { AWS: "arn:aws:iam::000000000003:root" };
const documentOf = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const mayAssume = documentOf({ Effect: "Allow", Action: "sts:AssumeRole", Resource: UPDATE_APP });

describe("accounts that someone changed by hand", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "access-drift-"));
  let rehearsal: Rehearsal;
  let state: StateResource[];

  const client = (profile: string) => {
    const { awsConfigFile: file, url } = rehearsal.sandbox;
    const credentials = fromIni({ profile, configFilepath: file, filepath: file, ignoreCache: true });
    return { region: "ap-northeast-1", endpoint: url, credentials };
  };
  const pulumi = async (...args: string[]) =>
    (
      await promisify(execFile)(rehearsal.tools.pulumi, [...args, "--stack", "dev"], {
        cwd: rehearsal.project,
        env: confined(rehearsal.environment),
        maxBuffer: 1 << 26,
      })
    ).stdout;
  const compare = (): Promise<LiveComparison> => {
    const { settings } = rehearsal;
    const { trustingAccountId, trustedAccountId } = settings;
    return compareLive(settings, state, [
      new LiveAccount(client("prod"), "prod", trustingAccountId),
      new LiveAccount(client("dev"), "dev", trustedAccountId),
    ]);
  };

  before(async () => {
    rehearsal = await rehearseCopy(directory);
    await pulumi("up", "--yes", "--skip-preview", "--non-interactive");
    state = JSON.parse(await pulumi("stack", "export")).deployment.resources;
  });
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(directory, { recursive: true, force: true });
  });

  it("hold what the program deployed, as long as no one did", async () => {
    const comparison = await compare();
    assert.deepEqual(comparison.drift, [], liveLines(comparison, "dev").join("\n"));
    assert.deepEqual(comparison.refused, []);
    assert.deepEqual(comparison.outside?.sentences, []);
    assert.equal(comparison.isAsCommitted, true);
  });

  it("name each change, who can use it, and the command that puts it back", async () => {
    const [iam, people] = [new IAMClient(client("prod")), new IAMClient(client("dev"))];
    const [s3, sns, sqs, ecr] = [
      new S3Client(client("prod")),
      new SNSClient(client("prod")),
      new SQSClient(client("prod")),
      new ECRClient(client("prod")),
    ];
    const TopicArn = "arn:aws:sns:ap-northeast-1:000000000002:shared";
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "shared" }));
    const { policyText } = await ecr.send(new GetRepositoryPolicyCommand({ repositoryName: "shared" }));
    const opened = (text: string) => text.replaceAll("000000000001:root", "000000000003:root");
    const changes: [send: () => Promise<unknown>, words: RegExp, restore: RegExp][] = [
      [
        () =>
          iam.send(
            new UpdateAssumeRolePolicyCommand({
              RoleName: "UpdateApp",
              PolicyDocument: documentOf({
                Effect: "Allow",
                Principal: OTHER_ACCOUNT,
                Action: "sts:AssumeRole",
              }),
            }),
          ),
        /newly trusted: role UpdateApp .* newly trusts account 000000000003/,
        /pulumi up --refresh --stack dev/,
      ],
      [
        () =>
          iam.send(
            new PutRolePolicyCommand({
              RoleName: "UpdateApp",
              PolicyName: "extra",
              PolicyDocument: documentOf({ Effect: "Allow", Action: "iam:*", Resource: "*" }),
            }),
          ),
        /newly allowed: role UpdateApp .* newly may use iam:\* on every resource/,
        /aws iam delete-role-policy --role-name UpdateApp --policy-name extra --profile prod/,
      ],
      [
        () => iam.send(new UpdateRoleCommand({ RoleName: "ParameterReader", MaxSessionDuration: 43200 })),
        /newly allowed: role ParameterReader .* sessions of 43200 seconds instead of 3600/,
        /pulumi up --refresh/,
      ],
      [
        () =>
          people.send(
            new AttachGroupPolicyCommand({
              GroupName: "Testers",
              PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
            }),
          ),
        /newly allowed: group Testers .* newly has the attached policy .*AdministratorAccess/,
        /aws iam detach-group-policy --group-name Testers --policy-arn arn:aws:iam::aws:policy\/AdministratorAccess --profile dev/,
      ],
      [
        () =>
          people.send(
            new PutGroupPolicyCommand({
              GroupName: "Testers",
              PolicyName: "by-hand",
              PolicyDocument: mayAssume,
            }),
          ),
        /newly allowed: group Testers .* newly may use sts:AssumeRole/,
        /aws iam delete-group-policy --group-name Testers --policy-name by-hand --profile dev/,
      ],
      [
        () =>
          people.send(
            new DeleteGroupPolicyCommand({
              GroupName: "Developers",
              PolicyName: "Developers-may-assume-UpdateApp",
            }),
          ),
        /no longer allowed: group Developers .* may no longer use sts:AssumeRole/,
        /pulumi up --refresh/,
      ],
      [
        () => people.send(new CreateAccessKeyCommand({ UserName: "topic-publisher" })),
        /newly allowed: user topic-publisher .* newly has the access key/,
        /aws iam delete-access-key --user-name topic-publisher --access-key-id \w+ --profile dev/,
      ],
      [
        () =>
          iam.send(
            new AddClientIDToOpenIDConnectProviderCommand({
              OpenIDConnectProviderArn:
                "arn:aws:iam::000000000002:oidc-provider/token.actions.githubusercontent.com",
              ClientID: "other",
            }),
          ),
        /newly trusted: OIDC provider .* newly accepts the audience other/,
        /pulumi up --refresh/,
      ],
      [
        () => s3.send(new DeleteBucketPolicyCommand({ Bucket: "productionapp" })),
        /no longer refused: bucket productionapp .* no longer refuses anyone s3:\*/,
        /pulumi up --refresh/,
      ],
      [
        () =>
          s3.send(
            new PutPublicAccessBlockCommand({
              Bucket: "shared",
              PublicAccessBlockConfiguration: { BlockPublicAcls: true },
            }),
          ),
        /no longer refused: bucket shared .* no longer restricts public buckets/,
        /pulumi up --refresh/,
      ],
      [
        () =>
          sns.send(
            new SetTopicAttributesCommand({
              TopicArn,
              AttributeName: "Policy",
              AttributeValue: opened(Attributes!.Policy!),
            }),
          ),
        /newly allowed: topic shared .* newly lets account 000000000003 use sns:Publish/,
        /pulumi up --refresh/,
      ],
      [
        () =>
          sqs.send(
            new SetQueueAttributesCommand({
              QueueUrl,
              Attributes: {
                Policy: documentOf({ Effect: "Allow", Principal: "*", Action: "sqs:*", Resource: "*" }),
              },
            }),
          ),
        /newly allowed: queue shared .* newly lets anyone use sqs:\*/,
        /pulumi up --refresh/,
      ],
      [
        () =>
          ecr.send(
            new SetRepositoryPolicyCommand({ repositoryName: "shared", policyText: opened(policyText!) }),
          ),
        /newly allowed: repository shared .* newly lets account 000000000003/,
        /pulumi up --refresh/,
      ],
    ];
    for (const [send] of changes) await send();
    const comparison = await compare();
    const lines = liveLines(comparison, "dev");
    for (const [, words, restore] of changes) {
      const index = lines.findIndex((line) => words.test(line));
      assert.ok(index >= 0, `${words}\n${lines.join("\n")}`);
      assert.match(lines[index + 1]!, /^ {4}who: \S/);
      assert.match(lines[index + 2]!, restore, lines.slice(index, index + 3).join("\n"));
    }
  });

  it("say who else gets in from outside, by what is not the program's", async () => {
    const iam = new IAMClient(client("prod"));
    const role = (RoleName: string, statement: object) =>
      iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: documentOf(statement) }));
    await role("Legacy", { Effect: "Allow", Principal: OTHER_ACCOUNT, Action: "sts:AssumeRole" });
    await role("OfService", {
      Effect: "Allow",
      Principal: { Service: "ec2.amazonaws.com" },
      Action: "sts:AssumeRole",
    });
    await role("AtHome", {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::000000000002:root" },
      Action: "sts:AssumeRole",
    });
    const s3 = new S3Client(client("prod"));
    await s3.send(
      new CreateBucketCommand({
        Bucket: "legacy",
        CreateBucketConfiguration: { LocationConstraint: "ap-northeast-1" },
      }),
    );
    const share = { Effect: "Allow", Principal: OTHER_ACCOUNT, Action: "s3:GetObject" };
    await s3.send(
      new PutBucketPolicyCommand({
        Bucket: "legacy",
        Policy: documentOf({ ...share, Resource: "arn:aws:s3:::legacy/*" }),
      }),
    );
    const { outside } = await compare();
    assert.deepEqual(outside?.sentences, [
      "bucket legacy lets account 000000000003 use s3:GetObject, under no condition",
      "role Legacy lets account 000000000003 use sts:AssumeRole, under no condition",
    ]);
  });

  it("say how many of the others were not looked at, beyond the first page of each list", async () => {
    const [sns, sqs, ecr] = [
      new SNSClient(client("prod")),
      new SQSClient(client("prod")),
      new ECRClient(client("prod")),
    ];
    for (let i = 0; i < 103; i++) {
      const name = `other-${i}`;
      await sns.send(new CreateTopicCommand({ Name: name }));
      await ecr.send(new CreateRepositoryCommand({ repositoryName: name }));
      if (i < 102) await sqs.send(new CreateQueueCommand({ QueueName: name }));
    }
    const { outside } = await compare();
    const more = outside?.notRead.filter((text) => /^\d+ more/.test(text));
    assert.deepEqual(more, ["2 more queues", "3 more repositories", "3 more topics"]);
  });
});
