import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Statement } from "../../infra/access/policy";
import { cliProfile } from "../../infra/access/role-instructions";
import { trustStatements } from "../../infra/access/trust";
import type { DeployedUser } from "../../tools/deployed-policies";
import { whyNotAssumable } from "../../tools/handover/assumable";
import { addProfiles } from "../../tools/handover/aws-config";
import { type Handover, letter } from "../../tools/handover/letter";
import { fillIn, readProfile } from "../../tools/handover/profile";

const dev = { accountId: "111122223333", region: "ap-northeast-1", partition: "aws" } as const;

describe("a handover", () => {
  const prod = { ...dev, accountId: "123456789012" };
  const text = (...about: Parameters<typeof handover>) => letter(handover(...about));
  const handover = (
    people: Parameters<typeof trustStatements>[0]["people"],
    person?: { name: string; mfaSerial: string | undefined },
    permissionSetProfile?: string,
  ): Handover => ({
    settings: {
      stack: "dev",
      trustingAccountId: "123456789012",
      trustedAccountId: "111122223333",
      trustIamUsers: !permissionSetProfile,
    },
    roleName: "UpdateApp",
    switchRoleLink: "https://signin.aws.amazon.com/switchrole?account=123456789012",
    cliProfile: fillIn(
      readProfile(
        cliProfile(prod, dev, {
          roleName: "UpdateApp",
          sessionDuration: 7200,
          ...(people?.externalId && { externalId: people.externalId }),
        }),
      ),
      { mfa_serial: person?.mfaSerial },
    ),
    role: { description: "", trust: trustStatements({ people: people! }), policies: [] },
    ...(person && { person }),
    ...(permissionSetProfile && { permissionSetProfile }),
  });
  it("gives the link, how long, and what it takes", () => {
    const written = text({ accounts: [dev], maxMfaAge: 3600 });
    assert.match(written, /<https:\/\/signin\.aws\.amazon\.com\/switchrole/);
    assert.match(written, /for 2 hours at a time/);
    assert.match(
      written,
      /you must have signed in with multi-factor authentication \(MFA\), and you must have shown MFA at most 1 hour ago/,
    );
    assert.doesNotMatch(written, /the caller/);
  });
  for (const [asked, expected] of [
    [{ externalId: "abc" }, /you must send the external ID abc/],
    [{ organizationId: "o-a1b2c3d4e5" }, /you must belong to the organisation o-a1b2c3d4e5/],
    [{ principalArns: ["arn:aws:iam::1:user/jane"] }, /you must be arn:aws:iam::1:user\/jane/],
    [{ sourceIps: ["192.0.2.0/24"] }, /your request must come from the IP addresses 192\.0\.2\.0\/24/],
  ] as const)
    it(`asks of the reader what the trust asks of the caller: ${Object.keys(asked)}`, () => {
      assert.match(text({ accounts: [dev], ...asked } as never), expected);
    });
  it("says where to read the MFA device's name, and as whom to ask for the own ARN", () => {
    const written = text({ accounts: [dev] });
    assert.match(written, /YOUR-MFA-DEVICE: .*aws iam list-mfa-devices/);
    assert.match(written, /get-caller-identity --profile UpdateApp` where you were refused as UpdateApp/);
  });
  it("says that MFA is required where the stack does not manage the role's account", () => {
    const written = letter({ ...handover({ accounts: [dev] }), role: undefined });
    assert.match(written, /then assume it again\. For that you must have signed in with multi-factor auth/);
    assert.match(written, /Ask the owner of account 123456789012/);
  });
  it("gives no link where the role asks for an external ID, which the console cannot send", () => {
    const written = text({ accounts: [dev], externalId: "abc" });
    assert.doesNotMatch(written, /switchrole/);
    assert.equal(written.match(/external_id = abc/g)?.length, 1);
  });
  it("fills in a person's MFA device", () => {
    const written = text({ accounts: [dev] }, { name: "jane", mfaSerial: "arn:aws:iam::1:mfa/janes-phone" });
    assert.match(written, /mfa_serial = arn:aws:iam::1:mfa\/janes-phone/);
    assert.doesNotMatch(written, /YOUR-MFA-DEVICE/);
  });
  it("gives people of IAM Identity Center their profile, and no IAM user's", () => {
    const written = text({ accounts: [dev] }, undefined, "[sso-session YOUR-SESSION]\nsource_profile = x\n");
    assert.match(written, /^Signed in by IAM Identity Center to account 111122223333/m);
    assert.match(written, /aws sso login.*\n\n {4}\[sso-session YOUR-SESSION\]\n {4}source_profile = x\n/);
    assert.match(written, /get-caller-identity --profile x` where you were refused the role itself/);
    assert.doesNotMatch(written, /YOUR-MFA-DEVICE|YOUR-PROFILE/);
  });
  it("begins with the MFA device, where the person has none and the role requires one", () => {
    const without = text({ accounts: [dev] }, { name: "jane", mfaSerial: undefined });
    assert.match(without, /First register an MFA device/);
    const withDevice = text({ accounts: [dev] }, { name: "jane", mfaSerial: "arn:aws:iam::1:mfa/phone" });
    assert.doesNotMatch(withDevice, /First register/);
  });
});

describe("a person", () => {
  const ROLE = "arn:aws:iam::123456789012:role/UpdateApp";
  const trust = trustStatements({ people: { accounts: [dev] } });
  const allow: Statement = { Effect: "Allow", Action: "sts:AssumeRole", Resource: ROLE };
  const deny: Statement = { Effect: "Deny", Action: "sts:*", Resource: "*" };
  const person = (...statements: Statement[]): DeployedUser => ({
    arn: "arn:aws:iam::111122223333:user/jane",
    groups: ["Developers"],
    policies: [{ of: "group Developers", name: "may-assume", statements }],
  });
  const boundary = (statement: Statement) => ({
    of: "boundary",
    name: "arn:aws:iam::1:policy/b",
    statements: [statement],
  });
  const other = [{ ...dev, accountId: "444455556666" }] as const;
  for (const [title, user, trusting, expected] of [
    ["can assume a role that both sides allow", person(allow), trust, undefined],
    ["can assume it where only the trusted side is known", person(allow), undefined, undefined],
    [
      "can assume it once signed in with MFA, which a policy demands",
      person(allow, { ...deny, Condition: { Bool: { "aws:MultiFactorAuthPresent": "false" } } }),
      trust,
      undefined,
    ],
    ["cannot without a policy", person(), trust, /no policy/],
    [
      "cannot with a policy about another role",
      person({ ...allow, Resource: `${ROLE}2` }),
      trust,
      /no policy/,
    ],
    [
      "cannot where a policy denies it",
      person(allow, deny),
      trust,
      /may-assume of group Developers denies it/,
    ],
    [
      "cannot beyond the permissions boundary",
      { ...person(allow), boundary: boundary({ ...allow, Action: "s3:*" }) },
      trust,
      /boundary arn:aws:iam::1:policy\/b/,
    ],
    [
      "can within the permissions boundary",
      { ...person(allow), boundary: boundary({ ...allow, Action: "*" }) },
      trust,
      undefined,
    ],
    [
      "cannot where the role trusts another account",
      person(allow),
      trustStatements({ people: { accounts: other } }),
      /trust policy/,
    ],
    [
      "cannot where the role trusts others of the account",
      person(allow),
      trustStatements({ people: { accounts: [dev], principalArns: ["arn:aws:iam::111122223333:user/joe"] } }),
      /trust policy/,
    ],
  ] as const)
    it(title, () => {
      const reason = whyNotAssumable(user, ROLE, trusting);
      if (expected) assert.match(reason!, expected);
      else assert.equal(reason, undefined);
    });
});

describe("a profile that is added to the AWS config file", () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "aws-config-"));
    file = join(directory, ".aws", "config");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const profile = readProfile(
    "[profile UpdateApp]\nrole_arn = arn:aws:iam::1:role/UpdateApp\nsource_profile = jane\n",
  );
  const lines = "[profile UpdateApp]\nrole_arn = arn:aws:iam::1:role/UpdateApp\nsource_profile = jane\n";
  const shown: string[] = [];
  const add = (show = (text: string) => void shown.push(text)) => addProfiles([profile], show, file);
  const write = (text: string) => {
    mkdirSync(join(directory, ".aws"));
    writeFileSync(file, text, { mode: 0o640 });
  };
  const read = () => readFileSync(file, "utf8");

  it("is shown first, and makes a file that only its owner reads", async () => {
    shown.length = 0;
    assert.deepEqual(await add(), ["UpdateApp"]);
    assert.equal(shown.join(), lines.trimEnd());
    assert.equal(read(), lines);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });
  it("leaves everything else, the file's mode and its link as they are", async () => {
    const before = "# mine\n[default]\nregion = eu-west-1";
    write(before);
    const target = join(directory, "dotfiles");
    renameSync(file, target);
    symlinkSync(target, file);
    await add();
    assert.equal(read(), `${before}\n\n${lines}`);
    assert(lstatSync(file).isSymbolicLink());
    assert.equal(statSync(file).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(directory).sort(), [".aws", "dotfiles"]);
  });
  it("keeps the line ends of a file that Windows wrote", async () => {
    write("[default]\r\nregion = eu-west-1\r\n");
    await add();
    assert.equal(read(), `[default]\r\nregion = eu-west-1\r\n\r\n${lines.replaceAll("\n", "\r\n")}`);
  });
  it("is not added twice", async () => {
    write(`${lines}\n[profile other]\nregion = x\n`);
    const before = read();
    assert.deepEqual(await add(), []);
    assert.equal(read(), before);
  });
  it("never changes a profile of that name", async () => {
    write("[profile UpdateApp]\nrole_arn = arn:aws:iam::2:role/Other\n");
    const before = read();
    await assert.rejects(add(), /has a profile UpdateApp already.*nothing was changed/s);
    assert.equal(read(), before);
  });
  it("leaves the old file where it is interrupted", async () => {
    write("[default]\n");
    const interrupted = () => {
      throw new Error("interrupted");
    };
    await assert.rejects(add(interrupted), /interrupted/);
    assert.equal(read(), "[default]\n");
    assert.deepEqual(readdirSync(join(directory, ".aws")), ["config"]);
  });
});
