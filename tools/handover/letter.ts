import type { Statement } from "../../infra/access/policy";
import type { Settings } from "../../infra/settings";
import type { DeployedRole } from "../deployed-policies";
import { conditionWords, duration, statementWords } from "../report/words";
import { type CliProfile, placeholdersOf, profileText } from "./profile";

/** What a letter about one role is made of. */
export interface Handover {
  settings: Pick<Settings, "stack" | "trustingAccountId" | "trustedAccountId" | "trustIamUsers">;
  roleName: string;
  /** Empty where the console cannot switch to the role. */
  switchRoleLink: string;
  cliProfile: CliProfile;
  /** Text for ~/.aws/config of people who sign in by IAM Identity Center, where the stack lets them in. */
  permissionSetProfile?: string;
  /** The role as deployed; undefined where the stack does not manage its account. */
  role: Pick<DeployedRole, "description" | "trust" | "policies"> | undefined;
  /** The person's name, and the ARN of their MFA device where they have one. */
  person?: { name: string; mfaSerial: string | undefined };
}

/**
 * The text that an administrator sends: link, profile, what the person can do and for how long, and what to do when
 * access is denied. It holds no secret: an external ID is none (see the page), and keys are the person's own.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
 */
export function letter(handover: Handover): string {
  const { settings, roleName, role, person, cliProfile, permissionSetProfile = "" } = handover;
  const { stack, trustingAccountId, trustedAccountId, trustIamUsers } = settings;
  const statement = role ? peopleStatement(role.trust) : asProfile(cliProfile);
  const instructions = statement ? conditionWords(statement).map(({ instruction }) => instruction) : [];
  const seconds = Number(cliProfile.settings.get("duration_seconds") ?? 3600);
  const [, source] = /^source_profile = (.*)$/m.exec(trustIamUsers ? "" : permissionSetProfile) ?? [];
  const { name } = cliProfile;
  const from = trustIamUsers ? "From your user in" : "Signed in by IAM Identity Center to";
  return `# ${title(handover)}
${person ? `\nHello ${person.name},\n` : ""}
${from} account ${trustedAccountId} you can assume the role ${roleName} in account ${trustingAccountId}, for ${duration(seconds)} at a time;
then assume it again.${instructions.length > 0 ? ` For that ${instructions.join(", and ")}.` : ""}
While you use the role, your own permissions do not apply.
${firstStep(handover)}
## What you may do
${role ? role.policies.flatMap(({ statements }) => statements.map((each) => `- ${statementWords(each)}`)).join("\n") : `Ask the owner of account ${trustingAccountId}: this stack does not manage it.`}
Nothing else.

## In the console
${consoleText(handover, statement)}

## On the command line
${profiles(handover)}

- AWS CLI: \`aws sts get-caller-identity --profile ${name}\`
- aws-vault: \`aws-vault exec ${name} -- aws sts get-caller-identity\`${source ? "" : ", your key kept by `aws-vault add YOUR-PROFILE`"}
- granted: \`assume ${name}\`

## Access denied?
Send the whole message to the person who sent you this. They run
\`npm run explain -- ${stack} --message "THE MESSAGE"\`
or, where it names no one: \`npm run explain -- ${stack} --who YOUR-ARN --action ACTION --on ARN\`.
Your ARN: \`aws sts get-caller-identity --profile ${name}\` where you were refused as ${roleName},
\`aws sts get-caller-identity --profile ${source ?? "YOUR-PROFILE"}\` where you were refused the role itself.
`;
}

/** The profiles for each way in which people sign in. */
function profiles({ settings, cliProfile, permissionSetProfile, person }: Handover): string {
  const indented = (text: string) => text.trimEnd().replace(/^(?=.)/gm, "    ");
  const placeholders = placeholdersOf(cliProfile);
  const replace = placeholders.length > 0 ? `, and replace ${placeholders.join("; ")}` : "";
  return [
    ...(settings.trustIamUsers
      ? [`Add this to ~/.aws/config${replace}.\n\n${indented(profileText(cliProfile))}\n`]
      : []),
    ...(permissionSetProfile && !person
      ? [
          `If you sign in by IAM Identity Center, add this to ~/.aws/config, and replace the words in capitals by your organisation's; then \`aws sso login\`.\n\n${indented(permissionSetProfile)}\n`,
        ]
      : []),
  ].join("\n");
}

function title({ roleName, role }: Handover): string {
  if (!role?.description) return roleName;
  return `${roleName}: ${role.description.replace(/^./, (first) => first.toLowerCase())}`;
}

/** Someone without an MFA device registers one first, where the role requires it. */
function firstStep({ person, cliProfile }: Handover): string {
  if (!person || person.mfaSerial || !cliProfile.settings.has("mfa_serial")) return "";
  return "\nFirst register an MFA device (an authenticator app): in the console, Security credentials.\n";
}

function consoleText({ settings, switchRoleLink }: Handover, statement: Statement | undefined): string {
  if (statement?.Condition?.StringEquals?.["sts:ExternalId"] !== undefined)
    return "There is no link: the console cannot send the external ID that this role requires. Use the command line.";
  if (!switchRoleLink) return "There is no link. Use the command line.";
  return `Sign in to account ${settings.trustedAccountId}, then open\n<${switchRoleLink}>`;
}

/** What the profile shows of a role whose account the stack does not manage. */
function asProfile({ settings }: CliProfile): Statement | undefined {
  if (!settings.has("mfa_serial")) return undefined;
  const Condition = { Bool: { "aws:MultiFactorAuthPresent": "true" } };
  return { Effect: "Allow", Action: "sts:AssumeRole", Condition };
}

/** The statement of a trust policy that is for people: see infra/access/trust.ts. */
const peopleStatement = (trust: readonly Statement[]): Statement | undefined =>
  trust.find(({ Effect, Sid }) => Effect === "Allow" && Sid === "People");
