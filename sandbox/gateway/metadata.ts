/**
 * The EC2 instance metadata service, version 2, of one instance: on a listener of its own, as an instance sees it.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Xml } from "./xml";

/** An instance as the service describes it. */
export interface Instance {
  id: string;
  account: string;
  region: string;
  /** As DescribeInstances gives it. */
  details: Xml;
}

/** The role of an instance's profile. */
export interface RoleCredentials {
  role: string;
  profileArn: string;
  profileId: string;
  /** Absent when the role does not trust EC2. */
  credentials?: { accessKeyId: string; secret: string; token: string; issued: number; expires: number };
}

const MAX_TOKENS = 1000;
const iso = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");

/** Starts an instance's metadata service on a free loopback port. */
export async function startMetadata(
  instance: Instance,
  credentials: () => Promise<RoleCredentials | undefined>,
  isRunning: () => Promise<boolean>,
  clock: () => number,
): Promise<Server> {
  /** Token to when it ends. */
  const tokens = new Map<string, number>();
  const answer = async (
    request: IncomingMessage,
  ): Promise<[status: number, body: string, headers?: Record<string, string>]> => {
    if (!(await isRunning())) return [404, ""];
    const path = (request.url ?? "/").replace(/\?.*/, "").replace(/^\/\d{4}-\d\d-\d\d\//, "/latest/");
    if (path === "/latest/api/token") {
      if (request.method !== "PUT") return [405, ""];
      // A request through a proxy does not come from the instance.
      if (request.headers["x-forwarded-for"]) return [403, ""];
      const seconds = Number(request.headers["x-aws-ec2-metadata-token-ttl-seconds"]);
      if (!(seconds >= 1 && seconds <= 21_600)) return [400, ""];
      const token = randomBytes(40).toString("base64url");
      if (tokens.size >= MAX_TOKENS) tokens.clear();
      tokens.set(token, clock() + seconds * 1000);
      return [200, token, { "x-aws-ec2-metadata-token-ttl-seconds": String(seconds) }];
    }
    if (request.method !== "GET") return [405, ""];
    const ends = tokens.get(String(request.headers["x-aws-ec2-metadata-token"]));
    if (!ends || ends <= clock()) return [401, ""];
    const body = await read(path.replace(/^\/latest\//, ""));
    return body === undefined ? [404, ""] : [200, body];
  };
  const read = async (path: string): Promise<string | undefined> => {
    const { id, account, region, details } = instance;
    const zone = details.text("placement", "availabilityZone") ?? `${region}a`;
    const documents: Record<string, string | undefined> = {
      "meta-data/instance-id": id,
      "meta-data/instance-type": details.text("instanceType"),
      "meta-data/ami-id": details.text("imageId"),
      "meta-data/local-ipv4": details.text("privateIpAddress"),
      "meta-data/placement/region": region,
      "meta-data/placement/availability-zone": zone,
      "dynamic/instance-identity/document": JSON.stringify({
        accountId: account,
        availabilityZone: zone,
        imageId: details.text("imageId"),
        instanceId: id,
        instanceType: details.text("instanceType"),
        privateIp: details.text("privateIpAddress"),
        region,
        version: "2017-09-30",
      }),
    };
    if (!path.startsWith("meta-data/iam/")) return documents[path];
    const found = await credentials();
    if (!found) return undefined;
    const { role, profileArn, profileId, credentials: keys } = found;
    switch (path) {
      case "meta-data/iam/info":
        return JSON.stringify({
          Code: keys ? "Success" : "AssumeRoleUnauthorizedAccess",
          LastUpdated: iso(keys?.issued ?? clock()),
          InstanceProfileArn: profileArn,
          InstanceProfileId: profileId,
        });
      case "meta-data/iam/security-credentials":
      case "meta-data/iam/security-credentials/":
        return role;
      case `meta-data/iam/security-credentials/${role}`:
        if (!keys)
          return JSON.stringify({
            Code: "AssumeRoleUnauthorizedAccess",
            Message: `EC2 cannot assume the role ${role}. Its trust policy must allow ec2.amazonaws.com sts:AssumeRole.`,
            LastUpdated: iso(clock()),
          });
        return JSON.stringify({
          Code: "Success",
          LastUpdated: iso(keys.issued),
          Type: "AWS-HMAC",
          AccessKeyId: keys.accessKeyId,
          SecretAccessKey: keys.secret,
          Token: keys.token,
          Expiration: iso(keys.expires),
        });
      default:
        return undefined;
    }
  };
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 20_000 }, (request, response) => {
    request.resume();
    answer(request).then(
      ([status, body, headers = {}]) => {
        response.writeHead(status, { "content-type": "text/plain", server: "EC2ws", ...headers });
        response.end(body);
      },
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  server.unref();
  return server;
}

/** The address of a listening server. */
export const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
