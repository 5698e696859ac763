/** Objects that a browser's form uploads: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { AwsCredentialIdentity } from "@smithy/types";
import { ACCOUNTS, allow, policy, REGION, World } from "./gateway-world";

interface Upload {
  fields?: Record<string, string>;
  /** In place of those that name exactly the form's fields. */
  conditions?: unknown[];
  expires?: number;
  file?: string;
  fileName?: string;
  /** Changes the form after it was signed. */
  tampered?: Record<string, string>;
}

/** As the scope of a signature has it. */
const TODAY = new Date().toISOString().slice(0, 10).replaceAll("-", "");

describe("gateway: uploads by a browser's form", function () {
  this.timeout(60_000);
  let world: World;
  let bucket: string;
  let count = 0;
  before(async () => {
    world = await World.start();
  });
  beforeEach(async () => {
    bucket = `form-${++count}`;
    await s3().send(new CreateBucketCommand({ Bucket: bucket }));
  });
  after(() => world?.stop());

  const s3 = () => world.admin(S3Client, "prod");
  const writer = async () =>
    (await world.person("prod", `writer-${++count}`, allow("s3:PutObject"))).credentials;

  async function send(fields: Record<string, string>, file: string | undefined, fileName = "photo.txt") {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    if (file !== undefined) form.append("file", new Blob([file]), fileName);
    const url = `${world.gateway.url}/${bucket}`;
    const answer = await fetch(url, { method: "POST", body: form, redirect: "manual" });
    const body = await answer.text();
    const [, code = "", message = ""] = /<Code>(\w+)<\/Code><Message>(.*?)<\/Message>/.exec(body) ?? [];
    return { status: answer.status, headers: answer.headers, body, code, message };
  }

  /** Sends a form with a policy that this key signs. */
  function upload(credentials: AwsCredentialIdentity, { fields = {}, file = "1", ...more }: Upload = {}) {
    const date = new Date(world.now()).toISOString().replace(/[-:]|\.\d+/g, "");
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const scope = [date.slice(0, 8), REGION, "s3", "aws4_request"];
    const form: Record<string, string> = {
      key: "a",
      "x-amz-algorithm": "AWS4-HMAC-SHA256",
      "x-amz-credential": [accessKeyId, ...scope].join("/"),
      "x-amz-date": date,
      ...(sessionToken && { "x-amz-security-token": sessionToken }),
      ...fields,
    };
    const named = Object.entries(form).map(([name, value]) =>
      value.includes("\u0024{") ? ["starts-with", `$${name}`, value.replace(/\$.*/, "")] : { [name]: value },
    );
    const document = {
      expiration: new Date(world.now() + (more.expires ?? 60) * 1000).toISOString(),
      conditions: more.conditions ? [...more.conditions, ...named.slice(1)] : [{ bucket }, ...named],
    };
    const encoded = Buffer.from(JSON.stringify(document)).toString("base64");
    const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
    const signature = hmac(scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`) as Buffer, encoded);
    const signed = {
      ...form,
      policy: encoded,
      "x-amz-signature": signature.toString("hex"),
      ...more.tampered,
    };
    return send(signed, file, more.fileName);
  }
  const read = async (Key: string) => {
    const { Body, ContentType, Metadata } = await s3().send(new GetObjectCommand({ Bucket: bucket, Key }));
    return { text: await Body!.transformToString(), ContentType, Metadata };
  };

  it("puts the object with the rights of the policy's signer, and answers 204", async () => {
    const fields = { key: "a b/c", "Content-Type": "text/plain", "x-amz-meta-team": "blue" };
    const answer = await upload(await writer(), { fields, file: "hello" });
    assert.deepEqual([answer.status, answer.body], [204, ""]);
    assert.deepEqual(await read("a b/c"), {
      text: "hello",
      ContentType: "text/plain",
      Metadata: { team: "blue" },
    });
  });

  it("refuses a signer who may not put objects, or not that object, or not with tags", async () => {
    const reader = await world.person("prod", "reader", allow("s3:GetObject"));
    const refused = await upload(reader.credentials);
    assert.deepEqual([refused.status, refused.code], [403, "AccessDenied"]);
    assert.match(refused.message, /user\/reader is not authorized to perform: s3:PutObject/);
    const narrow = await world.person(
      "prod",
      "narrow",
      allow("s3:PutObject", `arn:aws:s3:::${bucket}/own/*`),
    );
    const at = (key: string) => upload(narrow.credentials, { fields: { key } });
    assert.deepEqual([(await at("own/a")).status, (await at("a")).status], [204, 403]);
    const tagging = "<Tagging><TagSet><Tag><Key>class</Key><Value>a b</Value></Tag></TagSet></Tagging>";
    assert.match((await upload(await writer(), { fields: { tagging } })).message, /s3:PutObjectTagging/);
    const tagger = await world.person("prod", "tagger", allow(["s3:PutObject", "s3:PutObjectTagging"]));
    assert.equal((await upload(tagger.credentials, { fields: { tagging } })).status, 204);
    const { TagSet } = await s3().send(new GetObjectTaggingCommand({ Bucket: bucket, Key: "a" }));
    assert.deepEqual(TagSet, [{ Key: "class", Value: "a b" }]);
  });

  it("serves a session with its token, and a signer of another account where the bucket's policy lets it in", async () => {
    const trust = policy({ Principal: { AWS: ACCOUNTS.dev }, Action: "sts:AssumeRole" });
    const role = await world.role("dev", "uploader", trust, allow("s3:PutObject"));
    const session = await world.assume(world.gateway.administrators.dev!, role);
    assert.equal((await upload(session)).code, "AccessDenied");
    const Policy = policy({
      Principal: { AWS: role },
      Action: "s3:PutObject",
      Resource: `arn:aws:s3:::${bucket}/*`,
    });
    await s3().send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    assert.equal((await upload(session)).status, 204);
    assert.equal((await upload({ ...session, sessionToken: "other" })).code, "InvalidToken");
  });

  it("knows the upload by s3:authType POST", async () => {
    const Condition = { StringEquals: { "s3:authType": "POST" } };
    const Resource = [`arn:aws:s3:::${bucket}/*`];
    const denied = { Effect: "Deny", Principal: "*", Action: "s3:PutObject", Resource, Condition };
    await s3().send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy(denied) }));
    assert.equal((await upload(await writer())).code, "AccessDenied");
  });

  for (const [what, tampered, code] of [
    [
      "a signature of another policy",
      { policy: Buffer.from("{}").toString("base64") },
      "SignatureDoesNotMatch",
    ],
    ["a signature that is none", { "x-amz-signature": "0".repeat(64) }, "SignatureDoesNotMatch"],
    ["a key that the policy does not name", { key: "b" }, "AccessDenied"],
    ["a field that the policy does not name", { "x-amz-meta-more": "1" }, "AccessDenied"],
    ["a header for the gateway itself", { "x-sandbox-open-targets": "x" }, "AccessDenied"],
    ["no signature", { "x-amz-signature": "" }, "InvalidArgument"],
    [
      "an unknown key",
      { "x-amz-credential": `AKIAUNKNOWN/${TODAY}/${REGION}/s3/aws4_request` },
      "InvalidAccessKeyId",
    ],
  ] as [string, Record<string, string>, string][])
    it(`refuses ${what}`, async () => {
      const answer = await upload(await writer(), { tampered });
      assert.equal(answer.code, code, answer.body);
      await assert.rejects(read(tampered.key ?? "a"), { name: "NoSuchKey" });
    });

  it("refuses an expired policy, and one for another bucket or none", async () => {
    const credentials = await writer();
    assert.match((await upload(credentials, { expires: -1 })).message, /Policy expired/);
    const conditions = (...bucketConditions: unknown[]) =>
      upload(credentials, { conditions: [...bucketConditions, { key: "a" }] });
    assert.match((await conditions({ bucket: "other" })).message, /Condition failed.*\$bucket/);
    assert.match((await conditions()).message, /Extra input fields: bucket/);
    assert.equal((await conditions(["eq", "$bucket", bucket])).status, 204);
  });

  it("holds key and size to the policy's conditions", async () => {
    const credentials = await writer();
    const at = (key: string, file: string) =>
      upload(credentials, {
        fields: { key },
        file,
        conditions: [{ bucket }, ["starts-with", "$key", "user/"], ["content-length-range", 2, 4]],
      });
    assert.equal((await at("user/a", "12")).status, 204);
    assert.equal((await at("users", "12")).code, "AccessDenied");
    assert.equal((await at("user/a", "1")).code, "EntityTooSmall");
    assert.equal((await at("user/a", "12345")).code, "EntityTooLarge");
  });

  it("puts the file's name into the key where the form asks for it", async () => {
    assert.equal(
      (await upload(await writer(), { fields: { key: `in/\${filename}` }, fileName: "x.txt" })).status,
      204,
    );
    assert.equal((await read("in/x.txt")).text, "1");
  });

  it("answers as success_action_status and success_action_redirect say", async () => {
    const credentials = await writer();
    const answers = (name: string, value: string) => upload(credentials, { fields: { [name]: value } });
    assert.equal((await answers("success_action_status", "200")).status, 200);
    assert.equal((await answers("success_action_status", "404")).status, 204);
    const created = await answers("success_action_status", "201");
    assert.equal(created.status, 201);
    assert.match(created.body, new RegExp(`<PostResponse>.*<Bucket>${bucket}</Bucket><Key>a</Key><ETag>`));
    const redirected = await answers("success_action_redirect", "https://example.com/done?x=1");
    assert.equal(redirected.status, 303);
    assert.match(
      redirected.headers.get("location")!,
      new RegExp(`^https://example.com/done\\?x=1&bucket=${bucket}&key=a&etag=`),
    );
  });

  it("without a policy is an anonymous request: refused, unless the bucket is open to everyone", async () => {
    assert.equal((await send({ key: "a" }, "1")).code, "AccessDenied");
    await s3().send(new DeletePublicAccessBlockCommand({ Bucket: bucket }));
    const Policy = policy({ Principal: "*", Action: "s3:PutObject", Resource: `arn:aws:s3:::${bucket}/*` });
    await s3().send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
    assert.equal((await send({ key: "a" }, "1")).status, 204);
  });

  it("refuses a form without a file, without a key, or that is no form", async () => {
    assert.equal((await send({ key: "a" }, undefined)).code, "InvalidArgument");
    assert.equal((await send({}, "1")).code, "InvalidArgument");
    const type = { "content-type": "multipart/form-data; boundary=x" };
    assert.match((await world.raw("POST", `/${bucket}`, type, "not a form")).body, /MalformedPOSTRequest/);
  });
});
