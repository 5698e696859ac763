import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { APIGatewayClient, GetRestApisCommand } from "@aws-sdk/client-api-gateway";
import { DescribeRepositoriesCommand, ECRClient } from "@aws-sdk/client-ecr";
import {
  GetRoleCommand,
  IAMClient,
  ListGroupsCommand,
  ListPoliciesCommand,
  ListRolesCommand,
  ListUsersCommand,
  ListVirtualMFADevicesCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { ListTopicsCommand, SNSClient } from "@aws-sdk/client-sns";
import { ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { AssumeRoleWithWebIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import { contractOf } from "../../infra/program";
import { commandArguments } from "../../tools/command-line";
import { readStackSettings } from "../../tools/stack-settings";
import { CheckUsers } from "../../tools/verify/check-users";
import { stopSandbox } from "../accounts";
import { ControlClient } from "../gateway/control-client";
import { confined, PROJECT_DIRECTORY, type Rehearsal } from "../rehearsal";
import { mutationGroups, mutations } from "./mutated/mutations";
import { rehearseCopy } from "./project";
import { awsCli, DEPLOYMENT_TIMEOUT, type Ended, typed } from "./shell";

const MUTATED = join(__dirname, "mutated");
const STACK = ["--stack", "dev", "--non-interactive", "--color=never"];

const count = contractOf(readStackSettings("dev")).flatMap(({ checks }) => checks).length;
const ALL_AS_EXPECTED = new RegExp(`\\b${count} of ${count} checks as expected`);

const execute = promisify(execFile);

describe("stack prod, as cloned", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "rehearsal-prod-"));
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(directory, { recursive: true, force: true });
  });

  it("can be rehearsed under AWS's documentation IDs, but is refused by name where it would go to AWS", async () => {
    const rehearsal = await rehearseCopy(directory, "prod");
    assert.deepEqual(Object.values(rehearsal.sandbox.accounts).slice(0, 2), ["123456789012", "111122223333"]);
    const preview = async (env: NodeJS.ProcessEnv) =>
      execute(
        rehearsal.tools.pulumi,
        ["preview", "--stack", "prod", "--non-interactive", "--policy-pack", "policypack"],
        {
          cwd: rehearsal.project,
          env,
        },
      );
    const rehearsed = await preview(confined(rehearsal.environment));
    assert.match(rehearsed.stdout, /arn:aws:iam::123456789012:role\/UpdateApp/);
    assert.match(rehearsed.stdout, /a rehearsal, not AWS/);
    const { AWS_ENDPOINT_URL: _, ...environment } = rehearsal.environment;
    const config = join(directory, "to-aws");
    writeFileSync(config, "[profile prod]\naws_access_key_id = A\n\n[profile dev]\naws_access_key_id = A\n");
    const toAws = { ...confined(environment), AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: config };
    await assert.rejects(preview(toAws), (error: { stdout: string }) => {
      for (const id of ["123456789012", "111122223333"])
        assert.match(error.stdout, new RegExp(`found ${id}, an example of AWS's documentation`));
      assert.match(error.stdout, /nothing was created/);
      return true;
    });
  });
});

describe("stack dev, rehearsed", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "rehearsal-"));
  const said: string[] = [];
  let rehearsal: Rehearsal;

  const command = (
    program: string,
    args: readonly string[],
    extra: Record<string, string> = {},
    cwd = rehearsal.project,
  ) =>
    new Promise<Ended>((resolve) => {
      const env = { ...confined(rehearsal.environment), ...extra };
      execFile(program, args, { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });
  const pulumi = (...args: string[]) => command(rehearsal.tools.pulumi, [...args, ...STACK]);
  const up = async () => {
    const { code, output } = await pulumi("up", "--yes", "--skip-preview");
    assert.equal(code, 0, output);
    return output;
  };
  const verify = () => command(process.execPath, commandArguments("verify", "dev"));
  /** The checks that failed, as "Scenario number". */
  const failedChecks = (output: string) => {
    let scenario = "";
    return output.split("\n").flatMap((line) => {
      scenario = /^[A-Z]\w+$/.exec(line)?.[0] ?? scenario;
      const failed = /^✘ +(\d+)/.exec(line)?.[1];
      return failed ? [`${scenario} ${failed}`] : [];
    });
  };
  const client = (profile: string) => {
    const { awsConfigFile, url } = rehearsal.sandbox;
    const credentials = fromIni({
      profile,
      configFilepath: awsConfigFile,
      filepath: awsConfigFile,
      ignoreCache: true,
    });
    return { region: "ap-northeast-1", endpoint: url, credentials };
  };
  /** Everything that an account holds, from the program or the checks. */
  const holdings = async (profile: string) => {
    const [iam, s3] = [new IAMClient(client(profile)), new S3Client(client(profile))];
    const [roles, groups, users, policies, devices, buckets, topics, queues, repositories, apis] =
      await Promise.all([
        iam.send(new ListRolesCommand({})),
        iam.send(new ListGroupsCommand({})),
        iam.send(new ListUsersCommand({})),
        iam.send(new ListPoliciesCommand({ Scope: "Local" })),
        iam.send(new ListVirtualMFADevicesCommand({})),
        s3.send(new ListBucketsCommand({})),
        new SNSClient(client(profile)).send(new ListTopicsCommand({})),
        new SQSClient(client(profile)).send(new ListQueuesCommand({})),
        new ECRClient(client(profile)).send(new DescribeRepositoriesCommand({})),
        new APIGatewayClient(client(profile)).send(new GetRestApisCommand({})),
      ]);
    return [
      ...roles.Roles!.map(({ Arn }) => Arn),
      ...groups.Groups!.map(({ Arn }) => Arn),
      ...users.Users!.map(({ Arn }) => Arn),
      ...policies.Policies!.map(({ Arn }) => Arn),
      ...devices.VirtualMFADevices!.map(({ SerialNumber }) => SerialNumber),
      ...(buckets.Buckets ?? []).map(({ Name }) => Name),
      ...(topics.Topics ?? []).map(({ TopicArn }) => TopicArn),
      ...(queues.QueueUrls ?? []),
      ...(repositories.repositories ?? []).map(({ repositoryArn }) => repositoryArn),
      ...(apis.items ?? []).map(({ id }) => id),
    ].sort();
  };
  const begin = async () => {
    rehearsal = await rehearseCopy(directory, "dev", (line) => said.push(line));
  };

  let atFirst: { dev: unknown; prod: unknown };
  before(async () => {
    await begin();
    atFirst = { dev: await holdings("dev"), prod: await holdings("prod") };
  });
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(directory, { recursive: true, force: true });
  });

  it("says which of the tools are official and which are stand-ins", () => {
    assert.match(
      said.join("\n"),
      /^tools +Pulumi CLI v\S+ (official|built).*, Node\.js language host (official|stand-in).*, AWS plugin \S+ (official|stand-in)/m,
    );
  });

  it("refuses credentials of the wrong account before it touches anything", async () => {
    const swapped = join(directory, "swapped.yaml");
    const settings = readFileSync(join(PROJECT_DIRECTORY, "Pulumi.dev.yaml"), "utf8");
    writeFileSync(
      swapped,
      settings.replace(/(trustingProfile: ).*/, "$1dev").replace(/(trustedProfile: ).*/, "$1prod"),
    );
    const { code, output } = await pulumi("up", "--yes", "--skip-preview", "--config-file", swapped);
    assert.notEqual(code, 0);
    assert.match(output, /AWS account ID not allowed: 000000000001/);
    assert.deepEqual({ dev: await holdings("dev"), prod: await holdings("prod") }, atFirst);
  });

  it("deploys with the policy pack on, and all checks answer as expected", async () => {
    const { code, output } = await pulumi("up", "--yes", "--skip-preview", "--policy-pack", "policypack");
    assert.equal(code, 0, output);
    const verified = await verify();
    assert.match(verified.output, ALL_AS_EXPECTED, verified.output);
    assert.equal(verified.code, 0);
  });

  it("leaves nothing of the checks behind", async () => {
    const held = [...(await holdings("dev")), ...(await holdings("prod")), ...(await holdings("outsider"))];
    assert.deepEqual(
      held.filter((name) => name?.includes("check-")),
      [],
    );
  });

  it("changes nothing the second time, and shows every document in the preview", async () => {
    const { code, output } = await pulumi("preview", "--expect-no-changes", "--diff");
    assert.equal(code, 0, output);
  });

  it("lets a pull request preview, and see drift, with the rights of its role alone", async () => {
    const { url } = rehearsal.sandbox;
    const subject = "repo:example/cross-account-access:pull_request";
    const token = await new ControlClient(url).token(subject, "sts.amazonaws.com");
    const profile = async (name: string, accountId: string) => {
      const { Credentials } = await new STSClient({ region: "ap-northeast-1", endpoint: url }).send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: `arn:aws:iam::${accountId}:role/GitHubActionsPreview`,
          RoleSessionName: "preview",
          WebIdentityToken: token,
        }),
      );
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
      return `[profile ${name}]\naws_access_key_id = ${AccessKeyId}\naws_secret_access_key = ${SecretAccessKey}\naws_session_token = ${SessionToken}\nendpoint_url = ${url}\n`;
    };
    const config = join(directory, "preview-config");
    writeFileSync(
      config,
      (await Promise.all([profile("prod", "000000000002"), profile("dev", "000000000001")])).join("\n"),
    );
    const preview = () =>
      command(rehearsal.tools.pulumi, ["preview", "--refresh", "--expect-no-changes", ...STACK], {
        AWS_CONFIG_FILE: config,
      });
    const same = await preview();
    assert.equal(same.code, 0, same.output);
    const lasts = (MaxSessionDuration: number) =>
      new IAMClient(client("prod")).send(
        new UpdateRoleCommand({ RoleName: "UpdateApp", MaxSessionDuration }),
      );
    await lasts(43_200);
    const drifted = await preview();
    await lasts(3600);
    assert.match(drifted.output, /maxSessionDuration/);
    assert.notEqual(drifted.code, 0);
  });

  it("lets the AWS CLI do the scenario with the profile text that the program gives", async () => {
    const users = new CheckUsers(client("dev"), "cli");
    const member = await users.create("member", ["Developers"]);
    try {
      const { stdout: text } = await execute(
        rehearsal.tools.pulumi,
        ["stack", "output", "--json", "--stack", "dev"],
        {
          env: confined(rehearsal.environment),
          cwd: rehearsal.project,
        },
      );
      const { accessKeyId, secretAccessKey } = member.credentials;
      const config = join(directory, "member-config");
      const { cliProfile } = JSON.parse(text).updateApp;
      const mine = cliProfile
        .replace("YOUR-PROFILE", "me")
        .replace("YOUR-MFA-DEVICE", member.mfaSerial.split(":mfa/")[1]);
      const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
      const endpoint = `endpoint_url = ${rehearsal.sandbox.url}\n`;
      writeFileSync(config, `[profile me]\n${keys}${endpoint}\n${mine}${endpoint}`);
      const code = await member.nextCode();
      const aws = (...args: string[]) =>
        typed(awsCli(), args, `${code}\n`, { AWS_CONFIG_FILE: config, HOME: directory });
      const listed = await aws("s3", "ls", "s3://productionapp", "--profile", "UpdateApp");
      assert.equal(listed.code, 0, listed.output);
      // The CLI keeps the session: no code is asked for twice.
      const sent = await aws(
        "s3",
        "cp",
        join(PROJECT_DIRECTORY, "README.md"),
        "s3://productionapp/",
        "--profile",
        "UpdateApp",
      );
      assert.equal(sent.code, 0, sent.output);
      const removed = await aws("s3", "rm", "s3://productionapp/README.md", "--profile", "UpdateApp");
      assert.equal(removed.code, 0, removed.output);
      const refused = await aws("iam", "list-users", "--profile", "UpdateApp");
      assert.match(refused.output, /AccessDenied.*iam:ListUsers/s);
      const direct = await aws("s3", "ls", "s3://productionapp", "--profile", "me");
      assert.match(direct.output, /AccessDenied/);
    } finally {
      await users.remove();
    }
  });

  it("leaves the committed settings as they are", () => {
    for (const name of ["Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.yaml"])
      assert.equal(
        readFileSync(join(rehearsal.project, name), "utf8"),
        readFileSync(join(PROJECT_DIRECTORY, name), "utf8"),
      );
  });

  for (const mistakes of mutationGroups) {
    const caughtBy = mistakes.flatMap((mistake) => mutations[mistake]!.caughtBy);
    it(`is caught by ${caughtBy.join(", ")} where ${mistakes.join("; ")}`, async () => {
      const settings = ["--config-file", join(rehearsal.project, "Pulumi.dev.yaml")];
      const args = ["up", "--yes", "--skip-preview", ...settings, ...STACK];
      const deployed = await command(
        rehearsal.tools.pulumi,
        args,
        { MUTATIONS: mistakes.join("; ") },
        MUTATED,
      );
      assert.equal(deployed.code, 0, deployed.output);
      const { code, output } = await verify();
      assert.deepEqual(failedChecks(output), caughtBy, output);
      assert.equal(code, 1);
    });
  }

  it("is corrected by the next up, after any of these", async () => {
    await up();
    const { output } = await verify();
    assert.match(output, ALL_AS_EXPECTED, output);
  });

  it("shows a trust policy changed behind the engine's back, and undoes it", async () => {
    const iam = new IAMClient(client("prod"));
    const trust = async () =>
      (await iam.send(new GetRoleCommand({ RoleName: "UpdateApp" }))).Role!.AssumeRolePolicyDocument!;
    const before = decodeURIComponent(await trust());
    const PolicyDocument = before.replace(/,"Condition":\{.*?\}\}/, "");
    assert.notEqual(PolicyDocument, before);
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: "UpdateApp", PolicyDocument }));
    const refreshed = await pulumi("refresh", "--yes", "--diff", "--skip-preview");
    assert.equal(refreshed.code, 0, refreshed.output);
    assert.match(refreshed.output, /assumeRolePolicy/);
    const preview = await pulumi("preview", "--diff");
    assert.match(preview.output, /aws:MultiFactorAuthPresent/);
    assert.match(preview.output, /1 to update/);
    await up();
    assert.equal(decodeURIComponent(await trust()), before);
  });

  it("leaves nothing in either account when it is destroyed", async () => {
    const { code, output } = await pulumi("destroy", "--yes", "--skip-preview");
    assert.equal(code, 0, output);
    assert.deepEqual({ dev: await holdings("dev"), prod: await holdings("prod") }, atFirst);
  });

  it("is completed by the next up where the engine is killed in the middle of one", async () => {
    const args = ["up", "--yes", "--skip-preview", ...STACK];
    const env = confined(rehearsal.environment);
    const engine = spawn(rehearsal.tools.pulumi, args, { cwd: rehearsal.project, env, detached: true });
    // Killed as soon as the first resource of the program exists.
    while (JSON.stringify(await holdings("prod")) === JSON.stringify(atFirst.prod)) await sleep(50);
    process.kill(-engine.pid!, "SIGKILL");
    await begin();
    await up();
    const { output } = await verify();
    assert.match(output, ALL_AS_EXPECTED, output);
  });

  it("starts anew, and says so, where the sandbox is killed in the middle of an up", async () => {
    await pulumi("destroy", "--yes", "--skip-preview");
    const upAndAway = pulumi("up", "--yes", "--skip-preview");
    while (JSON.stringify(await holdings("prod")) === JSON.stringify(atFirst.prod)) await sleep(50);
    process.kill(rehearsal.sandbox.pid, "SIGKILL");
    assert.notEqual((await upAndAway).code, 0);
    await begin();
    assert(
      said.some((line) => /accounts that stack dev was deployed into are gone/.test(line)),
      said.join("\n"),
    );
    assert.match(
      said.join("\n"),
      /^accounts +The sandbox's accounts prod 000000000002, dev 000000000001.* are gone, .*npm run rehearse -- dev$/m,
    );
    await up();
    const { output } = await verify();
    assert.match(output, ALL_AS_EXPECTED, output);
  });
});
