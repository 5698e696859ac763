import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import { UserError } from "../../infra/user-error";
import { type CliProfile, profileText } from "./profile";

/** The AWS config file of the person who runs this. https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html */
export const awsConfigFile = (): string => process.env.AWS_CONFIG_FILE || join(homedir(), ".aws", "config");

/**
 * Adds profiles to an AWS config file, all or none. The file is replaced in one step, so an interruption leaves the old
 * one; what is in it stays as it is.
 * @param show is given the lines before they are written
 * @returns the names of the profiles that were added: one that is there already, and says the same, is not.
 * @throws {UserError} where a profile of that name says something else.
 */
export async function addProfiles(
  profiles: readonly CliProfile[],
  show: (lines: string) => void,
  file = awsConfigFile(),
): Promise<string[]> {
  const { configFile } = await loadSharedConfigFiles({ configFilepath: file, ignoreCache: true });
  const missing = profiles.filter(({ name }) => configFile[name] === undefined);
  const different = profiles.filter(({ name, settings }) => {
    const existing = configFile[name];
    return existing && [...settings].some(([key, value]) => existing[key] !== value);
  });
  if (different.length > 0)
    throw new UserError(
      `${file}: has a profile ${different.map(({ name }) => name).join(", ")} already, with other settings; nothing was changed. ` +
        "Rename or remove it there, or add these lines under another name:\n" +
        different.map(profileText).join("\n\n"),
    );
  if (missing.length === 0) return [];
  const added = missing.map(profileText).join("\n\n");
  show(added);
  append(file, added);
  return missing.map(({ name }) => name);
}

/** Adds lines to the end of a file by writing a new one beside it, which then takes its place. */
function append(path: string, lines: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A link stays one: what it leads to is replaced.
  const file = existsSync(path) ? realpathSync(path) : path;
  const [text, mode] = existsSync(file)
    ? [readFileSync(file, "utf8"), statSync(file).mode & 0o777]
    : ["", 0o600];
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const whole = [...(text.trim() ? [text.replace(/(\r?\n)*$/, ""), ""] : []), ...lines.split("\n"), ""];
  const temporary = `${file}.${process.pid}.new`;
  try {
    const descriptor = openSync(temporary, "wx", mode);
    writeFileSync(descriptor, whole.join(newline));
    fsyncSync(descriptor);
    closeSync(descriptor);
    if (existsSync(file) && readFileSync(file, "utf8") !== text)
      throw new UserError(
        `${file}: was changed by something else meanwhile; nothing was added. Run this again.`,
      );
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}
