import type { StatementPrincipal } from "../find/types";
import { toShortJson, truncate } from "../text";

/** One violation, in words that a reader who does not know the pack can act on. */
export interface Finding {
  /** Property, and statement where there is one. */
  where: string;
  found: string;
  why: string;
  write: string;
}

/** A principal as it stands in the policy. */
export const printPrincipal = ({ kind, text }: StatementPrincipal): string =>
  kind ? `"Principal": {${toShortJson(kind)}: ${toShortJson(text)}}` : `"Principal": ${toShortJson(text)}`;

/** The finding as a message. @param resource Type and name of the resource. */
export const formatMessage = (resource: string, { where, found, why, write }: Finding): string =>
  `${truncate(resource, 200)}, ${where}: ${found}.\n  Why it matters: ${why}\n  Write instead: ${write}.`;
