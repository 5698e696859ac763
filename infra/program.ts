import { isDeepStrictEqual } from "node:util";
import { roleArn } from "./access/arn";
import type { Accounts } from "./account";
import { colleague, devAdministrator, outsider } from "./contract/personas";
import type { Contract, Persona, Target } from "./contract/types";
import { checkerStatements, deployerStatements, previewerStatements } from "./deployer";
import type { Inventory, Program, ScenarioContext } from "./scenario";
import { SCENARIO_NAMES, type ScenarioSettings, scenarios } from "./scenarios/registry";
import type { Settings } from "./settings";
import { locationsOf, SIDES, type Side } from "./stack-settings";

const enabled = (settings: Settings) => scenarios.filter(({ name }) => settings.scenarios.includes(name));

/** Creates the resources of the scenarios that the settings turn on, and returns what each publishes. */
export function deployScenarios(settings: Settings, accounts: Accounts): Record<string, unknown> {
  return Object.fromEntries(
    enabled(settings).map(({ name, output, resources }) => [
      output,
      resources().deploy(contextOf(settings, name), accounts),
    ]),
  );
}

/** A scenario's part of the access contract. */
export interface ScenarioContract extends Contract {
  scenario: string;
}

/** The access contract of a stack: who is expected to get in, scenario by scenario. */
export function contractOf(settings: Settings): ScenarioContract[] {
  const personas = new Map<string, Persona>(
    [colleague, devAdministrator, outsider].map((who) => [who.name, who]),
  );
  return enabled(settings).map(({ name: scenario, contract }) => {
    const { checks, rows } = contract(contextOf(settings, scenario));
    return { scenario, checks, rows: rows.map((row) => ({ ...row, who: distinct(row.who, scenario) })) };
  });

  /** A name means one persona: another one that a scenario names so has the scenario's name too. */
  function distinct(who: Persona, scenario: string): Persona {
    const known = personas.get(who.name) ?? who;
    personas.set(who.name, known);
    return isDeepStrictEqual(known, who) ? who : { ...who, name: `${who.name} of ${scenario}` };
  }
}

/** What the stack creates in one of its accounts, by name, scenario by scenario. */
export const inventoryOf = (settings: Settings, side: Side): ({ scenario: string } & Inventory)[] =>
  enabled(settings).map(({ name, inventory }) => ({
    scenario: name,
    ...inventory({ settings, locations: locationsOf(settings) })[side],
  }));

/** The groups of the trusted account that the stack creates, or gives a permission. */
export const groupsOf = (settings: Settings): string[] => {
  const inventories = inventoryOf(settings, "trusted");
  const all = inventories.flatMap(({ groups = [], existingGroups = [] }) => [...groups, ...existingGroups]);
  return [...new Set(all)];
};

/** The program as one of its scenarios sees it. */
function contextOf(settings: Settings, scenario: string): ScenarioContext<ScenarioSettings> {
  const everyScenario = { ...settings, scenarios: SCENARIO_NAMES };
  const locations = locationsOf(settings);
  const program: Program = {
    groups: groupsOf(settings),
    otherBuckets: inventoryOf(settings, "trusting")
      .filter((inventory) => inventory.scenario !== scenario)
      .flatMap(({ buckets = [] }) =>
        buckets.map(({ label, name }): Target => ({ name: label, bucket: name })),
      ),
    otherRoles: SIDES.flatMap((side) =>
      inventoryOf(settings, side)
        .filter((inventory) => inventory.scenario !== scenario)
        .flatMap(({ roles = [] }) =>
          roles.map((name): Target => ({ name, side, role: roleArn(locations[side], name) })),
        ),
    ),
    deployerStatements: (side) => deployerStatements(everyScenario, side),
    checkerStatements: (side) => checkerStatements(everyScenario, side),
    previewerStatements: (side) => previewerStatements(everyScenario, side),
  };
  return { settings, locations, program };
}
