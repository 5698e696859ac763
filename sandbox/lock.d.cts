/** Whether a running process holds the lock. */
export function isLocked(lock: string): boolean;

/**
 * Does the work while this process holds the lock, a file that is made for it, and waits for other holders first.
 * @param onWait is called once with the holder's process ID when there is one to wait for.
 * @throws what the work throws, and the error of the file system where the lock cannot be made.
 */
export function withLock<T>(
  lock: string,
  work: () => T | Promise<T>,
  onWait?: (holder: number) => void,
): Promise<T>;
