import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { type MochaOptions, Runner, reporters } from "mocha";
import { PROJECT_DIRECTORY } from "../rehearsal";
import { type Lane, laneOf } from "./lanes";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Seconds that the tests took, added up. */
  seconds: number;
}

/** Mocha's usual reporter, which also writes what each lane counted to the file of the option `output`. */
class LaneReporter extends reporters.Spec {
  private readonly counts = new Map<Lane, Counts>();

  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } = Runner.constants;
    runner.on(EVENT_TEST_PASS, (test) => this.add(test, "passed"));
    runner.on(EVENT_TEST_FAIL, (test) => this.add(test, "failed"));
    runner.on(EVENT_TEST_PENDING, (test) => this.add(test, "skipped"));
    runner.once(EVENT_RUN_END, () =>
      writeFileSync(options.reporterOptions.output, JSON.stringify(Object.fromEntries(this.counts))),
    );
  }

  private add({ file, duration = 0 }: Mocha.Runnable, outcome: "passed" | "failed" | "skipped"): void {
    const lane = laneOf(relative(PROJECT_DIRECTORY, file ?? ""));
    const counts = this.counts.get(lane) ?? { passed: 0, failed: 0, skipped: 0, seconds: 0 };
    counts[outcome]++;
    counts.seconds += duration / 1000;
    this.counts.set(lane, counts);
  }
}

module.exports = LaneReporter;
