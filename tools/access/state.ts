import { createHash } from "node:crypto";
import { holderName } from "./baseline";
import { canonical } from "./canonical";
import { extractDocuments, isFields, readDocument, sortedJson } from "./documents";
import {
  EXISTS,
  type Fact,
  type Grant,
  groupBy,
  ITSELF,
  isGrant,
  type SettingFact,
  selection,
  UNREADABLE,
} from "./facts";
import { ALWAYS_NEUTRAL, nounOf, TYPE_RULES, type TypeRule } from "./types";

/** A resource in the engine's state. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  custom?: boolean;
  /** True: it was looked up, and is not the program's. */
  external?: boolean;
  /** URN and ID of the provider, parted by two colons. */
  provider?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  sourcePosition?: string;
  stackTrace?: readonly { sourcePosition?: string }[];
}

/** The accounts of a stack, by ID, and the words for them. */
export type AccountNames = Readonly<Record<string, string>>;

/** A fact as one resource says it. */
export interface StateStatement {
  fact: Fact;
  /** The resource's type and name in the program. */
  resource: string;
  /** Line of the program that creates it, as the engine recorded it. */
  place: string | undefined;
}

/** Everything that a stack's resources say about access. */
export interface AccessModel {
  facts: Fact[];
  statements: StateStatement[];
}

const SECRET = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
/** Names of properties that decide about access in any service. */
const DECIDES =
  /polic|statement|principal|permission|trust|grant|share|acl$|role|account|member|user|auth|public/i;

export function readState(resources: readonly StateResource[], accounts: AccountNames): AccessModel {
  const own = resources
    .filter(({ type, custom, external }) => custom !== false && !external && !type.startsWith("pulumi:"))
    .filter(({ inputs }) => inputs !== undefined)
    .map((resource) => ({ ...resource, inputs: withoutSecrets(resource.inputs) as Record<string, unknown> }));
  const accountOf = accountReader(resources, accounts);
  const names = new HolderNames(own, accountOf);
  const steady = steadyTexts(own, names);
  const statements = own.flatMap((resource): StateStatement[] => {
    const account = accountOf(resource);
    const reader = new ResourceReader(resource, account, names.of(resource));
    const common = {
      resource: `${resource.type} ${nameInProgram(resource)}`,
      place: placeOf(resource),
    };
    return reader.read().map((fact) => ({ fact: mapTexts(fact, steady), ...common }));
  });
  const kept = withoutIdleTags(statements);
  const facts = kept.map(({ fact }) => fact);
  return {
    facts: [...facts.filter((fact) => !isGrant(fact)), ...canonical(facts.filter(isGrant))],
    statements: kept,
  };
}

const nameInProgram = ({ urn }: StateResource): string => urn.split("::").at(-1)!;
const ruleOf = ({ type }: StateResource): TypeRule | undefined => TYPE_RULES[type.replace(/^aws:/, "")];

/** The innermost line of a scenario that leads to a resource; else the line that creates it. */
function placeOf({ stackTrace = [], sourcePosition }: StateResource): string | undefined {
  const positions = [...stackTrace.map((frame) => frame.sourcePosition), sourcePosition].flatMap(
    (position) =>
      /^project:\/\/\/(.+)#(\d+)/
        .exec(position ?? "")
        ?.slice(1, 3)
        .join(":") ?? [],
  );
  const ofProgram = positions.filter((position) => !position.startsWith("node_modules/"));
  return ofProgram.find((position) => position.includes("/scenarios/")) ?? ofProgram[0];
}

function accountReader(resources: readonly StateResource[], accounts: AccountNames) {
  const providers = new Map(
    resources
      .filter(({ type }) => type.startsWith("pulumi:providers:"))
      .map(({ urn, id, inputs }) => [
        `${urn}::${id}`,
        /\d{12}/.exec(JSON.stringify(inputs?.allowedAccountIds ?? ""))?.[0],
      ]),
  );
  return ({ provider = "" }: StateResource): string => {
    const id = providers.get(provider);
    return id === undefined ? "unknown" : (accounts[id] ?? id);
  };
}

/** Inputs as they can be shown: the state holds a secret encrypted, differently each time. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isFields(value)) return value;
  if (value[SECRET] === SECRET_SIGNATURE) return UNREADABLE;
  // An asset or archive: its hash says what it holds.
  if (typeof value[SECRET] === "string" && typeof value.hash === "string") return `sha256 ${value.hash}`;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutSecrets(part)]));
}

/** The names of holders. What a resource belongs to is named by its name, ID, ARN or URL: they lead to one holder. */
class HolderNames {
  readonly #names = new Map<StateResource, string>();
  readonly #owners = new Map<string, StateResource>();

  constructor(
    resources: readonly StateResource[],
    private readonly accountOf: (resource: StateResource) => string,
  ) {
    const owners = resources.filter((resource) => ruleOf(resource)?.of === undefined);
    const alike = groupBy(owners, (owner) => `${accountOf(owner)} ${ownName(owner)}`);
    for (const group of alike.values())
      for (const owner of group) {
        // Two APIs may have one name, and so may two topics of different regions.
        const name = group.length === 1 ? ownName(owner) : `${ownName(owner)} (${nameInProgram(owner)})`;
        this.#names.set(owner, name);
        for (const reference of referencesTo(owner)) this.#owners.set(this.#key(owner, reference), owner);
      }
  }

  of(resource: StateResource): string {
    const rule = ruleOf(resource);
    if (!rule?.of) return this.#names.get(resource)!;
    const reference = String(resource.inputs?.[rule.of] ?? nameInProgram(resource));
    const owner = this.#owners.get(this.#key(resource, reference));
    // An ARN and a queue's URL end in the name.
    return owner
      ? this.#names.get(owner)!
      : holderName(rule.noun, reference.replace(/^(arn:.*:|https?:.*\/)/, ""));
  }

  #key(resource: StateResource, reference: string): string {
    return JSON.stringify([this.accountOf(resource), ruleOf(resource)?.noun, reference]);
  }
}

const isDrawnName = ({ inputs = {} }: StateResource, property: string) =>
  Array.isArray(inputs.__defaults) && inputs.__defaults.includes(property);

const nameProperty = (resource: StateResource) => ruleOf(resource)?.name ?? "name";

function ownName(resource: StateResource): string {
  const property = nameProperty(resource);
  const name = resource.inputs?.[property];
  const given = typeof name === "string" && name !== UNREADABLE && !isDrawnName(resource, property);
  return holderName(
    ruleOf(resource)?.noun ?? nounOf(resource.type),
    given ? name.replace(/^https:\/\//, "") : nameInProgram(resource),
  );
}

const referencesTo = ({ id, inputs = {}, outputs = {}, ...resource }: StateResource): string[] =>
  [
    ...new Set([id, outputs.arn, outputs.url, outputs.name, inputs[nameProperty({ ...resource, inputs })]]),
  ].filter((reference) => typeof reference === "string");

/**
 * Replaces what AWS or the engine has drawn, such as the ID of an API, by the name of what it identifies: the same
 * program gives the same text wherever it is deployed.
 */
function steadyTexts(resources: readonly StateResource[], names: HolderNames): (text: string) => string {
  const drawn = resources
    .filter((resource) => ruleOf(resource)?.of === undefined)
    .flatMap((resource) =>
      drawnTexts(resource).map((text) => [text, `<${names.of(resource).replaceAll(" ", ":")}>`] as const),
    )
    .sort(([left], [right]) => right.length - left.length || (left < right ? -1 : 1));
  return (text) => drawn.reduce((all, [from, to]) => all.replaceAll(from, to), text);
}

function drawnTexts(resource: StateResource): string[] {
  const { id = "", inputs = {}, outputs = {}, urn } = resource;
  const property = nameProperty(resource);
  const drawnName = isDrawnName(resource, property) ? [String(inputs[property] ?? "")] : [];
  const { __defaults: _, ...given } = inputs;
  const known = drawnName.reduce((text, name) => text.replaceAll(name, ""), JSON.stringify([given, urn]));
  const isArn = id.startsWith("arn:");
  const fromId = id.includes("://") || !isArn ? [id] : [id.split(/[:/]/).at(-1)!];
  const others = [outputs.uniqueId, outputs.canonicalUserId, outputs.s3CanonicalUserId];
  return [...fromId, ...others, ...drawnName].filter(
    (text): text is string =>
      typeof text === "string" && text.length > 5 && !known.includes(text) && !/^\d{12}$/.test(text),
  );
}

function mapTexts(fact: Fact, map: (text: string) => string): Fact {
  if (!isGrant(fact)) return { ...fact, value: map(fact.value) };
  const { who, resources, condition } = fact;
  return {
    ...fact,
    who: selection(who.values.map(map), who.except),
    resources: selection(resources.values.map(map), resources.except),
    condition: condition.map((test) => ({ ...test, values: test.values.map(map) })),
  };
}

const TAGS = /^tags(All)?\b/;
/** Tags decide about access only where a condition or a variable asks for them. */
function withoutIdleTags(statements: readonly StateStatement[]): StateStatement[] {
  const asked = statements.some(
    ({ fact }) =>
      isGrant(fact) && /(resource|principal)tag\//i.test(JSON.stringify([fact.condition, fact.resources])),
  );
  return statements.filter(({ fact }) => asked || isGrant(fact) || !TAGS.test(fact.name));
}

/** Reads what one resource says about access. */
class ResourceReader {
  readonly #rule: TypeRule | undefined;

  constructor(
    private readonly resource: StateResource,
    private readonly account: string,
    private readonly holder: string,
  ) {
    this.#rule = ruleOf(resource);
  }

  read(): Fact[] {
    if (this.resource.type === "aws:lambda/permission:Permission") return this.lambdaPermission();
    const { neutral = [], of = "", defaults } = this.#rule ?? {};
    const properties = Object.entries({ ...defaults, ...this.resource.inputs }).filter(
      ([property]) => ![...neutral, ...ALWAYS_NEUTRAL, of].includes(property),
    );
    const facts = properties.flatMap(([property, value]) => this.readProperty(property, value));
    return of ? facts : [...facts, this.setting(EXISTS, "")];
  }

  private readProperty(property: string, value: unknown): Fact[] {
    if (property === "body" && this.#rule?.noun === "API") return this.readOpenApi(value);
    const { documents, rest } = extractDocuments(value);
    const allows = this.#rule?.trust?.includes(property) ? "trusts" : "allows";
    const { account, holder } = this;
    const read = documents.map((document) => readDocument(document, { account, holder, allows }));
    return [
      ...read.flatMap(({ grants }) => grants),
      ...read.flatMap(({ others }) => others.map((text) => this.setting(`${property} as written`, text))),
      ...this.settings(property, rest),
    ];
  }

  /** A value without documents: a setting for each scalar, and for each element of a list. */
  private settings(name: string, value: unknown): SettingFact[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value))
      return value.map((item) =>
        this.setting(name, typeof item === "object" ? sortedJson(item) : String(item)),
      );
    if (isFields(value))
      return Object.entries(value).flatMap(([key, part]) => this.settings(`${name}.${key}`, part));
    return this.#rule?.hidden?.[name] === String(value) ? [] : [this.setting(name, String(value))];
  }

  private setting(name: string, value: string): SettingFact {
    const { account, holder } = this;
    const label = this.#rule?.labels?.[name] ?? name;
    return { account, holder, effect: "sets", name: label, value: this.shown(name, value) };
  }

  /** A value for one column: what is secret is not shown, and what is long by its digest. */
  private shown(name: string, value: string): string {
    if (value.includes(UNREADABLE))
      return DECIDES.test(name) ? UNREADABLE : value.replaceAll(UNREADABLE, "(secret)");
    // One of several keys of a user: each has a line.
    if (this.resource.type === "aws:iam/accessKey:AccessKey")
      return `${nameInProgram(this.resource)} ${value}`;
    if (value.length <= 400 || name.endsWith(" as written")) return value;
    return `${value.length} characters, sha256 ${createHash("sha256").update(value).digest("hex")}`;
  }

  /** An API as OpenAPI: who may call each method, and the policy that it carries. */
  private readOpenApi(value: unknown): Fact[] {
    const api = typeof value === "string" ? parseJson(value) : value;
    if (!isFields(api) || !isFields(api.paths)) return this.settings("body", value);
    const { paths, "x-amazon-apigateway-policy": policy } = api;
    const schemes = isFields(api.components) ? api.components.securitySchemes : api.securityDefinitions;
    const kinds = isFields(schemes) ? schemes : {};
    const facts = policy === undefined ? [] : this.readProperty("policy", policy);
    for (const [path, methods] of Object.entries(paths))
      for (const [method, operation] of Object.entries(isFields(methods) ? methods : {})) {
        const required = (isFields(operation) && operation.security) ?? api.security ?? [];
        const demands = [required].flat().map((choice) =>
          Object.keys(isFields(choice) ? choice : {})
            .map((name) => schemeWords(name, kinds[name]))
            .join(" and "),
        );
        const keys = isFields(operation) && operation["x-amazon-apigateway-auth"];
        const shown = [demands.join(" or ") || "anyone", ...(keys ? [sortedJson(keys)] : [])].join(", ");
        facts.push(this.setting(`callers of ${method.toUpperCase()} ${path}`, shown));
      }
    return facts;
  }

  private lambdaPermission(): Fact[] {
    const {
      action,
      principal,
      sourceArn,
      sourceAccount,
      principalOrgId,
      eventSourceToken,
      qualifier,
      ...rest
    } = this.resource.inputs ?? {};
    const { account, holder } = this;
    const tests: [string, string, unknown][] = [
      ["ArnLike", "aws:SourceArn", sourceArn],
      ["StringEquals", "aws:SourceAccount", sourceAccount],
      ["StringEquals", "aws:PrincipalOrgID", principalOrgId],
      ["StringEquals", "lambda:EventSourceToken", eventSourceToken],
    ];
    const name = String(principal).replace(/^arn:aws[\w-]*:iam::(\d{12}):root$/, "$1");
    const grant: Grant = {
      account,
      holder,
      effect: "allows",
      who: selection([/^[a-z0-9.-]+\.[a-z.]+$/.test(name) ? `Service:${name}` : name]),
      actions: selection([String(action)]),
      resources: qualifier === undefined ? ITSELF : selection([`${String(qualifier)}`]),
      condition: tests.flatMap(([operator, key, value]) =>
        value === undefined ? [] : [{ operator, key, values: [String(value)] }],
      ),
    };
    const neutral = ["function", "statementId", "statementIdPrefix", ...ALWAYS_NEUTRAL];
    const others = Object.entries(rest).filter(([property]) => !neutral.includes(property));
    return [grant, ...others.flatMap(([property, value]) => this.settings(property, value))];
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** All that an OpenAPI document says of a way to sign requests: `in header, name Authorization, type apiKey`. */
const schemeWords = (name: string, scheme: unknown): string =>
  isFields(scheme)
    ? Object.entries(scheme)
        .map(([key, value]) => `${key} ${typeof value === "string" ? value : sortedJson(value)}`)
        .sort()
        .join(", ")
    : name;
