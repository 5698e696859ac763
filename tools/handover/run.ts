import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IAMClient, ListMFADevicesCommand } from "@aws-sdk/client-iam";
import { checkProfiles } from "../../infra/profiles";
import { UserError } from "../../infra/user-error";
import { DeployedPolicies, type DeployedUser, isUnreadable, readOrReason } from "../deployed-policies";
import { readDeployment } from "../deployment";
import { CheckEnvironment, type Deployment } from "../verify/check-environment";
import { whyNotAssumable } from "./assumable";
import { addProfiles, awsConfigFile } from "./aws-config";
import { type Handover, letter } from "./letter";
import { fillIn, placeholdersOf, readProfile } from "./profile";

/** The options of `npm run handover`. */
export interface HandoverOptions {
  role?: string;
  for?: string;
  folder?: string;
  write?: true;
  sourceProfile?: string;
}

/** A person, as the trusted account has them. */
interface Person extends DeployedUser {
  name: string;
  mfaSerial: string | undefined;
}

/** Writes the letters of a stack's roles, or adds their profiles to the own AWS config file. */
export async function runHandover(stack: string, options: HandoverOptions): Promise<void> {
  const deployment = await readDeployment(stack);
  await checkProfiles(deployment.settings);
  const environment = await CheckEnvironment.of(deployment);
  const person = options.for ? await readPerson(deployment, environment, options.for) : undefined;
  const all = await handoversOf(deployment, environment, person, options.sourceProfile);
  const chosen = all.filter(({ roleName }) => !options.role || roleName === options.role);
  if (chosen.length === 0)
    throw new UserError(
      `stack ${stack}, --role: found ${options.role ?? "no role that people use"}; expected one of ${all.map(({ roleName }) => roleName).join(", ") || "none"}.`,
    );
  if ((options.write || person) && !deployment.settings.trustIamUsers)
    throw new UserError(
      `stack ${stack}: its people sign in by IAM Identity Center, so there is no IAM user to hand over to. ` +
        `npm run handover -- ${stack} prints what they need.`,
    );
  const handovers = person ? assumable(stack, chosen, person) : chosen;
  if (options.write) return writeProfiles(handovers);
  for (const handover of handovers) {
    if (!options.folder) console.log(letter(handover));
    else {
      mkdirSync(options.folder, { recursive: true });
      const file = join(options.folder, [handover.roleName, ...(options.for ? [options.for] : [])].join("-"));
      writeFileSync(`${file}.md`, letter(handover));
      console.log(`${file}.md`);
    }
  }
}

async function writeProfiles(handovers: readonly Handover[]): Promise<void> {
  const file = awsConfigFile();
  const profiles = handovers.map(({ cliProfile }) => cliProfile);
  const added = await addProfiles(profiles, (lines) => console.log(`Adding to ${file}:\n\n${lines}\n`), file);
  for (const { name } of profiles)
    console.log(added.includes(name) ? `Added profile ${name}.` : `Profile ${name} is there already.`);
  for (const placeholder of new Set(profiles.flatMap(placeholdersOf)))
    console.log(`Replace in it ${placeholder}`);
}

/** The handovers of a stack's roles that people use: those with a CLI profile. */
async function handoversOf(
  deployment: Deployment,
  environment: CheckEnvironment,
  person: Person | undefined,
  sourceProfile: string | undefined,
): Promise<HandoverCandidate[]> {
  const { settings, outputs } = deployment;
  const policies = new DeployedPolicies(environment.administrator("trusting"));
  const account = { profile: settings.trustingProfile, accountId: settings.trustingAccountId };
  const isManaged = settings.manages.includes("trusting");
  return Promise.all(
    Object.values(outputs)
      .filter(({ roleArn, cliProfile }) => roleArn && cliProfile)
      .map(async ({ roleArn = "", switchRoleLink = "", cliProfile = "", permissionSetProfile }) => {
        const roleName = roleArn.split("/").at(-1)!;
        const role = isManaged
          ? await readOrReason(policies.role(roleName), `role ${roleName}`, account)
          : undefined;
        if (isUnreadable(role))
          throw new UserError(`stack ${settings.stack}: ${role.reason}; expected a role that can be read.`);
        const profile = fillIn(readProfile(cliProfile), {
          mfa_serial: person?.mfaSerial,
          source_profile: sourceProfile,
        });
        return {
          settings,
          roleName,
          roleArn,
          switchRoleLink,
          cliProfile: profile,
          role,
          ...(permissionSetProfile && { permissionSetProfile }),
          ...(person && { person }),
        };
      }),
  );
}

type HandoverCandidate = Handover & { roleArn: string };

/**
 * The handovers of the roles that a person can assume; the others are listed for the administrator, on standard error.
 * @throws {UserError} where there is none.
 */
function assumable(
  stack: string,
  candidates: readonly HandoverCandidate[],
  person: Person,
): HandoverCandidate[] {
  const refused = candidates.flatMap((candidate) => {
    const reason = whyNotAssumable(person, candidate.roleArn, candidate.role?.trust);
    return reason === undefined ? [] : [{ candidate, reason }];
  });
  const rest = candidates.filter((candidate) => !refused.some((one) => one.candidate === candidate));
  const lines = refused.map(
    ({ candidate, reason }) => `${person.name} cannot assume ${candidate.roleName}: ${reason}`,
  );
  const [first] = refused;
  if (rest.length === 0 && first)
    throw new UserError(
      [
        ...lines,
        `No letter was written. See what is missing: npm run explain -- ${stack} --who ${person.arn} ` +
          `--action sts:AssumeRole --on ${first.candidate.roleArn}`,
      ].join("\n"),
      1,
    );
  if (refused.length > 0)
    console.error(
      `Left out, because ${person.name} cannot assume them: ${refused.map(({ candidate }) => candidate.roleName).join(", ")}.`,
    );
  if (!person.mfaSerial)
    console.error(
      `${person.name} has no MFA device for the command line yet: they register one under Security credentials in the console.`,
    );
  return rest;
}

/** An IAM user of the trusted account. @throws {UserError} where there is none of that name, or it cannot be read. */
async function readPerson(
  deployment: Deployment,
  environment: CheckEnvironment,
  name: string,
): Promise<Person> {
  const { settings } = deployment;
  const { stack, trustedAccountId: accountId, trustedProfile: profile } = settings;
  const administrator = environment.administrator("trusted");
  const read = async () => {
    const user = await new DeployedPolicies(administrator).user(name);
    const { MFADevices = [] } = await new IAMClient(administrator).send(
      new ListMFADevicesCommand({ UserName: name }),
    );
    // The command line takes codes, which a security key (u2f) does not show.
    const serials = MFADevices.map(({ SerialNumber }) => SerialNumber!);
    return { ...user, name, mfaSerial: serials.find((serial) => !serial.includes(":u2f/")) };
  };
  const person = await readOrReason(read(), `user ${name}`, { profile, accountId });
  if (!isUnreadable(person)) return person;
  throw new UserError(
    person.missing
      ? `stack ${stack}, --for ${name}: ${person.reason}; expected an IAM user. See them: aws iam list-users --profile ${profile}`
      : `stack ${stack}, --for ${name}: could not read ${person.reason}. Or leave --for out: the person fills in their MFA device`,
  );
}
