import type { Config, Resource, Violation } from "./analyzer";

/** One case: what the pack says of one resource. A new case needs no code. */
export interface Case extends Resource {
  /** A sentence. */
  name: string;
  config?: Config;
  /** Each violation in turn, as `policy level: part of the message`; `…` stands for any text. */
  expect: string[];
}

export const BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy";
export const ROLE = "aws:iam/role:Role";
/** Beginning of every expected violation of the main policy. */
export const BLOCKED = "no-wildcard-principals mandatory: …";

/** A bucket policy's statement that is fine but for what is given. */
export const statement = (over: object): object => ({
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::111122223333:root" },
  Action: "s3:GetObject",
  Resource: "arn:aws:s3:::site/*",
  ...over,
});

export const documentOf = (...statements: object[]): object => ({
  Version: "2012-10-17",
  Statement: statements,
});

/** A bucket policy as JSON, of statements that are fine but for what is given. */
export const bucketPolicy = (...overs: object[]): Resource => ({
  type: BUCKET_POLICY,
  props: { bucket: "site", policy: JSON.stringify(documentOf(...overs.map(statement))) },
});

/** A role whose trust policy has these statements. */
export const role = (...statements: object[]): Resource => ({
  type: ROLE,
  props: {
    assumeRolePolicy: JSON.stringify(
      documentOf(...statements.map((one) => ({ Effect: "Allow", Action: "sts:AssumeRole", ...one }))),
    ),
  },
});

const OUTSIDE = { AWS: "arn:aws:iam::444455556666:root" };

/** A role that trusts another account, or another principal. */
export const trust = (
  Condition?: object,
  Principal: object | string = OUTSIDE,
): Pick<Case, "type" | "props"> => role({ Principal, ...(Condition && { Condition }) });

/** A bucket policy that lets SNS in. */
export const snsPublisher = (Condition?: object): Pick<Case, "type" | "props"> =>
  bucketPolicy({ Principal: { Service: "sns.amazonaws.com" }, Condition });

/** Settings that turn on one policy, and turn off the main one. */
export const onlyPolicy = (policy: string, settings: object = {}): Pick<Case, "config"> => ({
  config: {
    "no-wildcard-principals": { enforcementLevel: "disabled" },
    [policy]: { enforcementLevel: "mandatory", ...settings } as Config[string],
  },
});

/** True if a violation is the one that a case expects: see {@link Case.expect}. */
export function fits(expected: string, { policy, level, message }: Violation): boolean {
  let rest = `${policy} ${level}: ${message}`;
  return expected.split("…").every((part, i) => {
    const at = rest.indexOf(part);
    if (at < 0 || (i === 0 && at > 0)) return false;
    rest = rest.slice(at + part.length);
    return true;
  });
}
