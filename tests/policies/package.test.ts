import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CALLER_KEYS } from "../../policypack/judge/conditions";
import { build, PACK } from "./analyzer";

describe("the policy pack as it is published", function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), "package-"));
  let printed: string;
  before(() => {
    build();
    const pack = ["pack", "--loglevel=error", "--pack-destination", directory];
    printed = execFileSync("npm", pack, { cwd: PACK, encoding: "utf8", shell: process.platform === "win32" });
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  // `pulumi policy publish` takes all that npm prints for the file's name.
  it("is packed by npm without a word but the file's name", () => {
    const { name, version } = JSON.parse(readFileSync(join(PACK, "package.json"), "utf8"));
    assert.equal(printed, `${name}-${version}.tgz\n`);
    assert.ok(existsSync(join(directory, printed.trim())));
  });

  it("holds what the engine runs and what a person reads, and nothing else", () => {
    const files = execFileSync("tar", ["-tzf", join(directory, printed.trim())], { encoding: "utf8" });
    const names = files.trim().split("\n").sort();
    const folders = ["", "find/", "judge/", "policies/"];
    const built = folders.flatMap((folder) =>
      readdirSync(join(PACK, folder))
        .filter((name) => name.endsWith(".ts"))
        .map((name) => `bin/${folder}${name.replace(/ts$/, "js")}`),
    );
    const catalogue = readdirSync(join(PACK, "catalogue")).map((name) => `catalogue/${name}`);
    const linked = ["find/exempt.ts", "judge/services.ts", ...catalogue];
    const expected = ["LICENSE", "PulumiPolicy.yaml", "README.md", "package.json", ...built, ...linked];
    assert.deepEqual(names, expected.map((one) => `package/${one}`).sort());
  });

  it("names in its README every condition key that may be accepted", () => {
    const readme = readFileSync(join(PACK, "README.md"), "utf8");
    assert.deepEqual(
      CALLER_KEYS.filter((key) => !readme.includes(`\`${key}\``)),
      [],
    );
  });
});
