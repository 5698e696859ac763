import {
  bucketName,
  flag,
  matching,
  type ReportMistake,
  type SettingRule,
  type SettingRules,
} from "../setting-rules";
import { type Application, type ApplicationSettings, type PrefixedSettings, prefixed } from "./application";

const NAME = "letters, digits and +=,.@_-";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const roleName = (name: string): SettingRule<string> => ({
  expected: `a role's name: 1 to 64 ${NAME}`,
  read: matching(/^[\w+=,.@-]{1,64}$/),
  default: () => name,
});

const groupName = (name: string): SettingRule<string> => ({
  expected: `a group's name: 1 to 128 ${NAME}`,
  read: matching(/^[\w+=,.@-]{1,128}$/),
  default: () => name,
});

/** The rules of the settings that every application has. */
export const commonRules = ({
  name,
  trustedGroup,
  untrusted,
  bucketLabel,
}: Pick<
  Application<string, string, object>,
  "name" | "trustedGroup" | "untrusted" | "bucketLabel"
>): SettingRules<ApplicationSettings> => ({
  roleName: roleName(name),
  trustedGroup: groupName(trustedGroup),
  createTrustedGroup: flag(true),
  untrustedGroup: {
    expected: `a group's name: up to 128 ${NAME}; empty for no such group`,
    read: matching(/^[\w+=,.@-]{0,128}$/),
    default: () => untrusted?.group ?? "",
  },
  bucketName: bucketName(bucketLabel),
});

/** The rules of an application's settings, under the names that a stack has for them. */
export function applicationRules<Name extends string, Prefix extends string, Own>(
  application: Application<Name, Prefix, Own>,
): SettingRules<PrefixedSettings<Prefix> & Own> {
  const common = Object.entries(commonRules(application));
  const named = common.map(([setting, rule]) => [prefixed(application.prefix, setting), rule]);
  return { ...Object.fromEntries(named), ...application.rules };
}

/** A group cannot both have the permission and be without it. IAM does not distinguish names by case. */
export function checkGroups(
  { trustedGroup, untrustedGroup }: Partial<ApplicationSettings>,
  report: ReportMistake,
  prefix = "",
): void {
  if (trustedGroup !== undefined && trustedGroup.toLowerCase() === untrustedGroup?.toLowerCase())
    report(prefixed(prefix, "untrustedGroup"), `${trustedGroup} in both`, "another group than trustedGroup");
}
