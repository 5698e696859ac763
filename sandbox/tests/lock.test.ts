import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { isLocked, withLock } from "../lock.cjs";

const LOCK = require.resolve("../lock.cjs");

describe("the lock", () => {
  let directory: string;
  let lock: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "lock-"));
    lock = join(directory, "lock");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** A process that adds one to a number in a file 20 times, each time with a pause between reading and writing. */
  const counter = (file: string) => `
    const { readFileSync, writeFileSync } = require("node:fs");
    const { withLock } = require(${JSON.stringify(LOCK)});
    const { setTimeout: sleep } = require("node:timers/promises");
    (async () => {
      for (let i = 0; i < 20; i++)
        await withLock(${JSON.stringify(lock)}, async () => {
          const count = Number(readFileSync(${JSON.stringify(file)}, "utf8"));
          await sleep(1);
          writeFileSync(${JSON.stringify(file)}, String(count + 1));
        });
    })();`;
  const dead = () => String(spawnSync(process.execPath, ["-e", ""]).pid);

  it("lets one process at a time do its work, also where all of them meet a dead holder's lock", async () => {
    const file = join(directory, "count");
    writeFileSync(file, "0");
    symlinkSync(dead(), lock);
    const processes = Array.from({ length: 4 }, () =>
      promisify(execFile)(process.execPath, ["-e", counter(file)]),
    );
    await Promise.all(processes);
    assert.equal(readFileSync(file, "utf8"), "80");
    assert.deepEqual(readdirSync(directory), ["count"]);
  });

  it("lets calls of one process wait for each other, and is free once work fails", async () => {
    const order: string[] = [];
    const work = (name: string) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push(`${name} ends`);
      throw new Error(name);
    };
    const holders: number[] = [];
    const [first, second] = await Promise.allSettled([
      withLock(lock, work("one")),
      withLock(lock, work("two"), (holder) => holders.push(holder)),
    ]);
    assert.deepEqual(order, ["one begins", "one ends", "two begins", "two ends"]);
    assert.deepEqual([first?.status, second?.status, holders], ["rejected", "rejected", [process.pid]]);
    assert(!isLocked(lock));
  });

  it("is no longer held by a process that has ended, that is another program now, or that never was", async () => {
    const other = spawn("sleep", ["60"]);
    try {
      for (const holder of [dead(), String(other.pid), "not a number"]) {
        symlinkSync(holder, lock);
        symlinkSync(dead(), `${lock}.guard`);
        assert(!isLocked(lock), holder);
        assert.equal(await withLock(lock, () => "done"), "done", holder);
      }
    } finally {
      other.kill();
    }
  });

  it("is refused by the file system's error where it cannot be made", async () => {
    await assert.rejects(
      withLock(join(directory, "missing/lock"), () => {}),
      { code: "ENOENT" },
    );
  });
});
