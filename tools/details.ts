import { inspect } from "node:util";

let shown = Boolean(process.env.DEBUG);

/** From here on, what a command does is shown on standard error as it does it. */
export function showDetails(): void {
  shown = true;
}

export const areDetailsShown = (): boolean => shown;

/** One thing that a command does, shown with --verbose or with the variable DEBUG. */
export function showDetail(kind: "command" | "request" | "decision", text: string): void {
  if (shown) console.error(`${kind.padEnd(8)} ${text}`);
}

/** What the AWS SDK hands to its logger after each request; never the input or output, which may hold keys. */
interface Logged {
  clientName?: string;
  commandName?: string;
  error?: Error;
  metadata?: { httpStatusCode?: number };
}
function showRequest(logged: unknown): void {
  if (typeof logged !== "object" || logged === null) return;
  const { clientName = "", commandName = "", error, metadata } = logged as Logged;
  const answer = error ? `${error.name}: ${error.message}` : inspect(metadata?.httpStatusCode);
  showDetail("request", `${clientName} ${commandName} → ${answer}`);
}
const ignore = () => {};

/** The AWS SDK's logger, by which its clients' requests are shown too. */
export const requestLogger = {
  trace: ignore,
  debug: ignore,
  info: showRequest,
  warn: showRequest,
  error: showRequest,
};
export type RequestLogger = typeof requestLogger;
