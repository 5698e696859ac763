/** The control API: what the sandbox's own commands and checks ask the gateway. Not for web pages. */
import type { IncomingMessage } from "node:http";
import type { Answer } from "./call";
import type { Decisions } from "./decisions";
import type { InstanceProfiles } from "./instance-profiles";
import { Router } from "./router";
import type { Gateway } from "./services/service";

export const CONTROL_PATH = /^\/_sandbox\//;

interface Controlled {
  gateway: Gateway;
  decisions: Decisions;
  instanceProfiles: InstanceProfiles;
  /** What `health` gives. */
  health: object;
}

type Handler = (controlled: Controlled, query: URLSearchParams) => Promise<Answer> | Answer;

const json = (status: number, body: object): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const EXPECTED =
  "expected GET health, GET decisions?since=N, POST expire?accessKeyId=ASIA…, POST token?subject=…&audience=… or POST metadata?instanceId=i-…";

const router = new Router<Handler>({
  "GET /_sandbox/health": ({ health }) => json(200, health),

  "GET /_sandbox/decisions": ({ decisions }, query) =>
    json(200, { decisions: decisions.list(Number(query.get("since") ?? 0)) }),

  "POST /_sandbox/expire": ({ gateway }, query) => {
    const id = query.get("accessKeyId") ?? "";
    return gateway.identities.expire(id, gateway.clock())
      ? json(200, { expired: id })
      : json(404, { error: `no session has the access key ID ${id}` });
  },

  "POST /_sandbox/token": async ({ gateway }, query) => {
    const [subject, audience] = [query.get("subject"), query.get("audience")];
    return subject && audience
      ? json(200, { value: await gateway.webIdentities.issueToken(subject, audience) })
      : json(400, { error: "expected POST token?subject=repo:OWNER/NAME:pull_request&audience=…" });
  },

  "POST /_sandbox/metadata": async ({ instanceProfiles }, query) => {
    const id = query.get("instanceId") ?? "";
    const url = await instanceProfiles.metadataUrl(id);
    return url ? json(200, { url }) : json(404, { error: `no running instance is named ${id}` });
  },
});

/** Answers a request to the control API. */
export async function control(
  controlled: Controlled,
  { method = "GET", headers }: IncomingMessage,
  path: string,
  search: string,
): Promise<Answer> {
  // A web page must not reach this, neither from its own origin nor under a name that resolves to the loopback. Browsers
  // send no origin with a plain GET, but always sec-fetch-site.
  if (headers.origin || headers["sec-fetch-site"] || headers.host !== `127.0.0.1:${controlled.gateway.port}`)
    return json(403, { error: "not for browsers" });
  const found = router.match(method, path);
  return found ? found.target(controlled, new URLSearchParams(search)) : json(404, { error: EXPECTED });
}
