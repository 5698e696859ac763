/** The control API: what the sandbox's own commands and checks ask the gateway. Not for web pages. */
import type { IncomingMessage } from "node:http";
import type { ServiceAnswer } from "./call";
import type { Decisions } from "./decisions";
import type { IdentityCenter } from "./identity-center";
import type { InstanceProfiles } from "./instance-profiles";
import { Router } from "./router";
import type { Gateway } from "./services/service";

export const CONTROL_PATH = /^\/_sandbox\//;

interface Controlled {
  gateway: Gateway;
  decisions: Decisions;
  instanceProfiles: InstanceProfiles;
  identityCenter: IdentityCenter;
  /** What `health` gives. */
  health: object;
}

type Handler = (controlled: Controlled, query: URLSearchParams) => Promise<ServiceAnswer> | ServiceAnswer;

const json = (status: number, body: object): ServiceAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const EXPECTED =
  "expected GET health, GET decisions?since=N, POST expire?accessKeyId=ASIA…, POST token?subject=…&audience=…, POST metadata?instanceId=i-…, " +
  "POST permission-set?account=…&permissionSet=…&path=…&policy=… or DELETE permission-set?account=…&role=…";

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

  "POST /_sandbox/permission-set": async ({ identityCenter }, query) => {
    const value = (name: string) => query.get(name) ?? "";
    const session = await identityCenter.assign({
      account: value("account"),
      permissionSet: value("permissionSet"),
      path: value("path"),
      policy: value("policy"),
    });
    if (!session) return json(400, { error: "no such account or path, or no name that a role can have" });
    const { name: role, accessKeyId, secret: secretAccessKey } = session;
    return json(200, { role, accessKeyId, secretAccessKey, sessionToken: session.session.token });
  },

  "DELETE /_sandbox/permission-set": async ({ identityCenter }, query) => {
    const role = query.get("role") ?? "";
    return (await identityCenter.remove(query.get("account") ?? "", role))
      ? json(200, { removed: role })
      : json(404, { error: `no role ${role} is kept here` });
  },
});

/** Answers a request to the control API. */
export async function control(
  controlled: Controlled,
  { method = "GET", headers }: IncomingMessage,
  path: string,
  search: string,
): Promise<ServiceAnswer> {
  // A web page must not reach this, neither from its own origin nor under a name that resolves to the loopback. Browsers
  // send no origin with a plain GET, but always sec-fetch-site.
  if (headers.origin || headers["sec-fetch-site"] || headers.host !== `127.0.0.1:${controlled.gateway.port}`)
    return json(403, { error: "not for browsers" });
  const found = router.match(method, path);
  return found ? found.target(controlled, new URLSearchParams(search)) : json(404, { error: EXPECTED });
}
