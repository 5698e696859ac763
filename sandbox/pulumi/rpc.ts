import { fstatSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { UserError } from "../../infra/user-error";

/** An answer to the engine that carries a gRPC status, optionally with details that the engine understands. */
export class RpcError extends UserError {
  constructor(
    readonly code: grpc.status,
    readonly details: string,
    readonly metadata = new grpc.Metadata(),
  ) {
    super(details);
  }
}

/** What the user reads of an error: the message of one that is meant for people, the stack of a defect. */
export function explain(error: unknown): string {
  if (error instanceof UserError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Makes a gRPC handler of a function; what it throws is the call's error. */
export function unary<Request, Response>(
  handle: (request: Request, call: grpc.ServerUnaryCall<Request, Response>) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await handle(call.request, call));
    } catch (error) {
      if (error instanceof RpcError) callback(error);
      else callback({ code: grpc.status.UNKNOWN, details: explain(error) });
    }
  };
}

/** The engine's address: the last argument that is not an option (`-v=9`, `--logtostderr`, `--tracing URL`). */
export function engineAddress(argv = process.argv.slice(2)): string | undefined {
  return argv.filter((argument, i) => !argument.startsWith("-") && argv[i - 1] !== "--tracing").at(-1);
}

/** Serves the plugin on a free loopback port, which it writes to standard output for the engine. Ends with the engine. */
export function serve<S extends grpc.UntypedServiceImplementation>(
  service: grpc.ServiceDefinition<S>,
  implementation: Partial<S>,
): void {
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const server = new grpc.Server(unlimited);
  // grpc-js answers UNIMPLEMENTED, with the method's name, to what the implementation lacks.
  server.addService(service, implementation as S);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  // A killed engine cannot stop its plugins: they see that their standard input is closed.
  if (fstatSync(0).isFIFO()) process.stdin.resume().once("end", () => process.exit());
}
