import { BLOCKED, BUCKET_POLICY, bucketPolicy, type Case, documentOf, role, statement } from "../case";

const ORG = { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } };

/** Which principals are wildcards, and which are not. */
export const principals: Case[] = [
  { name: "an account is no wildcard", ...bucketPolicy({}), expect: [] },
  {
    name: "a bare * is blocked, and the message says where, what, why and what to write",
    ...bucketPolicy({}, { Sid: "Public", Principal: "*" }),
    expect: [
      `${BLOCKED}aws:s3/bucketPolicy:BucketPolicy "site", property policy, statement "Public" (2 of 2): "Principal": "*".…Why it matters: Everyone in the world…Write instead: …{"AWS": "arn:aws:iam::111122223333:root"}`,
    ],
  },
  {
    name: "a wildcard without condition is reported without one",
    ...bucketPolicy({ Principal: "*" }),
    expect: [`${BLOCKED}with or without an AWS account.\n  Write instead`],
  },
  {
    name: "* under AWS is blocked",
    ...bucketPolicy({ Principal: { AWS: "*" } }),
    expect: [`${BLOCKED}its statement: "Principal": {"AWS": "*"}`],
  },
  {
    name: "* under Service is blocked",
    ...bucketPolicy({ Principal: { Service: "*" } }),
    expect: [`${BLOCKED}{"Service": "*"}…Every AWS service`],
  },
  {
    name: "* under Federated is blocked",
    ...bucketPolicy({ Principal: { Federated: "*" } }),
    expect: [`${BLOCKED}{"Federated": "*"}…identity provider`],
  },
  {
    name: "* under CanonicalUser is blocked",
    ...bucketPolicy({ Principal: { CanonicalUser: "*" } }),
    expect: [`${BLOCKED}{"CanonicalUser": "*"}…no canonical user`],
  },
  {
    name: "* under a kind of principal yet to come is blocked",
    ...bucketPolicy({ Principal: { Tenant: "*" } }),
    expect: [`${BLOCKED}{"Tenant": "*"}`],
  },
  {
    name: "* among accounts in a list is blocked, once however often it stands there",
    ...bucketPolicy({ Principal: { AWS: ["111122223333", "*", "*"] } }),
    expect: [`${BLOCKED}{"AWS": "*"}`],
  },
  {
    name: "* in a list without a kind is blocked",
    ...bucketPolicy({ Principal: ["*"] }),
    expect: [`${BLOCKED}"Principal": "*"`],
  },
  {
    name: "each wildcard of a statement is reported",
    ...bucketPolicy({ Principal: { AWS: "*", Service: ["sns.amazonaws.com", "*"] } }),
    expect: [`${BLOCKED}{"AWS": "*"}`, `${BLOCKED}{"Service": "*"}`],
  },
  {
    name: "a wildcard in the account of an ARN is blocked",
    ...bucketPolicy({ Principal: { AWS: "arn:aws:iam::*:root" } }),
    expect: [`${BLOCKED}"arn:aws:iam::*:root"…A pattern matches…aws:PrincipalArn`],
  },
  {
    name: "a wildcard in the name of an ARN is blocked",
    ...bucketPolicy({ Principal: { AWS: "arn:aws:iam::111122223333:role/*" } }),
    expect: [`${BLOCKED}role/*`],
  },
  {
    name: "a ? in an account is blocked",
    ...bucketPolicy({ Principal: { AWS: "11112222333?" } }),
    expect: [`${BLOCKED}"11112222333?"`],
  },
  {
    name: "a service of any name is blocked",
    ...bucketPolicy({ Principal: { Service: "*.amazonaws.com" } }),
    expect: [`${BLOCKED}*.amazonaws.com`],
  },
  {
    name: "named principals of every kind pass",
    ...bucketPolicy({
      Principal: {
        AWS: [111122223333, "444455556666", "arn:aws:iam::111122223333:role/reader", "AROAEXAMPLEID"],
        Service: ["cloudfront.amazonaws.com"],
        Federated: "arn:aws:iam::111122223333:saml-provider/Example",
        CanonicalUser: "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
      },
    }),
    expect: [],
  },
  { name: "Deny of everyone passes", ...bucketPolicy({ Effect: "Deny", Principal: "*" }), expect: [] },
  {
    name: "Deny of all but some passes",
    ...bucketPolicy({ Effect: "Deny", Principal: undefined, NotPrincipal: { AWS: "111122223333" } }),
    expect: [],
  },
  {
    name: "Deny in small letters is still no Allow",
    ...bucketPolicy({ Effect: "deny", Principal: "*" }),
    expect: [],
  },
  {
    name: "an Effect in small letters is read as Allow",
    ...bucketPolicy({ Effect: "allow", Principal: "*" }),
    expect: [BLOCKED],
  },
  {
    name: "a statement without Effect is read as Allow",
    ...bucketPolicy({ Effect: undefined, Principal: "*" }),
    expect: [`${BLOCKED}its statement`],
  },
  {
    name: "keys in small letters are read all the same",
    type: BUCKET_POLICY,
    props: { policy: JSON.stringify({ statement: [{ effect: "Allow", principal: { aws: "*" } }] }) },
    expect: [`${BLOCKED}{"aws": "*"}`],
  },
  {
    name: "a principal in small letters beside a proper one does not hide",
    ...bucketPolicy({ principal: "*" }),
    expect: [`${BLOCKED}"Principal": "*"`],
  },
  {
    name: "an Allow beside a Deny of the same key counts",
    ...bucketPolicy({ effect: "Deny", Principal: "*" }),
    expect: [BLOCKED],
  },
  {
    name: "NotPrincipal in Allow is blocked, no matter who it names",
    ...bucketPolicy({ Principal: undefined, NotPrincipal: { AWS: "arn:aws:iam::111122223333:root" } }),
    expect: [
      `${BLOCKED}"NotPrincipal": {"AWS":"arn:aws:iam::111122223333:root"} with Allow…everyone except…add a statement that denies`,
    ],
  },
  {
    name: "no condition makes NotPrincipal in Allow acceptable",
    ...bucketPolicy({ Principal: undefined, NotPrincipal: { AWS: "111122223333" }, Condition: ORG }),
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:PrincipalOrgID": [] } } },
    expect: [`${BLOCKED}NotPrincipal`],
  },
  {
    name: "a single statement that is no list is judged",
    type: BUCKET_POLICY,
    props: { policy: JSON.stringify({ Statement: statement({ Principal: "*" }) }) },
    expect: [`${BLOCKED}its statement: "Principal": "*"`],
  },
  {
    name: "statements in a list within the list are judged",
    type: BUCKET_POLICY,
    props: { policy: { Statement: [[statement({ Principal: "*" })]] } },
    expect: [BLOCKED],
  },
  {
    name: "statements written as a string are judged",
    type: BUCKET_POLICY,
    props: { policy: { Statement: JSON.stringify([statement({ Principal: "*" })]) } },
    expect: [BLOCKED],
  },
  {
    name: "a statement without Sid is reported by its position",
    ...bucketPolicy({}, {}, { Principal: "*" }),
    expect: [`${BLOCKED}property policy, statement 3 of 3: "Principal": "*"`],
  },
  {
    name: "every bad statement is reported, in order",
    ...bucketPolicy({ Sid: "A", Principal: "*" }, { Sid: "B" }, { Sid: "C", Principal: "*" }),
    expect: [`${BLOCKED}"A"`, `${BLOCKED}"C"`],
  },
  {
    name: "a trust policy open to everyone is blocked in terms of roles",
    ...role({ Principal: { AWS: "*" } }),
    expect: [`${BLOCKED}property assumeRolePolicy, …assume the role`],
  },
  {
    name: "a trust policy without principal is blocked",
    ...role({}),
    expect: [`${BLOCKED}a trust policy without Principal…who can assume`],
  },
  {
    name: "a trust policy with an empty principal is blocked",
    ...role({ Principal: { AWS: [] } }),
    expect: [`${BLOCKED}without Principal`],
  },
  { name: "a Deny without principal in a trust policy passes", ...role({ Effect: "Deny" }), expect: [] },
  {
    name: "a trust policy under a name yet to come is known by its actions",
    type: "acme:iam:Trust",
    props: { doc: documentOf({ Effect: "Allow", Action: ["sts:AssumeRole", "sts:TagSession"] }) },
    expect: [`${BLOCKED}property doc, its statement: a trust policy without Principal`],
  },
  {
    name: "a right to assume a role is no trust policy",
    type: "acme:iam:Rights",
    props: {
      doc: documentOf({
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Resource: "arn:aws:iam::111122223333:role/UpdateApp",
      }),
    },
    expect: [],
  },
  {
    name: "a resource policy without principal is left to AWS, which refuses it",
    ...bucketPolicy({ Principal: undefined }),
    expect: [],
  },
  {
    name: "odd values for principal pass, since AWS refuses them",
    ...bucketPolicy({ Principal: true }, { Principal: { AWS: null } }, { Principal: {} }),
    expect: [],
  },
  {
    name: "a secret document is judged",
    type: BUCKET_POLICY,
    props: {
      policy: {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        value: JSON.stringify(documentOf(statement({ Principal: "*" }))),
      },
    },
    expect: [BLOCKED],
  },

  {
    name: "a statement with an empty Sid is reported by its position",
    ...bucketPolicy({}, { Sid: "", Principal: "*" }),
    expect: [`${BLOCKED}statement 2 of 2`],
  },
  {
    name: "a Sid that is no text is none",
    ...bucketPolicy({ Sid: 7, Principal: "*" }),
    expect: [`${BLOCKED}its statement`],
  },
  {
    name: "a principal deeper than its kind keeps its kind",
    ...bucketPolicy({ Principal: { AWS: { any: "*" } } }),
    expect: [`${BLOCKED}{"AWS": "*"}`],
  },
  {
    name: "a reference beside other keys is no reference",
    ...bucketPolicy({ Principal: { AWS: { Ref: "AWS::AccountId", or: "*" } } }),
    expect: [`${BLOCKED}{"AWS": "*"}`],
  },
  {
    name: "a trust policy with every action is known by its property",
    ...role({ Action: "*" }),
    expect: [`${BLOCKED}without Principal`],
  },
  {
    name: "a trust policy of aws-native is known by its property",
    type: "aws-native:iam:Role",
    props: { assumeRolePolicyDocument: documentOf({ Effect: "Allow", Action: "*" }) },
    expect: [`${BLOCKED}without Principal`],
  },
  {
    name: "a trust policy with all of STS is known by its actions",
    type: "acme:iam:Trust",
    props: { doc: documentOf({ Effect: "Allow", Action: "sts:*" }) },
    expect: [`${BLOCKED}without Principal`],
  },
  {
    name: "a statement without resource and principal is no trust policy",
    type: "acme:iam:Rights",
    props: { doc: documentOf({ Effect: "Allow", Action: "s3:GetObject" }) },
    expect: [],
  },
  {
    name: "an action that is no text is none",
    type: "acme:iam:Rights",
    props: { doc: documentOf({ Effect: "Allow", Action: [7, null] }) },
    expect: [],
  },
  {
    name: "an effect alone makes no statement",
    type: "acme:iam:Rights",
    props: { rule: { Effect: "Allow", Action: "sts:AssumeRole" } },
    expect: [],
  },
  {
    name: "a statement with NotPrincipal is known under any name",
    type: "acme:x:Y",
    props: { rule: { Effect: "Allow", NotPrincipal: { AWS: "111122223333" } } },
    expect: [`${BLOCKED}NotPrincipal`],
  },
  {
    name: "a document within a statement is judged",
    type: "acme:x:Y",
    props: {
      doc: documentOf(
        statement({ Effect: "Deny", More: documentOf(statement({ Sid: "Inner", Principal: "*" })) }),
      ),
    },
    expect: [`${BLOCKED}"Inner"`],
  },
  {
    name: "a document that stands in a statement is judged",
    type: "acme:x:Y",
    props: {
      doc: {
        Effect: "Allow",
        Principal: { AWS: "111122223333" },
        Statement: [statement({ Sid: "Inner", Principal: "*" })],
      },
    },
    expect: [`${BLOCKED}"Inner"`],
  },
  {
    name: "a kind of principal in small letters is explained as what it is",
    ...bucketPolicy({ Principal: { service: "*" } }),
    expect: [`${BLOCKED}{"service": "*"}…Every AWS service`],
  },
  {
    name: "a bare pattern is advised to name its principal, since it has no condition",
    type: "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation",
    props: { principalArn: "arn:aws:iam:::role/*" },
    expect: [`${BLOCKED}Write instead: the account ID, role ARN or service that needs it.`],
  },
  {
    name: "a trust policy with an empty text for principal is blocked",
    ...role({ Principal: { AWS: "" } }),
    expect: [`${BLOCKED}without Principal`],
  },
  {
    name: "more findings than anyone reads are counted",
    ...bucketPolicy(...Array.from({ length: 52 }, () => ({ Principal: "*" }))),
    expect: [
      ...Array(50).fill(BLOCKED),
      `${BLOCKED}... and 2 more in aws:s3/bucketPolicy:BucketPolicy "site".`,
    ],
  },
];
