import { writeFileSync } from "node:fs";
import { readResults } from "../verify/results";
import { comment } from "./comment";
import { differenceOf, passes } from "./difference";
import { headline, page } from "./page";

/** The options of `npm run report`. */
export interface ReportOptions {
  results: string;
  base?: string;
  html?: string;
  markdown?: string;
}

/** Draws results, and compares them with others where there are some. Exit code 1: the comparison does not pass. */
export function runReport(options: ReportOptions): number {
  const results = readResults(options.results);
  const base = options.base === undefined ? undefined : readResults(options.base);
  const difference = base && differenceOf(base, results);
  if (options.html) writeFileSync(options.html, page(results, base, difference));
  if (options.markdown) writeFileSync(options.markdown, comment(results, base, difference));
  const isWritten = options.html !== undefined || options.markdown !== undefined;
  console.log(isWritten ? headline(results, difference) : comment(results, base, difference));
  return difference && !passes(results, difference) ? 1 : 0;
}
