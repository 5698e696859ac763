import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readResults } from "../verify/results";
import { comment } from "./comment";
import { differenceOf, passes } from "./difference";
import { headline, page } from "./page";

const USAGE = `npm run report -- --results FILE [--base FILE] [--html FILE] [--markdown FILE]
  Draws what npm run verify, npm start or npm run rehearse wrote with --results FILE.
  --base      results to compare with, of an earlier time or of another stack. Exit code 1 where something is
              newly allowed, or a row is not as expected.
  --html      writes one page that needs no other file
  --markdown  writes the same for a pull request's comment; without either it is printed`;

function main(): number {
  const file = { type: "string" } as const;
  const options = {
    results: file,
    base: file,
    html: file,
    markdown: file,
    help: { type: "boolean" },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (!values.results) throw new Error(`Which results?\n${USAGE}`);
  const results = readResults(values.results);
  const base = values.base === undefined ? undefined : readResults(values.base);
  const difference = base && differenceOf(base, results);
  if (values.html) writeFileSync(values.html, page(results, base, difference));
  if (values.markdown) writeFileSync(values.markdown, comment(results, base, difference));
  console.log(
    values.html || values.markdown ? headline(results, difference) : comment(results, base, difference),
  );
  return difference && !passes(results, difference) ? 1 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
