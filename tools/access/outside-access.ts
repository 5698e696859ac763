import { isUnreadable, readOrReason } from "../deployed-policies";
import { canonical } from "./canonical";
import { isFields, readDocument } from "./documents";
import type { Grant } from "./facts";
import { decoded, isOfChecks, type LiveAccount } from "./live-account";
import type { AccountNames } from "./state";
import { actionWords, conditionWords, whoWords } from "./words";

/** What is looked at of each kind; an account that has more is reported. */
const MOST = 100;

export interface OutsideAccess {
  /** Who gets in from outside, by what, one sentence each. */
  sentences: string[];
  /** What could not be looked at, and why. */
  notRead: string[];
}

/**
 * Roles and resource policies of an account that trust principals outside it, and are not of the stack.
 * @param own names and ARNs of the stack's own roles and resources.
 */
export async function findOutsideAccess(
  account: LiveAccount,
  own: ReadonlySet<string>,
  accounts: AccountNames,
): Promise<OutsideAccess> {
  const grants: Grant[] = [];
  const notRead = ["keys, secrets, functions and APIs of the account are not looked at"];
  const add = (holder: string, document: string | undefined, allows: "trusts" | "allows") => {
    const parsed: unknown = document ? JSON.parse(document) : {};
    if (!isFields(parsed)) return;
    const read = readDocument(parsed, { account: account.accountId, holder, allows });
    grants.push(...read.grants.filter((grant) => letsOutsiderIn(grant, account.accountId)));
    // A statement that cannot be read may let anyone in.
    notRead.push(...read.others.map((text) => `${holder}: ${text}`));
  };
  const lookAt = async (
    [kind, kinds]: readonly [string, string],
    names: Promise<readonly string[]>,
    policyOf: (name: string) => Promise<string | undefined>,
  ) => {
    const all = await readOrReason(names, `list of ${kinds}`, account);
    if (isUnreadable(all)) {
      notRead.push(all.reason);
      return;
    }
    const others = all.filter((name) => !own.has(name) && !isOfChecks(undefined, name));
    if (others.length > MOST) notRead.push(`${others.length - MOST} more ${kinds}`);
    await Promise.all(
      others.slice(0, MOST).map(async (name) => {
        const policy = await readOrReason(policyOf(name), `policy of ${kind} ${name}`, account);
        if (!isUnreadable(policy)) add(`${kind} ${name}`, policy, "allows");
        else if (!policy.missing) notRead.push(policy.reason);
      }),
    );
  };
  const lookAtRoles = async () => {
    const details = await readOrReason(account.details(), "IAM", account);
    if (isUnreadable(details)) {
      notRead.push(details.reason);
      return;
    }
    for (const { RoleName = "", Path, AssumeRolePolicyDocument } of details.RoleDetailList)
      if (!own.has(RoleName) && !isOfChecks(Path, RoleName) && !Path?.startsWith("/aws-service-role/"))
        add(`role ${RoleName}`, decoded(AssumeRolePolicyDocument), "trusts");
  };
  await Promise.all([
    lookAtRoles(),
    lookAt(["bucket", "buckets"], account.bucketNames(), (name) => account.bucketPolicy(name)),
    lookAt(["topic", "topics"], account.topicArns(), (arn) => account.topicPolicy(arn)),
    lookAt(["queue", "queues"], account.queueNames(), (name) => account.queuePolicy(name)),
    lookAt(["repository", "repositories"], account.repositoryNames(), (name) =>
      account.repositoryPolicy(name),
    ),
  ]);
  const sentences = canonical(grants).map(
    ({ holder, who, actions, condition }) =>
      `${holder} lets ${whoWords(who, accounts)} use ${actionWords(actions)}, ${conditionWords(condition)}`,
  );
  return { sentences: sentences.sort(), notRead: [...new Set(notRead)].sort() };
}

/** Keys by which a policy limits its principals to those of certain accounts. */
const ACCOUNT_KEYS = ["aws:principalaccount", "aws:sourceaccount", "aws:sourceowner"];

function letsOutsiderIn({ effect, who, condition }: Grant, accountId: string): boolean {
  if (effect === "refuses") return false;
  const isLimited = condition.some(
    ({ operator, key, values }) =>
      operator === "StringEquals" &&
      ACCOUNT_KEYS.includes(key.toLowerCase()) &&
      values.every((value) => value === accountId),
  );
  if (isLimited) return false;
  return who.except || who.values.some((principal) => isOutside(principal, accountId));
}

function isOutside(principal: string, accountId: string): boolean {
  // A service acts for its account; identities that someone else signs for come from outside.
  if (principal.startsWith("Service:")) return false;
  if (principal === accountId) return false;
  return /^arn:aws[\w-]*:(?:iam|sts)::(\d{12}):/.exec(principal)?.[1] !== accountId;
}
