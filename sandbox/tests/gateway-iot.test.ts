import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sha256 } from "@aws-crypto/sha256-js";
import { DeleteUserPolicyCommand, IAMClient } from "@aws-sdk/client-iam";
import { DescribeEndpointCommand, IoTClient } from "@aws-sdk/client-iot";
import { IoTDataPlaneClient, PublishCommand, type PublishCommandInput } from "@aws-sdk/client-iot-data-plane";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AwsCredentialIdentity } from "@smithy/types";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { WebSocket } from "ws";
import { AMBIENT_CREDENTIALS } from "../accounts";
import {
  ACCOUNTS,
  allow,
  outcome,
  type Person,
  type Profile,
  policy,
  REGION,
  World,
  words,
} from "./gateway-world";

const TOPIC = "topic/test";
const KB = 1024;
const arn = (profile: Profile, resource: string, region = REGION) =>
  `arn:aws:iot:${region}:${ACCOUNTS[profile]}:${resource}`;
const event = (client: MqttClient, name: "message" | "close") =>
  new Promise<unknown>((resolve) => client.once(name, resolve));
/** What a listener to `topics` is allowed. */
const listening = (profile: Profile, clientId: string, topics: string[]) =>
  policy(
    { Action: "iot:Connect", Resource: arn(profile, `client/${clientId}`) },
    { Action: "iot:Subscribe", Resource: topics.map((topic) => arn(profile, `topicfilter/${topic}`)) },
    { Action: "iot:Receive", Resource: topics.map((topic) => arn(profile, `topic/${topic}`)) },
  );

describe("gateway: AWS IoT", function () {
  this.timeout(60_000);
  let world: World;
  let dev: Person;
  let roleArn: string;
  let role: AwsCredentialIdentity;
  let devices: MqttClient[] = [];

  before(async () => {
    world = await World.start();
    roleArn = await world.role(
      "prod",
      "TopicPublisher",
      policy({ Principal: { AWS: ACCOUNTS.dev }, Action: "sts:AssumeRole" }),
      policy(
        { Action: "iot:Publish", Resource: arn("prod", `topic/${TOPIC}`) },
        { Action: "iot:Connect", Resource: arn("prod", "client/device") },
      ),
    );
    dev = await world.person("dev", "topic-publisher", allow("sts:AssumeRole", roleArn));
    role = await world.assume(dev.credentials, roleArn);
  });
  after(() => world?.stop());
  afterEach(() => {
    for (const device of devices) device.end(true);
    devices = [];
  });

  const host = () => new URL(world.gateway.url).host;
  /** A signed URL as AWS's device SDKs write it: the token follows the signature. */
  async function signedUrl(
    { sessionToken, ...credentials }: AwsCredentialIdentity,
    { region = REGION, service = "iotdevicegateway", path = "/mqtt", query = {}, ago = 0 } = {},
  ): Promise<string> {
    const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 });
    const request = new HttpRequest({
      protocol: "ws:",
      method: "GET",
      path,
      query,
      headers: { host: host() },
    });
    const signed = await signer.presign(request, {
      signingDate: new Date(world.now() - ago * 1000),
      expiresIn: 300,
    });
    const parameters = { ...signed.query, ...(sessionToken ? { "X-Amz-Security-Token": sessionToken } : {}) };
    return `ws://${host()}${path}?${new URLSearchParams(parameters as Record<string, string>)}`;
  }
  async function device(
    who: AwsCredentialIdentity,
    clientId: string,
    options: IClientOptions = {},
    region = REGION,
  ): Promise<MqttClient> {
    const url = await signedUrl(who, { region });
    const client = await connectAsync(url, { clientId, reconnectPeriod: 0, ...options }, false);
    client.on("error", () => {});
    devices.push(client);
    return client;
  }
  /** The administrator of an account, listening; what it hears is in the list, as `topic payload`. */
  async function listener(profile: Profile, filter = "#", region = REGION, qos: 0 | 1 = 1) {
    const client = await device(world.gateway.administrators[profile]!, `listener-${profile}`, {}, region);
    const heard: string[] = [];
    client.on("message", (topic, payload) => heard.push(`${topic} ${payload}`));
    await client.subscribeAsync(filter, { qos });
    /** All that was heard until `last` was. */
    return async (last: string) => {
      while (heard.at(-1) !== last) await event(client, "message");
      return heard.splice(0);
    };
  }
  const publish = (who: AwsCredentialIdentity, topic: string, payload = "hello", more = {}) =>
    world
      .client(IoTDataPlaneClient, who, more)
      .send(new PublishCommand({ topic, payload, qos: 1 } as PublishCommandInput));
  const asAdmin = (profile: Profile, topic: string, payload = "hello", more = {}) =>
    publish(world.gateway.administrators[profile]!, topic, payload, more);
  /** The HTTP status and body that a WebSocket handshake ends with. */
  const handshake = (url: string) =>
    new Promise<string>((resolve, reject) => {
      const ws = new WebSocket(url, ["mqtt"]);
      ws.on("open", () => {
        ws.terminate();
        resolve("open");
      });
      ws.on("unexpected-response", async (_request, answer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of answer) chunks.push(chunk as Buffer);
        resolve(
          `${answer.statusCode} ${answer.headers["x-amzn-errortype"]} ${JSON.parse(`${Buffer.concat(chunks)}`).message}`,
        );
      });
      ws.on("error", reject);
    });
  /** What becomes of a connection: refused with a CONNACK code, or connected. */
  const connecting = (who: AwsCredentialIdentity, clientId: string, options: IClientOptions = {}) =>
    device(who, clientId, options).then(
      () => "connected",
      (error: Error & { code?: number }) => `${error.message}`,
    );
  const closed = (client: MqttClient) => client.connected && event(client, "close");

  describe("publish over HTTPS", () => {
    it("a role's message is seen by a subscriber of its account, and in no other account or Region", async () => {
      const [prod, elsewhere, outsider, far] = await Promise.all([
        listener("prod"),
        listener("dev"),
        listener("outsider"),
        listener("prod", "#", "eu-west-1"),
      ]);
      await publish(role, TOPIC, "from the role");
      await Promise.all([
        asAdmin("prod", "end"),
        asAdmin("dev", "end"),
        asAdmin("outsider", "end"),
        asAdmin("prod", "end", "hello", { region: "eu-west-1" }),
      ]);
      assert.deepEqual(await prod("end hello"), [`${TOPIC} from the role`, "end hello"]);
      for (const other of [elsewhere, outsider, far])
        assert.deepEqual(await other("end hello"), ["end hello"]);
    });

    it("another topic is refused, however it is written, and no client receives it", async () => {
      const heard = await listener("prod");
      for (const topic of [
        "topic/other",
        "topic",
        "topic/tes*",
        "topic/*",
        "*",
        "topic/test/",
        "/topic/test",
        "topic//test",
        "Topic/test",
        "topic/test\n",
        arn("prod", `topic/${TOPIC}`),
        arn("dev", `topic/${TOPIC}`),
      ])
        assert.equal(await outcome(publish(role, topic, "no")), "ForbiddenException", topic);
      await asAdmin("prod", "end");
      assert.deepEqual(await heard("end hello"), ["end hello"]);
      assert.match(
        await words(publish(role, "topic/other")),
        /assumed-role\/TopicPublisher\/session is not authorized to perform: iot:Publish on resource: arn:aws:iot:ap-northeast-1:222222222222:topic\/topic\/other because no identity-based policy allows/,
      );
    });

    it("without the role, the person publishes to neither account", async () => {
      const heard = await listener("prod");
      assert.equal(await outcome(publish(dev.credentials, TOPIC)), "ForbiddenException");
      await asAdmin("dev", TOPIC, "in dev");
      await asAdmin("prod", "end");
      assert.deepEqual(await heard("end hello"), ["end hello"]);
    });

    it("a forged signature is refused", async () => {
      const forged = { ...role, secretAccessKey: dev.credentials.secretAccessKey };
      assert.equal(await outcome(publish(forged, TOPIC)), "ForbiddenException");
    });

    it("what AWS IoT does not take is refused by name", async () => {
      const refused = (topic: string, more: object) =>
        outcome(
          world
            .admin(IoTDataPlaneClient, "prod")
            .send(new PublishCommand({ topic, ...more } as PublishCommandInput)),
        );
      assert.equal(await refused("t", { payload: Buffer.alloc(128 * KB) }), "allowed");
      assert.equal(
        await refused("t", { payload: Buffer.alloc(128 * KB + 1) }),
        "RequestEntityTooLargeException",
      );
      assert.equal(await refused("a/b/c/d/e/f/g/h", {}), "allowed");
      for (const [topic, more] of [
        ["t", { qos: 2 }],
        ["t", { retain: true }],
        ["a/b/c/d/e/f/g/h/i", {}],
        ["x".repeat(257), {}],
        ["$SYS/x", {}],
        ["a/+", {}],
        ["#", {}],
      ] as const)
        assert.equal(await refused(topic, more), "InvalidRequestException", topic);
    });

    it("is recorded with who, what and why", async () => {
      const before = (await world.decisions()).at(-1)!.number;
      await publish(role, TOPIC);
      await outcome(publish(role, "other"));
      const [first, second, ...more] = await world.decisions(before);
      assert.deepEqual(more, []);
      assert.deepEqual(
        [first, second].map((one) => [one!.who.split("/")[1], one!.action, one!.resource, one!.allowed]),
        [
          ["TopicPublisher", "iot:Publish", arn("prod", `topic/${TOPIC}`), true],
          ["TopicPublisher", "iot:Publish", arn("prod", "topic/other"), false],
        ],
      );
    });
  });

  describe("MQTT over a signed WebSocket", () => {
    for (const qos of [0, 1] as const)
      it(`the role publishes with QoS ${qos}, and a subscriber of its account alone sees it`, async () => {
        const [prod, elsewhere] = await Promise.all([listener("prod"), listener("dev")]);
        const publisher = await device(role, "device");
        await publisher.publishAsync(TOPIC, "from the device", { qos });
        assert.deepEqual(await prod(`${TOPIC} from the device`), [`${TOPIC} from the device`]);
        await asAdmin("dev", "end");
        assert.deepEqual(await elsewhere("end hello"), ["end hello"]);
      });

    it("a message to another topic is not delivered, and closes the connection", async () => {
      const heard = await listener("prod");
      for (const topic of ["topic/other", "topic/tes*", arn("prod", `topic/${TOPIC}`)]) {
        const publisher = await device(role, "device");
        publisher.publish(topic, "no");
        await closed(publisher);
      }
      await asAdmin("prod", "end");
      assert.deepEqual(await heard("end hello"), ["end hello"]);
    });

    it("another client ID is refused with the code for that", async () => {
      for (const clientId of ["other", "devic*", "*", "device2"])
        assert.equal(await connecting(role, clientId), "Connection refused: Not authorized", clientId);
      assert.equal(await connecting(dev.credentials, "device"), "Connection refused: Not authorized");
      assert.equal(await connecting(role, "device"), "connected");
    });

    it("subscriptions are granted one by one", async () => {
      const person = await world.person(
        "prod",
        "listener",
        listening("prod", "one", ["open/+", "plain"]).replace("topic/open/+", "topic/open/a"),
      );
      const one = await device(person.credentials, "one");
      const granted = await one.subscribeAsync({ "open/+": { qos: 1 }, plain: { qos: 0 } });
      assert.deepEqual(
        granted.map(({ topic, qos }) => [topic, qos]),
        [
          ["open/+", 1],
          ["plain", 0],
        ],
      );
      for (const filter of ["#", "open/#", "open/a", "plai*", "*", "$aws/things/#", "+"])
        await assert.rejects(one.subscribeAsync(filter), /Unspecified error/, filter);
      // Received is what iot:Receive allows as well.
      const heard: string[] = [];
      one.on("message", (topic) => heard.push(topic));
      for (const topic of ["open/b", "open/a", "other", "plain"]) await asAdmin("prod", topic);
      while (heard.at(-1) !== "plain") await event(one, "message");
      assert.deepEqual(heard, ["open/a", "plain"]);
      const refused = (await world.decisions()).find(
        (decision) => decision.action === "iot:Receive" && !decision.allowed,
      );
      assert.equal(refused?.resource, arn("prod", "topic/open/b"));
    });

    it("a client that loses its permission or its credentials loses the connection's use", async () => {
      const person = await world.person("prod", "leaver", listening("prod", "leaver", ["news"]));
      const leaver = await device(person.credentials, "leaver");
      const heard: string[] = [];
      leaver.on("message", (_topic, payload) => heard.push(`${payload}`));
      await leaver.subscribeAsync("news");
      await asAdmin("prod", "news", "before");
      await world
        .admin(IAMClient, "prod")
        .send(new DeleteUserPolicyCommand({ UserName: "leaver", PolicyName: "own" }));
      await asAdmin("prod", "news", "after");
      assert.deepEqual(heard, ["before"]);

      const session = await world.assume(dev.credentials, roleArn);
      const publisher = await device(session, "device");
      await publisher.publishAsync(TOPIC, "still", { qos: 1 });
      await world.raw("POST", `/_sandbox/expire?accessKeyId=${session.accessKeyId}`);
      publisher.publish(TOPIC, "late");
      await closed(publisher);
      assert.match(await handshake(await signedUrl(session)), /^403 ForbiddenException .*expired/);
    });

    it("messages of one publisher arrive once each, and those of one QoS in their order", async () => {
      const heard = await listener("prod");
      const publisher = await device(role, "device");
      const sent = Array.from({ length: 60 }, (_, i) => `${TOPIC} ${i}`);
      await Promise.all(
        sent.map((one, i) => publisher.publishAsync(TOPIC, one.split(" ")[1]!, { qos: (i % 2) as 0 | 1 })),
      );
      await asAdmin("prod", "end");
      const [even, odd] = [0, 1].map((qos) => sent.filter((_, i) => i % 2 === qos));
      const all = await heard("end hello");
      assert.equal(all.length, 61);
      assert.deepEqual(
        all.filter((one) => even!.includes(one)),
        even,
      );
      assert.deepEqual(
        all.filter((one) => odd!.includes(one)),
        odd,
      );
    });

    it("a second connection with the same client ID ends the first, in its own account only", async () => {
      const [first, other] = await Promise.all([
        device(world.gateway.administrators.prod!, "same"),
        device(world.gateway.administrators.dev!, "same"),
      ]);
      const second = await device(world.gateway.administrators.prod!, "same");
      await closed(first);
      assert.ok(second.connected && other.connected);
    });

    it("a last will is published when the connection breaks, if the role may publish it", async () => {
      const heard = await listener("prod");
      for (const topic of ["other", TOPIC]) {
        const will = { topic, payload: Buffer.from("gone"), qos: 1 as const, retain: false };
        (await device(role, "device", { will })).stream.destroy();
      }
      assert.deepEqual(await heard(`${TOPIC} gone`), [`${TOPIC} gone`]);
    });

    it("what AWS IoT does not take closes the connection", async () => {
      const admin = world.gateway.administrators.prod!;
      const heard = await listener("prod");
      const acts: ((client: MqttClient) => unknown)[] = [
        (client) => client.publish("t", Buffer.alloc(128 * KB + 1)),
        (client) => client.publish("t", "", { retain: true }),
        (client) => client.publish("t", "", { qos: 2 }),
        (client) => client.publish("$SYS/x", ""),
        (client) => client.publish("a/b/c/d/e/f/g/h/i", ""),
        (client) => client.subscribe("t", { qos: 2 }),
        (client) => client.subscribe("$SYS/#"),
        // A packet that says it has 256 MB, in small pieces.
        (client) => client.stream.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])),
        (client) => client.stream.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff])),
        (client) => client.stream.write(Buffer.alloc(1000, 0xff)),
      ];
      for (const act of acts) {
        const client = await device(admin, "wrong");
        act(client);
        await closed(client);
      }
      const client = await device(admin, "right");
      const payload = "x".repeat(128 * KB);
      await client.publishAsync("t", payload, { qos: 1 });
      assert.deepEqual(await heard(`t ${payload}`), [`t ${payload}`]);
    });

    it("a silent connection is closed after one and a half times its keep-alive", async () => {
      const ws = new WebSocket(await signedUrl(role), ["mqtt"]);
      await new Promise((resolve) => ws.once("open", resolve));
      const started = Date.now();
      const answer: Buffer[] = [];
      ws.on("message", (part: Buffer) => answer.push(part));
      // CONNECT of MQTT 3.1.1 with a clean session, a keep-alive of 1 second and the client ID `device`.
      ws.send(Buffer.from("\x10\x12\0\x04MQTT\x04\x02\0\x01\0\x06device"));
      await new Promise((resolve) => ws.once("close", resolve));
      assert.deepEqual([...Buffer.concat(answer)], [0x20, 2, 0, 0]);
      assert.ok(Date.now() - started > 1400);
    });

    it("there are at most 100 connections; one that ends makes room", async () => {
      const url = await signedUrl(role);
      const open: WebSocket[] = [];
      try {
        for (let i = 0; i < 100; i++) {
          const ws = new WebSocket(url, ["mqtt"]);
          open.push(ws);
          await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
        }
        assert.match(await handshake(url), /^429 ThrottlingException/);
        open[0]!.close();
        await new Promise((resolve) => open[0]!.once("close", resolve));
        assert.equal(await handshake(url), "open");
      } finally {
        for (const ws of open) ws.terminate();
      }
    });

    it("a connection has at most 50 subscriptions; those it gave up do not count", async () => {
      const client = await device(world.gateway.administrators.prod!, "many");
      for (let i = 0; i < 50; i++) await client.subscribeAsync(`many/${i}`);
      await client.subscribeAsync("many/0");
      await assert.rejects(client.subscribeAsync("many/50"), /Unspecified error/);
      await client.unsubscribeAsync("many/0");
      await client.subscribeAsync("many/50");
    });
  });

  describe("the signed URL", () => {
    const signature = /Signature=[0-9a-f]{4}/;
    const cases: [string, () => Promise<string>, RegExp][] = [
      ["good", () => signedUrl(role), /^open$/],
      ["good without a token", () => signedUrl(dev.credentials), /^open$/],
      ["signed for iotdata", () => signedUrl(role, { service: "iotdata" }), /^open$/],
      ["almost too old", () => signedUrl(role, { ago: 290 }), /^open$/],
      ["too old", () => signedUrl(role, { ago: 310 }), /^403 .*expired/],
      [
        "forged",
        async () => (await signedUrl(role)).replace(signature, "Signature=0000"),
        /^403 .*signature/,
      ],
      [
        "with another's secret",
        () => signedUrl({ ...role, secretAccessKey: dev.credentials.secretAccessKey }),
        /^403 .*signature/,
      ],
      [
        "without its token",
        async () => (await signedUrl(role)).replace(/&X-Amz-Security-Token=[^&]*/, ""),
        /^403 .*token/,
      ],
      [
        "with another session's token",
        async () =>
          signedUrl({ ...role, sessionToken: (await world.assume(dev.credentials, roleArn)).sessionToken! }),
        /^403 .*token/,
      ],
      [
        "with the token in what is signed",
        () => signedUrl(role, { query: { "X-Amz-Security-Token": role.sessionToken! } }),
        /^403 .*signature/,
      ],
      [
        "of a stranger's key",
        () => signedUrl({ ...role, accessKeyId: "AKIAIOSFODNN7EXAMPLE" }),
        /^403 .*token/,
      ],
      ["signed for S3", () => signedUrl(role, { service: "s3" }), /^403 .*iotdevicegateway/],
      ["for another path", () => signedUrl(role, { path: "/other" }), /^400 .*\/mqtt/],
      [
        "signed for another path",
        async () => (await signedUrl(role, { path: "/other" })).replace("/other", "/mqtt"),
        /^403 .*signature/,
      ],
      ["with more in it than was signed", async () => `${await signedUrl(role)}&more=1`, /^403 .*signature/],
      ["unsigned", async () => `ws://${host()}/mqtt`, /^403 .*Missing/],
    ];
    for (const [name, url, expected] of cases)
      it(`${name}: ${expected}`, async () => assert.match(await handshake(await url()), expected));

    it("without an expiry, as the device SDKs write it, is good for five minutes", async () => {
      const url = async (ago: number) => {
        const { sessionToken, ...credentials } = role;
        const time = new Date(world.now() - ago * 1000).toISOString().replace(/[:-]|\.\d+/g, "");
        const scope = `${time.slice(0, 8)}/${REGION}/iotdevicegateway/aws4_request`;
        const query = {
          "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
          "X-Amz-Credential": `${credentials.accessKeyId}/${scope}`,
          "X-Amz-Date": time,
          "X-Amz-SignedHeaders": "host",
        };
        const search = `${new URLSearchParams(query)}`;
        const hash = (value: string) => createHash("sha256").update(value).digest("hex");
        const canonical = ["GET", "/mqtt", search, `host:${host()}`, "", "host", hash("")].join("\n");
        const mac = (key: string | Buffer, value: string) => createHmac("sha256", key).update(value).digest();
        const key = scope.split("/").reduce<string | Buffer>(mac, `AWS4${credentials.secretAccessKey}`);
        const signature = mac(key, ["AWS4-HMAC-SHA256", time, scope, hash(canonical)].join("\n"));
        return `ws://${host()}/mqtt?${search}&X-Amz-Signature=${signature.toString("hex")}&X-Amz-Security-Token=${encodeURIComponent(sessionToken!)}`;
      };
      assert.equal(await handshake(await url(0)), "open");
      assert.match(await handshake(await url(310)), /^403 .*expired/);
    });
  });

  it("DescribeEndpoint names an address that leads back here", async () => {
    const iot = world.admin(IoTClient, "prod");
    const { endpointAddress } = await iot.send(new DescribeEndpointCommand({ endpointType: "iot:Data-ATS" }));
    assert.equal(endpointAddress, host());
    assert.equal(
      await outcome(iot.send(new DescribeEndpointCommand({ endpointType: "iot:Jobs" }))),
      "InvalidRequestException",
    );
    assert.equal(
      await outcome(world.client(IoTClient, role).send(new DescribeEndpointCommand({}))),
      "AccessDeniedException",
    );
  });

  it("the AWS CLI publishes by a profile that assumes the role", async function () {
    const folder = mkdtempSync(join(tmpdir(), "gateway-iot-"));
    const config = join(folder, "config");
    const { accessKeyId, secretAccessKey } = dev.credentials;
    writeFileSync(
      config,
      `[profile switch]
aws_access_key_id = ${accessKeyId}
aws_secret_access_key = ${secretAccessKey}
region = ${REGION}
endpoint_url = ${world.gateway.url}
[profile target]
role_arn = ${roleArn}
source_profile = switch
region = ${REGION}
endpoint_url = ${world.gateway.url}
`,
    );
    const env = {
      ...Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !AMBIENT_CREDENTIALS.includes(name)),
      ),
      // The CLI keeps the role's credentials there, past the life of these accounts.
      HOME: folder,
      AWS_CONFIG_FILE: config,
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"),
      no_proxy: "127.0.0.1",
    };
    const aws = (...args: string[]) =>
      new Promise<string>((resolve, reject) =>
        execFile("aws", args, { env }, (error, stdout, stderr) =>
          error && "code" in error && error.code === "ENOENT" ? reject(error) : resolve(stdout + stderr),
        ),
      );
    try {
      const version = await aws("--version").catch(() => undefined);
      if (version === undefined) return this.skip();
      const heard = await listener("prod");
      const publishing = (profile: string, topic: string) =>
        aws(
          ..."iot-data publish --qos 1 --payload".split(" "),
          version.startsWith("aws-cli/1") ? profile : Buffer.from(profile).toString("base64"),
          "--profile",
          profile,
          "--topic",
          topic,
        );
      assert.equal(await publishing("target", TOPIC), "");
      assert.deepEqual(await heard(`${TOPIC} target`), [`${TOPIC} target`]);
      assert.match(await publishing("target", "topic/other"), /ForbiddenException.*Publish operation/);
      assert.match(await publishing("switch", TOPIC), /ForbiddenException.*Publish operation/);
      return undefined;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
