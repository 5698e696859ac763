import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { DescribeInstancesCommand, EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { GetRolePolicyCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { DescribeParametersCommand, GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity } from "@smithy/types";
import type { MqttClient } from "mqtt";
import type { Statement } from "../../infra/access/policy";
import { commandArguments } from "../../tools/command-line";
import { CheckUsers } from "../../tools/verify/check-users";
import { brokerOf, connect } from "../../tools/verify/topic";
import { stopSandbox } from "../accounts";
import { ControlClient } from "../gateway/control-client";
import { confined, type Rehearsal } from "../rehearsal";
import { words } from "./gateway-world";
import { rehearseCopy } from "./project";
import { awsCli, DEPLOYMENT_TIMEOUT, typed } from "./shell";

const REGION = "ap-northeast-1";
const SECRET = "known to the reader alone";
const PROJECT = "cross-account-access";

describe("settings and commands of the scenarios, rehearsed", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "scenarios-"));
  const home = join(directory, "home");
  let rehearsal: Rehearsal;
  let outputs: Record<string, Record<string, string>>;

  const pulumi = async (...args: string[]) => {
    const env = confined(rehearsal.environment);
    const options = { env, cwd: rehearsal.project, maxBuffer: 1 << 26 };
    const { stdout } = await promisify(execFile)(
      rehearsal.tools.pulumi,
      [...args, "--stack", "dev"],
      options,
    );
    return stdout;
  };
  /** Deploys with these settings in addition to those of stack dev. */
  const up = async (...more: string[][]) => {
    for (const [name, ...value] of more) await pulumi("config", "set", `${PROJECT}:${name}`, ...value);
    await pulumi("up", "--yes", "--skip-preview", "--non-interactive");
  };
  const caller = (credentials: AwsCredentialIdentity | ReturnType<typeof fromIni>) => ({
    region: REGION,
    endpoint: rehearsal.sandbox.url,
    credentials,
  });
  const administrator = (profile: string) => {
    const file = rehearsal.sandbox.awsConfigFile;
    return caller(fromIni({ profile, configFilepath: file, filepath: file, ignoreCache: true }));
  };
  /** The AWS CLI of a person or machine whose home is `home`; what it prints, refusals too. */
  const aws = (command: string, extra: Record<string, string> = {}) =>
    typed(awsCli(), command.split(" "), "", {
      HOME: home,
      AWS_ENDPOINT_URL: rehearsal.sandbox.url,
      no_proxy: "127.0.0.1",
      ...extra,
    }).then(({ output }) => output);

  let parameterKeyArn: string;
  before(async () => {
    rehearsal = await rehearseCopy(directory);
    const { KeyMetadata } = await new KMSClient(administrator("prod")).send(new CreateKeyCommand({}));
    parameterKeyArn = KeyMetadata!.Arn!;
    await up(["parameterKeyArn", parameterKeyArn], ["parameterValue", SECRET, "--secret"]);
    outputs = JSON.parse(await pulumi("stack", "output", "--json", "--show-secrets"));
    mkdirSync(join(home, ".aws"), { recursive: true });
    const { instanceOperator, topicPublisher } = outputs;
    // The texts as the outputs give them, with nothing added.
    writeFileSync(
      join(home, ".aws", "config"),
      `${instanceOperator!.machineCliProfile}\n${topicPublisher!.cliProfiles}`,
    );
  });
  after(async () => {
    await stopSandbox(rehearsal.sandbox.directory);
    rmSync(directory, { recursive: true, force: true });
  });

  describe("a parameter with a key", () => {
    let session: ReturnType<typeof caller>;
    let reader: SSMClient;
    const get = () =>
      reader.send(
        new GetParameterCommand({ Name: outputs.parameterReader!.parameterName, WithDecryption: true }),
      );
    let users: CheckUsers;
    before(async () => {
      users = new CheckUsers(administrator("dev"), "secure");
      const member = await users.create("reader", ["ParameterReaders"]);
      const { Credentials } = await new STSClient(caller(member.credentials)).send(
        new AssumeRoleCommand({
          RoleArn: outputs.parameterReader!.roleArn,
          RoleSessionName: "reader",
          SerialNumber: member.mfaSerial,
          TokenCode: await member.nextCode(),
        }),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
      const credentials = {
        accessKeyId: AccessKeyId!,
        secretAccessKey: SecretAccessKey!,
        sessionToken: SessionToken!,
      };
      session = caller(credentials);
      reader = new SSMClient(session);
    });
    after(() => users.remove());

    it("is a SecureString under that key, and the role reads it decrypted", async () => {
      const { Parameters } = await reader.send(new DescribeParametersCommand({}));
      const about = Parameters!.find(({ Name }) => Name === outputs.parameterReader!.parameterName);
      assert.deepEqual([about?.Type, about?.KeyId], ["SecureString", parameterKeyArn]);
      assert.equal((await get()).Parameter!.Value, SECRET);
    });
    it("is refused to the role where it may not decrypt", async () => {
      const iam = new IAMClient(administrator("prod"));
      const at = { RoleName: "ParameterReader", PolicyName: "permissions" };
      const { PolicyDocument: text } = await iam.send(new GetRolePolicyCommand(at));
      const deployed = decodeURIComponent(text!);
      const { Statement, ...rest } = JSON.parse(deployed) as { Statement: Statement[] };
      const without = { ...rest, Statement: Statement.filter(({ Action }) => Action !== "kms:Decrypt") };
      assert.equal(without.Statement.length, Statement.length - 1);
      await iam.send(new PutRolePolicyCommand({ ...at, PolicyDocument: JSON.stringify(without) }));
      try {
        assert.match(await words(get()), /no identity-based policy allows the kms:Decrypt action/);
      } finally {
        await iam.send(new PutRolePolicyCommand({ ...at, PolicyDocument: deployed }));
      }
      assert.equal(await words(get()), "");
    });
    it("gives the role nothing else that the key protects", async () => {
      const EncryptionContext = { app: "payroll" };
      const { CiphertextBlob } = await new KMSClient(administrator("prod")).send(
        new EncryptCommand({ KeyId: parameterKeyArn, Plaintext: Buffer.from("wages"), EncryptionContext }),
      );
      const decrypt = (by: KMSClient) =>
        words(by.send(new DecryptCommand({ CiphertextBlob, EncryptionContext })));
      assert.match(
        await decrypt(new KMSClient(session)),
        /no identity-based policy allows the kms:Decrypt action/,
      );
      assert.equal(await decrypt(new KMSClient(administrator("prod"))), "");
    });
    it("stands nowhere in the engine's state as it is, no more than the device's key", () => {
      const state = join(rehearsal.sandbox.directory, "state");
      const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((one) =>
        one.isFile(),
      );
      const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"));
      assert(
        texts.some((text) => text.includes(parameterKeyArn)),
        "the state is not where it is looked for",
      );
      for (const secret of [SECRET, outputs.topicPublisher!.secretAccessKey!])
        assert(!texts.some((text) => text.includes(secret)));
    });
  });

  describe("the machine's AWS CLI, with the profile text of the output and what instance metadata gives", () => {
    let operated: string;
    let another: string;
    let metadata: Record<string, string>;
    const launch = async (profile: string, more: object) => {
      const one = { ImageId: "ami-12c6146b", MinCount: 1, MaxCount: 1, ...more };
      const { Instances } = await new EC2Client(administrator(profile)).send(new RunInstancesCommand(one));
      return Instances![0]!.InstanceId!;
    };
    const ec2 = (command: string) => aws(`ec2 ${command} --profile InstanceOperator`, metadata);
    before(async () => {
      const Tags = [{ Key: "operated", Value: "true" }];
      operated = await launch("prod", { TagSpecifications: [{ ResourceType: "instance", Tags }] });
      another = await launch("prod", {});
      const Name = outputs.instanceOperator!.instanceProfile;
      const machine = await launch("dev", { IamInstanceProfile: { Name } });
      const url = await new ControlClient(rehearsal.sandbox.url).metadataUrl(machine);
      metadata = { AWS_EC2_METADATA_SERVICE_ENDPOINT: url };
    });

    it("describes the instances of the other account, and not without its metadata", async () => {
      const { InstanceStatuses } = JSON.parse(await ec2("describe-instance-status --output json"));
      assert.deepEqual(
        InstanceStatuses.map((one: { InstanceId: string }) => one.InstanceId).sort(),
        [operated, another].sort(),
      );
      const elsewhere = join(directory, "no-machine");
      mkdirSync(join(elsewhere, ".aws"), { recursive: true });
      writeFileSync(join(elsewhere, ".aws", "config"), outputs.instanceOperator!.machineCliProfile!);
      const nothing = { HOME: elsewhere, AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:9" };
      assert.match(
        await aws("ec2 describe-instance-status --profile InstanceOperator", nothing),
        /Error when retrieving credentials from Ec2InstanceMetadata/,
      );
    });
    it("stops and starts the instance that has the tag, and no other", async () => {
      assert.match(await ec2(`stop-instances --instance-ids ${operated}`), /"StoppingInstances"/);
      assert.match(await ec2(`start-instances --instance-ids ${operated}`), /"StartingInstances"/);
      assert.match(await ec2(`stop-instances --instance-ids ${another}`), /UnauthorizedOperation/);
    });
    it("terminates an instance only where instanceFullAccess is chosen", async () => {
      const terminate = () => ec2(`terminate-instances --instance-ids ${another}`);
      assert.match(await terminate(), /UnauthorizedOperation/);
      await up(["instanceFullAccess", "true"]);
      assert.match(await terminate(), /"TerminatingInstances"/);
    });
  });

  describe("the device's AWS CLI, with the profile texts of the output", () => {
    let watcher: MqttClient;
    const seen: string[] = [];
    const publish = (profile: string, topic: string, message: string) => {
      writeFileSync(join(directory, "message"), message);
      const payload = `fileb://${join(directory, "message")}`;
      return aws(`iot-data publish --profile ${profile} --topic ${topic} --qos 1 --payload ${payload}`);
    };
    before(async () => {
      const { accessKeyId, secretAccessKey } = outputs.topicPublisher!;
      await aws(`configure set aws_access_key_id ${accessKeyId} --profile switch`);
      await aws(`configure set aws_secret_access_key ${secretAccessKey} --profile switch`);
      const prod = administrator("prod");
      watcher = await connect(prod, "watcher", await brokerOf(prod));
      watcher.on("message", (topic, payload) => seen.push(`${topic} ${payload}`));
      await watcher.subscribeAsync("topic/#", { qos: 1 });
    });
    after(() => watcher?.endAsync(true));

    it("publishes to the topic by the role, and a subscriber of the other account sees it", async () => {
      assert.equal(await publish("target", "topic/test", "hello"), "");
      for (const end = Date.now() + 10_000; seen.length === 0 && Date.now() < end; ) await sleep(20);
      assert.deepEqual(seen, ["topic/test hello"]);
    });
    it("publishes to no other topic, and without the role to none; nobody sees it", async () => {
      assert.match(await publish("target", "topic/other", "other"), /ForbiddenException/);
      assert.match(await publish("switch", "topic/test", "no role"), /ForbiddenException/);
      // In its order: what would have been seen was seen before this.
      assert.equal(await publish("target", "topic/test", "last"), "");
      for (const end = Date.now() + 10_000; !seen.includes("topic/test last") && Date.now() < end; )
        await sleep(20);
      assert.deepEqual(seen, ["topic/test hello", "topic/test last"]);
    });
  });

  describe("npm run verify", () => {
    const verify = async () => {
      const options = { env: confined(rehearsal.environment), cwd: rehearsal.project };
      return (await promisify(execFile)(process.execPath, commandArguments("verify", "dev"), options)).stdout;
    };
    it("expects of every check what these settings say", async () => {
      const said = await verify();
      assert.match(said, /terminate, run and tag instances +allowed/);
      assert.match(said, /outside the restriction +allowed/);
      assert.match(said, /(\d+) of \1 checks as expected/);
    });
    it("asks about an instance that the settings name, and leaves it as it is", async () => {
      const ec2 = new EC2Client(administrator("prod"));
      const { Reservations: [launched] = [] } = await ec2.send(
        new DescribeInstancesCommand({ Filters: [{ Name: "tag:operated", Values: ["true"] }] }),
      );
      const { InstanceId, State } = launched!.Instances![0]!;
      await up(["instanceFullAccess", "false"], ["operatedInstanceIds", JSON.stringify([InstanceId])]);
      const said = await verify();
      assert.match(
        said,
        /✔ {2}5 {2}As InstanceOperator: look at, stop, start and reboot an instance +allowed/,
      );
      assert.match(said, /✔ {2}7 {2}As InstanceOperator: an instance outside the restriction +refused/);
      assert.match(said, /(\d+) of \1 checks as expected/);
      const { Reservations: [left] = [] } = await ec2.send(
        new DescribeInstancesCommand({ InstanceIds: [InstanceId!] }),
      );
      assert.deepEqual(left!.Instances![0]!.State, State);
    });
  });
});
