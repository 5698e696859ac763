import { nearest } from "./nearest";

/** The configuration of a stack as written, by the settings' names without the project's prefix. */
export type RawConfig = Readonly<Record<string, string | undefined>>;

/** How one setting is read, and what it is when it is left out. */
export interface SettingRule<Value> {
  /** The values that are accepted, in words. */
  expected: string;
  /** The text can be a secret: no error shows it, and the suggested command encrypts it. */
  secret?: true;
  /** The value names accounts that the stack deploys into or trusts. */
  accounts?: true;
  /** The value, or undefined where the text is not what is expected. */
  read(text: string): Value | undefined;
  /** What is wrong with a text that is not accepted, more exactly than the whole of it; in a list, at which place. */
  explain?(text: string): { found: string; hint?: string; value?: string; place?: number };
  /** The value of a setting that is left out. Absent: the setting is required. */
  default?(config: RawConfig): Value;
}

/** A rule for each setting: one that is left out does not compile. */
export type SettingRules<Settings> = { readonly [Name in keyof Settings]-?: SettingRule<Settings[Name]> };

/** Reports a mistake in a setting: what was found, what is expected, and the value of the command that fixes it. */
export type ReportMistake = (setting: string, found: string, expected: string, value?: string) => void;

/** Accepts exactly the texts that match. */
export const matching = (pattern: RegExp) => (text: string) => (pattern.test(text) ? text : undefined);

/** An account ID, in quotes: YAML would read it as a number. */
export const accountId: SettingRule<string> = {
  expected: "an account ID of 12 digits, in quotes",
  accounts: true,
  read: matching(/^\d{12}$/),
};

/** The name of a profile of the AWS config file. */
export const profile = (name: string): SettingRule<string> => ({
  expected: "the name of a profile in the AWS config file",
  read: matching(/^[^\s[\]]+$/),
  default: () => name,
});

/** A bucket's physical name, unique worldwide. Left out: the given name and the trusting account's ID. */
export const bucketName = (name: string): SettingRule<string> => ({
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
  default: (config) => `${name}-${config.trustingAccountId}`,
});

const FLAGS = new Map([
  ["true", true],
  ["false", false],
]);

/** True or false. */
export const flag = (value: boolean): SettingRule<boolean> => ({
  expected: "true or false",
  read: (text) => FLAGS.get(text),
  default: () => value,
});

/** The items of a list as Pulumi hands it over, JSON text; undefined where it is no list. */
function readList(text: string): string[] | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? found.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** A list as the value of a command that can be pasted into a shell. */
const shellList = (items: readonly string[]) => `'${JSON.stringify(items)}'`;

/**
 * A list of items that each match.
 * @param known all items that match, where they are few: a wrong one is compared with them, and the list is not empty.
 */
export const listOf = <Item extends string>(
  expected: string,
  matches: (item: string) => boolean,
  items: readonly Item[],
  known: readonly Item[] = [],
): SettingRule<readonly Item[]> => ({
  expected,
  read: (text) => {
    const found = readList(text);
    const fits = found?.every(matches) && new Set(found).size === found.length;
    return fits && (known.length === 0 || found!.length > 0) ? (found as Item[]) : undefined;
  },
  explain: (text) => {
    const found = readList(text);
    if (!found) return { found: `${JSON.stringify(text)}, which is no list`, value: shellList([text]) };
    const place = found.findIndex((item, index) => !matches(item) || found.indexOf(item) < index);
    if (place < 0) return { found: "an empty list", value: shellList(items) };
    const wrong = found[place]!;
    if (matches(wrong)) return { found: `${JSON.stringify(wrong)} twice in the list`, place };
    const meant = nearest(wrong, known);
    return {
      found: `${JSON.stringify(wrong)} in the list`,
      place,
      ...(meant !== undefined && { hint: `the nearest to ${wrong} is ${meant}`, value: meant }),
    };
  },
  default: () => items,
});
