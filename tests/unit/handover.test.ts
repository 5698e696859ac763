import assert from "node:assert/strict";
import { cliProfile } from "../../infra/access/role-instructions";
import { trustStatements } from "../../infra/access/trust";
import { letter } from "../../tools/handover/letter";
import { fillIn, readProfile } from "../../tools/handover/profile";

const dev = { accountId: "111122223333", region: "ap-northeast-1", partition: "aws" } as const;

describe("a handover", () => {
  const prod = { ...dev, accountId: "123456789012" };
  const text = (
    people: Parameters<typeof trustStatements>[0]["people"],
    person?: { name: string; mfaSerial: string },
  ) =>
    letter({
      settings: { stack: "dev", trustingAccountId: "123456789012", trustedAccountId: "111122223333" },
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
});
