import type { PolicyType } from "../../tools/explain/message";

/** A public message, in other words where it is long, its IDs replaced; and what explain must make of it. */
export interface PublicMessage {
  message: string;
  /** The entry of the catalogue that is the whole answer. */
  answer?: string;
  /** The entry of the catalogue that says what to give, because policies decide and the message names too little. */
  ask?: string;
  /** The refused request, which the policies explain. */
  refused?: { who?: string; action: string; on?: string; type?: PolicyType };
}

const cli = (code: string, operation: string, words: string) =>
  `An error occurred (${code}) when calling the ${operation} operation: ${words}`;
const JANE = "arn:aws:iam::111122223333:user/jane";
const ROLE = "arn:aws:iam::123456789012:role/UpdateApp";
const ENCODED = "4qGmXxR0-eyJhbGxvd2VkIjpmYWxzZX0_abcDEF0123456789";

export const MESSAGES: readonly PublicMessage[] = [
  // How long sessions last, and what they are made from.
  {
    message: cli(
      "ValidationError",
      "AssumeRole",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    ),
    answer: "role-chaining-hour",
  },
  {
    message:
      "aws-vault: error: exec: Failed to get credentials for prod-admin: ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.\n\tstatus code: 400, request id: 9ab3efc0-a3bd-11e8-bceb-27eb86ea1be1",
    answer: "role-chaining-hour",
  },
  {
    message: cli(
      "ValidationError",
      "AssumeRole",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    ),
    answer: "session-too-long",
  },
  {
    message:
      "Error: Could not assume role with OIDC: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    answer: "session-too-long",
  },
  {
    message: cli(
      "ValidationError",
      "AssumeRole",
      "1 validation error detected: Value '86400' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
    ),
    answer: "session-length-out-of-range",
  },
  {
    message: cli(
      "ValidationError",
      "AssumeRole",
      "1 validation error detected: Value 'jane doe' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    ),
    answer: "session-name",
  },
  {
    message: cli(
      "PackedPolicyTooLarge",
      "AssumeRole",
      "Packed size of session tags consumes 128% of allotted space.",
    ),
    answer: "session-tags-too-large",
  },
  {
    message: cli("AccessDenied", "AssumeRole", "Roles may not be assumed by root accounts."),
    answer: "root-assumes-role",
  },
  {
    message: cli(
      "AccessDenied",
      "AssumeRole",
      `User: arn:aws:iam::111122223333:root is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
    ),
    answer: "root-assumes-role",
  },
  {
    message: cli("AccessDenied", "GetSessionToken", "Cannot call GetSessionToken with session credentials"),
    answer: "session-credentials-where-keys-are-needed",
  },
  {
    message: cli(
      "AccessDenied",
      "GetFederationToken",
      "Cannot call GetFederationToken with session credentials",
    ),
    answer: "session-credentials-where-keys-are-needed",
  },
  {
    message:
      "aws-vault: error: exec: aws-vault sessions should be nested with care, unset AWS_VAULT to force",
    answer: "nested-aws-vault",
  },

  // MFA.
  {
    message: cli(
      "AccessDenied",
      "AssumeRole",
      "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    ),
    answer: "mfa-missing",
  },
  {
    message:
      "Aws::STS::Errors::AccessDenied: MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    answer: "mfa-missing",
  },
  {
    message: cli(
      "AccessDenied",
      "GetSessionToken",
      "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
    ),
    answer: "mfa-device-of-another",
  },
  {
    message:
      "provider.aws: error validating provider credentials: AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. \n\tstatus code: 403",
    answer: "mfa-code",
  },
  {
    message:
      "Parameter validation failed:\nInvalid length for parameter TokenCode, value: 0, valid min length: 6",
    answer: "mfa-code-form",
  },
  {
    message: cli(
      "ValidationError",
      "GetSessionToken",
      "1 validation error detected: Value 'arn:aws:iam::111122223333:user/jane ' at 'serialNumber' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=/:,.@-]*",
    ),
    answer: "mfa-serial-form",
  },
  {
    message:
      "CredentialsProviderError: Profile production requires multi-factor authentication, but no MFA code callback was provided.",
    answer: "mfa-not-asked",
  },
  {
    message:
      "AssumeRoleTokenProviderNotSetError: assume role with MFA enabled, but AssumeRoleTokenProvider session option not set.",
    answer: "mfa-not-asked",
  },
  {
    message: "DEBUG: Couldn't load default config: token provider required for AssumeRole with MFA",
    answer: "mfa-not-asked",
  },

  // The console.
  {
    message:
      "Could not switch roles using the provided information. Please check your settings and try again. If you continue to have problems, contact your administrator.",
    answer: "console-switch-role",
  },
  {
    message:
      "Invalid information in one or more fields. Check your information or contact your administrator.",
    answer: "console-switch-role",
  },
  {
    message: "You can't switch roles when you sign in as the AWS account root user.",
    answer: "console-root-switch-role",
  },
  {
    message: "You must first log out before logging into a different AWS account. To logout, click here",
    answer: "console-signed-out",
  },
  { message: "You don't have permissions to perform this action", ask: "console-access-denied" },
  {
    message:
      "Insufficient permissions to list objects. After you or your AWS administrator has updated your permissions to allow the s3:ListBucket action, refresh the page.",
    ask: "console-access-denied",
  },

  // IAM Identity Center.
  {
    message:
      "The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run aws sso login with the corresponding profile.",
    answer: "sso-expired",
  },
  {
    message:
      "CredentialsProviderError: The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login with the corresponding profile.",
    answer: "sso-expired",
  },
  {
    message: "Error when retrieving token from sso: Token has expired and refresh failed",
    answer: "sso-expired",
  },
  {
    message:
      "Error: operation error SSO OIDC: CreateToken, https response error StatusCode: 400, InvalidGrantException:",
    answer: "sso-expired",
  },
  {
    message: cli("UnauthorizedException", "GetRoleCredentials", "Session token not found or invalid"),
    answer: "sso-expired",
  },
  {
    message:
      "UnauthorizedSSOTokenError: The SSO session associated with this profile has expired or is otherwise invalid.",
    answer: "sso-expired",
  },
  {
    message: "Error loading SSO Token: Token for https://example.awsapps.com/start does not exist",
    answer: "sso-absent",
  },
  {
    message:
      "failed to refresh cached credentials, failed to read cached SSO token file, open /home/jane/.aws/sso/cache/0123.json: no such file or directory",
    answer: "sso-absent",
  },
  {
    message:
      "The pending authorization to retrieve an SSO token has expired. The login flow to retrieve an SSO token must be restarted.",
    answer: "sso-login-timed-out",
  },
  {
    message:
      'The profile "dev" is configured to use SSO but is missing required configuration: sso_start_url, sso_region',
    answer: "sso-incomplete-profile",
  },
  { message: cli("ForbiddenException", "GetRoleCredentials", "No access"), answer: "sso-no-access" },

  // Profiles and credentials.
  { message: "The config profile (UpdateApp) could not be found", answer: "profile-not-found" },
  {
    message: "botocore.exceptions.ProfileNotFound: The config profile (prod) could not be found",
    answer: "profile-not-found",
  },
  {
    message:
      "CredentialsProviderError: Profile prod could not be found or parsed in shared credentials file.",
    answer: "profile-not-found",
  },
  {
    message:
      "failed to load assume role arn:aws:iam::123456789012:role/superuser, of profile saml, failed to get shared config profile, saml",
    answer: "profile-not-found",
  },
  {
    message: 'The source_profile "base" referenced in the profile "UpdateApp" does not exist.',
    answer: "source-profile-not-found",
  },
  { message: 'The source profile "base" must have credentials.', answer: "source-profile-not-found" },
  {
    message: "Partial credentials found in assume-role, missing: source_profile or credential_source",
    answer: "source-profile-not-found",
  },
  {
    message:
      "SharedConfigAssumeRoleError: failed to load assume role for arn:aws:iam::123456789012:role/x, source profile has no shared credentials",
    answer: "source-profile-not-found",
  },
  {
    message:
      "Infinite loop in credential configuration detected. Attempting to load from profile \"a\" which has already been visited. Visited profiles: ['a', 'b']",
    answer: "profile-loop",
  },
  { message: "Unable to parse config file: /home/jane/.aws/config", answer: "config-file-broken" },
  {
    message: 'Unable to locate credentials. You can configure credentials by running "aws configure".',
    answer: "no-credentials",
  },
  {
    message: "CredentialsProviderError: Could not load credentials from any providers",
    answer: "no-credentials",
  },
  {
    message:
      "CredentialsProviderError: Could not resolve credentials using profile: [prod] in configuration/credentials file(s).",
    answer: "no-credentials",
  },
  {
    message:
      "NoCredentialProviders: no valid providers in chain. Deprecated.\n\tFor verbose messaging see aws.Config.CredentialsChainVerboseErrors",
    answer: "no-credentials",
  },
  {
    message:
      "error: unable to validate AWS AccessKeyID and/or SecretAccessKey - see https://pulumi.io/install/aws.html for details on configuration",
    answer: "no-credentials",
  },
  {
    message: "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
    answer: "partial-credentials",
  },
  {
    message:
      "aws-vault: error: exec: Failed to get credentials for jane: The specified item could not be found in the keyring",
    answer: "keyring",
  },
  {
    message:
      "Error: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, exceeded maximum number of attempts, 3, request send failed",
    answer: "instance-metadata",
  },
  {
    message:
      "Error when retrieving credentials from Ec2InstanceMetadata: No credentials found in credential_source referenced in profile target",
    answer: "instance-metadata",
  },
  {
    message:
      "error: configuring Terraform AWS Provider: validating provider credentials: AWS account ID not allowed: 444455556666",
    answer: "wrong-account",
  },

  // Keys, signatures and clocks.
  {
    message: cli(
      "SignatureDoesNotMatch",
      "AssumeRole",
      "Signature expired: 20170103T233357Z is now earlier than 20170104T042623Z (20170104T044123Z - 15 min.)",
    ),
    answer: "clock",
  },
  {
    message:
      "InvalidSignatureException: Signature expired: 20160928T135747Z is now earlier than 20160928T140052Z (20160928T140552Z - 5 min.)",
    answer: "clock",
  },
  {
    message:
      "SignatureDoesNotMatch: Signature not yet current: 20260102T101010Z is still later than 20260102T095500Z",
    answer: "clock",
  },
  {
    message: cli(
      "RequestTimeTooSkewed",
      "ListBuckets",
      "The difference between the request time and the current time is too large.",
    ),
    answer: "clock",
  },
  {
    message: cli(
      "SignatureDoesNotMatch",
      "ListObjectsV2",
      "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    ),
    answer: "secret-key-wrong",
  },
  { message: cli("ExpiredToken", "GetObject", "The provided token has expired."), answer: "session-ended" },
  {
    message: "api error ExpiredTokenException: The security token included in the request is expired",
    answer: "session-ended",
  },
  { message: cli("RequestExpired", "DescribeInstances", "Request has expired."), answer: "session-ended" },
  {
    message: cli(
      "InvalidClientTokenId",
      "GetCallerIdentity",
      "The security token included in the request is invalid.",
    ),
    answer: "key-unknown",
  },
  {
    message: cli(
      "UnrecognizedClientException",
      "GetParameter",
      "The security token included in the request is invalid.",
    ),
    answer: "key-unknown",
  },
  {
    message: cli(
      "InvalidAccessKeyId",
      "ListBuckets",
      "The AWS Access Key Id you provided does not exist in our records.",
    ),
    answer: "key-unknown",
  },
  {
    message: cli(
      "AuthFailure",
      "DescribeInstances",
      "AWS was not able to validate the provided access credentials",
    ),
    answer: "key-unknown",
  },
  {
    message: cli(
      "InvalidClientTokenId",
      "ListUsers",
      "The security token included in the request is invalid",
    ),
    answer: "iam-without-mfa",
  },
  { message: '{"message":"Missing Authentication Token"}', answer: "authentication-missing" },
  {
    message:
      "SSL validation failed for https://sts.ap-northeast-1.amazonaws.com/ [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self signed certificate in certificate chain",
    answer: "certificate",
  },

  // Regions and endpoints.
  {
    message: 'You must specify a region. You can also configure your region by running "aws configure".',
    answer: "region-missing",
  },
  {
    message: 'Could not connect to the endpoint URL: "https://s3.eu-north-9.amazonaws.com/"',
    answer: "endpoint-unreachable",
  },
  { message: "Error: Region is not valid: eu-west1", answer: "region-unknown" },
  { message: "Error: Input required and not supplied: aws-region", answer: "region-missing" },
  {
    message: "aws-vault: error: exec: Failed to get credentials for prod: profile jane: credentials missing",
    answer: "keyring",
  },
  {
    message: "Need to perform AWS calls for account 123456789012, but no credentials have been configured",
    answer: "no-credentials",
  },
  {
    message: cli(
      "MalformedPolicy",
      "PutBucketPolicy",
      "Policies must be valid JSON and the first byte must be '{'",
    ),
    answer: "malformed-policy",
  },
  { message: "Error: getaddrinfo ENOTFOUND sts.eu-north-9.amazonaws.com", answer: "endpoint-unreachable" },
  {
    message: cli(
      "AuthorizationHeaderMalformed",
      "ListObjectsV2",
      "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'ap-northeast-1'",
    ),
    answer: "region-wrong",
  },
  {
    message: cli(
      "PermanentRedirect",
      "ListObjectsV2",
      "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    ),
    answer: "region-wrong",
  },
  {
    message: cli(
      "RegionDisabledException",
      "AssumeRole",
      "STS is not activated in this region for account:123456789012. Your account administrator can activate STS in this region using the IAM Console.",
    ),
    answer: "region-disabled",
  },

  // Messages that hide the reason.
  {
    message: cli(
      "UnauthorizedOperation",
      "RunInstances",
      `You are not authorized to perform this operation. Encoded authorization failure message: ${ENCODED}`,
    ),
    answer: "encoded",
  },
  {
    message: cli(
      "UnauthorizedOperation",
      "RunInstances",
      `You are not authorized to perform this operation. User: ${JANE} is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:ap-northeast-1:123456789012:instance/* because no identity-based policy allows the ec2:RunInstances action. Encoded authorization failure message: ${ENCODED}`,
    ),
    refused: {
      who: JANE,
      action: "ec2:RunInstances",
      on: "arn:aws:ec2:ap-northeast-1:123456789012:instance/*",
      type: "identity-based policy",
    },
  },
  {
    message: cli(
      "AccessDeniedException",
      "GetParameter",
      "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
    ),
    ask: "kms-key",
  },
  {
    message: "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden",
    ask: "head-object",
  },
  {
    message:
      "botocore.exceptions.ClientError: An error occurred (403) when calling the HeadBucket operation: Forbidden",
    ask: "head-object",
  },
  { message: cli("AccessDenied", "GetObject", "Access Denied"), ask: "s3-access-denied" },
  {
    message:
      "<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>ABC</RequestId></Error>",
    ask: "s3-access-denied",
  },
  {
    message: cli(
      "AccessDenied",
      "PutBucketPolicy",
      `User: ${JANE} is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::productionapp" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
    ),
    answer: "block-public-access",
  },
  {
    message: cli("AccessControlListNotSupported", "PutObject", "The bucket does not allow ACLs"),
    answer: "acl",
  },
  {
    message: cli(
      "AWS.SimpleQueueService.NonExistentQueue",
      "SendMessage",
      "The specified queue does not exist or you do not have access to it.",
    ),
    ask: "queue-not-found",
  },
  {
    message: "denied: Your authorization token has expired. Reauthenticate and try again.",
    answer: "registry-sign-in",
  },
  {
    message:
      "Error response from daemon: Get https://123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/v2/shared/manifests/latest: no basic auth credentials",
    answer: "registry-sign-in",
  },
  {
    message:
      '{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:ap-northeast-1:********9012:abc/v1/GET/greeting"}',
    answer: "anonymous",
  },

  // GitHub's jobs.
  {
    message:
      "Error: Could not assume role with OIDC: No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com",
    answer: "oidc-provider-missing",
  },
  {
    message:
      "failed to refresh cached credentials, failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 400, InvalidIdentityToken: No OpenIDConnect provider found in your account for https://oidc.example.com",
    answer: "oidc-provider-missing",
  },
  {
    message: cli("InvalidIdentityToken", "AssumeRoleWithWebIdentity", "Incorrect token audience"),
    answer: "oidc-audience",
  },
  {
    message: cli(
      "ExpiredTokenException",
      "AssumeRoleWithWebIdentity",
      "Token expired: current date/time 1754500000 must be before the expiration date/time1754499000",
    ),
    answer: "oidc-token-old",
  },
  {
    message: cli(
      "InvalidIdentityToken",
      "AssumeRoleWithWebIdentity",
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    ),
    answer: "oidc-token-old",
  },
  {
    message:
      "Error: Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers",
    answer: "oidc-permission",
  },
  {
    message:
      "It looks like you might be trying to authenticate with OIDC. Did you mean to set the `id-token` permission?",
    answer: "oidc-permission",
  },
  { message: "Error: Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable", answer: "oidc-permission" },
  {
    message: "Error: Source Account ID is needed if the Role Name is provided and not the Role Arn.",
    answer: "oidc-role-form",
  },
  {
    message: cli("ValidationError", "AssumeRoleWithWebIdentity", "Request ARN is invalid"),
    answer: "oidc-role-form",
  },
  {
    message:
      "Error: Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ask: "web-identity",
  },
  {
    message:
      "Error: User: arn:aws:sts::111122223333:assumed-role/publish/GitHubActions is not authorized to perform: sts:TagSession on resource: arn:aws:iam::123456789012:role/invalidator",
    refused: {
      who: "arn:aws:sts::111122223333:assumed-role/publish/GitHubActions",
      action: "sts:TagSession",
      on: "arn:aws:iam::123456789012:role/invalidator",
    },
  },
  {
    message:
      "##[error]User: arn:aws:iam::***:user/deployer is not authorized to perform: sts:TagSession on resource: arn:aws:iam::***:role/devops",
    refused: {
      who: "arn:aws:iam::***:user/deployer",
      action: "sts:TagSession",
      on: "arn:aws:iam::***:role/devops",
    },
  },
  {
    message:
      "Error: User: arn:aws:iam::***:user/deployer is not authorized to perform: sts:TagSession on resource: ***",
    refused: { who: "arn:aws:iam::***:user/deployer", action: "sts:TagSession" },
  },

  // Policies that AWS does not take, and what is there already.
  {
    message: cli("MalformedPolicy", "PutBucketPolicy", "Invalid principal in policy"),
    answer: "invalid-principal",
  },
  {
    message:
      'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/gone" (Service: AmazonIdentityManagement; Status Code: 400; Error Code: MalformedPolicyDocument)',
    answer: "invalid-principal",
  },
  {
    message: "Policy contains a statement with one or more invalid principals.",
    answer: "invalid-principal",
  },
  {
    message: cli("MalformedPolicyDocument", "CreateRole", "Has prohibited field Resource"),
    answer: "malformed-policy",
  },
  {
    message: 'MalformedPolicyDocument: Resource productionapp must be in ARN format or "*".',
    answer: "malformed-policy",
  },
  {
    message: cli("LimitExceeded", "UpdateAssumeRolePolicy", "Cannot exceed quota for ACLSizePerRole: 2048"),
    answer: "policy-too-large",
  },
  { message: "EntityAlreadyExists: Role with name UpdateApp already exists.", answer: "exists-already" },
  {
    message:
      "error: creating S3 Bucket (productionapp): BucketAlreadyExists: The requested bucket name is not available.",
    answer: "exists-already",
  },
  {
    message: cli(
      "DeleteConflict",
      "DeleteGroup",
      "Cannot delete entity, must remove users from group first.",
    ),
    answer: "delete-conflict",
  },
  {
    message: cli("NoSuchEntity", "GetRole", "The role with name UpdateApp cannot be found."),
    answer: "no-such-entity",
  },
  { message: cli("Throttling", "ListRoles", "Rate exceeded"), answer: "throttled" },
  {
    message: cli(
      "SubscriptionRequiredException",
      "ListTopics",
      "The AWS Access Key Id needs a subscription for the service",
    ),
    answer: "service-not-subscribed",
  },

  // Refusals that name caller and action: the policies answer.
  {
    message: cli(
      "AccessDenied",
      "AssumeRole",
      `User: ${JANE} is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
    ),
    refused: { who: JANE, action: "sts:AssumeRole", on: ROLE },
  },
  {
    message: `aws-vault: error: exec: Failed to get credentials for UpdateApp: operation error STS: AssumeRole, https response error StatusCode: 403, RequestID: 5, api error AccessDenied: User: ${JANE} is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
    refused: { who: JANE, action: "sts:AssumeRole", on: ROLE },
  },
  {
    message: `> Hi, I get this since today:\n>\n> User: ${JANE} is not\n> authorized to perform: sts:AssumeRole on resource:\n> arn:aws:iam::123456789012:role/\n> UpdateApp\n`,
    refused: { who: JANE, action: "sts:AssumeRole", on: ROLE },
  },
  {
    message: `2026-01-02T03:04:05.1234567Z \u001b[31mError: User: ${JANE} is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:ap-northeast-1:123456789012:shared because no resource-based policy allows the sqs:sendmessage action\u001b[0m`,
    refused: {
      who: JANE,
      action: "sqs:sendmessage",
      on: "arn:aws:sqs:ap-northeast-1:123456789012:shared",
      type: "resource-based policy",
    },
  },
  {
    message: `{"__type":"AccessDeniedException","Message":"User: ${JANE} is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:ap-northeast-1:123456789012:parameter/x because no identity-based policy allows the ssm:GetParameter action"}`,
    refused: {
      who: JANE,
      action: "ssm:GetParameter",
      on: "arn:aws:ssm:ap-northeast-1:123456789012:parameter/x",
      type: "identity-based policy",
    },
  },
  {
    message: `denied: User: ${JANE} is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:ap-northeast-1:123456789012:repository/shared because no resource-based policy allows the ecr:BatchGetImage action`,
    refused: {
      who: JANE,
      action: "ecr:BatchGetImage",
      on: "arn:aws:ecr:ap-northeast-1:123456789012:repository/shared",
      type: "resource-based policy",
    },
  },
  {
    message: `AuthorizationError: User: ${JANE} is not authorized to perform: SNS:Publish on resource: arn:aws:sns:ap-northeast-1:123456789012:shared with an explicit deny in a service control policy`,
    refused: {
      who: JANE,
      action: "sns:Publish",
      on: "arn:aws:sns:ap-northeast-1:123456789012:shared",
      type: "service control policy",
    },
  },
  {
    message:
      "Error: IAM Role (arn:aws:iam::123456789012:role/UpdateApp) cannot be assumed.\n\nThere are a number of possible causes of this - the most common are:\n  * The credentials used in order to assume the role are invalid",
    ask: "role-not-assumable",
  },
  {
    message: cli("AccessDenied", "AssumeRole", "Not authorized to perform sts:AssumeRole"),
    ask: "role-not-assumable",
  },

  // Variants.
  {
    message:
      "CredentialsProviderError: The SSO session token associated with profile=dev was not found or is invalid. To refresh this SSO session run aws sso login with the corresponding profile.",
    answer: "sso-expired",
  },
  {
    message:
      "SSOProviderInvalidToken: the SSO session has expired or is invalid\ncaused by: open /root/.aws/sso/cache/0.json",
    answer: "sso-expired",
  },
  {
    message: cli(
      "ValidationError",
      "GetUser",
      "Must specify userName when calling with non-User credentials",
    ),
    answer: "session-credentials-where-keys-are-needed",
  },
  {
    message: cli(
      "InvalidParameter",
      "SetTopicAttributes",
      "Invalid parameter: Policy Error: PrincipalNotFound",
    ),
    answer: "invalid-principal",
  },
  {
    message: cli("InvalidAttributeValue", "SetQueueAttributes", "Invalid value for the parameter Policy."),
    answer: "invalid-principal",
  },
  {
    message: cli(
      "MalformedPolicyDocument",
      "UpdateAssumeRolePolicy",
      'AssumeRolepolicy contained an invalid principal: "*.example.com".',
    ),
    answer: "invalid-principal",
  },
  {
    message: "BucketRegionError: incorrect region, the bucket is not in 'us-east-1' region at endpoint ''",
    answer: "region-wrong",
  },
  { message: cli("ParameterNotFound", "GetParameter", ""), answer: "not-found" },
  {
    message: cli("NoSuchBucket", "ListObjectsV2", "The specified bucket does not exist"),
    answer: "not-found",
  },
  { message: "Your authentication information is incorrect. Please try again.", answer: "console-sign-in" },
  {
    message: cli(
      "UnauthorizedOperation",
      "StartInstances",
      "You are not authorized to perform this operation.",
    ),
    ask: "ec2-unauthorized",
  },
];
