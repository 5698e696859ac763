import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetInventorySchemaCommand, GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import {
  AMBIENT_CREDENTIALS,
  accountEnvironment,
  describeLoss,
  findDaemons,
  lostSandbox,
  type Sandbox,
  sandboxStatus,
  startSandbox,
  stopSandbox,
} from "../accounts";
import { commandOf } from "../processes";
import { toolchain } from "../toolchain";
import { ACCOUNTS, REGION } from "./gateway-world";

const LOSS =
  /accounts dev 111111111111, prod 222222222222, outsider 333333333333 are gone, with all that stack dev deployed into them\. Make them anew: npm run rehearse -- dev/;

describe("the sandbox's accounts, in a process of their own", function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), "sandbox-accounts-"));
  let motoServer: string;
  let first: Sandbox;
  let interrupted: number;
  const start = (accounts: Record<string, string> = ACCOUNTS, region = REGION) =>
    startSandbox({ directory, accounts, region, stack: "dev", motoServer });
  const motoPid = () => JSON.parse(readFileSync(join(directory, "moto.json"), "utf8")).pid as number;
  /** In one step: what still writes into the folder cannot put a file into a half-removed one. */
  const removeFolder = () => {
    renameSync(directory, `${directory}.removed`);
    rmSync(`${directory}.removed`, { recursive: true });
  };
  const log = () => readFileSync(join(directory, "daemon.log"), "utf8");
  const client = <T>(make: new (configuration: object) => T, { url, awsConfigFile }: Sandbox): T =>
    new make({
      region: REGION,
      endpoint: url,
      maxAttempts: 1,
      credentials: fromIni({ profile: "dev", configFilepath: awsConfigFile, filepath: awsConfigFile }),
    });
  /** Each protocol's client shows the same error: what is gone, and what makes it anew. */
  const assertLossIsSaid = async (sandbox: Sandbox) => {
    const answers = [
      () => client(S3Client, sandbox).send(new ListBucketsCommand({})),
      () => client(IAMClient, sandbox).send(new ListUsersCommand({})),
      () => client(STSClient, sandbox).send(new GetCallerIdentityCommand({})),
      () => client(EC2Client, sandbox).send(new DescribeInstancesCommand({})),
      () => client(SSMClient, sandbox).send(new GetParameterCommand({ Name: "p" })),
    ];
    for (const ask of answers)
      await assert.rejects(ask(), (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
        assert.equal(error.$metadata?.httpStatusCode, 503, ask.toString());
        assert.equal(error.name, "ServiceUnavailable", ask.toString());
        assert.match(error.message, LOSS);
        return true;
      });
    const anonymous = await fetch(`${sandbox.url}/bucket/key`, { method: "PUT", body: "x".repeat(100_000) });
    assert.equal(anonymous.status, 503);
    assert.match(await anonymous.text(), LOSS);
    assert.match(log(), LOSS);
    assert.equal(await sandboxStatus(directory), undefined);
    assert.match(describeLoss((await lostSandbox(directory))!), LOSS);
  };
  const gone = async (pid: number) => {
    for (let i = 0; i < 100 && commandOf(pid); i++) await sleep(50);
    return commandOf(pid) === undefined;
  };
  before(async () => {
    motoServer = process.env.MOTO_SERVER ?? (await toolchain()).motoServer;
  });
  after(async () => {
    await stopSandbox(directory);
    rmSync(directory, { recursive: true, force: true });
  });

  it("a start that is interrupted leaves nothing that the next one does not end", async () => {
    const options = JSON.stringify({ directory, accounts: ACCOUNTS, region: REGION, motoServer });
    const script = `require("../accounts").startSandbox(${options})`;
    const starter = spawn(process.execPath, ["-r", "tsx/cjs", "-e", script], {
      cwd: __dirname,
    });
    while (findDaemons(directory).length === 0) await sleep(20);
    starter.kill("SIGKILL");
    interrupted = findDaemons(directory)[0]!;
    assert.ok(commandOf(interrupted), "it goes on without who started it");
  });

  it("two starts at once give one life, and the next start finds it", async () => {
    const both = await Promise.all([start(), start()]);
    assert.deepEqual(both.map((one) => one.startedAnew).sort(), [false, true]);
    first = both[0];
    const again = await start();
    assert.deepEqual(
      [both[1].instance, again.instance, again.startedAnew],
      [first.instance, first.instance, false],
    );
    assert.deepEqual(await sandboxStatus(directory), again);
    assert.ok(interrupted !== first.pid && (await gone(interrupted)));
  });

  it("keys and records are readable by their owner alone", () => {
    for (const name of ["aws/config", "aws/credentials", "daemon.json", "moto.json", "daemon.log"])
      assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name);
    assert.doesNotMatch(readFileSync(join(directory, "daemon.log"), "utf8"), /aws_secret|SecretAccessKey/);
  });

  it("a tool with an account's environment, and none of its own, acts there", async () => {
    const script = `
      const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
      const { S3Client, ListBucketsCommand } = require("@aws-sdk/client-s3");
      new S3Client({}).send(new ListBucketsCommand({}))
        .then(() => new STSClient({}).send(new GetCallerIdentityCommand({})))
        .then((who) => console.log(who.Arn));`;
    const ambient = {
      AWS_ACCESS_KEY_ID: "AKIAREAL",
      AWS_SECRET_ACCESS_KEY: "real",
      AWS_ENDPOINT_URL_STS: "http://127.0.0.1:9",
    };
    const kept = Object.entries({ ...process.env, ...ambient }).filter(
      ([name]) => !AMBIENT_CREDENTIALS.includes(name),
    );
    for (const [profile, id] of Object.entries(ACCOUNTS)) {
      const env = { ...Object.fromEntries(kept), ...accountEnvironment(first, profile) };
      const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { env, cwd: __dirname });
      assert.equal(stdout.trim(), `arn:aws:iam::${id}:user/sandbox-administrator`);
    }
    assert.throws(() => accountEnvironment(first, "stage"), /no account stage; it has dev, prod, outsider/);
  });

  it("a sandbox whose folder was removed while it ran is stopped by the next start", async () => {
    const orphan = first.pid;
    removeFolder();
    assert.equal(await sandboxStatus(directory), undefined);
    first = await start();
    assert.ok(first.pid !== orphan && (await gone(orphan)));
  });

  it("a lock that a killed start left behind holds no one up", async () => {
    const lock = join(directory, "start.lock");
    for (const leave of [() => writeFileSync(lock, ""), () => symlinkSync("999999999", lock)]) {
      leave();
      assert.equal((await start()).instance, first.instance);
    }
  });

  it("other accounts than the running ones are refused by name, and malformed ones before anything starts", async () => {
    await assert.rejects(
      start({ ...ACCOUNTS, prod: "999999999999" }),
      /runs with the accounts .*prod 222222222222.*; expected are .*prod 999999999999.*npm run sandbox -- stop/,
    );
    await assert.rejects(start(ACCOUNTS, "eu-west-1"), /in ap-northeast-1; expected are .* in eu-west-1/);
    await assert.rejects(start({ dev: "12" }), /account dev needs a 12-digit ID; found '12'/);
  });

  it("on a full disk the accounts go on, and the log says later what it lacks", async () => {
    const ask = () => client(SSMClient, first).send(new GetInventorySchemaCommand({}));
    const path = join(directory, "daemon.log");
    rmSync(path);
    // Each write to this device fails as on a full disk.
    symlinkSync("/dev/full", path);
    try {
      for (let i = 0; i < 3; i++) await assert.rejects(ask(), { name: "NotImplemented" });
    } finally {
      rmSync(path);
    }
    await assert.rejects(ask(), { name: "NotImplemented" });
    assert.match(log(), /^\(\d+ lines before this one could not be written\)\n[\s\S]*GetInventorySchema/);
    assert.deepEqual(await sandboxStatus(directory), { ...first, startedAnew: false });
  });

  it("a gateway killed: moto says in its place what is gone, until the next start ends it", async () => {
    assert.equal(await lostSandbox(directory), undefined);
    const orphan = motoPid();
    process.kill(first.pid, "SIGKILL");
    assert.ok(await gone(first.pid));
    while (!LOSS.test(log())) await sleep(20);
    await assertLossIsSaid(first);
    const second = await start();
    assert.ok(await gone(orphan));
    assert.deepEqual([second.startedAnew, second.instance === first.instance], [true, false]);
    assert.match(readFileSync(join(directory, "daemon.log.1"), "utf8"), LOSS);
    first = second;
  });

  it("a gateway killed, and its folder removed: moto ends a little later", async () => {
    const orphan = motoPid();
    process.kill(first.pid, "SIGKILL");
    removeFolder();
    assert.ok((await gone(first.pid)) && (await gone(orphan)));
    first = await start();
  });

  it("moto killed: the gateway says what is gone, until the next start ends it", async () => {
    process.kill(motoPid(), "SIGKILL");
    while (!LOSS.test(log())) await sleep(20);
    await assertLossIsSaid(first);
    const second = await start();
    assert.ok(second.startedAnew && (await gone(first.pid)));
    first = second;
  });

  it("accounts that were stopped are not lost", async () => {
    await stopSandbox(directory);
    assert.equal(await lostSandbox(directory), undefined);
  });

  it("stopped, nothing of it runs; stopping twice is no error", async () => {
    const sandbox = await start();
    const moto = motoPid();
    assert.equal(await stopSandbox(directory), true);
    assert.ok((await gone(sandbox.pid)) && (await gone(moto)));
    assert.equal(existsSync(join(directory, "daemon.json")), false);
    assert.equal(await stopSandbox(directory), false);
  });

  it("accounts whose folder is removed while they run are ended by stop, or by the next start", async () => {
    for (const end of [stopSandbox, () => start()]) {
      const sandbox = await start();
      const moto = motoPid();
      removeFolder();
      await end(directory);
      assert.ok((await gone(sandbox.pid)) && (await gone(moto)), end.name);
    }
    assert.equal(findDaemons(directory).length, 1, "the next start's own");
    await stopSandbox(directory);
  });

  it("accounts whose folder is removed end without anybody's help, a little later", async () => {
    const sandbox = await start();
    const moto = motoPid();
    removeFolder();
    for (let i = 0; i < 100 && commandOf(sandbox.pid); i++) await sleep(100);
    assert.ok((await gone(sandbox.pid)) && (await gone(moto)));
    mkdirSync(directory);
  });

  it("a record of a process that is another's now is not believed, and that process not harmed", async () => {
    writeFileSync(join(directory, "daemon.json"), JSON.stringify({ ...first, pid: process.pid }));
    writeFileSync(join(directory, "moto.json"), JSON.stringify({ pid: process.pid, port: 1 }));
    assert.equal(await sandboxStatus(directory), undefined);
    assert.equal(await stopSandbox(directory), false);
  });

  it("a moto that does not start is reported with its log", async () => {
    await assert.rejects(
      startSandbox({
        directory,
        accounts: ACCOUNTS,
        region: REGION,
        motoServer: join(directory, "no-such-moto"),
      }),
      /did not start[\s\S]*no-such-moto[\s\S]*ENOENT/,
    );
  });
});
