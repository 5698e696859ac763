import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IAMClient, ListUsersCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentity } from "@aws-sdk/types";
import { CheckUsers } from "../../tools/verify/check-users";
import { stopSandbox } from "../accounts";
import { confined, PROJECT_DIRECTORY, type Rehearsal } from "../rehearsal";
import { rehearseCopy } from "./project";
import { DEPLOYMENT_TIMEOUT, type Ended } from "./shell";

const PACKAGE = join(PROJECT_DIRECTORY, "infra/access");
const REGION = "ap-northeast-1";

describe("the components as a package", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "access-package-"));
  const project = join(directory, "two-accounts");
  const modules = join(project, "node_modules");
  let tarball: string;

  before(() => {
    const pack = ["pack", "--silent", "--pack-destination", directory];
    // The compiler is the project's own.
    const PATH = `${join(PROJECT_DIRECTORY, "node_modules/.bin")}:${process.env.PATH}`;
    const printed = execFileSync("npm", pack, {
      cwd: PACKAGE,
      encoding: "utf8",
      env: { ...process.env, PATH },
    });
    tarball = join(directory, printed.trim().split("\n").at(-1)!);
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
    const expected = ["LICENSE", "README.md", "package.json", ...built.map((name) => `dist/${name}`)];
    assert.deepEqual(listed.sort(), expected.map((name) => `package/${name}`).sort());
  });

  it("lets a program of its own type-check and deploy into two accounts, and its role asks for MFA", async () => {
    cpSync(join(PROJECT_DIRECTORY, "examples/two-accounts"), project, { recursive: true });
    mkdirSync(join(modules, "@cross-account-access/access"), { recursive: true });
    const unpack = [
      "-xzf",
      tarball,
      "--strip-components=1",
      "-C",
      join(modules, "@cross-account-access/access"),
    ];
    execFileSync("tar", unpack);
    // The packages that it names as its peers, with theirs: nothing else of the project can be found from here.
    for (const scope of readdirSync(join(PROJECT_DIRECTORY, "node_modules")))
      if (scope !== "@cross-account-access" && !scope.startsWith("."))
        symlinkSync(join(PROJECT_DIRECTORY, "node_modules", scope), join(modules, scope));

    const rehearsal = await rehearseCopy(directory);
    const compiled = await run(
      rehearsal,
      process.execPath,
      "node_modules/typescript/bin/tsc",
      "--project",
      ".",
    );
    assert.equal(compiled.code, 0, compiled.output);
    const { pulumi } = rehearsal.tools;
    const created = await run(rehearsal, pulumi, "stack", "init", "example");
    assert.equal(created.code, 0, created.output);
    for (const [name, value] of [
      ["region", REGION],
      ["trustingAccountId", "000000000002"],
      ["trustingProfile", "prod"],
      ["trustedAccountId", "000000000001"],
      ["trustedProfile", "dev"],
    ] as const)
      await run(rehearsal, pulumi, "config", "set", "--stack", "example", name, value);
    const up = await run(rehearsal, pulumi, "up", "--yes", "--skip-preview", "--stack", "example");
    assert.equal(up.code, 0, up.output);
    await askWhoGetsIn(rehearsal);
  });

  const run = ({ environment }: Rehearsal, command: string, ...args: string[]) =>
    new Promise<Ended>((resolve) => {
      const options = { cwd: project, env: confined(environment), maxBuffer: 1 << 26 };
      execFile(command, args, options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });

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
