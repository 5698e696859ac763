import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import {
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { AwsCredentialIdentity } from "@smithy/types";
import { type AccountLocation, iamArn, roleArn } from "../../infra/access/arn";
import { AssumeRoleGrant } from "../../infra/access/assume-role-grant";
import { CrossAccountRole, type CrossAccountRoleArgs } from "../../infra/access/cross-account-role";
import type { Statement } from "../../infra/access/policy";
import { roleInstructions } from "../../infra/access/role-instructions";
import type { SessionRights } from "../../infra/access/trust";
import type { AwsConnection } from "../pulumi/provider-aws/connection";
import { typeOf } from "../pulumi/provider-aws/types";
import {
  ACCOUNTS,
  type Device,
  ORGANIZATION,
  type Profile,
  policy,
  REGION,
  World,
  words,
} from "./gateway-world";

const place = (profile: Profile): AccountLocation => ({
  partition: "aws",
  region: REGION,
  accountId: ACCOUNTS[profile],
});
const [dev, prod, outsider] = [place("dev"), place("prod"), place("outsider")];

/** Everyone who asks: users of dev and of an account outside the organisation, and a role of dev that a machine runs as. */
type Who = "a member" | "a colleague" | "an outsider" | "a machine";
const homeOf = (who: Who): Profile => (who === "an outsider" ? "outsider" : "dev");

interface Ask {
  who?: Who;
  /** MFA shown: a code in the very request, or a session that began with one so many seconds ago. Default: none. */
  mfa?: "code" | number;
  /** Further parameters of AssumeRole. */
  sent?: Partial<AssumeRoleCommandInput>;
  /** What the role then does. Default: nothing. */
  does?: "list buckets" | "look at instances";
}
interface Option {
  /** What the components are given in addition to what every role here has. */
  role: Pick<CrossAccountRoleArgs, "trust"> & Partial<CrossAccountRoleArgs>;
  /** What the callers are granted: the role's own ARN unless another one is named. */
  grant?: SessionRights & { roleArn?: string };
  /** Ask, in a sentence, and its end: allowed, or the endpoint's words. */
  asks: Record<string, [Ask, "allowed" | RegExp]>;
}

const refusedBy = (policy: string, action = "sts:AssumeRole") =>
  new RegExp(`because no ${policy} allows the ${action} action`);
const BY_TRUST = refusedBy("role trust policy");
const TOO_LONG = /DurationSeconds exceeds the MaxSessionDuration set for this role/;
const tags = { Tags: [{ Key: "team", Value: "blue" }] };
const LOOK: Statement = {
  Effect: "Allow",
  Action: ["s3:ListAllMyBuckets", "ec2:DescribeInstances"],
  Resource: "*",
};
const ROLE = { roleName: "externalId-and-path", path: "/apps/", externalId: "42-42" };

const named = (option: string) => option.replaceAll(/\W+/g, "-");
/** Every option has callers of its own, so that no grant of another option speaks for them. */
const nameOf = (who: Who, option: string) => `${who.split(" ")[1]}-${named(option)}`;
const bySelf = (trust: object, mfa = false) => ({ people: { accounts: [dev] as const, mfa, ...trust } });

const options: Record<string, Option> = {
  "mfa, by default": {
    role: { trust: { people: { accounts: [dev] } } },
    asks: {
      "with a code": [{ mfa: "code" }, "allowed"],
      "with a session that began with one, 11 hours ago": [{ mfa: 39_600 }, "allowed"],
      "without any": [{}, BY_TRUST],
    },
  },
  "mfa: false": {
    role: { trust: bySelf({}) },
    asks: { "without any": [{}, "allowed"], "with a code": [{ mfa: "code" }, "allowed"] },
  },
  maxMfaAge: {
    role: { trust: bySelf({ maxMfaAge: 900 }, true) },
    asks: {
      "with a code": [{ mfa: "code" }, "allowed"],
      "with a session that is young enough": [{ mfa: 890 }, "allowed"],
      "with one that is a second too old": [{ mfa: 901 }, BY_TRUST],
      "without any": [{}, BY_TRUST],
    },
  },
  "people and machines": {
    role: {
      trust: {
        people: { accounts: [dev] },
        machines: {
          accounts: [dev],
          principalArns: [iamArn(dev, `role/${nameOf("a machine", "people and machines")}`)],
        },
      },
    },
    asks: {
      "a machine, which has no MFA": [{ who: "a machine" }, "allowed"],
      "a person without MFA": [{}, BY_TRUST],
      "a person with MFA": [{ mfa: "code" }, "allowed"],
    },
  },
  externalId: {
    role: { trust: bySelf({ externalId: "42-42" }) },
    asks: {
      "the right one": [{ sent: { ExternalId: "42-42" } }, "allowed"],
      "a wrong one": [{ sent: { ExternalId: "42-43" } }, BY_TRUST],
      none: [{}, BY_TRUST],
    },
  },
  "several accounts": {
    role: { trust: { people: { accounts: [dev, outsider], mfa: false } } },
    asks: { "the first": [{}, "allowed"], "the second": [{ who: "an outsider" }, "allowed"] },
  },
  "one account": {
    role: { trust: bySelf({}) },
    asks: { "that one": [{}, "allowed"], another: [{ who: "an outsider" }, BY_TRUST] },
  },
  organizationId: {
    role: {
      trust: { people: { accounts: [dev, outsider], mfa: false, organizationId: ORGANIZATION.id } },
    },
    asks: {
      "an account in it": [{}, "allowed"],
      "an account outside, which is trusted otherwise": [{ who: "an outsider" }, BY_TRUST],
    },
  },
  "organizationId of others": {
    role: { trust: bySelf({ organizationId: "o-another001" }) },
    asks: { "an account outside it": [{}, BY_TRUST] },
  },
  principalArns: {
    role: { trust: bySelf({ principalArns: [iamArn(dev, `user/${nameOf("a member", "principalArns")}`)] }) },
    asks: {
      "the one named": [{}, "allowed"],
      "another, of the same account and with the same grant": [{ who: "a colleague" }, BY_TRUST],
    },
  },
  sourceIps: {
    role: { trust: bySelf({ sourceIps: ["203.0.113.0/24", "127.0.0.0/8"] }) },
    asks: { "from one of the ranges": [{}, "allowed"] },
  },
  "sourceIps of others": {
    role: { trust: bySelf({ sourceIps: ["203.0.113.0/24"] }) },
    asks: { "from elsewhere": [{}, BY_TRUST] },
  },
  sessionTags: {
    role: { trust: bySelf({ sessionTags: true }) },
    grant: { sessionTags: true },
    asks: {
      "with tags": [{ sent: tags }, "allowed"],
      "with a source identity": [
        { sent: { SourceIdentity: "ann" } },
        refusedBy("identity-based policy", "sts:SetSourceIdentity"),
      ],
    },
  },
  "sessionTags in the grant alone": {
    role: { trust: bySelf({}) },
    grant: { sessionTags: true },
    asks: {
      "with tags": [{ sent: tags }, refusedBy("role trust policy", "sts:TagSession")],
      "without tags": [{}, "allowed"],
    },
  },
  "sessionTags in the trust alone": {
    role: { trust: bySelf({ sessionTags: true }) },
    asks: { "with tags": [{ sent: tags }, refusedBy("identity-based policy", "sts:TagSession")] },
  },
  sourceIdentity: {
    role: { trust: bySelf({ sourceIdentity: true }) },
    grant: { sourceIdentity: true },
    asks: {
      "with one": [{ sent: { SourceIdentity: "ann" } }, "allowed"],
      "with tags": [{ sent: tags }, refusedBy("identity-based policy", "sts:TagSession")],
    },
  },
  "sourceIdentity in the grant alone": {
    role: { trust: bySelf({}) },
    grant: { sourceIdentity: true },
    asks: {
      "with one": [
        { sent: { SourceIdentity: "ann" } },
        refusedBy("role trust policy", "sts:SetSourceIdentity"),
      ],
      "without one": [{}, "allowed"],
    },
  },
  "sourceIdentity in the trust alone": {
    role: { trust: bySelf({ sourceIdentity: true }) },
    asks: {
      "with one": [
        { sent: { SourceIdentity: "ann" } },
        refusedBy("identity-based policy", "sts:SetSourceIdentity"),
      ],
    },
  },
  permissionsBoundary: {
    role: {
      trust: bySelf({}),
      permissionsBoundary: "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess",
    },
    asks: {
      "what permissions and boundary allow": [{ does: "look at instances" }, "allowed"],
      "what the permissions alone allow": [
        { does: "list buckets" },
        refusedBy("permissions boundary", "s3:ListAllMyBuckets"),
      ],
    },
  },
  "no permissionsBoundary": {
    role: { trust: bySelf({}) },
    asks: { "what the permissions allow": [{ does: "list buckets" }, "allowed"] },
  },
  path: {
    role: { trust: bySelf({}), path: "/apps/" },
    asks: {
      "by its ARN with the path": [{}, "allowed"],
      "by its ARN without": [
        { sent: { RoleArn: roleArn(prod, "path") } },
        refusedBy("identity-based policy"),
      ],
    },
  },
  "path, left out of the grant": {
    role: { trust: bySelf({}), path: "/apps/" },
    grant: { roleArn: roleArn(prod, "path-left-out-of-the-grant") },
    asks: { "by its ARN with the path": [{}, refusedBy("identity-based policy")] },
  },
  "externalId and path": {
    role: { trust: bySelf({ externalId: ROLE.externalId }, true), path: ROLE.path },
    asks: { "both, and MFA": [{ mfa: "code", sent: { ExternalId: ROLE.externalId } }, "allowed"] },
  },
  maxSessionDuration: {
    role: { trust: bySelf({}), maxSessionDuration: 7200 },
    asks: {
      "as long": [{ sent: { DurationSeconds: 7200 } }, "allowed"],
      longer: [{ sent: { DurationSeconds: 7201 } }, TOO_LONG],
    },
  },
  "maxSessionDuration, by default": {
    role: { trust: bySelf({}) },
    asks: {
      "an hour": [{ sent: { DurationSeconds: 3600 } }, "allowed"],
      longer: [{ sent: { DurationSeconds: 3601 } }, TOO_LONG],
    },
  },
};

describe("trust options, asked of the endpoint", function () {
  this.timeout(60_000);
  let world: World;
  const callers = new Map<string, { credentials(): Promise<AwsCredentialIdentity>; device?: Device }>();
  const arns = new Map<string, string>();

  before(async () => {
    world = await World.start();
    const people = Object.entries(options).flatMap(([option, { asks }]) =>
      [...new Set(Object.values(asks).map(([{ who = "a member" }]) => who))].map((who) => ({ option, who })),
    );
    await Promise.all(people.map(({ option, who }) => hire(who, nameOf(who, option))));
    await deployed((provider) => {
      for (const [option, { role, grant = {} }] of Object.entries(options)) {
        const roleName = named(option);
        const { arn } = new CrossAccountRole(
          roleName,
          { account: prod, roleName, description: option, permissions: [LOOK], ...role },
          { provider: provider("prod") },
        );
        arns.set(option, arn);
        const { roleArn: granted = arn, ...rights } = grant;
        for (const { who } of people.filter((one) => one.option === option)) {
          const opts = { provider: provider(homeOf(who)) };
          const name = nameOf(who, option);
          const grantee =
            who === "a machine"
              ? { role: aws.iam.Role.get(name, name, { name }, opts) }
              : { user: aws.iam.User.get(name, name, { name }, opts) };
          new AssumeRoleGrant(`${name}-grant`, { grantee, roleArns: [granted], ...rights }, opts);
        }
      }
    });
  });
  after(() => world.stop());

  /** Makes a caller, with a device unless it is a machine, and nothing granted yet. */
  async function hire(who: Who, name: string): Promise<void> {
    const home = homeOf(who);
    if (who === "a machine") {
      const Principal = { AWS: iamArn(place(home), "root") };
      const arn = await world.role(home, name, policy({ Principal, Action: "sts:AssumeRole" }));
      callers.set(name, { credentials: () => world.assume(world.gateway.administrators[home]!, arn) });
    } else {
      const { credentials } = await world.person(home, name);
      const device = await world.device(home, name, name);
      callers.set(name, { credentials: async () => credentials, device });
    }
  }

  /** Runs a program whose every resource is made at once, in the account that its provider is named for. */
  async function deployed(program: (provider: (home: Profile) => aws.Provider) => void): Promise<void> {
    await pulumi.runtime.setMocks({
      newResource: async ({ type, id, provider, inputs, custom }) => {
        const home = provider?.match(/::(dev|prod|outsider)::/)?.[1] as Profile;
        // What is only looked up has its ID already.
        if (custom && !id && type.startsWith("aws:")) {
          const session = { client: (service: typeof IAMClient) => world.admin(service, home) };
          await typeOf(type).create(
            session as unknown as AwsConnection,
            { ...inputs, tagsAll: {} },
            () => {},
          );
        }
        return { id: id || inputs.name, state: { ...inputs } };
      },
      call: ({ token }) => {
        throw new Error(`The components asked for ${token}, which no test expects.`);
      },
    });
    const providers: Partial<Record<Profile, aws.Provider>> = {};
    program((home) => (providers[home] ??= new aws.Provider(home, { region: REGION })));
    await pulumi.runtime.disconnect();
  }

  const temporary = async (who: AwsCredentialIdentity, mfa: object): Promise<AwsCredentialIdentity> => {
    const { Credentials } = await world.client(STSClient, who).send(new GetSessionTokenCommand(mfa));
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
    return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
  };

  async function ask(option: string, { who = "a member", mfa, sent, does }: Ask): Promise<void> {
    const { credentials, device } = callers.get(nameOf(who, option))!;
    // A step's code is taken once: every ask has a step of its own.
    if (mfa !== undefined) world.advance(30);
    const shown = mfa !== undefined && { SerialNumber: device!.serial, TokenCode: device!.code() };
    let asking = await credentials();
    if (typeof mfa === "number") {
      asking = await temporary(asking, { ...shown, DurationSeconds: 43_200 });
      world.advance(mfa);
    }
    const session = await world.assume(asking, arns.get(option)!, { ...(mfa === "code" && shown), ...sent });
    if (does === "list buckets") await world.client(S3Client, session).send(new ListBucketsCommand({}));
    if (does === "look at instances")
      await world.client(EC2Client, session).send(new DescribeInstancesCommand({}));
  }

  for (const [option, { asks }] of Object.entries(options))
    describe(option, () => {
      for (const [sentence, [asked, expected]] of Object.entries(asks))
        it(`${sentence}: ${expected === "allowed" ? "allowed" : "refused"}`, async () => {
          const answer = await words(ask(option, asked));
          if (expected === "allowed") assert.equal(answer, "");
          else assert.match(answer, expected);
        });
    });

  it("the profile text of the instructions carries external ID and path", async () => {
    const instructions = roleInstructions(prod, dev, { ...ROLE, sessionDuration: 3600 });
    const { credentials, device } = callers.get(nameOf("a member", "externalId and path"))!;
    const folder = mkdtempSync(join(tmpdir(), "trust-options-"));
    try {
      const configFilepath = join(folder, "config");
      const assume = async (text: string) => {
        const { accessKeyId, secretAccessKey } = await credentials();
        const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
        const mine = text
          .replace("YOUR-PROFILE", "me")
          .replace("YOUR-MFA-DEVICE", device!.serial.split(":mfa/")[1]!);
        writeFileSync(configFilepath, `[profile me]\n${keys}\n${mine}`);
        world.advance(30);
        return fromIni({
          profile: ROLE.roleName,
          configFilepath,
          filepath: configFilepath,
          ignoreCache: true,
          mfaCodeProvider: async () => device!.code(),
          clientConfig: {
            region: REGION,
            endpoint: world.gateway.url,
            systemClockOffset: world.now() - Date.now(),
          } as object,
        })();
      };
      const session = await assume(instructions.cliProfile);
      const caller = await world.client(STSClient, session).send(new GetCallerIdentityCommand({}));
      assert.match(caller.Arn!, /:assumed-role\/externalId-and-path\//);
      assert.match(await words(assume(instructions.cliProfile.replace(/external_id.*\n/, ""))), BY_TRUST);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
