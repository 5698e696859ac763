/** A row that cannot be asked, and why. */
export class NotAsked extends Error {}
