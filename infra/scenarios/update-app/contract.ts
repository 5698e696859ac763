import { applicationContract } from "../../application/contract";
import { prod } from "../../contract/targets";
import type { Contract, Target } from "../../contract/types";
import type { ScenarioContext } from "../../scenario";
import { declarations } from "./names";
import type { UpdateAppSettings } from "./settings";

/** Who is expected to update the production application, and who is not. */
export const contract = (context: ScenarioContext<UpdateAppSettings>): Contract =>
  applicationContract({ ...declarations, uses }, context);

/** What the role is asked to do. An object is put before it is read; the console lists all buckets first. */
const uses = (_context: object, bucket: Target) =>
  ({
    words: `list, put, get and delete in ${bucket.name}`,
    allowed: [
      [bucket, "s3:PutObject", "s3:ListBucket", "s3:GetObject", "s3:DeleteObject"],
      [prod, "s3:ListAllMyBuckets"],
    ],
    refused: [[bucket, "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucket"]],
  }) as const;
