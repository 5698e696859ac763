import type { Statement } from "../../access/policy";
import { allow, colleague, devAdministrator, membersOfOtherGroups, outsider } from "../../contract/personas";
import { rows } from "../../contract/rows";
import { standardGroupContract, withChecks } from "../../contract/standard";
import { copyFromOwnBucket } from "../../contract/targets";
import type { Answer, Contract, ContractRow, Home, Target, UserPersona } from "../../contract/types";
import type { ScenarioContext } from "../../scenario";
import { GROUP_NAME } from "./names";
import type { SharedBucketSettings } from "./settings";

// Own permissions for own buckets: access to the shared one comes from the group.
const bucketSharer: UserPersona = {
  kind: "user",
  name: "bucket sharer",
  home: "trusted",
  groups: [GROUP_NAME],
  permissions: [allow("s3:*", "arn:*:s3:::check-*")],
};

const deny: Statement = { Effect: "Deny", Action: "s3:GetObject", Resource: "*" };
const user = (home: Home, name: string, permissions: readonly Statement[] = []): UserPersona => ({
  kind: "user",
  name,
  home,
  permissions,
});
const [prodAllowed, prodSilent, prodDenied] = [
  user("trusting", "prod user who is allowed", [allow("s3:GetObject")]),
  user("trusting", "prod user of whom policies are silent"),
  user("trusting", "prod user who is denied", [allow("s3:GetObject"), deny]),
] as const;
const [devAllowed, devSilent, devDenied] = [
  user("trusted", "dev user who is allowed", [allow("s3:GetObject")]),
  user("trusted", "dev user of whom policies are silent"),
  user("trusted", "dev user who is denied", [allow("s3:GetObject"), deny]),
] as const;

// The policies name the users one by one: an account as principal would leave the question to the user's own policies.
const users = [prodAllowed, prodSilent, prodDenied, devAllowed, devSilent, devDenied];
const bucketWhosePolicy = (name: string, effects: readonly Statement["Effect"][]): Target => ({
  name: `a bucket whose policy ${name}`,
  bucket: {
    fixture: "bucket",
    side: "trusting",
    name: name.replace(/^is /, ""),
    ...(effects.length > 0 && { policy: { effects, users } }),
  },
});
const allows = bucketWhosePolicy("allows", ["Allow"]);
const silent = bucketWhosePolicy("is silent", []);
const denies = bucketWhosePolicy("denies", ["Allow", "Deny"]);

/** Who is expected to use the shared bucket; and the eight cells of access within one account and across two. */
export function contract({ settings, program }: ScenarioContext<SharedBucketSettings>): Contract {
  const sharedBucket: Target = { name: "the shared bucket", bucket: settings.sharedBucketName };
  const reads = (check: number, who: UserPersona, on: Target, expected: Answer): ContractRow[] =>
    rows(check, who, "own keys", "s3:GetObject", on, expected);
  const own: Contract = {
    checks: [
      "Person allowed, bucket allows: in one account, and across",
      "Person allowed, bucket silent: in one account, but not across",
      "Person silent, bucket allows: in one account, but not across",
      "Person or bucket denies: nowhere, whatever the other says",
      "A member of BucketSharers copies from the own bucket to the shared one in one call",
      "A dev user outside BucketSharers, and a member of every other group",
      "An administrator of a third account",
      "A dev administrator: what the bucket's policy does not share",
    ],
    rows: [
      ...reads(1, prodAllowed, allows, "allowed"),
      ...reads(1, devAllowed, allows, "allowed"),
      ...reads(2, prodAllowed, silent, "allowed"),
      ...reads(2, devAllowed, silent, "refused"),
      ...reads(3, prodSilent, allows, "allowed"),
      ...reads(3, devSilent, allows, "refused"),
      ...reads(4, prodDenied, allows, "refused"),
      ...reads(4, prodDenied, silent, "refused"),
      ...reads(4, devDenied, allows, "refused"),
      ...reads(4, devDenied, silent, "refused"),
      ...reads(4, prodAllowed, denies, "refused"),
      ...reads(4, devAllowed, denies, "refused"),
      ...rows(5, bucketSharer, "own keys", "s3:CopyObject", copyFromOwnBucket(sharedBucket), "allowed"),
      ...rows(5, bucketSharer, "own keys", ["s3:ListBucket", "s3:GetObject"], sharedBucket, "allowed"),
      ...rows(6, colleague, "own keys", ["s3:ListBucket", "s3:GetObject"], sharedBucket, "refused"),
      ...membersOfOtherGroups(program.groups, [GROUP_NAME]).flatMap((who) =>
        rows(6, who, "own keys", ["s3:ListBucket", "s3:GetObject", "s3:PutObject"], sharedBucket, "refused"),
      ),
      ...rows(7, outsider, "own keys", ["s3:ListBucket", "s3:GetObject"], sharedBucket, "refused"),
      ...rows(
        8,
        devAdministrator,
        "own keys",
        ["s3:DeleteObject", "s3:GetBucketPolicy"],
        sharedBucket,
        "refused",
      ),
    ],
  };
  return withChecks(own, standardGroupContract(GROUP_NAME));
}
