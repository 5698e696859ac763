/**
 * Stands in for Pulumi's AWS plugin where the official one cannot be had: each resource is real calls to the AWS APIs
 * through the AWS SDK for JavaScript v3, read back after every change. It decides on update, replacement and drift as the
 * official provider's source does (github.com/hashicorp/terraform-provider-aws). What it lacks it refuses by name.
 */
import { isDeepStrictEqual } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { type IResourceProviderServer, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { RpcError, serve, unary } from "../rpc";
import { check } from "./check";
import { isEmpty, same } from "./compare";
import { AwsConnection, parseConfiguration, unknownSettings } from "./connection";
import { diff } from "./diff";
import { invoke } from "./functions";
import { create, failure, remove, update } from "./lifecycle";
import { inputsOf, read } from "./read";
import { schema } from "./schema";
import { OFFICIAL, typeOf } from "./types";
import { hasUnknown, toStruct, toValues, type Values } from "./values";

const VERSION: string = require("@pulumi/aws/package.json").version;
const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;

let connection: AwsConnection | undefined;
function connected(): AwsConnection {
  if (!connection)
    throw new RpcError(grpc.status.FAILED_PRECONDITION, "the AWS provider was used before it was configured");
  return connection;
}

/** Opens a connection, or gives the one that was opened with the same settings. */
async function connect(values: Values): Promise<AwsConnection> {
  const configuration = parseConfiguration(values);
  if (connection && isDeepStrictEqual(connection.configuration, configuration)) return connection;
  return new AwsConnection(configuration).open();
}

function checkFailure(property: string, reason: string): proto.CheckFailure {
  return new proto.CheckFailure().setProperty(property).setReason(reason);
}

/** Reads a resource of the state, or takes in one that the state does not know yet. */
async function readOrImport(request: proto.ReadRequest): Promise<proto.ReadResponse> {
  const type = typeOf(request.getType());
  const old = toValues(request.getInputs());
  const known = { ...old, ...toValues(request.getProperties()) };
  const isImport = isEmpty(known);
  try {
    const own = { id: request.getId(), properties: known };
    const { id, properties } =
      isImport && type.import ? await type.import(connected(), request.getId()) : own;
    const state = await read(connected(), type, id, properties);
    if (!state) return new proto.ReadResponse();
    return new proto.ReadResponse()
      .setId(id)
      .setProperties(toStruct(state, type.secrets))
      .setInputs(toStruct(inputsOf(type, state, isImport ? undefined : old)));
  } catch (error) {
    throw failure(`reading ${type.title} (${request.getId()})`, error);
  }
}

function diffResource(request: proto.DiffRequest): proto.DiffResponse {
  const type = typeOf(request.getType());
  const news = toValues(request.getNews());
  const changes = diff(type, toValues(request.getOlds()), news);
  const response = new proto.DiffResponse()
    .setChanges(changes.size ? DIFF_SOME : DIFF_NONE)
    .setDiffsList([...changes.keys()])
    .setReplacesList([...changes].filter(([, { replace }]) => replace).map(([name]) => name))
    .setHasdetaileddiff(true);
  for (const [name, { kind }] of changes)
    response.getDetaileddiffMap().set(name, new proto.PropertyDiff().setKind(kind));
  // Two things of one name cannot stand beside each other; what has no name of its own is keyed by what it belongs to.
  const name = type.autoname?.property;
  const replaced = [...changes.values()].some(({ replace }) => replace);
  const sameName = !name || (!changes.has(name) && !hasUnknown(news[name]));
  return response.setDeletebeforereplace(replaced && sameName);
}

function diffConfiguration(olds: Values, news: Values): proto.DiffResponse {
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const changed = names.filter((name) => !name.startsWith("__") && !same({}, olds[name], news[name]));
  return new proto.DiffResponse().setChanges(changed.length ? DIFF_SOME : DIFF_NONE).setDiffsList(changed);
}

serve<IResourceProviderServer>(ResourceProviderService, {
  handshake: unary(() => new proto.ProviderHandshakeResponse()),
  getPluginInfo: unary(() => new PluginInfo().setVersion(VERSION)),
  getSchema: unary(() => new proto.GetSchemaResponse().setSchema(JSON.stringify(schema(VERSION)))),

  checkConfig: unary(async (request) => {
    const news = toValues(request.getNews());
    const failures = unknownSettings(news).map((name) =>
      checkFailure(name, `the stand-in AWS plugin does not know the provider setting '${name}'. ${OFFICIAL}`),
    );
    // Credentials of the wrong account are refused here, before the engine takes the new settings into its state.
    if (!failures.length && !hasUnknown(news)) connection = await connect(news);
    return new proto.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
  }),
  diffConfig: unary((request) =>
    diffConfiguration(toValues(request.getOldInputs() ?? request.getOlds()), toValues(request.getNews())),
  ),
  configure: unary(async (request) => {
    connection = await connect(toValues(request.getArgs()));
    return new proto.ConfigureResponse().setSupportspreview(true);
  }),

  check: unary((request) => {
    const type = typeOf(request.getType());
    const [news, olds] = [toValues(request.getNews()), toValues(request.getOlds())];
    const defaultTags = connection?.configuration.defaultTags?.tags;
    const { inputs, failures } = check(type, news, olds, request, defaultTags);
    return new proto.CheckResponse()
      .setInputs(toStruct(inputs))
      .setFailuresList(failures.map(({ property, reason }) => checkFailure(property, reason)));
  }),
  diff: unary(diffResource),
  create: unary((request) => create(connected, request)),
  update: unary((request) => update(connected, request)),
  read: unary(readOrImport),
  delete: unary(async (request) => {
    await remove(connected, request);
    return new Empty();
  }),

  invoke: unary(async (request) =>
    new proto.InvokeResponse().setReturn(
      toStruct(await invoke(connected(), request.getTok(), toValues(request.getArgs()))),
    ),
  ),
  cancel: unary(() => new Empty()),
});
