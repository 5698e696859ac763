import type { Accounts } from "./account";
import type { Contract, Target } from "./contract/types";
import { checkerStatements, deployerStatements, previewerStatements } from "./deployer";
import type { Inventory, Program, ScenarioContext } from "./scenario";
import { SCENARIO_NAMES, type ScenarioSettings, scenarios } from "./scenarios/registry";
import type { Settings } from "./settings";
import { locationsOf, type Side } from "./stack-settings";

const enabled = (settings: Settings) => scenarios.filter(({ name }) => settings.scenarios.includes(name));

/** Creates the resources of the scenarios that the settings turn on, and returns what each publishes. */
export function deployScenarios(settings: Settings, accounts: Accounts): Record<string, unknown> {
  const context = contextOf(settings);
  return Object.fromEntries(
    enabled(settings).map(({ output, deploy }) => [output, deploy(context, accounts)]),
  );
}

/** A scenario's part of the access contract. */
export interface ScenarioContract extends Contract {
  scenario: string;
}

/** The access contract of a stack: who is expected to get in, scenario by scenario. */
export const contractOf = (settings: Settings): ScenarioContract[] =>
  enabled(settings).map(({ name, contract }) => ({ scenario: name, ...contract(contextOf(settings)) }));

/** What the stack creates in one of its accounts, by name, scenario by scenario. */
export const inventoryOf = (settings: Settings, side: Side): ({ scenario: string } & Inventory)[] =>
  enabled(settings).map(({ name, inventory }) => ({
    scenario: name,
    ...inventory({ settings, locations: locationsOf(settings) })[side],
  }));

/** The groups that the stack creates in the trusted account. */
export const groupsOf = (settings: Settings): string[] =>
  inventoryOf(settings, "trusted").flatMap(({ groups = [] }) => groups);

function contextOf(settings: Settings): ScenarioContext<ScenarioSettings> {
  const everyScenario = { ...settings, scenarios: SCENARIO_NAMES };
  const program: Program = {
    groups: groupsOf(settings),
    buckets: inventoryOf(settings, "trusting").flatMap(({ buckets = [] }) =>
      buckets.map(({ label, name }): Target => ({ name: label, bucket: name })),
    ),
    deployerStatements: (side) => deployerStatements(everyScenario, side),
    checkerStatements: (side) => checkerStatements(everyScenario, side),
    previewerStatements: (side) => previewerStatements(everyScenario, side),
  };
  return { settings, locations: locationsOf(settings), program };
}
