/** The way of a request. */
import type { HttpRequest, ServiceAnswer } from "./call";
import { parseQuery } from "./call";
import { readCall } from "./read-call";
import { serviceOf } from "./services";
import type { Gateway, RequestContext } from "./services/service";
import { readSignature } from "./signature";
import { authenticate } from "./steps/authenticate";
import { authorize } from "./steps/authorize";
import { forward } from "./steps/forward";
import { name } from "./steps/name";

/** Each step reads the context and adds to it, or throws the error that AWS answers with. */
const STEPS: readonly ((context: RequestContext) => Promise<void>)[] = [
  authenticate,
  name,
  authorize,
  forward,
];

/** Reads a request; its context is what the steps work on. Throws AwsError where it cannot be read. */
export function readRequest(gateway: Gateway, request: HttpRequest): RequestContext {
  const signature = readSignature(request.headers, parseQuery(request.search.slice(1)));
  const call = readCall(request, signature);
  const account = gateway.accounts[0] ?? "";
  return {
    gateway,
    call,
    signature,
    service: serviceOf(call),
    caller: undefined,
    callerAccount: account,
    checks: [],
    account,
    decisions: [],
    answer: undefined,
  };
}

/** Takes a request through the steps. Throws AwsError as AWS refuses. */
export async function handle(context: RequestContext): Promise<ServiceAnswer> {
  for (const step of STEPS) await step(context);
  if (!context.answer) throw new Error(`no step answered ${context.call.service}:${context.call.operation}`);
  return context.answer;
}
