import { matching, type ReportMistake, type SettingRules } from "../../setting-rules";
import type { StackSettings } from "../../stack-settings";

export interface ParameterReaderSettings {
  /** Name and value of the parameter; with a KMS key's ARN it is a SecureString. */
  parameterName: string;
  parameterValue: string;
  parameterKeyArn: string | undefined;
}

export const rules: SettingRules<ParameterReaderSettings> = {
  parameterName: {
    expected:
      "a parameter name of letters, digits and _.-, in up to 15 levels that each begin with a slash, " +
      "1011 characters at most, not beginning with aws or ssm, which AWS reserves",
    read: matching(/^(?!\/?(aws|ssm))(?=.{1,1011}$)(\/[\w.-]+){1,15}$/i),
    default: () => "/productionapp/greeting",
  },
  parameterValue: {
    expected: "text of up to 4096 characters",
    secret: true,
    read: matching(/^.{1,4096}$/s),
    default: () => "hello",
  },
  parameterKeyArn: {
    expected: "the ARN of a customer managed KMS key",
    read: matching(/^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/),
    default: () => undefined,
  },
};

/** Systems Manager takes a key of the parameter's own region. */
export function checkSettings(
  { parameterKeyArn, region }: Partial<StackSettings & ParameterReaderSettings>,
  _config: unknown,
  report: ReportMistake,
): void {
  const keyRegion = parameterKeyArn?.split(":")[3];
  if (keyRegion !== undefined && region !== undefined && keyRegion !== region)
    report("parameterKeyArn", `a key of ${keyRegion}`, `one of ${region}`);
}
