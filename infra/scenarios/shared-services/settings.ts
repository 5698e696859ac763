import { matching, type SettingRules } from "../../setting-rules";

export interface SharedServicesSettings {
  /** Name of the shared topic, queue, repository and API. */
  sharedServicesName: string;
}

export const rules: SettingRules<SharedServicesSettings> = {
  // What SNS, SQS and ECR all take. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
  sharedServicesName: {
    expected:
      "2 to 80 lower-case letters, digits and hyphens, beginning with a letter, no two hyphens together",
    read: matching(/^(?=.{2,80}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/),
    default: () => "shared",
  },
};
