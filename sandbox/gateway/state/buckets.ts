/** The buckets of the sandbox's accounts, whose names are global. */
import type { Moto } from "../moto";
import { parseDocument } from "../policy-documents";
import { parseXml } from "../xml";

interface BucketPolicy {
  policy: unknown;
  /** Whether the public access block restricts access through a public policy. */
  restricted: boolean;
}

const MAX_BUCKETS = 1000;

export class Buckets {
  private readonly policies = new Map<string, Promise<BucketPolicy>>();
  private owners: Promise<Map<string, string>> | undefined;

  constructor(
    private readonly moto: Moto,
    private readonly accounts: readonly string[],
    private readonly home: string,
  ) {}

  /** The account that owns a bucket, or undefined. */
  async owner(bucket: string): Promise<string | undefined> {
    this.owners ??= this.readOwners();
    return (await this.owners.catch(() => undefined))?.get(bucket);
  }

  /** A bucket was, or is about to be, created, deleted or configured. */
  forget(bucket: string): void {
    this.owners = undefined;
    this.policies.delete(bucket);
  }

  private async readOwners(): Promise<Map<string, string>> {
    const owners = new Map<string, string>();
    for (const account of this.accounts)
      for (const bucket of parseXml((await this.get(account, "/")) ?? "").list("Buckets", "Bucket"))
        owners.set(bucket.text("Name") ?? "", account);
    return owners;
  }

  private get(account: string, url: string): Promise<string | undefined> {
    return this.moto.get(account, "s3", this.home, url);
  }

  /** The Region that a bucket is in, or undefined where there is none of this name. */
  async region(bucket: string): Promise<string | undefined> {
    const owner = await this.owner(bucket);
    const location = owner && (await this.get(owner, `/${encodeURIComponent(bucket)}?location`));
    return location === undefined ? undefined : parseXml(location).text() || "us-east-1";
  }

  policy(bucket: string, account: string): Promise<BucketPolicy> {
    let found = this.policies.get(bucket);
    if (!found) {
      found = this.readPolicy(bucket, account);
      if (this.policies.size >= MAX_BUCKETS) this.policies.clear();
      this.policies.set(bucket, found);
      found.catch(() => this.policies.delete(bucket));
    }
    return found;
  }

  private async readPolicy(bucket: string, account: string): Promise<BucketPolicy> {
    const url = `/${encodeURIComponent(bucket)}`;
    const stored = await this.get(account, `${url}?policy`);
    const policy = stored === undefined ? undefined : parseDocument(fromStored(stored));
    const block = policy === undefined ? undefined : await this.get(account, `${url}?publicAccessBlock`);
    return { policy, restricted: block ? parseXml(block).text("RestrictPublicBuckets") === "true" : false };
  }
}

/**
 * A bucket policy as moto may keep it: moto obeys every Deny of a bucket policy, whatever its conditions say, and
 * here only the evaluator decides. So moto sees no statement.
 */
export const toStored = (written: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [], AsWritten: written });

/** The bucket policy as it was put, from what moto keeps. */
export const fromStored = (stored: string): string => (JSON.parse(stored) as { AsWritten: string }).AsWritten;
