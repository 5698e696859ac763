// Runs before anything is installed, so it is plain JavaScript without dependencies.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import lock from "./lock.cjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const oldest = [20, 19];
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  console.error(
    `Node.js ${oldest.join(".")} or newer is needed; this is ${process.versions.node}. See nodejs.org.`,
  );
  process.exit(2);
}

const hashOfLockFile = (folder) =>
  createHash("sha256")
    .update(readFileSync(join(root, folder, "package-lock.json")))
    .digest("hex");
// Written last: an interrupted installation has no mark, or an old one.
const markOf = (folder) => join(root, folder, "node_modules", ".installed-lock");
const isInstalled = (folder) =>
  existsSync(markOf(folder)) && readFileSync(markOf(folder), "utf8") === hashOfLockFile(folder);

/** Installs a package's locked dependencies, unless exactly these are there already. */
async function install(folder) {
  if (isInstalled(folder)) return;
  const started = Date.now();
  console.error(`packages   ${folder}: installing what package-lock.json pins`);
  const code = await run(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], join(root, folder));
  if (code !== 0) {
    console.error(
      `packages   ${folder}: npm ci failed (exit ${code}). Try it alone: npm ci --prefix ${folder}`,
    );
    process.exit(2);
  }
  writeFileSync(markOf(folder), hashOfLockFile(folder));
  console.error(`packages   ${folder}: installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

function run(command, args, cwd) {
  return new Promise((resolve) => {
    // What npm prints goes to standard error: standard output is for what the command answers.
    const child = spawn(command, args, { cwd, stdio: ["ignore", 2, 2] });
    child.on("close", resolve).on("error", () => resolve(-1));
  });
}

const packMade = join(root, "policypack", "bin", "index.js");

/** The engine runs the pack's JavaScript: it is made again where a source is newer. */
function isPackMade() {
  const since = existsSync(packMade) ? statSync(packMade).mtimeMs : 0;
  const folders = readdirSync(join(root, "policypack"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["bin", "node_modules"].includes(entry.name))
    .map((entry) => entry.name);
  const sources = ["", ...folders].flatMap((folder) =>
    readdirSync(join(root, "policypack", folder)).map((name) => join(root, "policypack", folder, name)),
  );
  return !sources.some((file) => file.endsWith(".ts") && statSync(file).mtimeMs > since);
}

async function makePack() {
  if (isPackMade()) return;
  if ((await run(npm, ["run", "--silent", "build"], join(root, "policypack"))) !== 0) process.exit(2);
  utimesSync(packMade, new Date(), new Date());
}

async function prepare() {
  await Promise.all([install("."), install("policypack").then(makePack)]);
}

if (!isInstalled(".") || !isInstalled("policypack") || !isPackMade()) {
  mkdirSync(join(root, ".sandbox"), { recursive: true, mode: 0o700 });
  await lock.withLock(join(root, ".sandbox", "packages.lock"), prepare, (holder) =>
    console.error(`packages   another process (${holder}) is installing them: waiting`),
  );
}
const args = ["--no-warnings", "-r", "tsx/cjs", join(root, "sandbox", "cli.ts"), ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("close", (code, signal) => process.exit(signal ? 130 : code));
