export { actionlint } from "./actionlint";
export type { Report } from "./install";
export { findOfficialTools, userPulumiHome } from "./official";
export { yamlLanguageHost } from "./pulumi-yaml";
export { describeOrigin, type Toolchain, toolchain } from "./toolchain";
export { zizmor } from "./zizmor";
