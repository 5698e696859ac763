/** Copies of the project, so that tests which deploy can run at the same time. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_DIRECTORY, type Rehearsal, rehearse } from "../rehearsal";

const LINKED = [
  "infra",
  "policypack",
  "tools",
  "node_modules",
  "package.json",
  "tsconfig.json",
  "Pulumi.yaml",
];

/** Fills a folder with the stacks' settings files, which the engine writes, and links to what it only reads. */
export function copyProject(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true });
  for (const name of LINKED) symlinkSync(join(PROJECT_DIRECTORY, name), join(folder, name));
  for (const name of readdirSync(PROJECT_DIRECTORY).filter((name) => /^Pulumi\..+\.yaml$/.test(name)))
    copyFileSync(join(PROJECT_DIRECTORY, name), join(folder, name));
}

/** Rehearses a stack in `directory`, with a copy of the project in its folder `project`. */
export async function rehearseCopy(
  directory: string,
  stack = "dev",
  say: (line: string) => void = () => {},
): Promise<Rehearsal> {
  const project = join(directory, "project");
  copyProject(project);
  return rehearse(stack, say, join(directory, "sandbox"), project);
}
