import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  GetRoleCommand,
  IAMClient,
  ListGroupsCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { fromIni } from "@aws-sdk/credential-providers";
import type { Statement } from "../../infra/access/policy";
import { PERMISSION_SET_PATH } from "../../infra/access/trust";
import { commandArguments } from "../../tools/command-line";
import { CheckPermissionSets } from "../../tools/verify/check-permission-sets";
import { stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY, type Rehearsal } from "../rehearsal";
import { rehearseCopy } from "./project";
import { awsCli, DEPLOYMENT_TIMEOUT, type Ended, typed } from "./shell";

const REGION = "ap-northeast-1";
const PERMISSION_SET = "ApplicationDevelopers";

describe("a stack whose people all sign in by IAM Identity Center", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "permission-sets-"));
  let rehearsal: Rehearsal;
  let outputs: Record<string, Record<string, string>>;

  const run = (command: string, ...args: string[]) =>
    new Promise<Ended>((resolve) => {
      const options = { cwd: rehearsal.project, env: confined(rehearsal.environment), maxBuffer: 1 << 26 };
      execFile(command, args, options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + (error ? stderr : "") }),
      );
    });
  const verify = () => run(process.execPath, ...commandArguments("verify", "dev"));
  const administrator = (profile: string) => {
    const { awsConfigFile: file, url } = rehearsal.sandbox;
    const credentials = fromIni({ profile, configFilepath: file, filepath: file, ignoreCache: true });
    return { region: REGION, endpoint: url, credentials };
  };

  before(async () => {
    rehearsal = await rehearseCopy(directory);
    const settings = readFileSync(join(PROJECT_DIRECTORY, "Pulumi.dev.yaml"), "utf8");
    const some = settings
      .replace(
        /(scenarios:\n)(?: {4}- \w+\n)+/,
        "$1    - UpdateApp\n    - ParameterReader\n    - InstanceOperator\n",
      )
      .replace(/.*trustIamUsers.*\n/, "");
    writeFileSync(join(rehearsal.project, "Pulumi.dev.yaml"), some);
    const up = ["up", "--yes", "--skip-preview", "--stack", "dev", "--policy-pack", "policypack"];
    const { code, output } = await run(rehearsal.tools.pulumi, ...up);
    assert.equal(code, 0, output);
    const published = await run(rehearsal.tools.pulumi, "stack", "output", "--json", "--stack", "dev");
    outputs = JSON.parse(published.output);
  });
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(directory, { recursive: true, force: true });
  });

  it("lets in exactly the people of its permission sets", async () => {
    const { code, output } = await verify();
    assert.match(output, /(\d+) of \1 checks as expected/, output);
    assert.equal(code, 0, output);
  });

  it("creates no groups, which would be for IAM users alone", async () => {
    const { Groups } = await new IAMClient(administrator("dev")).send(new ListGroupsCommand({}));
    assert.deepEqual(Groups, []);
  });

  const trustedArns = (statement: Statement, change: (arn: string) => string): Statement => {
    const arns = [statement.Condition!.ArnLike!["aws:PrincipalArn"]!].flat();
    return { ...statement, Condition: { ArnLike: { "aws:PrincipalArn": arns.map(change) } } };
  };
  for (const [mistake, change, caughtBy] of [
    ["names no permission set", ({ Condition: _, ...rest }: Statement) => rest, [2, 3, 4]],
    [
      "does not count the characters of the suffix",
      (statement: Statement) => trustedArns(statement, (arn) => arn.replace(/\?+/, "*")),
      [2],
    ],
    [
      "accepts the role at any path",
      (statement: Statement) =>
        trustedArns(statement, (arn) => arn.replace(/role\/aws-reserved.*\//, "role/*")),
      [3],
    ],
    [
      "forgets that the path has a region",
      (statement: Statement) => trustedArns(statement, (arn) => arn.replace("com*/", "com/")),
      [1],
    ],
    [
      "asks for MFA, which no such session has",
      (statement: Statement) => ({
        ...statement,
        Condition: { ...statement.Condition, Bool: { "aws:MultiFactorAuthPresent": "true" } },
      }),
      [1],
    ],
  ] as const)
    it(`is found out where a trust policy ${mistake}`, async () => {
      const iam = new IAMClient(administrator("prod"));
      const RoleName = "UpdateApp";
      const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
      const trust = decodeURIComponent(Role!.AssumeRolePolicyDocument!);
      const { Statement: statements, ...rest } = JSON.parse(trust) as { Statement: Statement[] };
      const PolicyDocument = JSON.stringify({ ...rest, Statement: statements.map(change) });
      assert.notEqual(PolicyDocument, trust);
      await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument }));
      try {
        const { code, output } = await verify();
        const updateApp = output.slice(output.indexOf("UpdateApp\n"), output.indexOf("ParameterReader\n"));
        const failed = [...updateApp.matchAll(/^✘ +(\d+)/gm)].map(([, number]) => Number(number));
        assert.deepEqual(failed.slice(0, caughtBy.length), caughtBy, output);
        assert.equal(code, 1);
      } finally {
        await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust }));
      }
    });

  it("lets the AWS CLI assume the role with the profile and the inline policy that the program gives", async () => {
    const { permissionSetPolicy, permissionSetProfile } = outputs.updateApp!;
    const account = rehearsal.sandbox.accounts.dev!;
    const sets = new CheckPermissionSets(
      administrator("dev"),
      { partition: "aws", region: REGION, accountId: account },
      "0123cafe",
    );
    const persona = {
      kind: "permission set",
      name: "person",
      permissionSet: PERMISSION_SET,
      path: `${PERMISSION_SET_PATH}eu-west-2/`,
      permissions: JSON.parse(permissionSetPolicy!).Statement,
    } as const;
    await sets.create(persona);
    const portal = await accessPortal(account, await sets.credentials(persona));
    try {
      const home = join(directory, "home");
      mkdirSync(join(home, ".aws", "sso", "cache"), { recursive: true });
      const config = permissionSetProfile!
        .replace("YOUR-ACCESS-PORTAL-URL", "https://example.awsapps.com/start")
        .replace("YOUR-IDENTITY-CENTER-REGION", "eu-west-2");
      writeFileSync(join(home, ".aws", "config"), config);
      // What `aws sso login` leaves: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sso.html
      const cache = `${createHash("sha1").update("identity-center").digest("hex")}.json`;
      const token = {
        accessToken: "token",
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        startUrl: "https://example.awsapps.com/start",
        region: "eu-west-2",
      };
      writeFileSync(join(home, ".aws", "sso", "cache", cache), JSON.stringify(token));
      const aws = (...args: string[]) =>
        typed(awsCli(), args, "", {
          HOME: home,
          AWS_ENDPOINT_URL: rehearsal.sandbox.url,
          AWS_ENDPOINT_URL_SSO: `http://127.0.0.1:${(portal.address() as AddressInfo).port}`,
          no_proxy: "127.0.0.1",
        });
      const identity = await aws("sts", "get-caller-identity", "--profile", "UpdateApp");
      assert.match(identity.output, /assumed-role\/UpdateApp\//, identity.output);
      const listed = await aws("s3", "ls", "s3://productionapp", "--profile", "UpdateApp");
      assert.equal(listed.code, 0, listed.output);
      const source = `${PERMISSION_SET}-${account}`;
      const direct = await aws("s3", "ls", "s3://productionapp", "--profile", source);
      assert.match(direct.output, /AccessDenied/);
    } finally {
      portal.close();
      await sets.remove();
    }
  });
});

/** What the AWS CLI asks of Identity Center once a person has signed in: the credentials of a permission set. */
async function accessPortal(
  account: string,
  credentials: Awaited<ReturnType<CheckPermissionSets["credentials"]>>,
): Promise<Server> {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, "http://127.0.0.1");
    const isAssigned =
      searchParams.get("account_id") === account &&
      searchParams.get("role_name") === PERMISSION_SET &&
      request.headers["x-amz-sso_bearer_token"] === "token";
    const roleCredentials = { ...credentials, expiration: Date.now() + 3_600_000 };
    response.writeHead(isAssigned ? 200 : 403, { "content-type": "application/json" });
    response.end(JSON.stringify(isAssigned ? { roleCredentials } : { message: "No access" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
