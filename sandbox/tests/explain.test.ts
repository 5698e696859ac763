import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import { type CheckUser, CheckUsers } from "../../tests/live/people";
import type { Caller } from "../../tests/live/requests";
import { stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY, type Rehearsal, rehearse } from "../rehearsal";

const ROLE = "arn:aws:iam::000000000002:role/UpdateApp";

describe("a deployed stack's results, handover and explanations", function () {
  this.timeout(300_000);
  const directory = mkdtempSync(join(tmpdir(), "explain-"));
  let rehearsal: Rehearsal;
  let users: CheckUsers;
  let made: Record<"tester" | "developer" | "colleague", CheckUser>;

  const command = (program: string, args: readonly string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const env = confined(rehearsal.environment);
      execFile(program, args, { cwd: PROJECT_DIRECTORY, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  const script = (file: string, ...args: string[]) =>
    command(process.execPath, [
      "--no-warnings",
      "-r",
      "ts-node/register/transpile-only",
      `tests/live/${file}`,
      ...args,
    ]);
  const explained = async (...args: string[]) => {
    const { code, stdout, stderr } = await script("explain/index.ts", "dev", ...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const asking = ({ credentials }: CheckUser): Caller => ({ ...users.caller, credentials });
  /** The endpoint's own words for a request that it must refuse. */
  const words = async (request: Promise<unknown>): Promise<string> => {
    const error = await request.then(
      () => assert.fail("was allowed"),
      (error: Error) => error,
    );
    return `${error.name}: ${error.message}`;
  };
  const assume = (who: CheckUser) =>
    words(
      new STSClient(asking(who)).send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: "explain" })),
    );

  before(async () => {
    rehearsal = await rehearse("dev", () => {}, directory);
    const up = ["up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive"];
    const deployed = await command(rehearsal.tools.pulumi, up);
    assert.equal(deployed.code, 0, deployed.stdout + deployed.stderr);
    const filepath = rehearsal.sandbox.awsConfigFile;
    const credentials = fromIni({ profile: "dev", filepath, configFilepath: filepath, ignoreCache: true });
    users = new CheckUsers(
      { region: "ap-northeast-1", endpoint: rehearsal.sandbox.url, credentials },
      "explain",
    );
    made = {
      tester: await users.create("tester", ["Testers"]),
      developer: await users.create("developer", ["Developers"]),
      colleague: await users.create("colleague", []),
    };
  });
  after(async () => {
    await stopSandbox(directory);
    rmSync(directory, { recursive: true, force: true });
  });

  it("says of a tester that the trusted side is silent, from the record and from the words alone", async () => {
    const message = await assume(made.tester);
    for (const told of [await explained("--last"), await explained("--message", message)]) {
      assert.match(told, /by +the trusted account 000000000001: no identity-based policy allows it\n/);
      assert.match(told, /group Developers; the caller is in Testers/);
      assert.match(told, /infra\/scenarios\/update-app\.ts:\d+, resource Developers-may-assume-UpdateApp/);
    }
  });

  it("says of a developer without MFA that the trusting side's condition refuses", async () => {
    const message = await assume(made.developer);
    // AWS itself gives no reason across accounts: then the deployed policies tell.
    const bare = message.replace(/ because .*/, "");
    assert.notEqual(bare, message);
    for (const told of [await explained("--last"), await explained("--message", bare)]) {
      assert.match(told, /by +the trusting account 000000000002: no role trust policy allows it/);
      assert.match(told, /statement People, if the caller signed in with multi-factor authentication/);
      assert.match(told, /infra\/scenarios\/update-app\.ts:\d+, resource UpdateApp\n/);
    }
  });

  it("says of a colleague on the shared bucket which group they lack, where S3 says only Access Denied", async () => {
    const { colleague } = made;
    const get = new GetObjectCommand({ Bucket: "shared", Key: "hello.txt" });
    const message = await words(new S3Client({ ...asking(colleague), forcePathStyle: true }).send(get));
    assert.equal(message, "AccessDenied: Access Denied");
    const about = [
      "--who",
      colleague.arn,
      "--action",
      "s3:GetObject",
      "--on",
      "arn:aws:s3:::shared/hello.txt",
    ];
    for (const told of [await explained(...about), await explained(...about, "--message", message)]) {
      assert.match(told, /by +the trusted account 000000000001: no identity-based policy allows it/);
      assert.match(
        told,
        /policy BucketSharers-may-use-shared of group BucketSharers; the caller is in no group/,
      );
      assert.match(told, /infra\/scenarios\/shared-bucket\.ts:\d+, resource BucketSharers-may-use-shared/);
    }
  });

  it("says that a request is allowed now, where it was not refused the last time", async () => {
    const { developer } = made;
    const { Credentials } = await new STSClient(asking(developer)).send(
      new AssumeRoleCommand({
        RoleArn: ROLE,
        RoleSessionName: "explain",
        SerialNumber: developer.mfaSerial,
        TokenCode: await developer.nextCode(),
      }),
    );
    assert(Credentials?.SessionToken);
    const about = ["--who", developer.arn, "--action", "sts:AssumeRole", "--on", ROLE];
    assert.match(await explained(...about), /^allowed /);
  });

  it("hands a role over with the person's own MFA device, and tells the administrator who may not assume it", async () => {
    const { developer, tester } = made;
    const ready = await script("handover.ts", "dev", "--role", "UpdateApp", "--for", developer.name);
    assert.equal(ready.code, 0, ready.stderr);
    assert.match(ready.stdout, new RegExp(`mfa_serial = ${developer.mfaSerial}`));
    assert.equal(ready.stderr, "");
    const lacking = await script("handover.ts", "dev", "--role", "UpdateApp", "--for", tester.name);
    assert.match(lacking.stderr, /may not assume UpdateApp yet/);
  });

  it("writes results that hold every answer and no secret, of which the report makes a page", async () => {
    const results = join(directory, "results.json");
    const html = join(directory, "report.html");
    const verified = await script("index.ts", "dev", "--results", results);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    const written = readFileSync(results, "utf8");
    const { rows, roles } = JSON.parse(written);
    assert.equal(rows.filter((row: { answer: string }) => row.answer === "allowed").length > 0, true);
    assert(roles.some(({ arn }: { arn: string }) => arn === ROLE));
    const told = await command(rehearsal.tools.pulumi, [
      "stack",
      "output",
      "--json",
      "--show-secrets",
      "--stack",
      "dev",
    ]);
    const { accessKeyId, secretAccessKey } = JSON.parse(told.stdout).topicPublisher;
    const reported = await script("report/index.ts", "--results", results, "--base", results, "--html", html);
    assert.equal(reported.code, 0, reported.stdout + reported.stderr);
    const handed = await script("handover.ts", "dev");
    for (const text of [written, readFileSync(html, "utf8"), handed.stdout + handed.stderr])
      for (const secret of [accessKeyId, secretAccessKey]) assert(!text.includes(secret));
  });
});
