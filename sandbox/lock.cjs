// One lock for everything that one process at a time may do: installing packages and tools, setting up a sandbox.
// It is plain JavaScript because bootstrap.mjs needs it before anything is installed. No library: proper-lockfile keeps
// a lock by touching it every few seconds, so a suspended laptop loses its lock, and a dead process keeps its own for
// ten seconds. This one is a symbolic link that names its holder: link and name appear in one step, also on a full
// disk, and a holder that no longer runs loses it at once.
const { spawnSync } = require("node:child_process");
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
  const options = { encoding: "utf8" };
  const { error, status, stdout } = spawnSync("ps", ["-ww", "-o", "stat=,args=", "-p", String(pid)], options);
  // Without an answer of ps nobody loses a lock.
  return error !== undefined || (status === 0 && /^[^Z].*node/i.test(stdout.trim()));
}

/**
 * Removes the lock of a process that no longer runs. One process at a time does so, under a guard, and looks again
 * first: else it could remove the lock that another has taken in the meantime.
 */
function removeDead(lock) {
  const guard = `${lock}.guard`;
  try {
    fs.symlinkSync(String(process.pid), guard);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    const remover = holderOf(guard);
    if (remover !== undefined && !isRunning(remover)) fs.rmSync(guard, { force: true });
    return;
  }
  try {
    const holder = holderOf(lock);
    if (holder !== undefined && !isRunning(holder)) fs.rmSync(lock, { force: true });
  } finally {
    fs.rmSync(guard, { force: true });
  }
}

exports.isLocked = (lock) => {
  const holder = holderOf(lock);
  return holder !== undefined && isRunning(holder);
};

exports.withLock = async (lock, work, onWait = () => {}) => {
  let isReported = false;
  for (;;) {
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
      await sleep(10);
      continue;
    }
    if (!isReported) onWait(holder);
    isReported = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
};
