import { execFile } from "node:child_process";
import { chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../infra/user-error";
import { digest, install, type Report } from "./install";
import { installPackages } from "./python";

const REQUIREMENTS = join(__dirname, "moto/requirements.txt");
const SERVER = join(__dirname, "../moto");
const exec = promisify(execFile);
const read = (file: string) => readFileSync(file, "utf8");

/** The `moto_server` executable, installed by pip where it is missing. */
export async function installMoto(report: Report): Promise<string> {
  const version = read(REQUIREMENTS).match(/^moto==(\S+)/m)?.[1] ?? "";
  const sources = readdirSync(SERVER, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".py"))
    .sort()
    .map((file) => read(join(SERVER, file)));
  const name = `moto-${version}-${digest(read(REQUIREMENTS), ...sources)}`;
  const folder = await install(name, "moto", report, async (into) => {
    await installPackages(join(into, "venv"), REQUIREMENTS, (seconds) =>
      report("moto", `installing ${version} with pip, ${seconds} s`),
    );
    // The scripts that pip writes name the folder they were made in; this one works in any folder.
    const script = join(into, "moto_server");
    cpSync(SERVER, join(into, "server"), { recursive: true });
    writeFileSync(
      script,
      `#!/bin/sh\nhere=$(dirname "$0")\nexec "$here/venv/bin/python" "$here/server/server.py" "$@"\n`,
    );
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
