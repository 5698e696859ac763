import type { Statement } from "../access/policy";
import { assumeRoleStatements, PERMISSION_SET_PATH } from "../access/trust";
import type { ScenarioContext } from "../scenario";
import type { StackSettings } from "../stack-settings";
import { allow, devAdministrator, outsider } from "./personas";
import { assumes } from "./rows";
import type { RoleCandidate } from "./standard";
import type { Contract, PermissionSetPersona, Target } from "./types";

/** The path of a permission set's role where Identity Center is in any region but us-east-1. */
const PATH_WITH_REGION = `${PERMISSION_SET_PATH}eu-west-2/`;
const LONGEST_NAME = 32;

/** A role that people assume, as the questions about permission sets need to know it. */
export interface PermissionSetDeclaration {
  role: Target;
  /** As people know it, such as UpdateApp. */
  roleName: string;
  /** What the first permission set allows its people at home, in addition to assuming the role. Default: nothing. */
  permissions?: readonly Statement[];
}

const person = (
  permissionSet: string,
  permissions: readonly Statement[],
  /** The role that its inline policy is about. Default: all. */
  roleName?: string,
): PermissionSetPersona => ({
  kind: "permission set",
  name: `person of ${permissionSet}${roleName === undefined ? "" : ` for ${roleName}`}`,
  permissionSet,
  path: PATH_WITH_REGION,
  permissions,
});

/** A person of the stack's first permission set; undefined where it trusts none. */
export function permissionSetCandidate(
  { role, roleName, permissions = [] }: PermissionSetDeclaration,
  { trustedPermissionSets: [first] }: StackSettings,
): (RoleCandidate & { who: PermissionSetPersona }) | undefined {
  if (first === undefined) return undefined;
  return {
    who: person(first, [...assumeRoleStatements([role.role!]), ...permissions], roleName),
    session: "own keys",
  };
}

/**
 * The questions about people who sign in by IAM Identity Center: those of the named permission sets get in, and nobody
 * who is like them. A persona that is to be refused has the permission to assume the role, so that its trust alone decides.
 */
export function permissionSetContract(
  declaration: PermissionSetDeclaration,
  { settings }: ScenarioContext<object>,
): Contract {
  const candidate = permissionSetCandidate(declaration, settings);
  if (!candidate) return { checks: [], rows: [] };
  const { role, roleName } = declaration;
  const { trustIamUsers, trustedPermissionSets } = settings;
  const { permissionSet } = candidate.who;
  const asksFor = assumes(role);
  const inlinePolicy = assumeRoleStatements([role.role!]);
  const everything = [allow("*")];
  const others = ["AnotherPermissionSet", `${permissionSet.slice(0, LONGEST_NAME - 2)}_2`]
    .filter((name) => !trustedPermissionSets.includes(name))
    .map((name) => person(name, everything));
  const inUsEast1 = {
    ...person(permissionSet, inlinePolicy),
    name: `${candidate.who.name} by us-east-1`,
    path: PERMISSION_SET_PATH,
  };
  const imitation = {
    ...person(permissionSet, everything),
    name: `role named like that of ${permissionSet}`,
    path: "/",
  };
  return {
    checks: [
      `A person of each trusted permission set assumes ${roleName}`,
      `A person of any other permission set assumes ${roleName}`,
      "A role of the same name that Identity Center does not keep",
      ...(trustIamUsers
        ? []
        : ["An administrator among the IAM users of dev, and one of a third account, with MFA"]),
    ],
    rows: [
      ...asksFor(1, candidate.who, "own keys", "allowed"),
      ...trustedPermissionSets
        .slice(1)
        .flatMap((name) => asksFor(1, person(name, inlinePolicy, roleName), "own keys", "allowed")),
      ...asksFor(1, inUsEast1, "own keys", "allowed"),
      ...others.flatMap((who) => asksFor(2, who, "own keys", "refused")),
      ...asksFor(3, imitation, "own keys", "refused"),
      ...(trustIamUsers
        ? []
        : [devAdministrator, outsider].flatMap((who) => asksFor(4, who, "signed in with MFA", "refused"))),
    ],
  };
}
