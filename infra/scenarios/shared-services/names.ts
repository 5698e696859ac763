/** The group of the trusted account whose members use the shared services. */
export const GROUP_NAME = "ServiceSharers";
