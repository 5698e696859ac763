import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity } from "@aws-sdk/types";
import { CheckUsers } from "../../tools/verify/check-users";
import { stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY, type Rehearsal } from "../rehearsal";
import { yamlLanguageHost } from "../toolchain";
import { rehearseCopy } from "./project";
import { DEPLOYMENT_TIMEOUT } from "./shell";

const PACKAGE = join(PROJECT_DIRECTORY, "infra/access");
const REGION = "ap-northeast-1";

describe("the components as a package", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "access-package-"));
  let tarball: string;
  let rehearsal: Rehearsal;

  before(async () => {
    const pack = ["pack", "--silent", "--pack-destination", directory];
    // The compiler is the project's own.
    const PATH = `${join(PROJECT_DIRECTORY, "node_modules/.bin")}:${process.env.PATH}`;
    const printed = execFileSync("npm", pack, {
      cwd: PACKAGE,
      encoding: "utf8",
      env: { ...process.env, PATH },
    });
    tarball = join(directory, printed.trim().split("\n").at(-1)!);
    rehearsal = await rehearseCopy(directory);
  });
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(join(PACKAGE, "dist"), { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  });

  it("holds its compiled files, their types, its licence and its README, and nothing else", () => {
    const listed = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
    const sources = readdirSync(PACKAGE).filter((name) => name.endsWith(".ts"));
    const built = sources.flatMap((name) => [name.replace(/ts$/, "js"), name.replace(/ts$/, "d.ts")]);
    const own = ["LICENSE", "PulumiPlugin.yaml", "README.md", "package.json"];
    const expected = [...own, ...built.map((name) => `dist/${name}`)];
    assert.deepEqual(listed.sort(), expected.map((name) => `package/${name}`).sort());
  });

  it("lets a program of its own type-check and deploy into two accounts, and its role asks for MFA", async () => {
    const project = copyExample("two-accounts", "node_modules/@cross-account-access/access");
    await succeed(project, process.execPath, "node_modules/typescript/bin/tsc", "--project", ".");
    await prepareStack(project);
    await deployAndAsk(project);
  });

  describe("from a program in YAML", () => {
    let project: string;
    let program: string;
    before(async () => {
      const folder = join(rehearsal.environment.PULUMI_HOME!, "plugins/language-yaml-v1.0.0");
      mkdirSync(folder);
      symlinkSync(await yamlLanguageHost(rehearsal.tools.cli), join(folder, "pulumi-language-yaml"));
      project = copyExample("two-accounts-yaml", "access");
      program = readFileSync(join(project, "Pulumi.yaml"), "utf8");
      await prepareStack(project);
    });
    afterEach(() => writeFileSync(join(project, "Pulumi.yaml"), program));

    it("deploy the same, each component by the provider that it is given", () => deployAndAsk(project));

    for (const [mistake, right, wrong, says] of [
      ["no provider", /providers: .*trusting.*/, "protect: false", /auditor has no AWS provider/],
      ["a trust of no account", /accounts: .*/, "accounts: []", /accounts is empty/],
      ["an output in a role", /Name: Auditor/, `Name: $\{auditors.name}`, /auditor\.roleName is an output/],
      ["two grantees", /group: .*/, "group: Auditors\n      user: jane", /has group, user of/],
    ] as const)
      it(`refuse ${mistake}, at preview`, async () => {
        assert.match(program, right);
        writeFileSync(join(project, "Pulumi.yaml"), program.replace(right, wrong));
        const preview = succeed(project, rehearsal.tools.pulumi, "preview", "--stack", "example");
        await assert.rejects(preview, says);
      });
  });

  /** A project with the unpacked package, those that it names as its peers and theirs, and no others. */
  function copyExample(example: string, into: string): string {
    const project = join(directory, example);
    const modules = join(project, "node_modules");
    cpSync(join(PROJECT_DIRECTORY, "examples", example), project, { recursive: true });
    mkdirSync(modules);
    mkdirSync(join(project, into), { recursive: true });
    execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", join(project, into)]);
    for (const scope of readdirSync(join(PROJECT_DIRECTORY, "node_modules")))
      if (scope !== "@cross-account-access" && !scope.startsWith("."))
        symlinkSync(join(PROJECT_DIRECTORY, "node_modules", scope), join(modules, scope));
    return project;
  }

  async function prepareStack(project: string): Promise<void> {
    const pulumi = (...args: string[]) => succeed(project, rehearsal.tools.pulumi, ...args);
    await pulumi("stack", "init", "example");
    for (const [name, value] of [
      ["region", REGION],
      ["trustingAccountId", "000000000002"],
      ["trustingProfile", "prod"],
      ["trustedAccountId", "000000000001"],
      ["trustedProfile", "dev"],
    ] as const)
      await pulumi("config", "set", "--stack", "example", name, value);
  }

  async function deployAndAsk(project: string): Promise<void> {
    const pulumi = (command: string) =>
      succeed(project, rehearsal.tools.pulumi, command, "--yes", "--skip-preview", "--stack", "example");
    await pulumi("up");
    await askWhoGetsIn(rehearsal);
    await pulumi("destroy");
  }

  /** Runs a command with the sandbox's accounts. @throws {AssertionError} with its output where it fails. */
  function succeed(cwd: string, command: string, ...args: string[]): Promise<string> {
    const options = { cwd, env: confined(rehearsal.environment), maxBuffer: 1 << 26 };
    return new Promise((resolve, reject) =>
      execFile(command, args, options, (error, stdout, stderr) =>
        error ? reject(new assert.AssertionError({ message: stdout + stderr })) : resolve(stdout),
      ),
    );
  }

  async function askWhoGetsIn({ sandbox }: Rehearsal): Promise<void> {
    const caller = (credentials: AwsCredentialIdentity | ReturnType<typeof fromIni>) => ({
      region: REGION,
      endpoint: sandbox.url,
      credentials,
    });
    const { awsConfigFile: file } = sandbox;
    const users = new CheckUsers(
      caller(fromIni({ profile: "dev", configFilepath: file, filepath: file, ignoreCache: true })),
      "package",
    );
    const member = await users.create("member", ["Auditors"]);
    const colleague = await users.create("colleague", []);
    const assume = async ({ credentials, mfaSerial, nextCode }: typeof member, mfa: boolean) =>
      new STSClient(caller(credentials)).send(
        new AssumeRoleCommand({
          RoleArn: "arn:aws:iam::000000000002:role/Auditor",
          RoleSessionName: "check",
          ...(mfa && { SerialNumber: mfaSerial, TokenCode: await nextCode() }),
        }),
      );
    await assert.rejects(assume(member, false), { name: "AccessDenied" });
    await assert.rejects(assume(colleague, true), { name: "AccessDenied" });
    const { Credentials } = await assume(member, true);
    const session = caller({
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    });
    await new IAMClient(session).send(new ListUsersCommand({}));
    await users.remove();
  }
});
