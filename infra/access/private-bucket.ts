import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { type AccountLocation, bucketArn } from "./arn";
import { policyDocument, type Statement, tlsOnly } from "./policy";

export interface PrivateBucketArgs {
  /** The account that owns it. */
  account: AccountLocation;
  /** Physical name; unique worldwide. */
  bucketName: string;
  /** True: `pulumi destroy` refuses it. False: it is destroyed with every object in it. */
  protect: boolean;
  /** Statements of the bucket policy in addition to the refusal of plain HTTP. @default none */
  statements?: readonly Statement[];
}

/**
 * A bucket that nobody outside its account reaches unless a policy says so: public access blocked, the bucket
 * owner owns every object, encrypted, versioned, TLS only.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
 */
export class PrivateBucket extends pulumi.ComponentResource {
  readonly arn: string;

  constructor(
    name: string,
    args: PrivateBucketArgs,
    opts: pulumi.ComponentResourceOptions & { provider: pulumi.ProviderResource },
  ) {
    super("cross-account-access:access:PrivateBucket", name, {}, opts);
    const { bucketName, protect } = args;
    const ours = { parent: this, provider: opts.provider };
    this.arn = bucketArn(args.account, bucketName);
    const { bucket } = new s3.Bucket(
      name,
      { bucket: bucketName, forceDestroy: !protect },
      { ...ours, protect },
    );
    const blocked = new s3.BucketPublicAccessBlock(
      `${name}-public-access-block`,
      {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      ours,
    );
    new s3.BucketOwnershipControls(
      `${name}-ownership`,
      { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
      ours,
    );
    new s3.BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      { bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
      ours,
    );
    new s3.BucketVersioning(
      `${name}-versioning`,
      { bucket, versioningConfiguration: { status: "Enabled" } },
      ours,
    );
    const overTls = tlsOnly("s3:*", [this.arn, `${this.arn}/*`]);
    // After the block: S3 would take a public policy that the block, arriving later, no longer refuses.
    new s3.BucketPolicy(
      `${name}-policy`,
      { bucket, policy: policyDocument([overTls, ...(args.statements ?? [])]) },
      { ...ours, dependsOn: [blocked] },
    );
    this.registerOutputs({ arn: this.arn });
  }
}
