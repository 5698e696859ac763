import { policyDocument } from "./access/policy";
import { TRUST_POLICY_LENGTH, trustStatements } from "./access/trust";
import { nearest } from "./nearest";
import { peopleTrust } from "./people";
import { SCENARIO_NAMES, type ScenarioName, type ScenarioSettings, scenarios } from "./scenarios/registry";
import {
  listOf,
  type RawConfig,
  type ReportMistake,
  type SettingRule,
  type SettingRules,
} from "./setting-rules";
import { StackError } from "./stack-error";
import {
  isMistypedNamespace,
  locationsOf,
  PROJECT,
  SIDES,
  type Side,
  type StackSettings,
  stackRules,
} from "./stack-settings";

/** The stack's configuration, complete and valid: what every stack needs, and the settings of every scenario. */
export type Settings = StackSettings & ScenarioSettings;

/** IDs that AWS's documentation uses as examples: no one who could deploy this owns them. */
export const DOCUMENTATION_ACCOUNT_IDS: ReadonlySet<string> = new Set([
  "123456789012",
  "111122223333",
  "444455556666",
  "777788889999",
  "123456789123",
  "210987654321",
  "012345678901",
  "111111111111",
  "222222222222",
  "333333333333",
  "444444444444",
  "555555555555",
  "666666666666",
  "777777777777",
  "888888888888",
  "999999999999",
  "999988887777",
  "000000000000",
]);

const rules: SettingRules<Omit<Settings, "stack">> = {
  ...stackRules,
  scenarios: listOf<ScenarioName>(
    `a list of ${SCENARIO_NAMES.join(", ")}`,
    (name) => (SCENARIO_NAMES as readonly string[]).includes(name),
    SCENARIO_NAMES.slice(0, 1),
    SCENARIO_NAMES,
  ),
  ...(Object.assign({}, ...scenarios.map((scenario) => scenario.rules)) as SettingRules<ScenarioSettings>),
};
const ruleList = Object.entries(rules) as [string, SettingRule<unknown>][];

/** Whether a stack, or one of the scenarios, has a setting of that name. */
export const isSetting = (name: string): boolean => Object.hasOwn(rules, name);

/**
 * The settings of the stack that is being deployed, from all that `Pulumi.<stack>.yaml` sets.
 * @throws {SettingsError} naming every mistake at once, before any resource exists.
 */
export function readSettings(stack: string, config: Readonly<Record<string, string>>): Settings {
  const prefix = `${PROJECT}:`;
  checkNamespaces(stack, Object.keys(config));
  const own = Object.entries(config).filter(([key]) => key.startsWith(prefix));
  return parseSettings(stack, Object.fromEntries(own.map(([key, text]) => [key.slice(prefix.length), text])));
}

/**
 * Refuses settings that another namespace holds, where it looks like a mistyped one.
 * @throws {SettingsError} naming each.
 */
export function checkNamespaces(stack: string, keys: readonly string[]): void {
  const mistakes = keys.flatMap((key) => {
    const [namespace = "", name = ""] = key.split(":");
    if (!isSetting(name) || !isMistypedNamespace(namespace)) return [];
    return [
      `${name}: found ${key}, whose namespace is mistyped; expected ${PROJECT}:${name}.\n    ` +
        `Fix: pulumi config rm --stack ${stack} ${key} && pulumi config set --stack ${stack} ${PROJECT}:${name} VALUE`,
    ];
  });
  if (mistakes.length > 0) throw new SettingsError(stack, mistakes);
}

/**
 * The settings that a stack's configuration means.
 * @throws {SettingsError} naming every mistake at once.
 */
export function parseSettings(stack: string, config: RawConfig): Settings {
  const mistakes: string[] = [];
  const setCommand = (name: string, value = "VALUE", place?: number) =>
    place === undefined
      ? `pulumi config set --stack ${stack} ${PROJECT}:${name} ${value}`
      : `pulumi config set --stack ${stack} --path '${PROJECT}:${name}[${place}]' ${value}`;
  const report = (name: string, found: string, expected: string, fix: string) =>
    mistakes.push(`${name}: found ${found}; expected ${expected}.\n    Fix: ${fix}`);
  const reportValue: ReportMistake = (name, found, expected, value) =>
    report(name, found, expected, setCommand(name, value));

  for (const name of Object.keys(config).filter((name) => !isSetting(name))) {
    const remove = `pulumi config rm --stack ${stack} ${PROJECT}:${name}`;
    report(
      name,
      "an unknown setting",
      `a known one; the nearest is ${nearest(name, Object.keys(rules))}`,
      remove,
    );
  }
  const values: Record<string, unknown> = { stack };
  for (const [name, rule] of ruleList) {
    const text = config[name];
    if (text !== undefined) {
      values[name] = rule.read(text);
      if (values[name] !== undefined) continue;
      if (rule.secret) reportValue(name, `${text.length} characters`, rule.expected, "--secret");
      else {
        const { found, hint, value, place } = rule.explain?.(text) ?? { found: JSON.stringify(text) };
        const expected = hint ? `${rule.expected}; ${hint}` : rule.expected;
        report(name, found, expected, setCommand(name, value, place));
      }
    } else if (rule.default) values[name] = rule.default(config);
    else reportValue(name, "nothing", rule.expected);
  }
  const settings = values as unknown as Settings;
  checkAccounts(settings, reportValue);
  checkPeople(settings, reportValue);
  for (const scenario of scenarios) scenario.checkSettings?.(settings, config, reportValue);
  // What is created is known once every value is.
  if (mistakes.length === 0) {
    checkNames(settings, reportValue);
    checkTrustPolicy(settings, report);
  }
  if (mistakes.length > 0) throw new SettingsError(stack, mistakes);
  return settings;
}

/** The two accounts, and the profiles that reach them, must differ. */
function checkAccounts(settings: Partial<Settings>, report: ReportMistake): void {
  const { trustedAccountId, trustingAccountId, trustedProfile, trustingProfile, manages = [] } = settings;
  if (trustedAccountId !== undefined && trustedAccountId === trustingAccountId)
    report(
      "trustedAccountId",
      `${trustedAccountId} in both`,
      "an account other than trustingAccountId: access within one account needs no role",
    );
  if (trustedProfile !== undefined && trustedProfile === trustingProfile && manages.length === 2)
    report("trustedProfile", `${trustedProfile} for both`, "a different profile for each account");
}

/** The roles for people trust some. */
function checkPeople(
  { trustIamUsers, trustedPermissionSets }: Partial<Settings>,
  report: ReportMistake,
): void {
  if (trustIamUsers === false && trustedPermissionSets?.length === 0)
    report("trustIamUsers", "false and no trustedPermissionSets", "one kind of people at least", "true");
}

/** A role's trust policy names no more permission sets than IAM takes. */
function checkTrustPolicy(
  settings: Settings,
  report: (name: string, found: string, expected: string, fix: string) => void,
): void {
  const { stack, trustedPermissionSets } = settings;
  const trust = peopleTrust(settings, [locationsOf(settings).trusted]);
  const { length } = policyDocument(trustStatements(trust));
  if (length > TRUST_POLICY_LENGTH)
    report(
      "trustedPermissionSets",
      `${trustedPermissionSets.length} names, with which a role's trust policy has ${length} characters`,
      `so few that it has ${TRUST_POLICY_LENGTH} at most, as IAM takes`,
      `pulumi config rm --stack ${stack} --path '${PROJECT}:trustedPermissionSets[${trustedPermissionSets.length - 1}]'`,
    );
}

/** Something that a scenario creates in an account, or a group that it uses. */
interface Named {
  kind: "role" | "group" | "bucket";
  name: string;
  scenario: (typeof scenarios)[number];
}

/**
 * The names of what the scenarios create in an account must differ from each other. Only groups can be shared: the
 * stack creates such a group, or it exists already, and never both.
 */
function checkNames(settings: Settings, report: ReportMistake): void {
  const context = { settings, locations: locationsOf(settings) };
  const enabled = scenarios.filter(({ name }) => settings.scenarios.includes(name));
  const settingOf = ({ kind, name, scenario }: Named): string | undefined =>
    Object.keys(scenario.rules).find(
      (setting) => setting.toLowerCase().includes(kind) && settings[setting as keyof Settings] === name,
    );
  for (const side of SIDES) {
    const inventories = enabled.map((scenario) => ({ scenario, ...scenario.inventory(context)[side] }));
    const named = inventories.flatMap(
      ({ scenario, roles = [], groups = [], existingGroups = [], buckets = [] }): Named[] => [
        ...roles.map((name) => ({ kind: "role" as const, name, scenario })),
        ...[...groups, ...existingGroups].map((name) => ({ kind: "group" as const, name, scenario })),
        ...buckets.map(({ name }) => ({ kind: "bucket" as const, name, scenario })),
      ],
    );
    for (const [index, later] of named.entries()) {
      const isSame = (earlier: Named) =>
        // IAM does not distinguish names by case.
        earlier.kind === later.kind && earlier.name.toLowerCase() === later.name.toLowerCase();
      const earlier = named.slice(0, index).find(isSame);
      if (!earlier || (later.kind === "group" && earlier.name === later.name)) continue;
      const [one, other] = settingOf(later) ? [later, earlier] : [earlier, later];
      report(
        settingOf(one)!,
        one.name === other.name
          ? `${one.name} in both`
          : `${one.name} and ${other.name}, which IAM does not distinguish`,
        `another ${one.kind} than that of ${other.scenario.name}`,
      );
    }
    for (const { scenario, existingGroups = [] } of inventories)
      for (const group of existingGroups) {
        const creator = inventories.find(({ groups = [] }) => groups.includes(group));
        const setting = Object.keys(scenario.rules).find((name) => /createTrustedGroup$/i.test(name));
        if (creator && setting !== undefined)
          report(
            setting,
            `false for ${group}, which ${creator.scenario.name} creates`,
            `true; or, where ${group} exists already, that ${creator.scenario.name} does not create it either`,
            "true",
          );
      }
  }
}

/**
 * Refuses AWS's documentation IDs in a deployment that would go to AWS itself: those it deploys into and those it trusts.
 * @param goesToAws whether a side's profile leads to AWS, and not to an endpoint of its own.
 * @throws {SettingsError} naming each such ID.
 */
export function refuseDocumentationIds(settings: Settings, goesToAws: (side: Side) => boolean): void {
  if (!settings.manages.some(goesToAws)) return;
  const { stack } = settings;
  const mistakes = ruleList
    .filter(([, { accounts }]) => accounts)
    .flatMap(([name]) =>
      [settings[name as keyof Settings] as string | readonly string[]]
        .flat()
        .filter((id) => DOCUMENTATION_ACCOUNT_IDS.has(id))
        .map(
          (id) =>
            `${name}: found ${id}, an example of AWS's documentation; expected a real account's ID ` +
            "(aws sts get-caller-identity --profile PROFILE).\n    " +
            `Fix: pulumi config set --stack ${stack} ${PROJECT}:${name} VALUE, ` +
            `or rehearse it: npm run rehearse -- ${stack}`,
        ),
    );
  if (mistakes.length > 0) throw new SettingsError(stack, mistakes);
}

/** The IDs of the accounts that the stack trusts in addition to the trusted account. */
export const furtherAccountIds = (settings: Settings): string[] =>
  ruleList
    .filter(([, { accounts }]) => accounts)
    .map(([name]) => settings[name as keyof Settings] as string | readonly string[])
    .filter((value): value is readonly string[] => typeof value === "object")
    .flat();

/** All mistakes in a stack's settings. */
export class SettingsError extends StackError {
  constructor(
    stack: string,
    readonly mistakes: readonly string[],
  ) {
    const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
    super(
      `stack ${stack}: ${count} in Pulumi.${stack}.yaml; nothing was created.\n  ${mistakes.join("\n  ")}`,
    );
  }
}
