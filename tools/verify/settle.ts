import { setTimeout as sleep } from "node:timers/promises";

/** IAM is eventually consistent: how long AWS may take to allow, and to refuse, what was just set up. */
export const SETTLE_SECONDS = { allowed: 60, refused: 10 };

/** The answer, as soon as the accounts know what was just created (at most a minute). */
export async function retried<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + SETTLE_SECONDS.allowed * 1000;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(1000);
    }
  }
}
