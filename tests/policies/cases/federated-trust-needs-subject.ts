import { type Case, onlyPolicy, trust } from "../case";

const SUBJECT = onlyPolicy("federated-trust-needs-subject");
const GITHUB = "token.actions.githubusercontent.com";
const github = (Condition?: object): Pick<Case, "type" | "props"> =>
  trust(Condition, { Federated: `arn:aws:iam::111122223333:oidc-provider/${GITHUB}` });

/** An OpenID Connect provider is trusted for a fixed subject. */
export const federatedTrustNeedsSubject: Case[] = [
  {
    name: "an OpenID Connect trust without subject is refused",
    ...github({ StringEquals: { [`${GITHUB}:aud`]: "sts.amazonaws.com" } }),
    ...SUBJECT,
    expect: [`federated-trust-needs-subject mandatory: …oidc-provider/${GITHUB}…"${GITHUB}:sub"`],
  },
  {
    name: "a fixed subject is enough",
    ...github({ StringEquals: { [`${GITHUB}:sub`]: "repo:acme/site:ref:refs/heads/main" } }),
    ...SUBJECT,
    expect: [],
  },
  {
    name: "a pattern of subjects is not",
    ...github({ StringLike: { [`${GITHUB}:sub`]: "repo:acme/*" } }),
    ...SUBJECT,
    expect: ["federated-trust"],
  },
  {
    name: "another provider's subject is not",
    ...github({ StringEquals: { "example.com:sub": "repo:acme/site" } }),
    ...SUBJECT,
    expect: ["federated-trust"],
  },
  {
    name: "a provider in small letters is one",
    ...trust(undefined, { federated: "accounts.google.com" }),
    ...SUBJECT,
    expect: ["federated-trust"],
  },
  {
    name: "a web identity without subject is refused",
    ...trust(undefined, { Federated: "accounts.google.com" }),
    ...SUBJECT,
    expect: ['federated-trust-needs-subject mandatory: …"accounts.google.com:sub"'],
  },
  {
    name: "a Cognito identity pool is identified by its audience",
    ...trust(
      { StringEquals: { "cognito-identity.amazonaws.com:aud": "us-east-1:pool" } },
      { Federated: "cognito-identity.amazonaws.com" },
    ),
    ...SUBJECT,
    expect: [],
  },
  {
    name: "a SAML provider has no subject to fix",
    ...trust(undefined, { Federated: "arn:aws:iam::111122223333:saml-provider/Example" }),
    ...SUBJECT,
    expect: [],
  },
  ...Object.entries({
    "accounts.google.com": "sub",
    "graph.facebook.com": "id",
    "www.amazon.com": "user_id",
    "cognito-identity.amazonaws.com": "aud",
  }).map(
    ([host, key]): Case => ({
      name: `${host} names its subject by ${key}`,
      ...trust(undefined, { Federated: host }),
      ...SUBJECT,
      expect: [`federated-trust-needs-subject mandatory: …"${host}:${key}"`],
    }),
  ),
];
