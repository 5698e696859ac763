import { Region } from "@pulumi/aws/types/enums";
import { type AccountLocation, partitionOf } from "./access/arn";
import { editsBetween, nearest } from "./nearest";
import { accountId, flag, listOf, profile, type SettingRules } from "./setting-rules";

/** One of the two accounts: the one that owns the resources, or the one that owns the people and machines. */
export type Side = "trusting" | "trusted";

/** The namespace of the project's settings. */
export const PROJECT = "cross-account-access";
/** A namespace with at most so many edits is meant to be the project's. */
const MISTYPED_EDITS = 4;

/** Whether a namespace is another one than the project's, and looks like a mistyped one. */
export const isMistypedNamespace = (namespace: string): boolean =>
  namespace !== PROJECT && editsBetween(namespace, PROJECT) <= MISTYPED_EDITS;

export const SIDES: readonly Side[] = ["trusting", "trusted"];

/** The settings that every stack needs, whatever scenarios it deploys. */
export interface StackSettings {
  /** The stack these settings belong to. */
  stack: string;
  /** Region of both accounts' resources, such as ap-northeast-1. */
  region: string;
  /** 12-digit ID of the account that owns the resources, and the AWS profile that deploys into it. */
  trustingAccountId: string;
  trustingProfile: string;
  /** 12-digit ID of the account that owns the people, and the AWS profile that deploys into it. */
  trustedAccountId: string;
  trustedProfile: string;
  /** Seconds a person asks to hold a role: 900 to 43200. */
  sessionDuration: number;
  /** The permission sets of IAM Identity Center whose people can assume the roles for people, by name. */
  trustedPermissionSets: readonly string[];
  /** True: IAM users with MFA, as members of the program's groups, can assume the roles for people. */
  trustIamUsers: boolean;
  /** The sides that this stack deploys; the other side's ARNs follow from these settings. */
  manages: readonly Side[];
  /** True: buckets and repositories survive `pulumi destroy` and are never emptied by it. */
  protect: boolean;
  /** The names of the scenarios that this stack deploys. */
  scenarios: readonly string[];
}

const MANAGES = new Map<string, readonly Side[]>([
  ["both", SIDES],
  ["trusting", ["trusting"]],
  ["trusted", ["trusted"]],
]);

const permissionSets = listOf(
  "a list of names of permission sets of IAM Identity Center, each of 1 to 32 letters, digits and +=,.@_-",
  // https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreatePermissionSet.html
  (name) => /^[\w+=,.@-]{1,32}$/.test(name),
  [],
);

/** AWS's regions, as its plugin knows them. Of the isolated partitions nothing here is known. */
const REGIONS: readonly string[] = Object.values(Region).filter((region) => !/-iso/.test(region));

/** The rules of these settings; that of `scenarios` follows from the registry. */
export const stackRules: SettingRules<Omit<StackSettings, "stack" | "scenarios">> = {
  region: {
    expected: "an AWS region, such as ap-northeast-1",
    read: (text) => (REGIONS.includes(text) ? text : undefined),
    explain: (text) => ({
      found: JSON.stringify(text),
      hint: `the nearest is ${nearest(text, REGIONS)}`,
      value: nearest(text, REGIONS)!,
    }),
  },
  trustingAccountId: accountId,
  trustingProfile: profile("prod"),
  trustedAccountId: accountId,
  trustedProfile: profile("dev"),
  sessionDuration: {
    expected: "whole seconds from 900 (15 minutes) to 43200 (12 hours)",
    read: (text) => {
      const seconds = Number(text);
      return /^\d+$/.test(text) && seconds >= 900 && seconds <= 43_200 ? seconds : undefined;
    },
    default: () => 3600,
  },
  trustedPermissionSets: permissionSets,
  trustIamUsers: {
    ...flag(true),
    // No more people than are named: a stack that names permission sets asks for IAM users in addition.
    default: ({ trustedPermissionSets: text }) =>
      text === undefined || permissionSets.read(text)?.length === 0,
  },
  manages: {
    expected: "both, trusting or trusted",
    read: (text) => MANAGES.get(text),
    default: () => SIDES,
  },
  protect: flag(true),
};

/** Where each of the stack's two accounts is: enough to build every ARN before anything exists. */
export function locationsOf(settings: StackSettings): Record<Side, AccountLocation> {
  const { region, trustingAccountId, trustedAccountId } = settings;
  const partition = partitionOf(region);
  return {
    trusting: { partition, region, accountId: trustingAccountId },
    trusted: { partition, region, accountId: trustedAccountId },
  };
}
