/** Stand-in for the account that the resource is in, where a template refers to it or to a resource of its own. */
const OWN = "own";
const REFERENCES = new Map([
  ["AWS::Partition", "aws"],
  ["AWS::AccountId", OWN],
]);

/** Account of a principal: from an ARN, a SAML identity, or the bare ID; undefined where it names none (a wildcard, a unique ID). */
export function accountOf(text: string): string | undefined {
  // A resource of the template itself, or an identity in the account's own IAM Identity Center.
  if (/^<[^<>]*>$|^<(?!AWS::)[^<>]*>|^iamidentitycenter\//.test(text)) return OWN;
  const plain = text.replace(/<([^<>]*)>/g, (_, name: string) => REFERENCES.get(name) ?? "reference");
  return (
    /^(\d{12})$/.exec(plain)?.[1] ??
    /^saml\/(\d{12}|own)\//.exec(plain)?.[1] ??
    /^arn:[^:]+:[^:]*:[^:]*:(\d{12}|cloudfront|own):/.exec(plain)?.[1]
  );
}

/** True for a text that names one account: its ID, or an ARN with its ID. */
export const namesAccount = (text: string): boolean => /^(\d{12}|own)$/.test(accountOf(text) ?? "");

/**
 * Accounts that the resource's own provider is limited to, or works in by the role that it assumes last: not "across
 * accounts" for that resource.
 */
export function ownAccounts(provider: { props: Record<string, unknown> } | undefined): string[] {
  const props = Object.getOwnPropertyDescriptors(provider?.props ?? {});
  const textOf = (name: string): string => JSON.stringify(props[name]?.value ?? "");
  const roles = [...(textOf("assumeRoles") + textOf("assumeRole")).matchAll(/:iam::(\d{12}):role\//g)];
  return [
    OWN,
    ...(textOf("allowedAccountIds").match(/\b\d{12}\b/g) ?? []),
    ...(roles.at(-1)?.slice(1) ?? []),
  ];
}
