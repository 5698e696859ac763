import { flag, listOf, type ReportMistake, type SettingRules } from "../../setting-rules";
import type { StackSettings } from "../../stack-settings";

export interface InstanceOperatorSettings {
  /** IDs of accounts that are trusted in addition to the trusted account. */
  instanceOperatorAccountIds: readonly string[];
  /** Only these instances (none named: every instance), and only those with this tag. */
  operatedInstanceIds: readonly string[];
  operatedInstanceTag: { key: string; value: string } | undefined;
  /** Attaches AmazonEC2FullAccess as well, which no restriction above limits. */
  instanceFullAccess: boolean;
}

export const rules: SettingRules<InstanceOperatorSettings> = {
  instanceOperatorAccountIds: {
    ...listOf("a list of account IDs of 12 digits, in quotes, each once", (id) => /^\d{12}$/.test(id), []),
    accounts: true,
  },
  operatedInstanceIds: listOf(
    "a list of instance IDs, such as i-0123456789abcdef0",
    (id) => /^i-[0-9a-f]{8,17}$/.test(id),
    [],
  ),
  operatedInstanceTag: {
    expected: "a tag as key=value, of up to 128 and 256 characters, not beginning with aws:",
    // EC2 takes any character, but a policy would read ${ as a variable.
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
    read: (text) => {
      const [, key, value] = /^(?!aws:)([^=]{1,128})=(.{1,256})$/is.exec(text) ?? [];
      return key && value && !text.includes("${") ? { key, value } : undefined;
    },
    default: () => undefined,
  },
  instanceFullAccess: flag(false),
};

/** The trusted accounts differ from each other, and from the trusting one. */
export function checkSettings(
  settings: Partial<StackSettings & InstanceOperatorSettings>,
  _config: unknown,
  report: ReportMistake,
): void {
  const { trustedAccountId, trustingAccountId, instanceOperatorAccountIds = [] } = settings;
  const trusted = [trustedAccountId, ...instanceOperatorAccountIds];
  const repeated = trusted.find((id, index) => trusted.indexOf(id) !== index || id === trustingAccountId);
  if (instanceOperatorAccountIds.length > 0 && repeated !== undefined)
    report(
      "instanceOperatorAccountIds",
      repeated,
      "accounts other than the trusting and the trusted one, each once",
      "'[…]'",
    );
}
