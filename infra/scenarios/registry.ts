import type { Scenario } from "../scenario";
import { gitHubActions } from "./github-actions";
import { instanceOperator } from "./instance-operator";
import { parameterReader } from "./parameter-reader";
import { sharedBucket } from "./shared-bucket";
import { sharedServices } from "./shared-services";
import { topicPublisher } from "./topic-publisher";
import { updateApp } from "./update-app";

/** Every scenario that a stack can deploy, in the order in which they are deployed and asked. */
export const registry = [
  updateApp,
  parameterReader,
  instanceOperator,
  topicPublisher,
  sharedBucket,
  sharedServices,
  gitHubActions,
] as const;

type SettingsOf<Registered> = Registered extends Scenario<infer Settings> ? Settings : never;
type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/** The settings of all scenarios together. */
export type ScenarioSettings = Intersection<SettingsOf<(typeof registry)[number]>>;
export type ScenarioName = (typeof registry)[number]["name"];

/** A scenario as the program sees it: every scenario reads its own members of all settings. */
export const scenarios: readonly Scenario<ScenarioSettings>[] =
  registry as readonly unknown[] as readonly Scenario<ScenarioSettings>[];

/** The names that the setting `scenarios` takes. */
export const SCENARIO_NAMES: readonly ScenarioName[] = registry.map(({ name }) => name);
