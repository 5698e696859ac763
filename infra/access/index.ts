/** What the package exports; the program imports the files themselves. */
export * from "./arn";
export * from "./assume-role-grant";
export * from "./cross-account-role";
export * from "./github-oidc";
export type { Grantee } from "./grant";
export * from "./policy";
export * from "./private-bucket";
export * from "./resource-based-access";
export * from "./role-instructions";
export * from "./shared-resource";
export * from "./trust";
