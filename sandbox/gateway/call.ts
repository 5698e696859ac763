/** One request as the gateway sees it, what AWS answers, and the small readers that the gateway's parts share. */

export type Params = Record<string, unknown>;
export type ConditionContext = Record<string, string | string[]>;
export type Protocol = "query" | "ec2" | "json" | "rest-json" | "s3" | "s3control";

/** An HTTP request before its meaning is known. */
export interface HttpRequest {
  method: string;
  /** Percent-encoded, as sent, without the query. */
  path: string;
  /** The query as sent, with its question mark, or empty. */
  search: string;
  headers: Record<string, string>;
  body: Buffer;
  sourceIp: string;
  now: Date;
}

/** A request, with its service, region and operation already read; its caller is not known yet. */
export interface Call extends HttpRequest {
  query: Record<string, string | string[]>;
  service: string;
  region: string;
  protocol: Protocol;
  operation: string;
  params: Params;
  requestId: string;
}

export interface ServiceAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer | string;
}

/** What AWS answers when it refuses: `kind` is the failure's name in the query protocol, translated per protocol. */
export class AwsError extends Error {
  constructor(
    readonly kind: string,
    message: string,
    readonly status = 403,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

const decode = (encoded: string): string => {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new AwsError("MalformedQueryString", `Not a percent-encoded string: ${encoded.slice(0, 100)}`, 400);
  }
};

/** A query string or form as names and values; a name given twice has an array. Throws on bad encoding. */
export function parseQuery(encoded: string): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = Object.create(null);
  for (const pair of encoded.split("&").filter(Boolean)) {
    const at = pair.indexOf("=");
    const [name, value] = (at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)]).map((part) =>
      decode(part.replaceAll("+", " ")),
    ) as [string, string];
    const known = out[name];
    out[name] = known === undefined ? value : [known, value].flat();
  }
  return out;
}

/** The text of a parameter, or undefined when it is absent, empty or not text. */
export const text = (value: unknown): string | undefined =>
  typeof value === "string" && value ? value : undefined;

/** Every value of a list parameter in any protocol: `Name`, `Name.1`, `Name.member.1`, or a JSON array. */
export function values(params: Params, name: string): string[] {
  const direct = params[name];
  if (direct !== undefined) return [direct].flat().filter((value) => typeof value === "string");
  return valuesMatching(params, new RegExp(`^${name}\\.(?:member\\.)?\\d+$`));
}

/** The values of the parameters whose names match. */
export const valuesMatching = (params: Params, name: RegExp): string[] =>
  Object.entries(params).flatMap(([key, value]) => (name.test(key) ? String(value) : []));

/** The objects in a parameter that should be a list of them. */
export const objectsIn = (value: unknown): Params[] =>
  [value ?? []].flat().filter((item): item is Params => item !== null && typeof item === "object");

/** The tags that a request carries, in any protocol: tag key to value. */
export function requestTags(params: Params): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [key, value] of Object.entries(params)) {
    const entry = /^(.*\.)?Tags?\.(member\.|entry\.)?\d+\.Key$/.test(key);
    if (entry) tags[String(value)] = String(params[key.replace(/Key$/, "Value")] ?? "");
  }
  const list = params.Tags ?? params.tags;
  if (Array.isArray(list))
    for (const tag of objectsIn(list) as Record<string, string>[]) {
      const key = tag.Key ?? tag.TagKey ?? tag.key;
      if (key) tags[key] = tag.Value ?? tag.TagValue ?? tag.value ?? "";
    }
  else if (list && typeof list === "object") Object.assign(tags, list);
  return tags;
}

/** Tags as condition keys with this prefix, such as `aws:RequestTag`. */
export const tagKeys = (prefix: string, tags: Record<string, string>): ConditionContext =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));

/** The condition keys of the tags that a request carries or, without values, names. */
export function requestTagContext(tags: Record<string, string>, named: string[] = []): ConditionContext {
  const keys = [...Object.keys(tags), ...named];
  return { ...tagKeys("aws:RequestTag", tags), ...(keys.length ? { "aws:TagKeys": keys } : {}) };
}
