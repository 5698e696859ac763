import { existsSync, readFileSync } from "node:fs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { arn, bucketArn, type Place as Owner, partitionOf } from "../../infra/access/arn";
import type { Statement } from "../../infra/access/policy";
import { groupsOf } from "../../infra/deployer";
import { UserError } from "../../infra/user-error";
import { DeployedPolicies, type DeployedPolicy, type DeployedRole } from "../deployed-policies";
import { checks, type Home, jobs, people, type Role } from "./contract";
import { type Deployment, Stage } from "./stage";
import type { Result } from "./verify";

const FORMAT = "cross-account-access/results/2";

/** A row of the access contract and what was answered. Names are plain text: other versions may know others. */
export interface AnsweredRow {
  scenario: string;
  /** Counts from 1. */
  check: number;
  who: string;
  session: string;
  action: string;
  on: string;
  expected: string;
  /** allowed, refused, unclear or not asked. */
  answer: string;
  /** The endpoint's own words, where it did not simply allow. */
  words: string;
}

/** An account, or GitHub, whose jobs live in none. */
export type Place = Home | "github";

/** The file of `--results`: the answers of one run and the policies behind them, and never a secret. */
export interface Results {
  format: typeof FORMAT;
  stack: string;
  /** ISO 8601, UTC. */
  at: string;
  region: string;
  /** True where the accounts are not AWS's own. */
  rehearsal: boolean;
  /** Account IDs; an account that could not be reached is left out. */
  accounts: Partial<Record<Home, string>>;
  people: Record<string, { home: Place; machine: boolean; groups: readonly string[] }>;
  /** The titles of each scenario's checks. */
  checks: Record<string, readonly string[]>;
  rows: AnsweredRow[];
  roles: ({ scenario: string } & DeployedRole)[];
  groups: DeployedPolicy[];
  /** The resources that carry a policy of their own: a bucket, topic, queue or repository. */
  resources: { scenario: string; kind: string; arn: string; statements: Statement[] }[];
  /** By scenario, the stack's outputs that are no secret. */
  outputs: Record<string, Record<string, string>>;
}

/** The outputs that name a role, and all that are kept: named one by one, so that a secret output added later is not. */
const ROLES = ["roleArn", "previewRoleArn", "deployRoleArn", "trustedPreviewRoleArn", "trustedDeployRoleArn"];
const PUBLISHED_OUTPUTS = [...ROLES, "bucketName", "parameterName", "topic", "clientId", "instanceProfile"];

/** The resources that carry a policy, by the output that names one, and their ARN by that and by its last part. */
const RESOURCES = {
  bucketName: { kind: "bucket", arnOf: (owner, _, name) => bucketArn(owner, name) },
  topicArn: { kind: "topic", arnOf: (_, topicArn) => topicArn },
  queueUrl: { kind: "queue", arnOf: (owner, _, name) => arn(owner, "sqs", name) },
  repositoryUri: { kind: "repository", arnOf: (owner, _, name) => arn(owner, "ecr", `repository/${name}`) },
} as const satisfies Record<
  string,
  { kind: string; arnOf(owner: Owner, output: string, name: string): string }
>;

/** The answers of a run, with the policies that the accounts hold now. */
export async function resultsOf(deployment: Deployment, answers: readonly Result[]): Promise<Results> {
  const { settings, outputs } = deployment;
  const stage = await Stage.of(deployment);
  const trusting = new DeployedPolicies(stage.administrator("trusting"));
  const trusted = new DeployedPolicies(stage.administrator("trusted"));
  // Of a side that the stack does not manage no profile need be there.
  const { region, trustingAccountId: accountId, manages } = settings;
  const owner = { region, accountId, partition: partitionOf(region) };
  const rows = answers.map(({ row, verdict }) => ({ ...row, ...verdict }));
  const scenarios = Object.entries(outputs);
  const deployed = groupsOf(settings);
  const asking = [...new Set(rows.map(({ who }) => who))].map((who) => {
    const role: Role | undefined = who in people ? people[who as keyof typeof people] : undefined;
    const home: Place = who in jobs ? "github" : (role?.home ?? "trusted");
    const groups = (role?.groups ?? []).filter((group) => deployed.includes(group));
    return [who, { home, machine: !role, groups }] as const;
  });
  const homes = new Set<Home>([
    "trusting",
    "trusted",
    ...asking.flatMap(([, { home }]) => (home === "github" ? [] : [home])),
  ]);
  const accounts = await Promise.all(
    [...homes].map(async (home) => {
      const sts = new STSClient(stage.administrator(home));
      // Without a profile for a third account nothing was asked from there either.
      const identity = await sts.send(new GetCallerIdentityCommand({})).catch(() => undefined);
      return identity ? [[home, identity.Account!]] : [];
    }),
  );
  const groups = manages.includes("trusted")
    ? [...new Set(asking.flatMap(([, person]) => person.groups))]
    : [];
  return {
    format: FORMAT,
    stack: settings.stack,
    at: new Date().toISOString(),
    region,
    rehearsal: stage.endpoint !== undefined,
    accounts: Object.fromEntries(accounts.flat()),
    people: Object.fromEntries(asking),
    checks: Object.fromEntries(scenarios.map(([name]) => [name, checks[name as keyof typeof checks]])),
    rows,
    roles: await Promise.all(
      scenarios.flatMap(([scenario, published]) =>
        ROLES.flatMap((output) => {
          const arn = published[output];
          const side = output.startsWith("trusted") ? "trusted" : "trusting";
          if (!arn || !manages.includes(side)) return [];
          const account = side === "trusted" ? trusted : trusting;
          return [account.role(arn.split("/").at(-1)!).then((role) => ({ scenario, ...role }))];
        }),
      ),
    ),
    groups: (await Promise.all(groups.map((name) => trusted.group(name)))).flat(),
    resources: await Promise.all(
      scenarios.flatMap(([scenario, published]) =>
        Object.entries(RESOURCES).flatMap(([output, { kind, arnOf }]) => {
          const named = published[output];
          if (!named || !manages.includes("trusting")) return [];
          const name = named.split("/").at(-1)!;
          const arn = arnOf(owner, named, name);
          return [trusting[kind](name).then((statements) => ({ scenario, kind, arn, statements }))];
        }),
      ),
    ),
    outputs: Object.fromEntries(
      scenarios.map(([scenario, published]) => [
        scenario,
        Object.fromEntries(
          PUBLISHED_OUTPUTS.flatMap((name) => (published[name] ? [[name, published[name]]] : [])),
        ),
      ]),
    ),
  };
}

/** The results of an earlier run. @throws {UserError} where the file is not what `--results` writes. */
export function readResults(file: string): Results {
  const fix = `Make it: npm run verify -- STACK --results ${file}`;
  let results: Results;
  try {
    results = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const found = existsSync(file)
      ? `found no results (${(error as Error).message})`
      : "there is no such file";
    throw new UserError(`${file}: ${found}. ${fix}`);
  }
  if (results?.format === FORMAT) return results;
  throw new UserError(`${file}: found the format ${results?.format}; expected ${FORMAT}. ${fix}`);
}

/** Whether a row was answered as the access contract expects. */
export const asExpected = ({ expected, answer }: Pick<AnsweredRow, "expected" | "answer">): boolean =>
  expected === answer;
