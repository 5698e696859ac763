import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Stand-ins of this checkout or another are started by launch.cjs, which lies in the folder above theirs. */
export const isStandIn = (file: string): boolean =>
  existsSync(join(dirname(realpathSync(file)), "../launch.cjs"));

/** An executable of PATH, or of these folders, that is no stand-in of a sandbox. */
export const findExecutable = (name: string, folders: string[] = []): string | undefined =>
  [...folders, ...(process.env.PATH ?? "").split(delimiter)]
    .map((folder) => join(folder, name))
    .find((file) => isExecutable(file) && !isStandIn(file));
