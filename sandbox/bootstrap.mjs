// Runs before anything is installed, so it is plain JavaScript without dependencies.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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

/** Installs a package's locked dependencies, unless exactly these are there already. */
async function install(folder) {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, folder, "package-lock.json")))
    .digest("hex");
  // Written last: an interrupted installation has no mark, or an old one.
  const mark = join(root, folder, "node_modules", ".installed-lock");
  if (existsSync(mark) && readFileSync(mark, "utf8") === lock) return;
  const started = Date.now();
  console.error(`packages   ${folder}: installing what package-lock.json pins`);
  const code = await run(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], join(root, folder));
  if (code !== 0) {
    console.error(
      `packages   ${folder}: npm ci failed (exit ${code}). Try it alone: npm ci --prefix ${folder}`,
    );
    process.exit(2);
  }
  writeFileSync(mark, lock);
  console.error(`packages   ${folder}: installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

function run(command, args, cwd) {
  return new Promise((resolve) => {
    // What npm prints goes to standard error: standard output is for what the command answers.
    const child = spawn(command, args, { cwd, stdio: ["ignore", 2, 2] });
    child.on("close", resolve).on("error", () => resolve(-1));
  });
}

/** The engine runs the pack's JavaScript: it is made again where a source is newer. */
async function build(folder) {
  const made = join(root, folder, "bin", "index.js");
  const since = existsSync(made) ? statSync(made).mtimeMs : 0;
  const sources = readdirSync(join(root, folder), { recursive: true })
    .filter((name) => !name.startsWith("node_modules"))
    .map((name) => join(root, folder, name));
  if (!sources.some((file) => file.endsWith(".ts") && statSync(file).mtimeMs > since)) return;
  if ((await run(npm, ["run", "--silent", "build"], join(root, folder))) !== 0) process.exit(2);
  utimesSync(made, new Date(), new Date());
}

await Promise.all([install("."), install("policypack").then(() => build("policypack"))]);
const args = [
  "--no-warnings",
  "-r",
  "ts-node/register/transpile-only",
  join(root, "sandbox", "cli.ts"),
  ...process.argv.slice(2),
];
const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("close", (code, signal) => process.exit(signal ? 130 : code));
