import type { Statement } from "../access/policy";
import type { Action, Target } from "../contract/types";
import type { Inventory, ScenarioContext } from "../scenario";
import type { SettingRules } from "../setting-rules";
import type { StackSettings } from "../stack-settings";

/** What a stack can set for every application. */
export interface ApplicationSettings {
  /** Name of the role in the trusting account. */
  roleName: string;
  /** The group of the trusted account whose members, IAM users with MFA, can assume the role. */
  trustedGroup: string;
  /** False: the group exists already. It is neither created, changed nor removed; it only gets the permission. */
  createTrustedGroup: boolean;
  /** A group that is created without the permission; empty: none. */
  untrustedGroup: string;
  /** Physical name of the application's bucket; unique worldwide. */
  bucketName: string;
}

/** The names of these settings in a stack: those of an application with a prefix begin with it. */
export type Prefixed<Prefix extends string, Name extends string> = Prefix extends ""
  ? Name
  : `${Prefix}${Capitalize<Name>}`;

export type PrefixedSettings<Prefix extends string> = {
  [Name in keyof ApplicationSettings as Prefixed<Prefix, Name>]: ApplicationSettings[Name];
};

/** The settings of an application, without its prefix, its own, and those of its stack. */
export type ApplicationContext<Own> = ScenarioContext<ApplicationSettings & Own>;

/** What the role is asked to do: actions, and what on. */
export type ApplicationUse = readonly [on: Target, ...actions: readonly Action[]];

/** A role that people of the trusted account assume for one application of the trusting account. */
export interface Application<Name extends string, Prefix extends string, Own> {
  /** Its name in the setting `scenarios`, such as ReportReader, and the default of the role's name. */
  name: Name;
  /** Names its stack output, and begins the names of its settings: reportReader makes reportReaderBucketName. */
  prefix: Prefix;
  /** What the role does, for those who find it in the account. */
  description: string;
  /** Someone who uses it, such as "report reader": names the users of its live checks. */
  person: string;
  /** Default of the setting trustedGroup. */
  trustedGroup: string;
  /** Default of the setting untrustedGroup, and who is in it. Default: no such group. */
  untrusted?: { group: string; person: string };
  /** The bucket's default name is this and the trusting account's ID. */
  bucketLabel: string;
  /** A rule for each setting of its own. */
  rules: SettingRules<Own>;
  /** What the role may do, and nothing else. */
  permissions(
    context: Omit<ApplicationContext<Own>, "program">,
    bucketArn: string,
  ): [Statement, ...Statement[]];
  /** What is asked as the role, and what the endpoint must answer. */
  uses(context: Omit<ApplicationContext<Own>, "program">, bucket: Target): Uses;
  /** What its stack output says in addition. Default: the bucket's name alone. */
  output?(context: Omit<ApplicationContext<Own>, "program">): Readonly<Record<string, string>>;
}

export interface Uses {
  /** What is allowed, in words: "list, put, get and delete in productionapp". */
  words: string;
  /** In the order in which they are asked. */
  allowed: readonly [ApplicationUse, ...ApplicationUse[]];
  /** What a role with more permissions than these could do. */
  refused: readonly ApplicationUse[];
}

/** What people call an application's bucket: its name, without the account's ID that the default ends in. */
export const bucketLabel = ({
  bucketName,
  trustingAccountId,
}: Pick<StackSettings & ApplicationSettings, "bucketName" | "trustingAccountId">): string =>
  bucketName.replace(new RegExp(`-${trustingAccountId}$`), "");

/** A setting's name in a stack. */
export const prefixed = (prefix: string, name: string): string =>
  prefix === "" ? name : `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** What an application creates, or uses, in the trusted account. */
export function groupsOf(settings: StackSettings & ApplicationSettings): Inventory {
  const { trustIamUsers, trustedGroup, createTrustedGroup, untrustedGroup } = settings;
  if (!trustIamUsers) return {};
  const untrusted = untrustedGroup ? [untrustedGroup] : [];
  return createTrustedGroup
    ? { groups: [trustedGroup, ...untrusted] }
    : { existingGroups: [trustedGroup], groups: untrusted };
}

/** The settings that every application has, by their names without a prefix. */
export const APPLICATION_SETTINGS: readonly (keyof ApplicationSettings)[] = [
  "roleName",
  "trustedGroup",
  "createTrustedGroup",
  "untrustedGroup",
  "bucketName",
];

/** The settings as the application reads them. */
export const unprefixed = <Own>(
  prefix: string,
  settings: StackSettings & Own,
): StackSettings & ApplicationSettings & Own => {
  const values = settings as Readonly<Record<string, unknown>>;
  const own = APPLICATION_SETTINGS.map((name) => [name, values[prefixed(prefix, name)]] as const);
  return { ...settings, ...(Object.fromEntries(own) as unknown as ApplicationSettings) };
};
