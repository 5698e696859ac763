import { permissionSetCandidate, permissionSetContract } from "../contract/permission-sets";
import { allow, colleague, outsider } from "../contract/personas";
import { assumes, roleTarget, rows } from "../contract/rows";
import {
  everythingElse,
  standardGroupContract,
  standardRoleContract,
  withChecks,
} from "../contract/standard";
import { copyFromOwnBucket, ownBucketInDev, prod } from "../contract/targets";
import type { Action, Answer, Contract, ContractRow, Persona, Target, UserPersona } from "../contract/types";
import {
  type Application,
  type ApplicationContext,
  type ApplicationUse,
  bucketLabel,
  type Uses,
} from "./application";

/** Who is expected to use an application, and who is not: all of it follows from its declarations. */
export function applicationContract<Own>(
  application: Pick<Application<string, string, Own>, "person" | "untrusted" | "uses">,
  context: ApplicationContext<Own>,
): Contract {
  const { settings, locations } = context;
  const { roleName, trustedGroup, untrustedGroup, createTrustedGroup, bucketName } = settings;
  const role = roleTarget(locations.trusting, roleName);
  const bucket: Target = { name: bucketLabel(settings), bucket: bucketName };
  const uses = application.uses(context, bucket);
  // A person's own side allows all of these services: a refusal of the application then comes from the other account.
  const services = new Set(["s3", ...uses.allowed.flatMap(([, ...actions]) => actions.map(serviceOf))]);
  const permissions = [...services].map((service) => allow(`${service}:*`));
  const declaration = { role, roleName, permissions };
  const permissionSets = permissionSetContract(declaration, context);
  const candidate = permissionSetCandidate(declaration, settings);
  if (!settings.trustIamUsers)
    return withChecks(
      permissionSets,
      useContract(candidate!.who, uses),
      standardRoleContract({ ...declaration, candidate: candidate! }, context),
    );

  const { person, untrusted } = application;
  const member: UserPersona = {
    kind: "user",
    name: person,
    home: "trusted",
    groups: [trustedGroup],
    permissions,
  };
  const inBothGroups: UserPersona = {
    kind: "user",
    name: untrustedGroup ? `${person} and ${untrusted?.person ?? untrustedGroup}` : `another ${person}`,
    home: "trusted",
    groups: [trustedGroup, ...(untrustedGroup ? [untrustedGroup] : [])],
  };
  return withChecks(
    userContract(),
    useContract(member, uses),
    standardRoleContract(
      {
        ...declaration,
        candidate: { who: inBothGroups, session: "signed in with MFA" },
        groups: [trustedGroup],
      },
      context,
    ),
    // What else the members of an existing group may do is no matter of the program.
    ...(createTrustedGroup ? [standardGroupContract(trustedGroup)] : []),
    ...(untrustedGroup ? [standardGroupContract(untrustedGroup)] : []),
    permissionSets,
  );

  /** Which IAM users are expected to assume the role. */
  function userContract(): Contract {
    const assumesRole = assumes(role);
    const check = (title: string, ...asked: ContractRow[]): Contract => ({ checks: [title], rows: asked });
    const outside: UserPersona = {
      kind: "user",
      name: untrusted?.person ?? `member of ${untrustedGroup}`,
      home: "trusted",
      groups: [untrustedGroup],
    };
    return withChecks(
      check(
        `A member of ${trustedGroup} with MFA assumes ${roleName}`,
        ...assumesRole(1, member, "own keys and an MFA code", "allowed"),
        ...assumesRole(1, inBothGroups, "signed in with MFA", "allowed"),
      ),
      check("The same person without MFA", ...assumesRole(1, member, "own keys", "refused")),
      check(
        `A member of ${trustedGroup} with a wrong code or another person's MFA device`,
        ...assumesRole(1, member, "own keys and a wrong MFA code", "refused"),
        ...assumesRole(1, member, "own keys and another person's MFA device", "refused"),
      ),
      ...(untrustedGroup
        ? [
            check(
              `A member of ${untrustedGroup} with MFA`,
              ...assumesRole(1, outside, "signed in with MFA", "refused"),
            ),
          ]
        : []),
      check(
        untrustedGroup ? "A dev user in neither group, with MFA" : "A dev user outside the group, with MFA",
        ...assumesRole(1, colleague, "signed in with MFA", "refused"),
      ),
      check(
        "An administrator of a third account, with MFA",
        ...assumesRole(1, outsider, "signed in with MFA", "refused"),
      ),
    );
  }

  /** What the role is used for, by someone who has assumed it. */
  function useContract(holder: Persona, { words, allowed, refused }: Uses): Contract {
    const [[firstTarget, ...firstActions]] = allowed;
    const asked = allowed.flatMap(([on, ...actions]) => actions.map((action) => ({ on, action })));
    // What belongs to the account as a whole is answered at home by the person's own permissions.
    const ofAccount = ({ on, action }: (typeof asked)[number]) =>
      on === prod || action === "ssm:DescribeParameters";
    return {
      checks: [
        `As ${roleName}: ${words}`,
        `As ${roleName}: anything else in prod`,
        `The person's own credentials directly on ${bucket.name}`,
        `The person's own dev permissions are suspended as ${roleName}, and back afterwards`,
        "Temporary credentials past their lifetime",
      ],
      rows: [
        ...asRole(1, allowed, "allowed"),
        ...everythingElse(
          2,
          holder,
          asked.filter(ofAccount).map(({ action }) => action),
          context,
        ),
        ...asRole(2, refused, "refused"),
        ...asked
          .filter((each) => !ofAccount(each))
          .flatMap(({ on, action }) => rows(3, holder, "own keys", action, on, "refused")),
        ...rows(4, holder, "as the role", ["s3:ListBucket", "s3:GetObject"], ownBucketInDev, "refused"),
        ...rows(4, holder, "as the role", "s3:CopyObject", copyFromOwnBucket(bucket), "refused"),
        ...rows(4, holder, "own keys", ["s3:ListBucket", "s3:GetObject"], ownBucketInDev, "allowed"),
        ...rows(5, holder, "as the role, expired", firstActions.slice(0, 1), firstTarget, "refused"),
      ],
    };

    function asRole(check: number, asked: readonly ApplicationUse[], expected: Answer): ContractRow[] {
      return asked.flatMap(([on, ...actions]) => rows(check, holder, "as the role", actions, on, expected));
    }
  }
}

const serviceOf = (action: Action): string => action.split(":")[0]!;
