/** Names in the program, and defaults of the settings: the role of the trusting account, and the groups of the trusted account: one that can assume it, one that cannot. */
export const ROLE_NAME = "UpdateApp";
export const DEVELOPERS = "Developers";
export const TESTERS = "Testers";

/** What the settings and the live checks follow from. */
export const declarations = {
  name: ROLE_NAME,
  trustedGroup: DEVELOPERS,
  person: "developer",
  untrusted: { group: TESTERS, person: "tester" },
  bucketLabel: "productionapp",
} as const;
