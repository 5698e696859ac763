import { showDetail } from "../details";
import type { Refusal } from "./message";

/** A decision as the sandbox keeps it. */
export interface RecordedDecision {
  time: string;
  who: string;
  action: string;
  resource: string;
  allowed: boolean;
  because?: string;
}

/** The decisions that an endpoint keeps: none but a rehearsal's keeps any. */
export async function readDecisions(endpoint: string | undefined): Promise<RecordedDecision[]> {
  if (endpoint === undefined) return [];
  const url = new URL("/_sandbox/decisions", endpoint);
  const response = await fetch(url).catch(() => undefined);
  showDetail("request", `GET ${url} → ${response?.status ?? "no answer"}`);
  if (!response?.ok) return [];
  const { decisions } = (await response.json()) as { decisions: RecordedDecision[] };
  return decisions;
}

/**
 * The last decision about a request. Where the request names no caller, those about the callers of npm run verify are
 * left out: no person asks about them.
 * @param actions the actions that it can be about, where the request names none
 * @param onlyRefused whether what was allowed is left out
 */
export function findDecision(
  decisions: readonly RecordedDecision[],
  request: Refusal,
  {
    actions,
    onlyRefused,
    isOfChecks,
  }: { actions: RegExp | undefined; onlyRefused: boolean; isOfChecks(who: string): boolean },
): RecordedDecision | undefined {
  const isSame = (wanted: string | undefined, found: string) => wanted === undefined || wanted === found;
  const isAction = (action: string) =>
    request.action ? action.toLowerCase() === request.action.toLowerCase() : (actions?.test(action) ?? true);
  const fitting = decisions.filter(
    ({ who, action, resource, allowed }) =>
      !(onlyRefused && allowed) &&
      !(request.who === undefined && isOfChecks(who)) &&
      isSame(request.who, who) &&
      isSame(request.on, resource) &&
      isAction(action),
  );
  const named = fitting.filter(({ action }) => action.endsWith(`:${request.operation}`));
  const found = (named.length > 0 ? named : fitting).at(-1);
  if (found) showDetail("decision", JSON.stringify(found));
  return found;
}
