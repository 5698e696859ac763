import type { AccountLocation } from "../access/arn";
import { roleArn } from "../access/arn";
import type { Action, Answer, ContractRow, Persona, SessionKind, Target } from "./types";

/** Rows that differ in their action alone, or in nothing: one action is one row. */
export const rows = (
  check: number,
  who: Persona,
  session: SessionKind,
  actions: Action | readonly Action[],
  on: Target,
  expected: Answer,
): ContractRow[] => [actions].flat().map((action) => ({ check, who, session, action, on, expected }));

/** The role of a scenario, as the target of AssumeRole. */
export const roleTarget = (account: AccountLocation, roleName: string): Target => ({
  name: "the role",
  role: roleArn(account, roleName),
});

/** Rows that ask for a role: each persona with the session that it shows. */
export const assumes =
  (role: Target) =>
  (check: number, who: Persona, session: SessionKind, expected: Answer): ContractRow[] =>
    rows(check, who, session, "sts:AssumeRole", role, expected);
