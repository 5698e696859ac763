/** The buckets of the sandbox's accounts, whose names are global. */
import type { Moto } from "../moto";
import { parseDocument } from "../policy-documents";
import { parseXml } from "../xml";

const MAX_BUCKETS = 1000;
const ACCOUNT_BLOCK = "/v20180820/configuration/publicAccessBlock";

export class Buckets {
  /** Bucket to sub-resource to its document. */
  private readonly documents = new Map<string, Map<string, Promise<string | undefined>>>();
  /** Buckets with objects that were encrypted with a key of KMS. */
  private readonly encrypted = new Set<string>();
  /** Account to what it blocks of public access to all its buckets. */
  private readonly accountBlocks = new Map<string, Promise<string | undefined>>();
  private owners: Promise<Map<string, string>> | undefined;

  constructor(
    private readonly moto: Moto,
    private readonly accounts: readonly string[],
    private readonly home: string,
  ) {}

  /** The account that owns a bucket, or undefined. */
  async owner(bucket: string): Promise<string | undefined> {
    const owners = this.owners ?? this.readOwners();
    this.owners = owners;
    owners.catch(() => {
      if (this.owners === owners) this.owners = undefined;
    });
    return (await owners).get(bucket);
  }

  /** A bucket was, or is about to be, created, deleted or configured. */
  forget(bucket: string): void {
    this.owners = undefined;
    this.documents.delete(bucket);
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

  /** A sub-resource of a bucket as moto has it, read once until `forget`. */
  private document(bucket: string, account: string, subresource: string): Promise<string | undefined> {
    if (this.documents.size >= MAX_BUCKETS) this.documents.clear();
    const known = this.documents.get(bucket) ?? new Map<string, Promise<string | undefined>>();
    this.documents.set(bucket, known);
    return readOnce(known, subresource, () =>
      this.get(account, `/${encodeURIComponent(bucket)}?${subresource}`),
    );
  }

  /** The Region that a bucket is in, or undefined where there is none of this name. */
  async region(bucket: string): Promise<string | undefined> {
    const owner = await this.owner(bucket);
    const location = owner && (await this.document(bucket, owner, "location"));
    return location === undefined ? undefined : parseXml(location).text() || "us-east-1";
  }

  async policy(bucket: string, account: string): Promise<unknown> {
    const stored = await this.document(bucket, account, "policy");
    return stored === undefined ? undefined : parseDocument(fromStored(stored));
  }

  /** Whether a setting of public access block is on, for the bucket or its account: the stricter one counts. */
  async blocks(
    bucket: string,
    account: string,
    setting: "BlockPublicAcls" | "BlockPublicPolicy" | "RestrictPublicBuckets",
  ): Promise<boolean> {
    const blocks = await Promise.all([
      this.document(bucket, account, "publicAccessBlock"),
      this.accountBlock(account),
    ]);
    return blocks.some((block) => block && parseXml(block).text(setting)?.toLowerCase() === "true");
  }

  private accountBlock(account: string): Promise<string | undefined> {
    return readOnce(this.accountBlocks, account, async () => {
      const asked = { account, service: "s3", region: this.home, method: "GET", url: ACCOUNT_BLOCK };
      const { status, body } = await this.moto.send({ ...asked, headers: { "x-amz-account-id": account } });
      return status === 200 ? body.toString() : undefined;
    });
  }

  /** What an account blocks of public access was, or is about to be, changed. */
  forgetAccount(account: string): void {
    this.accountBlocks.delete(account);
  }

  /** Whether the bucket's owner owns every object, so that access control lists are disabled. */
  async disablesAcls(bucket: string, account: string): Promise<boolean> {
    const controls = await this.document(bucket, account, "ownershipControls");
    return controls?.includes("BucketOwnerEnforced") ?? false;
  }

  /** Where the bucket's notifications go, as S3 describes it. */
  notifications(bucket: string, account: string): Promise<string | undefined> {
    return this.document(bucket, account, "notification");
  }

  /** The key of KMS that the bucket encrypts new objects with, unless it is AWS's own. */
  async defaultKey(bucket: string, account: string): Promise<string | undefined> {
    const encryption = await this.document(bucket, account, "encryption");
    const [rule] = encryption ? parseXml(encryption).list("Rule") : [];
    return rule?.text("ApplyServerSideEncryptionByDefault", "KMSMasterKeyID");
  }

  /** An object of the bucket is encrypted with a key of KMS. */
  noteEncryption(bucket: string): void {
    this.encrypted.add(bucket);
  }

  mayBeEncrypted(bucket: string): boolean {
    return this.encrypted.has(bucket);
  }
}

/** What is known under a key; else what `read` gives, which is known from then on unless it fails. */
function readOnce<Value>(
  known: Map<string, Promise<Value>>,
  key: string,
  read: () => Promise<Value>,
): Promise<Value> {
  const kept = known.get(key);
  if (kept) return kept;
  const found = read();
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}

/**
 * A bucket policy as moto may keep it: moto obeys every Deny of a bucket policy, whatever its conditions say, and
 * here only the evaluator decides. So moto sees no statement.
 */
export const toStored = (written: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [], AsWritten: written });

/** The bucket policy as it was put, from what moto keeps. */
export const fromStored = (stored: string): string => (JSON.parse(stored) as { AsWritten: string }).AsWritten;
