/** The services that the gateway knows: by the name that a signature's scope gives them. */
import { AwsError, type Call } from "../call";
import { apigateway } from "./apigateway";
import { dynamodb } from "./dynamodb";
import { ec2 } from "./ec2";
import { ecr } from "./ecr";
import { efs } from "./efs";
import { events } from "./events";
import { executeApi } from "./execute-api";
import { iam } from "./iam";
import { iot, iotdata } from "./iot";
import { kinesis } from "./kinesis";
import { kms } from "./kms";
import { lambda } from "./lambda";
import { logs } from "./logs";
import { s3, s3control } from "./s3";
import { S3_CONTROL_PATH } from "./s3/s3-control";
import { secretsmanager } from "./secretsmanager";
import type { Service } from "./service";
import { sns } from "./sns";
import { sqs } from "./sqs";
import { ssm } from "./ssm";
import { states } from "./states";
import { sts } from "./sts";

const services: Record<string, Service> = {
  apigateway,
  dynamodb,
  ec2,
  ecr,
  elasticfilesystem: efs,
  events,
  "execute-api": executeApi,
  iam,
  iot,
  iotdata,
  kinesis,
  kms,
  lambda,
  logs,
  s3,
  secretsmanager,
  sns,
  sqs,
  ssm,
  states,
  sts,
};
/**
 * A service by its signing name, written exactly so: moto also takes `S3`, `s3express` or `x.s3` for S3.
 * Throws the refusal of a name that the gateway does not know.
 */
export function serviceOf({ service, path }: Pick<Call, "service" | "path">): Service {
  if (service === "s3" && S3_CONTROL_PATH.test(path)) return s3control;
  const found = Object.hasOwn(services, service) ? services[service] : undefined;
  if (!found)
    throw new AwsError(
      "SignatureDoesNotMatch",
      `Credential should be scoped to correct service: the sandbox does not know '${service.slice(0, 40)}'; it knows ${Object.keys(services).join(", ")}.`,
    );
  return found;
}

/** The service that an ARN is of. */
export const serviceOfArn = (prefix: string): Service | undefined =>
  Object.hasOwn(services, prefix) ? services[prefix] : undefined;
