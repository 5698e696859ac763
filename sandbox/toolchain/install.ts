/** Installs a tool into the user's cache folder: complete or not at all, by one process at a time. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../infra/user-error";
import { showDetail } from "../../tools/details";
import { isLocked, withLock } from "../lock.cjs";

/** Receives what happens to a tool, such as "moto", in words. */
export type Report = (tool: string, message: string) => void;

const REPORT_SECONDS = 15;

/** Ten digits that change with any of these texts. */
export const digest = (...texts: string[]): string =>
  createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 10);

/** The project's own folder where the operating system wants caches. */
export const cacheFolder = (): string =>
  join(
    process.env.XDG_CACHE_HOME ||
      (process.platform === "darwin" ? join(homedir(), "Library/Caches") : join(homedir(), ".cache")),
    "cross-account-access",
  );

/**
 * The folder of that name in the cache. Where it is missing, `fill` fills a folder beside it, which then gets the name:
 * there is never half a tool.
 */
export async function install(
  name: string,
  tool: string,
  report: Report,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const onWait = (holder: number) => report(tool, `another process (${holder}) is installing it: waiting`);
  await withLock(
    `${folder}.lock`,
    async () => {
      if (existsSync(folder)) return;
      const started = Date.now();
      removeLeftParts(cache, name);
      const part = `${folder}.part`;
      try {
        mkdirSync(part);
        report(tool, `not found: installing ${name.replace(/-[^-]*$/, "")} into ${cache}`);
        await fill(part);
        renameSync(part, folder);
        report(tool, `installed in ${Math.round((Date.now() - started) / 1000)} s`);
      } finally {
        rmSync(part, { recursive: true, force: true });
      }
    },
    onWait,
  );
  return folder;
}

/** Removes what interrupted installations left: of this tool, whose lock is held here, and of those that nobody installs. */
function removeLeftParts(cache: string, name: string): void {
  for (const part of readdirSync(cache).filter((entry) => entry.endsWith(".part")))
    if (part === `${name}.part` || !isLocked(join(cache, part.replace(/part$/, "lock"))))
      rmSync(join(cache, part), { recursive: true, force: true });
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Is called with each line that the command prints. */
  onLine?: (line: string) => void;
  /** Is called every 15 seconds with the seconds since the start. */
  onWait?: (seconds: number) => void;
}

/**
 * Runs a command to its end.
 * @throws {Error} with the last lines that the command printed, when it fails.
 */
export function run(
  command: string,
  args: string[],
  { env, cwd, onLine, onWait }: RunOptions = {},
): Promise<void> {
  showDetail("command", `${command} ${args.join(" ")}`);
  const started = Date.now();
  const timer = setInterval(() => onWait?.(Math.round((Date.now() - started) / 1000)), REPORT_SECONDS * 1000);
  return new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    const printed: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.split("\n").filter(Boolean)) {
          printed.push(line);
          onLine?.(line);
        }
      });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) return resolve();
      const ending = `${command} ${args.slice(0, 3).join(" ")} failed (${signal ?? `exit ${code}`})`;
      reject(new UserError(`${ending}:\n${printed.slice(-15).join("\n")}`));
    });
  }).finally(() => clearInterval(timer));
}
