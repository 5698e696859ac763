/** AWS's own error answers: the same failure has another name and shape in each protocol. */
import type { AwsError, Call, Protocol, ServiceAnswer } from "./call";
import type { Service } from "./services/service";
import { buildXml } from "./xml";

type Names = Partial<Record<Protocol, [code: string, status?: number, message?: string]>>;

// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, AmazonS3/latest/API/ErrorResponses.html,
// AWSEC2/latest/APIReference/errors-overview.html
const kinds: Record<string, Names> = {
  AccessDenied: {
    json: ["AccessDeniedException", 400],
    "rest-json": ["AccessDeniedException"],
    ec2: ["UnauthorizedOperation"],
  },
  MissingAuthenticationToken: {
    json: ["MissingAuthenticationTokenException", 400],
    "rest-json": ["MissingAuthenticationTokenException"],
    ec2: ["AuthFailure", 401, "AWS was not able to validate the provided access credentials"],
    s3: ["AccessDenied", 403, "Access Denied"],
  },
  InvalidClientTokenId: {
    json: ["UnrecognizedClientException", 400],
    "rest-json": ["UnrecognizedClientException"],
    ec2: ["AuthFailure", 401, "AWS was not able to validate the provided access credentials"],
    s3: ["InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."],
  },
  InvalidToken: {
    query: ["InvalidClientTokenId"],
    json: ["UnrecognizedClientException", 400],
    "rest-json": ["UnrecognizedClientException"],
    ec2: ["AuthFailure", 401, "AWS was not able to validate the provided access credentials"],
    s3: ["InvalidToken", 400, "The provided token is malformed or otherwise invalid."],
  },
  SignatureDoesNotMatch: {
    json: ["InvalidSignatureException", 400],
    "rest-json": ["InvalidSignatureException"],
    ec2: ["AuthFailure", 401, "AWS was not able to validate the provided access credentials"],
  },
  RequestExpired: {
    query: ["SignatureDoesNotMatch"],
    json: ["InvalidSignatureException", 400],
    "rest-json": ["InvalidSignatureException"],
    ec2: ["RequestExpired", 400, "Request has expired."],
    s3: [
      "RequestTimeTooSkewed",
      403,
      "The difference between the request time and the current time is too large.",
    ],
  },
  ExpiredToken: {
    json: ["ExpiredTokenException", 400],
    "rest-json": ["ExpiredTokenException"],
    ec2: ["RequestExpired", 400, "Request has expired."],
    s3: ["ExpiredToken", 400, "The provided token has expired."],
  },
  IncompleteSignature: {
    json: ["IncompleteSignatureException", 400],
    "rest-json": ["IncompleteSignatureException"],
    ec2: ["AuthFailure", 401],
    s3: ["AuthorizationHeaderMalformed", 400],
  },
};

type FailedCall = Pick<Call, "protocol" | "service" | "requestId" | "method" | "path">;

/** The answer that AWS's protocol gives for a failure. */
export function errorAnswer(call: FailedCall, error: AwsError, service?: Service): ServiceAnswer {
  const { protocol, requestId: id } = call;
  const family = protocol === "s3control" ? "s3" : protocol;
  const [name, status = error.status, message = error.message] = kinds[error.kind]?.[family] ?? [error.kind];
  const code = service?.errors?.codes?.[error.kind] ?? name;
  const known = { Code: code, Message: message };
  switch (protocol) {
    case "s3": {
      const document = { Error: { ...known, Resource: call.path, RequestId: id } };
      const headers = { "content-type": "application/xml", "x-amz-request-id": id, ...error.headers };
      return { status, headers, body: call.method === "HEAD" ? "" : buildXml(document) };
    }
    case "s3control": {
      const headers = { "content-type": "application/xml", "x-amz-request-id": id };
      return { status, headers, body: buildXml({ ErrorResponse: { Error: known, RequestId: id } }) };
    }
    case "ec2": {
      const headers = { "content-type": "text/xml", "x-amzn-requestid": id };
      return { status, headers, body: buildXml({ Response: { Errors: { Error: known }, RequestID: id } }) };
    }
    case "query": {
      const version = service?.errors?.apiVersion ?? "2011-06-15";
      const namespace = `https://${call.service}.amazonaws.com/doc/${version}/`;
      const document = { "@xmlns": namespace, Error: { Type: "Sender", ...known }, RequestId: id };
      const headers = { "content-type": "text/xml", "x-amzn-requestid": id };
      return { status, headers, body: buildXml({ ErrorResponse: document }) };
    }
    default: {
      const headers: ServiceAnswer["headers"] = {
        "content-type": protocol === "json" ? "application/x-amz-json-1.1" : "application/json",
        "x-amzn-requestid": id,
        "x-amzn-errortype": code,
      };
      if (call.service === "sqs") headers["x-amzn-query-error"] = `${error.kind};Sender`;
      return { status, headers, body: JSON.stringify({ __type: code, message, Message: message }) };
    }
  }
}

/** AWS's words for a refusal, where the service has none of its own. */
export const accessDenied: NonNullable<NonNullable<Service["errors"]>["accessDenied"]> = (
  arn,
  { action, resource },
  because,
) => `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${because}`;
