// One lock for everything that one process at a time may do: installing packages and tools, setting up a sandbox.
// It is plain JavaScript because bootstrap.mjs needs it before anything is installed. No library: proper-lockfile keeps
// a lock by touching it every few seconds, so a suspended laptop loses its lock, and a dead process keeps its own for
// ten seconds. This one is a symbolic link that names its holder: link and name appear in one step, also on a full
// disk, and a holder that no longer runs loses it at once.
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");

/** The process ID that a lock names; undefined where there is no such lock, 0 for a plain file, which names none. */
function holderOf(lock) {
  try {
    return Number(fs.readlinkSync(lock));
  } catch (error) {
    return error.code === "EINVAL" ? 0 : undefined;
  }
}

/** A process ID can pass to another program, or wait as a zombie: only a running Node.js process holds a lock. */
function isRunning(pid) {
  if (!pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  try {
    const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return /^[^Z].*node/i.test(
      execFileSync("ps", ["-ww", "-o", "stat=,args=", "-p", String(pid)], options).trim(),
    );
  } catch (error) {
    return error.code === "ENOENT"; // no ps on this machine
  }
}

/** Removes the lock of a process that no longer runs. The rename succeeds for one of those who try. */
function removeDead(lock) {
  const aside = `${lock}.${process.pid}`;
  try {
    fs.renameSync(lock, aside);
    const holder = holderOf(aside);
    // Another process took the lock between the look at it and the rename: it gets the lock back.
    if (isRunning(holder)) fs.symlinkSync(String(holder), lock);
  } catch {
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

exports.isLocked = (lock) => {
  const holder = holderOf(lock);
  return holder !== undefined && isRunning(holder);
};

exports.withLock = async (lock, work, onWait = () => {}) => {
  for (let waits = 0; ; waits++) {
    try {
      fs.symlinkSync(String(process.pid), lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = holderOf(lock);
    if (holder === undefined) continue;
    if (!isRunning(holder)) {
      removeDead(lock);
      continue;
    }
    if (waits === 0) onWait(holder);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
};
