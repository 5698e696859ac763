import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  AddUserToGroupCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  RemoveUserFromGroupCommand,
} from "@aws-sdk/client-iam";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { fromIni } from "@aws-sdk/credential-providers";
import { iamArn, partitionOf, roleArn } from "../../infra/access/arn";
import { policyDocument, type Statement } from "../../infra/access/policy";
import { checkerStatements, deployerStatements } from "../../infra/deployer";
import { SIDES, type Side } from "../../infra/stack-settings";
import { commandArguments } from "../../tools/command-line";
import { readStackSettings } from "../../tools/stack-settings";
import { stopSandbox } from "../accounts";
import { covers } from "../gateway/wildcards";
import { confined, type Rehearsal } from "../rehearsal";
import { rehearseCopy } from "./project";
import { DEPLOYMENT_TIMEOUT } from "./shell";

const settings = readStackSettings("dev");
/** What AWS says of a request that the deployer may not make. */
const DENIED =
  /arn:aws:sts::(?<account>\d+):assumed-role\/Deployer\/\S+ is not authorized to perform: (?<action>\S+) on resource: "?(?<resource>[^\s"]+)/g;

describe("the deployer's permissions", function () {
  this.timeout(DEPLOYMENT_TIMEOUT);
  const directory = mkdtempSync(join(tmpdir(), "deployer-"));
  let rehearsal: Rehearsal;
  let environment: Record<string, string>;

  const administrator = (side: Side) => {
    const { awsConfigFile, url, region } = rehearsal.sandbox;
    const options = {
      profile: settings[`${side}Profile`],
      configFilepath: awsConfigFile,
      filepath: awsConfigFile,
    };
    return { region, endpoint: url, credentials: fromIni({ ...options, ignoreCache: true }) };
  };
  const permit = (side: Side, statements: readonly Statement[]) =>
    new IAMClient(administrator(side)).send(
      new PutRolePolicyCommand({
        RoleName: "Deployer",
        PolicyName: "deploy",
        PolicyDocument: policyDocument(statements),
      }),
    );
  const pulumi = (...args: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const all = [...args, "--stack", "dev", "--non-interactive", "--color=never"];
      const options = { cwd: rehearsal.project, env: confined(environment), maxBuffer: 1 << 26 };
      execFile(rehearsal.tools.pulumi, all, options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
      );
    });
  const works = async (...args: string[]) => {
    const { code, output } = await pulumi(...args);
    assert.equal(code, 0, output);
    return output;
  };
  /** So that there is something to empty the bucket of. */
  const putObject = () =>
    new S3Client(administrator("trusting")).send(
      new PutObjectCommand({ Bucket: settings.bucketName, Key: "release", Body: "hello" }),
    );
  const steps = [
    ["up", "--yes", "--skip-preview"],
    ["refresh", "--yes", "--skip-preview"],
    ["destroy", "--yes", "--skip-preview"],
  ];

  before(async () => {
    rehearsal = await rehearseCopy(directory);
    // As docs/to-real-accounts.md says: a role in each account, and a profile that assumes it.
    let profiles = readFileSync(rehearsal.sandbox.awsConfigFile, "utf8");
    for (const side of SIDES) {
      const { region } = settings;
      const place = { accountId: settings[`${side}AccountId`], region, partition: partitionOf(region) };
      const trust = { Principal: { AWS: iamArn(place, "root") }, Action: "sts:AssumeRole" };
      await new IAMClient(administrator(side)).send(
        new CreateRoleCommand({
          RoleName: "Deployer",
          AssumeRolePolicyDocument: policyDocument([{ Effect: "Allow", ...trust }]),
        }),
      );
      const profile = settings[`${side}Profile`];
      profiles = profiles.replace(`[profile ${profile}]`, `[profile administrator-${profile}]`);
      profiles += [
        "",
        `[profile ${profile}]`,
        `role_arn = ${roleArn(place, "Deployer")}`,
        `source_profile = administrator-${profile}`,
        `endpoint_url = ${rehearsal.sandbox.url}`,
        "",
      ].join("\n");
      await permit(side, deployerStatements(settings, side));
    }
    const config = join(directory, "config");
    writeFileSync(config, profiles, { mode: 0o600 });
    environment = {
      ...rehearsal.environment,
      AWS_CONFIG_FILE: config,
      AWS_SHARED_CREDENTIALS_FILE: config,
    };
  });
  after(async () => {
    await stopSandbox(join(directory, "sandbox"));
    rmSync(directory, { recursive: true, force: true });
  });

  it("suffice, with those of the checks, to ask the accounts who gets in", async () => {
    // The checks launch instances and imitate roles of permission sets in the sandbox, never at AWS: see
    // tools/verify/check-environment.ts and check-permission-sets.ts.
    const asked: Statement[] = [
      { Effect: "Allow", Action: ["ec2:*", "iam:PassRole"], Resource: "*" },
      {
        Effect: "Allow",
        Action: [
          "iam:CreateRole",
          "iam:PutRolePolicy",
          "iam:DeleteRolePolicy",
          "iam:DeleteRole",
          "sts:AssumeRole",
        ],
        Resource: "arn:aws:iam::*:role/*AWSReservedSSO_*",
      },
    ];
    for (const side of SIDES)
      await permit(side, [
        ...deployerStatements(settings, side),
        ...checkerStatements(settings, side),
        ...asked,
      ]);
    await works(...steps[0]!);
    const run = async (program: string, ...args: string[]) => {
      const all = commandArguments(program, "dev", ...args);
      const options = { cwd: rehearsal.project, env: confined(environment) };
      return (await promisify(execFile)(process.execPath, all, options)).stdout;
    };
    const results = join(directory, "results.json");
    assert.match(await run("verify", "--results", results), /(\d+) of \1 checks as expected/);
    assert.match(readFileSync(results, "utf8"), /"aws:MultiFactorAuthPresent"/);
    const people = new IAMClient(administrator("trusted"));
    await people.send(new CreateUserCommand({ UserName: "jane" }));
    await people.send(new AddUserToGroupCommand({ UserName: "jane", GroupName: "Developers" }));
    assert.match(await run("handover", "--for", "jane"), /UpdateApp/);
    await people.send(new RemoveUserFromGroupCommand({ UserName: "jane", GroupName: "Developers" }));
    for (const side of SIDES) await permit(side, deployerStatements(settings, side));
    await works(...steps[2]!);
  });

  it("suffice to deploy, refresh and destroy every scenario", async () => {
    for (const step of steps) {
      await works(...step);
      if (step[0] === "up") await putObject();
    }
  });

  /**
   * Left out one by one, most of the time would go to what is permitted. So all are left out at once, and what the errors
   * name is given back, until nothing is left out.
   */
  it("are needed, each statement: without it an error names what it permits", async () => {
    const all = SIDES.flatMap((side) =>
      deployerStatements(settings, side).map((statement) => ({ side, statement })),
    );
    assert.ok(all.length > 15);
    let untried = all;
    let leftOut = all;
    while (untried.length > 0) {
      for (const side of SIDES)
        await permit(side, [
          // A policy has to have a statement; this one permits what needs no permission.
          { Effect: "Allow", Action: "sts:GetCallerIdentity", Resource: "*" },
          ...all
            .filter((one) => one.side === side && !leftOut.includes(one))
            .map(({ statement }) => statement),
        ]);
      let ended = { code: 0, output: "" };
      for (const step of steps) {
        ended = await pulumi(...step, ...(step[0] === "refresh" ? [] : ["--continue-on-error"]));
        if (ended.code !== 0) break;
        if (step[0] === "up") await putObject();
      }
      for (const side of SIDES) await permit(side, deployerStatements(settings, side));
      await works(...steps[2]!);
      const denied = [...ended.output.matchAll(DENIED)].map(({ groups }) => groups!);
      // What two statements permit shows of neither that it is needed.
      const needed = denied.flatMap(({ account, action, resource }) => {
        const covering = all.filter(
          ({ side, statement: { Action, Resource = [] } }) =>
            account === settings[`${side}AccountId`] &&
            [Action].flat().some((pattern) => covers(pattern, action!)) &&
            [Resource].flat().some((pattern) => covers(pattern, resource!)),
        );
        return covering.length === 1 ? covering : [];
      });
      assert.notEqual(
        ended.code,
        0,
        `nothing needed ${leftOut.map(({ side, statement }) => `${statement.Sid} in the ${side} account`)}`,
      );
      // S3 does not say which of several objects' permissions is missing: then a single statement is left out.
      if (needed.length === 0 && leftOut.length > 1) leftOut = leftOut.slice(0, 1);
      else {
        assert.match(ended.output, /AccessDenied|not authorized/);
        untried = untried.filter((one) => !(leftOut.length === 1 ? leftOut : needed).includes(one));
        leftOut = untried;
      }
    }
  });
});
