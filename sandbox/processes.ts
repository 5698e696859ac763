/** The processes of this machine, by `ps`. */
import { spawnSync } from "node:child_process";

function ps(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("ps", ["-ww", ...args], { encoding: "utf8", maxBuffer: 1 << 26 });
  return status === 0 ? stdout : undefined;
}

/** The command line of a process, or undefined when there is none of that ID. */
export const commandOf = (pid: number): string | undefined => ps("-o", "command=", "-p", String(pid));

/** The command lines of all processes, by process ID. */
export const commands = (): Map<number, string> =>
  new Map(
    (ps("-ax", "-o", "pid=,command=") ?? "").split("\n").map((line) => {
      const [, pid, command] = /^ *(\d+) (.*)$/.exec(line) ?? [];
      return [Number(pid), command ?? ""];
    }),
  );

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Sends a signal; a process that no longer runs is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}
