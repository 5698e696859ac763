import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { IAMClient, ListMFADevicesCommand } from "@aws-sdk/client-iam";
import type { Statement } from "../../infra/access/policy";
import type { Settings } from "../../infra/settings";
import { deploymentOf } from ".";
import { DeployedPolicies, type DeployedRole } from "./deployed";
import { isAbout } from "./explain/statements";
import { conditionWords, duration, statementWords } from "./report/words";
import { type Deployment, Stage } from "./stage";

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
    (word) =>
      `${word}: ${{ "YOUR-PROFILE": "the profile of your own access key" }[word] ?? "its name, under Security credentials in the console"}`,
  );
  const conditions = statement ? conditionWords(statement) : [];
  return `# ${roleName}${role?.description ? `: ${role.description.replace(/^./, (letter) => letter.toLowerCase())}` : ""}
${person ? `\nHello ${person.name},\n` : ""}
From your user in account ${trustedAccountId} you may become ${roleName} in account ${trustingAccountId}, for ${duration(seconds)} at a time;
then ask again.${conditions.length > 0 ? ` It takes that ${conditions.join(", and that ")}.` : ""} Meanwhile your own rights rest.

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
Your ARN: \`aws sts get-caller-identity\`.
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
  return Promise.all(
    Object.values(outputs)
      .filter(({ roleArn, cliProfile }) => roleArn && cliProfile)
      .map(async ({ roleArn, switchRoleLink = "", cliProfile = "" }) => {
        const roleName = roleArn!.split("/").at(-1)!;
        const role = settings.manages.includes("trusting") ? await policies.role(roleName) : undefined;
        return { settings, roleName, switchRoleLink, cliProfile, role, ...(person && { person }) };
      }),
  );
}

/** What a person still lacks, for the administrator alone. @throws {Error} where there is no such user. */
async function lookUp(deployment: Deployment, stage: Stage, name: string) {
  const { settings } = deployment;
  const caller = stage.administrator("trusted");
  const profile = settings.trustedProfile;
  const { arn, policies } = await new DeployedPolicies(caller).user(name).catch((error: Error) => {
    throw new Error(
      `stack ${settings.stack}, --for ${name}: found no such user in account ${settings.trustedAccountId} (${error.name}); expected ` +
        `an IAM user. See them: aws iam list-users --profile ${profile}`,
    );
  });
  const { MFADevices = [] } = await new IAMClient(caller).send(new ListMFADevicesCommand({ UserName: name }));
  return { arn, mfaSerial: MFADevices[0]?.SerialNumber, policies };
}

async function main(): Promise<void> {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { role: text, for: text, write: text },
  });
  const [stack, ...more] = positionals;
  if (!stack || more.length > 0) throw new Error(`Which stack?\n${USAGE}`);
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
