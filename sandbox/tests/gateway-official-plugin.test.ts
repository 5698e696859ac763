/** What the official Pulumi AWS plugin asks of AWS and how: by the AWS SDK for Go v2, where the form of the request matters. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import {
  APIGatewayClient,
  CreateRestApiCommand,
  GetResourcesCommand,
  GetRestApiCommand,
  PutRestApiCommand,
  UpdateRestApiCommand,
} from "@aws-sdk/client-api-gateway";
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateGroupCommand,
  CreateInstanceProfileCommand,
  CreateOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  IAMClient,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketTaggingCommand,
  HeadBucketCommand,
  S3Client,
  type Tag,
} from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { AMBIENT_CREDENTIALS } from "../accounts";
import { goClient } from "./aws-sdk-go/build";
import { ACCOUNTS, allow, outcome, type Profile, policy, REGION, World } from "./gateway-world";

const BUCKET = "official-plugin";
const ARN = `arn:aws:s3:::${BUCKET}`;
const location = { LocationConstraint: REGION } as const;

describe("what the official plugin asks", function () {
  this.timeout(240_000);
  let world: World;
  before(async () => {
    world = await World.start();
    await world
      .admin(S3Client, "prod")
      .send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: location }));
  });
  after(() => world?.stop());

  /** Runs a command in the sandbox's shell of a profile; gives what it printed. */
  const run = async (profile: Profile, command: string, ...args: string[]): Promise<string> => {
    const kept = Object.entries(process.env).filter(
      ([name]) => !AMBIENT_CREDENTIALS.includes(name) && !/proxy$/i.test(name),
    );
    const env = { ...Object.fromEntries(kept), ...world.environment(profile) };
    return (await promisify(execFile)(command, args, { env })).stdout.trim();
  };
  const has = (command: string) => spawnSync(command, ["--version"]).error === undefined;

  describe("by the AWS SDK for Go v2", () => {
    let client: string | undefined;
    before(function () {
      client = goClient();
      if (client) return;
      console.log(
        "      not run: this machine has no Go, so no client of the AWS SDK for Go v2 could be built",
      );
      this.skip();
    });
    const go = async (profile: Profile, ...args: string[]) =>
      JSON.parse(await run(profile, client!, ...args));
    const refusal = (asked: Promise<unknown>) =>
      asked.then(
        () => "",
        (error: { stderr: string }) => error.stderr,
      );

    it("a bucket's tags are written, read and removed through S3 Control", async () => {
      await go("prod", "tag", ACCOUNTS.prod, ARN, "team", "shared");
      assert.deepEqual(await go("prod", "list-tags", ACCOUNTS.prod, ARN), [{ Key: "team", Value: "shared" }]);
      await go("prod", "untag", ACCOUNTS.prod, ARN, "team");
      assert.deepEqual(await go("prod", "list-tags", ACCOUNTS.prod, ARN), []);
    });

    it("a refusal of S3 Control names the action, which the provider's fallback looks for", async () => {
      assert.match(
        await refusal(go("dev", "list-tags", ACCOUNTS.prod, ARN)),
        /StatusCode: 403.*AccessDenied.*is not authorized to perform: s3:ListTagsForResource on resource: arn:aws:s3:::official-plugin/,
      );
    });

    it("a bucket is created with a private ACL and tags", async () => {
      await go("prod", "create-bucket", `${BUCKET}-go`, "team", "go");
      const tags = await go("prod", "list-tags", ACCOUNTS.prod, `${ARN}-go`);
      assert.deepEqual(tags, [{ Key: "team", Value: "go" }]);
    });

    it("a bucket's Region stands in the refusal of an anonymous HEAD", async () => {
      assert.equal(await go("dev", "bucket-region", BUCKET), REGION);
    });

    it("the policy of a REST API reads as the provider reads it", async () => {
      const document = policy({ Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*" });
      const { id } = await world
        .admin(APIGatewayClient, "prod")
        .send(new CreateRestApiCommand({ name: "shared", policy: document }));
      assert.deepEqual(await go("prod", "api-policy", id!), JSON.parse(document));
    });
  });

  describe("by other tools, in the same shell", () => {
    it("the AWS CLI reads a bucket's tags through S3 Control", async function () {
      if (!has("aws")) return this.skip();
      const asked = ["--account-id", ACCOUNTS.prod, "--resource-arn", ARN, "--profile", "prod"];
      const answer = await run("dev", "aws", "s3control", "list-tags-for-resource", ...asked);
      assert.deepEqual(JSON.parse(answer), { Tags: [] });
      assert.match(await run("prod", "aws", "s3", "ls"), new RegExp(BUCKET));
      return assert.rejects(
        run("dev", "aws", "s3control", "list-tags-for-resource", ...asked.with(-1, "dev")),
        /AccessDenied.*not authorized to perform: s3:ListTagsForResource/,
      );
    });

    it("curl and Python reach a server of the machine itself, not the gateway", async () => {
      const server = createServer((request, response) => response.end(`asked for ${request.url}`));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/here`;
      try {
        if (has("curl")) assert.equal(await run("dev", "curl", "-s", url), "asked for /here");
        // Requests, which pip asks with, reads the environment so.
        const script = `import sys
try: from pip._vendor import requests
except ImportError: sys.exit("asked for /here")
print(requests.get(sys.argv[1]).text)`;
        if (has("python3")) assert.equal(await run("dev", "python3", "-c", script, url), "asked for /here");
      } finally {
        server.close();
      }
    });

    it("npm and pip reach their registries by https as without the sandbox", async () => {
      const environment = world.environment("dev");
      assert.ok(!("HTTPS_PROXY" in environment || "https_proxy" in environment));
      const script = `const { getProxy } = require(process.argv[1] + "/node_modules/@npmcli/agent/lib/proxy.js");
console.log(String(getProxy(new URL("https://registry.example.com/"), {})));`;
      const npm = spawnSync("npm", ["root", "--global"], { encoding: "utf8" }).stdout.trim();
      assert.equal(await run("dev", process.execPath, "-e", script, `${npm}/npm`), "null");
    });
  });

  describe("as a proxy", () => {
    const asked = (line: string, host?: string) =>
      world.raw("GET", line, { host: host ?? /^http:\/\/([^/]*)/.exec(line)?.[1] ?? "" });

    it("the gateway answers for its own names", async () => {
      const host = world.gateway.url.slice("http://".length);
      for (const name of [host, `${ACCOUNTS.prod}.${host}`]) {
        const { status, body } = await asked(`http://${name}/${BUCKET}`);
        assert.deepEqual([status, /AccessDenied/.test(body)], [403, true], name);
      }
    });

    it("it refuses other hosts, other ports, other schemes and a host header of another name, in words", async () => {
      const host = world.gateway.url.slice("http://".length);
      for (const [line, header] of [
        ["http://example.com/"],
        ["http://127.0.0.1:9/latest/meta-data/"],
        [`https://${host}/`, host],
        [`http://prod.${host}/`],
        [`http://${host}/`, "example.com"],
        [`http://${ACCOUNTS.prod}.${host}@example.com/`],
      ] as [string, string?][]) {
        const { status, body } = await asked(line, header);
        assert.deepEqual([status, /a proxy for its own accounts only/.test(body)], [403, true], line);
      }
    });

    it("it refuses to tunnel, and says so", async function () {
      if (!has("curl")) return this.skip();
      return assert.rejects(
        run("dev", "curl", "-sS", "--proxytunnel", "http://example.com/"),
        /CONNECT tunnel failed, response 403|HTTP code 403 from proxy after CONNECT/,
      );
    });

    it("its control API is not reached under another of its names", async () => {
      const host = world.gateway.url.slice("http://".length);
      const { status } = await asked(`http://${ACCOUNTS.prod}.${host}/_sandbox/health`);
      assert.equal(status, 403);
    });
  });

  describe("by any client", () => {
    const permitted = async (name: string, actions: string[]) =>
      world.client(S3Client, (await world.person("prod", name, allow(actions))).credentials);
    const create = (client: S3Client, Bucket: string, more: object = {}, tags?: Tag[]) =>
      outcome(
        client.send(
          new CreateBucketCommand({
            Bucket,
            CreateBucketConfiguration: { ...location, ...(tags ? { Tags: tags } : {}) },
            ...more,
          }),
        ),
      );

    it("to create a bucket with the ACL private needs no s3:PutBucketAcl, with another ACL it does", async () => {
      const client = await permitted("creator", ["s3:CreateBucket"]);
      assert.equal(await create(client, "acl-private", { ACL: "private" }), "allowed");
      assert.equal(await create(client, "acl-public", { ACL: "public-read" }), "AccessDenied");
    });

    it("to create a bucket with tags needs s3:TagResource, and the tags are the bucket's", async () => {
      const tags = [
        { Key: "team", Value: "a&b" },
        { Key: "empty", Value: "" },
      ];
      const untagging = await permitted("untagging", ["s3:CreateBucket"]);
      assert.equal(await create(untagging, "tagged", {}, tags), "AccessDenied");
      const tagging = await permitted("tagging", [
        "s3:CreateBucket",
        "s3:TagResource",
        "s3:GetBucketTagging",
      ]);
      assert.equal(await create(tagging, "tagged", {}, tags), "allowed");
      const { TagSet } = await tagging.send(new GetBucketTaggingCommand({ Bucket: "tagged" }));
      assert.deepEqual(TagSet, tags);
    });

    it("a policy can test the tags that a bucket is created with", async () => {
      const Condition = { StringEquals: { "aws:RequestTag/team": "a" } };
      const document = policy({ Action: ["s3:CreateBucket", "s3:TagResource"], Resource: "*", Condition });
      const client = world.client(S3Client, (await world.person("prod", "team-a", document)).credentials);
      assert.equal(await create(client, "of-team-b", {}, [{ Key: "team", Value: "b" }]), "AccessDenied");
      assert.equal(await create(client, "of-team-a", {}, [{ Key: "team", Value: "a" }]), "allowed");
    });

    it("the Region of a bucket stands in every refusal of HEAD, and of none that is not there", async () => {
      const { status, headers } = await fetch(`${world.gateway.url}/${BUCKET}`, { method: "HEAD" });
      assert.deepEqual([status, headers.get("x-amz-bucket-region")], [403, REGION]);
      const missing = await fetch(`${world.gateway.url}/not-there-at-all`, { method: "HEAD" });
      assert.equal(missing.headers.get("x-amz-bucket-region"), null);
      const s3 = world.admin(S3Client, "prod");
      await s3.send(new CreateBucketCommand({ Bucket: "short", CreateBucketConfiguration: location }));
      assert.equal((await s3.send(new HeadBucketCommand({ Bucket: "short" }))).BucketRegion, REGION);
      await s3.send(new DeleteBucketCommand({ Bucket: "short" }));
      const gone = await fetch(`${world.gateway.url}/short`, { method: "HEAD" });
      assert.equal(gone.headers.get("x-amz-bucket-region"), null);
    });

    it("UpdateRole with MaxSessionDuration alone leaves the description", async () => {
      const trust = policy({ Principal: { AWS: ACCOUNTS.dev }, Action: "sts:AssumeRole" });
      await world.role("prod", "described", trust, undefined, { Description: "for people" });
      const iam = world.admin(IAMClient, "prod");
      const read = async () => (await iam.send(new GetRoleCommand({ RoleName: "described" }))).Role;
      await iam.send(new UpdateRoleCommand({ RoleName: "described", MaxSessionDuration: 7200 }));
      assert.equal((await read())?.Description, "for people");
      assert.equal((await read())?.MaxSessionDuration, 7200);
      await iam.send(
        new UpdateRoleCommand({
          RoleName: "described",
          MaxSessionDuration: 7200,
          Description: "for machines",
        }),
      );
      assert.equal((await read())?.Description, "for machines");
    });

    it("client IDs are added to and removed from an OpenID Connect provider", async () => {
      const iam = world.admin(IAMClient, "prod");
      const { OpenIDConnectProviderArn } = await iam.send(
        new CreateOpenIDConnectProviderCommand({
          Url: "https://idp.example.com",
          ClientIDList: ["first"],
          ThumbprintList: ["a".repeat(40)],
        }),
      );
      const change = { OpenIDConnectProviderArn, ClientID: "second" };
      const listed = async () =>
        (await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }))).ClientIDList;
      for (const _ of [1, 2]) await iam.send(new AddClientIDToOpenIDConnectProviderCommand(change));
      assert.deepEqual(await listed(), ["first", "second"]);
      for (const _ of [1, 2]) await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand(change));
      assert.deepEqual(await listed(), ["first"]);
      const OtherArn = `${OpenIDConnectProviderArn}x`;
      const missing = new AddClientIDToOpenIDConnectProviderCommand({
        ...change,
        OpenIDConnectProviderArn: OtherArn,
      });
      assert.match(await outcome(iam.send(missing)), /^NoSuchEntity/);
      const other = world.client(
        IAMClient,
        (await world.person("prod", "no-oidc", allow("s3:*"))).credentials,
      );
      assert.equal(
        await outcome(other.send(new AddClientIDToOpenIDConnectProviderCommand(change))),
        "AccessDenied",
      );
    });

    it('a patch of disableExecuteApiEndpoint to "false" leaves it false', async () => {
      const api = world.admin(APIGatewayClient, "prod");
      const { id } = await api.send(new CreateRestApiCommand({ name: "patched" }));
      const patched = async (value: string) => {
        const patchOperations = [{ op: "replace" as const, path: "/disableExecuteApiEndpoint", value }];
        await api.send(new UpdateRestApiCommand({ restApiId: id!, patchOperations }));
        return (await api.send(new GetRestApiCommand({ restApiId: id! }))).disableExecuteApiEndpoint;
      };
      assert.deepEqual(
        [await patched("false"), await patched("true"), await patched("false")],
        [false, true, false],
      );
    });

    it("after a body overwrites an API, rootResourceId is its root resource's", async () => {
      const api = world.admin(APIGatewayClient, "prod");
      const { id } = await api.send(new CreateRestApiCommand({ name: "overwritten" }));
      const body = JSON.stringify({
        openapi: "3.0.1",
        info: { title: "t", version: "1" },
        paths: { "/status": {} },
      });
      await api.send(
        new PutRestApiCommand({ restApiId: id!, mode: "overwrite", body: new TextEncoder().encode(body) }),
      );
      const { items } = await api.send(new GetResourcesCommand({ restApiId: id! }));
      const { rootResourceId } = await api.send(new GetRestApiCommand({ restApiId: id! }));
      assert.equal(rootResourceId, items!.find((resource) => resource.path === "/")!.id);
    });

    it("a unique ID begins as AWS's do", async () => {
      const person = await world.person("dev", "unique", allow("sts:GetCallerIdentity"));
      const sts = world.client(STSClient, person.credentials);
      const { UserId } = await sts.send(new GetCallerIdentityCommand({}));
      assert.match(UserId!, /^AIDA[A-Z2-7]{17}$/);
      const iam = world.admin(IAMClient, "dev");
      const { Group } = await iam.send(new CreateGroupCommand({ GroupName: "unique" }));
      assert.match(Group!.GroupId!, /^AGPA[A-Z2-7]{17}$/);
      const { InstanceProfile } = await iam.send(
        new CreateInstanceProfileCommand({ InstanceProfileName: "unique" }),
      );
      assert.match(InstanceProfile!.InstanceProfileId!, /^AIPA[A-Z2-7]{17}$/);
    });
  });
});
