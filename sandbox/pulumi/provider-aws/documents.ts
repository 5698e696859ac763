const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const sorted = (values: unknown[]) => values.map((value) => JSON.stringify(value)).sort();
const mapValues = (object: object, change: (value: unknown, key: string) => unknown) =>
  Object.fromEntries(
    Object.entries(object)
      .map(([key, value]) => [key, change(value, key)] as const)
      .sort(([a], [b]) => a.localeCompare(b)),
  );

/** An account is its ID or its root's ARN: AWS takes either for the other. `"*"` is not `{"AWS": "*"}`. */
export const accountOf = (principal: unknown) =>
  String(principal).replace(/^arn:[\w-]+:iam::(\d{12}):root$/, "$1");

const principals = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? mapValues(value, (named) => sorted(list(named).map(accountOf)))
    : accountOf(value);

const conditions = (value: unknown): unknown =>
  mapValues(value as object, (keys) =>
    mapValues(keys as object, (values) => sorted(list(values).map(String))),
  );

function statement(value: unknown): unknown {
  return mapValues(value as object, (part, key) => {
    if (/Principal$/.test(key)) return principals(part);
    if (/(Action|Resource)$/.test(key)) return sorted(list(part));
    if (key === "Effect") return String(part).toLowerCase();
    return key === "Condition" ? conditions(part) : part;
  });
}

/**
 * The structure of a policy document as text: the same for documents that differ only in white space, in order, in
 * whether a single value stands in a list, or in how an account is named. The case of actions counts, as it does for the
 * official provider, which compares with github.com/hashicorp/awspolicyequivalence. Other text is returned as it is.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function documentMeaning(text: unknown): unknown {
  try {
    const document = JSON.parse(String(text));
    return JSON.stringify(
      mapValues(document, (part, key) => (key === "Statement" ? sorted(list(part).map(statement)) : part)),
    );
  } catch {
    return text;
  }
}
