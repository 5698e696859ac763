import { iamArn, oidcProviderArn, partitionOf } from "../../infra/access/arn";
import { GITHUB_ISSUER } from "../../infra/access/github-oidc";
import type { Statement } from "../../infra/access/policy";
import { SIDES } from "../../infra/stack-settings";
import { UserError } from "../../infra/user-error";
import { DeployedPolicies, isUnreadable, readOrReason, type Unreadable } from "../deployed-policies";
import type { CheckEnvironment, Deployment } from "../verify/check-environment";
import { type HolderType, type ManagedPolicy, targetOf } from "./managed-policies";
import { accountOf, isFederated } from "./statements";
import type { Facts } from "./types";

const UNMANAGED_API: Unreadable = {
  reason: "the policy of an API that this stack did not make",
  missing: false,
};

/** Reads something in an account by the stack's profile for it, where the account is one of the stack's. */
type Read = <Value>(
  accountId: string,
  name: string,
  ask: (policies: DeployedPolicies) => Promise<Value>,
) => Promise<Value | Unreadable>;

const reader =
  ({ settings }: Deployment, environment: CheckEnvironment): Read =>
  async (accountId, name, ask) => {
    const side = SIDES.find((each) => settings[`${each}AccountId`] === accountId);
    if (!side) return { reason: `${name}: account ${accountId} is not this stack's`, missing: false };
    const profile = settings[`${side}Profile`];
    return readOrReason(ask(new DeployedPolicies(environment.administrator(side))), name, {
      profile,
      accountId,
    });
  };

/** What the accounts hold that may refuse a request. */
export async function readFacts(
  deployment: Deployment,
  environment: CheckEnvironment,
  request: Pick<Facts, "who" | "action" | "on">,
  managed: readonly ManagedPolicy[],
): Promise<Omit<Facts, "reason">> {
  const { settings } = deployment;
  const read = reader(deployment, environment);
  const [own, resource] = await Promise.all([
    readOwn(read, request.who),
    readResource(read, request, managed, settings.trustingAccountId),
  ]);
  return { ...request, own, resource, managed, settings };
}

/** The policies of the caller's own. */
async function readOwn(read: Read, who: string): Promise<Facts["own"]> {
  if (isFederated(who)) return { groups: [], policies: [] };
  const [, user] = /:user\/(?:.+\/)?([^/]+)$/.exec(who) ?? [];
  if (user) return read(accountOf(who), `user ${user}`, (policies) => policies.user(user));
  const [, role] = /:(?:assumed-role\/|role\/(?:.+\/)?)([^/]+)/.exec(who) ?? [];
  if (role)
    return read(accountOf(who), `role ${role}`, async (policies) => ({
      groups: [],
      ...(await policies.role(role)),
    }));
  return { reason: `${who} is no user and no role: no policies are its own`, missing: false };
}

async function readResource(
  read: Read,
  { action, on }: Pick<Facts, "action" | "on">,
  managed: readonly ManagedPolicy[],
  trustingAccountId: string,
): Promise<Facts["resource"]> {
  const target = targetOf(action, on);
  if (!target) return undefined;
  const { type, noun, name } = target;
  const readers: Partial<Record<HolderType, (policies: DeployedPolicies) => Promise<readonly Statement[]>>> =
    {
      Role: async (policies) => (await policies.role(name)).trust,
      BucketPolicy: (policies) => policies.bucket(name),
      TopicPolicy: (policies) => policies.topic(on),
      QueuePolicy: (policies) => policies.queue(name),
      RepositoryPolicy: (policies) => policies.repository(name),
    };
  const ask = readers[type];
  if (ask) return read(accountOf(on) || trustingAccountId, `${noun} ${name}`, ask);
  // An API has no client here: the engine's state has its policy too.
  return managed.find((policy) => policy.type === type && policy.of === name)?.statements ?? UNMANAGED_API;
}

/**
 * The ARN of an IAM user that is given by name, and a job's subject as the token's bearer.
 * @throws {UserError} where there is no such user.
 */
export async function completeCaller(
  who: string,
  on: string | undefined,
  { settings }: Deployment,
  environment: CheckEnvironment,
): Promise<string> {
  if (who.startsWith("arn:")) return who;
  const { trustedAccountId: accountId, trustedProfile: profile, trustingAccountId, region } = settings;
  const place = (account: string) => ({ accountId: account, region, partition: partitionOf(region) });
  if (who.startsWith("repo:"))
    return `${oidcProviderArn(place(accountOf(on ?? "") || trustingAccountId), GITHUB_ISSUER)} ${who}`;
  const policies = new DeployedPolicies(environment.administrator("trusted"));
  const user = await readOrReason(policies.user(who), `user ${who}`, { profile, accountId });
  if (!isUnreadable(user)) return user.arn;
  if (user.missing)
    throw new UserError(
      `--who ${who}: ${user.reason}; expected one that is there: aws iam list-users --profile ${profile}`,
    );
  return iamArn(place(accountId), `user/${who}`);
}
