import { AwsError, type ServiceAnswer } from "../../call";
import { forwardToMoto } from "../../forward-to-moto";
import { Router } from "../../router";
import { namedBy, parameters } from "../parameters";
import type { RequestContext, Service } from "../service";
import { MAX_PAYLOAD, topicError } from "./topics";

export const iotdata: Service = {
  prefix: "iot",
  protocol: "rest-json",
  opaqueBodies: /^/,

  routes: new Router({
    "POST /topics/{topic+}": "Publish",
    "GET /things/{thingName}/shadow": "GetThingShadow",
    "POST /things/{thingName}/shadow": "UpdateThingShadow",
    "DELETE /things/{thingName}/shadow": "DeleteThingShadow",
    "GET /api/things/shadow/ListNamedShadowsForThing/{thingName}": "ListNamedShadowsForThing",
    "GET /retainedMessage/{topic+}": "GetRetainedMessage",
    "GET /retainedMessage": "ListRetainedMessages",
  }),
  resources: {
    // As it is: a topic may look like an ARN.
    topic: (context) => parameters(context, "topic").map((topic) => `topic/${topic}`),
    thing: namedBy("thing/", "thingName"),
  },

  errors: {
    codes: {
      AccessDenied: "ForbiddenException",
      InvalidClientTokenId: "ForbiddenException",
      SignatureDoesNotMatch: "ForbiddenException",
      ExpiredToken: "ForbiddenException",
    },
  },

  async respond(context) {
    return context.call.operation === "Publish" ? publish(context) : forwardToMoto(context);
  },
};

/** Delivers a message in the caller's own account. */
async function publish({ call, account, gateway }: RequestContext): Promise<ServiceAnswer> {
  const topic = String(call.params.topic);
  const qos = Number(call.query.qos ?? 0);
  if (call.body.length > MAX_PAYLOAD)
    throw new AwsError("RequestEntityTooLargeException", "The payload exceeds 128 KB", 413);
  const error = /[#+]/.test(topic)
    ? "a topic to publish to has no wildcard"
    : topicError(topic, qos, call.query.retain === "true");
  if (error) throw new AwsError("InvalidRequestException", error, 400);
  await gateway.publish(account, call.region, { topic, payload: call.body, qos: qos as 0 | 1 });
  return {
    status: 200,
    headers: { "content-type": "application/json", "x-amzn-requestid": call.requestId },
    body: JSON.stringify({ message: "OK", traceId: call.requestId }),
  };
}
