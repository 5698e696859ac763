import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Part of the executable's name: it is built again when this program or a module of it changes. */
const digest = (files: string[]) =>
  files
    .reduce((hash, file) => hash.update(readFileSync(join(__dirname, file))), createHash("sha256"))
    .digest("hex")
    .slice(0, 10);

const CACHE = join(
  process.env.XDG_CACHE_HOME ||
    (process.platform === "darwin" ? join(homedir(), "Library/Caches") : join(homedir(), ".cache")),
  "cross-account-access",
);

/**
 * The client of the AWS SDK for Go v2, built once into the user's cache folder; undefined where the machine has no Go.
 * @throws {Error} when Go cannot build it.
 */
export function goClient(): string | undefined {
  const folder = join(CACHE, `aws-sdk-go-${digest(["main.go", "go.mod", "go.sum"])}`);
  const client = join(folder, "client");
  if (existsSync(client)) return client;
  const go = ["go", "/usr/local/go/bin/go"].find((command) => spawnSync(command, ["version"]).status === 0);
  if (!go) return undefined;
  mkdirSync(CACHE, { recursive: true });
  const into = `${folder}.${process.pid}.part`;
  const environment = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly", GOWORK: "off" };
  try {
    const built = spawnSync(go, ["build", "-trimpath", "-o", join(into, "client")], {
      cwd: __dirname,
      env: environment,
      encoding: "utf8",
    });
    if (built.status !== 0) throw new Error(`Go did not build the client of its AWS SDK: ${built.stderr}`);
    if (!existsSync(client)) renameSync(into, folder);
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
  return client;
}
