import type { Statement } from "../../infra/access/policy";
import type { DeployedUser } from "../deployed-policies";
import { isAbout, meetsPrincipalArn, names } from "../explain/statements";

const ASSUME = "sts:AssumeRole";

/**
 * Why a person cannot assume a role, as the deployed policies read; undefined where they can, once they meet the
 * conditions.
 * @param trust undefined where the stack does not manage the role's account.
 */
export function whyNotAssumable(
  person: DeployedUser,
  roleArn: string,
  trust: readonly Statement[] | undefined,
): string | undefined {
  const isAboutRole = (statement: Statement) => isAbout(statement, ASSUME, roleArn);
  const isAllow = ({ Effect }: Statement) => Effect === "Allow";
  // A deny with conditions, such as that of people without MFA, may not apply.
  for (const { of, name, statements } of person.policies)
    if (statements.some((statement) => !isAllow(statement) && !statement.Condition && isAboutRole(statement)))
      return `policy ${name} of ${of} denies it.`;
  const own = person.policies.flatMap(({ statements }) => statements);
  if (!own.some((statement) => isAllow(statement) && isAboutRole(statement)))
    return "no policy of theirs or of their groups allows it.";
  const { boundary } = person;
  if (boundary && !boundary.statements.some((statement) => isAllow(statement) && isAboutRole(statement)))
    return `their permissions boundary ${boundary.name} does not allow it.`;
  const isTrusted = trust?.some(
    (statement) =>
      isAllow(statement) &&
      isAboutRole(statement) &&
      names(statement, person.arn) &&
      meetsPrincipalArn(statement, person.arn),
  );
  return trust && !isTrusted ? "the role's trust policy does not let them in." : undefined;
}
