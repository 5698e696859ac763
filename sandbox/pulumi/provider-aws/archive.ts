/** Pulumi's assets and archives, as the engine sends them. https://www.pulumi.com/docs/iac/concepts/assets-archives/ */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { UserError } from "../../../infra/user-error";

export interface Asset {
  hash?: string;
  path?: string;
  text?: string;
  uri?: string;
}

export interface Archive extends Omit<Asset, "text"> {
  assets?: Record<string, Asset | Archive>;
}

/** The engine tells the content of an archive by its hash. */
export function sameArchive(have: unknown, want: unknown): boolean {
  const [before, now] = [have, want] as (Archive | undefined)[];
  return before?.hash === now?.hash;
}

/** The earliest time that a ZIP file can hold: the same files make the same archive. */
const ZIP_EPOCH = new Date(1980, 0, 1);

/** Files by their path in the archive. */
function* filesOf(source: Asset | Archive, path: string): Generator<[string, Uint8Array]> {
  if ("text" in source && source.text !== undefined) yield [path, Buffer.from(source.text)];
  else if ("assets" in source && source.assets)
    for (const [name, part] of Object.entries(source.assets)) yield* filesOf(part, join(path, name));
  else if (!source.path)
    throw new UserError("the stand-in AWS plugin reads assets and archives of files or of text, not of URLs");
  else if (statSync(source.path).isDirectory())
    for (const name of readdirSync(source.path))
      yield* filesOf({ path: join(source.path, name) }, join(path, name));
  else yield [path, readFileSync(source.path)];
}

/** The archive as a ZIP file. */
export function zip(archive: Archive): Uint8Array {
  if (archive.path?.endsWith(".zip")) return readFileSync(archive.path);
  return zipSync(Object.fromEntries(filesOf(archive, "")), { mtime: ZIP_EPOCH });
}
