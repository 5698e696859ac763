import { AwsError } from "./call";
import { apiPolicy } from "./execute-api";
import { answered, type Moto, parseXml, type Xml } from "./moto";
import { Pins } from "./pins";

export interface NamedPolicy {
  name: string;
  policy: unknown;
}

/** A user, role or group, with what is attached to it. */
export interface Entity {
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

export interface Account {
  users: Map<string, Entity>;
  roles: Map<string, Entity>;
  groups: Map<string, Entity>;
  managed: Map<string, NamedPolicy>;
}

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

interface BucketPolicy {
  policy: unknown;
  restricted: boolean;
}

const MAX_BUCKETS = 1000;
const VERSION = "2010-05-08";
const parse = (document: string | undefined): unknown => {
  if (!document) return undefined;
  try {
    return JSON.parse(document.trimStart().startsWith("{") ? document : decodeURIComponent(document));
  } catch {
    return undefined;
  }
};

const byName = <T>(items: Xml[], name: string, make: (item: Xml) => T): Map<string, T> =>
  new Map(items.map((item) => [item.text(name) ?? "", make(item)]));

function entity(item: Xml, kind: "User" | "Role" | "Group"): Entity {
  return {
    arn: item.text("Arn") ?? "",
    id: item.text(`${kind}Id`) ?? "",
    path: item.text("Path") ?? "/",
    tags: Object.fromEntries(
      item.list("Tags", "member").map((tag) => [tag.text("Key") ?? "", tag.text("Value") ?? ""]),
    ),
    inline: item
      .list(`${kind}PolicyList`, "member")
      .map((one) => ({ name: one.text("PolicyName") ?? "", policy: parse(one.text("PolicyDocument")) })),
    attached: item.list("AttachedManagedPolicies", "member").map((one) => one.text("PolicyArn") ?? ""),
    groups: item.list("GroupList", "member").map((group) => group.text() ?? ""),
    boundary: item.text("PermissionsBoundary", "PermissionsBoundaryArn"),
    ...(kind === "Role" ? { trust: parse(item.text("AssumeRolePolicyDocument")) } : {}),
  };
}

export class Policies {
  private readonly accounts = new Map<string, Promise<Account>>();
  private readonly awsManaged = new Map<string, Promise<NamedPolicy>>();
  private readonly buckets = new Map<string, Promise<BucketPolicy>>();
  /** Whom the principals in resource policies mean. */
  readonly pins = new Pins(this);
  private owners: Promise<Map<string, string>> | undefined;
  /** User ARN to boundary policy ARN: moto 5.2 keeps boundaries of roles alone. */
  private readonly userBoundaries = new Map<string, string>();

  constructor(
    private readonly moto: Moto,
    /** The sandbox's account IDs. */
    readonly ids: string[],
    private readonly region: string,
    private readonly organization?: Organization,
  ) {}

  /** The ID of the organization that an account belongs to, if any. */
  organizationOf(account: string): string | undefined {
    return this.organization?.accounts.includes(account) ? this.organization.id : undefined;
  }

  /** Users, roles, groups and policies of an account, read once until `changed`. */
  account(id: string): Promise<Account> {
    let found = this.accounts.get(id);
    if (!found) {
      found = this.readAccount(id);
      this.accounts.set(id, found);
      found.catch(() => this.accounts.delete(id));
    }
    return found;
  }

  /** An account's IAM was, or is about to be, changed: what was read counts no more. */
  changed(account: string): void {
    this.accounts.delete(account);
  }

  private async readAccount(id: string): Promise<Account> {
    const answer = await this.moto.query(id, "iam", this.region, {
      Action: "GetAccountAuthorizationDetails",
      Version: VERSION,
      ...Object.fromEntries(
        ["User", "Role", "Group", "LocalManagedPolicy"].map((kind, i) => [`Filter.member.${i + 1}`, kind]),
      ),
    });
    if (!answer) throw new Error(`moto does not tell the policies of account ${id}`);
    const details = (name: string) => answer.list("GetAccountAuthorizationDetailsResult", name, "member");
    return {
      users: byName(details("UserDetailList"), "UserName", (item) => {
        const user = entity(item, "User");
        return { ...user, boundary: this.userBoundaries.get(user.arn) };
      }),
      roles: byName(details("RoleDetailList"), "RoleName", (item) => entity(item, "Role")),
      groups: byName(details("GroupDetailList"), "GroupName", (item) => entity(item, "Group")),
      managed: byName(details("Policies"), "Arn", (item) => ({
        name: item.text("Arn") ?? "",
        policy: parse(
          item
            .list("PolicyVersionList", "member")
            .find((version) => version.text("VersionId") === item.text("DefaultVersionId"))
            ?.text("Document"),
        ),
      })),
    };
  }

  private managed(arn: string, account: Account, id: string): Promise<NamedPolicy> | NamedPolicy {
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
    const ask = (Action: string, more: Record<string, string> = {}) =>
      this.moto.query(account, "iam", this.region, { Action, Version: VERSION, PolicyArn: arn, ...more });
    const version = (await ask("GetPolicy"))?.text("GetPolicyResult", "Policy", "DefaultVersionId");
    const document = version && (await ask("GetPolicyVersion", { VersionId: version }));
    const policy = document && parse(document.text("GetPolicyVersionResult", "PolicyVersion", "Document"));
    // Denying is the safe reading of a policy that cannot be read.
    if (!policy) throw new Error(`no policy ${arn} is known to the sandbox`);
    return { name: arn, policy };
  }

  /** The policies of a user or role: its own, its groups', its boundary. Empty for one that does not exist. */
  async of(id: string, type: "User" | "AssumedRole", name: string): Promise<IdentityPolicies> {
    const account = await this.account(id);
    const found = (type === "User" ? account.users : account.roles).get(name);
    if (!found) return { identity: [], boundary: undefined };
    const groups = found.groups.flatMap((group) => account.groups.get(group) ?? []);
    const identity = await Promise.all(
      [found, ...groups].flatMap((one) => [
        ...one.inline,
        ...one.attached.map((arn) => this.managed(arn, account, id)),
      ]),
    );
    const boundary = found.boundary ? [await this.managed(found.boundary, account, id)] : undefined;
    return { identity, boundary };
  }

  /** Policies by ARN, as AssumeRole's PolicyArns names them. */
  async byArn(id: string, arns: string[]): Promise<unknown[]> {
    const account = await this.account(id);
    return (await Promise.all(arns.map((arn) => this.managed(arn, account, id)))).map((one) => one.policy);
  }

  /** Sets or (without `policy`) removes a user's permissions boundary. */
  setUserBoundary(account: string, userArn: string, policy: string | undefined): void {
    if (policy) this.userBoundaries.set(userArn, policy);
    else this.userBoundaries.delete(userArn);
    this.changed(account);
  }

  /** The account that owns a bucket, or undefined: names are global. */
  async bucketOwner(bucket: string): Promise<string | undefined> {
    this.owners ??= this.readOwners();
    return (await this.owners.catch(() => undefined))?.get(bucket);
  }

  /** A bucket was, or is about to be, made, removed or set up differently. */
  bucketChanged(bucket: string): void {
    this.owners = undefined;
    this.buckets.delete(bucket);
  }

  private async readOwners(): Promise<Map<string, string>> {
    const owners = new Map<string, string>();
    for (const account of this.ids) {
      const answer = await this.s3(account, "/");
      for (const bucket of parseXml(answer.body).list("Buckets", "Bucket"))
        owners.set(bucket.text("Name") ?? "", account);
    }
    return owners;
  }

  private s3(account: string, url: string) {
    return this.moto.send({ account, service: "s3", region: this.region, method: "GET", url });
  }

  /** The Region that a bucket is in, or undefined where there is none of this name. */
  async bucketRegion(bucket: string): Promise<string | undefined> {
    const owner = await this.bucketOwner(bucket);
    if (!owner) return undefined;
    const answer = await this.s3(owner, `/${encodeURIComponent(bucket)}?location`);
    return answered(answer) ? parseXml(answer.body).text() || "us-east-1" : undefined;
  }

  /** A bucket's policy, and whether its public access block restricts access through a public one. */
  bucket(name: string, account: string): Promise<BucketPolicy> {
    let found = this.buckets.get(name);
    if (!found) {
      found = this.readBucket(name, account);
      if (this.buckets.size >= MAX_BUCKETS) this.buckets.clear();
      this.buckets.set(name, found);
      found.catch(() => this.buckets.delete(name));
    }
    return found;
  }

  private async readBucket(name: string, account: string): Promise<BucketPolicy> {
    const part = async (sub: string) => {
      const answer = await this.s3(account, `/${encodeURIComponent(name)}?${sub}`);
      return answered(answer) ? answer.body.toString() : undefined;
    };
    const kept = await part("policy");
    const policy = kept === undefined ? undefined : parse(bucketPolicyAsWritten(kept));
    const restricted =
      policy !== undefined && /<RestrictPublicBuckets>true</i.test((await part("publicAccessBlock")) ?? "");
    return { policy, restricted };
  }

  /** The resource-based policy of what an ARN names in `account`, or undefined when it has none. */
  async ofResource(arn: string, account: string): Promise<unknown> {
    const owner = arn.startsWith("arn:") && arn.includes(":s3:::") ? arn.split("/", 1)[0]! : arn;
    return this.pins.resolve(owner, await this.readResource(arn, account));
  }

  private async readResource(arn: string, account: string): Promise<unknown> {
    const [, , service, region = "", , ...rest] = arn.split(":");
    const resource = rest.join(":");
    const where = region || this.region;
    switch (service) {
      case "s3":
        return (await this.bucket(resource.split("/", 1)[0]!, account)).policy;
      case "iam":
        return (await this.account(account)).roles.get(resource.split("/").at(-1)!)?.trust;
      case "sns": {
        const topic = arn.split(":").slice(0, 6).join(":");
        const answer = await this.moto.query(account, service, where, {
          Action: "GetTopicAttributes",
          Version: "2010-03-31",
          TopicArn: topic,
        });
        const entries = answer?.list("GetTopicAttributesResult", "Attributes", "entry") ?? [];
        return parse(entries.find((entry) => entry.text("key") === "Policy")?.text("value"));
      }
      case "sqs": {
        const answer = await this.moto.json(account, service, where, "AmazonSQS.GetQueueAttributes", {
          QueueUrl: `http://127.0.0.1:${this.moto.port}/${account}/${resource}`,
          AttributeNames: ["Policy"],
        });
        return parse((answer?.Attributes as Record<string, string> | undefined)?.Policy);
      }
      case "ecr": {
        const answer = await this.moto.json(
          account,
          service,
          where,
          "AmazonEC2ContainerRegistry_V20150921.GetRepositoryPolicy",
          {
            repositoryName: resource.replace(/^repository\//, ""),
          },
        );
        return parse(answer?.policyText as string | undefined);
      }
      case "kms": {
        const answer = await this.moto.json(account, service, where, "TrentService.GetKeyPolicy", {
          KeyId: resource.replace(/^key\//, ""),
          PolicyName: "default",
        });
        return parse(answer?.Policy as string | undefined);
      }
      case "execute-api":
        return apiPolicy(this.moto, account, where, resource.split("/", 1)[0]!);
      default:
        return undefined;
    }
  }
}

/**
 * A bucket policy as moto may keep it: moto obeys every Deny of a bucket policy, whatever its conditions say, and
 * here only the evaluator decides. So moto sees no statement.
 */
export function bucketPolicyForMoto(written: string): string {
  if (typeof parse(written) !== "object")
    throw new AwsError("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'", 400);
  return JSON.stringify({ Version: "2012-10-17", Statement: [], AsWritten: written });
}

/** The bucket policy as it was put, from what moto keeps. */
export const bucketPolicyAsWritten = (kept: string): string =>
  (JSON.parse(kept) as { AsWritten: string }).AsWritten;
