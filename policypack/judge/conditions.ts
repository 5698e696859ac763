import { isIP } from "node:net";
import { isUnknown, itemsOf, textOf } from "../values";

/** One test of a Condition block; a value is undefined while unknown. Operator and key are in lower case. */
export interface Test {
  operator: string;
  key: string;
  values: (string | undefined)[];
  /** Operator and key as they stand in the policy. */
  written: { operator: string; key: string };
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
/** Multivalued keys whose values are paths such as `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`. */
const ORGANIZATION_PATHS = /^aws:(principal|source|vpce)orgpaths$/;
/** Keys whose value is the ID of an account. */
const ACCOUNT = /account$|^aws:sourceowner$/;
/** The account of a template, where the template refers to it. */
const OWN_ACCOUNT = "<AWS::AccountId>";
const FOR_ALL = "forallvalues:";
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
          written: { operator, key },
        });
  return { tests: tests.some(isForAll) ? withPresence(tests) : tests, unknown };
}

/**
 * ForAllValues passes where the key is missing, unless a Null test on the same key is false: then every value is one that
 * the test names, and there is one.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
function withPresence(tests: Test[]): Test[] {
  const present = new Set(
    tests
      .filter(({ operator }) => operator === "null")
      .filter(({ values }) => values.length > 0 && values.every((value) => value === "false"))
      .map(({ key }) => key),
  );
  return tests.map((test) =>
    isForAll(test) && present.has(test.key)
      ? { ...test, operator: test.operator.slice(FOR_ALL.length) }
      : test,
  );
}

const isForAll = ({ operator }: Test): boolean => operator.startsWith(FOR_ALL);

/** True if a test holds only for the values that it names: a positive operator, which a missing key fails. */
export function isPositive({ operator, key, values }: Test): boolean {
  if (values.length === 0) return false;
  if (key === "elasticfilesystem:accessedviamounttarget") return operator === "bool";
  return key === "aws:sourceip" ? operator === "ipaddress" : POSITIVE.test(operator);
}

/**
 * True if a value is fixed: no wildcard, no policy variable. A path in an organization need only fix the organization. For
 * aws:SourceIp no range that Amazon S3 itself calls public (broader than /8, or /32 for IPv6), nor an IPv4 range written as
 * IPv6. https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
export function isFixed(value: string, key: string): boolean {
  if (key === "elasticfilesystem:accessedviamounttarget") return value === "true";
  if (ORGANIZATION_PATHS.test(key)) return /^o-[a-z0-9]{10,32}\/((?!\$\{).)*$/.test(value);
  if (key !== "aws:sourceip") return value !== "" && !/[*?]|\$\{/.test(value);
  const [address = "", prefix] = value.split("/");
  const [version, widest] = [isIP(address), isIP(address) === 6 ? 32 : 8];
  return (
    version !== 0 &&
    !/^[0:].*:/.test(address) &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= widest))
  );
}

/** True if a value is one that the setting lists, lies in a path that it lists, or is the template's own account. */
function isListed(value: string, key: string, listed: string[]): boolean {
  if (listed.length === 0 || listed.includes(value)) return true;
  if (ACCOUNT.test(key)) return value === OWN_ACCOUNT;
  return listed.some((path) => path.endsWith("/*") && value.startsWith(path.slice(0, -1)));
}

/** True if a test passes only for callers that the organisation accepts; unknown values pass, as the update judges them again. */
export function isAcceptedTest(test: Test, accepted: Map<string, string[]>): boolean {
  const listed = accepted.get(test.key);
  if (listed === undefined || !isPositive(test)) return false;
  return test.values.every(
    (value) => value === undefined || (isFixed(value, test.key) && isListed(value, test.key, listed)),
  );
}

/**
 * True if conditions narrow a wildcard as the organisation accepts it, as far as is known.
 *
 * @param accepted Values by lower-case condition key; an empty list accepts any fixed value.
 */
export function narrowsWildcard(conditions: unknown[], accepted: Map<string, string[]>): boolean {
  if (accepted.size === 0) return false;
  const { tests, unknown } = readTests(conditions);
  return unknown || tests.some((test) => isAcceptedTest(test, accepted));
}

/** Why conditions that are there do not narrow, in a few words; nothing where there are none. */
export function whyNotNarrowing(conditions: unknown[], accepted: Map<string, string[]>): string | undefined {
  const { tests } = readTests(conditions);
  const test = tests.find(({ key }) => CALLER.has(key)) ?? tests[0];
  if (!test) return undefined;
  return `Its condition on ${test.written.key} does not count: ${whyNotCounted(test, accepted.get(test.key))}.`;
}

function whyNotCounted(test: Test, listed: string[] | undefined): string {
  if (!CALLER.has(test.key)) return "the key does not identify the caller";
  if (!listed) return "the setting acceptedConditions does not name the key";
  if (!isPositive(test)) return `${test.written.operator} lets in others than those it names`;
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
