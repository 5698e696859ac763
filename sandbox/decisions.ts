import { showDetail } from "../tools/details";
import type { DecisionRecord } from "./gateway/decisions";

const LOOK_MILLISECONDS = 500;

/** Shows each decision of a running sandbox soon after it was made; gives what ends that. */
export function followDecisions(url: string): () => void {
  let since = 0;
  const look = async () => {
    const answer = await fetch(`${url}/_sandbox/decisions?since=${since}`);
    const { decisions } = (await answer.json()) as { decisions: DecisionRecord[] };
    for (const { number, allowed, who, action, resource, by, because } of decisions) {
      since = number;
      const reason = because ?? by.join(", ");
      showDetail("decision", `${allowed ? "allowed" : "refused"} ${who} ${action} on ${resource}: ${reason}`);
    }
  };
  // A sandbox that has ended is reported by those who use it.
  const timer = setInterval(() => look().catch(() => {}), LOOK_MILLISECONDS);
  return () => clearInterval(timer);
}
