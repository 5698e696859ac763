/** A client of the gateway's control API, for whatever starts or asks the sandbox. */
import type { DecisionRecord } from "./decisions";

export interface Health {
  instance: string;
  accounts: Record<string, string>;
  region: string;
  pid: number;
  /** Why the accounts are gone, where they are. */
  lost?: string;
}

const TIMEOUT = 5000;

export class ControlClient {
  /** @param url where the gateway listens. */
  constructor(private readonly url: string) {}

  health(): Promise<Health> {
    return this.ask("GET", "health");
  }

  /** The decisions after number `since`, oldest first. */
  async decisions(since = 0): Promise<DecisionRecord[]> {
    const { decisions } = await this.ask<{ decisions: DecisionRecord[] }>("GET", "decisions", {
      since: String(since),
    });
    return decisions;
  }

  /** Ends a session now. */
  async expire(accessKeyId: string): Promise<void> {
    await this.ask("POST", "expire", { accessKeyId });
  }

  /** What GitHub's issuer would give a job. */
  async token(subject: string, audience: string): Promise<string> {
    return (await this.ask<{ value: string }>("POST", "token", { subject, audience })).value;
  }

  /** The address of an instance's metadata service. */
  async metadataUrl(instanceId: string): Promise<string> {
    return (await this.ask<{ url: string }>("POST", "metadata", { instanceId })).url;
  }

  /** @throws {Error} with the gateway's words, where it refuses. */
  private async ask<Result>(
    method: string,
    name: string,
    query: Record<string, string> = {},
  ): Promise<Result> {
    const url = `${this.url}/_sandbox/${name}?${new URLSearchParams(query)}`;
    const answer = await fetch(url, { method, signal: AbortSignal.timeout(TIMEOUT) });
    const body = (await answer.json()) as Result & { error?: string };
    if (!answer.ok) throw new Error(body.error ?? `the sandbox answered ${answer.status}`);
    return body;
  }
}
