import type { ApplicationSettings } from "../../application/application";
import { commonRules } from "../../application/settings";
import type { SettingRules } from "../../setting-rules";
import { declarations } from "./names";

/** The names of the role, the groups and the bucket; without a prefix, as the first of all applications. */
export type UpdateAppSettings = ApplicationSettings;

export const rules: SettingRules<UpdateAppSettings> = commonRules(declarations);
