import * as pulumi from "@pulumi/pulumi";

/** Which of the two accounts a stack deploys into. */
export type Side = "trusting" | "trusted";

/** The scenarios that a stack may deploy. */
export const SCENARIOS = [
  "UpdateApp",
  "ParameterReader",
  "InstanceOperator",
  "TopicPublisher",
  "SharedBucket",
  "SharedServices",
  "GitHubActions",
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** The stack's configuration, complete and valid. */
export interface Settings {
  /** The stack these settings belong to. */
  stack: string;
  /** Region of both accounts' resources, such as ap-northeast-1. */
  region: string;
  /** 12-digit ID of the account that owns the resources, and the AWS profile that deploys into it. */
  trustingAccountId: string;
  trustingProfile: string;
  /** 12-digit ID of the account that owns the people, and the AWS profile that deploys into it. */
  trustedAccountId: string;
  trustedProfile: string;
  /** Physical name of the bucket `productionapp`; unique worldwide. */
  bucketName: string;
  /** Seconds a person asks to hold the role: 900 to 43200. */
  sessionDuration: number;
  /** The sides that this stack deploys; the other side's ARNs follow from these settings. */
  manages: readonly Side[];
  /** True: the bucket survives `pulumi destroy` and is never emptied by it. */
  protect: boolean;
  /** The scenarios that this stack deploys. */
  scenarios: readonly Scenario[];
  /** ParameterReader: name and value of the parameter; with a KMS key's ARN it is a SecureString. */
  parameterName: string;
  parameterValue: string;
  parameterKeyArn: string | undefined;
  /** InstanceOperator: IDs of accounts trusted besides the trusted account. */
  instanceOperatorAccountIds: readonly string[];
  /** InstanceOperator: only these instances (none named: every instance), and only those with this tag. */
  operatedInstanceIds: readonly string[];
  operatedInstanceTag: { key: string; value: string } | undefined;
  /** InstanceOperator: attaches AmazonEC2FullAccess as well, which no restriction above holds back. */
  instanceFullAccess: boolean;
  /** TopicPublisher: the topic, and the client ID that the device connects with. */
  topic: string;
  topicClientId: string;
  /** SharedBucket: physical name of the shared bucket; unique worldwide. */
  sharedBucketName: string;
  /** SharedServices: name of the shared topic, queue, repository and API. */
  sharedServicesName: string;
  /** GitHubActions: the repository whose jobs preview and deploy this stack, as owner/name. */
  githubRepository: string | undefined;
  /** GitHubActions: false where the accounts hold GitHub's OpenID Connect provider already: an account takes one. */
  createGithubProvider: boolean;
}

/** A setting as written: where it comes from is the caller's business, so tests need no engine. */
type Written = Readonly<Record<string, string | undefined>>;

interface Rule<Value> {
  expected: string;
  /** Its text may be a secret: no error shows it, and the CLI asks for it. */
  secret?: true;
  /** The value, or undefined where the text is not what is expected. */
  read(text: string): Value | undefined;
  /** Absent: the setting is required. */
  otherwise?(written: Written): Value;
}

const PROJECT = "cross-account-access";
const SIDES = { both: ["trusting", "trusted"], trusting: ["trusting"], trusted: ["trusted"] } as const;

/** IDs that AWS's documentation uses as examples: they belong to nobody who could deploy this. */
export const DOCUMENTATION_ACCOUNT_IDS: ReadonlySet<string> = new Set([
  "123456789012",
  "111122223333",
  "444455556666",
  "777788889999",
  "123456789123",
  "210987654321",
  "012345678901",
  "111111111111",
  "222222222222",
  "333333333333",
  "444444444444",
  "555555555555",
  "666666666666",
  "777777777777",
  "888888888888",
  "999999999999",
  "999988887777",
  "000000000000",
]);

const matching = (pattern: RegExp) => (text: string) => (pattern.test(text) ? text : undefined);

const accountId: Rule<string> = {
  expected: "an account ID of 12 digits, in quotes",
  read: matching(/^\d{12}$/),
};
const profile = (name: string): Rule<string> => ({
  expected: "the name of a profile in the AWS config file",
  read: matching(/^[^\s[\]]+$/),
  otherwise: () => name,
});

const bucket = (name: string): Rule<string> => ({
  expected:
    "3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit, " +
    "no two dots together, not formed like an IP address, without a prefix or suffix that S3 reserves",
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  read: (text) =>
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text) &&
    !/\.\.|^\d+\.\d+\.\d+\.\d+$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(
      text,
    )
      ? text
      : undefined,
  otherwise: (written) => `${name}-${written.trustingAccountId}`,
});
const flag = (otherwise: boolean): Rule<boolean> => ({
  expected: "true or false",
  read: (text) => (text === "true" ? true : text === "false" ? false : undefined),
  otherwise: () => otherwise,
});
/** A list as Pulumi hands it over, JSON text, of items that each match. */
const list = <Item extends string>(
  expected: string,
  matches: (item: string) => boolean,
  otherwise: Item[],
): Rule<Item[]> => ({
  expected,
  read: (text) => {
    try {
      const items: unknown = JSON.parse(text);
      const fits = Array.isArray(items) && items.every((item) => matches(String(item)));
      return fits ? (items.map(String) as Item[]) : undefined;
    } catch {
      return undefined;
    }
  },
  otherwise: () => otherwise,
});

const rules: { [Name in keyof Omit<Settings, "stack">]: Rule<Settings[Name]> } = {
  region: {
    expected: "an AWS region, such as ap-northeast-1",
    // Of AWS's isolated partitions nothing here is known.
    read: matching(/^(?!us-iso|eu-isoe)[a-z]{2}(-[a-z]+)+-\d$/),
  },
  trustingAccountId: accountId,
  trustingProfile: profile("prod"),
  trustedAccountId: accountId,
  trustedProfile: profile("dev"),
  bucketName: bucket("productionapp"),
  sessionDuration: {
    expected: "whole seconds from 900 (15 minutes) to 43200 (12 hours)",
    read: (text) => {
      const seconds = Number(text);
      return /^\d+$/.test(text) && seconds >= 900 && seconds <= 43_200 ? seconds : undefined;
    },
    otherwise: () => 3600,
  },
  manages: {
    expected: "both, trusting or trusted",
    read: (text) => (Object.hasOwn(SIDES, text) ? SIDES[text as keyof typeof SIDES] : undefined),
    otherwise: () => SIDES.both,
  },
  protect: flag(true),
  scenarios: list<Scenario>(
    `a list of ${SCENARIOS.join(", ")}`,
    (name) => (SCENARIOS as readonly string[]).includes(name),
    ["UpdateApp"],
  ),
  parameterName: {
    expected:
      "a parameter name of letters, digits and _.-, in up to 15 levels that each begin with a slash, " +
      "1011 characters at most, not beginning with aws or ssm, which AWS reserves",
    read: matching(/^(?!\/?(aws|ssm))(?=.{1,1011}$)(\/[\w.-]+){1,15}$/i),
    otherwise: () => "/productionapp/greeting",
  },
  parameterValue: {
    expected: "text of up to 4096 characters",
    secret: true,
    read: matching(/^.{1,4096}$/s),
    otherwise: () => "hello",
  },
  parameterKeyArn: {
    expected: "the ARN of a customer managed KMS key",
    read: matching(/^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/),
    otherwise: () => undefined,
  },
  instanceOperatorAccountIds: list(
    "a list of account IDs of 12 digits, in quotes, each once",
    (id) => /^\d{12}$/.test(id),
    [],
  ),
  operatedInstanceIds: list(
    "a list of instance IDs, such as i-0123456789abcdef0",
    (id) => /^i-[0-9a-f]{8,17}$/.test(id),
    [],
  ),
  operatedInstanceTag: {
    expected: "a tag as key=value, of up to 128 and 256 characters, not beginning with aws:",
    // EC2 takes any character, but a policy would read ${ as a variable.
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
    read: (text) => {
      const [, key, value] = /^(?!aws:)([^=]{1,128})=(.{1,256})$/is.exec(text) ?? [];
      return key && value && !text.includes("${") ? { key, value } : undefined;
    },
    otherwise: () => undefined,
  },
  instanceFullAccess: flag(false),
  topic: {
    expected:
      "a topic of AWS IoT without wildcards, such as topic/test: up to 8 levels parted by slashes, 256 bytes in all",
    // A policy would read * and ? as wildcards, and ${ as a variable.
    // https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
    read: (text) =>
      /^(?!\$)[^+#*?\p{Cc}]+$/u.test(text) &&
      !text.includes("${") &&
      text.split("/").length <= 8 &&
      Buffer.byteLength(text) <= 256
        ? text
        : undefined,
    otherwise: () => "topic/test",
  },
  topicClientId: {
    expected: "a client ID of letters, digits and :_-",
    read: matching(/^[\w:-]{1,128}$/),
    otherwise: () => "publisher",
  },
  sharedBucketName: bucket("shared"),
  // What SNS, SQS and ECR all take. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
  sharedServicesName: {
    expected:
      "2 to 80 lower-case letters, digits and hyphens, beginning with a letter, no two hyphens together",
    read: matching(/^(?=.{2,80}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/),
    otherwise: () => "shared",
  },
  githubRepository: {
    // GitHub may write the immutable IDs of owner and repository into a token's subject, each after an @.
    expected: "a GitHub repository as owner/name, or as owner@ID/name@ID",
    read: matching(/^([\w-]+\/[\w.-]+|[\w-]+@\d+\/[\w.-]+@\d+)$/),
    otherwise: () => undefined,
  },
  createGithubProvider: flag(true),
};

/**
 * The settings of the stack that is being deployed, from `Pulumi.<stack>.yaml`.
 * @throws {SettingsError} naming every mistake at once, before any resource exists.
 */
export function readSettings(): Settings {
  const prefix = `${PROJECT}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return parseSettings(
    pulumi.getStack(),
    Object.fromEntries(own.map(([key, text]) => [key.slice(prefix.length), text])),
  );
}

/**
 * The settings that a stack's written configuration means.
 * @throws {SettingsError} naming every mistake at once.
 */
export function parseSettings(stack: string, written: Written): Settings {
  const mistakes: string[] = [];
  const mistake = (name: string, found: string, expected: string, mend: string) =>
    mistakes.push(`${name}: found ${found}; expected ${expected}.\n    Mend it: ${mend}`);
  const set = (name: string, value = "VALUE") =>
    `pulumi config set --stack ${stack} ${PROJECT}:${name} ${value}`;

  for (const name of Object.keys(written).filter((name) => !Object.hasOwn(rules, name))) {
    const known = nearest(name, Object.keys(rules));
    const remove = `pulumi config rm --stack ${stack} ${PROJECT}:${name}`;
    mistake(name, "an unknown setting", `a known one; the nearest is ${known}`, remove);
  }
  const values: Record<string, unknown> = { stack };
  for (const [name, rule] of Object.entries(rules) as [string, Rule<unknown>][]) {
    const text = written[name];
    if (text === undefined && rule.otherwise) values[name] = rule.otherwise(written);
    else if (text === undefined) mistake(name, "nothing", rule.expected, set(name));
    else {
      values[name] = rule.read(text);
      const [found, mend] = rule.secret
        ? [`${text.length} characters`, set(name, "--secret")]
        : [JSON.stringify(text), set(name)];
      if (values[name] === undefined) mistake(name, found, rule.expected, mend);
    }
  }
  const settings = values as unknown as Settings;
  if (settings.trustedAccountId !== undefined && settings.trustedAccountId === settings.trustingAccountId) {
    const expected = "an account other than trustingAccountId: access within one account needs no role";
    mistake("trustedAccountId", `${settings.trustedAccountId} in both`, expected, set("trustedAccountId"));
  }
  if (settings.trustedProfile === settings.trustingProfile && settings.manages?.length === 2) {
    const expected = "a profile of its own for each account";
    mistake("trustedProfile", `${settings.trustedProfile} for both`, expected, set("trustedProfile"));
  }
  if (settings.bucketName !== undefined && settings.bucketName === settings.sharedBucketName) {
    const expected = "a bucket of its own: what is shared is not the application's";
    mistake("sharedBucketName", `${settings.bucketName} in both`, expected, set("sharedBucketName"));
  }
  const operators = [settings.trustedAccountId, ...(settings.instanceOperatorAccountIds ?? [])];
  const twice = operators.find(
    (id, index) => operators.indexOf(id) !== index || id === settings.trustingAccountId,
  );
  if (operators.length > 1 && twice !== undefined) {
    const expected = "accounts besides the trusting and the trusted one, each once";
    mistake("instanceOperatorAccountIds", twice, expected, set("instanceOperatorAccountIds", "'[…]'"));
  }
  const keyRegion = settings.parameterKeyArn?.split(":")[3];
  if (keyRegion !== undefined && settings.region !== undefined && keyRegion !== settings.region)
    mistake("parameterKeyArn", `a key of ${keyRegion}`, `one of ${settings.region}`, set("parameterKeyArn"));
  if (settings.scenarios?.includes("GitHubActions") && written.githubRepository === undefined) {
    const expected = `${rules.githubRepository.expected}: the scenario GitHubActions trusts its jobs`;
    mistake("githubRepository", "nothing", expected, set("githubRepository", "OWNER/NAME"));
  }
  if (mistakes.length > 0) throw new SettingsError(stack, mistakes);
  return settings;
}

/**
 * Refuses AWS's documentation IDs in a deployment that would go to AWS itself: those it deploys into and those it trusts.
 * @param goesToAws whether a side's profile leads to AWS, and not to an endpoint of its own.
 * @throws {SettingsError} naming each such ID.
 */
export function refuseDocumentationIds(settings: Settings, goesToAws: (side: Side) => boolean): void {
  if (!settings.manages.some(goesToAws)) return;
  const { stack, trustingAccountId, trustedAccountId, instanceOperatorAccountIds } = settings;
  const mistakes = Object.entries({
    trustingAccountId,
    trustedAccountId,
    instanceOperatorAccountIds,
  }).flatMap(([name, ids]) =>
    [ids].flat().flatMap((id) => {
      if (!DOCUMENTATION_ACCOUNT_IDS.has(id)) return [];
      return [
        `${name}: found ${id}, an example of AWS's documentation; expected a real account's ID ` +
          "(aws sts get-caller-identity --profile PROFILE).\n    " +
          `Mend it: pulumi config set --stack ${stack} ${PROJECT}:${name} VALUE, ` +
          `or rehearse it: npm run rehearse -- ${stack}`,
      ];
    }),
  );
  if (mistakes.length > 0) throw new SettingsError(stack, mistakes);
}

/** What is wrong with a stack's settings, all of it; a RunError, so that Pulumi shows no stack trace. */
export class SettingsError extends pulumi.RunError {
  constructor(
    stack: string,
    readonly mistakes: readonly string[],
  ) {
    const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
    super(
      `stack ${stack}: ${count} in Pulumi.${stack}.yaml; nothing was created.\n  ${mistakes.join("\n  ")}`,
    );
  }
}

/** The known name with the fewest edits to the one found (Levenshtein); undefined where none is known. */
export function nearest(found: string, known: readonly string[]): string | undefined {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (const [i, letter] of [...a].entries()) {
      const next = [i + 1];
      for (const [j, other] of [...b].entries())
        next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === other ? 0 : 1)));
      row = next;
    }
    return row.at(-1)!;
  };
  const by = (name: string) => distance(found.toLowerCase(), name.toLowerCase());
  return [...known].sort((a, b) => by(a) - by(b))[0];
}
