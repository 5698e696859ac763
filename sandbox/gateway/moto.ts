/** The way to moto, which does one request per service at a time. */
import { Agent, request } from "node:http";
import { AwsError, type ServiceAnswer } from "./call";
import { type Json, parseXml, type Xml } from "./xml";

export interface MotoRequest {
  account: string;
  service: string;
  region: string;
  method: string;
  /** Path and query. */
  url: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** The caller's key: moto finds by it which user "own" means. */
  accessKeyId?: string;
}

/** Where moto listens, and what a request must bring for moto to take it. */
export interface MotoEndpoint {
  port: number;
  secret: string;
}

export const SECRET_HEADER = "x-sandbox-secret";

/** More than one, so that moto begins with the next request while the answer to the last is on its way. */
const SOCKETS = 4;

const unreachable = ({ message }: Error) =>
  new AwsError(
    "ServiceUnavailable",
    `The sandbox's moto, which holds the accounts, is not reached: ${message}`,
    503,
  );

const hopByHop = ["connection", "transfer-encoding", "keep-alive", "date", "server"];

export class Moto {
  /** One for each service, so that a slow service does not hold up another. */
  private readonly agents = new Map<string, Agent>();

  constructor(
    private readonly endpoint: MotoEndpoint,
    /** Of the sandbox. */
    private readonly region: string,
  ) {}

  /** Sends one request to one account of moto. Rejects with ServiceUnavailable when moto cannot be reached. */
  send(message: MotoRequest): Promise<ServiceAnswer> {
    const agent = this.agents.get(message.service) ?? new Agent({ maxSockets: SOCKETS });
    this.agents.set(message.service, agent);
    const body = Buffer.from(message.body ?? "");
    const headers: Record<string, string | number> = {
      host: `127.0.0.1:${this.endpoint.port}`,
      ...message.headers,
      "content-length": body.length,
      "x-moto-account-id": message.account,
      [SECRET_HEADER]: this.endpoint.secret,
      // moto reads service and region here, and checks nothing.
      authorization: `AWS4-HMAC-SHA256 Credential=${message.accessKeyId ?? "AKIAIOSFODNN7EXAMPLE"}/20000101/${message.region}/${message.service}/aws4_request, SignedHeaders=host, Signature=0`,
    };
    return new Promise((resolve, reject) => {
      const out = request(
        {
          host: "127.0.0.1",
          port: this.endpoint.port,
          agent,
          method: message.method,
          path: message.url,
          headers,
          timeout: 60_000,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", (error) => reject(unreachable(error)));
          answer.on("end", () => {
            const kept = Object.entries(answer.headers).filter(([name]) => !hopByHop.includes(name));
            resolve({
              status: answer.statusCode ?? 502,
              headers: Object.fromEntries(kept) as Record<string, string | string[]>,
              body: Buffer.concat(chunks),
            });
          });
        },
      );
      out.on("timeout", () => out.destroy(new Error("moto did not answer within 60 seconds")));
      out.on("error", (error) => reject(unreachable(error)));
      out.end(body);
    });
  }

  /** A query-protocol operation: its result element, parsed. Undefined when moto answers an error. */
  async query(
    account: string,
    service: string,
    region: string,
    params: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Xml | undefined> {
    const answer = await this.send({
      account,
      service,
      region,
      method: "POST",
      url: "/",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(params).toString(),
    });
    return succeeded(answer) ? parseXml(answer.body) : undefined;
  }

  /** An operation of IAM, of which an account has one in all Regions. */
  iam(
    account: string,
    Action: string,
    params: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Xml | undefined> {
    return this.query(account, "iam", this.region, { Action, Version: "2010-05-08", ...params }, headers);
  }

  /** A JSON-protocol operation: its result, or undefined when moto answers an error. */
  async json(
    account: string,
    service: string,
    region: string,
    target: string,
    params: object,
  ): Promise<Json | undefined> {
    const answer = await this.send({
      account,
      service,
      region,
      method: "POST",
      url: "/",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
      body: JSON.stringify(params),
    });
    return succeeded(answer) ? (JSON.parse(answer.body.toString() || "{}") as Json) : undefined;
  }

  /** A GET of a service with a REST API: its answer's body, or undefined when moto answers an error. */
  async get(account: string, service: string, region: string, url: string): Promise<string | undefined> {
    const answer = await this.send({ account, service, region, method: "GET", url });
    return succeeded(answer) ? answer.body.toString() : undefined;
  }

  close(): void {
    for (const agent of this.agents.values()) agent.destroy();
  }
}

/** Whether moto did what was asked. Throws where it failed: no request may pass because a policy could not be read. */
function succeeded({ status, body }: ServiceAnswer): boolean {
  if (status >= 500) throw new Error(`moto failed: ${body.toString().slice(0, 300)}`);
  return status === 200;
}
