import { bucketName, type SettingRules } from "../../setting-rules";

export interface SharedBucketSettings {
  /** Physical name of the shared bucket; unique worldwide. */
  sharedBucketName: string;
}

export const rules: SettingRules<SharedBucketSettings> = { sharedBucketName: bucketName("shared") };
