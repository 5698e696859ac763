import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strFromU8, unzipSync } from "fflate";
import { type Archive, sameArchive, zip } from "../pulumi/provider-aws/archive";

const contents = (archive: Archive) =>
  Object.fromEntries(Object.entries(unzipSync(zip(archive))).map(([path, data]) => [path, strFromU8(data)]));

describe("archives, packed by the stand-in AWS plugin", () => {
  const folder = mkdtempSync(join(tmpdir(), "archive "));
  before(() => {
    mkdirSync(join(folder, "lib"));
    writeFileSync(join(folder, "index.js"), "index");
    writeFileSync(join(folder, "lib/a.js"), "a");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("hold texts, files, folders and archives under their names", () => {
    const archive = {
      assets: {
        "index.js": { text: "text" },
        "copy.js": { path: join(folder, "index.js") },
        folder: { path: folder },
        "in/ner": { assets: { "b.js": { text: "" } } },
      },
    };
    assert.deepEqual(contents(archive), {
      "index.js": "text",
      "copy.js": "index",
      "folder/index.js": "index",
      "folder/lib/a.js": "a",
      "in/ner/b.js": "",
    });
    assert.deepEqual(contents({ path: folder }), { "index.js": "index", "lib/a.js": "a" });
  });

  it("are the same bytes for the same files, and a ZIP file as it is", () => {
    const archive = { assets: { "index.js": { text: "text" } } };
    assert.deepEqual(zip(archive), zip(archive));
    const file = join(folder, "code.zip");
    writeFileSync(file, zip(archive));
    assert.deepEqual(zip({ path: file }), readFileSync(file));
  });

  it("are compared by the hash that the engine gives", () => {
    assert.ok(sameArchive({ hash: "1", path: "a" }, { hash: "1", path: "b" }));
    assert.ok(!sameArchive({ hash: "1" }, { hash: "2" }) && !sameArchive(undefined, { hash: "2" }));
  });

  it("are refused where a URL names them", () => {
    assert.throws(() => zip({ uri: "https://example.com/code.zip" }), /not of URLs/);
  });
});
