import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkProfiles, type Identify, ProfileError } from "../../infra/profiles";
import { parseSettings } from "../../infra/settings";

const TRUSTING = "000000000002";
const TRUSTED = "000000000001";
const settings = parseSettings("mine", {
  region: "eu-west-1",
  trustingAccountId: TRUSTING,
  trustedAccountId: TRUSTED,
});
const bothRight: Identify = async ({ profile }) => (profile === "prod" ? TRUSTING : TRUSTED);

describe("the profiles of a stack", () => {
  const directory = mkdtempSync(join(tmpdir(), "profiles-"));
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = process.env;
  let files = 0;
  /** The words with which profiles are refused, where the AWS config file holds this. */
  const refused = async (config: string | undefined, identify: Identify = bothRight): Promise<string> => {
    // The AWS SDK reads a file once.
    process.env.AWS_CONFIG_FILE = join(directory, `config-${files++}`);
    process.env.AWS_SHARED_CREDENTIALS_FILE = join(directory, "none");
    if (config !== undefined) writeFileSync(process.env.AWS_CONFIG_FILE, config);
    return checkProfiles(settings, identify).then(
      () => assert.fail("were accepted"),
      (error: Error) => {
        assert(error instanceof ProfileError);
        return error.message;
      },
    );
  };
  const BOTH = "[profile prod]\nregion = eu-west-1\n[profile dev]\nregion = eu-west-1\n";
  after(() => {
    Object.assign(process.env, {
      ...(AWS_CONFIG_FILE && { AWS_CONFIG_FILE }),
      ...(AWS_SHARED_CREDENTIALS_FILE && { AWS_SHARED_CREDENTIALS_FILE }),
    });
    if (!AWS_CONFIG_FILE) delete process.env.AWS_CONFIG_FILE;
    if (!AWS_SHARED_CREDENTIALS_FILE) delete process.env.AWS_SHARED_CREDENTIALS_FILE;
    rmSync(directory, { recursive: true });
  });

  it("are refused by name where they do not exist, with those that do, and nothing is asked of AWS", async () => {
    const message = await refused("[profile production]\nregion = x\n[profile dev]\nregion = x\n", () =>
      assert.fail("asked AWS"),
    );
    assert.match(
      message,
      /^stack mine, trustingProfile: found prod; no such profile in \S+ \(there are: production, dev\)\./,
    );
    assert.match(
      message,
      /Fix: aws configure --profile prod, or pulumi config set --stack mine cross-account-access:trustingProfile production\n/,
    );
    assert.doesNotMatch(message, /trustedProfile/);
  });
  it("are refused where there is no AWS config file", async () => {
    const message = await refused(undefined);
    assert.match(message, /trustingProfile: found prod; there is no \S+config-\d+, so no profile\./);
    assert.match(message, /trustedProfile: found dev; there is no/);
  });
  it("are refused where the section lacks the word profile", async () => {
    assert.match(
      await refused("[prod]\nregion = x\n[profile dev]\nregion = x\n"),
      /has a section \[prod\].*\n.*name it \[profile prod\]/,
    );
  });
  it("are refused where their credentials are of another account, with both ways to fix it", async () => {
    const message = await refused(BOTH, async ({ profile }) =>
      profile === "prod" ? "999999999990" : TRUSTED,
    );
    assert.match(message, /trustingProfile: found prod, .*999999999990\); expected account 000000000002/);
    assert.match(
      message,
      /give profile prod credentials of account 000000000002.*or name the profile.*config set --stack mine cross-account-access:trustingProfile PROFILE/,
    );
    assert.doesNotMatch(message, /swapped/);
  });
  it("are refused where they are swapped, and the commands swap them back", async () => {
    const message = await refused(BOTH, async ({ profile }) => (profile === "prod" ? TRUSTED : TRUSTING));
    assert.match(message, /trustingProfile dev; the two profiles are swapped/);
    assert.match(message, /trustedProfile prod; the two profiles are swapped/);
  });
  for (const [title, name, words, fix] of [
    [
      "an SSO session has ended",
      "CredentialsProviderError",
      "The SSO session associated with this profile has expired.",
      /aws sso login --profile prod/,
    ],
    [
      "an SSO session was never begun",
      "CredentialsProviderError",
      "The SSO session token associated with profile=prod was not found or is invalid. run aws sso login",
      /aws sso login --profile prod/,
    ],
    [
      "an MFA code is needed",
      "CredentialsProviderError",
      "Profile prod requires multi-factor authentication, but no MFA code callback was provided.",
      /credential_process/,
    ],
    [
      "AWS does not know the key",
      "InvalidClientTokenId",
      "The security token included in the request is invalid.",
      /npm run explain -- mine/,
    ],
  ] as const)
    it(`are refused where ${title}`, async () => {
      const message = await refused(BOTH, async ({ profile }) => {
        if (profile === "dev") return TRUSTED;
        throw Object.assign(new Error(words), { name });
      });
      assert.match(message, fix);
      assert.doesNotMatch(message, /trustedProfile/);
    });
  it("are left to the deployment where AWS cannot be reached", async () => {
    process.env.AWS_CONFIG_FILE = join(directory, `config-${files++}`);
    writeFileSync(process.env.AWS_CONFIG_FILE, BOTH);
    await checkProfiles(settings, () => Promise.reject(new Error("getaddrinfo ENOTFOUND")));
    await checkProfiles(settings, bothRight);
  });
});
