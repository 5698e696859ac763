/** Create, update and delete, as the engine asks for them: read back after every change. */
import * as grpc from "@grpc/grpc-js";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { UserError } from "../../../infra/user-error";
import { explain, RpcError } from "../rpc";
import { AwsCallError, type AwsConnection, isNotFound } from "./connection";
import { withPrefixedName } from "./names";
import { read, withAllTags } from "./read";
import type { ResourceInputs, ResourceType } from "./table";
import { typeOf } from "./types";
import { DEFAULTS, toStruct, toValues, UNKNOWN, type Values } from "./values";

/** A failure of AWS itself is final. Without an answer the engine learns that the outcome is unknown. */
export function failure(doing: string, error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  const code =
    error instanceof AwsCallError && error.status ? grpc.status.FAILED_PRECONDITION : grpc.status.UNKNOWN;
  return new RpcError(code, `${doing}: ${explain(error)}`);
}

/** The engine keeps the resource in its state, with the reason, and the next update goes on from there. */
function partialFailure(
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

/** What a preview says of a new resource: what AWS will choose is not known yet. */
function previewedState(type: ResourceType, inputs: Values): Values {
  const computed = Object.entries(type.properties).flatMap(([name, property]) =>
    property?.computed ? [name] : [],
  );
  const prefix = type.autoname?.prefix ?? "namePrefix";
  const later = ["id", ...(type.outputs ?? []), ...computed].filter(
    (name) => inputs[name] === undefined && name !== prefix,
  );
  const unknown = Object.fromEntries(later.map((name) => [name, UNKNOWN]));
  return { ...inputs, ...tagsAll(type, inputs), ...unknown };
}

export async function create(
  connection: () => AwsConnection,
  request: proto.CreateRequest,
): Promise<proto.CreateResponse> {
  const type = typeOf(request.getType());
  const { [DEFAULTS]: _, ...given } = toValues(request.getProperties());
  if (request.getPreview())
    return new proto.CreateResponse().setProperties(toStruct(previewedState(type, given)));
  const inputs = withPrefixedName(type, given);
  const doing = `creating ${type.title} (${inputs[type.autoname?.property ?? ""] ?? request.getName()})`;
  let id = "";
  try {
    const created = (own = type.id?.(withAllTags(inputs), connection().account) ?? "") => {
      id = own;
    };
    await type.create(connection(), withAllTags(inputs), created);
    if (!id) created();
    const state = await read(connection(), type, id, inputs);
    if (!state) throw new UserError("AWS does not know it after its creation");
    return new proto.CreateResponse().setId(id).setProperties(toStruct(state, type.secrets));
  } catch (error) {
    const { details } = failure(doing, error);
    if (!id) throw failure(doing, error);
    const state = await read(connection(), type, id, inputs).catch(() => undefined);
    throw partialFailure(id, state ?? inputs, given, details, type.secrets);
  }
}

export async function update(
  connection: () => AwsConnection,
  request: proto.UpdateRequest,
): Promise<proto.UpdateResponse> {
  const type = typeOf(request.getType());
  const id = request.getId();
  const { [DEFAULTS]: _, ...news } = toValues(request.getNews());
  const olds = toValues(request.getOlds());
  const planned: Values = { ...olds, ...news, ...tagsAll(type, news) };
  for (const [name, property] of Object.entries(type.properties))
    if (news[name] === undefined && !property?.computed) delete planned[name];
  if (request.getPreview()) return new proto.UpdateResponse().setProperties(toStruct(planned, type.secrets));
  const doing = `updating ${type.title} (${id})`;
  try {
    const old = Object.fromEntries(Object.entries(olds).filter(([, value]) => value !== ""));
    await type.update?.(connection(), id, withAllTags(news), {
      tagsAll: {},
      ...old,
    } as ResourceInputs<Values>);
    const state = await read(connection(), type, id, planned);
    if (!state) throw new UserError("it no longer exists; `pulumi refresh` takes it out of the state");
    return new proto.UpdateResponse().setProperties(toStruct(state, type.secrets));
  } catch (error) {
    const { details } = failure(doing, error);
    // Part of it may be done: what AWS has now is what the state must say.
    const state = await read(connection(), type, id, olds).catch(() => undefined);
    if (!state) throw failure(doing, error);
    throw partialFailure(id, state, toValues(request.getOldInputs()), details, type.secrets);
  }
}

export async function remove(connection: () => AwsConnection, request: proto.DeleteRequest): Promise<void> {
  const type = typeOf(request.getType());
  try {
    await type.delete(connection(), request.getId(), withAllTags(toValues(request.getProperties())));
  } catch (error) {
    if (!isNotFound(error)) throw failure(`deleting ${type.title} (${request.getId()})`, error);
  }
}
