/** A row that cannot be asked here, and why. */
export class SkippedCheck extends Error {}
