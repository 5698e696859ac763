import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import { policyDocument } from "../../infra/access/policy";
import { deployerStatements } from "../../infra/deployer";
import { commandArguments } from "../../tools/command-line";
import type { Caller } from "../../tools/verify/caller";
import { type CheckUser, CheckUsers } from "../../tools/verify/check-users";
import { jobToken } from "../../tools/verify/job-token";
import { stopSandbox } from "../accounts";
import { confined, type Rehearsal } from "../rehearsal";
import { rehearseCopy } from "./project";
import { DEPLOYMENT_TIMEOUT } from "./shell";

const ROLE = "arn:aws:iam::000000000002:role/UpdateApp";

describe("a deployed stack's results, handover and explanations", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "explain-"));
  let rehearsal: Rehearsal;
  let users: CheckUsers;
  let made: Record<"tester" | "developer" | "colleague", CheckUser>;

  /** What a test's commands see besides. */
  let surroundings: Record<string, string> = {};
  const command = (program: string, args: readonly string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const env = confined({ ...rehearsal.environment, ...surroundings });
      execFile(program, args, { cwd: rehearsal.project, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  const tool = (...args: string[]) => command(process.execPath, commandArguments(...args));
  const explained = async (...args: string[]) => {
    const { code, stdout, stderr } = await tool("explain", "dev", ...args);
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
    rehearsal = await rehearseCopy(directory);
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
  afterEach(() => {
    surroundings = {};
  });
  after(async () => {
    await stopSandbox(rehearsal.sandbox.directory);
    rmSync(directory, { recursive: true, force: true });
  });

  it("says of a tester that the trusted side is silent, from the record and from the words alone", async () => {
    const message = await assume(made.tester);
    for (const answer of [await explained("--last"), await explained("--message", message)]) {
      assert.match(
        answer,
        /denied by +the trusted account 000000000001: no identity-based policy allows it\n/,
      );
      assert.match(answer, /group Developers; the caller is in Testers/);
      assert.match(
        answer,
        /infra\/scenarios\/update-app\/resources\.ts:\d+, resource Developers-may-assume-UpdateApp/,
      );
    }
  });

  it("says of a developer without MFA that the trusting side's condition refuses", async () => {
    const message = await assume(made.developer);
    // AWS itself gives no reason across accounts: then the record tells, or without one the deployed policies.
    const bare = message.replace(/ because .*/, "");
    assert.notEqual(bare, message);
    for (const answer of [await explained("--last"), await explained("--message", bare)]) {
      assert.match(answer, /denied by +the trusting account 000000000002: no role trust policy allows it/);
      assert.match(answer, /statement People, if the caller signed in with multi-factor authentication/);
      assert.match(answer, /infra\/scenarios\/update-app\/resources\.ts:\d+, resource UpdateApp\n/);
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
    for (const answer of [await explained(...about), await explained(...about, "--message", message)]) {
      assert.match(answer, /denied by +the trusted account 000000000001: no identity-based policy allows it/);
      assert.match(
        answer,
        /policy BucketSharers-may-use-shared of group BucketSharers; the caller is in no group/,
      );
      assert.match(
        answer,
        /infra\/scenarios\/shared-bucket\/resources\.ts:\d+, resource BucketSharers-may-use-shared/,
      );
    }
  });

  it("answers S3's bare words alone from the record", async () => {
    const get = new GetObjectCommand({ Bucket: "shared", Key: "bare.txt" });
    const s3 = new S3Client({ ...asking(made.colleague), forcePathStyle: true });
    const answer = await explained("--message", await words(s3.send(get)));
    assert.match(answer, /^recorded .*If another refusal is meant, give --who, --action, --on\n/);
    assert.match(answer, /s3:GetObject on arn:aws:s3:::shared\/bare\.txt\n/);
    assert.match(answer, /denied by +the trusted account 000000000001: no identity-based policy allows it\n/);
  });

  it("sends a refused job of GitHub's to the subjects of the role's trust policy", async () => {
    const subject = "repo:example/another:pull_request";
    const { region, endpoint } = users.caller;
    const message = await words(
      new STSClient({
        region,
        endpoint: endpoint!,
        credentials: { accessKeyId: "", secretAccessKey: "" },
      }).send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: "arn:aws:iam::000000000002:role/GitHubActionsPreview",
          RoleSessionName: "explain",
          WebIdentityToken: await jobToken(subject, "sts.amazonaws.com", endpoint),
        }),
      ),
    );
    for (const answer of [await explained("--last"), await explained("--message", message)]) {
      assert.match(answer, /denied by +the trusting account 000000000002: no role trust policy allows it\n/);
      assert.match(
        answer,
        /defined in +infra\/scenarios\/github-actions\/resources\.ts:\d+, resource trusting-GitHub/,
      );
      assert.match(answer, new RegExp(`fix .*trust: there: its subjects must name ${subject}`));
    }
  });

  // What no statement names, of a kind that has a policy of its own, and what the names are a slip away from.
  for (const [action, on, answer] of [
    [
      "sns:GetTopicAttributes",
      "arn:aws:sns:ap-northeast-1:000000000002:shared",
      /resource shared-topic-policy/,
    ],
    [
      "sqs:GetQueueAttributes",
      "arn:aws:sqs:ap-northeast-1:000000000002:shared",
      /resource shared-queue-policy/,
    ],
    [
      "ecr:DescribeImages",
      "arn:aws:ecr:ap-northeast-1:000000000002:repository/shared",
      /shared-repository-policy/,
    ],
    ["sts:AssumeRole", "arn:aws:iam::000000000002:role/TopicPublisher", /would refuse too/],
    [
      "sts:AssumeRole",
      "arn:aws:iam::000000000002:role/Updateapp",
      /nearest +role UpdateApp of account 000000000002/,
    ],
    ["s3:GetObject", "arn:aws:s3:::productionap/x", /nearest +bucket productionapp of account 000000000002/],
    ["s3:GetObject", "arn:aws:s3:::productionapp/x", /fix +Nothing in the program: assume the role/],
  ] as const)
    it(`says of a colleague who asks ${action} on ${on} what is there instead`, async () => {
      const text = await explained("--who", made.colleague.name, "--action", action, "--on", on);
      assert.match(text, answer);
      assert.doesNotMatch(text, /not by this stack|in a policy of the caller, by/);
    });

  it("says what a profile that may not read people could not read, and concludes nothing from it", async () => {
    const filepath = rehearsal.sandbox.awsConfigFile;
    let profiles = readFileSync(filepath, "utf8");
    for (const side of ["trusting", "trusted"] as const) {
      const id = rehearsal.settings[`${side}AccountId`];
      const profile = rehearsal.settings[`${side}Profile`];
      const iam = new IAMClient({
        ...users.caller,
        credentials: fromIni({ profile, filepath, configFilepath: filepath, ignoreCache: true }),
      });
      const trust = { Principal: { AWS: `arn:aws:iam::${id}:root` }, Action: "sts:AssumeRole" };
      const AssumeRolePolicyDocument = policyDocument([{ Effect: "Allow", ...trust }]);
      await iam.send(new CreateRoleCommand({ RoleName: "Deployer", AssumeRolePolicyDocument }));
      const PolicyDocument = policyDocument(deployerStatements(rehearsal.settings, side));
      await iam.send(
        new PutRolePolicyCommand({ RoleName: "Deployer", PolicyName: "deploy", PolicyDocument }),
      );
      profiles = profiles.replace(`[profile ${profile}]`, `[profile administrator-${profile}]`);
      profiles += `\n[profile ${profile}]\nrole_arn = arn:aws:iam::${id}:role/Deployer\nsource_profile = administrator-${profile}\nendpoint_url = ${rehearsal.sandbox.url}\n`;
    }
    const config = join(directory, "deployer");
    writeFileSync(config, profiles, { mode: 0o600 });
    surroundings = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: config };
    const { tester } = made;
    const who = `arn:aws:iam::000000000001:user/cross-account-access-check/${tester.name}`;
    const role = ROLE.replace("UpdateApp", "ParameterReader");
    const answer = await explained("--who", who, "--action", "sts:AssumeRole", "--on", role);
    assert.match(answer, /denied by +unclear/);
    assert.match(answer, /not read +user .*: profile dev may not iam:GetUser/);
    assert.doesNotMatch(answer, /the trusting account|ask again so/);
    const handed = await tool("handover", "dev", "--for", tester.name);
    assert.equal(handed.code, 2);
    assert.match(handed.stderr, /profile dev may not iam:GetUser/);
    assert.doesNotMatch(handed.stderr, /no such user|has no user/);
  });

  it("tells a user who is gone from one who may not be read", async () => {
    const who = "arn:aws:iam::000000000001:user/gone";
    const answer = await explained("--who", who, "--action", "sts:AssumeRole", "--on", ROLE);
    assert.match(answer, /denied by +unclear/);
    assert.match(answer, /not read +account 000000000001 has no user gone\n/);
    const handed = await tool("handover", "dev", "--for", "gone");
    assert.match(handed.stderr, /account 000000000001 has no user gone; expected an IAM user/);
  });

  for (const [args, code, answer] of [
    [["explain", "--help"], 0, /^Usage: npm run explain/],
    [["handover", "-h"], 0, /^Usage: npm run handover/],
    [["explain", "dev", "--nope"], 2, /nope[\s\S]*npm run explain -- --help/],
    [["handover", "dev", "--nope"], 2, /nope[\s\S]*npm run handover -- --help/],
    [["handover", "dev", "--rol", "x"], 2, /rol.*\n.*--role/],
    [["hand-over"], 2, /handover/],
    [["explain", "dev"], 2, /^Found no --who, .*--last/],
    [
      ["explain", "dev", "--who", "garbage", "--action", "x", "--on", "y"],
      2,
      /--action: found x.*\n--on: found y/,
    ],
    [
      ["explain", "dev", "--who", "garbage", "--action", "s3:GetObject", "--on", "arn:aws:s3:::shared"],
      2,
      /account 000000000001 has no user garbage/,
    ],
    [["explain", "dev", "--message", "hello"], 2, /^--message: found no message of AWS's.*\n$/],
    [["explain", "dev", "--message", "AccessDenied: MultiFactorAuthentication failed"], 0, /a new code/],
  ] as const)
    it(`ends with ${code} for ${args.join(" ")}`, async () => {
      const ended = await tool(...args);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(code === 0 ? ended.stdout : ended.stderr, answer);
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
    assert.match(await explained(...about), /^allowed: /);
  });

  it("hands a role over with the person's own MFA device, and tells the administrator who may not assume it", async () => {
    const { developer, tester } = made;
    const ready = await tool("handover", "dev", "--role", "UpdateApp", "--for", developer.name);
    assert.equal(ready.code, 0, ready.stderr);
    assert.match(ready.stdout, new RegExp(`mfa_serial = ${developer.mfaSerial}`));
    assert.equal(ready.stderr, "");
    const lacking = await tool("handover", "dev", "--role", "UpdateApp", "--for", tester.name);
    assert.match(lacking.stderr, /cannot assume UpdateApp/);
    assert.match(lacking.stderr, /npm run explain -- dev --who \S+ --action sts:AssumeRole --on/);
    assert.equal(lacking.stdout, "");
    assert.equal(lacking.code, 1);
  });

  it("hands over only the roles that the person can assume, and names the others in one line", async () => {
    const { developer } = made;
    const { code, stdout, stderr } = await tool("handover", "dev", "--for", developer.name);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.match(/^# .*/gm), ["# UpdateApp: updates the production application"]);
    assert.equal(
      stderr,
      `Left out, because ${developer.name} cannot assume them: ParameterReader, InstanceOperator.\n`,
    );
  });

  it("adds a role's profile to the AWS config file, once, with which the person then reaches the role", async () => {
    const { developer } = made;
    const config = join(directory, "person");
    const profiles = readFileSync(rehearsal.sandbox.awsConfigFile, "utf8");
    const { accessKeyId, secretAccessKey } = developer.credentials;
    const own = `\n[profile person]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    writeFileSync(config, profiles + own, { mode: 0o600 });
    surroundings = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: config };
    const write = () =>
      tool(
        ...["handover", "dev", "--role", "UpdateApp", "--for", developer.name],
        ...["--write", "--source-profile", "person"],
      );
    const added = await write();
    assert.equal(added.code, 0, added.stderr);
    assert.match(
      added.stdout,
      /^Adding to .*person:\n\n\[profile UpdateApp\]\n.*\nAdded profile UpdateApp\.\n$/s,
    );
    const text = readFileSync(config, "utf8");
    assert(text.startsWith(profiles + own));
    const credentials = fromIni({
      profile: "UpdateApp",
      filepath: config,
      configFilepath: config,
      ignoreCache: true,
      mfaCodeProvider: developer.nextCode,
      clientConfig: { endpoint: rehearsal.sandbox.url, region: "ap-northeast-1" },
    });
    const identity = await new STSClient({ ...users.caller, credentials }).send(
      new GetCallerIdentityCommand({}),
    );
    assert.match(identity.Arn!, /:assumed-role\/UpdateApp\//);
    assert.match((await write()).stdout, /^Profile UpdateApp is there already\.\n$/);
    assert.equal(readFileSync(config, "utf8"), text);
  });

  const SSO = "arn:aws:sts::000000000001:assumed-role/AWSReservedSSO_Developers_0123456789abcdef/jane";
  const QUEUE = "arn:aws:sqs:ap-northeast-1:000000000002:shared";
  for (const [title, message, answers] of [
    [
      "a session of Identity Center shows no MFA, and what the program offers for it",
      `User: ${SSO} is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
      [/denied by .*requires MFA, and a role's session shows none/, /principalArns: .*mfa: false/],
    ],
    [
      "session tags need the option that allows them",
      `User: ${SSO.replace(/sts(.*)assumed-role.*/, "iam$1user/jane")} is not authorized to perform: sts:TagSession on resource: ${ROLE}`,
      [
        /fix +Set sessionTags: true on both sides/,
        /infra\/scenarios\/update-app\/resources\.ts:\d+, resource UpdateApp/,
      ],
    ],
  ] as const)
    it(`says that ${title}`, async () => {
      const answer = await explained("--message", message);
      for (const expected of answers) assert.match(answer, expected);
      assert.doesNotMatch(answer, /Nothing yet|with mfa_serial/);
    });

  it("says of a member of another group that the queue's policy allows it by now, and which group is missing", async () => {
    const { developer } = made;
    const answer = await explained(
      "--message",
      `User: ${developer.arn} is not authorized to perform: sqs:sendmessage on resource: ${QUEUE} because no resource-based policy allows the sqs:sendmessage action`,
    );
    assert.match(answer, /allowed by +policy of queue shared, statement UseQueue/);
    assert.match(answer, /denied by +the trusted account 000000000001: no identity-based policy allows it\n/);
    assert.match(
      answer,
      new RegExp(`fix .*add-user-to-group --group-name ServiceSharers --user-name ${developer.name} `),
    );
    assert.doesNotMatch(answer, /condition holds/);
  });

  it("takes account IDs that GitHub's log masks from the stack, and says so", async () => {
    const masked = (arn: string) => arn.replace(/\d{12}/, "***");
    const answer = await explained(
      "--message",
      `User: ${masked(made.tester.arn)} is not authorized to perform: sts:AssumeRole on resource: ${masked(ROLE)}`,
    );
    assert.match(answer, new RegExp(`^masked .*${made.tester.arn} and ${ROLE}`));
    assert.match(answer, /group Developers; the caller is in Testers/);
  });

  it("writes results that hold every answer and no secret, of which the report makes a page", async () => {
    const results = join(directory, "results.json");
    const html = join(directory, "report.html");
    const get = new GetObjectCommand({ Bucket: "shared", Key: "before.txt" });
    await words(new S3Client({ ...asking(made.colleague), forcePathStyle: true }).send(get));
    const verified = await tool("verify", "dev", "--results", results);
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
    const written = readFileSync(results, "utf8");
    const { rows, roles } = JSON.parse(written);
    assert.equal(rows.filter((row: { answer: string }) => row.answer === "allowed").length > 0, true);
    assert(roles.some(({ arn }: { arn: string }) => arn === ROLE));
    // The checks were refused last; no person asks about them.
    const denied = "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied";
    const answers = [await explained("--last"), await explained("--message", denied)];
    for (const answer of answers)
      assert.match(answer, /check-explain-colleague: s3:GetObject on arn:aws:s3:::shared\/before\.txt\n/);
    const answer = await command(rehearsal.tools.pulumi, [
      "stack",
      "output",
      "--json",
      "--show-secrets",
      "--stack",
      "dev",
    ]);
    const { accessKeyId, secretAccessKey } = JSON.parse(answer.stdout).topicPublisher;
    const reported = await tool("report", "--results", results, "--base", results, "--html", html);
    assert.equal(reported.code, 0, reported.stdout + reported.stderr);
    const handed = await tool("handover", "dev");
    for (const text of [written, readFileSync(html, "utf8"), handed.stdout + handed.stderr])
      for (const secret of [accessKeyId, secretAccessKey]) assert(!text.includes(secret));
  });
});
