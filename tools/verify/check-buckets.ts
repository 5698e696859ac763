import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Caller } from "./caller";
import { retried } from "./settle";

/** The buckets that a check makes in one account, and what it leaves in the buckets that were there. */
export class CheckBuckets {
  private readonly s3: S3Client;
  private readonly names: string[] = [];

  constructor(private readonly caller: Caller) {
    this.s3 = new S3Client(caller);
  }

  /** A private bucket that holds one object. */
  async create(name: string, key: string): Promise<string> {
    this.names.push(name);
    const { region } = this.caller;
    await this.s3.send(
      new CreateBucketCommand({
        Bucket: name,
        // S3 refuses a location constraint in the one region that is its default.
        ...(region !== "us-east-1" && {
          CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" },
        }),
      }),
    );
    await this.put(name, key);
    return name;
  }

  async put(bucket: string, key: string): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: "hello" }));
  }

  /** Gives a bucket its policy, as soon as S3 knows whom it names. */
  async setPolicy(bucket: string, Policy: string): Promise<void> {
    await retried(() => this.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy })));
  }

  async policy(bucket: string): Promise<string> {
    return (await this.s3.send(new GetBucketPolicyCommand({ Bucket: bucket }))).Policy!;
  }

  /** Removes every version of the objects whose key begins with `prefix`. */
  async empty(bucket: string, prefix: string): Promise<void> {
    const { Versions = [], DeleteMarkers = [] } = await this.s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix }),
    );
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
      await this.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: Key!, VersionId: VersionId! }));
  }

  /** Removes the buckets made here. */
  async remove(): Promise<void> {
    for (const name of this.names.splice(0)) {
      await this.empty(name, "");
      await this.s3.send(new DeleteBucketCommand({ Bucket: name }));
    }
  }
}
