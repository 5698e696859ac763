import { findAccess } from "../find/find-access";
import { printPrincipal } from "../judge/finding";
import { hasTest, limitsTo, principalsOfKind } from "../judge/statements";
import { registerPolicy } from "../policy";

// Providers that name the subject otherwise. The subjects of a Cognito identity pool are its users: the audience is the pool.
const SUBJECT_CLAIMS = new Map([
  ["cognito-identity.amazonaws.com", "aud"],
  ["graph.facebook.com", "id"],
  ["www.amazon.com", "user_id"],
]);
const WEB_IDENTITY =
  /^(accounts\.google\.com|graph\.facebook\.com|www\.amazon\.com|cognito-identity\.amazonaws\.com)$/;

const issuerOf = (principal: string): string | undefined =>
  /:oidc-provider\/(.+)$/.exec(principal)?.[1] ?? WEB_IDENTITY.exec(principal)?.[1];

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html */
export const federatedTrustNeedsSubject = registerPolicy({
  name: "federated-trust-needs-subject",
  description:
    "A role for an OpenID Connect provider names the subject that it is for, not just the audience.",
  level: "disabled",
  severity: "high",
  settings: {},
  judge: ({ type, props }) =>
    findAccess(type, props).statements.flatMap((statement) =>
      principalsOfKind(statement, "federated").flatMap((principal) => {
        const issuer = issuerOf(principal.text);
        if (!issuer) return [];
        const key = `${issuer}:${SUBJECT_CLAIMS.get(issuer) ?? "sub"}`;
        if (hasTest(statement, (test) => limitsTo(test, [key.toLowerCase()]))) return [];
        return [
          {
            where: statement.where,
            found: printPrincipal(principal),
            why: "Anyone who can get a token from the provider for that audience could assume the role.",
            write: `"Condition": {"StringEquals": {"${key}": "the subject that it is for"}}, with no wildcard`,
          },
        ];
      }),
    ),
});
