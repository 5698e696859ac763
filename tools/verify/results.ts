import { existsSync, readFileSync } from "node:fs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { bucketArn } from "../../infra/access/arn";
import type { Statement } from "../../infra/access/policy";
import type { Home, Persona, Target } from "../../infra/contract/types";
import { contractOf, groupsOf, inventoryOf } from "../../infra/program";
import type { Settings } from "../../infra/settings";
import { locationsOf } from "../../infra/stack-settings";
import { UserError } from "../../infra/user-error";
import { DeployedPolicies, type DeployedPolicy, type DeployedRole } from "../deployed-policies";
import { CheckEnvironment, type Deployment, type Row } from "./check-environment";
import type { Result } from "./verify";

const FORMAT = "cross-account-access/results/3";

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
  /** allowed, refused, unclear or skipped. */
  answer: string;
  /** The endpoint's own words, where it did not simply allow. */
  words: string;
}

/** An account, or GitHub, whose jobs live in none. */
export type PersonaHome = Home | "github";

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
  people: Record<string, { home: PersonaHome; machine: boolean; groups: readonly string[] }>;
  /** The titles of each scenario's checks. */
  checks: Record<string, readonly string[]>;
  rows: AnsweredRow[];
  roles: ({ scenario: string } & DeployedRole)[];
  groups: DeployedPolicy[];
  /** The resources that carry a policy of their own: a bucket, topic, queue or repository. */
  resources: { scenario: string; kind: string; arn: string; statements: Statement[] }[];
  /** The access model of what the accounts hold, in the lines of a baseline; results of before have none. */
  access?: string[];
  /** By scenario and the name that its rows use. */
  targets: Record<string, Record<string, ResultTarget>>;
}

/** What rows are about: in which account it is, its name there, and for a copy the names that it goes between. */
export interface ResultTarget {
  kind: "role" | "resource";
  side: Home;
  name: string;
  copy?: { from: string; to: string };
}

/** The answers of a run, with the policies that the accounts hold now. */
export async function resultsOf(
  deployment: Deployment,
  answers: readonly Result[],
  access: string[],
): Promise<Results> {
  const { settings } = deployment;
  const environment = await CheckEnvironment.of(deployment);
  const rows = answers.map(({ row }) => row);
  const personas = [...new Map(rows.map(({ who }) => [who.name, who])).values()];
  const deployedGroups = groupsOf(settings);
  const people = personas.map((persona) => [persona.name, describePersona(persona, deployedGroups)] as const);
  const contract = contractOf(settings).filter(({ scenario }) => deployment.outputs[scenario]);
  return {
    format: FORMAT,
    stack: settings.stack,
    at: new Date().toISOString(),
    region: settings.region,
    rehearsal: environment.endpoint !== undefined,
    accounts: await accountIds(environment, personas),
    people: Object.fromEntries(people),
    checks: Object.fromEntries(contract.map(({ scenario, checks }) => [scenario, checks])),
    rows: answers.map(({ row, verdict }) => ({
      ...row,
      who: row.who.name,
      on: row.on.name,
      ...verdict,
    })),
    ...(await deployedPolicies(
      settings,
      environment,
      rows,
      people.flatMap(([, { groups }]) => groups),
    )),
    access,
    targets: targetsByScenario(rows),
  };
}

function describePersona(persona: Persona, deployedGroups: readonly string[]): Results["people"][string] {
  if (persona.kind === "job") return { home: "github", machine: true, groups: [] };
  if (persona.kind === "permission set") return { home: "trusted", machine: false, groups: [] };
  if (persona.kind !== "user") return { home: "trusted", machine: true, groups: [] };
  const { home, groups = [] } = persona;
  return { home, machine: false, groups: groups.filter((group) => deployedGroups.includes(group)) };
}

async function accountIds(
  environment: CheckEnvironment,
  personas: readonly Persona[],
): Promise<Results["accounts"]> {
  const homes = new Set<Home>(["trusting", "trusted"]);
  for (const persona of personas) if (persona.kind === "user") homes.add(persona.home);
  const accounts = await Promise.all(
    [...homes].map(async (home) => {
      const sts = new STSClient(environment.administrator(home));
      // Without a profile for a third account nothing was asked from there either.
      const identity = await sts.send(new GetCallerIdentityCommand({})).catch(() => undefined);
      return identity ? [[home, identity.Account!]] : [];
    }),
  );
  return Object.fromEntries(accounts.flat());
}

/** The policies of the roles that were asked for, of the groups that asked, and of the resources of the program. */
async function deployedPolicies(
  settings: Settings,
  environment: CheckEnvironment,
  rows: readonly Row[],
  groups: readonly string[],
): Promise<Pick<Results, "roles" | "groups" | "resources">> {
  const { manages } = settings;
  const policies = {
    trusting: new DeployedPolicies(environment.administrator("trusting")),
    trusted: new DeployedPolicies(environment.administrator("trusted")),
  };
  const roles = new Map<string, Row>();
  for (const row of rows) if (row.on.role && !roles.has(row.on.role)) roles.set(row.on.role, row);
  const owner = locationsOf(settings).trusting;
  const resources = inventoryOf(settings, "trusting").flatMap(
    ({ scenario, buckets = [], sharedResources = [] }) => [
      ...buckets.map(({ name }) => ({
        scenario,
        kind: "bucket" as const,
        name,
        arn: bucketArn(owner, name),
      })),
      ...sharedResources.map((resource) => ({ scenario, ...resource })),
    ],
  );
  return {
    // Of a side that the stack does not manage no profile needs to exist.
    roles: await Promise.all(
      [...roles.values()]
        .filter(({ on }) => manages.includes(on.side ?? "trusting"))
        .map(async ({ scenario, on }) => ({
          scenario,
          ...(await policies[on.side ?? "trusting"].role(on.role!.split("/").at(-1)!)),
        })),
    ),
    groups: manages.includes("trusted")
      ? (await Promise.all([...new Set(groups)].map((name) => policies.trusted.group(name)))).flat()
      : [],
    resources: manages.includes("trusting")
      ? await Promise.all(
          resources.map(async ({ scenario, kind, name, arn }) => {
            const statements = await policies.trusting[kind](kind === "topic" ? arn : name);
            return { scenario, kind, arn, statements };
          }),
        )
      : [],
  };
}

/** The names of the targets in their accounts, as far as the settings say them. */
export function targetsByScenario(rows: readonly Row[]): Results["targets"] {
  const targets: Results["targets"] = {};
  for (const { scenario, on } of rows) {
    targets[scenario] ??= {};
    targets[scenario][on.name] = {
      kind: on.role ? "role" : "resource",
      side: on.side ?? "trusting",
      name: deployedName(on),
      ...(on.copy && { copy: on.copy }),
    };
  }
  return targets;
}

function deployedName({ role, bucket, parameter, topic }: Target): string {
  const names = [role?.replace(/^arn:.*:role\//, ""), bucket, parameter, topic];
  return names.find((name) => typeof name === "string") ?? "";
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
