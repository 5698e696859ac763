/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status */
import { awsPrincipalsOf, type PolicyStatement, statementsOf } from "../../policy-documents";

/** Condition keys whose fixed values limit a policy for everyone to some. */
const NARROWING =
  /^(aws:(PrincipalOrgId|PrincipalArn|PrincipalAccount|SourceAccount|SourceArn|SourceIp|SourceOwner|SourceVpc|SourceVpce|userid)|s3:(DataAccessPointAccount|DataAccessPointArn|x-amz-server-side-encryption-aws-kms-key-id))$/i;
const OPERATORS = /^(ForAnyValue:)?(String(Equals|EqualsIgnoreCase|Like)|Arn(Equals|Like)|IpAddress)$/;

const isFixed = (value: unknown): boolean => !/[*?]|\$\{/.test(String(value));

/** Whether a policy allows everyone. */
export const isPublic = (policy: unknown): boolean => statementsOf(policy).some(isPublicStatement);

function isPublicStatement({ Effect, Principal, NotPrincipal, Condition = {} }: PolicyStatement): boolean {
  if (Effect !== "Allow") return false;
  const everyone =
    NotPrincipal !== undefined || Principal === "*" || awsPrincipalsOf(Principal).includes("*");
  const narrowed = Object.entries(Condition).some(
    ([operator, keys]) =>
      OPERATORS.test(operator) &&
      Object.entries(keys).some(([key, value]) => NARROWING.test(key) && [value].flat().every(isFixed)),
  );
  return everyone && !narrowed;
}
