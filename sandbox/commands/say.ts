import type { Report } from "../toolchain";

/** Progress goes to standard error, so that standard output has nothing but answers. */
export const say = (line: string): void => console.error(line);

/** A line of progress about one thing: "moto", "accounts". */
export const report: Report = (subject, message) => say(`${subject.padEnd(10)} ${message}`);
