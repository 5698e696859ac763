/** Names that the plugin makes up where the program gives none. */
import { createHash, randomBytes } from "node:crypto";
import type { CheckRequest } from "@pulumi/pulumi/proto/provider_pb";
import type { ResourceType } from "./table";
import { DEFAULTS, type Values } from "./values";

const RANDOM_LENGTH = 7;

/** The name that the plugin makes up, kept from one update to the next; none where the program or a prefix gives one. */
export function automaticName(type: ResourceType, inputs: Values, olds: Values, request: CheckRequest) {
  const { autoname } = type;
  if (!autoname || inputs[autoname.property] !== undefined) return undefined;
  if (inputs[autoname.prefix ?? "namePrefix"] !== undefined) return undefined;
  const kept = (olds[DEFAULTS] as string[] | undefined)?.includes(autoname.property);
  if (kept) return olds[autoname.property];
  const seed = request.getRandomseed_asU8();
  const random = createHash("sha256")
    .update(seed.length ? seed : randomBytes(16))
    .digest("hex")
    .slice(0, RANDOM_LENGTH);
  const name = `${request.getName()}-`.slice(0, autoname.longest - random.length) + random;
  return autoname.complete ? autoname.complete(name, inputs) : name;
}

/** What the official plugin's names from a prefix end with: the time, and a count. */
const UNIQUE_SUFFIX = /\d{18}[0-9a-f]{8}$/;

/** The inputs with the name that a prefix begins, where the program gives one. */
export function withPrefixedName(type: ResourceType, inputs: Values): Values {
  const { property = "", prefix = "namePrefix" } = type.autoname ?? {};
  if (!property || inputs[property] !== undefined || inputs[prefix] === undefined) return inputs;
  const time = new Date().toISOString().replace(/\D/g, "").padEnd(18, "0");
  return { ...inputs, [property]: `${inputs[prefix]}${time}${randomBytes(4).toString("hex")}` };
}

/** The prefix that a name was made of; empty where it was not. */
export const prefixOf = (name: unknown): string =>
  UNIQUE_SUFFIX.test(String(name)) ? String(name).replace(UNIQUE_SUFFIX, "") : "";
