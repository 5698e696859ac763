import { type AccountLocation, iamArn, oidcProviderArn, roleArn } from "./arn";
import type { Statement } from "./policy";

/**
 * The characters that IAM takes of a trust policy, where the account's quota was not raised.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const TRUST_POLICY_LENGTH = 2048;

/** What a caller may send along with AssumeRole. Across accounts both sides must allow it: trust and grant. */
export interface SessionRights {
  /** Lets the caller attach session tags (sts:TagSession). @default false */
  sessionTags?: boolean;
  /** Lets the caller set a source identity (sts:SetSourceIdentity). @default false */
  sourceIdentity?: boolean;
}

/** Who of the trusted accounts may assume a role, beyond what each kind of principal must show. */
interface Trusted extends SessionRights {
  /** The trusted accounts. Each account then decides by its own policies who of its principals may. */
  accounts: readonly [AccountLocation, ...AccountLocation[]];
  /** Only principals of this AWS Organizations organisation, such as o-a1b2c3d4e5. */
  organizationId?: string;
  /** Only these principals, by ARN: survives their re-creation, which naming them as principal does not. */
  principalArns?: readonly [string, ...string[]];
  /** Only from these IP ranges (CIDR). */
  sourceIps?: readonly [string, ...string[]];
  /** A word that the caller must send with AssumeRole; the console cannot, so there is no switch-role link. */
  externalId?: string;
}

/** People sign in, so they can show a second factor. */
export interface TrustedPeople extends Trusted {
  /** Requires multi-factor authentication. @default true */
  mfa?: boolean;
  /** The greatest age of that authentication, in seconds; needs `mfa`. @default no limit */
  maxMfaAge?: number;
}

/**
 * People who sign in by IAM Identity Center: sessions of the role that it keeps for a permission set in each account
 * that the set is assigned in. Such sessions carry no MFA context; Identity Center asks for MFA at sign-in.
 * https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
 */
export interface TrustedPermissionSets extends Omit<Trusted, "principalArns"> {
  /** The permission sets, by name. */
  names: readonly [string, ...string[]];
}

/** Machines (instance roles, pipelines) cannot show a second factor: they get a statement of their own. */
export type TrustedMachines = Trusted;

/**
 * Workloads that have no AWS credentials, such as a pipeline's jobs: they show a token that their OpenID Connect
 * provider has signed. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
 */
export interface TrustedWorkloads {
  /** The account that holds both the provider and the role. */
  account: AccountLocation;
  /** The provider's URL without https://, such as token.actions.githubusercontent.com. */
  issuer: string;
  /** Whom the token must be meant for: one of the provider's client IDs. */
  audience: string;
  /** Whom the token must be about, each in full: without them everyone who gets a token from the provider is let in. */
  subjects: readonly [string, ...string[]];
}

/** Who may assume a role: at least one of the four kinds. */
export interface Trust {
  people?: TrustedPeople;
  permissionSets?: TrustedPermissionSets;
  machines?: TrustedMachines;
  workloads?: TrustedWorkloads;
}

/**
 * The statements of a role's trust policy, one per kind of principal.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html
 * @throws {Error} where nobody is trusted, or where an MFA age is asked for without MFA.
 */
export function trustStatements(trust: Trust): Statement[] {
  const { people, permissionSets, machines, workloads } = trust;
  if (!people && !permissionSets && !machines && !workloads)
    throw new Error(
      "A role trusts nobody: give trust.people, trust.permissionSets, trust.machines or trust.workloads.",
    );
  const statements: Statement[] = [];
  if (people) {
    const { maxMfaAge } = people;
    // Nothing but false turns it off: not the null of a program whose types nobody checked.
    const mfa = people.mfa !== false;
    if (maxMfaAge !== undefined && !mfa)
      throw new Error(
        "trust.people.maxMfaAge asks how old the MFA is: it needs trust.people.mfa to be true.",
      );
    statements.push(
      trustStatement("People", people, {
        // Left out when not required: "false" would demand the absence of MFA, BoolIfExists would let keys pass.
        ...(mfa && { Bool: { "aws:MultiFactorAuthPresent": "true" } }),
        ...(maxMfaAge !== undefined && {
          NumericLessThanEquals: { "aws:MultiFactorAuthAge": String(maxMfaAge) },
        }),
      }),
    );
  }
  if (permissionSets) {
    const { accounts, names } = permissionSets;
    const principalArns = accounts.flatMap((account) =>
      names.map((name) => permissionSetRoleArn(account, name)),
    );
    statements.push(
      trustStatement("PermissionSets", { ...permissionSets, principalArns: principalArns as [string] }, {}),
    );
  }
  if (machines) statements.push(trustStatement("Machines", machines, {}));
  if (workloads) {
    const { account, issuer, audience, subjects } = workloads;
    statements.push({
      Sid: "Workloads",
      Effect: "Allow",
      Principal: { Federated: oidcProviderArn(account, issuer) },
      Action: "sts:AssumeRoleWithWebIdentity",
      // StringEquals takes no wildcard: a subject is one job's, never a pattern of them.
      Condition: { StringEquals: { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: [...subjects] } },
    });
  }
  return statements;
}

/** Where Identity Center keeps the roles of permission sets. Nobody else can create a role under /aws-reserved/. */
export const PERMISSION_SET_PATH = "/aws-reserved/sso.amazonaws.com/";

/**
 * Pattern of the ARN that the role of a permission set has in an account: without a region where Identity Center is in
 * us-east-1, else with it. The suffix is Identity Center's own and changes with each new assignment. Its 16 characters
 * are counted: `_*` would also match a permission set whose name continues after an underscore.
 */
export const permissionSetRoleArn = (account: AccountLocation, name: string): string =>
  roleArn(account, `AWSReservedSSO_${name}_${"?".repeat(16)}`, PERMISSION_SET_PATH.replace(/\/$/, "*/"));

/**
 * The actions of whoever may assume a role with these rights.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
function assumeActions({ sessionTags, sourceIdentity }: SessionRights): string | string[] {
  if (!sessionTags && !sourceIdentity) return "sts:AssumeRole";
  return [
    "sts:AssumeRole",
    ...(sessionTags ? ["sts:TagSession"] : []),
    ...(sourceIdentity ? ["sts:SetSourceIdentity"] : []),
  ];
}

/** What a principal of the trusted account needs to assume exactly these roles. */
export const assumeRoleStatements = (
  roleArns: readonly [string, ...string[]],
  rights: SessionRights = {},
): Statement[] => [
  { Sid: "AssumeRole", Effect: "Allow", Action: assumeActions(rights), Resource: [...roleArns] },
];

function trustStatement(
  kind: string,
  trusted: Trusted,
  shown: NonNullable<Statement["Condition"]>,
): Statement {
  const { externalId, organizationId, principalArns, sourceIps } = trusted;
  const equals = {
    ...(externalId !== undefined && { "sts:ExternalId": externalId }),
    ...(organizationId !== undefined && { "aws:PrincipalOrgID": organizationId }),
  };
  const conditions = {
    ...shown,
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(principalArns && { ArnLike: { "aws:PrincipalArn": [...principalArns] } }),
    ...(sourceIps && { IpAddress: { "aws:SourceIp": [...sourceIps] } }),
  };
  return {
    Sid: kind,
    Effect: "Allow",
    // The account, never a group or user: a group cannot be a principal, a user is stored as a unique ID.
    Principal: { AWS: trusted.accounts.map((account) => iamArn(account, "root")) },
    Action: assumeActions(trusted),
    ...(Object.keys(conditions).length > 0 && { Condition: conditions }),
  };
}
