import type { AccountLocation } from "./access/arn";
import type { Statement } from "./access/policy";
import type { Accounts } from "./account";
import type { Contract, Target } from "./contract/types";
import type { RawConfig, ReportMistake, SettingRules } from "./setting-rules";
import type { Side, StackSettings } from "./stack-settings";

/** What a scenario creates in one account, by name: known before anything is deployed. */
export interface Inventory {
  roles?: readonly string[];
  groups?: readonly string[];
  /** Groups that exist already: they get a permission, and are neither created nor removed. */
  existingGroups?: readonly string[];
  /** The buckets, each with the name that people use for it. */
  buckets?: readonly { label: string; name: string }[];
  /** Other resources that carry a policy of their own, by ARN. */
  sharedResources?: readonly SharedResourceName[];
}

/** A resource that carries a policy of its own, and the name by which its service reads it. */
export interface SharedResourceName {
  kind: "topic" | "queue" | "repository";
  name: string;
  arn: string;
}

/** One kind of resource that a stack creates in an account: what the deployer does with it. */
export interface DeployerPermission {
  sid: string;
  /** ARNs. None: the statement is left out. */
  resources: readonly string[];
  /** To read how it is set up, as a preview with refresh does. */
  read?: readonly string[];
  /** To create, change and delete it. */
  write?: readonly string[];
  condition?: Statement["Condition"];
}

/** Permissions by account; an account that is left out needs none. */
export type BySide<Permissions> = { readonly [S in Side]?: Permissions };

/** The whole program, as far as a scenario needs to know of it. */
export interface Program {
  /** The groups of the trusted account that the stack gives permissions, or creates without any. */
  groups: readonly string[];
  /** The buckets that other scenarios of the stack create in the trusting account. */
  otherBuckets: readonly Target[];
  /** The roles that other scenarios of the stack create in both accounts. */
  otherRoles: readonly Target[];
  /** Permissions that deploy every scenario into one of the accounts. */
  deployerStatements(side: Side): Statement[];
  /** Permissions that the live checks of every scenario need in one of the accounts. */
  checkerStatements(side: Side): Statement[];
  /** Permissions that read what every scenario deploys into one of the accounts. */
  previewerStatements(side: Side): Statement[];
}

/** The settings of a scenario and of its stack, and where the stack's accounts are. */
export interface ScenarioContext<Settings> {
  settings: StackSettings & Settings;
  locations: Readonly<Record<Side, AccountLocation>>;
  program: Program;
}

/** The resources of a scenario. */
interface Resources<Settings> {
  /** Creates them, and returns what the stack publishes of them. */
  deploy(context: ScenarioContext<Settings>, accounts: Accounts): Readonly<Record<string, unknown>>;
}

/** Everything about a scenario. One folder defines it, scenarios/registry.ts lists it, and nothing else names it. */
export interface Scenario<Settings = object> {
  /** Its name in the setting `scenarios`, such as UpdateApp. */
  readonly name: string;
  /** Name of the stack output that holds what it publishes, such as updateApp. */
  readonly output: string;
  /** A rule for each of its settings. */
  readonly rules: SettingRules<Settings>;
  /** Reports mistakes that concern several settings. Members are missing where their own rule refused them. */
  checkSettings?(settings: Partial<StackSettings & Settings>, config: RawConfig, report: ReportMistake): void;
  /** What it creates in each account, by name. */
  inventory(context: Omit<ScenarioContext<Settings>, "program">): BySide<Inventory>;
  /** Its resources, in a file that the program loads and no tool: Pulumi's libraries take most of a second. */
  resources(): Resources<Settings>;
  /** What its deployer needs in each account in addition to the roles, groups and buckets of the inventory. */
  deployerPermissions(
    context: Omit<ScenarioContext<Settings>, "program">,
  ): BySide<readonly DeployerPermission[]>;
  /** What the live checks need in each account in addition to what the deployer needs. */
  checkerPermissions?(
    context: Omit<ScenarioContext<Settings>, "program">,
  ): BySide<readonly DeployerPermission[]>;
  /** Who is expected to get in, and who is not. */
  contract(context: ScenarioContext<Settings>): Contract;
}

/** A scenario with the types of its own settings: what must be complete and is left out does not compile. */
export const defineScenario = <Name extends string, Settings>(
  scenario: Scenario<Settings> & { readonly name: Name },
): Scenario<Settings> & { readonly name: Name } => scenario;
