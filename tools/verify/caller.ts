import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@aws-sdk/types";
import type { RequestLogger } from "../details";

/** Who asks, and where. */
export interface Caller {
  region: string;
  /** Only where the profile leads to an endpoint of its own. */
  endpoint?: string;
  credentials: AwsCredentialIdentity | AwsCredentialIdentityProvider;
  /** Shows the requests, where details are shown. */
  logger?: RequestLogger;
}

/** What a request is about; what an action does not need is left unread. */
export interface Subject {
  bucket: string;
  key: string;
  /** Where a copy comes from. */
  sourceBucket: string;
  /** The policy that the bucket has already: putting it again does no harm where that is, wrongly, allowed. */
  bucketPolicy: string;
  /** A name that nothing in the account has, and that is cleared up where it is wrongly created. */
  unusedName: string;
  parameter: string;
  instance: string;
  /** Asks whether it may be done, and does not do it: the instance is somebody's. */
  dryRun: boolean;
  topic: string;
  clientId: string;
  /** Who sees, in the account of the topic, what is published there. */
  watcher: Caller;
  /** ARN of a table of DynamoDB. */
  table: string;
  topicArn: string;
  queueUrl: string;
  /** The text of a message: what this check sent, and no other. */
  message: string;
  repository: { repositoryName: string; registryId: string };
  apiUrl: string;
  role: {
    arn: string;
    sessionName: string;
    durationSeconds: number;
    mfa?: { serial: string; code: string };
    sessionTag?: { key: string; value: string };
    sourceIdentity?: string;
    /** Signed by an OpenID Connect provider. */
    token?: string;
  };
}
