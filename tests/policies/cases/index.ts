import type { Case } from "../case";
import { carriers } from "./carriers";
import { companions } from "./companions";
import { conditions } from "./conditions";
import { exemptions } from "./exemptions";
import { others } from "./others";
import { previews } from "./previews";
import { principals } from "./principals";
import { templates } from "./templates";

/** All cases, by what they are about. */
export const groups: Record<string, Case[]> = {
  principals,
  conditions,
  carriers,
  templates,
  others,
  previews,
  exemptions,
  companions,
};
