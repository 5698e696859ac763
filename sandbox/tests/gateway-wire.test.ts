import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { Sha256 } from "@aws-crypto/sha256-js";
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AwsCredentialIdentity } from "@smithy/types";
import { Moto } from "../gateway/moto";
import { ACCOUNTS, allow, outcome, policy, REGION, World } from "./gateway-world";

const sha256 = (value: string | Buffer) => createHash("sha256").update(value).digest("hex");
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const WHO = "Action=GetCallerIdentity&Version=2011-06-15";

interface Raw {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer;
}

describe("gateway: signatures and the wire", function () {
  this.timeout(60_000);
  let world: World;
  let admin: AwsCredentialIdentity;
  before(async () => {
    world = await World.start();
    admin = world.gateway.administrators.dev!;
    await world.admin(S3Client, "dev").send(new CreateBucketCommand({ Bucket: "wire" }));
  });
  after(() => world?.stop());

  const signer = (credentials: AwsCredentialIdentity, service: string) =>
    new SignatureV4({
      credentials,
      region: REGION,
      service,
      sha256: Sha256,
      uriEscapePath: service !== "s3",
    });
  const request = (
    service: string,
    method: string,
    path: string,
    body: string | Buffer,
    headers: Record<string, string>,
  ) => {
    const [pathname = "/", search = ""] = path.split("?", 2);
    const query = Object.fromEntries(new URLSearchParams(search));
    const host = new URL(world.gateway.url).host;
    return new HttpRequest({
      method,
      path: pathname,
      query,
      headers: { host, ...(service === "s3" ? { "x-amz-content-sha256": sha256(body) } : {}), ...headers },
      body,
    });
  };
  /** A signed request, ready to be tampered with. */
  async function signed(
    service: string,
    method: string,
    path: string,
    body: string | Buffer = "",
    options: { headers?: Record<string, string>; credentials?: AwsCredentialIdentity; seconds?: number } = {},
  ): Promise<Raw> {
    const signingDate = new Date(world.now() + (options.seconds ?? 0) * 1000);
    const { headers } = await signer(options.credentials ?? admin, service).sign(
      request(service, method, path, body, options.headers ?? {}),
      { signingDate },
    );
    return { method, path, headers, body };
  }
  async function presigned(path: string, expiresIn: number, seconds = 0): Promise<string> {
    const { query } = await signer(admin, "s3").presign(
      request("s3", "GET", path, "", { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }),
      {
        expiresIn,
        signingDate: new Date(world.now() + seconds * 1000),
        unhoistableHeaders: new Set(["x-amz-content-sha256"]),
        unsignableHeaders: new Set(["x-amz-content-sha256"]),
      },
    );
    return `${path}?${new URLSearchParams(query as Record<string, string>)}`;
  }
  const send = (raw: Raw) => world.raw(raw.method, raw.path, raw.headers, raw.body);
  const code = ({ status, body }: { status: number; body: string }) =>
    `${status} ${/<Code>(\w+)<|"__type":"(\w+)"/.exec(body)?.slice(1).join("") ?? ""}`.trim();
  const identity = (options?: Parameters<typeof signed>[4]) =>
    signed("sts", "POST", "/", WHO, { ...options, headers: { ...FORM, ...options?.headers } });

  it("a right signature passes, and again within its five minutes: AWS does not refuse a repetition", async () => {
    const raw = await identity();
    assert.deepEqual([code(await send(raw)), code(await send(raw))], ["200", "200"]);
  });

  const forgeries: Record<string, [expected: string, forge: (raw: Raw) => void]> = {
    "another body": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.body = WHO.replace("GetCallerIdentity", "GetSessionToken");
      },
    ],
    "another path": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.path = "/other";
      },
    ],
    "a query added": [
      "400 MalformedQueryString",
      (raw) => {
        raw.path = "/?Action=GetSessionToken";
      },
    ],
    "another signed header": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers["content-type"] += "; charset=utf-8";
      },
    ],
    "another host": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers.host = "sts.amazonaws.com";
      },
    ],
    "an unsigned x-amz header added": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers["x-amz-meta-mine"] = "mine";
      },
    ],
    "another time": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers["x-amz-date"] = new Date(world.now() + 1000).toISOString().replace(/[-:]|\.\d+/g, "");
      },
    ],
    "another service in its scope": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.replace("/sts/", "/iam/");
      },
    ],
    "another region in its scope": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.replace(REGION, "us-east-1");
      },
    ],
    "a signature cut short": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.slice(0, -2);
      },
    ],
    "a signature of zeros": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.replace(/[0-9a-f]{64}$/, "0".repeat(64));
      },
    ],
    "the host left out of what is signed": [
      "403 SignatureDoesNotMatch",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.replace("host;", "");
      },
    ],
    "another algorithm": [
      "400 IncompleteSignature",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5");
      },
    ],
    "no signature in the header": [
      "400 IncompleteSignature",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.replace(/, Signature=.*/, "");
      },
    ],
    "a scope that is none": [
      "400 IncompleteSignature",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.replace("/aws4_request", "");
      },
    ],
    "a date that is none": [
      "400 IncompleteSignature",
      (raw) => {
        raw.headers["x-amz-date"] = "yesterday";
      },
    ],
    "an unknown access key": [
      "403 InvalidClientTokenId",
      (raw) => {
        raw.headers.authorization = raw.headers.authorization!.replace(/AKIA\w+/, "AKIAAAAAAAAAAAAAAAAA");
      },
    ],
  };
  for (const [name, [expected, forge]] of Object.entries(forgeries))
    it(`forged: ${name}: ${expected}`, async () => {
      const raw = await identity();
      forge(raw);
      assert.equal(code(await send(raw)), expected);
    });

  it("forged with a wrong secret, refused in the words of each protocol", async () => {
    const credentials = { ...admin, secretAccessKey: "a".repeat(40) };
    assert.equal(
      await outcome(world.client(STSClient, credentials).send(new GetCallerIdentityCommand({}))),
      "SignatureDoesNotMatch",
    );
    assert.equal(
      await outcome(world.client(SSMClient, credentials).send(new GetParameterCommand({ Name: "x" }))),
      "InvalidSignatureException",
    );
    assert.equal(
      await outcome(
        world.client(S3Client, credentials).send(new GetObjectCommand({ Bucket: "wire", Key: "x" })),
      ),
      "SignatureDoesNotMatch",
    );
  });

  it("replayed after five minutes, or signed for a time to come: refused; S3 allows fifteen", async () => {
    for (const [seconds, sts, s3] of [
      [-299, "200", "404 NoSuchKey"],
      [-301, "403 SignatureDoesNotMatch", "404 NoSuchKey"],
      [-901, "403 SignatureDoesNotMatch", "403 RequestTimeTooSkewed"],
      [302, "403 SignatureDoesNotMatch", "404 NoSuchKey"],
      [902, "403 SignatureDoesNotMatch", "403 RequestTimeTooSkewed"],
    ] as const) {
      assert.equal(code(await send(await identity({ seconds }))), sts, `STS, ${seconds} s`);
      assert.equal(
        code(await send(await signed("s3", "GET", "/wire/none", "", { seconds }))),
        s3,
        `S3, ${seconds} s`,
      );
    }
  });

  it("a session's key is nothing without its own token", async () => {
    const trust = policy({
      Principal: { AWS: `arn:aws:iam::${ACCOUNTS.dev}:root` },
      Action: "sts:AssumeRole",
    });
    const role = await world.role("dev", "wire", trust);
    const [one, two] = [await world.assume(admin, role), await world.assume(admin, role)];
    const { sessionToken: _, ...bare } = one;
    const who = (credentials: AwsCredentialIdentity) =>
      outcome(world.client(STSClient, credentials).send(new GetCallerIdentityCommand({})));
    assert.equal(await who(one), "allowed");
    assert.equal(await who(bare), "InvalidClientTokenId");
    assert.equal(await who({ ...one, sessionToken: two.sessionToken! }), "InvalidClientTokenId");
    assert.equal(await who({ ...admin, sessionToken: one.sessionToken! }), "InvalidClientTokenId");
  });

  it("a presigned URL lives as long as it says, for what it says", async () => {
    await world
      .admin(S3Client, "dev")
      .send(new PutObjectCommand({ Bucket: "wire", Key: "presigned", Body: "content" }));
    const url = await presigned("/wire/presigned", 60);
    assert.deepEqual(await world.raw("GET", url), { status: 200, body: "content" });
    assert.equal(code(await world.raw("DELETE", url)), "403 SignatureDoesNotMatch");
    assert.equal(
      code(await world.raw("GET", url.replace("presigned?", "other?"))),
      "403 SignatureDoesNotMatch",
    );
    assert.equal(
      code(await world.raw("GET", `${url}&response-content-type=text/html`)),
      "403 SignatureDoesNotMatch",
    );
    assert.equal(
      code(await world.raw("GET", url.replace("Expires=60", "Expires=600000"))),
      "403 SignatureDoesNotMatch",
    );
    assert.equal(
      code(await world.raw("GET", await presigned("/wire/presigned", 60, -61))),
      "403 AccessDenied",
    );
    assert.equal(
      code(await world.raw("GET", url.replace("Expires=60", "Expires=604801"))),
      "400 AuthorizationQueryParametersError",
    );
  });

  describe("uploads in chunks", () => {
    const get = async (Key: string) =>
      (
        await world.admin(S3Client, "dev").send(new GetObjectCommand({ Bucket: "wire", Key }))
      ).Body!.transformToString();
    /** A body signed chunk by chunk, as https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html says. */
    async function chunked(
      key: string,
      chunks: string[],
      trailer?: [name: string, value: string],
    ): Promise<Raw> {
      const kind = `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailer ? "-TRAILER" : ""}`;
      const length = String(chunks.join("").length);
      const headers = {
        "x-amz-content-sha256": kind,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": length,
        ...(trailer ? { "x-amz-trailer": trailer[0] } : {}),
      };
      const raw = await signed("s3", "PUT", `/wire/${key}`, "", { headers });
      const time = raw.headers["x-amz-date"]!;
      const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`;
      const sign = (key: Buffer | string, value: string) => createHmac("sha256", key).update(value).digest();
      const signingKey = [time.slice(0, 8), REGION, "s3", "aws4_request"].reduce<Buffer | string>(
        sign,
        `AWS4${admin.secretAccessKey}`,
      );
      let previous = /Signature=(\w+)/.exec(raw.headers.authorization!)![1]!;
      let body = "";
      for (const chunk of [...chunks, ""]) {
        previous = sign(
          signingKey as Buffer,
          `AWS4-HMAC-SHA256-PAYLOAD\n${time}\n${scope}\n${previous}\n${sha256("")}\n${sha256(chunk)}`,
        ).toString("hex");
        body += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}${chunk ? "\r\n" : ""}`;
      }
      if (trailer) {
        const content = `${trailer[0]}:${trailer[1]}\n`;
        const signature = sign(
          signingKey as Buffer,
          `AWS4-HMAC-SHA256-TRAILER\n${time}\n${scope}\n${previous}\n${sha256(content)}`,
        ).toString("hex");
        body += `${trailer[0]}:${trailer[1]}\r\nx-amz-trailer-signature:${signature}\r\n`;
      }
      raw.body = `${body}\r\n`;
      return raw;
    }
    it("signed chunks arrive whole; one altered, cut or swapped does not", async () => {
      const right = await chunked("chunks", ["first", "second"]);
      assert.equal(code(await send(right)), "200");
      assert.equal(await get("chunks"), "firstsecond");
      const altered = (change: (body: string) => string) =>
        send({ ...right, path: "/wire/chunks", body: change(right.body as string) });
      assert.equal(
        code(await altered((body) => body.replace("second", "SECOND"))),
        "403 SignatureDoesNotMatch",
      );
      assert.equal(
        code(
          await altered(
            (body) => body.slice(0, body.indexOf("\r\n6;") + 2) + body.slice(body.indexOf("\r\n0;") + 2),
          ),
        ),
        "403 SignatureDoesNotMatch",
      );
      assert.equal(code(await altered((body) => body.slice(0, 60))), "400 IncompleteBody");
      assert.equal(
        code(await altered((body) => body.replace("5;chunk", "ffffff;chunk"))),
        "400 IncompleteBody",
      );
      assert.equal(await get("chunks"), "firstsecond");
    });
    it("a signed trailer is checked, and so is its checksum", async () => {
      const digest = (text: string) => createHash("sha256").update(text).digest("base64");
      const right = await chunked("trailer", ["content"], ["x-amz-checksum-sha256", digest("content")]);
      assert.equal(code(await send(right)), "200");
      assert.equal(await get("trailer"), "content");
      assert.equal(
        code(
          await send({ ...right, body: (right.body as string).replace(digest("content"), digest("other")) }),
        ),
        "403 SignatureDoesNotMatch",
      );
      assert.equal(
        code(await send(await chunked("trailer", ["content"], ["x-amz-checksum-sha256", digest("other")]))),
        "400 BadDigest",
      );
    });
    it("the SDK's stream of unknown length", async () => {
      const Body = Readable.from([Buffer.from("streamed "), Buffer.from("content")]);
      await world
        .admin(S3Client, "dev")
        .send(new PutObjectCommand({ Bucket: "wire", Key: "stream", Body, ContentLength: 16 }));
      assert.equal(await get("stream"), "streamed content");
    });
    it("a body that is not what its hash says", async () => {
      const raw = await signed("s3", "PUT", "/wire/hash", "content");
      raw.body = "CONTENT";
      assert.equal(code(await send(raw)), "400 XAmzContentSHA256Mismatch");
    });
  });

  it("the host's name chooses no other bucket", async () => {
    const bucket = { Bucket: "wire-other" };
    await world.admin(S3Client, "dev").send(new CreateBucketCommand(bucket));
    await world
      .admin(S3Client, "dev")
      .send(new PutObjectCommand({ ...bucket, Key: "wire/key", Body: "other" }));
    const raw = await signed("s3", "GET", "/wire/key", "", {
      headers: { host: "wire-other.s3.amazonaws.com" },
    });
    assert.equal(code(await send(raw)), "404 NoSuchKey");
  });

  it("a key written otherwise in XML is the same key", async () => {
    const Statement = [
      { Action: "s3:DeleteObject", Resource: "arn:aws:s3:::wire/xml/*" },
      { Effect: "Deny", Action: "s3:*", Resource: "arn:aws:s3:::wire/xml/secret" },
    ];
    const { credentials } = await world.person("dev", "xml", policy(...Statement));
    const put = { Bucket: "wire", Key: "xml/secret", Body: "kept" };
    await world.admin(S3Client, "dev").send(new PutObjectCommand(put));
    for (const Key of [
      "xml/secret",
      "xml/&#115;ecret",
      "xml/&#x73;ecret",
      "<![CDATA[xml/secret]]>",
      "xml/<!-- -->secret",
    ])
      await send(
        await signed("s3", "POST", "/wire?delete", `<Delete><Object><Key>${Key}</Key></Object></Delete>`, {
          credentials,
        }),
      );
    assert.equal(await outcome(world.admin(S3Client, "dev").send(new GetObjectCommand(put))), "allowed");
  });

  describe("what the table does not know", () => {
    const unknown = (credentials: AwsCredentialIdentity) =>
      signed("ssm", "POST", "/", "{}", {
        credentials,
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.MakeCoffee" },
      }).then(send);
    it("goes to moto for an administrator, is refused for anyone narrower, and is logged", async () => {
      const narrow = await world.person("dev", "narrow", allow(["ssm:GetParameter", "s3:*", "iam:*"]));
      const almost = await world.person(
        "dev",
        "almost",
        allow("*", `arn:aws:ssm:${REGION}:${ACCOUNTS.dev}:parameter/*`),
      );
      assert.equal(code(await unknown(narrow.credentials)), "400 AccessDeniedException");
      assert.equal(code(await unknown(almost.credentials)), "400 AccessDeniedException");
      const passed = await unknown(admin);
      assert.notEqual(code(passed), "400 AccessDeniedException");
      const logged = (await world.decisions()).filter((one) => one.action === "ssm:MakeCoffee");
      assert.deepEqual(
        logged.map((one) => [one.allowed, one.note]),
        [
          [false, "ssm:MakeCoffee is no action that IAM knows"],
          [false, "ssm:MakeCoffee is no action that IAM knows"],
          [true, "ssm:MakeCoffee is no action that IAM knows"],
        ],
      );
    });
    it("an S3 request of no known kind", async () => {
      const narrow = await world.person(
        "dev",
        "narrow-s3",
        allow(["s3:Get*", "s3:Put*"], ["arn:aws:s3:::wire", "arn:aws:s3:::wire/*"]),
      );
      const raw = await signed("s3", "POST", "/wire", "x", { credentials: narrow.credentials });
      assert.equal(code(await send(raw)), "403 AccessDenied");
      assert.equal(code(await send(await signed("s3", "GET", "/wire?acl&policy"))), "400 InvalidArgument");
    });
    it("every decision can be read afterwards: who, what, on what, and which statement decided", async () => {
      const reader = await world.person(
        "dev",
        "reader",
        policy({ Sid: "MayList", Action: "iam:ListUsers", Resource: "*" }),
      );
      const since = (await world.decisions()).at(-1)!.number;
      await world.client(IAMClient, reader.credentials).send(new ListUsersCommand({}));
      const [decision, ...more] = await world.decisions(since);
      const { who, action, resource, allowed, by } = decision!;
      assert.deepEqual(
        { who, action, resource, allowed, by, more },
        {
          who: reader.arn,
          action: "iam:ListUsers",
          resource: "*",
          allowed: true,
          by: ["identity-based policy own statement MayList"],
          more: [],
        },
      );
    });
  });

  describe("malformed and huge requests", () => {
    const malformed: Record<string, [expected: string, () => Promise<Raw>]> = {
      "a form without an action": [
        "400 MissingAction",
        () => signed("iam", "POST", "/", "Version=2010-05-08", { headers: FORM }),
      ],
      "a form with a parameter given twice": [
        "400 MalformedQueryString",
        () =>
          signed("iam", "POST", "/", "Action=GetUser&UserName=a&UserName=b&Version=2010-05-08", {
            headers: FORM,
          }),
      ],
      "an action in the URL and in the body": [
        "400 MalformedQueryString",
        () =>
          signed("iam", "POST", "/?Action=DeleteUser", "Action=GetUser&Version=2010-05-08", {
            headers: FORM,
          }),
      ],
      "a form badly encoded": [
        "400 MalformedQueryString",
        () => signed("iam", "POST", "/", "Action=%zz", { headers: FORM }),
      ],
      "JSON that is none": [
        "400 SerializationException",
        () => signed("ssm", "POST", "/", "{", { headers: { "x-amz-target": "AmazonSSM.GetParameter" } }),
      ],
      "JSON that is no object": [
        "400 SerializationException",
        () => signed("ssm", "POST", "/", "[1]", { headers: { "x-amz-target": "AmazonSSM.GetParameter" } }),
      ],
      "JSON posing as a form": [
        "400 MalformedQueryString",
        () =>
          signed("ssm", "POST", "/", "{}", {
            headers: { ...FORM, "x-amz-target": "AmazonSSM.GetParameter" },
          }),
      ],
      "XML that names nothing to delete": [
        "400 MalformedXML",
        () => signed("s3", "POST", "/wire?delete", "<nonsense"),
      ],
      "a path badly encoded": ["400 InvalidURI", () => signed("s3", "GET", "/wire/%zz")],
      "a body too large": [
        "413 EntityTooLarge",
        () => signed("s3", "PUT", "/wire/huge", Buffer.alloc(16 * 1024 * 1024 + 1)),
      ],
      "a path without a bucket": ["400 InvalidBucketName", () => signed("s3", "DELETE", "//wire/key")],
      "a bucket's name encoded": ["400 InvalidBucketName", () => signed("s3", "DELETE", "/wire%2Fkey")],
      "a listing posing as another question": [
        "400 InvalidArgument",
        () => signed("s3", "GET", "/wire?replication&list-type=2"),
      ],
      "an empty upload ID": ["400 InvalidArgument", () => signed("s3", "DELETE", "/wire/key?uploadId=")],
      "a topic encoded twice": [
        "400 InvalidRequestException",
        () => signed("iotdata", "POST", "/topics/test%252Fsecret"),
      ],
      "moto's own pages": ["403 AccessDenied", () => signed("s3", "POST", "/moto-api/reset")],
      "moto's own pages, encoded": ["403 AccessDenied", () => signed("s3", "POST", "/%6doto-api/reset")],
      "moto's instance metadata": [
        "403 AccessDenied",
        () => signed("s3", "GET", "/latest/meta-data/iam/security-credentials/"),
      ],
    };
    for (const [name, [expected, make]] of Object.entries(malformed))
      it(`${name}: ${expected}`, async () => {
        const answer = await make().then(send, (error: Error) => ({ status: 0, body: error.message }));
        // A client may see the connection close on it before it has sent all.
        if (expected.startsWith("413") && answer.status === 0) assert.match(answer.body, /EPIPE|ECONNRESET/);
        else assert.equal(code(answer), expected);
      });
    it("a body of the largest size passes", async () => {
      const raw = await signed("s3", "PUT", "/wire/large", Buffer.alloc(16 * 1024 * 1024));
      assert.equal(code(await send(raw)), "200");
    });
    it("a body too large that does not say its length", async () => {
      const { headers, path } = await signed("s3", "PUT", "/wire/huge", "");
      const answer = await world
        .raw("PUT", path, { ...headers, "transfer-encoding": "chunked" }, Buffer.alloc(17 * 1024 * 1024))
        .catch((error: Error) => ({ status: 413, body: error.message }));
      assert.equal(answer.status, 413);
    });
    it("headers too large, and bytes that are no HTTP", async () => {
      assert.equal((await world.raw("GET", "/", { "x-large": "x".repeat(64 * 1024) })).status, 431);
      const { port } = new URL(world.gateway.url);
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.write("\x16\x03\x01 no HTTP\r\n\r\n"));
        socket.on("data", (data) => resolve(data.toString())).on("error", reject);
      });
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.equal(code(await send(await identity())), "200");
    });
    it("the control endpoints answer no web page", async () => {
      assert.equal((await world.raw("GET", "/_sandbox/health")).status, 200);
      assert.equal(
        (await world.raw("GET", "/_sandbox/health", { origin: "https://example.com" })).status,
        403,
      );
      assert.equal(
        (await world.raw("GET", "/_sandbox/decisions", { host: "rebound.example.com" })).status,
        403,
      );
      // A plain GET of a browser has no origin, but says where it comes from.
      assert.equal(
        (await world.raw("GET", "/_sandbox/decisions", { "sec-fetch-site": "cross-site" })).status,
        403,
      );
      assert.equal((await world.raw("GET", "/_sandbox/other")).status, 404);
    });
    it("moto, which checks no signature, answers the gateway alone", async () => {
      const url = `http://127.0.0.1:${world.motoEndpoint.port}`;
      for (const path of ["/", "/moto-api/data.json"]) {
        assert.equal((await fetch(new URL(path, url))).status, 403, path);
        const headers = { "x-sandbox-secret": "guessed" };
        assert.equal((await fetch(new URL(path, url), { headers })).status, 403, path);
      }
    });
  });

  it("moto does one request of a service at a time, and a slow service holds up no other", async () => {
    const moto = new Moto(world.motoEndpoint, REGION);
    const ask = (service: string, operation: string, params: object) =>
      moto.json(ACCOUNTS.prod, service, REGION, operation, params);
    const QueueUrl = (await ask("sqs", "AmazonSQS.CreateQueue", { QueueName: "waited-for" }))?.QueueUrl;
    const askAnother = () => ask("ssm", "AmazonSSM.DescribeParameters", {});
    await askAnother();
    const started = Date.now();
    let ended = 0;
    const polls = [1, 2, 3].map(async () => {
      await ask("sqs", "AmazonSQS.ReceiveMessage", { QueueUrl, WaitTimeSeconds: 1 });
      ended++;
    });
    await askAnother();
    assert.ok(ended < polls.length, "Systems Manager answers before the queue does");
    await Promise.all(polls);
    assert.ok(Date.now() - started >= 3000, `three polls of a second took ${Date.now() - started} ms`);
    moto.close();
  });

  it("a hundred clients at once, each its own person's rights", async () => {
    const people = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        world.person("dev", `crowd-${i}`, allow("s3:*Object", `arn:aws:s3:::wire/crowd-${i}/*`)),
      ),
    );
    const results = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const person = people[i % 10]!;
        const s3 = world.client(S3Client, person.credentials);
        const Key = `${person.name}/${i}`;
        await s3.send(new PutObjectCommand({ Bucket: "wire", Key, Body: Key }));
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: "wire", Key }));
        const foreign = await outcome(
          s3.send(new GetObjectCommand({ Bucket: "wire", Key: `crowd-${(i + 1) % 10}/${i + 1}` })),
        );
        const { Arn } = await world
          .client(STSClient, person.credentials)
          .send(new GetCallerIdentityCommand({}));
        return [await Body!.transformToString(), foreign, Arn];
      }),
    );
    assert.deepEqual(
      results,
      results.map((_, i) => [`crowd-${i % 10}/${i}`, "AccessDenied", people[i % 10]!.arn]),
    );
  });
});
