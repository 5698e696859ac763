/** The services that the gateway knows: by the name that a signature's scope gives them. */
import type { Call } from "../call";
import { apigateway } from "./apigateway";
import { ec2 } from "./ec2";
import { ecr } from "./ecr";
import { executeApi } from "./execute-api";
import { iam } from "./iam";
import { iot, iotdata } from "./iot";
import { kms } from "./kms";
import { s3, s3control } from "./s3";
import { S3_CONTROL_PATH } from "./s3/s3-control";
import type { Service } from "./service";
import { sns } from "./sns";
import { sqs } from "./sqs";
import { ssm } from "./ssm";
import { sts } from "./sts";

const services: Record<string, Service> = {
  apigateway,
  ec2,
  ecr,
  "execute-api": executeApi,
  iam,
  iot,
  iotdata,
  kms,
  s3,
  sns,
  sqs,
  ssm,
  sts,
};
/** The IAM prefix of a service without tables whose signing name is another. */
const PREFIXES: Record<string, string> = { monitoring: "cloudwatch", email: "ses" };

/** A service by its signing name. One that the gateway has no tables of is named by its operation alone. */
export function serviceOf({ service, path }: Pick<Call, "service" | "path">): Service {
  if (service === "s3" && S3_CONTROL_PATH.test(path)) return s3control;
  return services[service] ?? { prefix: PREFIXES[service] ?? service };
}

/** The service that an ARN is of. */
export const serviceOfArn = (prefix: string): Service | undefined => services[prefix];
