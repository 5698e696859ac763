import { AwsError, type ServiceAnswer, text } from "../../call";
import { forwardToMoto } from "../../forward-to-moto";
import { Router } from "../../router";
import { namedBy } from "../parameters";
import { passRoleCheck } from "../pass-role";
import type { RequestContext, Service } from "../service";

export const iot: Service = {
  prefix: "iot",
  protocol: "rest-json",

  routes: new Router({
    "GET /endpoint": "DescribeEndpoint",
    "GET /things": "ListThings",
    "POST /things/{thingName}": "CreateThing",
    "GET /things/{thingName}": "DescribeThing",
    "PATCH /things/{thingName}": "UpdateThing",
    "DELETE /things/{thingName}": "DeleteThing",
    "GET /policies": "ListPolicies",
    "POST /policies/{policyName}": "CreatePolicy",
    "GET /policies/{policyName}": "GetPolicy",
    "DELETE /policies/{policyName}": "DeletePolicy",
    "POST /keys-and-certificate": "CreateKeysAndCertificate",
    "GET /certificates": "ListCertificates",
    "GET /certificates/{certificateId}": "DescribeCertificate",
    "PUT /certificates/{certificateId}": "UpdateCertificate",
    "DELETE /certificates/{certificateId}": "DeleteCertificate",
    "POST /rules/{ruleName}": "CreateTopicRule",
    "PATCH /rules/{ruleName}": "ReplaceTopicRule",
    "GET /rules/{ruleName}": "GetTopicRule",
    "DELETE /rules/{ruleName}": "DeleteTopicRule",
    "GET /rules": "ListTopicRules",
  }),
  resources: {
    thing: namedBy("thing/", "thingName"),
    thingtype: namedBy("thingtype/", "thingTypeName"),
    thinggroup: namedBy("thinggroup/", "thingGroupName"),
    policy: namedBy("policy/", "policyName"),
    cert: namedBy("cert/", "certificateId"),
    rule: namedBy("rule/", "ruleName"),
    rolealias: namedBy("rolealias/", "roleAlias"),
  },

  /** https://docs.aws.amazon.com/iot/latest/developerguide/pass-role.html: the roles with which a rule acts. */
  furtherChecks: async ({ call }) =>
    /^(Create|Replace)TopicRule$/.test(call.operation)
      ? rolesIn(call.params).map((role) => passRoleCheck(role, "iot.amazonaws.com"))
      : [],

  async respond(context) {
    return context.call.operation === "DescribeEndpoint" ? describeEndpoint(context) : forwardToMoto(context);
  },
};

/** The roles that a request names, wherever they stand in it. */
function rolesIn(value: unknown): string[] {
  if (!value || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "roleArn" && typeof inner === "string" ? inner : rolesIn(inner),
  );
}

/** The address of the message broker is the gateway's. */
function describeEndpoint({ call, gateway }: RequestContext): ServiceAnswer {
  const type = text(call.query.endpointType) ?? "iot:Data";
  if (!/^iot:Data(-ATS)?$/.test(type))
    throw new AwsError(
      "InvalidRequestException",
      `The sandbox has no endpoint of type ${type}; expected iot:Data-ATS`,
      400,
    );
  return {
    status: 200,
    headers: { "content-type": "application/json", "x-amzn-requestid": call.requestId },
    body: JSON.stringify({ endpointAddress: `127.0.0.1:${gateway.port}` }),
  };
}
