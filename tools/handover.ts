import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IAMClient, ListMFADevicesCommand } from "@aws-sdk/client-iam";
import type { Statement } from "../infra/access/policy";
import type { Settings } from "../infra/settings";
import { DeployedPolicies, type DeployedRole, isRead, readOr } from "./deployed";
import { isAbout } from "./explain/statements";
import { conditionWords, duration, statementWords } from "./report/words";
import { stackAndOptions } from "./usage";
import { deploymentOf } from "./verify";
import { type Deployment, Stage } from "./verify/stage";

/** What a person is told of one role. */
export interface Handover {
  settings: Pick<Settings, "stack" | "trustingAccountId" | "trustedAccountId">;
  roleName: string;
  switchRoleLink: string;
  cliProfile: string;
  /** The role as deployed; undefined where the stack does not manage its account. */
  role: Pick<DeployedRole, "description" | "trust" | "policies"> | undefined;
  /** The person's name, and the ARN of their MFA device where it is known. */
  person?: { name: string; mfaSerial: string | undefined };
}

/** What a person puts in place of the words in capitals, and where to read it. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  "YOUR-PROFILE": "the profile of your own access key",
  "YOUR-MFA-DEVICE":
    "what follows :mfa/ in the SerialNumber that `aws iam list-mfa-devices --profile YOUR-PROFILE` prints (in the console: Security credentials)",
};

/** Conditions of a statement, which follow "if", as what is asked of the reader. */
const MUST: readonly [RegExp, string][] = [
  [/^the caller signed/, "you must have signed"],
  [/^the caller showed/, "you must have shown"],
  [/^the caller sends/, "you must send"],
  [/^the caller belongs/, "you must belong"],
  [/^the caller is/, "you must be"],
  [/^the request comes/, "your request must come"],
  [/^/, "it must hold that "],
];
const must = (condition: string) => {
  const [words, asked] = MUST.find(([form]) => form.test(condition))!;
  return condition.replace(words, asked);
};

/**
 * The text that an administrator sends: link, profile, what the person may do and for how long, and what to do when
 * access is denied. It holds no secret: an external ID is none (see the page), and keys are the person's own.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
 */
export function handoverText(handover: Handover): string {
  const { settings, roleName, switchRoleLink, role, person } = handover;
  const { stack, trustingAccountId, trustedAccountId } = settings;
  const statement = role && peopleStatement(role.trust);
  const externalId = [statement?.Condition?.StringEquals?.["sts:ExternalId"] ?? []].flat()[0];
  const seconds = Number(/duration_seconds = (\d+)/.exec(handover.cliProfile)?.[1] ?? 3600);
  const profile = handover.cliProfile
    .replace(/mfa_serial = .*/, (line) => (person?.mfaSerial ? `mfa_serial = ${person.mfaSerial}` : line))
    .trimEnd();
  const words = [...new Set(profile.match(/YOUR-[A-Z-]+/g) ?? [])].map(
    (word) => `${word}: ${OWN_WORDS[word] ?? "what your administrator tells you"}`,
  );
  const conditions = statement ? conditionWords(statement).map(must) : [];
  return `# ${roleName}${role?.description ? `: ${role.description.replace(/^./, (letter) => letter.toLowerCase())}` : ""}
${person ? `\nHello ${person.name},\n` : ""}
From your user in account ${trustedAccountId} you may become ${roleName} in account ${trustingAccountId}, for ${duration(seconds)} at a time;
then ask again.${conditions.length > 0 ? ` For that ${conditions.join(", and ")}.` : ""} Meanwhile your own rights rest.

## What you may do
${role ? role.policies.flatMap(({ statements }) => statements.map((one) => `- ${statementWords(one)}`)).join("\n") : `The owner of account ${trustingAccountId} tells: this stack does not manage it.`}
Nothing else.

## In the console
${externalId ? "There is no link: the console cannot send the external ID that this role asks for. Use the command line." : `Sign in to account ${trustedAccountId}, then open\n<${switchRoleLink}>`}

## On the command line
Add this to ~/.aws/config${words.length > 0 ? `, and replace ${words.join("; ")}` : ""}.

${profile.replace(/^(?=.)/gm, "    ")}

- AWS CLI: \`aws sts get-caller-identity --profile ${roleName}\`
- aws-vault: \`aws-vault exec ${roleName} -- aws sts get-caller-identity\`, your key kept by \`aws-vault add YOUR-PROFILE\`
- granted: \`assume ${roleName}\`

## Access denied?
Send the whole message to whoever sent you this. They run
\`npm run explain -- ${stack} --message "THE MESSAGE"\`
or, where it names no one: \`npm run explain -- ${stack} --who YOUR-ARN --action ACTION --on ARN\`.
Your ARN: \`aws sts get-caller-identity --profile ${roleName}\` where you were refused as ${roleName},
\`aws sts get-caller-identity --profile YOUR-PROFILE\` where you were refused the role itself.
`;
}

/** The statement of a trust policy that is for people: see infra/access/trust.ts. */
const peopleStatement = (trust: readonly Statement[]): Statement | undefined =>
  trust.find(({ Effect, Sid }) => Effect === "Allow" && Sid === "People");

const USAGE = `npm run handover -- STACK [--role NAME] [--for PERSON] [--write FOLDER]
  What to send a person: switch-role link, CLI profile, what they may do, and what to do on "access denied".
  --role   only this role; otherwise every role of the stack that people use
  --for    the person's IAM user in the trusted account: fills in their MFA device, and says what they still lack
  --write  writes a file per role into this folder instead of printing`;

/** The handovers of a stack's roles that people use: those that tell a CLI profile with MFA. */
async function handoversOf(
  deployment: Deployment,
  stage: Stage,
  person: Handover["person"],
): Promise<Handover[]> {
  const { settings, outputs } = deployment;
  const policies = new DeployedPolicies(stage.administrator("trusting"));
  const account = { profile: settings.trustingProfile, accountId: settings.trustingAccountId };
  return Promise.all(
    Object.values(outputs)
      .filter(({ roleArn, cliProfile }) => roleArn && cliProfile)
      .map(async ({ roleArn, switchRoleLink = "", cliProfile = "" }) => {
        const roleName = roleArn!.split("/").at(-1)!;
        const role = settings.manages.includes("trusting")
          ? await readOr(policies.role(roleName), `role ${roleName}`, account)
          : undefined;
        if (role && !isRead(role))
          throw new Error(`stack ${settings.stack}: ${role.unread}; expected a role that can be read.`);
        return { settings, roleName, switchRoleLink, cliProfile, role, ...(person && { person }) };
      }),
  );
}

/** What a person still lacks, for the administrator alone. @throws {Error} where there is no such user, or they may not be read. */
async function lookUp(deployment: Deployment, stage: Stage, name: string) {
  const { settings } = deployment;
  const { trustedAccountId: accountId, trustedProfile: profile } = settings;
  const caller = stage.administrator("trusted");
  const found = await readOr(
    (async () => {
      const user = await new DeployedPolicies(caller).user(name);
      const devices = await new IAMClient(caller).send(new ListMFADevicesCommand({ UserName: name }));
      return { ...user, mfaSerial: devices.MFADevices?.[0]?.SerialNumber };
    })(),
    `user ${name}`,
    { profile, accountId },
  );
  if (isRead(found)) return found;
  throw new Error(
    found.gone
      ? `stack ${settings.stack}, --for ${name}: ${found.unread}; expected an IAM user. See them: aws iam list-users --profile ${profile}`
      : `stack ${settings.stack}, --for ${name}: could not read ${found.unread}. Or leave --for out: the person fills in their MFA device`,
  );
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const parsed = stackAndOptions(USAGE, { role: text, for: text, write: text });
  if (!parsed) return;
  const { stack, values } = parsed;
  const deployment = await deploymentOf(stack);
  const stage = await Stage.of(deployment);
  const found = values.for ? await lookUp(deployment, stage, values.for) : undefined;
  const person = values.for ? { name: values.for, mfaSerial: found?.mfaSerial } : undefined;
  const all = await handoversOf(deployment, stage, person);
  const handovers = all.filter(({ roleName }) => !values.role || roleName === values.role);
  if (handovers.length === 0)
    throw new Error(
      `stack ${stack}, --role: found ${values.role ?? "no role that people use"}; expected one of ${all.map(({ roleName }) => roleName).join(", ") || "none"}.`,
    );
  // For the administrator, not for the person: on standard error.
  if (found && !found.mfaSerial)
    console.error(
      `${values.for} has no MFA device yet: they register one under Security credentials in the console.`,
    );
  for (const handover of handovers) {
    const { roleName } = handover;
    const roleArn = /role_arn = (.+)/.exec(handover.cliProfile)?.[1] ?? "";
    const may = found?.policies.some(({ statements }) =>
      statements.some((one) => one.Effect === "Allow" && isAbout(one, "sts:AssumeRole", roleArn)),
    );
    if (found && !may)
      console.error(
        `${values.for} may not assume ${roleName} yet: npm run explain -- ${stack} --action sts:AssumeRole --on ${roleArn} ` +
          `--who ${found.arn}`,
      );
    if (!values.write) console.log(handoverText(handover));
    else {
      mkdirSync(values.write, { recursive: true });
      const file = join(values.write, `${roleName}${values.for ? `-${values.for}` : ""}.md`);
      writeFileSync(file, handoverText(handover));
      console.log(file);
    }
  }
}

if (require.main === module)
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 2;
  });
