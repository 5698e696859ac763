import { contractOf } from "../../infra/program";
import type { Settings } from "../../infra/settings";
import type { ManagedPolicy } from "./managed-policies";
import { readSession } from "./statements";

/** The names of the users that npm run verify creates, and of the sessions that it asks for. */
const CREATED_FOR_CHECKS = /\/check-[0-9a-f]{8}(-|$)/;

/** The names of the sessions that imitate those of Identity Center: what the checks assume, and what the sandbox issues. */
const IMITATED_SESSIONS = ["person", "person@example.com"];

/**
 * Whether a caller is one of npm run verify's: no person asks about its refusals. Of what the stack itself deploys, these
 * are the machine, the device and the jobs of the access contract; of Identity Center, the sessions that it imitates.
 */
export function checkCallers(
  settings: Settings,
  managed: readonly ManagedPolicy[],
): (who: string) => boolean {
  const personas = contractOf(settings).flatMap(({ rows }) => rows.map(({ who }) => who));
  const subjects = personas.flatMap((persona) => (persona.kind === "job" ? [persona.subject] : []));
  const roles = personas.flatMap((persona) => (persona.kind === "machine" ? [persona.instanceProfile] : []));
  const permissionSets = personas.flatMap((persona) =>
    persona.kind === "permission set" ? [`AWSReservedSSO_${persona.permissionSet}_`] : [],
  );
  const users = managed.filter(({ type }) => type === "UserPolicy").map(({ of }) => of);
  return (who) =>
    CREATED_FOR_CHECKS.test(who) ||
    subjects.some((subject) => who.endsWith(` ${subject}`)) ||
    roles.some((role) => readSession(who)?.role === role) ||
    permissionSets.some((prefix) => {
      const { role = "", session } = readSession(who) ?? {};
      return role.startsWith(prefix) && IMITATED_SESSIONS.includes(session ?? "");
    }) ||
    users.some((user) => who.endsWith(`:user/${user}`));
}
