/** Policies as JSON documents. */

export interface PolicyStatement {
  Sid?: string;
  Effect?: string;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

export interface NamedPolicy {
  name: string;
  policy: unknown;
}

/** A document, plain or percent-encoded as IAM gives it; undefined where there is none, or it is not JSON. */
export function parseDocument(document: unknown): unknown {
  if (typeof document !== "string" || !document) return undefined;
  try {
    return JSON.parse(document.trimStart().startsWith("{") ? document : decodeURIComponent(document));
  } catch {
    return undefined;
  }
}

/** The statements of a policy, whether they stand in a list or not. */
export const statementsOf = (policy: unknown): PolicyStatement[] =>
  [(policy as { Statement?: PolicyStatement | PolicyStatement[] }).Statement ?? []].flat();

/** A policy with each statement as `change` gives it, or without it. */
export const withStatements = (
  policy: unknown,
  change: (statement: PolicyStatement) => PolicyStatement | undefined,
): unknown =>
  policy && {
    ...(policy as object),
    Statement: statementsOf(policy).flatMap((statement) => change(statement) ?? []),
  };

/** The `AWS` principals of a Principal or NotPrincipal element. */
export const awsPrincipalsOf = (element: unknown): string[] =>
  element && typeof element === "object" ? [(element as { AWS?: string | string[] }).AWS ?? []].flat() : [];
