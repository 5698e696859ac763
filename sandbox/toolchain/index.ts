export { actionlint } from "./actionlint";
export type { Report } from "./install";
export { findOfficialTools, userPulumiHome } from "./official";
export { BUILT_VERSION, buildNewestPulumiCli, buildPulumiCli, versionOf } from "./pulumi-cli";
export { yamlLanguageHost } from "./pulumi-yaml";
export { describeOrigin, type Toolchain, toolchain } from "./toolchain";
export { zizmor } from "./zizmor";
