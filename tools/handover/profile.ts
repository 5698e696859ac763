/** A profile of an AWS config file: its name, and its settings in their order. */
export interface CliProfile {
  name: string;
  settings: ReadonlyMap<string, string>;
}

/** The words in capitals that a person replaces, and where to read what with. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "YOUR-PROFILE": "the profile of your own access key",
  "YOUR-MFA-DEVICE":
    "what follows :mfa/ in the SerialNumber that `aws iam list-mfa-devices --profile YOUR-PROFILE` prints (in the console: Security credentials)",
};

/** The profile in a stack's output `cliProfile`. */
export function readProfile(text: string): CliProfile {
  const [header = "", ...lines] = text.split("\n");
  const [, name = ""] = /^\[(?:profile )?(.+)\]$/.exec(header) ?? [];
  const settings = lines.flatMap((line) => {
    const [, key, value] = /^(\w+) = (.*)$/.exec(line) ?? [];
    return key !== undefined && value !== undefined ? [[key, value] as const] : [];
  });
  return { name, settings: new Map(settings) };
}

/** A profile with some settings replaced by what is known of the person. */
export const fillIn = (
  { name, settings }: CliProfile,
  known: Readonly<Record<string, string | undefined>>,
): CliProfile => ({
  name,
  settings: new Map([...settings].map(([key, value]) => [key, known[key] ?? value])),
});

export const profileText = ({ name, settings }: CliProfile): string =>
  [`[profile ${name}]`, ...[...settings].map(([key, value]) => `${key} = ${value}`)].join("\n");

/** The words in capitals that are left in a profile, each with where to read what replaces it. */
export function placeholdersOf({ settings }: CliProfile): string[] {
  const words = [...settings.values()].flatMap((value) => value.match(/YOUR-[A-Z-]+/g) ?? []);
  return [...new Set(words)].map(
    (word) => `${word}: ${PLACEHOLDERS[word] ?? "the value that your administrator gives you"}`,
  );
}
