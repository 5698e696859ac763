import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

const ROOT = join(__dirname, "../..");
const files = execFileSync("git", ["ls-files", "*.ts"], { cwd: ROOT, encoding: "utf8" })
  .split("\n")
  .filter((file) => file && existsSync(join(ROOT, file)));

/** The project's own files that a file imports, and the packages. */
const imports = new Map(
  files.map((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(ROOT, file), "utf8"), true, true);
    const specifiers = importedFiles.map(({ fileName }) => fileName);
    const own = specifiers
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => relative(ROOT, join(ROOT, file, "..", specifier)))
      .flatMap((path) => [`${path}.ts`, `${path}/index.ts`].filter((candidate) => files.includes(candidate)));
    return [file, { own, packages: specifiers.filter((specifier) => !specifier.startsWith(".")) }];
  }),
);
const folderOf = (file: string) => file.split("/")[0]!;

/** Where each folder's imports may lead, in addition to itself. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  infra: [],
  policypack: [],
  tools: ["infra", "policypack"],
  tests: ["infra", "policypack", "tools"],
  sandbox: ["infra", "policypack", "tools", "tests"],
};

/** The first circle of imports that is found from a file on, as a list of files. */
function circleFrom(file: string, path: readonly string[], done: Set<string>): readonly string[] | undefined {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (done.has(file)) return undefined;
  for (const next of imports.get(file)!.own) {
    const circle = circleFrom(next, [...path, file], done);
    if (circle) return circle;
  }
  done.add(file);
  return undefined;
}

describe("the architecture", () => {
  it("has no circle of imports", () => {
    const done = new Set<string>();
    const circles = files.flatMap((file) => circleFrom(file, [], done) ?? []);
    assert.deepEqual([...new Set(circles)], []);
  });

  for (const [folder, allowed] of Object.entries(ARROWS))
    it(`lets ${folder}/ import ${allowed.length > 0 ? allowed.join(", ") : "nothing of the other folders"}`, () => {
      const wrong = files
        .filter((file) => folderOf(file) === folder)
        .flatMap((file) =>
          imports
            .get(file)!
            .own.filter((target) => ![folder, ...allowed].includes(folderOf(target)))
            .map((target) => `${file} → ${target}`),
        );
      assert.deepEqual(wrong, []);
    });

  it("imports only the service modules of @pulumi/aws in the program, so that a preview type-checks quickly", () => {
    const whole = files.filter(
      (file) => folderOf(file) === "infra" && imports.get(file)!.packages.includes("@pulumi/aws"),
    );
    assert.deepEqual(whole, []);
  });

  it("imports a scenario's folder only in the registry and in tests", () => {
    const scenarios = files
      .map((file) => /^infra\/scenarios\/([\w-]+)\//.exec(file)?.[1])
      .filter((folder) => folder !== undefined);
    const wrong = files
      .filter((file) => !/^(tests|sandbox\/tests|infra\/scenarios)\//.test(file))
      .flatMap((file) =>
        [...new Set(scenarios)]
          .filter((scenario) =>
            imports.get(file)!.own.some((target) => target.startsWith(`infra/scenarios/${scenario}/`)),
          )
          .map((scenario) => `${file} → ${scenario}`),
      );
    assert.deepEqual(wrong, []);
  });

  it("says in each folder's README what belongs there, and links to nothing that is missing", () => {
    const tracked = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).split("\n");
    const folders = new Set(tracked.filter((file) => /^[^.].*\//.test(file)).map(folderOf));
    const pages = [...folders].map((folder) => `${folder}/README.md`).concat("README.md", "CONTRIBUTING.md");
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(ROOT, page), "utf8").matchAll(/\]\((?!https:|#)([^)#]+)/g)]
        .filter(([, link]) => !existsSync(join(ROOT, page, "..", link!)))
        .map(([, link]) => `${page} → ${link}`),
    );
    assert.deepEqual(broken, []);
  });
});
