const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const sorted = (values: unknown[]) => values.map((value) => JSON.stringify(value)).sort();
const mapValues = (object: object, change: (value: unknown, key: string) => unknown) =>
  Object.fromEntries(
    Object.entries(object)
      .map(([key, value]) => [key, change(value, key)] as const)
      .sort(([a], [b]) => a.localeCompare(b)),
  );

/** Everyone, as `"*"` or `{"AWS": "*"}`; an account, as its ID or its root's ARN: AWS takes either for the other. */
const principal = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? mapValues(value, (who) =>
        sorted(list(who).map((one) => String(one).replace(/^arn:[\w-]+:iam::(\d{12}):root$/, "$1"))),
      )
    : { AWS: sorted([value]) };

const condition = (value: unknown): unknown =>
  mapValues(value as object, (keys) =>
    mapValues(keys as object, (values) => sorted(list(values).map(String))),
  );

function statement(value: unknown): unknown {
  return mapValues(value as object, (part, key) => {
    if (/Principal$/.test(key)) return principal(part);
    if (/Action$/.test(key)) return sorted(list(part).map((action) => String(action).toLowerCase()));
    if (/Resource$/.test(key)) return sorted(list(part));
    return key === "Condition" ? condition(part) : part;
  });
}

/**
 * The meaning of a policy document as text: the same for documents that differ only in white space, in order, or in
 * whether a single value stands in a list. Text that is no policy document is returned as it is.
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
