/** Name in the program, and default of the setting: the role of the trusting account. */
export const ROLE_NAME = "UpdateApp";

/** What the settings and the live checks follow from: the groups of the trusted account are one that can assume the role, and one that cannot. */
export const declarations = {
  name: ROLE_NAME,
  trustedGroup: "Developers",
  person: "developer",
  untrusted: { group: "Testers", person: "tester" },
  bucketLabel: "productionapp",
} as const;
