import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { PACK } from "../analyzer";
import type { Case } from "../case";

const FOLDER = join(PACK, "catalogue");

/** A case of the catalogue that is published with the pack's sources: see its README. */
export interface CatalogueCase extends Case {
  why: string;
  page: string;
}

/** The cases of the catalogue, by file; each expects one violation of each policy that it names, and of no other. */
export const catalogue: Record<string, CatalogueCase[]> = Object.fromEntries(
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => [
      `catalogue: ${basename(file, ".json")}`,
      JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as CatalogueCase[],
    ]),
);
