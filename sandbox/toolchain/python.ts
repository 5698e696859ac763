import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { coerce, satisfies } from "semver";
import { UserError } from "../../infra/user-error";
import { findExecutable } from "./executables";
import { run } from "./install";

const OLDEST_PYTHON = "3.10";
const exec = promisify(execFile);

/** Makes a virtual environment of exactly the packages that a requirements file names, their hashes checked. */
export async function installPackages(
  folder: string,
  requirements: string,
  onWait?: (seconds: number) => void,
): Promise<void> {
  const python = await findPython();
  try {
    await exec(python, ["-m", "venv", folder]);
  } catch (error) {
    const reason = String((error as { stdout?: string }).stdout || (error as Error).message).trim();
    throw new UserError(
      `${python} could not make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv. It said:\n${reason}`,
    );
  }
  const options = ["--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary", ":all:"];
  await run(join(folder, "bin/python"), ["-m", "pip", "install", ...options, "-r", requirements], {
    ...(onWait && { onWait }),
  });
}

async function findPython(): Promise<string> {
  const tooOld: string[] = [];
  const names = ["python3", ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`), "python"];
  for (const python of names.map((name) => findExecutable(name)).filter((file) => file !== undefined)) {
    const { stdout, stderr } = await exec(python, ["--version"]).catch(() => ({ stdout: "", stderr: "" }));
    const version = coerce(stdout || stderr);
    if (version && satisfies(version, `^${OLDEST_PYTHON}`)) return python;
    tooOld.push(`${python} (${(stdout || stderr).trim() || "does not start"})`);
  }
  throw new UserError(
    `The sandbox needs Python ${OLDEST_PYTHON} or newer (https://www.python.org/downloads, apt-get install python3 python3-venv, brew install python). Found: ${tooOld.join(", ") || "none"}.`,
  );
}
