import { BLOCKED, BUCKET_POLICY, type Case, documentOf, statement } from "../case";

const OPEN = documentOf(statement({ Sid: "Public", Principal: "*" }));
const json = JSON.stringify;
const GROUP = "http://acs.amazonaws.com/groups/global";
const STACK = "aws:cloudformation/stack:Stack";
const YAML = `
AWSTemplateFormatVersion: "2010-09-09"
Parameters: { Who: { Type: String } }
Resources:
  Topic:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Statement:
          - Effect: Allow
            Action: sns:Publish
            Resource: !GetAtt Topic.Arn
            Principal: PRINCIPAL
`;
const yaml = (principal: string): Pick<Case, "type" | "props"> => ({
  type: STACK,
  props: { templateBody: YAML.replace("PRINCIPAL", principal) },
});
const scalar = (type: string, props: object, found: string): Pick<Case, "type" | "props" | "expect"> => ({
  type,
  props,
  expect: [BLOCKED + found],
});

const GRAMMAR =
  "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition AWS Service Federated CanonicalUser StringEquals ForAnyValue:StringLike ArnLike Bool IpAddress NotIpAddress NumericLessThan DateLessThan BinaryEquals Null".split(
    " ",
  );

// What aws-native and CloudFormation name otherwise than @pulumi/aws, and two that the table only mentions.
const NATIVE =
  `ec2:VpcEndpoint.policyDocument odb:OdbNetwork.s3PolicyDocument odb:OdbNetwork.stsPolicyDocument
  odb:OdbNetwork.kmsPolicyDocument cloudformation:Stack.stackPolicyBody sns:Topic.dataProtectionPolicy
  logs:AccountPolicy.policyDocument logs:LogGroup.dataProtectionPolicy iam:Policy.policyDocument
  ec2:VerifiedAccessEndpoint.policyDocument ec2:VerifiedAccessGroup.policyDocument iam:ManagedPolicy.policyDocument iam:RolePolicy.policyDocument iam:UserPolicy.policyDocument
  iam:GroupPolicy.policyDocument iam:Role.policies iam:User.policies iam:Group.policies sso:PermissionSet.inlinePolicy
  iot:Policy.policyDocument opensearchserverless:LifecyclePolicy.policy
  eks:PodIdentityAssociation.policy ram:Permission.policyTemplate`.split(/\s+/);

/** Where documents and other carriers are found. */
export const carriers: Case[] = [
  {
    name: "an object is a document like JSON text",
    type: "aws-native:s3:BucketPolicy",
    props: { policyDocument: OPEN },
    expect: [`${BLOCKED}property policyDocument, statement "Public"`],
  },
  {
    name: "a type not invented yet is judged by shape",
    type: "aws:quantum/entanglement:Policy",
    props: { rules: { anyone: json(OPEN) } },
    expect: [`${BLOCKED}property rules.anyone, statement "Public"`],
  },
  {
    name: "a lone statement outside a document is judged",
    type: "aws-native:events:EventBusPolicy",
    props: { statement: { Effect: "Allow", Principal: "*", Action: "events:PutEvents" } },
    expect: [BLOCKED],
  },
  {
    name: "a statement under another name is known by Effect and Principal",
    type: "acme:x:Y",
    props: { grants: [{ Effect: "Allow", Principal: { AWS: "*" } }] },
    expect: [BLOCKED],
  },
  {
    name: "JSON within JSON is judged",
    type: "acme:x:Y",
    props: { more: { deep: [json({ text: json(OPEN) })] }, text: json(json(OPEN)) },
    expect: [`${BLOCKED}property more.deep[0].text`, `${BLOCKED}property text`],
  },
  {
    name: "JSON with space and a byte order mark around it is judged",
    type: BUCKET_POLICY,
    props: { policy: `\ufeff\n  ${json(OPEN)}\n` },
    expect: [BLOCKED],
  },
  {
    name: "keys written with escapes are judged",
    type: BUCKET_POLICY,
    props: {
      policy: json(OPEN).replace("Principal", "Princip\\u0061l").replace("Statement", "\\u0053tatement"),
    },
    expect: [BLOCKED],
  },
  {
    name: "malformed JSON is reported as such",
    type: BUCKET_POLICY,
    props: { policy: json(OPEN).slice(0, -1) },
    expect: [
      `${BLOCKED}property policy: a policy document that cannot be read: it is not JSON (…JSON.stringify`,
    ],
  },
  {
    name: "text that is no JSON at all is reported where a document belongs",
    type: BUCKET_POLICY,
    props: { policy: "allow everyone" },
    expect: [`${BLOCKED}it is not JSON`],
  },
  {
    name: "malformed JSON in a property of any name is reported if it speaks of statements",
    type: "acme:x:Y",
    props: { text: '{"Statement": [{"Principal": "*",}]}' },
    expect: [`${BLOCKED}property text: …it is not JSON`],
  },
  {
    name: "an empty policy and other text pass",
    type: BUCKET_POLICY,
    props: { policy: " ", note: "{{ mustache }}", list: "[see below]" },
    expect: [],
  },
  {
    name: "a key that stands twice is reported, whichever is kept",
    type: BUCKET_POLICY,
    props: {
      policy:
        '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Principal":{"AWS":"111122223333"}}]}',
    },
    expect: [`${BLOCKED}the key "Principal" stands twice`],
  },
  {
    name: "a condition operator that stands twice is reported",
    type: BUCKET_POLICY,
    props: {
      policy:
        '{"Statement":[{"Effect":"Deny","Principal":"*","Condition":{"Bool":{"a":"b"},"Bool" : {"c":"d"}}}]}',
    },
    expect: [`${BLOCKED}the key "Bool" stands twice`],
  },
  {
    name: "a key that stands in two objects passes",
    type: BUCKET_POLICY,
    props: { policy: json(documentOf(statement({}), statement({ Sid: 'a \\" "Principal": {' }))) },
    expect: [],
  },
  {
    name: "a policy in an OpenAPI body is judged",
    type: "aws:apigateway/restApi:RestApi",
    props: { body: json({ openapi: "3.0.1", "x-amazon-apigateway-policy": OPEN, paths: {} }) },
    expect: [`${BLOCKED}property body.x-amazon-apigateway-policy, statement "Public"`],
  },
  {
    name: "a policy in an OpenAPI body of YAML is judged",
    type: "aws:apigateway/restApi:RestApi",
    props: {
      body: "openapi: 3.0.1\nx-amazon-apigateway-policy:\n  Statement: {Effect: Allow, Principal: '*', Action: 'execute-api:Invoke'}\n",
    },
    expect: [`${BLOCKED}property body.x-amazon-apigateway-policy`],
  },
  {
    name: "a template's document is judged",
    type: STACK,
    props: {
      templateBody: json({
        Resources: { Site: { Type: "AWS::S3::BucketPolicy", Properties: { PolicyDocument: OPEN } } },
      }),
    },
    expect: [`${BLOCKED}property templateBody.Resources.Site.Properties.PolicyDocument, statement "Public"`],
  },
  {
    name: "a template of YAML is judged",
    ...yaml('"*"'),
    expect: [`${BLOCKED}property templateBody.Resources.Topic.Properties.PolicyDocument`],
  },
  {
    name: "a stack set's template is judged",
    type: "aws:cloudformation/stackSet:StackSet",
    props: yaml("{ AWS: '*' }").props,
    expect: [BLOCKED],
  },
  {
    name: "YAML with a comment in place of JSON is judged in a template",
    type: STACK,
    props: {
      templateBody: `# AWS::S3\n${json({ Resources: { A: { Type: "AWS::S3::BucketPolicy", Properties: { PolicyDocument: OPEN } } } })}`,
    },
    expect: [BLOCKED],
  },
  {
    name: "a template that cannot be read is reported",
    type: STACK,
    props: { templateBody: "AWSTemplateFormatVersion: '2010-09-09'\nResources: [: {" },
    expect: [`${BLOCKED}it is neither JSON nor YAML`],
  },
  {
    name: "a template's own account is no wildcard",
    ...yaml(`{ AWS: !Sub "arn:\${AWS::Partition}:iam::\${AWS::AccountId}:root" }`),
    expect: [],
  },
  {
    name: "a template's joined ARN is no wildcard",
    ...yaml('{ AWS: !Join ["", ["arn:aws:iam::", !Ref "AWS::AccountId", ":root"]] }'),
    expect: [],
  },
  {
    name: "an attribute of a template's resource is no wildcard",
    ...yaml("{ AWS: !GetAtt Role.Arn }"),
    expect: [],
  },
  {
    name: "a wildcard in a template's joined ARN is blocked",
    ...yaml('{ AWS: !Join ["", ["arn:aws:iam::", !Ref Who, ":role/*"]] }'),
    expect: [`${BLOCKED}arn:aws:iam::(unknown):role/*`],
  },
  {
    name: "a template's parameter may hold anything, and is reported",
    ...yaml("{ AWS: !Ref Who }"),
    expect: ["known-at-preview advisory: …its principal"],
  },
  {
    name: "a parameter within a text of a template is reported",
    ...yaml(`{ AWS: !Sub "arn:aws:iam::\${Who}:root" }`),
    expect: ["known-at-preview advisory: "],
  },
  {
    name: "an imported value in a template is reported",
    ...yaml("{ AWS: !ImportValue someone }"),
    expect: ["known-at-preview advisory: "],
  },
  {
    name: "an endpoint policy in a template is exempt as elsewhere",
    type: STACK,
    props: {
      templateBody: json({
        Resources: { E: { Type: "AWS::EC2::VPCEndpoint", Properties: { PolicyDocument: OPEN } } },
      }),
    },
    expect: [],
  },
  {
    name: "a bare principal in a template is judged",
    type: STACK,
    props: {
      templateBody: json({
        Resources: {
          P: {
            Type: "AWS::Lambda::Permission",
            Properties: { Principal: "*", Action: "lambda:InvokeFunction" },
          },
        },
      }),
    },
    expect: [`${BLOCKED}Properties.Principal`],
  },
  {
    name: "Cloud Control state is judged",
    type: "aws:cloudcontrol/resource:Resource",
    props: { typeName: "AWS::S3::BucketPolicy", desiredState: json({ PolicyDocument: OPEN }) },
    expect: [`${BLOCKED}property desiredState.PolicyDocument`],
  },
  {
    name: "Cloud Control state is exempt where its type is",
    type: "aws:cloudcontrol/resource:Resource",
    props: { typeName: "AWS::EC2::VPCEndpoint", desiredState: json({ PolicyDocument: OPEN }) },
    expect: [],
  },
  {
    name: "an untyped resource of aws-native is judged",
    type: "aws-native:index:ExtensionResource",
    props: { type: "AWS::S3::BucketPolicy", properties: { PolicyDocument: OPEN } },
    expect: [BLOCKED],
  },
  {
    name: "endpoint policies are judged for who asks for it",
    type: "aws:ec2/vpcEndpoint:VpcEndpoint",
    props: { policy: json(OPEN) },
    config: { "no-wildcard-principals": { endpointPolicies: "judge" } },
    expect: [BLOCKED],
  },
  {
    name: "who asks for endpoint policies does not get stack policies",
    type: STACK,
    props: { policyBody: json(OPEN) },
    config: { "no-wildcard-principals": { endpointPolicies: "judge" } },
    expect: [],
  },
  {
    name: "a data protection policy is known by its shape in types yet to come",
    type: "aws:new/topic:Topic",
    props: {
      protection: {
        Statement: [
          { DataDirection: "Inbound", Principal: ["*"], DataIdentifier: ["x"], Operation: { Deny: {} } },
        ],
      },
    },
    expect: [],
  },
  {
    name: "a web ACL's statements are none of ours",
    type: "aws:wafv2/webAcl:WebAcl",
    props: { rules: [{ statement: { managedRuleGroupStatement: { name: "x" } } }] },
    expect: [],
  },
  {
    name: "a function open to everyone is blocked",
    ...scalar(
      "aws:lambda/permission:Permission",
      { principal: "*", action: "lambda:InvokeFunction" },
      'property principal: "Principal": "*"',
    ),
  },
  {
    name: "a service may call a function",
    type: "aws:lambda/permission:Permission",
    props: { principal: "s3.amazonaws.com" },
    expect: [],
  },
  {
    name: "properties beside a principal narrow it as conditions do",
    type: "aws:lambda/permission:Permission",
    props: { principal: "*", principalOrgId: "o-abcdefghij" },
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:PrincipalOrgID": [] } } },
    expect: [],
  },
  {
    name: "a layer's organisation narrows",
    type: "aws:lambda/layerVersionPermission:LayerVersionPermission",
    props: { principal: "*", organizationId: "o-abcdefghij" },
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:PrincipalOrgID": [] } } },
    expect: [],
  },
  {
    name: "a source account beside a principal narrows",
    type: "aws:lambda/permission:Permission",
    props: { principal: "*", sourceAccount: "111122223333" },
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:SourceAccount": [] } } },
    expect: [],
  },
  {
    name: "a source ARN beside a principal narrows",
    type: "aws:lambda/permission:Permission",
    props: { principal: "*", sourceArn: "arn:aws:s3:::site" },
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:SourceArn": [] } } },
    expect: [],
  },
  {
    name: "an event bus's condition narrows",
    type: "aws:cloudwatch/eventPermission:EventPermission",
    props: {
      principal: "*",
      condition: { type: "StringEquals", key: "aws:PrincipalOrgID", value: "o-abcdefghij" },
    },
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:PrincipalOrgID": [] } } },
    expect: [],
  },
  {
    name: "a bare principal that is denied passes",
    type: "aws:x/y:Y",
    props: { rule: { effect: "Deny", principalId: "*" } },
    expect: [],
  },
  {
    name: "an endpoint service open to everyone is blocked",
    ...scalar(
      "aws:ec2/vpcEndpointService:VpcEndpointService",
      { allowedPrincipals: ["arn:aws:iam::111122223333:root", "*"] },
      'property allowedPrincipals: "Principal": "*"',
    ),
  },
  {
    name: "a public function URL is blocked",
    ...scalar(
      "aws:lambda/functionUrl:FunctionUrl",
      { authorizationType: "NONE" },
      'property authorizationType: "NONE"…without signing…"AWS_IAM"',
    ),
  },
  {
    name: "a function URL that asks for signatures passes",
    type: "aws:lambda/functionUrl:FunctionUrl",
    props: { authorizationType: "AWS_IAM" },
    expect: [],
  },
  {
    name: "an API's route without authorization is none of ours",
    type: "aws:apigatewayv2/route:Route",
    props: { authorizationType: "NONE" },
    expect: [],
  },
  {
    name: "a public image is blocked",
    ...scalar("aws:ec2/amiLaunchPermission:AmiLaunchPermission", { group: "all" }, "property group"),
  },
  {
    name: "an image built for everyone is blocked",
    ...scalar(
      "aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
      { distributions: [{ amiDistributionConfiguration: { launchPermission: { userGroups: ["all"] } } }] },
      "launchPermission.userGroups[0]",
    ),
  },
  {
    name: "a document shared with all is blocked",
    ...scalar(
      "aws:ssm/document:Document",
      { permissions: { type: "Share", accountIds: "111122223333,All" } },
      "property permissions.accountIds",
    ),
  },
  {
    name: "a document shared with all in the provider's own spelling is blocked",
    ...scalar(
      "aws:ssm/document:Document",
      { permissions: { type: "Share", account_ids: "All" } },
      "property permissions.account_ids",
    ),
  },
  {
    name: "a document shared with accounts passes",
    type: "aws:ssm/document:Document",
    props: { permissions: { type: "Share", accountIds: "111122223333,444455556666" } },
    expect: [],
  },
  {
    name: "a bucket's public ACL is blocked",
    ...scalar(
      "aws:s3/bucketAcl:BucketAcl",
      { acl: "authenticated-read" },
      'property acl: "authenticated-read"',
    ),
  },
  {
    name: "a bucket's public ACL in a template's words is blocked",
    ...scalar("aws-native:s3:Bucket", { accessControl: "PublicReadWrite" }, "property accessControl"),
  },
  ...Object.entries({
    "aws:storagegateway/nfsFileShare:NfsFileShare": { objectAcl: "public-read" },
    "aws:storagegateway/smbFileShare:SmbFileShare": { objectAcl: "public-read-write" },
    "aws:acmpca/certificateAuthority:CertificateAuthority": {
      revocationConfiguration: { crlConfiguration: { s3ObjectAcl: "PUBLIC_READ" } },
    },
    "aws:x/export:Export": { cannedAclForObjects: "PUBLIC_READ_WRITE" },
    "aws:x/import:Import": { canned_acl_for_objects: "AUTHENTICATED_READ" },
    "aws-native:lightsail:Bucket": { accessRules: { getObject: "public" } },
    "aws:bedrock/agentcoreGateway:AgentcoreGateway": { authorizerType: "NONE" },
    "aws-native:bedrockagentcore:Gateway": { authorizerType: "NONE" },
  }).map(
    ([type, props]): Case => ({
      name: `${json(props)} of ${type} is blocked`,
      type,
      props,
      expect: [BLOCKED],
    }),
  ),
  {
    name: "a public function URL of a serverless application is blocked",
    type: STACK,
    props: {
      templateBody: json({
        Resources: {
          F: { Type: "AWS::Serverless::Function", Properties: { FunctionUrlConfig: { AuthType: "NONE" } } },
        },
      }),
    },
    expect: [`${BLOCKED}FunctionUrlConfig.AuthType`],
  },
  {
    name: "a public file of another property passes",
    type: "aws-native:lightsail:Bucket",
    props: { bucketName: "public", accessRules: { getObject: "private" } },
    expect: [],
  },
  { name: "a private ACL passes", type: "aws:s3/bucketAcl:BucketAcl", props: { acl: "private" }, expect: [] },
  {
    name: "AllUsers is blocked wherever it stands",
    ...scalar("acme:x:Y", { deep: [{ who: `${GROUP}/AllUsers` }] }, "property deep[0].who"),
  },
  {
    name: "the log delivery group passes",
    type: "aws:s3/bucketAcl:BucketAcl",
    props: {
      accessControlPolicy: {
        grants: [{ grantee: { uri: "http://acs.amazonaws.com/groups/s3/LogDelivery" } }],
      },
    },
    expect: [],
  },
  {
    name: "a share that can name accounts beyond the organisation passes: each that it names is judged",
    type: "aws:ram/resourceShare:ResourceShare",
    props: { allowExternalPrincipals: true },
    expect: [],
  },
  {
    name: "a share within the organisation passes",
    type: "aws:ram/resourceShare:ResourceShare",
    props: { allowExternalPrincipals: false },
    expect: [],
  },
  {
    name: "a collection on the internet is blocked",
    ...scalar(
      "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy",
      { type: "network", policy: json([{ Rules: [{ ResourceType: "collection" }], AllowFromPublic: true }]) },
      "property policy[0].AllowFromPublic",
    ),
  },
  {
    name: "a collection open to all principals is blocked",
    ...scalar(
      "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy",
      { policy: json([{ Rules: [], Principal: ["arn:aws:iam::111122223333:role/*"] }]) },
      "property policy[0].Principal",
    ),
  },
  {
    name: "a network's stack of plain values passes",
    type: "aws:ec2/securityGroup:SecurityGroup",
    props: { ingress: [{ cidrBlocks: ["0.0.0.0/0"], protocol: "*", count: 3, on: true, nothing: null }] },
    expect: [],
  },

  {
    name: "the words of a rule pass under other names and types",
    type: "aws:x/y:Y",
    props: {
      getObject: "public",
      authorizerType: "NONE",
      note: "AllUsers",
      words: ["all", "NONE", "PUBLIC_READ", "public-read"],
      group: "all",
      accountIds: "all",
      authorizationType: "NONE",
      allowExternalPrincipals: true,
      visibility: "PUBLIC_READ",
      enabled: true,
    },
    expect: [],
  },
  {
    name: "an image's other properties are none of ours",
    type: "aws:ec2/amiLaunchPermission:AmiLaunchPermission",
    props: { imageId: "all" },
    expect: [],
  },
  {
    name: "a document's other properties are none of ours",
    type: "aws:ssm/document:Document",
    props: { name: "all" },
    expect: [],
  },
  {
    name: "a share's other properties are none of ours",
    type: "aws:ram/resourceShare:ResourceShare",
    props: { x: { public: "true" } },
    expect: [],
  },
  {
    name: "a build's other properties are none of ours",
    type: "aws:codebuild/project:Project",
    props: { name: "PUBLIC_READ" },
    expect: [],
  },
  {
    name: "a function URL's other properties are none of ours",
    type: "aws:lambda/functionUrl:FunctionUrl",
    props: { functionName: "NONE" },
    expect: [],
  },
  {
    name: "a public function URL in a template is blocked",
    type: STACK,
    props: {
      templateBody: json({
        Resources: { U: { Type: "AWS::Lambda::Url", Properties: { AuthType: "NONE" } } },
      }),
    },
    expect: [`${BLOCKED}Properties.AuthType`],
  },
  {
    name: "public builds in a template are blocked",
    type: STACK,
    props: {
      templateBody: json({
        Resources: { B: { Type: "AWS::CodeBuild::Project", Properties: { Visibility: "PUBLIC_READ" } } },
      }),
    },
    expect: [`${BLOCKED}Properties.Visibility`],
  },
  {
    name: "a document shared with all first is blocked",
    type: "aws:ssm/document:Document",
    props: { permissions: { accountIds: "All,111122223333" } },
    expect: [BLOCKED],
  },
  {
    name: "every principal of an account in Lake Formation is blocked",
    type: "aws:lakeformation/permissions:Permissions",
    props: { principal: "111122223333:IAMPrincipals" },
    expect: [`${BLOCKED}every IAM principal`],
  },
  {
    name: "bare principals are known under their many names",
    type: "aws:x/y:Y",
    props: { granteePrincipal: "*", principalArns: ["*"], principalId: "*", principalIdentifier: "*" },
    expect: [BLOCKED, BLOCKED, BLOCKED, BLOCKED],
  },
  {
    name: "a bare wildcard beside what is no text is blocked",
    type: "aws:x/y:Y",
    props: { principals: [{ a: 1 }, "*", 7] },
    expect: [`${BLOCKED}"Principal": "*"`],
  },
  {
    name: "a list of no bare principals passes",
    type: "aws:x/y:Y",
    props: { principals: [], allowedPrincipals: [{ a: 1 }] },
    expect: [],
  },
  {
    name: "a bare principal is reported in its own terms",
    type: "aws:x/y:Y",
    props: { principal: "*" },
    expect: [`${BLOCKED}Write instead: the account ID, role ARN or service`],
  },
  {
    name: "a resource that is itself like a statement is judged by its property",
    type: "aws:x/y:Y",
    props: { effect: "Allow", principal: "*" },
    expect: [`${BLOCKED}property principal: "Principal": "*"`],
  },
  {
    name: "an exempt property's name is no excuse deeper down",
    type: "aws:ec2/vpcEndpoint:VpcEndpoint",
    props: { x: { policy: OPEN } },
    expect: [BLOCKED],
  },
  {
    name: "properties under a type that is no CloudFormation type are judged",
    type: "aws:x/y:Y",
    props: { a: { type: "aws:ec2:VpcEndpoint", properties: { policy: OPEN } } },
    expect: [BLOCKED],
  },
  {
    name: "properties without a type are judged",
    type: "aws:x/y:Y",
    props: { a: { Properties: { PolicyDocument: OPEN, Principal: "*" } } },
    expect: [BLOCKED, BLOCKED],
  },
  {
    name: "an attribute within a template's text is no wildcard",
    ...yaml(`{ AWS: !Sub "\${Role.Arn}" }`),
    expect: [],
  },
  {
    name: "a literal within a template's text is no parameter",
    ...yaml(`{ AWS: !Sub "arn:aws:iam::111122223333:user/\${!Literal}" }`),
    expect: [],
  },
  {
    name: "a policy that is a word passes outside @pulumi/aws",
    type: "kubernetes:core/v1:Pod",
    props: { policy: "Retain" },
    expect: [],
  },
  {
    name: "a policy that is a word passes deeper down",
    type: BUCKET_POLICY,
    props: { x: { policy: "Retain" } },
    expect: [],
  },
  {
    name: "a broken document deeper down is reported by its property",
    type: "aws:x/y:Y",
    props: { x: { policy: '{"a": ' } },
    expect: [`${BLOCKED}property x.policy: …it is not JSON`],
  },
  {
    name: "text that speaks of statements passes",
    type: "acme:x:Y",
    props: { text: "My statement: the principal of it" },
    expect: [],
  },
  { name: "long text passes", type: "acme:x:Y", props: { text: "x".repeat(300_000) }, expect: [] },
  {
    name: "a template of YAML too long to be read is reported",
    type: STACK,
    props: { templateBody: `AWSTemplateFormatVersion: x\n${"#".repeat(300_000)}` },
    expect: [`${BLOCKED}too long to be read here`],
  },
  {
    name: "statements that stand twice are reported",
    type: BUCKET_POLICY,
    props: { policy: '{"Statement":[{"Effect":"Allow"}],"Statement":[]}' },
    expect: [`${BLOCKED}the key "Statement" stands twice`],
  },
  {
    name: "a principal that stands twice is reported in any grammar",
    type: "acme:x:Y",
    props: { policy: '[{"Principal":["*"],"Principal":["a"]}]' },
    expect: [`${BLOCKED}the key "Principal" stands twice`],
  },
  {
    name: "other text may say a thing twice",
    type: "acme:x:Y",
    props: { a: '{"Action":1,"Action":2}', b: '{"Statement":[],"x":1,"x":2}' },
    expect: [],
  },
  {
    name: "values may stand twice",
    type: "acme:x:Y",
    props: { a: '{"Statement":{"Sid":"Principal","Action":"Principal"}}' },
    expect: [],
  },
  ...GRAMMAR.map(
    (key): Case => ({
      name: `${key} that stands twice is reported`,
      type: "acme:x:Y",
      props: { a: `{"x":"statement","${key}":1,"${key}":2}` },
      expect: [`${BLOCKED}the key "${key}" stands twice`],
    }),
  ),

  ...NATIVE.map((place): Case => {
    const [type = "", property = ""] = place.split(".");
    return {
      name: `${property} of ${type} is exempt as in @pulumi/aws`,
      type: `aws-native:${type}`,
      props: { [property]: OPEN },
      expect: [],
    };
  }),

  {
    name: "a key that stands twice in different spelling is reported",
    type: BUCKET_POLICY,
    props: { policy: '{"Statement":[],"\\u0053tatement":[]}' },
    expect: [`${BLOCKED}the key "Statement" stands twice`],
  },
];
