/**
 * The users and roles that resource policies name.
 *
 * A user or role named in a policy's Principal means the one that had this name when the policy was written: AWS keeps
 * its unique ID, so one created again under the same name is another principal, and one that does not exist is refused.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
import { awsPrincipalsOf, statementsOf } from "../policy-documents";
import type { IamAccounts } from "./iam-accounts";

/** No part of a principal may be a wildcard, only the whole. */
const WELL_FORMED =
  /^(\*|\d{12}|A(IDA|ROA)\w+|arn:[\w-]+:iam::(\d{12}:(root|(user|role)\/[^*?]+)|cloudfront:user\/.+)|arn:[\w-]+:sts::\d{12}:(assumed-role|federated-user)\/[^*?]+)$/;
const UNIQUE_ID = /^A(IDA|ROA)\w+$/;
const USER_OR_ROLE_ARN = /^arn:[^:]*:iam::(\d{12}):(user|role)\//;

export class PrincipalIds {
  /** Resource ARN to principal ARN to unique ID. */
  private readonly byResource = new Map<string, Map<string, string>>();

  constructor(private readonly iam: IamAccounts) {}

  /** The unique ID of the user or role that has this ARN now, null where there is none; undefined where the sandbox cannot know. */
  private async idOf(arn: string): Promise<string | null | undefined> {
    const [, account] = USER_OR_ROLE_ARN.exec(arn) ?? [];
    if (!account || !this.iam.ids.includes(account)) return undefined;
    return (await this.iam.entity(arn))?.id ?? null;
  }

  /** The unique IDs of the users and roles that a policy names, by ARN; or the first principal that does not exist. */
  async find(policy: unknown): Promise<{ ids: Map<string, string>; unknownPrincipal?: string }> {
    const ids = new Map<string, string>();
    for (const { Principal, NotPrincipal } of statementsOf(policy))
      for (const arn of [...awsPrincipalsOf(Principal), ...awsPrincipalsOf(NotPrincipal)]) {
        const id = WELL_FORMED.test(arn) ? await this.idOf(arn) : null;
        if (UNIQUE_ID.test(arn) && !(await this.iam.arnOfId(arn))) return { ids, unknownPrincipal: arn };
        if (id === null) return { ids, unknownPrincipal: arn };
        if (id) ids.set(arn, id);
      }
    return { ids };
  }

  /** Remembers who is meant by the policy of a resource from now on. */
  set(resource: string, ids: Map<string, string>): void {
    this.byResource.set(resource, ids);
  }

  /** Remembers who is also meant by the policy of a resource from now on. */
  add(resource: string, ids: Map<string, string>): void {
    this.byResource.set(resource, new Map([...(this.byResource.get(resource) ?? []), ...ids]));
  }

  /**
   * The policy as it means today: a principal that no longer exists stands there as a unique ID that no caller has, and
   * one named by its unique ID by its ARN.
   */
  async resolve(resource: string, policy: unknown): Promise<unknown> {
    if (!policy) return policy;
    const replaced = new Map<string, string>();
    for (const [arn, id] of this.byResource.get(resource) ?? [])
      if ((await this.idOf(arn)) !== id) replaced.set(arn, id);
    for (const { Principal, NotPrincipal } of statementsOf(policy))
      for (const named of [...awsPrincipalsOf(Principal), ...awsPrincipalsOf(NotPrincipal)]) {
        const arn = UNIQUE_ID.test(named) ? await this.iam.arnOfId(named) : undefined;
        if (arn) replaced.set(named, arn);
      }
    if (!replaced.size) return policy;
    const resolved = (element: unknown) =>
      element && typeof element === "object" && "AWS" in element
        ? { ...element, AWS: awsPrincipalsOf(element).map((arn) => replaced.get(arn) ?? arn) }
        : element;
    return {
      ...(policy as object),
      Statement: statementsOf(policy).map((statement) => ({
        ...statement,
        ...("Principal" in statement ? { Principal: resolved(statement.Principal) } : {}),
        ...("NotPrincipal" in statement ? { NotPrincipal: resolved(statement.NotPrincipal) } : {}),
      })),
    };
  }
}
