/** The gateway as an HTTP proxy: for its own names only. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ServiceAnswer } from "./call";

/**
 * Path and query of a request, or undefined where it is a proxy's request to another host. A proxy's request line names
 * the host as well: the AWS SDKs put an account's ID before the host of S3 Control, and no resolver knows that name.
 */
export function targetOf({ url = "/", headers }: IncomingMessage, port: number): string | undefined {
  const [, host, path = ""] = /^[a-z]+:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  if (host === undefined) return url;
  const own = new RegExp(`^(\\d{12}\\.)?127\\.0\\.0\\.1:${port}$`);
  if (!own.test(host) || host !== headers.host || !url.startsWith("http://")) return undefined;
  return path.startsWith("/") ? path : `/${path}`;
}

/** The answer to a client that takes the gateway for a proxy to anywhere else. */
export const refusedProxy: ServiceAnswer = {
  status: 403,
  headers: { "content-type": "text/plain" },
  body: "The sandbox is a proxy for its own accounts only. Unset HTTP_PROXY and http_proxy to reach other hosts by http.\n",
};

/** Refuses to tunnel. */
export function refuseTunnel(_request: IncomingMessage, socket: Duplex): void {
  const { status, headers, body } = refusedProxy;
  const all = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Forbidden\r\n${lines.join("")}\r\n${body}`);
}
