import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as iam from "@aws-sdk/client-iam";
import {
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { ensureStack, forgetStack } from "../pulumi/engine";
import { typeOf } from "../pulumi/provider-aws/types";
import { toolchain } from "../toolchain";
import { engineWorld } from "./engine-world";
import { DEPLOYMENT_TIMEOUT } from "./shell";

const ACCOUNTS = { dev: "000000000011", prod: "000000000012" };

describe("the engine with its stand-ins", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const engine = engineWorld(ACCOUNTS);
  const { client, directory, fails, project, refresh, root, succeeds, surroundings, up } = engine;
  before(engine.start);
  after(engine.stop);

  it("previews, creates, and finds nothing to do the second time", async () => {
    assert.match(await succeeds("", "preview"), /\+ 18 to create/);
    assert.match(await up(), /\+ 18 created/);
    assert.match(await up(), /18 unchanged/);
    assert.match(await refresh(), /18 unchanged/);
    const outputs = JSON.parse(await succeeds("", "stack", "output", "--json"));
    assert.deepEqual([outputs.greeting, outputs.caller, outputs.secret], ["hello", ACCOUNTS.dev, "[secret]"]);
    assert.match(outputs.serialized, /=> ?"serialized"/);
    assert.equal(outputs.packages.length, 1);
    assert.match(outputs.rolePolicyName, /^rolePolicy-[0-9a-f]{7}$/);
  });

  it("keeps its state, passphrase and secrets to itself", async () => {
    const { secret } = JSON.parse(await succeeds("", "stack", "output", "--json", "--show-secrets"));
    assert.match(secret, /^\S{20,}$/);
    const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).map((file) =>
      join(directory, file),
    );
    const plain = files.filter(
      (file) => statSync(file).isFile() && /state/.test(file) && readFileSync(file, "utf8").includes(secret),
    );
    assert.deepEqual(plain, []);
    assert.equal(statSync(join(directory, "passphrase")).mode & 0o077, 0);
    assert.equal(statSync(join(directory, "state")).mode & 0o077, 0);
  });

  it("lets commands run beside each other, and another checkout's pulumi stand in PATH", async () => {
    const outputs = () => succeeds("", "stack", "output", "--json");
    const all = await Promise.all([outputs(), succeeds("", "config", "--json"), outputs(), outputs()]);
    assert.equal(all[0], all[2]);
    const other = join(root, "other checkout/sandbox/pulumi/cli");
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, "pulumi"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const { PATH } = process.env;
    try {
      process.env.PATH = `${other}:${PATH}`;
      assert.equal((await toolchain()).cli, engine.tools.cli);
    } finally {
      process.env.PATH = PATH;
    }
  });

  it("shows a change by property in a preview, and makes it in place", async () => {
    const preview = await succeeds("longer", "preview", "--diff");
    assert.match(preview, /~ maxSessionDuration: 3600 => 7200/);
    assert.match(preview, /\+ longer: "yes"/);
    assert.match(preview, /~ 2 to update/);
    assert.match(await up("longer"), /~ 2 updated/);
    const { Role } = await client(iam.IAMClient).send(new iam.GetRoleCommand({ RoleName: "reader" }));
    assert.equal(Role?.MaxSessionDuration, 7200);
    assert.deepEqual(Role?.Tags, [{ Key: "by", Value: "engine-fixture" }]);
    assert.match(await up(), /~ 2 updated/);
  });

  it("replaces what cannot be changed in place, the old one first as the name is the same", async () => {
    const preview = await succeeds("moved", "preview", "--diff");
    assert.match(preview, /aws:iam\/role:Role: \(replace\)[\s\S]*~ path\s*: "\/" => "\/moved\/"/);
    await up("moved");
    const { Role } = await client(iam.IAMClient).send(new iam.GetRoleCommand({ RoleName: "reader" }));
    assert.equal(Role?.Path, "/moved/");
    await up();
  });

  it("reads back what was changed outside the engine, and sets it back", async () => {
    const aws = client(iam.IAMClient);
    const Statement = {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${ACCOUNTS.prod}:root` },
      Action: "sts:AssumeRole",
    };
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await aws.send(new iam.UpdateAssumeRolePolicyCommand({ RoleName: "reader", PolicyDocument }));
    const suspended = { Bucket: "engine-fixture", VersioningConfiguration: { Status: "Suspended" as const } };
    await client(S3Client).send(new PutBucketVersioningCommand(suspended));
    await aws.send(
      new iam.DeleteGroupPolicyCommand({ GroupName: "readers", PolicyName: await groupPolicyName(aws) }),
    );
    const refreshed = await refresh();
    assert.match(refreshed, new RegExp(`arn:aws:iam::${ACCOUNTS.prod}:root`));
    assert.match(refreshed, /"Enabled" => "Suspended"/);
    assert.match(refreshed, /~ 2 updated\s+- 1 deleted/);
    assert.match(await succeeds("", "preview"), /\+ 1 to create\s+~ 2 to update/);
    await up();
    assert.match(await refresh(), /18 unchanged/);
  });

  const groupPolicyName = async (aws: iam.IAMClient) =>
    (await aws.send(new iam.ListGroupPoliciesCommand({ GroupName: "readers" }))).PolicyNames?.[0];

  it("takes the meaning of a policy document, not its text", async () => {
    const Statement = [{ Action: "sts:AssumeRole", Principal: { AWS: [ACCOUNTS.dev] }, Effect: "Allow" }];
    const PolicyDocument = JSON.stringify({ Statement, Version: "2012-10-17" }, null, 2);
    await client(iam.IAMClient).send(
      new iam.UpdateAssumeRolePolicyCommand({ RoleName: "reader", PolicyDocument }),
    );
    assert.match(await refresh(), /18 unchanged/);
  });

  it("refuses the wrong account before anything is touched, in previews too", async () => {
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"]])
      assert.match(
        await fails("wrong account", ...command),
        new RegExp(`AWS account ID not allowed: ${ACCOUNTS.prod}`),
      );
    assert.match(await succeeds("", "preview"), /18 unchanged/);
  });

  it("refuses by name what it does not know", async () => {
    assert.match(await fails("unknown type", "preview"), /does not know aws:iam\/samlProvider:SamlProvider/);
    assert.match(
      await fails("unknown property", "preview"),
      /does not know property 'acl' of aws:s3\/bucket:Bucket/,
    );
  });

  it("says what AWS says where a thing exists, and takes it in where it is imported", async () => {
    await client(iam.IAMClient).send(new iam.CreateGroupCommand({ GroupName: "made-elsewhere" }));
    const refused = await fails("existing", "up", "--yes", "--skip-preview");
    assert.match(
      refused,
      /creating IAM Group \(made-elsewhere\): operation error IAM: CreateGroup, https response error StatusCode: 409, RequestID: \S+, EntityAlreadyExists: /,
    );
    assert.match(await up("import"), /= 1 imported/);
    assert.match(await up("import"), /19 unchanged/);
    assert.match(await up(), /- 1 deleted/);
  });

  it("keeps what was half created, and completes it once it can", async () => {
    const half = await fails("half", "up", "--yes", "--skip-preview");
    assert.match(
      half,
      /creating IAM Instance Profile \(half\): operation error IAM: AddRoleToInstanceProfile.*NoSuchEntity: /,
    );
    assert.match(await up("whole"), /~ 1 updated/);
    const found = await client(iam.IAMClient).send(
      new iam.GetInstanceProfileCommand({ InstanceProfileName: "half" }),
    );
    assert.equal(found.InstanceProfile?.Roles?.[0]?.RoleName, "reader");
    assert.match(await up(), /- 1 deleted/);
  });

  it("creates, reads, changes and deletes what the other services need", async () => {
    await up("services");
    assert.match(await refresh("services"), / 36 unchanged/);
    assert.match(await up("services changed"), /~ 11 updated\s+\+-1 replaced/);
    assert.match(await refresh("services changed"), / 36 unchanged/);
    assert.match(await up(), /- 18 deleted/);
  });

  it("runs a policy pack", async () => {
    const violated = await fails("", "preview", "--policy-pack", join(__dirname, "fixtures/pack"));
    assert.match(violated, /\[mandatory\]\s+no-readers[\s\S]*the role reader/);
  });

  it("empties a bucket that may be destroyed, and leaves nothing", async () => {
    const s3 = client(S3Client);
    for (const Body of ["one", "two"])
      await s3.send(new PutObjectCommand({ Bucket: "engine-fixture", Key: "x", Body }));
    assert.match(await succeeds("", "destroy", "--yes", "--skip-preview"), /- 18 deleted/);
    assert.deepEqual((await s3.send(new ListBucketsCommand({}))).Buckets ?? [], []);
    assert.deepEqual(
      (await client(iam.IAMClient).send(new iam.ListRolesCommand({}))).Roles?.filter(
        ({ RoleName }) => RoleName === "reader",
      ),
      [],
    );
  });

  it("imports what a killed engine had created and not written to its state, where the ID follows from the inputs", async () => {
    await up("services");
    const file = join(directory, "state/.pulumi/stacks/engine-fixture/dev.json");
    const state = JSON.parse(readFileSync(file, "utf8"));
    const { latest } = state.checkpoint;
    const lost: { urn: string; type: string; id?: string; outputs?: object }[] = [];
    // From the last to the first: what something still in the state depends on was written down before it.
    for (const one of [...latest.resources].reverse()) {
      const depends = ({ dependencies = [] }: { dependencies?: string[] }) => dependencies.includes(one.urn);
      const known = latest.resources.filter((other: typeof one) => !lost.includes(other));
      if (one.type.startsWith("aws:") && typeOf(one.type).id && !known.some(depends)) lost.unshift(one);
    }
    latest.resources = latest.resources.filter((one: (typeof lost)[number]) => !lost.includes(one));
    latest.pending_operations = lost.map(({ id: _, outputs: __, ...resource }) => ({
      type: "creating",
      resource,
    }));
    writeFileSync(file, JSON.stringify(state));
    for (const type of ["role:Role", "policy:Policy", "openIdConnectProvider:OpenIdConnectProvider"])
      assert(
        lost.some((one) => one.type.endsWith(type)),
        type,
      );
    assert.match(await up("services"), / 36 unchanged/);
    await succeeds("services", "destroy", "--yes", "--skip-preview");
  });

  for (const moment of ["group", "role", "rolePolicy", "object"])
    it(`completes what an engine that is killed while it creates the ${moment} leaves`, async () => {
      const args = ["up", "--yes", "--skip-preview", "--non-interactive", "--color=never"];
      const child = spawn(engine.tools.pulumi, args, {
        cwd: project,
        env: surroundings(""),
        detached: true,
      });
      await new Promise<void>((resolve, reject) => {
        child.stdout.on(
          "data",
          (data) => new RegExp(`\\b${moment} creating`).test(String(data)) && resolve(),
        );
        child.once("close", () => reject(new Error(`it ended before it created the ${moment}`)));
      });
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await up();
      assert.match(await refresh(), /18 unchanged/);
      await succeeds("", "destroy", "--yes", "--skip-preview");
      assert.deepEqual((await client(S3Client).send(new ListBucketsCommand({}))).Buckets ?? [], []);
    });

  it("leaves no process behind a killed engine", async () => {
    const child = spawn(engine.tools.pulumi, ["preview", "--non-interactive"], {
      cwd: project,
      env: surroundings(""),
      detached: true,
    });
    const plugins = () =>
      new Promise<string[]>((resolve) =>
        execFile("ps", ["-eo", "args"], (_error, stdout) =>
          resolve(
            stdout
              .split("\n")
              .filter((line) => line.includes(directory) && /pulumi-(resource|language)/.test(line)),
          ),
        ),
      );
    while (!(await plugins()).length) await sleep(50);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    for (let i = 0; i < 100 && (await plugins()).length; i++) await sleep(50);
    assert.deepEqual(await plugins(), []);
  });

  it("forgets a stack whose accounts no longer exist, and creates it again", async () => {
    await up();
    await forgetStack(directory);
    await ensureStack("dev", engine.environment, project);
    assert.match(await succeeds("", "preview"), /\+ 18 to create/);
  });
});
