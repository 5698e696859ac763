/** The users, roles, groups and policies of the sandbox's accounts, as moto keeps them. */

import { parseArn } from "../arn";
import type { CallerPrincipal } from "../caller";
import type { Moto } from "../moto";
import { type NamedPolicy, parseDocument } from "../policy-documents";
import type { Xml } from "../xml";

/** A user, role or group, with what is attached to it. */
export interface IamEntity {
  arn: string;
  id: string;
  path: string;
  tags: Record<string, string>;
  inline: NamedPolicy[];
  /** ARNs. */
  attached: string[];
  groups: string[];
  boundary?: string | undefined;
  trust?: unknown;
}

export interface IamAccount {
  users: Map<string, IamEntity>;
  roles: Map<string, IamEntity>;
  groups: Map<string, IamEntity>;
  managed: Map<string, NamedPolicy>;
}

/** Names of users, roles and groups, and ARNs of managed policies, in an account. */
export type IamNames = Record<keyof IamAccount, string[]>;

/** The policies of one principal: each attached one, and its boundary. */
export interface IdentityPolicies {
  identity: NamedPolicy[];
  boundary: NamedPolicy[] | undefined;
}

/** An AWS organization: its ID, `o-…`, and the IDs of the accounts in it. */
export interface Organization {
  id: string;
  accounts: string[];
}

const byName = <T>(items: Xml[], name: string, make: (item: Xml) => T): Map<string, T> =>
  new Map(items.map((item) => [item.text(name) ?? "", make(item)]));

/** Has moto give only what has these names. */
const ENTITIES_HEADER = "x-sandbox-entities";

/** A map with what these names stand for now. */
function replaced<T>(map: Map<string, T>, names: string[], read: Map<string, T>): Map<string, T> {
  const kept = [...map].filter(([name]) => !names.includes(name));
  return new Map([...kept, ...read]);
}

function readEntity(item: Xml, kind: "User" | "Role" | "Group"): IamEntity {
  return {
    arn: item.text("Arn") ?? "",
    id: item.text(`${kind}Id`) ?? "",
    path: item.text("Path") ?? "/",
    tags: Object.fromEntries(
      item.list("Tags", "member").map((tag) => [tag.text("Key") ?? "", tag.text("Value") ?? ""]),
    ),
    inline: item.list(`${kind}PolicyList`, "member").map((policy) => ({
      name: policy.text("PolicyName") ?? "",
      policy: parseDocument(policy.text("PolicyDocument")),
    })),
    attached: item.list("AttachedManagedPolicies", "member").map((policy) => policy.text("PolicyArn") ?? ""),
    groups: item.list("GroupList", "member").map((group) => group.text() ?? ""),
    boundary: item.text("PermissionsBoundary", "PermissionsBoundaryArn"),
    ...(kind === "Role" ? { trust: parseDocument(item.text("AssumeRolePolicyDocument")) } : {}),
  };
}

export class IamAccounts {
  private readonly accounts = new Map<string, Promise<IamAccount>>();
  private readonly awsManaged = new Map<string, Promise<NamedPolicy>>();

  constructor(
    private readonly moto: Moto,
    /** The sandbox's account IDs. */
    readonly ids: readonly string[],
    private readonly organization?: Organization,
  ) {}

  /** The ID of the organization that an account belongs to, if any. */
  organizationOf(account: string): string | undefined {
    return this.organization?.accounts.includes(account) ? this.organization.id : undefined;
  }

  /** Users, roles, groups and policies of an account, read once until `forget`. */
  account(id: string): Promise<IamAccount> {
    let found = this.accounts.get(id);
    if (!found) {
      found = this.readAccount(id);
      this.accounts.set(id, found);
      found.catch(() => this.accounts.delete(id));
    }
    return found;
  }

  /** An account's IAM was, or is about to be, changed: what was read no longer counts. */
  forget(account: string): void {
    this.accounts.delete(account);
  }

  /** Reads again what a change was about. Requests that wait for the account see the change. */
  async refresh(id: string, names: IamNames): Promise<void> {
    const current = this.accounts.get(id);
    if (!current) return;
    const refreshed = Promise.all([current, this.readAccount(id, names)]).then(([account, read]) => ({
      users: replaced(account.users, names.users, read.users),
      roles: replaced(account.roles, names.roles, read.roles),
      groups: replaced(account.groups, names.groups, read.groups),
      managed: replaced(account.managed, names.managed, read.managed),
    }));
    this.accounts.set(id, refreshed);
    await refreshed.catch(() => this.accounts.delete(id));
  }

  /** An account as moto has it, or those parts of it that have these names. */
  private async readAccount(id: string, names?: IamNames): Promise<IamAccount> {
    const { managed, ...entities } = names ?? {};
    const filters = ["User", "Role", "Group", "LocalManagedPolicy"];
    const answer = await this.moto.iam(
      id,
      "GetAccountAuthorizationDetails",
      Object.fromEntries(filters.map((kind, i) => [`Filter.member.${i + 1}`, kind])),
      names && { [ENTITIES_HEADER]: JSON.stringify({ ...entities, managed_policies: managed }) },
    );
    if (!answer) throw new Error(`moto did not give the policies of account ${id}`);
    const details = (name: string) => answer.list("GetAccountAuthorizationDetailsResult", name, "member");
    return {
      users: byName(details("UserDetailList"), "UserName", (item) => readEntity(item, "User")),
      roles: byName(details("RoleDetailList"), "RoleName", (item) => readEntity(item, "Role")),
      groups: byName(details("GroupDetailList"), "GroupName", (item) => readEntity(item, "Group")),
      managed: byName(details("Policies"), "Arn", (item) => ({
        name: item.text("Arn") ?? "",
        policy: parseDocument(
          item
            .list("PolicyVersionList", "member")
            .find((version) => version.text("VersionId") === item.text("DefaultVersionId"))
            ?.text("Document"),
        ),
      })),
    };
  }

  private managed(arn: string, account: IamAccount, id: string): Promise<NamedPolicy> | NamedPolicy {
    const own = account.managed.get(arn);
    if (own) return own;
    let found = this.awsManaged.get(arn);
    if (!found) {
      found = this.readManaged(arn, id);
      this.awsManaged.set(arn, found);
      found.catch(() => this.awsManaged.delete(arn));
    }
    return found;
  }

  private async readManaged(arn: string, account: string): Promise<NamedPolicy> {
    const described = await this.moto.iam(account, "GetPolicy", { PolicyArn: arn });
    const VersionId = described?.text("GetPolicyResult", "Policy", "DefaultVersionId");
    const version =
      VersionId && (await this.moto.iam(account, "GetPolicyVersion", { PolicyArn: arn, VersionId }));
    const policy =
      version && parseDocument(version.text("GetPolicyVersionResult", "PolicyVersion", "Document"));
    // To refuse is the safe reading of a policy that cannot be read.
    if (!policy) throw new Error(`no policy ${arn} is known to the sandbox`);
    return { name: arn, policy };
  }

  /** The policies of a user or role: its own, its groups', its boundary. Empty for one that does not exist. */
  async policiesOf(id: string, type: CallerPrincipal["type"], name: string): Promise<IdentityPolicies> {
    const account = await this.account(id);
    const found = (type === "AssumedRole" ? account.roles : account.users).get(name);
    if (!found) return { identity: [], boundary: undefined };
    const groups = found.groups.flatMap((group) => account.groups.get(group) ?? []);
    const identity = await Promise.all(
      [found, ...groups].flatMap((entity) => [
        ...entity.inline,
        ...entity.attached.map((arn) => this.managed(arn, account, id)),
      ]),
    );
    const boundary = found.boundary ? [await this.managed(found.boundary, account, id)] : undefined;
    return { identity, boundary };
  }

  /** A managed policy of an account, or of AWS, by its ARN; undefined where there is none. */
  async policyByArn(id: string, arn: string): Promise<unknown> {
    const account = await this.account(id);
    const found = await Promise.resolve(this.managed(arn, account, id)).catch(() => undefined);
    return found?.policy;
  }

  /** The ARN of the user or role that has a unique ID. */
  async arnOfId(id: string): Promise<string | undefined> {
    for (const account of this.ids) {
      const { users, roles } = await this.account(account);
      for (const entity of [...users.values(), ...roles.values()]) if (entity.id === id) return entity.arn;
    }
    return undefined;
  }

  /** The user, role or group that an ARN names, if it is there. */
  async entity(arn: string): Promise<IamEntity | undefined> {
    const { accountId, resourceType, resourcePath } = parseArn(arn);
    if (!this.ids.includes(accountId)) return undefined;
    const { users, roles, groups } = await this.account(accountId);
    const entities = { user: users, role: roles, group: groups }[resourceType];
    const found = entities?.get(resourcePath.slice(resourcePath.lastIndexOf("/") + 1));
    return found?.arn === arn ? found : undefined;
  }
}
