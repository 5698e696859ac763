/** The role of the trusting account, and the groups of the trusted account: one that can assume it, one that cannot. */
export const ROLE_NAME = "UpdateApp";
export const DEVELOPERS = "Developers";
export const TESTERS = "Testers";
