/**
 * Stands in for Pulumi's AWS plugin where the official one cannot be had: each resource is real calls to the AWS APIs
 * through the AWS SDK for JavaScript v3, read back after every change. What it lacks it refuses by name.
 */
import { createHash, randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { type IResourceProviderServer, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { RpcError, serve, unary } from "../rpc";
import { invoke } from "./functions";
import { AwsError, isNotFound, parseConfiguration, Session, unknownSettings } from "./session";
import {
  hasUnknown,
  type Inputs,
  isEmpty,
  type ResourceType,
  same,
  type Tags,
  UNKNOWN,
  type Values,
} from "./table";
import { OFFICIAL, typeOf } from "./types";

const DEFAULTS = "__defaults";
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

let session: Session | undefined;
function aws(): Session {
  if (!session)
    throw new RpcError(grpc.status.FAILED_PRECONDITION, "the AWS provider was used before it was configured");
  return session;
}

/** Opens a session, or gives the one that was opened with the same settings. */
async function openSession(values: Values): Promise<Session> {
  const configuration = parseConfiguration(values);
  if (session && isDeepStrictEqual(session.configuration, configuration)) return session;
  return new Session(configuration).open();
}

const toValues = (struct: Struct | undefined) => (struct?.toJavaScript() ?? {}) as Values;

function toStruct(values: Values, secrets: string[] = []): Struct {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const sealed = entries.map(([key, value]) => [key, secrets.includes(key) ? { ...SECRET, value } : value]);
  // JSON drops what is undefined further down, which a Struct cannot hold.
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(Object.fromEntries(sealed))));
}

const withAllTags = (values: Values) =>
  ({ ...values, tagsAll: (values.tags ?? {}) as Tags }) as Inputs<Values>;

/** Inputs as Check returns them: documents as text, defaults and the name filled in, mistakes by property. */
function check(type: ResourceType, news: Values, olds: Values, request: proto.CheckRequest) {
  const failures: [property: string, reason: string][] = [];
  const inputs: Values = {};
  for (const [name, value] of Object.entries(news)) {
    if (name === DEFAULTS || value === null) continue;
    const property = type.properties[name];
    if (!property)
      failures.push([
        name,
        `the stand-in AWS plugin does not know property '${name}' of ${request.getType()}; it knows ${Object.keys(type.properties).join(", ")}. ${OFFICIAL}`,
      ]);
    inputs[name] =
      property?.compare === "document" && typeof value === "object" && !hasUnknown(value)
        ? JSON.stringify(value)
        : value;
    if (property?.compare === "document" && typeof inputs[name] === "string" && inputs[name] !== UNKNOWN) {
      try {
        JSON.parse(inputs[name]);
      } catch (error) {
        failures.push([name, `"${name}" contains an invalid JSON policy: ${(error as Error).message}`]);
      }
    }
  }
  const filled: string[] = [];
  const fill = (name: string, value: unknown) => {
    inputs[name] = value;
    filled.push(name);
  };
  for (const [name, property] of Object.entries(type.properties))
    if (inputs[name] === undefined && property?.default !== undefined) fill(name, property.default);
  // As the official plugin does, the provider's default tags become the resource's own, which win.
  const defaultTags = session?.configuration.defaultTags?.tags;
  if ("tags" in type.properties && defaultTags && !hasUnknown(inputs.tags))
    inputs.tags = { ...defaultTags, ...(inputs.tags as Tags | undefined) };
  const { property: autonamed, longest } = type.autoname ?? { property: "", longest: 0 };
  if (autonamed && inputs[autonamed] === undefined && !hasUnknown(inputs.namePrefix)) {
    const before =
      (olds[DEFAULTS] as string[] | undefined)?.includes(autonamed) && olds.namePrefix === inputs.namePrefix;
    const seed = request.getRandomseed_asU8();
    const random = createHash("sha256")
      .update(seed.length ? seed : randomBytes(16))
      .digest("hex")
      .slice(0, 7);
    const prefix = String(inputs.namePrefix ?? `${request.getName()}-`).slice(0, longest - random.length);
    fill(autonamed, before ? olds[autonamed] : prefix + random);
  }
  for (const [name, property] of Object.entries(type.properties))
    if (property?.required && inputs[name] === undefined)
      failures.push([name, `Missing required property '${name}'`]);
  if (filled.length) inputs[DEFAULTS] = filled.sort();
  return { inputs, failures };
}

/** What would have to change for a resource that is as `state` says to be as `news` say. */
function diff(
  type: ResourceType,
  state: Values,
  news: Values,
): Map<string, { kind: proto.PropertyDiff.Kind; replace: boolean }> {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = proto.PropertyDiff.Kind;
  const changes = new Map<string, { kind: proto.PropertyDiff.Kind; replace: boolean }>();
  for (const [name, property = {}] of Object.entries(type.properties)) {
    const [have, want] = [state[name], news[name]];
    if ((want === undefined && property.computed) || same(property, have, want)) continue;
    const replace = property.replace === true || !type.update;
    const kind = isEmpty(have)
      ? [ADD, ADD_REPLACE]
      : isEmpty(want)
        ? [DELETE, DELETE_REPLACE]
        : [UPDATE, UPDATE_REPLACE];
    changes.set(name, { kind: kind[Number(replace)] ?? UPDATE, replace });
  }
  return changes;
}

/** The resource as AWS has it, in the words last used for it where they mean the same. Undefined when it is gone. */
async function read(type: ResourceType, id: string, known: Values): Promise<Values | undefined> {
  let found: Values | undefined;
  try {
    found = await type.read(aws(), id, withAllTags(known));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  if (!found) return undefined;
  const state: Values = { ...known, ...found };
  for (const [name, property = {}] of Object.entries(type.properties))
    if (known[name] !== undefined && same(property, state[name], known[name])) state[name] = known[name];
  if (found.tagsAll) state.tags = isEmpty(found.tagsAll) && !known.tags ? undefined : found.tagsAll;
  delete state[DEFAULTS];
  return state;
}

/** The inputs that a program would give for a resource in this state, the old ones where they still hold. */
function inputsOf(type: ResourceType, state: Values, old: Values | undefined): Values {
  const inputs: Values = {};
  const defaults: string[] = old ? ((old[DEFAULTS] as string[] | undefined) ?? []) : [];
  for (const [name, property = {}] of Object.entries(type.properties)) {
    const value = state[name];
    if (old && name in old) inputs[name] = same(property, value, old[name]) ? old[name] : value;
    else if (
      !isEmpty(value) &&
      !same(property, value, property.default) &&
      (!old || !property.computed || name === "tags")
    )
      inputs[name] = value;
  }
  const kept = defaults.filter((name) => same(type.properties[name] ?? {}, inputs[name], old?.[name]));
  return kept.length ? { ...inputs, [DEFAULTS]: kept } : inputs;
}

/** A failure of AWS itself is final; when no answer came, the engine is told that the outcome is not known. */
function failure(doing: string, error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const code =
    error instanceof AwsError && error.status ? grpc.status.FAILED_PRECONDITION : grpc.status.UNKNOWN;
  return new RpcError(code, `${doing}: ${error instanceof Error ? error.message : String(error)}`);
}

/** The engine keeps the resource in its state, with the reason, and the next update goes on from there. */
function halfDone(
  id: string,
  properties: Values,
  inputs: Values,
  reason: string,
  secrets?: string[],
): RpcError {
  const detail = new proto.ErrorResourceInitFailed().setId(id).setReasonsList([reason]);
  detail.setProperties(toStruct(properties, secrets)).setInputs(toStruct(inputs));
  const details = new Any();
  details.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(reason).setDetailsList([details]);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return new RpcError(grpc.status.UNKNOWN, reason, metadata);
}

const tagsAll = (type: ResourceType, { tags = {} }: Values) =>
  "tags" in type.properties ? { tagsAll: tags } : {};

async function create(request: proto.CreateRequest): Promise<proto.CreateResponse> {
  const type = typeOf(request.getType());
  const { [DEFAULTS]: _, ...inputs } = toValues(request.getProperties());
  if (request.getPreview()) {
    const later = [
      ...(type.outputs ?? []),
      ...Object.entries(type.properties).flatMap(([name, property]) => (property?.computed ? [name] : [])),
    ];
    const unknown = Object.fromEntries(
      later
        .filter((name) => inputs[name] === undefined && name !== "namePrefix")
        .map((name) => [name, UNKNOWN]),
    );
    return new proto.CreateResponse().setProperties(
      toStruct({ ...inputs, ...tagsAll(type, inputs), ...unknown }),
    );
  }
  const doing = `creating ${type.title} (${inputs[type.autoname?.property ?? ""] ?? request.getName()})`;
  let id = "";
  try {
    const created = (given = type.id?.(withAllTags(inputs), aws().account) ?? "") => {
      id = given;
    };
    await type.create(aws(), withAllTags(inputs), created);
    if (!id) created();
    const state = await read(type, id, inputs);
    if (!state) throw new Error("AWS does not know it after its creation");
    return new proto.CreateResponse().setId(id).setProperties(toStruct(state, type.secrets));
  } catch (error) {
    const { details } = failure(doing, error);
    if (!id) throw failure(doing, error);
    const state = await read(type, id, inputs).catch(() => undefined);
    throw halfDone(id, state ?? inputs, inputs, details, type.secrets);
  }
}

async function update(request: proto.UpdateRequest): Promise<proto.UpdateResponse> {
  const type = typeOf(request.getType());
  const id = request.getId();
  const { [DEFAULTS]: _, ...news } = toValues(request.getNews());
  const olds = toValues(request.getOlds());
  const planned: Values = { ...olds, ...news, ...tagsAll(type, news) };
  for (const [name, property] of Object.entries(type.properties))
    if (news[name] === undefined && !property?.computed) delete planned[name];
  if (request.getPreview()) return new proto.UpdateResponse().setProperties(toStruct(planned, type.secrets));
  try {
    await type.update?.(aws(), id, withAllTags(news), { tagsAll: {}, ...olds } as Inputs<Values>);
    const state = await read(type, id, planned);
    if (!state) throw new Error("it does not exist any more; `pulumi refresh` takes it out of the state");
    return new proto.UpdateResponse().setProperties(toStruct(state, type.secrets));
  } catch (error) {
    const { details } = failure(`updating ${type.title} (${id})`, error);
    // Part of it may be done: what AWS has now is what the state must say.
    const state = await read(type, id, olds).catch(() => undefined);
    throw state
      ? halfDone(id, state, toValues(request.getOldInputs()), details, type.secrets)
      : failure(`updating ${type.title} (${id})`, error);
  }
}

serve<IResourceProviderServer>(ResourceProviderService, {
  handshake: unary(() => new proto.ProviderHandshakeResponse()),
  getPluginInfo: unary(() => new PluginInfo().setVersion(require("@pulumi/aws/package.json").version)),
  getSchema: unary(() => {
    throw new RpcError(grpc.status.UNIMPLEMENTED, `the stand-in AWS plugin carries no schema. ${OFFICIAL}`);
  }),

  checkConfig: unary(async (request) => {
    const news = toValues(request.getNews());
    const failures = unknownSettings(news).map((name) =>
      new proto.CheckFailure()
        .setProperty(name)
        .setReason(`the stand-in AWS plugin does not know the provider setting '${name}'. ${OFFICIAL}`),
    );
    // Credentials of the wrong account are refused here, before the engine takes the new settings into its state.
    if (!failures.length && !hasUnknown(news)) session = await openSession(news);
    return new proto.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
  }),
  diffConfig: unary((request) => {
    const olds = toValues(request.getOldInputs() ?? request.getOlds());
    const news = toValues(request.getNews());
    const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
      (name) => !name.startsWith("__"),
    );
    const changed = names.filter((name) => !same({}, olds[name], news[name]));
    const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
    return new proto.DiffResponse().setChanges(changed.length ? DIFF_SOME : DIFF_NONE).setDiffsList(changed);
  }),
  configure: unary(async (request) => {
    session = await openSession(toValues(request.getArgs()));
    return new proto.ConfigureResponse().setSupportspreview(true);
  }),

  check: unary((request) => {
    const type = typeOf(request.getType());
    const { inputs, failures } = check(
      type,
      toValues(request.getNews()),
      toValues(request.getOlds()),
      request,
    );
    return new proto.CheckResponse()
      .setInputs(toStruct(inputs))
      .setFailuresList(
        failures.map(([property, reason]) =>
          new proto.CheckFailure().setProperty(property).setReason(reason),
        ),
      );
  }),

  diff: unary((request) => {
    const type = typeOf(request.getType());
    const state = toValues(request.getOlds());
    const news = toValues(request.getNews());
    const changes = diff(type, state, news);
    const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
    const response = new proto.DiffResponse()
      .setChanges(changes.size ? DIFF_SOME : DIFF_NONE)
      .setDiffsList([...changes.keys()])
      .setReplacesList([...changes].filter(([, { replace }]) => replace).map(([name]) => name))
      .setHasdetaileddiff(true);
    for (const [name, { kind }] of changes)
      response.getDetaileddiffMap().set(name, new proto.PropertyDiff().setKind(kind));
    // Two things of one name cannot stand beside each other; what has no name of its own is keyed by what it belongs to.
    const name = type.autoname?.property;
    const moved = [...changes.values()].some(({ replace }) => replace);
    response.setDeletebeforereplace(moved && (!name || (!changes.has(name) && !hasUnknown(news[name]))));
    return response;
  }),

  create: unary(create),
  update: unary(update),

  read: unary(async (request) => {
    const type = typeOf(request.getType());
    const id = request.getId();
    const old = request.getInputs();
    const known = { ...toValues(old), ...toValues(request.getProperties()) };
    try {
      const state = await read(type, id, known);
      if (!state) return new proto.ReadResponse();
      const inputs = inputsOf(type, state, isEmpty(known) ? undefined : toValues(old));
      return new proto.ReadResponse()
        .setId(id)
        .setProperties(toStruct(state, type.secrets))
        .setInputs(toStruct(inputs));
    } catch (error) {
      throw failure(`reading ${type.title} (${id})`, error);
    }
  }),

  delete: unary(async (request) => {
    const type = typeOf(request.getType());
    try {
      await type.delete(aws(), request.getId(), withAllTags(toValues(request.getProperties())));
    } catch (error) {
      if (!isNotFound(error)) throw failure(`deleting ${type.title} (${request.getId()})`, error);
    }
    return new Empty();
  }),

  invoke: unary(async (request) =>
    new proto.InvokeResponse().setReturn(
      toStruct(await invoke(aws(), request.getTok(), toValues(request.getArgs()))),
    ),
  ),
  cancel: unary(() => new Empty()),
});
