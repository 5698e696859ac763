import { UNKNOWN } from "../analyzer";
import { BLOCKED, type Case, documentOf, statement } from "../case";

const OPEN = documentOf(statement({ Principal: "*" }));
const ALL_POLICIES = {
  config: Object.fromEntries(
    [
      "trust-needs-mfa-or-external-id",
      "only-listed-accounts",
      "service-principal-needs-source",
      "federated-trust-needs-subject",
    ].map((name) => [name, { enforcementLevel: "mandatory" as const }]),
  ),
};

/** Text and properties that look like what the pack judges, and are not. */
const ordinary: [name: string, type: string, props: object][] = [
  [
    "a description that names a type",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    { alarmDescription: "Runbook: AWS::S3::Bucket: see the wiki" },
  ],
  [
    "a program in a template that names a type",
    "aws:cloudformation/stack:Stack",
    {
      templateBody: JSON.stringify({
        Resources: {
          F: {
            Type: "AWS::Lambda::Function",
            Properties: {
              Code: { ZipFile: "def handler(e, _):\n    if e['t'] != 'AWS::S3::Bucket': {'a': 1}\n" },
            },
          },
        },
      }),
    },
  ],
  [
    "a dynamic provider's program that names a type",
    "pulumi-nodejs:dynamic:Resource",
    { __provider: "exports.handler = f;\nfunction f() { return { type: 'AWS::S3::Bucket', a: 1 }; }\n" },
  ],
  [
    "Markdown that names types",
    "github:index/repositoryFile:RepositoryFile",
    { content: "# Title\n\n- `AWS::S3::Bucket`: a bucket\n* other: text\n\n> quote: AWS::EC2::VPC" },
  ],
  [
    "long text that names a type",
    "aws:ssm/parameter:Parameter",
    { value: `AWS::S3::Bucket ${"x".repeat(300_000)}` },
  ],
  [
    "a log filter on statements",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    { pattern: '{ $.requestParameters.statement = "DROP*" && $.effect = "Deny" }' },
  ],
  [
    "a log filter by position",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    { pattern: "[time, user, statement = *DROP*]" },
  ],
  [
    "a resolver's template of statements",
    "aws:appsync/resolver:Resolver",
    { requestTemplate: '{"version": "1", "statements": [ $util.toJson("select effect") ]}' },
  ],
  [
    "a resolver's template with a list of one statement",
    "aws:appsync/resolver:Resolver",
    { requestTemplate: '{"version": "1", "statement": [ $util.toJson("select 1") ]}' },
  ],
  [
    "a resolver's template with one statement",
    "aws:appsync/resolver:Resolver",
    { requestTemplate: '{"statement": $util.toJson("select 1"), "principal": $ctx.identity}' },
  ],
  [
    "a monitor's message",
    "datadog:index/monitor:Monitor",
    { message: "{{#is_alert}}\nStatement timeout on {{host.name}}, no principal effect\n{{/is_alert}}" },
  ],
  [
    "text about statements",
    "github:index/repositoryFile:RepositoryFile",
    { content: 'Write "Statement": [{"Effect": "Allow"}] into the policy' },
  ],
  ["another package's template", "acme:x:Y", { templateBody: "[: {" }],
  ["an API's description", "aws:apigateway/restApi:RestApi", { description: "an API: of mine: [" }],
  ["a message's body", "aws-native:pinpoint:SmsTemplate", { body: "Hello {{name}}: your code: {{code}}" }],
  ["another package's broken policy", "vault:index/policy:Policy", { policy: '{ path "secret/*" }' }],
  [
    "a mesh's principals",
    "kubernetes:security.istio.io/v1:AuthorizationPolicy",
    { spec: { source: { requestPrincipals: ["*"], principals: ["cluster.local/ns/default/sa/*"] } } },
  ],
  [
    "another cloud's exceptions to a denial",
    "gcp:iam/denyPolicy:DenyPolicy",
    { rules: [{ denyRule: { exceptionPrincipals: ["principalSet://x/*"] } }] },
  ],
  ["a queue's users", "confluentcloud:index/kafkaAcl:KafkaAcl", { principal: "User:*" }],
  ["another cloud's principals", "azure-native:authorization:RoleAssignment", { principalId: "0f8fad5b" }],
  ["another cloud's public bucket", "digitalocean:index/spacesBucket:SpacesBucket", { acl: "public-read" }],
  [
    "a function's variables",
    "aws:lambda/function:Function",
    { environment: { variables: { ALLOWED_PRINCIPALS: "*", acl: "public-read" } } },
  ],
  ["tags", "aws:s3/bucket:Bucket", { tags: { Principal: "who?" }, tagsAll: { Principal: "who?" } }],
  [
    "a person of the organisation's directory",
    "aws:ssoadmin/accountAssignment:AccountAssignment",
    { principalId: "90676f5c", targetId: "111122223333" },
  ],
  [
    "a person assigned to an application",
    "aws:ssoadmin/applicationAssignment:ApplicationAssignment",
    { principalId: "90676f5c" },
  ],
  ["a person of the directory in aws-native", "aws-native:sso:Assignment", { principalId: "90676f5c" }],
  ["a person assigned in aws-native", "aws-native:sso:ApplicationAssignment", { principalId: "90676f5c" }],
  ["a name in Kerberos", "aws:datasync/locationHdfs:LocationHdfs", { kerberosPrincipal: "user@EXAMPLE.COM" }],
  [
    "a push service's certificate",
    "aws:sns/platformApplication:PlatformApplication",
    { platformPrincipal: "-----BEGIN CERTIFICATE-----" },
  ],
  [
    "services of an organization",
    "aws:organizations/organization:Organization",
    { awsServiceAccessPrincipals: ["cloudtrail.amazonaws.com", "sso.amazonaws.com"] },
  ],
  [
    "a service of an organization",
    "aws:organizations/awsServiceAccess:AwsServiceAccess",
    { servicePrincipal: "sso.amazonaws.com" },
  ],
  [
    "an organization's delegated administrator",
    "aws:organizations/delegatedAdministrator:DelegatedAdministrator",
    { accountId: "111122223333", servicePrincipal: "guardduty.amazonaws.com" },
  ],
  [
    "an Alexa skill",
    "aws:lambda/permission:Permission",
    { principal: "alexa-appkit.amazon.com", eventSourceToken: "amzn1.ask.skill.x" },
  ],
  [
    "what another package does not know yet",
    "github:index/issue:Issue",
    { body: UNKNOWN, principalId: UNKNOWN, acl: UNKNOWN, policy: UNKNOWN },
  ],
  ["a message's body not known yet", "aws-native:pinpoint:SmsTemplate", { body: UNKNOWN }],
];

/** What is judged wherever it stands, and what only looks like it. */
export const others: Case[] = [
  ...ordinary.map(
    ([name, type, props]): Case => ({ name: `${name} passes`, type, props, ...ALL_POLICIES, expect: [] }),
  ),
  ...Object.entries({
    "another package": {
      type: "kubernetes:core/v1:ConfigMap",
      props: { data: { "policy.json": JSON.stringify(OPEN) } },
    },
    "a function's variables": {
      type: "aws:lambda/function:Function",
      props: { environment: { variables: { POLICY: JSON.stringify(OPEN) } } },
    },
  }).map(
    ([name, one]): Case => ({ name: `a policy document in ${name} is judged`, ...one, expect: [BLOCKED] }),
  ),
  {
    name: "a Terraform module's resource is judged as AWS's",
    type: "site:tf:aws_lambda_permission",
    props: { principal: "*" },
    expect: [BLOCKED],
  },
  ...Object.entries({
    "aws-native:iam:Role": { assumeRolePolicyDocument: `x${JSON.stringify(OPEN)}` },
    "aws-native:secretsmanager:ResourcePolicy": { resourcePolicy: `// c\n${JSON.stringify(OPEN)}` },
  }).map(
    ([type, props]): Case => ({
      name: `a broken document of ${type} is reported`,
      type,
      props,
      expect: [`${BLOCKED}it is not JSON…valid JSON, best built by`],
    }),
  ),
  {
    name: "a broken document that speaks of an effect is reported",
    type: "acme:x:Y",
    props: { text: "{'Statement' : [{'Effect': 'Allow'}]}" },
    expect: [`${BLOCKED}it is not JSON`],
  },
  {
    name: "a list's elements are no documents for the list's name",
    type: "aws:x/y:Y",
    props: { policy: ["one", "two"] },
    expect: [],
  },
];
