/**
 * AWS services by what they send with a request: the key is the principal without region and partition, the value the page
 * of AWS that says so.
 */

/** Services that send aws:SourceArn or aws:SourceAccount when they assume a role. */
const SENDS_SOURCE_TO_ROLES: [service: string, page: string][] = [
  [
    "batch",
    "https://docs.aws.amazon.com/batch/latest/userguide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "bedrock",
    "https://docs.aws.amazon.com/bedrock/latest/userguide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "codebuild",
    "https://docs.aws.amazon.com/codebuild/latest/userguide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "cognito-idp",
    "https://docs.aws.amazon.com/cognito/latest/developerguide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "comprehend",
    "https://docs.aws.amazon.com/comprehend/latest/dg/cross-service-confused-deputy-prevention.html",
  ],
  [
    "datasync",
    "https://docs.aws.amazon.com/datasync/latest/userguide/cross-service-confused-deputy-prevention.html",
  ],
  ["ecs-tasks", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"],
  ["eks-fargate-pods", "https://docs.aws.amazon.com/eks/latest/userguide/pod-execution-role.html"],
  ["elasticmapreduce", "https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-iam-role.html"],
  [
    "events",
    "https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html",
  ],
  ["fis", "https://docs.aws.amazon.com/fis/latest/userguide/getting-started-iam-service-role.html"],
  ["frauddetector", "https://docs.aws.amazon.com/frauddetector/latest/ug/confused-deputy-prevention.html"],
  [
    "greengrass",
    "https://docs.aws.amazon.com/greengrass/v2/developerguide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "hooks.cloudformation",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "iot",
    "https://docs.aws.amazon.com/iot/latest/developerguide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "kafkaconnect",
    "https://docs.aws.amazon.com/msk/latest/developerguide/msk-connect-service-execution-role.html",
  ],
  ["kendra", "https://docs.aws.amazon.com/kendra/latest/dg/cross-service-confused-deputy-prevention.html"],
  [
    "kinesisanalytics",
    "https://docs.aws.amazon.com/managed-flink/latest/java/iam-cross-service-confused-deputy-prevention.html",
  ],
  ["lexv2", "https://docs.aws.amazon.com/lexv2/latest/dg/cross-service-confused-deputy-prevention.html"],
  ["logs", "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html"],
  [
    "monitoring.rds",
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "personalize",
    "https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html",
  ],
  ["pipes", "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"],
  ["qbusiness", "https://docs.aws.amazon.com/amazonq/latest/qbusiness-ug/iam-roles.html"],
  [
    "rds",
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/cross-service-confused-deputy-prevention.html",
  ],
  [
    "rekognition",
    "https://docs.aws.amazon.com/rekognition/latest/dg/cross-service-confused-deputy-prevention.html",
  ],
  [
    "resources.cloudformation",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cross-service-confused-deputy-prevention.html",
  ],
  ["rolesanywhere", "https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html"],
  ["sagemaker", "https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html"],
  [
    "scheduler",
    "https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html",
  ],
  ["ses", "https://docs.aws.amazon.com/ses/latest/dg/receiving-email-permissions.html"],
  [
    "ssm",
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/cross-service-confused-deputy-prevention.html",
  ],
  ["states", "https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html"],
  ["transfer", "https://docs.aws.amazon.com/transfer/latest/userguide/confused-deputy.html"],
  ["vpc-flow-logs", "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"],
];

/** Services that AWS's guides let into a resource without a source, since they send none there. */
const SENDS_NO_SOURCE: [service: string, page: string][] = [
  ["lambda", "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"],
  [
    "logdelivery.elasticloadbalancing",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html",
  ],
  ["ram", "https://docs.aws.amazon.com/lake-formation/latest/dg/hybrid-cross-account.html"],
];

const toRoles = new Set(SENDS_SOURCE_TO_ROLES.map(([service]) => service));
const never = new Set(SENDS_NO_SOURCE.map(([service]) => service));

/** Service of a principal such as `logs.eu-west-1.amazonaws.com`. */
const serviceOf = (principal: string): string =>
  principal.replace(/(\.[a-z]{2}(-[a-z]+)+-\d)?\.amazon(aws)?\.com(\.cn)?$/, "");

/**
 * True if a service sends the account or the resource that it acts for.
 *
 * @param assumesRole It assumes a role: most services send no source there, so only those known to do so count.
 */
export function sendsSource(principal: string, assumesRole: boolean): boolean {
  const service = serviceOf(principal);
  return assumesRole ? toRoles.has(service) : !never.has(service);
}
