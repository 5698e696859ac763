import { execFile } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../infra/user-error";
import { digest, install, type Report } from "./install";
import { installPackages } from "./python";

const REQUIREMENTS = join(__dirname, "moto/requirements.txt");
const MOTO_SERVER = join(__dirname, "../moto_server.py");
const exec = promisify(execFile);
const read = (file: string) => readFileSync(file, "utf8");

/** The `moto_server` executable, installed by pip where it is missing. */
export async function installMoto(report: Report): Promise<string> {
  const version = read(REQUIREMENTS).match(/^moto==(\S+)/m)?.[1] ?? "";
  const name = `moto-${version}-${digest(read(REQUIREMENTS), read(MOTO_SERVER))}`;
  const folder = await install(name, "moto", report, async (into) => {
    await installPackages(join(into, "venv"), REQUIREMENTS, (seconds) =>
      report("moto", `installing ${version} with pip, ${seconds} s`),
    );
    // The scripts that pip writes name the folder they were made in; this one works in any folder.
    const script = join(into, "moto_server");
    copyFileSync(MOTO_SERVER, `${script}.py`);
    writeFileSync(script, `#!/bin/sh\nexec "$(dirname "$0")/venv/bin/python" "$0.py" "$@"\n`);
    chmodSync(script, 0o755);
    const { stdout } = await exec(join(into, "venv/bin/python"), [
      "-c",
      "import moto, moto.server; print(moto.__version__)",
    ]);
    if (stdout.trim() !== version)
      throw new UserError(`The moto that was installed says it is ${stdout.trim()}; expected is ${version}.`);
    await exec(script, ["--help"]);
  });
  return join(folder, "moto_server");
}
