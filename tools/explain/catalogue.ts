/**
 * A message of AWS's or of its tools that says enough by itself, or that names too little to look into policies.
 * A new message is one entry. In the texts {name} stands for a named group of the pattern or for a fact of the stack
 * (stack, region, sessionDuration, trustingAccountId, trustingProfile, trustedAccountId, trustedProfile), and
 * {name|text} for the text where that is not known.
 */
export interface KnownMessage {
  id: string;
  /** Matches the message in one line: see normalizeMessage. The first entry that matches answers. */
  pattern: RegExp;
  cause: string;
  fix: string;
  /** The page that says so. */
  page: string;
  /**
   * Policies decide, and the message does not say which: the actions that it can be about. With who, what and on what
   * given too, the policies are explained instead.
   */
  actions?: RegExp;
  /** The answer holds even where the message names caller and action, of which policies would be explained otherwise. */
  overridesPolicies?: true;
}

const IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide";
const STS = "https://docs.aws.amazon.com/STS/latest/APIReference";
const CLI = "https://docs.aws.amazon.com/cli/latest/userguide";
const SDK = "https://docs.aws.amazon.com/sdkref/latest/guide";
const S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide";
const GITHUB_ACTION = "https://github.com/aws-actions/configure-aws-credentials";

const WHO = "Give --who (its ARN: aws sts get-caller-identity --profile PROFILE)";
const NEW_SESSION =
  "Ask for the role again: in the console switch role again; for the AWS CLI unset AWS_ACCESS_KEY_ID " +
  "AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN, and use --profile, which gets a new session";

export const CATALOGUE: readonly KnownMessage[] = [
  {
    id: "registry-sign-in",
    pattern:
      /no basic auth credentials|Your authorization token has expired\. Reauthenticate|denied: User: anonymous/i,
    cause:
      "Docker is not signed in to the registry of account {trustingAccountId}, or its sign-in of 12 hours has ended",
    fix: "aws ecr get-login-password --region {region} --profile PROFILE | docker login --username AWS --password-stdin {trustingAccountId}.dkr.ecr.{region}.amazonaws.com",
    page: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html",
  },
  // Sessions of roles: how long, and from what.
  {
    id: "role-chaining-hour",
    pattern: /exceeds the 1 hour session limit for roles assumed by role chaining/i,
    cause:
      "The role is assumed from the session of another role. AWS limits such a session to 1 hour, whatever the role allows",
    fix: "Set duration_seconds = 3600 in the profile (aws-vault: no --assume-role-ttl over 1h), or assume the role with the IAM user's own key: source_profile without a role_arn of its own, aws-vault exec --no-session",
    page: `${IAM}/id_roles.html#iam-term-role-chaining`,
  },
  {
    id: "session-too-long",
    pattern: /DurationSeconds exceeds the MaxSessionDuration/i,
    cause:
      "The profile asks for a longer session than the role allows: its duration_seconds is more than the role's longest session. The stack's setting sessionDuration is {sessionDuration} seconds",
    fix: "Set duration_seconds = {sessionDuration} or less in the profile; or raise sessionDuration (up to 43200) and deploy: pulumi config set --stack {stack} cross-account-access:sessionDuration SECONDS, then pulumi up --stack {stack}",
    page: `${IAM}/id_roles_manage_max-session-duration.html`,
  },
  {
    id: "session-length-out-of-range",
    pattern:
      /at 'durationSeconds' failed to satisfy constraint: Member must have value (?:less|greater) than or equal to (?<limit>\d+)/i,
    cause:
      "AWS gives sessions of a role from 900 seconds (15 minutes) to 43200 (12 hours); the profile's duration_seconds is beyond {limit|that}",
    fix: "Set duration_seconds = {sessionDuration} in the profile: the stack's setting sessionDuration",
    page: `${STS}/API_AssumeRole.html`,
  },
  {
    id: "session-name",
    pattern: /at 'roleSessionName' failed to satisfy constraint/i,
    cause: "The session's name has characters that AWS does not take, or not 2 to 64 of them",
    fix: "Use letters, digits and +=,.@_- in role_session_name (profile), AWS_ROLE_SESSION_NAME or role-session-name (GitHub)",
    page: `${STS}/API_AssumeRole.html`,
  },
  {
    id: "session-tags-too-large",
    pattern: /PackedPolicyTooLarge|Packed (?:policy|size).*(?:exceeds|consumes|larger)/i,
    cause: "The session policies and session tags are together larger than AWS takes",
    fix: "Send fewer or shorter session tags (aws-actions/configure-aws-credentials: role-skip-session-tagging: true), or a shorter session policy",
    page: `${IAM}/reference_iam-quotas.html#reference_iam-quotas-entity-length`,
  },
  {
    id: "root-assumes-role",
    pattern:
      /Roles may not be assumed by root accounts|User: arn:aws[\w-]*:iam::[^:]*:root is not authorized to perform: sts:AssumeRole/i,
    overridesPolicies: true,
    cause: "A root user cannot assume a role",
    fix: "Sign in as an IAM user or with a role of the trusted account {trustedAccountId}, who is in the group that can assume it, and assume the role then",
    page: `${IAM}/troubleshoot_roles.html`,
  },
  {
    id: "session-credentials-where-keys-are-needed",
    pattern:
      /Cannot call (?<operation>Get(?:SessionToken|FederationToken)) with session credentials|Must specify userName when calling with non-User credentials/i,
    cause:
      "{operation|This operation} needs an IAM user's own access key, and was called with the credentials of a session",
    fix: "Unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN and use the profile of the own key; in an aws-vault shell, exit it first. A session calls sts assume-role instead",
    page: `${IAM}/id_credentials_temp_request.html`,
  },
  {
    id: "nested-aws-vault",
    pattern:
      /aws-vault sessions should be nested with care|running in an existing aws-vault (?:subshell|session)/i,
    cause: "aws-vault runs inside a shell that aws-vault opened",
    fix: "Type exit to leave that shell, then run aws-vault exec again",
    page: "https://github.com/99designs/aws-vault/blob/master/USAGE.md",
  },

  // MFA.
  {
    id: "mfa-missing",
    pattern: /MultiFactorAuthentication failed,? must provide both MFA serial number and one time pass code/i,
    cause: "Only one of MFA device and MFA code was sent",
    fix: "Set mfa_serial in the profile: the tool then asks for the code. npm run handover -- {stack} --for USER prints it filled in",
    page: `${CLI}/cli-configure-role.html#cli-configure-role-mfa`,
  },
  {
    id: "mfa-device-of-another",
    pattern: /MultiFactorAuthentication failed,? unable to validate MFA code/i,
    cause:
      "The MFA device named by mfa_serial is not a device of the user whose key asks, or its code was used already",
    fix: "Compare mfa_serial with aws iam list-mfa-devices --profile PROFILE, and ask again with a new code",
    page: `${IAM}/troubleshoot_mfa.html`,
  },
  {
    id: "mfa-code",
    pattern: /MultiFactorAuthentication failed/i,
    cause:
      "AWS STS refuses before any policy: the MFA code, or the device that it belongs to, is not the caller's",
    fix: "Nothing in the program. Ask again with a new code of the caller's own device (mfa_serial); each code works once",
    page: `${IAM}/troubleshoot_mfa.html`,
  },
  {
    id: "mfa-code-form",
    pattern: /(?:Invalid length for parameter TokenCode|at 'tokenCode' failed to satisfy constraint)/i,
    cause: "An MFA code is 6 digits",
    fix: "Type the 6 digits that the authenticator app shows now. A security key (FIDO, passkey) gives no code: the command line needs an authenticator app too",
    page: `${IAM}/id_credentials_mfa_enable_virtual.html`,
  },
  {
    id: "mfa-serial-form",
    pattern: /at 'serialNumber' failed to satisfy constraint|Invalid length for parameter SerialNumber/i,
    cause: "mfa_serial is no MFA device's ARN",
    fix: "Set it to the SerialNumber that aws iam list-mfa-devices --profile PROFILE prints: arn:aws:iam::{trustedAccountId}:mfa/NAME",
    page: `${CLI}/cli-configure-role.html#cli-configure-role-mfa`,
  },
  {
    id: "mfa-not-asked",
    pattern:
      /assumeRole.*MFA.*(?:callback|token provider)|requires multi-?factor authentication, but no MFA code callback was provided|MFA token provider is not (?:set|configured)|AssumeRoleTokenProviderNotSetError|token provider required for AssumeRole with MFA|AssumeRoleTokenProvider session option not set/i,
    cause: "The profile has mfa_serial, and this program does not ask for the code",
    fix: 'Get the session first with a tool that asks, then run the program in it: aws-vault exec PROFILE -- COMMAND, or eval "$(aws configure export-credentials --profile PROFILE --format env)"',
    page: `${SDK}/feature-assume-role-credentials.html`,
  },

  // The console.
  {
    id: "console-switch-role",
    pattern:
      /(?:Could|Can|Unable)(?: ?not|n't)?(?: to)? switch roles?(?! when)|Invalid information in one or more fields\. Check your information or contact your administrator/i,
    cause:
      "The console says no more. In the order of how often it is: the account or role name is mistyped; the sign-in was without MFA; the user is not in the group that can assume the role; the user is the root user; the role requires an external ID, which the console does not send",
    fix: "Open the link that npm run handover -- {stack} prints, signed in to account {trustedAccountId} as an IAM user with MFA. Still refused: npm run explain -- {stack} --who USER --action sts:AssumeRole --on ROLE-ARN",
    page: `${IAM}/troubleshoot_roles.html`,
  },
  {
    id: "console-root-switch-role",
    pattern:
      /(?:root user|root account).{0,60}(?:switch(?:ing)? roles?|assume)|switch(?:ing)? roles?.{0,60}root user/i,
    cause: "The root user cannot switch roles",
    fix: "Sign in to account {trustedAccountId} as an IAM user or through IAM Identity Center",
    page: `${IAM}/id_roles_use_switch-role-console.html`,
  },
  {
    id: "console-signed-out",
    pattern:
      /You must first log ?out before logging into a different AWS account|your session has expired.{0,40}(?:sign in|log in|reload)/i,
    cause: "The browser holds a session of another account, or one that has ended",
    fix: "Sign out, sign in to account {trustedAccountId}, and open the switch-role link again",
    page: `${IAM}/id_roles_use_switch-role-console.html`,
  },

  {
    id: "console-sign-in",
    pattern: /authentication information is incorrect|incorrect (?:username|user name) or password/i,
    cause:
      "The sign-in itself failed, before any role: account ID, user name, password or MFA code is wrong, or the user is of another account",
    fix: "Sign in as an IAM user to account {trustedAccountId}: https://{trustedAccountId|ACCOUNT}.signin.aws.amazon.com/console. An administrator resets the password or MFA device",
    page: "https://docs.aws.amazon.com/signin/latest/userguide/troubleshooting-sign-in-issues.html",
  },

  // IAM Identity Center.
  {
    id: "sso-login-timed-out",
    pattern:
      /pending authorization to retrieve an SSO token has expired|AuthorizationPendingException|device (?:code|authorization).{0,30}expired/i,
    cause: "The sign-in page of IAM Identity Center was not confirmed in time",
    fix: "Run aws sso login --profile {profile|PROFILE} again, and confirm the page in the browser within 10 minutes",
    page: `${CLI}/cli-configure-sso.html#cli-configure-sso-login`,
  },
  {
    id: "sso-incomplete-profile",
    pattern:
      /profile "?[^\s"]*"? ?is configured to use SSO but is missing|Profile .{0,80}(?:sso_start_url|sso_session|sso_region|sso_account_id|sso_role_name).{0,80}(?:missing|required)|Missing the following required SSO configuration|sso-session.{0,60}(?:does not exist|could not be found|not found)/i,
    cause:
      "The profile of IAM Identity Center is incomplete, or names an sso-session that ~/.aws/config does not have",
    fix: "aws configure sso --profile {profile|PROFILE} writes it whole",
    page: `${SDK}/feature-sso-credentials.html`,
  },
  {
    id: "sso-expired",
    pattern:
      /SSO session associated with this profile (?:has expired|is invalid)|SSO session (?:token associated with profile=(?<profile>[^\s]+)|has expired)|SSOProviderInvalidToken|InvalidSSOToken|Token has expired and refresh failed|SSO (?:access )?token (?:associated with this profile )?(?:has|is)? ?(?:either )?expired|cached SSO (?:token|login) is expired|Token is expired\. To refresh this SSO session|UnauthorizedSSOTokenError|InvalidGrantException|run ['"`]?aws sso login|Session token not found or invalid|refresh cached SSO token failed/i,
    cause: "The session of IAM Identity Center (SSO) has ended",
    fix: "aws sso login --profile {profile|PROFILE} (the profile that was used), then ask again",
    page: `${CLI}/cli-configure-sso.html#cli-configure-sso-login`,
  },
  {
    id: "sso-absent",
    pattern:
      /Error loading SSO Token|SSOTokenLoadError|Token for \S+ does not exist|failed to read cached SSO token file|SSO session token file.*(?:not found|no such file)|no cached SSO (?:access )?token/i,
    cause: "Nobody signed in to IAM Identity Center (SSO) for this profile yet",
    fix: "aws sso login --profile {profile|PROFILE} (the profile that was used), then ask again",
    page: `${CLI}/cli-configure-sso.html#cli-configure-sso-login`,
  },
  {
    id: "sso-no-access",
    pattern:
      /(?:ForbiddenException|AccessDenied).{0,60}GetRoleCredentials|GetRoleCredentials.{0,160}(?:ForbiddenException|No access)/i,
    cause:
      "IAM Identity Center gives this person no such permission set in this account: sso_account_id or sso_role_name of the profile is wrong, or the assignment is missing",
    fix: "See what is assigned in the access portal; write the profile anew: aws configure sso --profile {profile|PROFILE}; or have Identity Center's administrator assign it",
    page: "https://docs.aws.amazon.com/singlesignon/latest/userguide/useraccess.html",
  },

  // Tokens of GitHub's jobs, and of other OpenID Connect providers.
  {
    id: "oidc-provider-missing",
    pattern: /No OpenIDConnect provider found in your account for (?<issuer>\S+)/i,
    cause: "The account of the role has no OpenID Connect provider for {issuer}",
    fix: "Let the stack create it (docs/pull-requests.md names the setting), and deploy; where another program made it, its URL must be exactly this one, and the role's ARN (role-to-assume) be of that account",
    page: `${IAM}/id_roles_providers_create_oidc.html`,
  },
  {
    id: "oidc-audience",
    pattern: /Incorrect token audience/i,
    cause: "The token is meant for another audience than the provider's client IDs",
    fix: "Leave the action's input audience at sts.amazonaws.com (in China sts.amazonaws.com.cn), and let the provider's client IDs have it",
    page: `${IAM}/id_roles_providers_create_oidc.html`,
  },
  {
    id: "oidc-token-old",
    pattern:
      /InvalidIdentityToken|Token expired: current date\/time|ExpiredTokenException.{0,120}current date\/time|Couldn't retrieve verification key from your identity provider|certificate doesn't match configured thumbprint/i,
    cause:
      "AWS does not take the job's token: it is older than a few minutes, or AWS could not verify who signed it",
    fix: "Get the credentials in the step that needs them, or shortly before; run the job again. If it stays so, compare the provider's URL with https://token.actions.githubusercontent.com",
    page: `${IAM}/troubleshoot_roles.html`,
  },
  {
    id: "oidc-permission",
    pattern:
      /Did you mean to set the `?id-token`? permission|ACTIONS_ID_TOKEN_REQUEST_(?:URL|TOKEN)|Credentials could not be loaded, please check your action inputs/i,
    cause:
      "GitHub gave the job no token: the workflow does not ask for one, or the pull request comes from a fork, which gets none",
    fix: "Give the job permissions: id-token: write (and contents: read), and the action role-to-assume and aws-region",
    page: `${GITHUB_ACTION}#oidc`,
  },
  {
    id: "oidc-role-form",
    pattern:
      /Source Account ID is needed if the Role Name is provided|Request ARN is invalid|at 'roleArn' failed to satisfy constraint|(?:roleArn|RoleArn).{0,40}(?:is )?invalid/i,
    cause:
      "role_arn (GitHub: role-to-assume) is no role's ARN: a variable that is empty, a name alone, or blanks in it",
    fix: "Set it to the ARN that pulumi stack output --stack {stack} prints: arn:aws:iam::{trustingAccountId}:role/NAME",
    page: `${IAM}/reference_identifiers.html#identifiers-arns`,
  },
  {
    id: "web-identity",
    pattern: /perform:? ?sts:AssumeRoleWithWebIdentity/i,
    actions: /^sts:AssumeRoleWithWebIdentity$/,
    cause:
      "The role does not exist, or its trust policy names another subject or audience than the job's token",
    fix: "Give --who with the token's subject (repo:OWNER/NAME:…; a job in an environment: repo:OWNER/NAME:environment:NAME), --on with the role's ARN (role-to-assume)",
    page: "https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws",
  },

  // Profiles and credentials.
  {
    id: "source-profile-not-found",
    pattern:
      /source[_ ]profile "?(?<profile>[^\s"]+)"? referenced in the profile "?[^\s"]+"? does not exist|source profile "?(?<profile2>[^\s"]+)"? must have credentials|Profile .{1,80} requires? (?:a )?source_?profile|missing: ?source_profile or credential_source|source profile has no shared credentials|requires a role to be assumed, but no role assumption callback/i,
    cause:
      "The profile assumes a role with the credentials of its source_profile, and that profile is missing or holds none",
    fix: "Set source_profile to the profile of the own access key (in a handover: YOUR-PROFILE), and fill that: aws configure --profile {profile|PROFILE}",
    page: `${CLI}/cli-configure-role.html`,
  },
  {
    id: "profile-not-found",
    pattern:
      /config profile \((?<profile>[^)]+)\) could not be found|Profile (?<profile2>\S+) could not be found or parsed in shared credentials file|ProfileNotFound|failed to get shared config profile,? (?<profile3>[^\s,]+)|Could not find (?:AWS )?(?:profile|credentials? for profile) (?:named )?'?(?<profile4>[\w-]+)|profile "?(?<profile5>[\w-]+)"? (?:not found|does not exist)/i,
    cause: "~/.aws/config (or the file that AWS_CONFIG_FILE names) has no profile {profile|of this name}",
    fix: "For a role of the stack: npm run handover -- {stack} prints its profile, and with --write adds it. For a profile of the stack's settings (trustingProfile, trustedProfile): aws configure --profile {profile|PROFILE}. Those that are there: aws configure list-profiles",
    page: `${CLI}/cli-configure-files.html`,
  },
  {
    id: "profile-loop",
    pattern:
      /Infinite loop in credential configuration detected|cycle (?:detected )?in (?:the )?(?:credential|profile)|circular (?:dependency|reference).{0,40}profile/i,
    cause: "The profiles name each other as source_profile in a circle",
    fix: "Let the last source_profile be one that holds an access key or an SSO session, and no role_arn",
    page: `${CLI}/cli-configure-role.html`,
  },
  {
    id: "config-file-broken",
    pattern: /Unable to parse config file:? ?(?<file>\S*)|ConfigParseError/i,
    cause: "The AWS config file {file|~/.aws/config} is not in the form that AWS reads",
    fix: "Look for a line that is neither [profile NAME] nor key = value, a profile that is there twice, or a section without its brackets",
    page: `${CLI}/cli-configure-files.html`,
  },
  {
    id: "partial-credentials",
    pattern: /Partial credentials found/i,
    cause: "Of an access key only one half is set",
    fix: "Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither: unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN",
    page: `${SDK}/feature-static-credentials.html`,
  },
  {
    id: "keyring",
    pattern:
      /specified item could not be found in the keyring|: credentials missing|keyring.{0,60}(?:locked|not found|failed)/i,
    cause: "aws-vault has no key of this name in its store",
    fix: "aws-vault add PROFILE, with the name that source_profile says; aws-vault list shows those that are there",
    page: "https://github.com/99designs/aws-vault/blob/master/USAGE.md",
  },
  {
    id: "wrong-account",
    pattern:
      /AWS account ID not allowed: ?(?<found>\d{12})|account ID .{0,20}(?<found2>\d{12}).{0,40}(?:is )?not allowed/i,
    cause:
      "The credentials belong to account {found|that is not allowed}, and the stack deploys into {trustingAccountId} (profile {trustingProfile}) and {trustedAccountId} (profile {trustedProfile})",
    fix: "Compare: aws sts get-caller-identity --profile {trustingProfile}, and with {trustedProfile}. Then change that profile's credentials, or the setting: pulumi config set --stack {stack} cross-account-access:trustingProfile PROFILE (or trustedProfile)",
    page: `${CLI}/cli-configure-files.html`,
  },

  // Keys, signatures and clocks.
  {
    id: "clock",
    pattern:
      /Signature expired: .{0,80}(?:is now earlier than|earlier than)|Signature not yet current|RequestTimeTooSkewed|difference between the request time and the (?:current|server) time is too large/i,
    cause: "The clock of the machine that signed the request is wrong by more than 5 minutes (15 for S3)",
    fix: "Set the clock: timedatectl set-ntp true (Linux), sudo sntp -sS time.apple.com (macOS), w32tm /resync (Windows); a virtual machine or WSL that slept: restart it. Then ask again",
    page: `${IAM}/reference_sigv-troubleshooting.html`,
  },
  {
    id: "secret-key-wrong",
    pattern: /SignatureDoesNotMatch|request signature we calculated does not match/i,
    cause: "The secret access key is not that of the access key ID, or something between changed the request",
    fix: "Write the key anew, without blanks or quotes around it: aws configure --profile PROFILE. A proxy must pass requests on as they are",
    page: `${IAM}/reference_sigv-troubleshooting.html`,
  },
  {
    id: "session-ended",
    pattern:
      /ExpiredToken(?:Exception)?\b(?!.{0,80}current date\/time)|RequestExpired|Request has expired|security token included in the request is expired|provided token has expired|credentials? (?:have|has) expired/i,
    cause:
      "The session has ended, or the key that was shown no longer exists; of RequestExpired the clock may be wrong too",
    fix: `Nothing in the program. ${NEW_SESSION}`,
    page: `${IAM}/troubleshoot.html#troubleshoot_general_expired-temporary`,
  },
  {
    id: "iam-without-mfa",
    pattern:
      /InvalidClientTokenId.{0,40}when calling the (?:Get|List|Create|Update|Delete|Put|Attach|Detach|Add|Remove)\w*(?:User|Role|Group|Polic|AccountSummary|Provider|InstanceProfile|MFADevice|AccessKey)/i,
    cause:
      "IAM takes no session of GetSessionToken that was made without MFA, whatever the user may do (aws-vault makes such sessions); or the key no longer exists",
    fix: "Set mfa_serial in the profile, or use the key itself for this: aws-vault exec --no-session PROFILE -- COMMAND. aws sts get-caller-identity --profile PROFILE says whether the key is good",
    page: `${STS}/API_GetSessionToken.html`,
  },
  {
    id: "key-unknown",
    pattern:
      /InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|InvalidToken\b|security token included in the request is invalid|Access Key Id you provided does not exist|AuthFailure|not able to validate the provided access credentials/i,
    cause:
      "The endpoint knows no such key or session: it was deleted or deactivated, its session token is missing, it belongs to another partition (China, GovCloud) or to another sandbox, or the region is not enabled in the account",
    fix: `Nothing in the program. aws sts get-caller-identity --profile PROFILE says whether the own key is good. ${NEW_SESSION}`,
    page: `${IAM}/troubleshoot.html`,
  },
  {
    id: "authentication-missing",
    pattern: /MissingAuthenticationToken|Missing Authentication Token/i,
    cause: "The request was not signed, or (API Gateway) its path or method is not one of the API's stage",
    fix: "Call the address that the stack's outputs say, with the stage in it, signed with credentials: awscurl, or an AWS SDK's signer",
    page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html",
  },

  {
    id: "certificate",
    pattern:
      /failed to verify certificate|CERTIFICATE_VERIFY_FAILED|SSL validation failed|self[- ]signed certificate|unable to get local issuer certificate/i,
    cause: "The connection to AWS ends at a proxy whose certificate this machine does not trust",
    fix: "Name the proxy's certificate: AWS_CA_BUNDLE=FILE for the AWS CLI and SDKs, NODE_EXTRA_CA_CERTS=FILE for Node.js",
    page: `${CLI}/cli-configure-proxy.html`,
  },

  // Regions and endpoints.
  {
    id: "region-missing",
    pattern:
      /You must specify a region|Input required and not supplied: aws-region|Region is missing|NoRegionError|MissingRegion|could not find region configuration/i,
    cause: "The tool knows no region",
    fix: "--region {region}, or region = {region} in the profile",
    page: `${SDK}/feature-region.html`,
  },
  {
    id: "region-unknown",
    pattern:
      /(?:Region is not valid|Invalid (?:AWS )?region(?: name)?|Provided region_name):? '?"?(?<found>[\w-]*)|InvalidRegionError|Invalid endpoint: https?:\/\/[\w.-]*\.\./i,
    cause: "AWS has no region of this name: {found|see the message}",
    fix: "Compare it with {region}, the stack's: --region, region in the profile, AWS_REGION, aws-region in a workflow",
    page: "https://docs.aws.amazon.com/general/latest/gr/rande.html",
  },
  {
    id: "endpoint-unreachable",
    pattern:
      /Could not connect to the endpoint URL|EndpointConnectionError|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|no such host|Name or service not known/i,
    cause:
      "There is no such address: the region is mistyped or does not offer the service, or the machine has no network; an endpoint_url on this machine is a sandbox that is not running",
    fix: "Compare region in the profile with {region}, the stack's. A sandbox: npm run sandbox -- status, and npm run rehearse -- {stack} starts it",
    page: "https://docs.aws.amazon.com/general/latest/gr/rande.html",
  },
  {
    id: "region-wrong",
    pattern:
      /region '?(?<found>[\w-]+)'? is wrong; expecting '?(?<expected>[\w-]+)|AuthorizationHeaderMalformed|incorrect region, the bucket is not in|IllegalLocationConstraint|must be addressed using the specified endpoint|PermanentRedirect|(?:is|not) in this region: (?<expected2>[\w-]+)|Credential should be scoped to a valid region/i,
    cause:
      "The request was signed for or sent to another region than the resource is in ({expected|see its console page})",
    fix: "--region {region}, or region = {region} in the profile: the stack's region",
    page: `${S3}/UsingBucket.html`,
  },
  {
    id: "region-disabled",
    pattern:
      /RegionDisabledException|STS is not activated in this region|not (?:enabled|subscribed|opted in).{0,60}region|OptInRequired/i,
    cause: "The region, or STS in it, is not enabled in the account that was asked",
    fix: "Have an administrator of that account enable it (Account settings, AWS Regions), or use an enabled region: the stack's is {region}",
    page: `${IAM}/id_credentials_temp_enable-regions.html`,
  },

  // Messages that hide the reason.
  {
    id: "encoded",
    pattern: /^(?!.*User: arn:).*Encoded authorization failure message: (?<encoded>[\w-]{8,})/i,
    cause:
      "AWS encodes the reason: only principals of the account that was asked, with sts:DecodeAuthorizationMessage, can read it",
    fix: "aws sts decode-authorization-message --profile {trustingProfile} --query DecodedMessage --output text --encoded-message {encoded} (of account {trustedAccountId}: --profile {trustedProfile}). Then give what it says: npm run explain -- {stack} --who ARN --action SERVICE:ACTION --on ARN",
    page: `${STS}/API_DecodeAuthorizationMessage.html`,
  },
  {
    id: "kms-key",
    pattern: /ciphertext refers to a customer master key/i,
    actions: /^kms:/,
    cause:
      "The role that asks may not use the KMS key: the setting with the key's ARN must name it, and the key's own policy, which is not this stack's, must let the role's account use kms:Decrypt",
    fix: "Give --who with the ARN of the role's session, --action kms:Decrypt, --on with the key's ARN",
    page: "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html",
  },
  {
    id: "head-object",
    pattern:
      /\(403\) when calling the Head(?:Object|Bucket) operation|HeadObject.{0,120}(?:Forbidden|\b403\b)|fatal error: An error occurred \(403\)/i,
    actions: /^s3:(GetObject|ListBucket)$/,
    cause:
      "S3 answers HEAD requests without a reason. HeadObject needs s3:GetObject, and HeadBucket s3:ListBucket; where the caller has no s3:ListBucket, an object that does not exist is answered with 403 too",
    fix: `Check the key's spelling first. ${WHO}, --action s3:GetObject (of HeadBucket s3:ListBucket), --on arn:aws:s3:::BUCKET/KEY`,
    page: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html",
  },
  {
    id: "block-public-access",
    pattern:
      /BlockPublic(?:Access|Policy|Acls)|block public access|public policies are (?:blocked|prevented)/i,
    overridesPolicies: true,
    cause: "The bucket's Block Public Access refuses a policy or ACL that would let everyone in",
    fix: "Nothing: the stack's buckets are meant to refuse it. Name the accounts or principals in the bucket's policy instead of *",
    page: `${S3}/access-control-block-public-access.html`,
  },
  {
    id: "acl",
    pattern: /AccessControlListNotSupported|bucket does not allow ACLs/i,
    cause: "The bucket's owner owns every object, and ACLs are off",
    fix: "Send no ACL (--acl, x-amz-acl): the bucket's policy says who gets in",
    page: `${S3}/about-object-ownership.html`,
  },
  {
    id: "queue-not-found",
    pattern: /NonExistentQueue|queue does not exist(?: or you do not have access)?|QueueDoesNotExist/i,
    actions: /^sqs:/,
    cause:
      "There is no such queue in this account and region; of another account, AWS says the same where it does not let the caller in",
    fix: `Use the queue's whole URL, from the stack's outputs. ${WHO}, --action sqs:SendMessage, --on arn:aws:sqs:{region}:{trustingAccountId}:QUEUE`,
    page: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/troubleshooting-fifo-throttling-issues.html",
  },

  // Policies that AWS does not take.
  {
    id: "invalid-principal",
    pattern:
      /one or more invalid principals|contained an invalid principal|Principal ?Not ?Found|Invalid value for the parameter Policy|Invalid principal in policy(?:: ?"?\w+"? ?: ?"?(?<principal>[^\s"]+))?/i,
    cause:
      "The policy names a principal that does not exist: {principal|an ID or ARN}. An ID such as AIDA… or AROA… is what AWS leaves of a user or role that was deleted; an ARN is of one that was never there, or is mistyped",
    fix: "Remove it from the policy, or name the account with a condition on aws:PrincipalArn, which survives re-creation. Is the policy this stack's: pulumi up --refresh --stack {stack} writes it again",
    page: `${IAM}/reference_policies_elements_principal.html`,
  },
  {
    id: "malformed-policy",
    pattern:
      /MalformedPolicy(?:Document)?|Syntax errors in policy|Has prohibited field|policy failed legacy parsing|has invalid resource|Missing required field|may only specify STS AssumeRole actions|Action does not apply to any resource|Unknown field|must be in ARN format|must be valid JSON|invalid JSON|not in (?:the )?valid JSON format|invalid policy document/i,
    cause:
      "AWS does not take the policy's text: JSON that is broken, an element that this kind of policy does not have (a trust policy has no Resource, an identity-based policy no Principal), or an ARN or action that does not fit",
    fix: "aws accessanalyzer validate-policy --policy-type IDENTITY_POLICY --policy-document file://POLICY.json names the place (RESOURCE_POLICY for trust and resource policies)",
    page: `${IAM}/troubleshoot_policies.html`,
  },
  {
    id: "policy-too-large",
    pattern:
      /Maximum policy size of \d+ bytes exceeded|Cannot exceed quota for (?:ACLSizePerRole|PolicySize)|policy .{0,40}(?:exceeds|too (?:large|big))/i,
    cause:
      "The policy is longer than AWS takes: 2048 characters for a trust policy (4096 by request), 10240 for a role's inline policies, 20480 for a bucket's",
    fix: "Name fewer principals: an organisation (aws:PrincipalOrgID) or an account instead of many ARNs; or ask for a higher quota of the trust policy",
    page: `${IAM}/reference_iam-quotas.html`,
  },
  {
    id: "exists-already",
    pattern:
      /EntityAlreadyExists|(?:Role|Group|User|Provider) with (?:name|url) .{1,120} already exists|BucketAlready(?:Exists|OwnedByYou)/i,
    cause:
      "The account has a role, group, user or provider of this name already (a bucket: anyone's account)",
    fix: "Import it into the stack, or rename it by its setting: docs/to-real-accounts.md says how; of GitHub's provider: docs/pull-requests.md",
    page: `${IAM}/troubleshoot.html`,
  },
  {
    id: "delete-conflict",
    pattern: /DeleteConflict|Cannot delete entity, must (?:remove|detach|delete)|BucketNotEmpty/i,
    cause:
      "Something hangs on it that the stack did not create: a policy, a key, a member, or objects in the bucket",
    fix: "Remove what was added by hand, then pulumi destroy or up --stack {stack} again",
    page: `${IAM}/troubleshoot.html`,
  },
  {
    id: "no-such-entity",
    pattern: /NoSuchEntity|(?:role|user|group) with name (?<name>\S+) cannot be found/i,
    cause:
      "The account that was asked has no such role, user or group ({name|see the message}): the wrong account's profile, or it was deleted by hand",
    fix: "aws sts get-caller-identity --profile PROFILE says which account was asked. Deleted by hand: pulumi up --refresh --stack {stack} creates it again",
    page: `${IAM}/troubleshoot.html`,
  },
  {
    id: "not-found",
    pattern:
      /NoSuchBucket|NoSuchKey|ParameterNotFound|RepositoryNotFound|InvalidInstanceID\.NotFound|ResourceNotFoundException|specified (?:bucket|key) does not exist/i,
    cause:
      "There is nothing of this name in the account and region that were asked: it is mistyped, or it was asked for with another profile or region than the one that owns it",
    fix: "Names are in pulumi stack output --stack {stack}; the region is {region}. To reach what account {trustingAccountId} owns through a role, use that role's profile: aws sts get-caller-identity --profile PROFILE says which account answers",
    page: `${IAM}/troubleshoot.html`,
  },
  {
    id: "throttled",
    pattern: /Throttling(?:Exception)?\b|Rate exceeded|TooManyRequests|RequestLimitExceeded|SlowDown/i,
    cause: "AWS limits how often this is asked",
    fix: "Wait a minute and ask again; set AWS_RETRY_MODE=adaptive",
    page: `${SDK}/feature-retry-behavior.html`,
  },
  {
    id: "service-not-subscribed",
    pattern:
      /SubscriptionRequired|not signed up|account is (?:suspended|not (?:activated|verified))|PendingVerification/i,
    cause: "The account itself may not use the service yet: it is new, unpaid or suspended",
    fix: "Have the account's owner finish the sign-up, or ask AWS Support",
    page: "https://repost.aws/knowledge-center/error-access-service",
  },

  // What says the least stands last.
  {
    id: "instance-metadata",
    pattern:
      /no (?:EC2 )?(?:IMDS|instance) role found|No (?:instance profile|credentials).{0,60}(?:Ec2InstanceMetadata|credential_source)|credential_source referenced in profile|Ec2InstanceMetadata.{0,40}(?:No credentials|not found)|(?:reach|contact|retrieve|load).{0,40}instance metadata|EC2 Metadata.{0,60}(?:timed? ?out|failed|404)|ec2imds: GetMetadata/i,
    cause:
      "The tool found no other credentials, or the profile names no others, so it asked for those of an EC2 instance; and this is not one, or it has no instance profile",
    fix: "On a laptop name a profile with credentials (--profile PROFILE, AWS_PROFILE), with source_profile and not credential_source. On the instance: aws ec2 describe-iam-instance-profile-associations shows its profile",
    page: `${SDK}/feature-imds-credentials.html`,
  },
  {
    id: "no-credentials",
    pattern:
      /Unable to (?:locate|find) credentials|Could not load credentials from any providers|NoCredentialProviders|no valid credential sources|NoCredentialsError|Could not resolve credentials using profile|failed to (?:refresh cached|retrieve) credentials|unable to validate AWS (?:credentials|AccessKeyID)|Missing credentials in config|no credentials have been configured|No (?:AWS )?credentials (?:were )?(?:found|configured|available|provided)|AWS account ID not previously found/i,
    cause: "The tool found no credentials: no profile was named, or the one that was named holds none",
    fix: 'Name the profile (--profile PROFILE, or export AWS_PROFILE=PROFILE). In a rehearsed stack: eval "$(npm run -s sandbox -- env {trustedProfile})" points the shell at it. A new key: aws configure --profile PROFILE',
    page: `${SDK}/standardized-credentials.html`,
  },
  {
    id: "anonymous",
    pattern: /User: anonymous is not authorized/i,
    overridesPolicies: true,
    cause: "The request carried no credentials, so AWS took it for anyone's",
    fix: "Sign it: with --profile PROFILE, AWS_PROFILE, or an AWS SDK's signer for HTTP requests. A public resource is not meant here",
    page: `${SDK}/standardized-credentials.html`,
  },
  {
    id: "role-not-assumable",
    pattern:
      /Role \(?"?(?<role>arn:[^\s")]+)"?\)? cannot be assumed|when calling the AssumeRole operation: (?:Access denied|Not authorized to perform:? sts:AssumeRole)\.?$/i,
    actions: /^sts:AssumeRole$/,
    cause:
      "The role does not exist under this name (names are case-sensitive), the caller's own policies do not allow sts:AssumeRole on it, or its trust policy does not let the caller in",
    fix: `${WHO}, --action sts:AssumeRole, --on {role|arn:aws:iam::ACCOUNT:role/NAME}`,
    page: `${IAM}/troubleshoot_roles.html`,
  },
  {
    id: "ec2-unauthorized",
    pattern: /You are not authorized to perform this operation\.?$/i,
    actions: /^ec2:/,
    cause: "EC2 refuses, and names neither who asked nor which policy",
    fix: `${WHO}, --action such as ec2:StartInstances, --on the instance's ARN, or * for what belongs to no instance`,
    page: `${IAM}/troubleshoot_iam-ec2.html`,
  },
  {
    id: "s3-access-denied",
    pattern:
      /when calling the \w+ operation: ?Access ?Denied\.?$|^(?:.*: ?)?Access ?Denied\.?$|<Code>AccessDenied<\/Code>/i,
    actions: /^s3:/,
    cause: "S3 refuses, and does not say which side",
    fix: `${WHO}, --action such as s3:GetObject, or s3:ListBucket for the operations List…, --on arn:aws:s3:::BUCKET/KEY`,
    page: `${S3}/troubleshoot-403-errors.html`,
  },
  {
    id: "console-access-denied",
    pattern:
      /You (?:don't|do not) have permissions? to (?:perform|access|list|view)|Insufficient permissions to list objects|You need permissions/i,
    actions: /./,
    cause: "The console was refused, and names neither who asked nor what",
    fix: "Open Diagnose or the message's details for User, action and resource, and give the whole text as --message; or --who (the ARN at the top right of the console, or aws sts get-caller-identity), --action and --on",
    page: `${IAM}/troubleshoot_access-denied.html`,
  },
];
