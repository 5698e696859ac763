import { permissionSetCandidate, permissionSetContract } from "../../contract/permission-sets";
import { allow, colleague, outsider } from "../../contract/personas";
import { assumes, roleTarget, rows } from "../../contract/rows";
import {
  everythingElse,
  standardGroupContract,
  standardRoleContract,
  withChecks,
} from "../../contract/standard";
import { copyFromOwnBucket, ownBucketInDev, prod } from "../../contract/targets";
import type { Contract, Persona, Target, UserPersona } from "../../contract/types";
import type { ScenarioContext } from "../../scenario";
import { DEVELOPERS, ROLE_NAME, TESTERS } from "./names";
import type { UpdateAppSettings } from "./settings";

// The developer's own side allows all of S3: a refusal of productionapp then comes from the other account.
const developer: UserPersona = {
  kind: "user",
  name: "developer",
  home: "trusted",
  groups: [DEVELOPERS],
  permissions: [allow("s3:*")],
};
const developerAndTester: UserPersona = {
  kind: "user",
  name: "developer and tester",
  home: "trusted",
  groups: [DEVELOPERS, TESTERS],
};
const tester: UserPersona = { kind: "user", name: "tester", home: "trusted", groups: [TESTERS] };

/** Who is expected to update the production application, and who is not. */
export function contract(context: ScenarioContext<UpdateAppSettings>): Contract {
  const { settings, locations } = context;
  const { trustIamUsers } = settings;
  const productionapp: Target = { name: "productionapp", bucket: settings.bucketName };
  const role = roleTarget(locations.trusting, ROLE_NAME);
  // A person's own side allows all of S3: a refusal of productionapp then comes from the other account.
  const declaration = { role, roleName: ROLE_NAME, permissions: [allow("s3:*")] };
  const permissionSets = permissionSetContract(declaration, context);
  const candidate = permissionSetCandidate(declaration, settings);
  if (!trustIamUsers)
    return withChecks(
      permissionSets,
      useContract(candidate!.who, productionapp),
      standardRoleContract({ role, roleName: ROLE_NAME, candidate: candidate! }, context),
    );
  return withChecks(
    userContract(role),
    useContract(developer, productionapp),
    standardRoleContract(
      {
        role,
        roleName: ROLE_NAME,
        candidate: { who: developerAndTester, session: "signed in with MFA" },
        groups: [DEVELOPERS],
      },
      context,
    ),
    standardGroupContract(DEVELOPERS),
    standardGroupContract(TESTERS),
    permissionSets,
  );

  /** What the role is used for: the holder has assumed it, and may use all of S3 at home. */
  function useContract(holder: Persona, bucket: Target): Contract {
    return {
      checks: [
        "As UpdateApp: list, put, get and delete in productionapp",
        "As UpdateApp: anything else in prod",
        "The person's own credentials directly on productionapp",
        "The person's own dev permissions are suspended as UpdateApp, and back afterwards",
        "Temporary credentials past their lifetime",
      ],
      rows: [
        // An object is put before it is read.
        ...rows(
          1,
          holder,
          "as the role",
          ["s3:PutObject", "s3:ListBucket", "s3:GetObject", "s3:DeleteObject"],
          bucket,
          "allowed",
        ),
        // The console's list of buckets.
        ...rows(1, holder, "as the role", "s3:ListAllMyBuckets", prod, "allowed"),
        ...everythingElse(2, holder, ["s3:ListAllMyBuckets"], context),
        ...rows(
          2,
          holder,
          "as the role",
          ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucket"],
          bucket,
          "refused",
        ),
        ...rows(3, holder, "own keys", ["s3:ListBucket", "s3:GetObject", "s3:PutObject"], bucket, "refused"),
        ...rows(4, holder, "as the role", ["s3:ListBucket", "s3:GetObject"], ownBucketInDev, "refused"),
        ...rows(4, holder, "as the role", "s3:CopyObject", copyFromOwnBucket(bucket), "refused"),
        ...rows(4, holder, "own keys", ["s3:ListBucket", "s3:GetObject"], ownBucketInDev, "allowed"),
        ...rows(5, holder, "as the role, expired", "s3:ListBucket", bucket, "refused"),
      ],
    };
  }
}

/** Which IAM users are expected to assume the role. */
function userContract(role: Target): Contract {
  const assumesRole = assumes(role);
  return {
    checks: [
      "A Developers member with MFA assumes UpdateApp",
      "The same person without MFA",
      "A Developers member with a wrong code or another person's MFA device",
      "A Testers member with MFA",
      "A dev user in neither group, with MFA",
      "An administrator of a third account, with MFA",
    ],
    rows: [
      ...assumesRole(1, developer, "own keys and an MFA code", "allowed"),
      ...assumesRole(1, developerAndTester, "signed in with MFA", "allowed"),
      ...assumesRole(2, developer, "own keys", "refused"),
      ...assumesRole(3, developer, "own keys and a wrong MFA code", "refused"),
      ...assumesRole(3, developer, "own keys and another person's MFA device", "refused"),
      ...assumesRole(4, tester, "signed in with MFA", "refused"),
      ...assumesRole(5, colleague, "signed in with MFA", "refused"),
      ...assumesRole(6, outsider, "signed in with MFA", "refused"),
    ],
  };
}
