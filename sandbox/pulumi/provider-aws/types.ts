import * as grpc from "@grpc/grpc-js";
import { RpcError } from "../rpc";
import type { ResourceType } from "./table";

/** Where to look for what the stand-in lacks. */
export const OFFICIAL =
  "The official plugin knows all of AWS: `pulumi plugin install resource aws`, where its downloads can be reached.";

export const SERVICES = [
  "apigateway",
  "cloudwatch",
  "dynamodb",
  "ec2",
  "ecr",
  "iam",
  "kms",
  "lambda",
  "s3",
  "secretsmanager",
  "sns",
  "sqs",
  "ssm",
];

/** The table of a service: type tokens to their entries. */
export const resourceTypes = (service: string): Record<string, ResourceType> =>
  require(`./resources/${service}`).default;

/** The table entry of a type token, its service's module loaded when first needed. */
export function typeOf(token: string): ResourceType {
  const service = token.match(/^aws:(\w+)\//)?.[1] ?? "";
  const type = SERVICES.includes(service) ? resourceTypes(service)[token] : undefined;
  if (type) return type;
  const known = SERVICES.includes(service)
    ? `of ${service} it knows ${Object.keys(resourceTypes(service)).join(", ")}`
    : `it knows the services ${SERVICES.join(", ")}`;
  throw new RpcError(
    grpc.status.UNIMPLEMENTED,
    `the stand-in AWS plugin does not know ${token}; ${known}. ${OFFICIAL}`,
  );
}
