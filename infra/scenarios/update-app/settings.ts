import { bucketName, type SettingRules } from "../../setting-rules";

export interface UpdateAppSettings {
  /** Physical name of the bucket `productionapp`; unique worldwide. */
  bucketName: string;
}

export const rules: SettingRules<UpdateAppSettings> = { bucketName: bucketName("productionapp") };
