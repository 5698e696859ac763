/** AWS's own error answers: the same failure has another name and shape in each protocol. */
import { type AwsError, type Call, type Protocol, text } from "./call";

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

// Services with words of their own for a refusal.
const own: Record<string, Record<string, string>> = {
  sns: { AccessDenied: "AuthorizationError" },
  iotdata: {
    AccessDenied: "ForbiddenException",
    InvalidClientTokenId: "ForbiddenException",
    SignatureDoesNotMatch: "ForbiddenException",
    ExpiredToken: "ForbiddenException",
  },
};

export const escapeXml = (value: string): string =>
  value.replace(/[<>&"]/g, (c) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" })[c]!);

export interface Answer {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer | string;
}

/** The answer that AWS's protocol gives for a failure. */
export function errorAnswer(
  call: Pick<Call, "protocol" | "service" | "requestId" | "method" | "path" | "operation">,
  error: AwsError,
): Answer {
  const family = call.protocol === "s3control" ? "s3" : call.protocol;
  const [named, status = error.status, words = error.message] = kinds[error.kind]?.[family] ?? [error.kind];
  const code = own[call.service]?.[error.kind] ?? named;
  const id = call.requestId;
  const message = escapeXml(words);
  const xml = { "content-type": "text/xml", "x-amzn-requestid": id };
  switch (call.protocol) {
    case "s3":
      return {
        status,
        headers: { "content-type": "application/xml", "x-amz-request-id": id, ...error.headers },
        body:
          call.method === "HEAD"
            ? ""
            : `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><Resource>${escapeXml(call.path)}</Resource><RequestId>${id}</RequestId></Error>`,
      };
    case "s3control":
      return {
        status,
        headers: { "content-type": "application/xml", "x-amz-request-id": id },
        body: `<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${id}</RequestId></ErrorResponse>`,
      };
    case "ec2":
      return {
        status,
        headers: xml,
        body: `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>${id}</RequestID></Response>`,
      };
    case "query": {
      const version =
        call.service === "iam" ? "2010-05-08" : call.service === "sns" ? "2010-03-31" : "2011-06-15";
      return {
        status,
        headers: xml,
        body: `<ErrorResponse xmlns="https://${call.service}.amazonaws.com/doc/${version}/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${id}</RequestId></ErrorResponse>`,
      };
    }
    default:
      return {
        status,
        headers: {
          "content-type": call.protocol === "json" ? "application/x-amz-json-1.1" : "application/json",
          "x-amzn-requestid": id,
          "x-amzn-errortype": code,
          ...(call.service === "sqs" ? { "x-amzn-query-error": `${error.kind};Sender` } : {}),
        },
        body: JSON.stringify({ __type: code, message: words, Message: words }),
      };
  }
}

/** An answer of the query protocol: the operation's result, each text escaped. */
export function queryAnswer(call: Call, result: object): Answer {
  const render = (value: unknown): string =>
    value === undefined
      ? ""
      : typeof value === "object" && value
        ? Object.entries(value)
            .map(([name, inner]) => (inner === undefined ? "" : `<${name}>${render(inner)}</${name}>`))
            .join("")
        : escapeXml(String(value));
  const name = text(call.operation)!;
  return {
    status: 200,
    headers: { "content-type": "text/xml", "x-amzn-requestid": call.requestId },
    body: `<${name}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${name}Result>${render(result)}</${name}Result><ResponseMetadata><RequestId>${call.requestId}</RequestId></ResponseMetadata></${name}Response>`,
  };
}
