import { isIP } from "node:net";
import { isUnknown, itemsOf, textOf } from "../values";

/** One test of a Condition block; a value is undefined while unknown. Operator and key are in lower case. */
export interface Test {
  operator: string;
  key: string;
  values: (string | undefined)[];
}

/**
 * Condition keys about who calls, or from where, that an organisation may accept as narrowing a wildcard. Keys about the
 * resource (aws:ResourceAccount), the request (aws:SecureTransport) or tags that the caller's own account sets are not
 * among them. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export const CALLER_KEYS = [
  "aws:PrincipalAccount",
  "aws:PrincipalArn",
  "aws:PrincipalOrgID",
  "aws:PrincipalOrgPaths",
  "aws:SourceAccount",
  "aws:SourceArn",
  "aws:SourceIp",
  "aws:SourceOrgID",
  "aws:SourceOrgPaths",
  "aws:SourceOwner",
  "aws:SourceVpc",
  "aws:SourceVpcArn",
  "aws:SourceVpce",
  "aws:VpceAccount",
  "aws:VpceOrgID",
  "aws:VpceOrgPaths",
  "aws:userid",
  "elasticfilesystem:AccessedViaMountTarget",
  "kms:CallerAccount",
  "s3:DataAccessPointAccount",
  "s3:DataAccessPointArn",
];

const CALLER = new Set(CALLER_KEYS.map((key) => key.toLowerCase()));
const POSITIVE = /^(foranyvalue:)?(stringequals|stringequalsignorecase|stringlike|arnequals|arnlike)$/;

/** Reads the tests of a statement's conditions, all of which must pass; "unknown" if part of them is not known before update. */
export function readTests(conditions: unknown[]): { tests: Test[]; unknown: boolean } {
  const tests: Test[] = [];
  let unknown = false;
  const entries = (block: unknown): [string, unknown][] => {
    unknown ||= isUnknown(block);
    return typeof block === "object" && block !== null && !Array.isArray(block) ? Object.entries(block) : [];
  };
  for (const block of conditions)
    for (const [operator, keys] of entries(block))
      for (const [key, value] of entries(keys))
        tests.push({
          operator: operator.toLowerCase(),
          key: key.toLowerCase(),
          values: [...itemsOf(value)].map((item) => (isUnknown(item) ? undefined : textOf(item))),
        });
  return { tests, unknown };
}

/** True if a test holds only for the values that it names: a positive operator, which a missing key fails. */
export function isPositive({ operator, key, values }: Test): boolean {
  if (values.length === 0) return false;
  if (key === "elasticfilesystem:accessedviamounttarget") return operator === "bool";
  return key === "aws:sourceip" ? operator === "ipaddress" : POSITIVE.test(operator);
}

/**
 * True if a value is fixed: no wildcard, no policy variable, and for aws:SourceIp no range that Amazon S3 itself calls
 * public (broader than /8, or /32 for IPv6), nor an IPv4 range written as IPv6.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
export function isFixed(value: string, key: string): boolean {
  if (key === "elasticfilesystem:accessedviamounttarget") return value === "true";
  if (key !== "aws:sourceip") return value !== "" && !/[*?]|\$\{/.test(value);
  const [address = "", prefix] = value.split("/");
  const [version, widest] = [isIP(address), isIP(address) === 6 ? 32 : 8];
  return (
    version !== 0 &&
    !/^[0:].*:/.test(address) &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= widest))
  );
}

/**
 * True if conditions narrow a wildcard as the organisation accepts it, as far as is known: a value unknown until the
 * update passes here, since the update judges it again.
 *
 * @param accepted Values by lower-case condition key; an empty list accepts any fixed value.
 */
export function narrowsWildcard(conditions: unknown[], accepted: Map<string, string[]>): boolean {
  if (accepted.size === 0) return false;
  const { tests, unknown } = readTests(conditions);
  return (
    unknown ||
    tests.some((test) => {
      const listed = accepted.get(test.key);
      const isAccepted = (value: string | undefined): boolean =>
        value === undefined ||
        (isFixed(value, test.key) && (listed?.length === 0 || listed?.includes(value) === true));
      return listed !== undefined && isPositive(test) && test.values.every(isAccepted);
    })
  );
}

/** Why conditions that are there do not narrow, in a few words; nothing where there are none. */
export function whyNotNarrowing(conditions: unknown[], accepted: Map<string, string[]>): string | undefined {
  const { tests } = readTests(conditions);
  const test = tests.find(({ key }) => CALLER.has(key)) ?? tests[0];
  if (!test) return undefined;
  const name = CALLER_KEYS.find((key) => key.toLowerCase() === test.key) ?? test.key;
  return `Its condition on ${name} does not count: ${whyNotCounted(test, accepted.get(test.key))}.`;
}

function whyNotCounted(test: Test, listed: string[] | undefined): string {
  if (!CALLER.has(test.key)) return "the key does not identify the caller";
  if (!listed) return "the setting acceptedConditions does not name the key";
  if (!isPositive(test)) return `${test.operator} lets in others than those it names`;
  return listed.length > 0
    ? "the setting acceptedConditions does not list every value"
    : "not every value is a fixed one";
}

/** True if conditions can narrow a wildcard by a value that is unknown until the update. */
export function dependsOnUnknown(conditions: unknown[]): boolean {
  const { tests, unknown } = readTests(conditions);
  const isPending = ({ key, values }: Test): boolean =>
    values.includes(undefined) && values.every((value) => value === undefined || isFixed(value, key));
  return unknown || tests.some((test) => CALLER.has(test.key) && isPositive(test) && isPending(test));
}
